//! A re-installation within the recovery window: what the authorization had when it ended is valid again, and nothing is typed.

use super::write::plan_write;
use crate::{
    audit::AuditEntry,
    authorization::{AuthMode, Authorization, Callback, CleanupTask, Installation, Recoverable, RecoverableScope},
    context::{Context, saved_callback},
    error::StepError,
    ids::{Scope, TenantId},
    store::{Change, EventGap, GapReason, SecretName, SecretsManager},
    suite::SuiteAccess,
};

/// Secrets and callbacks that can be part of an installation again.
#[derive(Debug, Default)]
pub(crate) struct Restored {
    recoverable: Option<Recoverable>,
    /// The plans under which Secrets were restored in Secrets Manager.
    plans: Vec<(Scope, String)>,
}

impl Restored {
    /// Restores in Secrets Manager the Secrets that the tenant's last authorization of this corporation had when WeCom ended it, each
    /// under a plan of its write. A Secret that is not in Secrets Manager any longer is left out, and so is a callback whose sealing key
    /// was dropped. A member's installation restores nothing.
    ///
    /// # Errors
    /// [`StepError::AttemptInProgress`], [`StepError::StateChanged`], or the failure of the stores. A retry restores the same.
    pub(crate) async fn of(
        suite: SuiteAccess<'_>,
        vault: &SecretsManager,
        tenant_id: &TenantId,
        installation: &Installation,
        context: Context<'_>,
    ) -> Result<Self, StepError> {
        let store = suite.store;
        if installation.auth_mode == AuthMode::Member {
            return Ok(Self::default());
        }
        let is_the_same = |kept: &Recoverable| kept.corp_id == installation.corp_id && context.now() < kept.until;
        let kept = store.recoverable(tenant_id).await?.filter(is_the_same);
        let before = store.authorization(tenant_id).await?;
        let Some(mut recoverable) = kept.filter(|_| before.installed().is_none()) else {
            return Ok(Self::default());
        };
        let mut plans = Vec::new();
        for scope in Scope::ALL {
            let kept = recoverable.scope_mut(scope);
            if let Some(callback) = kept.callback.take() {
                let ring = suite.tokens.keys.to_open(&callback, context.now()).await?;
                kept.callback = Some(callback).filter(|callback| ring.knows(callback));
            }
            if kept.secret.is_none() {
                continue;
            }
            let plan = plan_write(store, tenant_id, CleanupTask::Scope(scope), None, context).await?;
            if vault.restore(&SecretName::Scope(tenant_id.clone(), scope)).await? {
                plans.push((scope, plan));
            }
        }
        let recoverable = Some(recoverable);
        Ok(Self { recoverable, plans })
    }

    /// Adds what was restored to an authorization that is installed again. Returns what must be written together with it.
    pub(crate) fn add_to(&self, authorization: &mut Authorization, context: Context<'_>) -> Vec<Change> {
        let mut changes = Vec::new();
        let Some(kept) = &self.recoverable else {
            return changes;
        };
        for scope in Scope::ALL {
            if !authorization.scope(scope).is_empty() {
                continue;
            }
            let plan = self.plans.iter().find(|(planned, _)| *planned == scope);
            // Whoever took the plan over deletes the Secret.
            let is_restored = plan.is_some_and(|(_, plan)| authorization.settle_write(plan));
            let event_retention_days = authorization.settings.event_retention_days;
            let state = authorization.scope_mut(scope);
            state.secret = kept.scope(scope).secret.clone().filter(|_| is_restored);
            if let Some(callback) = &kept.scope(scope).callback {
                state.callback_id = Some(callback.callback_id.clone());
                let callback = Callback {
                    event_retention_days,
                    ..callback.clone()
                };
                let lost_since = state.heard_until.filter(|_| callback.is_verified());
                let gap = |from| EventGap::before(&callback, from, context.now(), GapReason::InstalledAgain);
                changes.extend(lost_since.map(gap).map(Change::NotifyGap));
                changes.extend(saved_callback(None, callback, context));
            }
        }
        authorization.completed_at = authorization.completed_at.or(kept.completed_at);
        // WeCom is asked about the Secrets within minutes.
        authorization.next_check_at = Some(context.now());
        changes
    }

    /// The entry of the audit trail, with the steps that were restored, if any.
    pub(crate) fn noted_in(&self, entry: AuditEntry) -> AuditEntry {
        let Some(kept) = &self.recoverable else {
            return entry;
        };
        let mut scopes = Scope::ALL.to_vec();
        scopes.retain(|scope| *kept.scope(*scope) != RecoverableScope::default());
        let scopes: Vec<_> = scopes.into_iter().map(Scope::as_str).collect();
        entry.with("restored", &scopes.join(" "))
    }
}
