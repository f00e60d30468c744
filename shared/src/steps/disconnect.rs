//! Ends an authorization, and leaves nothing behind.
//!
//! One transaction ends it: from then on the callbacks answer 404, the corporation is free and the state is empty. What two
//! systems must do together, deleting secrets, tokens and perhaps events, is written down in the same transaction and done
//! after it; an attempt that dies in between is finished by the next `DELETE` or by `check-health`.

use jiff::{SignedDuration, Timestamp};

use super::{Occasion, StepError, complete_authorization::callbacks_of, removed_callback, saved};
use crate::{
    audit::Action,
    authorization::{Authorization, Callback, Cleanup, CleanupTask, Health},
    clock::Clock,
    ids::{Scope, TenantId},
    store::{AuditTrail, Authorizations, Change, CommitError, DeleteEvents, SecretName, TokenCache, Vault},
};

/// Ends an authorization.
#[derive(Debug)]
pub struct Disconnect<'a, S, V> {
    /// The store.
    pub store: &'a S,
    /// Where the tenant's Secrets are.
    pub vault: &'a V,
    /// Whether the tenant's events are deleted too, or kept until they end by themselves.
    pub delete_events: bool,
}

impl<S, V> Disconnect<'_, S, V>
where
    S: Authorizations + AuditTrail + DeleteEvents + TokenCache,
    V: Vault,
{
    /// Ends the authorization; one that has ended already is answered alike.
    ///
    /// # Errors
    /// [`StepError::StateChanged`] or the store's failure; asking again goes on where this stopped.
    pub async fn run(&self, tenant_id: &TenantId, occasion: Occasion<'_>) -> Result<(), StepError> {
        for _ in 0..5 {
            let mut authorization = self.store.authorization(tenant_id).await?;
            if authorization.is_empty() {
                return self.clean_up(authorization, occasion.clock).await;
            }
            let before = authorization.clone();
            let callbacks = callbacks_of(self.store, &before).await?;
            let ending = Ending {
                action: Action::Disconnected,
                delete_events: self.delete_events,
                callbacks: &callbacks,
            };
            let mut changes = ending.of(&mut authorization, occasion);
            authorization.installation = None;
            authorization.health = Health::Ok;
            changes.extend(saved(&before, authorization, occasion));
            match self.store.commit(changes).await {
                Ok(()) => {
                    let ended = self.store.authorization(tenant_id).await?;
                    return self.clean_up(ended, occasion.clock).await;
                }
                Err(CommitError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StepError::StateChanged)
    }

    /// Does what an ended authorization has left to do; what takes too long is left for the next attempt.
    ///
    /// # Errors
    /// The store's failure; it is to be tried again.
    pub async fn clean_up(&self, mut authorization: Authorization, clock: &dyn Clock) -> Result<(), StepError> {
        let Some(cleanup) = authorization.cleanup.take() else {
            return Ok(());
        };
        let tenant_id = authorization.tenant_id.clone();
        let mut left = Vec::new();
        for task in cleanup.tasks {
            match task {
                CleanupTask::Installation => {
                    self.vault.delete(&SecretName::Installation(tenant_id.clone())).await?;
                    self.store.drop_token(&token_name(&tenant_id, "installation")).await?;
                }
                CleanupTask::Scope(scope) => {
                    self.vault.delete(&SecretName::Scope(tenant_id.clone(), scope)).await?;
                    self.store.drop_token(&token_name(&tenant_id, scope.as_str())).await?;
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

/// What was authentic a moment before the end is stored a moment after it. Whoever begins anew meanwhile keeps his own events.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(10);

/// Less than the functions that clean up may run.
const DELETE_FOR: SignedDuration = SignedDuration::from_secs(10);

/// A clean-up that has not finished by then is finished by the schedule.
pub(super) const UNFINISHED: SignedDuration = SignedDuration::from_mins(5);

/// How an authorization ends.
pub(super) struct Ending<'a> {
    /// By whose doing.
    pub(super) action: Action,
    /// Whether its events end with it.
    pub(super) delete_events: bool,
    /// Its callbacks.
    pub(super) callbacks: &'a [Option<Callback>; 2],
}

impl Ending<'_> {
    /// Empties an authorization, and answers what must be written together with it. The installation is left to the caller,
    /// who removes it or marks it as cancelled.
    pub(super) fn of(&self, authorization: &mut Authorization, occasion: Occasion<'_>) -> Vec<Change> {
        let tenant_id = authorization.tenant_id.clone();
        let mut changes = vec![Change::Audit(tenant_id.clone(), occasion.entry(self.action))];
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
        let callbacks = self.callbacks.iter().flatten();
        changes.extend(callbacks.flat_map(|callback| removed_callback(callback, occasion)));
        if self.delete_events {
            tasks.push(CleanupTask::Events);
        }
        tasks.sort_unstable();
        tasks.dedup();
        authorization.completed_at = None;
        let since = occasion.now();
        authorization.cleanup = Some(Cleanup { tasks, since });
        // Should this attempt die before it has cleaned up, the schedule goes on with it.
        authorization.next_check_at = Some(since + UNFINISHED);
        changes
    }
}

/// The name under which a tenant's access token is cached.
pub(super) fn token_name(tenant_id: &TenantId, kind: &str) -> String {
    format!("tenant/{tenant_id}/{kind}")
}
