//! The end of an authorization, and the clean-up after it.
//!
//! One transaction ends it: from then on the callbacks answer 404, the corporation is free and the state is empty. What two
//! systems must do together, deleting secrets, tokens and perhaps events, is stored in the same transaction and done after
//! it; an attempt that dies in between is continued by the next `DELETE` or by `check-health`.

use jiff::{SignedDuration, Timestamp};

use super::{
    due::{CLEANUP_RETRY, next_check},
    update::Update,
};
use crate::{
    audit::{Action, AuditEntry},
    authorization::{
        Authorization, Callback, Cleanup, CleanupTask, Deleted, Deletion, Installation, Recoverable, ScopeState,
    },
    context::{Context, audited, removed_callback},
    entropy::random_id,
    error::StepError,
    ids::{Scope, TenantId, TokenName},
    store::{Change, DynamoDb, RECOVERY_WINDOW_DAYS, SecretName, SecretsManager},
};

/// Ends authorizations, and cleans up after them.
#[derive(Debug, Clone, Copy)]
pub struct Termination<'a> {
    /// The tables of states and events.
    pub store: &'a DynamoDb,
    /// The tenants' permanent codes and Secrets.
    pub vault: &'a SecretsManager,
    /// Whether the tenant's events are deleted too, or kept until they expire.
    pub delete_events: bool,
    /// Whether an authorization that WeCom says is over is cleaned up at once. Otherwise `check-health` does it five minutes later.
    pub cleans_up: bool,
}

/// An event that was authenticated just before the end may be stored this long after it. Events that arrive later belong to
/// an authorization that began after the end, and are kept.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(10);

/// The longest time that a request, or a turn of `check-health`, spends on deleting a tenant's events; less than the timeout of the
/// functions that clean up (template.yaml).
pub(crate) const DELETE_FOR: SignedDuration = SignedDuration::from_secs(10);

