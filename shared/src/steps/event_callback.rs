//! The hot path: WeCom checks a callback's URL, and delivers a corporation's events.
//!
//! A request is authenticated with whichever generation of the credentials is valid; nothing of it is interpreted before.
//! An event is stored before it is answered. A refused request leaves a note on the callback, for the admin, and says
//! nothing to the sender; notes are limited, so that whoever knows a URL cannot make us write.

use jiff::{SignedDuration, Timestamp};
use wecom_callback::{CallbackQuery, Credentials, Message, QueryError, envelope, verify, xml};

use super::{
    Occasion, StepError, announcements,
    callback_memory::{CallbackMemory, Recalled},
    test_callback::{SELF_TEST, TEST_EVENT},
};
use crate::{
    audit::Action,
    authorization::{Callback, Rejection, RejectionReason},
    clock::Clock,
    ids::{CallbackId, CorpId},
    store::{
        AppendEvents, Appended, Callbacks, CommitError, EventSource, NewEvent, Payload, SealingKeys, Vault, event_id,
    },
};

/// Answers WeCom's check of a callback's URL.
#[derive(Debug)]
pub struct VerifyUrl<'a, S, V> {
    /// The callbacks.
    pub store: &'a S,
    /// The sealing keys.
    pub keys: &'a SealingKeys<V>,
    /// What this process remembers.
    pub memory: &'a CallbackMemory,
    /// How long the credentials that a promotion replaces stay valid.
    pub grace: SignedDuration,
}

impl<S: Callbacks, V: Vault> VerifyUrl<'_, S, V> {
    /// Answers exactly the bytes that WeCom wants back, after the generation it used has become the current one.
    ///
    /// # Errors
    /// [`StepError::NotFound`], [`StepError::MalformedCallback`], [`StepError::CallbackRejected`] or the store's failure.
    pub async fn run(&self, id: &CallbackId, raw_query: &str, occasion: Occasion<'_>) -> Result<Vec<u8>, StepError> {
        let clock = occasion.clock;
        let desk = FrontDesk {
            store: self.store,
            keys: self.keys,
            memory: self.memory,
        };
        let callback = desk.newest_callback(id, clock.now()).await?;
        let query = match CallbackQuery::parse(raw_query) {
            Ok(query) if query.echostr.is_some() => query,
            Err(QueryError::Empty) => {
                return Err(desk.refuse(id, RejectionReason::OpenedInBrowser, clock).await);
            }
            _ => return Err(desk.refuse(id, RejectionReason::Malformed, clock).await),
        };
        let echostr = query.echostr.clone().unwrap_or_default();
        let (number, message) = match desk.authenticate(&callback, &query, &echostr, clock.now()).await? {
            Ok(authentic) => authentic,
            Err(reason) => return Err(desk.refuse(id, reason, clock).await),
        };
        if !message.bytes().starts_with(SELF_TEST.as_bytes()) {
            desk.note_generation(&callback, number, clock).await;
            self.promote(callback, number, message.receive_id(), occasion).await?;
        }
        Ok(message.into_bytes())
    }

    /// Makes the generation current, and pins the corporation if none was known. Somebody else may be doing the same.
    async fn promote(
        &self,
        mut callback: Callback,
        number: u64,
        receive_id: &str,
        occasion: Occasion<'_>,
    ) -> Result<(), StepError> {
        for _ in 0..3 {
            let id = callback.callback_id.clone();
            let mut promoted = callback.clone();
            if promoted.corp_id.is_none() {
                promoted.corp_id = CorpId::parse(receive_id).ok();
            }
            if !promoted.promote(number, occasion.now(), self.grace) {
                return Ok(());
            }
            let entry = occasion
                .entry(Action::CallbackVerified)
                .of(promoted.scope)
                .with("generation", &(number));
            let differences = Callback::differences(Some(&callback), Some(&promoted));
            let told = announcements(&promoted.tenant_id, differences, occasion);
            self.memory.forget(&id);
            match self.store.promote(promoted, told, entry).await {
                Err(CommitError::Stale) => {}
                other => return other.map_err(StepError::from),
            }
            callback = self.store.callback(&id).await?.ok_or(StepError::NotFound)?;
        }
        // Nobody is there to reload anything: WeCom's admin presses 保存 again.
        Err(StepError::Unavailable("others kept changing the callback".into()))
    }
}

