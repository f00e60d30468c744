//! WeCom checks the URL of a callback when an admin saves it, with the credentials that the admin entered.
//!
//! The generation that the check was made with becomes the current one before it is answered.

use jiff::SignedDuration;
use wecom_callback::{CallbackQuery, QueryError};

use crate::{
    audit::Action,
    authorization::{Callback, RejectionReason},
    callbacks::{Authenticator, SELF_TEST, echo},
    context::{Context, state_changes},
    error::StepError,
    ids::{CallbackId, CorpId},
    store::CommitError,
};

/// Answers WeCom's check of a callback's URL.
#[derive(Debug)]
pub struct VerifyUrl<'a> {
    /// Authenticates the request.
    pub authenticator: Authenticator<'a>,
    /// How long the credentials that a promotion replaces stay valid.
    pub grace: SignedDuration,
}

impl VerifyUrl<'_> {
    /// Answers exactly the bytes that WeCom wants back, after the generation it used has become the current one.
    ///
    /// # Errors
    /// [`StepError::NotFound`], [`StepError::MalformedCallback`], [`StepError::CallbackRejected`] or the store's failure.
    pub async fn run(&self, id: &CallbackId, raw_query: &str, context: Context<'_>) -> Result<Vec<u8>, StepError> {
        let clock = context.clock;
        let authenticator = self.authenticator;
        let callback = authenticator.newest_callback(id, clock.now()).await?;
        let query = match CallbackQuery::parse(raw_query) {
            Ok(query) if query.echostr.is_some() => query,
            Err(QueryError::Empty) => {
                return Err(authenticator.refuse(id, RejectionReason::OpenedInBrowser, clock).await);
            }
            _ => return Err(authenticator.refuse(id, RejectionReason::Malformed, clock).await),
        };
        let echostr = query.echostr.clone().unwrap_or_default();
        let (number, message) = match authenticator
            .authenticate(&callback, &query, &echostr, clock.now())
            .await?
        {
            Ok(authentic) => authentic,
            Err(reason) => return Err(authenticator.refuse(id, reason, clock).await),
        };
        let answer = echo(&message)?;
        if !message.bytes().starts_with(SELF_TEST.as_bytes()) {
            authenticator.note_generation(&callback, number, clock).await;
            self.promote(callback, number, message.receive_id(), context).await?;
        }
        Ok(answer)
    }

    /// Makes the generation current, and pins the corporation if none was known. Somebody else may be doing the same.
    async fn promote(
        &self,
        mut callback: Callback,
        number: u64,
        receive_id: &str,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        for _ in 0..3 {
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
                .with("generation", &(number));
            let differences = Callback::differences(Some(&callback), Some(&promoted));
            let notifications = state_changes(&promoted.tenant_id, differences, context);
            self.authenticator.memory.forget(&id);
            match self.authenticator.store.promote(promoted, notifications, entry).await {
                Err(CommitError::Stale) => {}
                other => return other.map_err(StepError::from),
            }
            callback = self
                .authenticator
                .store
                .callback(&id)
                .await?
                .ok_or(StepError::NotFound)?;
        }
        // Nobody is there to reload anything: WeCom's admin presses 保存 again.
        Err(StepError::Unavailable("others kept changing the callback".into()))
    }
}