impl Termination<'_> {
    /// Ends a tenant's authorization after WeCom said that `ended`, its installation, is over since `at`. One that was installed
    /// again in the meantime, or has a new permanent code, is left unchanged. A re-installation within the recovery window restores
    /// what there was ([`Restored`](super::Restored)).
    ///
    /// # Errors
    /// [`StepError::StateChanged`], or the failure of the stores.
    pub(super) async fn cancel_for(
        &self,
        tenant_id: &TenantId,
        ended: &Installation,
        at: Timestamp,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        let mut update = Update::of(self.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            let is_same = |known: &Installation| known.corp_id == ended.corp_id && known.version_id == ended.version_id;
            if !authorization.present().is_some_and(is_same) {
                break;
            }
            let callbacks = self.store.callbacks_of(&authorization).await?;
            // The secrets are scheduled for deletion after this, so they can be restored for longer.
            let until = context.now() + SignedDuration::from_hours(24 * RECOVERY_WINDOW_DAYS);
            let kept = Recoverable::of(&authorization, &callbacks, until);
            let mut changes = self.end(&mut authorization, &callbacks, Action::AuthorizationCancelled, context);
            changes.extend(kept.map(|kept| Change::KeepRecoverable(Box::new(kept))));
            authorization.cancel(at);
            if update.commit(authorization, changes).await? {
                break;
            }
        }
        if !self.cleans_up {
            return Ok(());
        }
        // If this fails or dies, `check-health` continues: when the event is redelivered, the corporation is bound to no tenant.
        Box::pin(self.clean_up(tenant_id, DELETE_FOR, context)).await.map(drop)
    }

    /// Empties an authorization, and returns what must be written together with it. The caller removes the installation, or
    /// marks it as cancelled.
    pub(crate) fn end(
        &self,
        authorization: &mut Authorization,
        callbacks: &[Option<Callback>; 2],
        action: Action,
        context: Context<'_>,
    ) -> Vec<Change> {
        let tenant_id = authorization.tenant_id.clone();
        let mut changes = vec![Change::Audit(tenant_id.clone(), context.entry(action))];
        // The corporation of an installation that ended before is no longer bound, or bound to another tenant.
        if let Some(installation) = authorization.present() {
            let corp_id = installation.corp_id.clone();
            changes.push(if installation.is_bound {
                Change::ReleaseCorp(corp_id, tenant_id)
            } else {
                Change::ForgetMember(corp_id)
            });
        }
        let corp_id = authorization.installation.as_ref().map(|ended| ended.corp_id.clone());
        let callbacks = callbacks.iter().flatten();
        for scope in Scope::ALL {
            let has_heard = callbacks
                .clone()
                .any(|callback| callback.scope == scope && callback.is_verified());
            let before = authorization.scope(scope).heard_until;
            *authorization.scope_mut(scope) = ScopeState {
                heard_until: has_heard.then(|| context.now()).or(before),
                ..ScopeState::default()
            };
        }
        authorization.plan_certificate(corp_id, callbacks.clone(), !self.delete_events, context.now());
        changes.extend(callbacks.flat_map(|callback| removed_callback(callback, context)));
        authorization.assist_links.clear();
        (authorization.completed_at, authorization.imported) = (None, None);
        authorization.plan_cleanup(self.delete_events, context.now());
        // If this attempt dies before the clean-up, `check-health` continues.
        authorization.next_check_at = Some(context.now() + CLEANUP_RETRY);
        changes
    }

    /// Does the clean-up tasks of a tenant's authorization that ended, and those after a write that died, if there are any.
    /// Deletes events for `delete_for`, and some at least. Returns whether events are left that there was no time for. What has to be
    /// repeated is left for the next attempt, too.
    ///
    /// # Errors
    /// [`StepError::StateChanged`], or the failure of the stores; a retry continues.
    pub(crate) async fn clean_up(
        &self,
        tenant_id: &TenantId,
        delete_for: SignedDuration,
        context: Context<'_>,
    ) -> Result<bool, StepError> {
        self.delete_secrets(tenant_id, context).await?;
        Box::pin(self.delete_events(tenant_id, delete_for, context)).await
    }

    /// Deletes the events that arrived before the authorization ended. They are settled when none can arrive any longer.
    async fn delete_events(
        &self,
        tenant_id: &TenantId,
        delete_for: SignedDuration,
        context: Context<'_>,
    ) -> Result<bool, StepError> {
        let cleanup = self.store.authorization(tenant_id).await?.cleanup;
        let Some(cleanup) = cleanup.filter(Cleanup::has_events) else {
            return Ok(false);
        };
        let before = cleanup.since + UNDER_WAY;
        let (until, none_arrives) = (context.now() + delete_for, context.now() >= before);
        let mut are_left = true;
        while are_left {
            are_left = self.store.delete_some_events(tenant_id, before, context.now()).await?;
            if context.now() >= until {
                break;
            }
        }
        let mut update = Update::of(self.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            // The authorization that began in the meantime may have ended, too.
            let ended = authorization.cleanup.as_ref().map(|cleanup| cleanup.since);
            if none_arrives && !are_left && ended == Some(cleanup.since) {
                authorization.settle_events();
            }
            authorization.next_check_at = check_after_cleanup(&authorization, context.now());
            if update.commit(authorization, Vec::new()).await? {
                return Ok(are_left);
            }
        }
    }

    /// Deletes secrets, under a claim that keeps new ones from being written meanwhile.
    async fn delete_secrets(&self, tenant_id: &TenantId, context: Context<'_>) -> Result<(), StepError> {
        let claim = random_id(context.entropy);
        let claimed_at = context.now();
        let mut update = Update::of(self.store, tenant_id, context);
        let secrets = loop {
            let mut authorization = update.read().await?;
            let before = authorization.clone();
            let secrets = authorization.claim_deletion(&claim, claimed_at);
            if secrets.is_empty() && authorization != before {
                authorization.next_check_at = check_after_cleanup(&authorization, claimed_at);
            }
            if update.commit(authorization, Vec::new()).await? {
                break secrets;
            }
        };
        if secrets.is_empty() {
            return Ok(());
        }
        let (mut deleted, mut scheduled, mut failure) = (Vec::new(), Vec::new(), None);
        for secret in secrets {
            match self.delete_secret(tenant_id, secret, context.now()).await {
                Ok(exists) => {
                    deleted.push(secret);
                    scheduled.extend(exists.then_some(secret));
                }
                Err(error) => failure = Some(error),
            }
        }
        let mut update = Update::of(self.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            authorization.settle_deletion(&claim, &deleted, claimed_at);
            if let Some(deletion) = &mut authorization.deletion {
                deletion.schedule(&scheduled, context.now());
            }
            if failure.is_none() {
                authorization.next_check_at = check_after_cleanup(&authorization, context.now());
            }
            if update.commit(authorization, Vec::new()).await? {
                return failure.map_or(Ok(()), Err);
            }
        }
    }

    /// Deletes a secret and the token that was obtained with it. Returns whether there was such a secret.
    async fn delete_secret(
        &self,
        tenant_id: &TenantId,
        secret: CleanupTask,
        now: Timestamp,
    ) -> Result<bool, StepError> {
        let (name, token) = match secret {
            CleanupTask::Installation => (
                SecretName::Installation(tenant_id.clone()),
                TokenName::installation(tenant_id),
            ),
            CleanupTask::Scope(scope) => (
                SecretName::Scope(tenant_id.clone(), scope),
                TokenName::scope(tenant_id, scope),
            ),
            CleanupTask::Events => return Ok(false),
        };
        let exists = self.vault.delete(&name).await?;
        self.store.delete_token(tenant_id, &token, now).await?;
        Ok(exists)
    }
}