/// Receives an event of a corporation.
#[derive(Debug)]
pub struct ReceiveEvent<'a, S, V> {
    /// The callbacks, and where events are stored.
    pub store: &'a S,
    /// The sealing keys.
    pub keys: &'a SealingKeys<V>,
    /// What this process remembers.
    pub memory: &'a CallbackMemory,
}

impl<S: Callbacks + AppendEvents, V: Vault> ReceiveEvent<'_, S, V> {
    /// Stores the event; one that is there already is answered alike.
    ///
    /// # Errors
    /// [`StepError::NotFound`], [`StepError::MalformedCallback`], [`StepError::CallbackRejected`] or the store's failure.
    pub async fn run(
        &self,
        id: &CallbackId,
        raw_query: &str,
        body: &[u8],
        clock: &dyn Clock,
    ) -> Result<Appended, StepError> {
        let desk = FrontDesk {
            store: self.store,
            keys: self.keys,
            memory: self.memory,
        };
        let (mut callback, source) = desk.callback(id, clock.now()).await?;
        let Ok(query) = CallbackQuery::parse(raw_query) else {
            return Err(desk.refuse(id, RejectionReason::Malformed, clock).await);
        };
        let Ok(encrypt) = envelope::encrypt_of(body) else {
            return Err(desk.refuse(id, RejectionReason::Malformed, clock).await);
        };
        let mut opened = desk.authenticate(&callback, &query, &encrypt, clock.now()).await?;
        // What is remembered may have been removed since, or be older than the credentials that WeCom uses. Looking again at
        // what it refuses is limited like the notes.
        let look_again = match source {
            Source::Record => false,
            Source::Busy if opened.is_ok() => false,
            Source::Memory if opened.is_ok() => true,
            Source::Busy | Source::Memory => self.memory.may_look_again(id, clock.now()),
        };
        if look_again {
            callback = desk.fresh_callback(id, clock.now()).await?;
            opened = desk.authenticate(&callback, &query, &encrypt, clock.now()).await?;
        }
        let (number, message) = match opened {
            Ok(authentic) => authentic,
            Err(reason) => return Err(desk.refuse(id, reason, clock).await),
        };
        let event = new_event(&callback, &message, clock.now())?;
        // A test event is ours, and tells nothing of what WeCom uses.
        if event.event != TEST_EVENT {
            desk.note_generation(&callback, number, clock).await;
        }
        Ok(self.store.append(event).await?)
    }
}

fn new_event(callback: &Callback, message: &Message, now: Timestamp) -> Result<NewEvent, StepError> {
    let payload = payload(message);
    let corp_id = match &callback.corp_id {
        Some(corp_id) => corp_id.clone(),
        None => CorpId::parse(message.receive_id()).map_err(|_| StepError::CallbackRejected)?,
    };
    Ok(NewEvent {
        event_id: event_id(callback.callback_id.as_str(), message.bytes()),
        source: EventSource::Callback {
            callback_id: callback.callback_id.clone(),
            tenant_id: callback.tenant_id.clone(),
            scope: callback.scope,
            corp_id,
        },
        event: xml::text(&payload, "Event").unwrap_or_default().to_owned(),
        change_type: xml::text(&payload, "ChangeType").map(ToOwned::to_owned),
        created_at: wecom_time(xml::text(&payload, "CreateTime")),
        received_at: now,
        payload,
    })
}

/// What is authentic is kept, even in a form that we do not know: WeCom does not send it again.
pub(super) fn payload(message: &Message) -> Payload {
    xml::to_json(message.bytes()).unwrap_or_else(|_| {
        let text = String::from_utf8_lossy(message.bytes()).into_owned();
        Payload::from_iter([("#text".to_owned(), text.into())])
    })
}

/// WeCom's whole seconds since 1970.
pub(super) fn wecom_time(text: Option<&str>) -> Option<Timestamp> {
    text.and_then(|text| text.parse().ok())
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
}

/// Verifies, then decrypts.
pub(super) fn open(
    credentials: &Credentials,
    query: &CallbackQuery,
    encrypt: &str,
) -> Result<Message, RejectionReason> {
    let verified = verify(
        &credentials.token,
        &query.msg_signature,
        &query.timestamp,
        &query.nonce,
        encrypt,
    )
    .map_err(|_| RejectionReason::SignatureMismatch)?;
    verified
        .open(&credentials.encoding_aes_key)
        .map_err(|_| RejectionReason::DecryptionFailed)
}

