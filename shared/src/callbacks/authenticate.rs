//! Authentication of requests to a callback, with whichever generation of its credentials is valid.
//!
//! A refused request leaves a note on the callback, for the admin; the sender learns nothing. Notes are limited, so that
//! knowing a URL does not allow endless writes.

use std::borrow::Cow;

use jiff::Timestamp;
use wecom_callback::{CallbackQuery, Message};

use super::{
    memory::{CallbackMemory, Recalled},
    message::open,
};
use crate::{
    authorization::{Callback, Refusal, RejectionReason},
    clock::Clock,
    config::CallbackIdCheck,
    error::StepError,
    ids::{CallbackId, CallbackPath, CorpId},
    sealing::SealingKeys,
    store::{EventCallbackStore, Noted},
};

/// The source of a callback's record.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    /// Read from the table for this request.
    Record,
    /// From memory, of a callback that is busy (ADR 16).
    Busy,
    /// From memory, of a callback that is not busy.
    Memory,
}

/// Authenticates requests to callbacks, and refuses them.
#[derive(Debug, Clone, Copy)]
pub struct Authenticator<'a> {
    /// The callbacks, and the events.
    pub store: EventCallbackStore<'a>,
    /// The keys that the callback credentials are sealed under.
    pub keys: &'a SealingKeys,
    /// The memory of this process.
    pub memory: &'a CallbackMemory,
    /// Which ids are looked up only when their MAC is right.
    pub id_check: CallbackIdCheck,
    /// The address that the request came from.
    pub source_ip: Option<&'a str>,
}

/// How often a note is attempted when other processes store notes on the same callback at the same time.
const MOST_ATTEMPTS: u32 = 3;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejected {
    /// What an admin can change.
    reason: RejectionReason,
    /// The corporation that the request was for, where it is another one.
    receive_id: Option<CorpId>,
}

impl From<RejectionReason> for Rejected {
    fn from(reason: RejectionReason) -> Self {
        Self {
            reason,
            receive_id: None,
        }
    }
}

/// An authentic request: the number of the generation that it was made with, and its content.
type Authentic = (u64, Message);

