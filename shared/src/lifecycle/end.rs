//! The end of an authorization, and the clean-up after it.
//!
//! One transaction ends it: from then on the callbacks answer 404, the corporation is free and the state is empty. What two
//! systems must do together, deleting secrets, tokens and perhaps events, is stored in the same transaction and done after
//! it; an attempt that dies in between is continued by the next `DELETE` or by `check-health`.

use jiff::{SignedDuration, Timestamp};

use super::{bound, due::CLEANUP_RETRY, update::Update};
use crate::{
    audit::Action,
    authorization::{Authorization, Callback, Cleanup, CleanupTask},
    clock::Clock,
    context::{Context, removed_callback},
    error::StepError,
    ids::{CorpId, Scope, TenantId, TokenName},
    store::{Change, CommitError, DynamoDb, SecretName, SecretsManager},
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
}

/// An event that was authenticated just before the end may be stored this long after it. Events that arrive later belong to
/// an authorization that began after the end, and are kept.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(10);

/// The longest time spent on deleting events; less than the timeout of the functions that clean up (template.yaml).
const DELETE_FOR: SignedDuration = SignedDuration::from_secs(10);

impl Termination<'_> {
    /// Ends the authorization of a corporation that removed the app at `at`. One that was installed again since is left
    /// unchanged: this event came late.
    ///
    /// # Errors
    /// [`StepError::StateChanged`], or the failure of the stores.
    pub(crate) async fn cancel(&self, corp_id: &CorpId, at: Timestamp, context: Context<'_>) -> Result<(), StepError> {
        let Some(tenant_id) = bound(self.store, corp_id).await? else {
            return Ok(());
        };
        let mut update = Update::of(self.store, &tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            let installation = authorization.installed().filter(|known| known.corp_id == *corp_id);
            // WeCom gives whole seconds only.
            if installation.is_none_or(|known| known.installed_at.as_second() > at.as_second()) {
                break;
            }
            let callbacks = self.store.callbacks_of(&authorization).await?;
            let changes = self.end(&mut authorization, &callbacks, Action::AuthorizationCancelled, context);
            authorization.cancel(at);
            if update.commit(authorization, changes).await? {
                break;
            }
        }
        // If this fails or dies, `check-health` continues: when the event is redelivered, the corporation is bound to no tenant.
        self.clean_up(&tenant_id, context.clock).await
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
        // Tasks of an earlier end that are not done yet.
        let mut tasks = authorization.cleanup.take().map_or(Vec::new(), |cleanup| cleanup.tasks);
        // The corporation of an installation that ended before is no longer bound, or bound to another tenant.
        if let Some(installation) = authorization.installed() {
            changes.push(Change::ReleaseCorp(installation.corp_id.clone(), tenant_id));
        }
        if authorization.installation.is_some() {
            tasks.push(CleanupTask::Installation);
        }
        for scope in Scope::ALL {
            let left = std::mem::take(authorization.scope_mut(scope));
            if left.secret.is_some() {
                tasks.push(CleanupTask::Scope(scope));
            }
        }
        let callbacks = callbacks.iter().flatten();
        changes.extend(callbacks.flat_map(|callback| removed_callback(callback, context)));
        if self.delete_events {
            tasks.push(CleanupTask::Events);
        }
        tasks.sort_unstable();
        tasks.dedup();
        authorization.completed_at = None;
        let since = context.now();
        authorization.cleanup = Some(Cleanup { tasks, since });
        // If this attempt dies before the clean-up, `check-health` continues.
        authorization.next_check_at = Some(since + CLEANUP_RETRY);
        changes
    }

    /// Does the clean-up tasks of a tenant's authorization that ended, if there are any. What takes too long is left for the
    /// next attempt.
    ///
    /// # Errors
    /// The failure of the stores; a retry continues.
    pub(crate) async fn clean_up(&self, tenant_id: &TenantId, clock: &dyn Clock) -> Result<(), StepError> {
        let mut authorization = self.store.authorization(tenant_id).await?;
        let Some(cleanup) = authorization.cleanup.take() else {
            return Ok(());
        };
        let mut left = Vec::new();
        for task in cleanup.tasks {
            match task {
                CleanupTask::Installation => {
                    self.vault.delete(&SecretName::Installation(tenant_id.clone())).await?;
                    self.store.drop_token(&TokenName::installation(tenant_id)).await?;
                }
                CleanupTask::Scope(scope) => {
                    self.vault.delete(&SecretName::Scope(tenant_id.clone(), scope)).await?;
                    self.store.drop_token(&TokenName::scope(tenant_id, scope)).await?;
                }
                CleanupTask::Events => {
                    if !self.delete_events_until(tenant_id, cleanup.since, clock).await? {
                        left.push(task);
                    }
                }
            }
        }
        // An authorization that began in the meantime is checked as usual.
        authorization.next_check_at = if left.is_empty() && authorization.installed().is_none() {
            None
        } else {
            Some(clock.now().max(cleanup.since + UNDER_WAY))
        };
        authorization.cleanup = (!left.is_empty()).then_some(Cleanup {
            tasks: left,
            since: cleanup.since,
        });
        match self.store.commit(vec![Change::Save(Box::new(authorization))]).await {
            // An authorization began in the meantime, whose record still contains the remaining tasks.
            Ok(()) | Err(CommitError::Stale) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes the events that arrived before the authorization ended, for ten seconds at most. Returns whether all are
    /// deleted and no more can arrive.
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