impl Termination<'_> {
    /// Writes the certificate about a deletion when everything is deleted: what, how many, when.
    ///
    /// # Errors
    /// [`StepError::StateChanged`], or the failure of the store; a retry continues.
    pub(crate) async fn certify(&self, tenant_id: &TenantId, context: Context<'_>) -> Result<(), StepError> {
        let mut update = Update::of(self.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            if authorization.cleanup.is_some() {
                return Ok(());
            }
            let Some(deletion) = authorization.deletion.take() else {
                return Ok(());
            };
            let counted = self.store.deleted(tenant_id).await?;
            authorization.next_check_at = check_after_cleanup(&authorization, context.now());
            let entry = certificate(&deletion, counted, context);
            tracing::info!(
                tenant.id = %tenant_id, deletion.ended_at = %deletion.ended_at,
                deletion.details = ?entry.details, "the data of an authorization are deleted"
            );
            let forgotten = Change::ForgetDeleted(tenant_id.clone(), counted);
            if update
                .commit(authorization, vec![audited(tenant_id, entry), forgotten])
                .await?
            {
                return Ok(());
            }
        }
    }
}

/// The entry of the audit trail that says what was deleted.
fn certificate(deletion: &Deletion, counted: Deleted, context: Context<'_>) -> AuditEntry {
    let secrets: Vec<_> = deletion.secrets.iter().map(|secret| secret.as_str()).collect();
    let mut entry = context
        .entry(Action::DataDeleted)
        .with("ended_at", &deletion.ended_at)
        .with("callbacks", &deletion.callbacks)
        .with("credentials", &deletion.credentials)
        .with("tokens", &counted.tokens)
        .with("secrets", &secrets.join(" "));
    entry = if deletion.keeps_events {
        entry.with("events", "kept")
    } else {
        entry.with("events", &counted.events)
    };
    if let Some(corp_id) = &deletion.corp_id {
        entry = entry.with("corp_id", corp_id);
    }
    if let Some(scheduled_at) = deletion.scheduled_at {
        let gone_at = scheduled_at + SignedDuration::from_hours(24 * RECOVERY_WINDOW_DAYS);
        entry = entry.with("secrets_recoverable_until", &gone_at);
    }
    entry
}

/// The next check after an attempt at the clean-up.
fn check_after_cleanup(authorization: &Authorization, now: Timestamp) -> Option<Timestamp> {
    match &authorization.cleanup {
        Some(cleanup) => Some(now.max(cleanup.since + UNDER_WAY).max(cleanup.repeat_at.unwrap_or(now))),
        // An authorization that began in the meantime is checked as usual.
        None => authorization
            .installed()
            .map(|_| now)
            .or_else(|| next_check(authorization, now)),
    }
}