/// Where a callback is from.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// It was read just now.
    Record,
    /// From memory, of a callback that is busy.
    Busy,
    /// From memory.
    Memory,
}

/// What both kinds of request need: the callback, its credentials, and how to refuse.
struct FrontDesk<'a, S, V> {
    store: &'a S,
    keys: &'a SealingKeys<V>,
    memory: &'a CallbackMemory,
}

impl<S: Callbacks, V: Vault> FrontDesk<'_, S, V> {
    /// The callback, and where it is from.
    async fn callback(&self, id: &CallbackId, now: Timestamp) -> Result<(Callback, Source), StepError> {
        match self.memory.recall(id, now) {
            Recalled::Busy(callback) => Ok((*callback, Source::Busy)),
            Recalled::Callback(callback) => Ok((*callback, Source::Memory)),
            Recalled::Nothing => Err(StepError::NotFound),
            Recalled::Unknown => Ok((self.fresh_callback(id, now).await?, Source::Record)),
        }
    }

    /// The callback as it is now: an admin who has just been given credentials saves them at once.
    async fn newest_callback(&self, id: &CallbackId, now: Timestamp) -> Result<Callback, StepError> {
        match self.memory.recall(id, now) {
            Recalled::Nothing => Err(StepError::NotFound),
            _ => self.fresh_callback(id, now).await,
        }
    }

    async fn fresh_callback(&self, id: &CallbackId, now: Timestamp) -> Result<Callback, StepError> {
        let callback = self.store.callback(id).await?;
        self.memory.remember(id, callback.clone(), now);
        callback.ok_or(StepError::NotFound)
    }

    /// The number of the generation that the request was made with, and what it says.
    async fn authenticate(
        &self,
        callback: &Callback,
        query: &CallbackQuery,
        encrypt: &str,
        now: Timestamp,
    ) -> Result<Result<(u64, Message), RejectionReason>, StepError> {
        let keys = self.keys.to_open(callback, now).await?;
        // Nearly every refusal is a wrong Token; a later reason means that more of the values were right.
        let mut reason = RejectionReason::SignatureMismatch;
        for generation in callback.valid_generations(now) {
            let Ok(credentials) = keys.open_generation(callback, generation) else {
                tracing::error!(
                    callback.generation = generation.number,
                    "sealed credentials do not open"
                );
                continue;
            };
            match open(&credentials, query, encrypt) {
                Err(RejectionReason::SignatureMismatch) => {}
                Err(other) => reason = other,
                Ok(message) => {
                    let expected = callback.corp_id.as_ref();
                    if expected.is_none_or(|corp_id| corp_id.same_plaintext(message.receive_id())) {
                        return Ok(Ok((generation.number, message)));
                    }
                    reason = RejectionReason::ReceiveIdMismatch;
                }
            }
        }
        Ok(Err(reason))
    }

    /// Notes when WeCom goes on with credentials that were replaced, and when it does so no more. A note that cannot be
    /// written changes nothing for the sender.
    async fn note_generation(&self, callback: &Callback, number: u64, clock: &dyn Clock) {
        let Some(old) = callback.tells_of_old_credentials(number, clock.now()) else {
            return;
        };
        let since = old.then(|| clock.now());
        // What is remembered lacks the note: it would be made again.
        self.memory.forget(&callback.callback_id);
        if let Err(error) = self.store.note_old_credentials(&callback.callback_id, since).await {
            tracing::warn!(error = %error, "which credentials WeCom uses could not be noted");
        }
    }

    /// Notes a refusal and answers the error for it. A note that cannot be written changes nothing for the sender.
    async fn refuse(&self, id: &CallbackId, reason: RejectionReason, clock: &dyn Clock) -> StepError {
        let now = clock.now();
        if self.memory.may_note(id, now) {
            let rejection = Rejection { at: now, reason };
            if let Err(error) = self.store.note_rejection(id, rejection).await {
                tracing::warn!(error = %error, "a refusal could not be noted");
            }
        }
        tracing::info!(callback.rejection = reason.as_str(), "callback refused");
        match reason {
            RejectionReason::Malformed | RejectionReason::OpenedInBrowser => StepError::MalformedCallback,
            RejectionReason::SignatureMismatch
            | RejectionReason::DecryptionFailed
            | RejectionReason::ReceiveIdMismatch => StepError::CallbackRejected,
        }
    }
}
