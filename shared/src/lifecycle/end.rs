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
    audit::Action,
    authorization::{Authorization, Callback, Cleanup, CleanupTask, Installation, ScopeState},
    clock::Clock,
    context::{Context, removed_callback},
    entropy::random_id,
    error::StepError,
    ids::{Scope, TenantId, TokenName},
    store::{Change, DynamoDb, SecretName, SecretsManager},
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

/// The longest time spent on deleting events; less than the timeout of the functions that clean up (template.yaml).
const DELETE_FOR: SignedDuration = SignedDuration::from_secs(10);

impl Termination<'_> {
    /// Ends a tenant's authorization after WeCom said that `ended`, its installation, is over since `at`. One that was installed
    /// again in the meantime, or has a new permanent code, is left unchanged.
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
            if !authorization.installed().is_some_and(is_same) {
                break;
            }
            let callbacks = self.store.callbacks_of(&authorization).await?;
            let changes = self.end(&mut authorization, &callbacks, Action::AuthorizationCancelled, context);
            authorization.cancel(at);
            if update.commit(authorization, changes).await? {
                break;
            }
        }
        if !self.cleans_up {
            return Ok(());
        }
        // If this fails or dies, `check-health` continues: when the event is redelivered, the corporation is bound to no tenant.
        self.clean_up(tenant_id, context).await
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
        if let Some(installation) = authorization.installed() {
            let corp_id = installation.corp_id.clone();
            changes.push(if installation.is_bound {
                Change::ReleaseCorp(corp_id, tenant_id)
            } else {
                Change::ForgetMember(corp_id)
            });
        }
        for scope in Scope::ALL {
            *authorization.scope_mut(scope) = ScopeState::default();
        }
        let callbacks = callbacks.iter().flatten();
        changes.extend(callbacks.flat_map(|callback| removed_callback(callback, context)));
        authorization.assist_links.clear();
        authorization.completed_at = None;
        authorization.plan_cleanup(self.delete_events, context.now());
        // If this attempt dies before the clean-up, `check-health` continues.
        authorization.next_check_at = Some(context.now() + CLEANUP_RETRY);
        changes
    }

    /// Does the clean-up tasks of a tenant's authorization that ended, and those after a write that died, if there are any.
    /// Work that takes too long, or has to be repeated, is left for the next attempt.
    ///
    /// # Errors
    /// [`StepError::StateChanged`], or the failure of the stores; a retry continues.
    pub(crate) async fn clean_up(&self, tenant_id: &TenantId, context: Context<'_>) -> Result<(), StepError> {
        self.delete_secrets(tenant_id, context).await?;
        let cleanup = self.store.authorization(tenant_id).await?.cleanup;
        let Some(cleanup) = cleanup.filter(Cleanup::has_events) else {
            return Ok(());
        };
        let is_over = self
            .delete_events_until(tenant_id, cleanup.since, context.clock)
            .await?;
        let mut update = Update::of(self.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            // The authorization that began in the meantime may have ended, too.
            let ended = authorization.cleanup.as_ref().map(|cleanup| cleanup.since);
            if is_over && ended == Some(cleanup.since) {
                authorization.settle_events();
            }
            authorization.next_check_at = check_after_cleanup(&authorization, context.now());
            if update.commit(authorization, Vec::new()).await? {
                return Ok(());
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
        let (mut deleted, mut failure) = (Vec::new(), None);
        for secret in secrets {
            match self.delete_secret(tenant_id, secret).await {
                Ok(()) => deleted.push(secret),
                Err(error) => failure = Some(error),
            }
        }
        let mut update = Update::of(self.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            authorization.settle_deletion(&claim, &deleted, claimed_at);
            if failure.is_none() {
                authorization.next_check_at = check_after_cleanup(&authorization, context.now());
            }
            if update.commit(authorization, Vec::new()).await? {
                return failure.map_or(Ok(()), Err);
            }
        }
    }

    /// Deletes a secret and the token that was obtained with it.
    async fn delete_secret(&self, tenant_id: &TenantId, secret: CleanupTask) -> Result<(), StepError> {
        let (name, token) = match secret {
            CleanupTask::Installation => (
                SecretName::Installation(tenant_id.clone()),
                TokenName::installation(tenant_id),
            ),
            CleanupTask::Scope(scope) => (
                SecretName::Scope(tenant_id.clone(), scope),
                TokenName::scope(tenant_id, scope),
            ),
            CleanupTask::Events => return Ok(()),
        };
        self.vault.delete(&name).await?;
        Ok(self.store.drop_token(&token).await?)
    }

    /// Deletes the events that arrived before the authorization ended, for ten seconds at most. Returns whether all are
    /// deleted and none can arrive any longer.
    async fn delete_events_until(
        &self,
        tenant_id: &TenantId,
        ended_at: Timestamp,
        clock: &dyn Clock,
    ) -> Result<bool, StepError> {
        let until = clock.now() + DELETE_FOR;
        let is_over = clock.now() >= ended_at + UNDER_WAY;
        while self.store.delete_some_events(tenant_id, ended_at + UNDER_WAY).await? {
            if clock.now() >= until {
                return Ok(false);
            }
        }
        Ok(is_over)
    }
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
