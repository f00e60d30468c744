//! Step 1 with a QR code: the tenant's admin confirms that the corporation whose administrator scanned it is theirs.
//!
//! Tests: `tests/it/customized_app.rs`.

use crate::{
    audit::Action,
    context::{Context, audited},
    error::StepError,
    ids::{CorpId, TenantId},
    lifecycle::Update,
    store::{Change, DynamoDb},
};

/// Puts the installation that waits for it in force.
#[derive(Debug)]
pub struct ConfirmInstallation<'a> {
    /// The table of states.
    pub store: &'a DynamoDb,
}

impl ConfirmInstallation<'_> {
    /// Binds the corporation `corp_id`, which the admin was shown. One that is in force already is a success, too.
    ///
    /// # Errors
    /// [`StepError::NotInstalled`] when nothing waits to be confirmed, [`StepError::StateChanged`] when another corporation
    /// does, [`StepError::CorpMismatch`] when another tenant has bound it, or the failure of the store.
    pub async fn run(&self, tenant_id: &TenantId, corp_id: &CorpId, context: Context<'_>) -> Result<(), StepError> {
        let mut update = Update::of(self.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            if authorization.installed().is_some_and(|known| known.corp_id == *corp_id) {
                return Ok(());
            }
            let waiting = authorization.awaiting_confirmation().ok_or(StepError::NotInstalled)?;
            if waiting.corp_id != *corp_id {
                return Err(StepError::StateChanged);
            }
            authorization.confirm_installation(context.now());
            let entry = context.entry(Action::InstallationConfirmed).with("corp_id", corp_id);
            let changes = vec![
                Change::BindCorp(corp_id.clone(), tenant_id.clone()),
                Change::ForgetMember(corp_id.clone()),
                audited(tenant_id, entry),
            ];
            if update.commit(authorization, changes).await? {
                return Ok(());
            }
        }
    }
}
