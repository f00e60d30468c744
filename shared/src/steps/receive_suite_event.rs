//! The callback of a suite: WeCom's own check of the URL, the events of the suite, and those of the corporations that have its app.
//!
//! The receiveid is the provider's corp id on a URL check and the suite's id on an event of the suite (developer documents 90968
//! and 97172). On an event of a corporation, which a third-party app has at its 数据回调URL and a customised app at its own
//! callback, it is the corporation's id as the app sees it; where these are the URL, Token and EncodingAESKey of the suite, it alone
//! tells the two apart. A corporation's app may instead have a pair of its own, at the suite's URL with the corporation's id after it
//! (docs/adr/0030-several-suites.md). An event is stored and answered; `process-suite-event` acts on it.
//!
//! Tests: `tests/it/suite_events.rs`, `tests/it/app_events.rs`.

use secrecy::SecretString;
use wecom_callback::{CallbackQuery, Message, envelope};

use crate::{
    callbacks::{content, echo, open, refuse_outdated, wecom_time},
    clock::Clock,
    entropy::Entropy,
    error::StepError,
    ids::{CorpId, EventId, SuiteId},
    sealing::SealingKeys,
    store::{StoredSuiteEvent, Suite, SuiteCallbackStore, SuiteKind, SuiteVault},
    suite::event_place,
};

/// The callback that was called.
#[derive(Debug, Clone, Copy)]
pub struct SuiteCallback<'a> {
    /// The suites' secrets: Token, EncodingAESKey and ids of each.
    pub suites: &'a SuiteVault,
    /// The suite in its path; `None`: the first.
    pub suite_id: Option<&'a SuiteId>,
    /// The corporation in its path.
    pub corp_id: Option<&'a CorpId>,
}

/// An authentic request.
struct Opened<'a> {
    suite: Suite,
    /// The corporation whose own Token and EncodingAESKey it was made with; `None`: the suite's.
    app_of: Option<&'a CorpId>,
    message: Message,
}

/// Answers WeCom's check of the suite's callback URL.
#[derive(Debug)]
pub struct VerifySuiteUrl<'a> {
    /// The callback that was called.
    pub callback: SuiteCallback<'a>,
}

impl VerifySuiteUrl<'_> {
    /// Returns exactly the bytes that WeCom expects.
    ///
    /// # Errors
    /// [`StepError::NotFound`] when there is no such suite, [`StepError::MalformedCallback`],
    /// [`StepError::CallbackRejected`], or the failure of the vault.
    pub async fn run(&self, raw_query: &str, clock: &dyn Clock) -> Result<Vec<u8>, StepError> {
        let query = CallbackQuery::parse(raw_query).map_err(|_| StepError::MalformedCallback)?;
        let echostr = query.echostr.as_deref().ok_or(StepError::MalformedCallback)?;
        let opened = self.callback.authenticate(&query, echostr, clock).await?;
        if opened.is_check() {
            echo(&opened.message)
        } else {
            tracing::warn!(
                callback.rejection = "check_of_another",
                "the check of a suite's URL is sealed for another id: compare provider_corp_id in its secret; or the address is for \
                 steps 2 and 3"
            );
            Err(StepError::CallbackRejected)
        }
    }
}

/// Receives an event of the suite.
pub struct ReceiveSuiteEvent<'a> {
    /// The table that events of the suite are stored in.
    pub store: SuiteCallbackStore<'a>,
    /// The callback that was called.
    pub callback: SuiteCallback<'a>,
    /// The keys that the content is sealed under while it is stored.
    pub keys: &'a SealingKeys,
    /// The source of randomness, for the nonce.
    pub entropy: &'a dyn Entropy,
}

impl std::fmt::Debug for ReceiveSuiteEvent<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ReceiveSuiteEvent").finish_non_exhaustive()
    }
}

