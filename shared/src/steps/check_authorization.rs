//! Asks WeCom about a tenant's authorization and Secrets now, because its admin wants to know.
//!
//! It is a function of its own (`check-authorization`): the others that admins call may not read Secrets, and `check-health` may
//! delete them, which an admin's press of a button does not need.
//!
//! Tests: `tests/it/check.rs`.

use std::time::Duration;

use jiff::SignedDuration;

use crate::{
    authorization::{Authorization, Callback},
    context::Context,
    error::StepError,
    ids::TenantId,
    lifecycle::{Answered, Lifecycle},
    store::CheckStatus,
};

/// Checks of one tenant within ten minutes. One asks WeCom five things at most.
const CHECKS: u32 = 10;
const CHECKS_WINDOW: SignedDuration = SignedDuration::from_mins(10);

/// The longest time that WeCom is waited for; the admin page gives up after 20 seconds.
const PATIENCE: Duration = Duration::from_secs(15);
/// A check that has not ended by then has died.
const LEASE: SignedDuration = SignedDuration::from_secs(20);
/// A check of another request is waited for as long as it may take.
const LOOKS: u32 = 64;
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// Checks the authorization of one tenant.
#[derive(Debug)]
pub struct CheckAuthorization<'a> {
    /// Refreshes authorizations, and ends them.
    pub lifecycle: Lifecycle<'a>,
}

impl CheckAuthorization<'_> {
    /// Asks WeCom, stores what it says, and returns the authorization with its callbacks, contacts first. If a check is under way
    /// already, its result is returned, and WeCom is not asked again.
    ///
    /// # Errors
    /// [`StepError::NotInstalled`] when there is nothing to ask about; [`StepError::TooManyAttempts`];
    /// [`StepError::AttemptInProgress`] when the check that was under way failed;
    /// [`StepError::WecomTimeout`] or [`StepError::WecomRefused`] when WeCom did not answer everything: what it did not answer
    /// is as it was; [`StepError::WecomBan`], [`StepError::SuiteTicketMissing`], [`StepError::StateChanged`], or the failure of
    /// the stores.
    pub async fn run(
        &self,
        tenant_id: &TenantId,
        context: Context<'_>,
    ) -> Result<(Authorization, [Option<Callback>; 2]), StepError> {
        let store = self.lifecycle.suite.store;
        let before = store.authorization(tenant_id).await?;
        if before.installed().is_none() {
            return Err(StepError::NotInstalled);
        }
        let now = context.now();
        let until = now + LEASE;
        if store.claim_check(tenant_id, now, until).await? {
            let checked = self.check(before, context).await;
            store.end_check(tenant_id, until, checked.is_ok()).await?;
            checked?;
        } else {
            self.wait_for_other(tenant_id, context).await?;
        }
        let authorization = store.authorization(tenant_id).await?;
        let callbacks = store.callbacks_of(&authorization).await?;
        Ok((authorization, callbacks))
    }

    async fn check(&self, before: Authorization, context: Context<'_>) -> Result<(), StepError> {
        let counter = format!("check/{}", before.tenant_id);
        let store = self.lifecycle.suite.store;
        let taken = store
            .take_attempt(&counter, CHECKS, CHECKS_WINDOW, context.now())
            .await?;
        taken.map_err(|until| StepError::TooManyAttempts { until })?;
        // Whatever is under way when the time is up is one conditional write, which is done or not.
        let look = async {
            let subject = self.lifecycle.subject(before, context).await?;
            self.lifecycle.look(subject, context).await
        };
        // Boxed, because it is large and part of a future that is not.
        let looked = tokio::time::timeout(PATIENCE, Box::pin(look)).await;
        match looked.map_err(|_| StepError::WecomTimeout)?? {
            Answered::Everything => Ok(()),
            Answered::Partly => Err(StepError::WecomRefused(None)),
        }
    }

    async fn wait_for_other(&self, tenant_id: &TenantId, context: Context<'_>) -> Result<(), StepError> {
        for _ in 0..LOOKS {
            match self
                .lifecycle
                .suite
                .store
                .check_status(tenant_id, context.now())
                .await?
            {
                CheckStatus::UnderWay => tokio::time::sleep(BETWEEN_LOOKS).await,
                CheckStatus::Done => return Ok(()),
                CheckStatus::Failed => break,
            }
        }
        Err(StepError::AttemptInProgress)
    }
}
