//! Step 1 with a QR code: the tenant's admin confirms that the corporation whose administrator scanned it is theirs.
//!
//! Tests: `tests/it/customized_app.rs`.

use crate::{
    audit::Action,
    context::{Context, audited},
    error::StepError,
    ids::{ClaimId, CorpId, TenantId},
    lifecycle::{Restored, Update},
    store::{Change, SecretsManager},
    suite::SuiteAccess,
};

/// Puts the installation that waits for it in force.
#[derive(Debug)]
pub struct ConfirmInstallation<'a> {
    /// The tables, and the sealing keys.
    pub suite: SuiteAccess<'a>,
    /// Secrets Manager, where Secrets are restored.
    pub vault: &'a SecretsManager,
}

impl ConfirmInstallation<'_> {
    /// Binds the corporation `corp_id`, which the admin was shown, and restores what WeCom ended within the recovery window.
    /// One that is in force already is a success, too.
    ///
    /// # Errors
    /// [`StepError::NotInstalled`] when nothing waits to be confirmed, [`StepError::StateChanged`] when another corporation
    /// does, [`StepError::CorpMismatch`] when another tenant has bound it, [`StepError::AttemptInProgress`] while secrets are being
    /// deleted, or the failure of the stores.
    pub async fn run(&self, tenant_id: &TenantId, corp_id: &CorpId, context: Context<'_>) -> Result<(), StepError> {
        let store = self.suite.store;
        let before = store.authorization(tenant_id).await?;
        let waiting = before
            .awaiting_confirmation()
            .filter(|waiting| waiting.corp_id == *corp_id);
        let restored = match waiting {
            Some(waiting) => Restored::of(self.suite, self.vault, tenant_id, waiting, context).await?,
            None => Restored::default(),
        };
        let mut update = Update::of(store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            if authorization.installed().is_some_and(|known| known.corp_id == *corp_id) {
                return Ok(());
            }
            let waiting = authorization.awaiting_confirmation().ok_or(StepError::NotInstalled)?;
            if waiting.corp_id != *corp_id {
                return Err(StepError::StateChanged);
            }
            let claim_id = ClaimId::of(waiting.suite_id.as_ref(), corp_id);
            authorization.confirm_installation(context.now());
            let entry = context.entry(Action::InstallationConfirmed).with("corp_id", corp_id);
            let mut changes = vec![
                Change::BindCorp(corp_id.clone(), tenant_id.clone()),
                Change::ForgetMember(corp_id.clone()),
                Change::ForgetClaim(claim_id),
                audited(tenant_id, restored.noted_in(entry)),
            ];
            changes.extend(restored.add_to(&mut authorization, context));
            if update.commit(authorization, changes).await? {
                return Ok(());
            }
        }
    }
}