impl ReceiveSuiteEvent<'_> {
    /// Stores the event. One that is stored already is a success, too.
    ///
    /// # Errors
    /// [`StepError::NotFound`] when there is no such suite, [`StepError::MalformedCallback`],
    /// [`StepError::CallbackRejected`], or the failure of the stores.
    pub async fn run(&self, raw_query: &str, body: &[u8], clock: &dyn Clock) -> Result<(), StepError> {
        let query = CallbackQuery::parse(raw_query).map_err(|_| StepError::MalformedCallback)?;
        let encrypt = envelope::encrypt_of(body).map_err(|_| StepError::MalformedCallback)?;
        let opened = self.callback.authenticate(&query, &encrypt, clock).await?;
        let corp_id = self.callback.corporation(&opened, clock).await?;
        let Opened { suite, message, .. } = opened;
        refuse_outdated(&query, SuiteCallbackStore::EVENT_RETENTION, clock.now())?;
        let content = content(&message)?;
        let (event_id, kind, time) = match &corp_id {
            None => {
                // An auth_code is exchanged once, in whatever message it is redelivered.
                let auth_code = content.text("AuthCode").filter(|code| !code.is_empty());
                let identity = auth_code.map_or(message.bytes(), str::as_bytes);
                (EventId::of(&suite.suite_id, identity), "InfoType", "TimeStamp")
            }
            // WeCom's notices to the provider name the suite, so this one is not WeCom's.
            Some(_) if content.text("InfoType").is_some() => return Err(StepError::CallbackRejected),
            Some(corp_id) => {
                let place = format!("{}/{corp_id}", suite.suite_id);
                (EventId::of(&place, message.bytes()), "Event", "CreateTime")
            }
        };
        let payload = serde_json::to_string(&content.payload).map_err(|error| StepError::Internal(Box::new(error)))?;
        let (payload, place, now) = (SecretString::from(payload), event_place(&event_id), clock.now());
        let payload = self.keys.seal_text(&payload, &place, now, self.entropy).await?;
        let event = StoredSuiteEvent {
            event_id,
            suite_id: suite.suite_id,
            info_type: content.text(kind).unwrap_or_default().to_owned(),
            corp_id,
            damaged: content.damaged,
            created_at: wecom_time(content.text(time)),
            received_at: now,
            payload,
            parkings: 0,
        };
        self.store.put_suite_event(&event).await?;
        Ok(())
    }
}

impl<'a> SuiteCallback<'a> {
    /// Opens a request with the credentials of the callback; when that fails, with those that the operator may have entered since.
    async fn authenticate(
        &self,
        query: &CallbackQuery,
        encrypt: &str,
        clock: &dyn Clock,
    ) -> Result<Opened<'a>, StepError> {
        let suite = self.suites.named(self.suite_id, clock.now()).await?;
        let suite = suite.ok_or(StepError::NotFound)?;
        let (credentials, app_of) = suite.credentials_of(self.corp_id);
        if let Ok(message) = open(credentials, query, encrypt) {
            return Ok(Opened { suite, app_of, message });
        }
        let suite = self
            .suites
            .reload(&suite, clock.now())
            .await?
            .ok_or(StepError::CallbackRejected)?;
        let (credentials, app_of) = suite.credentials_of(self.corp_id);
        let message = open(credentials, query, encrypt).map_err(|_| StepError::CallbackRejected)?;
        Ok(Opened { suite, app_of, message })
    }

    /// The corporation that an event is of; `None` for the suite's own.
    ///
    /// # Errors
    /// [`StepError::CallbackRejected`] for the provider, whose id belongs to URL checks, for another suite, for what is no id, and at a
    /// corporation's own callback for everything of others; or the failure of the vault.
    async fn corporation(&self, opened: &Opened<'_>, clock: &dyn Clock) -> Result<Option<CorpId>, StepError> {
        let Opened { suite, app_of, message } = opened;
        let receive_id = message.receive_id();
        if receive_id == suite.suite_id && app_of.is_none() {
            return Ok(None);
        }
        let corp_id = CorpId::parse(receive_id).map_err(|_| StepError::CallbackRejected)?;
        let suite_id = SuiteId::parse(receive_id).ok();
        let is_suite = match &suite_id {
            Some(_) => self.suites.named(suite_id.as_ref(), clock.now()).await?.is_some(),
            None => false,
        };
        if is_suite || receive_id.eq_ignore_ascii_case(&suite.provider_corp_id) {
            return Err(StepError::CallbackRejected);
        }
        match app_of {
            None => Ok(Some(corp_id)),
            // The pair is this corporation's alone, so a plaintext id is the same corporation's.
            Some(own) if corp_id == **own || corp_id.is_plaintext() => Ok(Some((*own).clone())),
            Some(_) => Err(StepError::CallbackRejected),
        }
    }
}

impl Opened<'_> {
    /// Whether it is WeCom's check of the URL. It is sealed for the provider; that this holds for the callback of a customised app, too,
    /// rests on reports from the field, so that one may also be sealed for the template or for the corporation as the app sees it. Nothing
    /// can be decrypted by that, because a message is no check ([`echo`]).
    fn is_check(&self) -> bool {
        let receive_id = self.message.receive_id();
        if receive_id.eq_ignore_ascii_case(&self.suite.provider_corp_id) {
            return true;
        }
        self.suite.kind == SuiteKind::Customized
            && match (CorpId::parse(receive_id), self.app_of) {
                _ if receive_id == self.suite.suite_id => true,
                (Ok(corp_id), Some(own)) => corp_id == *own,
                (Ok(corp_id), None) => !corp_id.is_plaintext() && !receive_id.starts_with("dk"),
                (Err(_), _) => false,
            }
    }
}
