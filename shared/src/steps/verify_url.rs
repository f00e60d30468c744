//! WeCom checks the URL of a callback when an admin saves it, with the credentials that the admin entered.
//!
//! The generation that the check was made with becomes the current one before it is answered.
//!
//! Tests: `tests/it/callback_input.rs`, `tests/it/rotation.rs`.

use jiff::SignedDuration;
use wecom_callback::{CallbackQuery, QueryError};

use crate::{
    audit::Action,
    authorization::{Callback, RejectionReason},
    callbacks::{Authenticator, SELF_TEST, echo},
    context::{Context, state_changes},
    error::StepError,
    ids::{CallbackId, CorpId},
    lifecycle::{Attempts, is_committed},
    store::{EventGap, GapReason},
};

/// Answers WeCom's check of a callback's URL.
#[derive(Debug)]
pub struct VerifyUrl<'a> {
    /// Signature check and credentials of the callback.
    pub authenticator: Authenticator<'a>,
    /// The grace period of the credentials that a promotion replaces.
    pub grace: SignedDuration,
}

impl VerifyUrl<'_> {
    /// Returns exactly the bytes that WeCom expects, after the generation that it used has become the current one.
    ///
    /// # Errors
    /// [`StepError::NotFound`] for an unknown callback, [`StepError::MalformedCallback`],
    /// [`StepError::CallbackRejected`], or the failure of the stores, which includes that others keep changing the
    /// callback.
    pub async fn run(&self, id: &CallbackId, raw_query: &str, context: Context<'_>) -> Result<Vec<u8>, StepError> {
        let clock = context.clock;
        let authenticator = self.authenticator;
        let callback = authenticator.newest_callback(id, clock.now()).await?;
        let query = match CallbackQuery::parse(raw_query) {
            Ok(query) if query.echostr.is_some() => query,
            Err(QueryError::Empty) => {
                return Err(authenticator
                    .refuse(&callback, RejectionReason::OpenedInBrowser, clock)
                    .await);
            }
            _ => return Err(authenticator.refuse(&callback, RejectionReason::Malformed, clock).await),
        };
        let echostr = query.echostr.clone().unwrap_or_default();
        let (number, message) = match authenticator
            .authenticate(&callback, &query, &echostr, clock.now())
            .await?
        {
            Ok(authentic) => authentic,
            Err(rejected) => return Err(authenticator.refuse(&callback, rejected, clock).await),
        };
        let answer = echo(&message)?;
        if !message.bytes().starts_with(SELF_TEST.as_bytes()) {
            authenticator.note_generation(&callback, number, clock).await;
            self.promote(callback, number, message.receive_id(), context).await?;
        }
        Ok(answer)
    }

    /// Makes the generation current, and pins the corporation if none was known. A concurrent check may be doing the same.
    async fn promote(
        &self,
        mut callback: Callback,
        number: u64,
        receive_id: &str,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        let (store, memory) = (self.authenticator.store, self.authenticator.memory);
        let mut attempts = Attempts::default();
        // There is no page to reload: the admin presses 保存 in WeCom's console again.
        while attempts.begin().is_ok() {
            let id = callback.callback_id.clone();
            let mut promoted = callback.clone();
            if promoted.corp_id.is_none() {
                promoted.corp_id = CorpId::parse(receive_id).ok();
            }
            if !promoted.promote(number, context.now(), self.grace) {
                return Ok(());
            }
            let entry = context
                .entry(Action::CallbackVerified)
                .of(promoted.scope)
                .with("generation", &number);
            let differences = Callback::differences(Some(&callback), Some(&promoted));
            let notifications = state_changes(&promoted.tenant_id, differences, context);
            let lost_since = promoted.heard_until.take();
            let gap = lost_since.map(|from| EventGap::before(&promoted, from, context.now(), GapReason::SetUpAgain));
            memory.forget(&id);
            if is_committed(store.promote(promoted, notifications, gap, entry).await)? {
                return Ok(());
            }
            callback = store.callback(&id).await?.ok_or(StepError::NotFound)?;
            // Replaced in the meantime, or another corporation's: WeCom must not save what it has checked.
            let is_held = callback
                .valid_generations(context.now())
                .any(|held| held.number == number);
            let of_other = callback
                .corp_id
                .as_ref()
                .is_some_and(|known| !known.same_plaintext(receive_id));
            if !is_held || of_other {
                return Err(StepError::CallbackRejected);
            }
        }
        Err(StepError::Unavailable("others kept changing the callback".into()))
    }
}
