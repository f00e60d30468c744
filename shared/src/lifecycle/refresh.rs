//! What WeCom says now of an authorization that is bound: range, privileges, mode, or that it is over.

use jiff::Timestamp;
use wecom_client::{ErrorClass, ErrorCode};

use super::{ATTEMPTS, Lifecycle, bound, due::DOUBT};
use crate::{
    audit::Action,
    authorization::Installation,
    context::{Context, audited, saved},
    error::StepError,
    ids::{CorpId, TenantId},
    store::{CommitError, SecretName},
    suite::{CallError, StoredInstallation, installation},
};

impl Lifecycle<'_> {
    /// Range, privileges or mode of an authorization changed: what WeCom says now is what counts.
    pub(crate) async fn refresh(&self, corp_id: &CorpId, at: Timestamp, context: Context<'_>) -> Result<(), StepError> {
        let clock = context.clock;
        let Some((tenant_id, authorization)) = bound(self.suite.store, corp_id).await? else {
            return Ok(());
        };
        let Some(before) = authorization.installed() else {
            return Ok(());
        };
        let name = SecretName::Installation(tenant_id.clone());
        let Some(secret) = self.termination.vault.read(&name, Some(&before.version_id)).await? else {
            return Err(StepError::Internal(
                "the permanent code is missing from the vault".into(),
            ));
        };
        let stored = StoredInstallation::parse(&secret)?;
        match self.suite.auth_info(&stored, clock).await {
            Ok(info) => {
                let now = installation(&stored, info, before.version_id.clone(), clock).continuing(before);
                self.update_installation(&tenant_id, &now, context).await
            }
            Err(error) if error.errcode() == Some(ErrorCode::INVALID_PERMANENT_CODE) => {
                self.doubt(corp_id, at, context).await
            }
            Err(CallError::Wecom(error)) if error.class() == Some(ErrorClass::AuthorizationEnded) => {
                self.termination.cancel(corp_id, at, context).await
            }
            Err(error) => Err(error.into_step()),
        }
    }

    /// WeCom takes the permanent code no more (40084). The authorization may be over, or the code was replaced a moment ago and
    /// the event that says so is on its way. What comes of it is decided when WeCom is asked again, after the auth_code of such
    /// an event has run out.
    async fn doubt(&self, corp_id: &CorpId, at: Timestamp, context: Context<'_>) -> Result<(), StepError> {
        let now = context.now();
        for _ in 0..ATTEMPTS {
            let Some((_, mut authorization)) = bound(self.suite.store, corp_id).await? else {
                return Ok(());
            };
            let before = authorization.clone();
            let Some(installation) = &mut authorization.installation else {
                return Ok(());
            };
            match installation.doubted_at {
                Some(since) if now >= since + DOUBT => return self.termination.cancel(corp_id, at, context).await,
                Some(_) => return Ok(()),
                None => installation.doubted_at = Some(now),
            }
            authorization.next_check_at = Some(now + DOUBT);
            match self.suite.store.commit(saved(&before, authorization, context)).await {
                Err(CommitError::Stale) => {}
                other => return other.map_err(StepError::from),
            }
        }
        Err(StepError::StateChanged)
    }

    /// Writes what WeCom says now of the tenant's installation, if it is another than was known.
    pub(super) async fn update_installation(
        &self,
        tenant_id: &TenantId,
        now: &Installation,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        for _ in 0..ATTEMPTS {
            let Some((bound_to, mut authorization)) = bound(self.suite.store, &now.corp_id).await? else {
                return Ok(());
            };
            let before = authorization.clone();
            let Some(known) = before.installed().filter(|known| known.corp_id == now.corp_id) else {
                return Ok(());
            };
            let now = Installation {
                installed_at: now.installed_at.max(known.installed_at),
                ..now.clone().continuing(known)
            };
            if bound_to != *tenant_id || *known == now {
                return Ok(());
            }
            authorization.install(now.clone());
            // Looked at next, so that other services hear soon what became of the health.
            authorization.next_check_at = Some(context.now());
            let mut entry = context.entry(Action::AuthorizationChanged);
            if let Some(privilege) = &now.privilege {
                entry = entry
                    .with("level", &privilege.level)
                    .with("departments", &privilege.departments)
                    .with("members", &privilege.members)
                    .with("tags", &privilege.tags);
            }
            let mut changes = vec![audited(tenant_id, entry)];
            changes.extend(saved(&before, authorization, context));
            match self.suite.store.commit(changes).await {
                Err(CommitError::Stale) => {}
                other => return other.map_err(StepError::from),
            }
        }
        Err(StepError::StateChanged)
    }
}
