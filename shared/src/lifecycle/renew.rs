//! A new permanent code for a corporation that is bound.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use wecom_client::ErrorCode;

use super::{Lifecycle, claim::keep_claim, update::Update, write::plan_write};
use crate::{
    authorization::CleanupTask,
    context::Context,
    error::StepError,
    ids::{Fingerprint, TenantId, TokenName},
    store::{Suite, SuiteKind},
    suite::{CallError, StoredInstallation, installation},
};

impl Lifecycle<'_> {
    /// A new permanent code for a corporation that is bound with this suite. That of another corporation is kept as a claim.
    pub(crate) async fn renew(
        &self,
        suite: &Suite,
        auth_code: &SecretString,
        at: Timestamp,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        let clock = context.clock;
        let code_hash = Fingerprint::of(auth_code.expose_secret());
        let (stored, tenant_id) = match self.suite.permanent_code(suite, auth_code, clock).await {
            Ok(code) => {
                let stored = StoredInstallation::new(code, code_hash.clone(), suite)?;
                let Some(tenant_id) = self.owner(suite, &stored).await? else {
                    return keep_claim(self.suite, &stored, at, context).await;
                };
                (stored, tenant_id)
            }
            // Used or expired: an earlier attempt exchanged it and died, or it is lost.
            Err(error) if error.errcode() == Some(ErrorCode::INVALID_AUTH_CODE) => {
                let Some(exchanged) = self.exchanged(&code_hash).await? else {
                    tracing::warn!("an auth_code of the suite's events is used up or too old");
                    return Ok(());
                };
                exchanged
            }
            Err(error) => return Err(error.into_step()),
        };
        let store = self.suite.store;
        let authorization = store.authorization(&tenant_id).await?;
        if !authorization.present().is_some_and(|known| suite.has_made(known)) {
            return keep_claim(self.suite, &stored, at, context).await;
        }
        let task = CleanupTask::Installation;
        let plan = plan_write(store, &tenant_id, task, Some(&code_hash), context).await?;
        let version_id = stored.put(self.termination.vault, &tenant_id).await?;
        let info = self
            .suite
            .auth_info(&stored, clock)
            .await
            .map_err(CallError::into_step)?;
        let renewed = installation(&stored, info, version_id, clock);
        let update = Update::of(store, &tenant_id, context);
        self.update_installation(update, &renewed, Some(&plan), context).await?;
        // A token of the previous permanent code is no longer issued.
        Ok(store.drop_token(&TokenName::installation(&tenant_id)).await?)
    }

    /// The tenant that a new permanent code belongs to: who has bound the corporation, or has to confirm the scan of a QR code.
    async fn owner(&self, suite: &Suite, stored: &StoredInstallation) -> Result<Option<TenantId>, StepError> {
        let store = self.suite.store;
        let owner = store.tenant_of(&stored.corp_id).await?;
        if owner.is_some() || suite.kind == SuiteKind::ThirdParty {
            return Ok(owner);
        }
        Ok(store.member_of(&stored.corp_id).await?)
    }

    /// The permanent code that an earlier attempt exchanged for, if it was stored.
    async fn exchanged(&self, code_hash: &Fingerprint) -> Result<Option<(StoredInstallation, TenantId)>, StepError> {
        let Some(tenant_id) = self.suite.store.exchanged_for(code_hash).await? else {
            return Ok(None);
        };
        let stored = StoredInstallation::obtained_with(self.termination.vault, &tenant_id, code_hash).await?;
        Ok(stored.map(|stored| (stored, tenant_id)))
    }
}