impl Authenticator<'_> {
    /// The callback, and the source of its record.
    pub(crate) async fn callback(&self, id: &CallbackId, now: Timestamp) -> Result<(Callback, Source), StepError> {
        match self.memory.recall(id, now) {
            Recalled::Busy(callback) => Ok((*callback, Source::Busy)),
            Recalled::Callback(callback) => Ok((*callback, Source::Memory)),
            Recalled::Nothing => Err(StepError::NotFound),
            Recalled::Unknown => Ok((self.fresh_callback(id, now).await?, Source::Record)),
        }
    }

    /// The callback, read from the table: an admin saves credentials right after they were generated.
    pub(crate) async fn newest_callback(&self, id: &CallbackId, now: Timestamp) -> Result<Callback, StepError> {
        match self.memory.recall(id, now) {
            Recalled::Nothing => Err(StepError::NotFound),
            _ => self.fresh_callback(id, now).await,
        }
    }

    /// The id of the callback at a path of the platform that its binding was imported from; the usual path leads to it as well, so that
    /// whatever serves the old host may lead all of them below `/legacy`. A request that is not of WeCom's form is
    /// refused before anything is read, because anybody can make up such a path.
    pub(crate) async fn id_at(
        &self,
        path: &CallbackPath,
        raw_query: &str,
        clock: &dyn Clock,
    ) -> Result<CallbackId, StepError> {
        if CallbackQuery::parse(raw_query).is_err() {
            return Err(StepError::NotFound);
        }
        let keys = self.keys.to_check_ids(clock.now()).await?;
        let own = keys.callback_id_in(path, self.id_check);
        own.or_else(|| keys.callback_id_at(path)).ok_or(StepError::NotFound)
    }

    pub(crate) async fn fresh_callback(&self, id: &CallbackId, now: Timestamp) -> Result<Callback, StepError> {
        if !self.keys.to_check_ids(now).await?.may_exist(id, self.id_check) {
            return Err(StepError::NotFound);
        }
        let callback = self.store.callback(id).await?;
        self.memory.remember(id, callback.clone(), now);
        callback.ok_or(StepError::NotFound)
    }

    /// Verifies and decrypts a request with each valid generation. The inner error is the reason of a refusal.
    pub(crate) async fn authenticate(
        &self,
        callback: &Callback,
        query: &CallbackQuery,
        encrypt: &str,
        now: Timestamp,
    ) -> Result<Result<Authentic, Rejected>, StepError> {
        let keys = self.keys.to_open(callback, now).await?;
        // Nearly every refusal is a wrong Token; a later reason means that more of the values were correct.
        let mut rejected = Rejected::from(RejectionReason::SignatureMismatch);
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
                Err(other) => rejected = other.into(),
                Ok(message) => {
                    let expected = callback.corp_id.as_ref();
                    if expected.is_none_or(|corp_id| corp_id.same_plaintext(message.receive_id())) {
                        return Ok(Ok((generation.number, message)));
                    }
                    rejected = Rejected {
                        reason: RejectionReason::ReceiveIdMismatch,
                        receive_id: CorpId::parse(message.receive_id()).ok(),
                    };
                }
            }
        }
        Ok(Err(rejected))
    }

    /// Stores whether WeCom still uses credentials that were replaced. A note that cannot be stored changes nothing for
    /// the sender.
    pub(crate) async fn note_generation(&self, callback: &Callback, number: u64, clock: &dyn Clock) {
        let Some(old) = callback.tells_of_old_credentials(number, clock.now()) else {
            return;
        };
        let since = old.then(|| clock.now());
        // The remembered record lacks the note, so it would be stored again.
        self.memory.forget(&callback.callback_id);
        if let Err(error) = self.store.note_old_credentials(&callback.callback_id, since).await {
            tracing::warn!(error = %error, "which credentials WeCom uses could not be noted");
        }
    }

    /// Notes a refusal, and returns the error for it.
    pub(crate) async fn refuse(
        &self,
        callback: &Callback,
        rejected: impl Into<Rejected>,
        clock: &dyn Clock,
    ) -> StepError {
        let rejected = rejected.into();
        let reason = rejected.reason;
        self.note_refusal(callback, rejected, clock.now()).await;
        tracing::info!(callback.rejection = reason.as_str(), "callback refused");
        match reason {
            RejectionReason::Malformed | RejectionReason::OpenedInBrowser => StepError::MalformedCallback,
            RejectionReason::SignatureMismatch
            | RejectionReason::DecryptionFailed
            | RejectionReason::ReceiveIdMismatch => StepError::CallbackRejected,
            RejectionReason::UrlCutOff => StepError::NotFound,
        }
    }

    /// Notes a request of WeCom's form to a URL that lacks its last characters, on the callback whose URL it is (see
    /// docs/security.md, Callback ids). The sender is answered as for any other unknown URL, whatever becomes of it.
    pub(crate) async fn note_cut_off(&self, text: &str, raw_query: &str, clock: &dyn Clock) {
        let now = clock.now();
        if self.id_check == CallbackIdCheck::None || CallbackQuery::parse(raw_query).is_err() {
            return;
        }
        let Ok(keys) = self.keys.to_check_ids(now).await else {
            return;
        };
        let Some(id) = keys.complete(text) else { return };
        if let Ok((callback, _)) = self.callback(&id, now).await {
            self.refuse(&callback, RejectionReason::UrlCutOff, clock).await;
        }
    }

    /// Stores a refusal, if the limits allow it; otherwise it is counted by the next note of its kind. A note that cannot be
    /// stored changes nothing for the sender.
    async fn note_refusal(&self, callback: &Callback, rejected: Rejected, now: Timestamp) {
        let Rejected { reason, receive_id } = rejected;
        let id = &callback.callback_id;
        let source_ip = self.source_ip.map(ToOwned::to_owned);
        let kind = (id.clone(), reason, source_ip.clone());
        let refusal = Refusal {
            at: now,
            reason,
            source_ip,
            receive_id,
            count: self.memory.take_refused(&kind).saturating_add(1),
        };
        if !self.store_refusal(callback, &refusal).await {
            self.memory.keep_refused(kind, refusal.count);
        }
    }

    /// Whether it was stored. Each attempt counts towards the limit of notes.
    async fn store_refusal(&self, callback: &Callback, refusal: &Refusal) -> bool {
        let id = &callback.callback_id;
        let mut seen = Cow::Borrowed(callback);
        for _ in 0..MOST_ATTEMPTS {
            let Some(refusals) = seen.refusals_with(refusal.clone()) else {
                return false;
            };
            if !self.memory.may_note(id, refusal.at) {
                return false;
            }
            match self.store.note_refusals(&seen, &refusals).await {
                Ok(Noted::Stored) => {
                    self.memory.remember_refusals(id, &refusals);
                    return true;
                }
                Ok(Noted::Changed(newest)) => {
                    self.memory.remember_refusals(id, &newest.refusals);
                    seen = Cow::Owned(*newest);
                }
                Ok(Noted::Removed) => return false,
                Err(error) => {
                    tracing::warn!(error = %error, "a refusal could not be noted");
                    return false;
                }
            }
        }
        false
    }
}
