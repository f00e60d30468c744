//! The end of an authorization, and the clean-up after it.
//!
//! One transaction ends it: from then on the callbacks answer 404, the corporation is free and the state is empty. What two
//! systems must do together, deleting secrets, tokens and perhaps events, is stored in the same transaction and done after
//! it; an attempt that dies in between is continued by the next `DELETE` or by `check-health`.

use jiff::{SignedDuration, Timestamp};

use super::{ATTEMPTS, bound, due::CLEANUP_RETRY};
use crate::{
    audit::Action,
    authorization::{Authorization, Callback, Cleanup, CleanupTask},
    clock::Clock,
    context::{Context, removed_callback, saved},
    error::StepError,
    ids::{CorpId, Scope, TenantId, TokenName},
    store::{Change, CommitError, DynamoDb, SecretName, SecretsManager},
};

/// Ends authorizations, and cleans up after them.
#[derive(Debug, Clone, Copy)]
pub struct Termination<'a> {
    /// The tables.
    pub store: &'a DynamoDb,
    /// The tenants' permanent codes and Secrets.
    pub vault: &'a SecretsManager,
    /// Whether the tenant's events are deleted too, or kept until they expire.
    pub delete_events: bool,
}

/// What was authentic a moment before the end is stored a moment after it. Whoever begins anew meanwhile keeps his own events.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(10);

/// Less than the functions that clean up may run.
const DELETE_FOR: SignedDuration = SignedDuration::from_secs(10);

impl Termination<'_> {
    /// The corporation removed the app. One that was installed again since is left alone: this event came late.
    pub(crate) async fn cancel(&self, corp_id: &CorpId, at: Timestamp, context: Context<'_>) -> Result<(), StepError> {
        for _ in 0..ATTEMPTS {
            let Some((tenant_id, mut authorization)) = bound(self.store, corp_id).await? else {
                return Ok(());
            };
            let installed_at = authorization.installed().map(|installation| installation.installed_at);
            // WeCom tells whole seconds only.
            if installed_at.is_none_or(|installed_at| installed_at.as_second() > at.as_second()) {
                return self.clean_up(authorization, context.clock).await;
            }
            let before = authorization.clone();
            let callbacks = self.store.callbacks_of(&before).await?;
            let mut changes = self.end(&mut authorization, &callbacks, Action::AuthorizationCancelled, context);
            authorization.cancel(at);
            changes.extend(saved(&before, authorization, context));
            match self.store.commit(changes).await {
                // Should this fail or die, the schedule goes on with it: to the event, handed in again, the corporation is
                // nobody's.
                Ok(()) => {
                    let ended = self.store.authorization(&tenant_id).await?;
                    return self.clean_up(ended, context.clock).await;
                }
                Err(CommitError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StepError::StateChanged)
    }

    /// Empties an authorization, and answers what must be written together with it. The installation is left to the caller,
    /// who removes it or marks it as cancelled.
    pub(crate) fn end(
        &self,
        authorization: &mut Authorization,
        callbacks: &[Option<Callback>; 2],
        action: Action,
        context: Context<'_>,
    ) -> Vec<Change> {
        let tenant_id = authorization.tenant_id.clone();
        let mut changes = vec![Change::Audit(tenant_id.clone(), context.entry(action))];
        // What an end before this one has left is still to do.
        let mut tasks = authorization.cleanup.take().map_or(Vec::new(), |cleanup| cleanup.tasks);
        // The corporation of one that is over was set free when it ended, and may be another tenant's by now.
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
        // Should this attempt die before it has cleaned up, the schedule goes on with it.
        authorization.next_check_at = Some(since + CLEANUP_RETRY);
        changes
    }

    /// Does what an ended authorization has left to do; what takes too long is left for the next attempt.
    ///
    /// # Errors
    /// The store's failure; it is to be tried again.
    pub(crate) async fn clean_up(&self, mut authorization: Authorization, clock: &dyn Clock) -> Result<(), StepError> {
        let Some(cleanup) = authorization.cleanup.take() else {
            return Ok(());
        };
        let tenant_id = authorization.tenant_id.clone();
        let mut left = Vec::new();
        for task in cleanup.tasks {
            match task {
                CleanupTask::Installation => {
                    self.vault.delete(&SecretName::Installation(tenant_id.clone())).await?;
                    self.store.drop_token(&TokenName::installation(&tenant_id)).await?;
                }
                CleanupTask::Scope(scope) => {
                    self.vault.delete(&SecretName::Scope(tenant_id.clone(), scope)).await?;
                    self.store.drop_token(&TokenName::scope(&tenant_id, scope)).await?;
                }
                CleanupTask::Events => {
                    if !self.delete_events_until(&tenant_id, cleanup.since, clock).await? {
                        left.push(task);
                    }
                }
            }
        }
        // Whoever has begun anew meanwhile is looked at as before.
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
            // Somebody began anew meanwhile; what is left to do stands in the record that he wrote.
            Ok(()) | Err(CommitError::Stale) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes the events that arrived before the authorization ended, for a while. Answers whether all are gone, and no more
    /// can come.
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
