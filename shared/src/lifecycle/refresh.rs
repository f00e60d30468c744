//! WeCom's current answer about an authorization that is bound: range, privileges, mode, or that it is over.

use jiff::Timestamp;
use wecom_client::{ErrorClass, ErrorCode};

use super::{Lifecycle, concerned, due::DOUBT, update::Update};
use crate::{
    audit::Action,
    authorization::{Authorization, Installation},
    context::{Context, audited},
    error::StepError,
    ids::{CorpId, TenantId},
    store::Suite,
    suite::{CallError, StoredInstallation, installation},
};

/// The code of the audit entry for a removal that WeCom reported and, asked about it, did not confirm.
const STILL_INSTALLED: &str = "still_installed";

/// Whether WeCom says that an authorization is over.
fn is_over(error: &CallError) -> bool {
    matches!(error, CallError::Wecom(error) if error.class() == Some(ErrorClass::AuthorizationEnded))
}

/// Whether WeCom says that an authorization is over, or refuses its permanent code.
pub(super) fn is_gone(error: &CallError) -> bool {
    error.errcode() == Some(ErrorCode::INVALID_PERMANENT_CODE) || is_over(error)
}

impl Lifecycle<'_> {
    /// Asks WeCom about the authorizations of a suite in a corporation, and stores the answers. Ends an authorization
    /// when WeCom says that it is over; `at` is the time that this happened.
    ///
    /// # Errors
    /// The refusal of WeCom, [`StepError::StateChanged`], or the failure of the stores.
    pub(crate) async fn refresh(
        &self,
        suite: &Suite,
        corp_id: &CorpId,
        at: Timestamp,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        let store = self.suite.store;
        for tenant_id in concerned(store, corp_id).await? {
            let authorization = store.authorization(&tenant_id).await?;
            if authorization.present().is_some_and(|known| suite.has_made(known)) {
                self.refresh_for(&authorization, at, context).await?;
            }
        }
        Ok(())
    }

    /// [`Self::refresh`] for one tenant, whose authorization has been read. A member's installation also ends when an administrator has
    /// bound the corporation to another tenant. Returns whether the stored authorization may be another one now.
    ///
    /// # Errors
    /// As [`Self::refresh`].
    pub(crate) async fn refresh_for(
        &self,
        authorization: &Authorization,
        at: Timestamp,
        context: Context<'_>,
    ) -> Result<bool, StepError> {
        let (store, clock, tenant_id) = (self.suite.store, context.clock, &authorization.tenant_id);
        let Some(before) = authorization.present() else {
            return Ok(false);
        };
        let corp_id = &before.corp_id;
        if !before.is_bound && store.tenant_of(corp_id).await?.is_some() {
            let now = context.now();
            self.termination.cancel_for(tenant_id, before, now, context).await?;
            return Ok(true);
        }
        let stored = StoredInstallation::read(self.termination.vault, tenant_id, &before.version_id).await?;
        let Some(stored) = stored else {
            self.miss_permanent_code(tenant_id, before, context).await?;
            return Ok(true);
        };
        match self.suite.auth_info(&stored, clock).await {
            Ok(info) => {
                let now = installation(&stored, info, before.version_id.clone(), clock).continuing(before);
                let update = Update::with(store, authorization, context);
                let is_changed = self.update_installation(update, &now, None, context).await?;
                if !now.is_customized {
                    return Ok(is_changed);
                }
                let changed;
                let authorization = if is_changed {
                    changed = store.authorization(tenant_id).await?;
                    &changed
                } else {
                    authorization
                };
                // Boxed, because it is large and part of futures that are.
                let stored = (&stored, before.version_id.as_str());
                match Box::pin(self.read_customised_app(authorization, stored, context)).await {
                    Ok(is_noted) => return Ok(is_changed || is_noted),
                    // What WeCom does not answer now is asked by the next check.
                    Err(
                        error @ (StepError::WecomRefused(_) | StepError::WecomTimeout | StepError::SecretRejected(_)),
                    ) => {
                        tracing::warn!(%error, tenant.id = %tenant_id, "a customised app was not asked about");
                    }
                    Err(error) => return Err(error),
                }
            }
            Err(error) if error.errcode() == Some(ErrorCode::INVALID_PERMANENT_CODE) => {
                if self.doubt(tenant_id, before, context).await? {
                    Box::pin(self.termination.cancel_for(tenant_id, before, at, context)).await?;
                }
            }
            Err(error) if is_over(&error) => {
                Box::pin(self.termination.cancel_for(tenant_id, before, at, context)).await?;
            }
            Err(error) => return Err(error.into_step()),
        }
        Ok(true)
    }

    /// Stores that the permanent code is missing in Secrets Manager, so that the admin learns that the app has to be installed
    /// again.
    async fn miss_permanent_code(
        &self,
        tenant_id: &TenantId,
        before: &Installation,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        tracing::error!(tenant.id = %tenant_id, "a permanent code is missing in Secrets Manager");
        let mut update = Update::of(self.suite.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            let installation = authorization.installation.as_mut();
            if let Some(installation) = installation.filter(|known| known.has_code_of(before)) {
                installation.code_missing_since.get_or_insert(context.now());
            }
            if update.commit(authorization, Vec::new()).await? {
                return Ok(());
            }
        }
    }

    /// WeCom reported that a corporation removed the app of a suite. Ends the authorization if WeCom refuses its
    /// permanent code, too: one that still works means that the app was installed again since, whatever the clocks say. The same for a
    /// claim of the corporation.
    ///
    /// # Errors
    /// The failure of the call when WeCom could not be asked, [`StepError::StateChanged`], or the failure of the stores. The
    /// event has to be redelivered.
    pub(crate) async fn removed(
        &self,
        suite: &Suite,
        corp_id: &CorpId,
        at: Timestamp,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        let store = self.suite.store;
        for tenant_id in concerned(store, corp_id).await? {
            let authorization = store.authorization(&tenant_id).await?;
            let of_suite = |known: &&Installation| known.corp_id == *corp_id && suite.has_made(known);
            let Some(known) = authorization.present().filter(of_suite) else {
                continue;
            };
            let stored = StoredInstallation::read(self.termination.vault, &tenant_id, &known.version_id).await?;
            let Some(stored) = stored else {
                // There is nothing to ask WeCom with.
                self.termination.cancel_for(&tenant_id, known, at, context).await?;
                continue;
            };
            match self.suite.auth_info(&stored, context.clock).await {
                Ok(_) => self.is_still_installed(&tenant_id, context).await?,
                Err(error) if is_gone(&error) => {
                    self.termination.cancel_for(&tenant_id, known, at, context).await?;
                }
                Err(error) => return Err(error.into_step()),
            }
        }
        Box::pin(self.end_claim(suite, corp_id, context)).await
    }

    /// Stores that a removal was reported of an app that is installed. It is checked again soon, in case WeCom's answer was older
    /// than its event.
    async fn is_still_installed(&self, tenant_id: &TenantId, context: Context<'_>) -> Result<(), StepError> {
        let mut update = Update::of(self.suite.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            authorization.next_check_at = Some(context.now() + DOUBT);
            let entry = context.entry(Action::AuthorizationCancelled).refused(STILL_INSTALLED);
            if update.commit(authorization, vec![audited(tenant_id, entry)]).await? {
                return Ok(());
            }
        }
    }

    /// Stores that WeCom refuses the permanent code (40084): the authorization may be over, or the code was replaced a moment
    /// ago and the event that says so is on its way. Returns whether that was stored long enough ago for the auth_code of such
    /// an event to have expired: then the authorization is over.
    async fn doubt(
        &self,
        tenant_id: &TenantId,
        before: &Installation,
        context: Context<'_>,
    ) -> Result<bool, StepError> {
        let now = context.now();
        let mut update = Update::of(self.suite.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            let installation = authorization.installation.as_mut();
            let Some(installation) = installation.filter(|known| known.has_code_of(before)) else {
                return Ok(false);
            };
            if let Some(since) = installation.doubted_at {
                return Ok(now >= since + DOUBT);
            }
            installation.doubted_at = Some(now);
            authorization.next_check_at = Some(now + DOUBT);
            if update.commit(authorization, Vec::new()).await? {
                return Ok(false);
            }
        }
    }

    /// Stores what WeCom says now of the tenant's installation, if it differs from what is stored and is of the same
    /// corporation and, unless that is new, of the same permanent code. `plan` is the plan of the write of a new one. Returns
    /// whether what is stored may be another than what `update` began with.
    pub(super) async fn update_installation(
        &self,
        mut update: Update<'_>,
        now: &Installation,
        plan: Option<&str>,
        context: Context<'_>,
    ) -> Result<bool, StepError> {
        loop {
            let mut authorization = update.read().await?;
            let is_same =
                |known: &&Installation| known.corp_id == now.corp_id && (plan.is_some() || known.has_code_of(now));
            let Some(known) = authorization.present().filter(is_same) else {
                return Ok(update.is_repeated());
            };
            let now = now.clone().continuing(known);
            if *known == now {
                return Ok(update.is_repeated());
            }
            let mut entry = context.entry(Action::AuthorizationChanged);
            if let Some(privilege) = &now.privilege {
                entry = entry
                    .with("level", &privilege.level)
                    .with("departments", &privilege.departments)
                    .with("members", &privilege.members)
                    .with("tags", &privilege.tags);
            }
            // Whoever took the plan over deletes the permanent code.
            if plan.is_some_and(|plan| !authorization.settle_write(plan)) {
                return Err(StepError::StateChanged);
            }
            authorization.install(now);
            // Checked next, so that other services are soon notified of the new health.
            authorization.next_check_at = Some(context.now());
            let entry = audited(&authorization.tenant_id, entry);
            if update.commit(authorization, vec![entry]).await? {
                return Ok(true);
            }
        }
    }
}
