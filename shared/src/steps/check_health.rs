//! Looks at bindings by itself: the authorization, each Secret, credentials whose time is over or whose sealing key was replaced,
//! disconnects that died half-way.
//!
//! Which tenants are due stands in an index; a run takes those that have waited longest, a few at a time, until it has done
//! its share or its time is up. The next run goes on. A Secret that WeCom has refused is not asked about again until somebody
//! replaces it: repeated wrong Secrets ban everybody.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use wecom_client::ErrorClass;

use super::{
    Occasion, ProcessSuiteEvent, StepError, audited,
    breaker::ask,
    complete_authorization::callbacks_of,
    disconnect::UNFINISHED,
    process_suite_event::DOUBT,
    saved, saved_callback,
    secret_kind::{WRONG_SECRET, probe, told_by},
};
use crate::{
    audit::Action,
    authorization::{Authorization, CHECK_INTERVAL, KindCheck, ScopeState, SecretStatus},
    ids::{Scope, TenantId},
    store::{
        AuditTrail, Authorizations, Breaker, Change, CommitError, DeleteEvents, DueAuthorizations, Exchanges,
        InstallSessions, SealingKeys, SecretName, SuiteTickets, TokenCache, Vault,
    },
};

/// Checks what is due.
#[derive(Debug)]
pub struct CheckHealth<'a, S, V> {
    /// What it shares with the events of the suite: reading an authorization again, and ending it.
    pub suite: ProcessSuiteEvent<'a, S, V>,
    /// The sealing keys, to seal again what lies under an old one.
    pub keys: &'a SealingKeys<V>,
}

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HealthRun {
    /// Tenants that were looked at.
    pub checked: usize,
    /// Tenants that could not be looked at; they are still due.
    pub failed: usize,
    /// How old the suite ticket is, in seconds.
    pub ticket_age_seconds: Option<i64>,
}

/// What WeCom said of one Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Observation {
    status: SecretStatus,
    kind_check: KindCheck,
}

impl<S, V> CheckHealth<'_, S, V>
where
    S: AuditTrail
        + Authorizations
        + Breaker
        + DeleteEvents
        + DueAuthorizations
        + Exchanges
        + InstallSessions
        + SuiteTickets
        + TokenCache,
    V: Vault,
{
    /// Looks at up to `share` tenants that are due, and begins with none after `until`.
    ///
    /// # Errors
    /// When the store cannot say who is due; a tenant that cannot be looked at does not end the run.
    pub async fn run(&self, share: usize, until: Timestamp, occasion: Occasion<'_>) -> Result<HealthRun, StepError> {
        let store = self.suite.access.store;
        let suite_id = self.suite.access.suite.suite().await?.suite_id;
        let ticket = store.ticket(&suite_id).await?;
        let age = ticket.map(|(_, issued_at)| occasion.now().duration_since(issued_at).as_secs());
        let queue = Mutex::new(store.due(occasion.now(), share).await?.into_iter());
        // So many at a time that 100,000 tenants fit into the interval, so few that WeCom does not notice
        // (docs/architecture.md#looking-at-100000-tenants).
        let (a, b, c, d) = tokio::try_join!(
            self.work_off(&queue, until, occasion),
            self.work_off(&queue, until, occasion),
            self.work_off(&queue, until, occasion),
            self.work_off(&queue, until, occasion),
        )?;
        let looks = [a, b, c, d];
        Ok(HealthRun {
            checked: looks.iter().map(|(checked, _)| checked).sum(),
            failed: looks.iter().map(|(_, failed)| failed).sum(),
            ticket_age_seconds: age,
        })
    }

    /// Looks at one tenant of the queue after the other. Answers how many could be looked at, and how many could not.
    async fn work_off(
        &self,
        queue: &Mutex<impl Iterator<Item = TenantId> + Send>,
        until: Timestamp,
        occasion: Occasion<'_>,
    ) -> Result<(usize, usize), StepError> {
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let (mut checked, mut failed) = (0, 0);
        while let Some(tenant_id) = next() {
            let banned = self.suite.access.store.ban(occasion.now()).await?.is_some();
            if banned || occasion.now() >= until {
                break;
            }
            // Boxed: four of these lie beside one another.
            match Box::pin(self.check(&tenant_id, occasion)).await {
                Ok(()) => checked += 1,
                Err(error) => {
                    failed += 1;
                    tracing::error!(error = %error, "a binding could not be checked");
                    self.postpone(&tenant_id, occasion).await?;
                }
            }
        }
        Ok((checked, failed))
    }

    async fn check(&self, tenant_id: &TenantId, occasion: Occasion<'_>) -> Result<(), StepError> {
        let store = self.suite.access.store;
        let mut before = store.authorization(tenant_id).await?;
        if before.cleanup.is_some() {
            self.suite.disconnect().clean_up(before, occasion.clock).await?;
            before = store.authorization(tenant_id).await?;
            if before.installed().is_none() {
                return Ok(());
            }
        }
        // First, because it depends on nobody's answer.
        self.tend_callbacks(&before, occasion).await?;
        if let Some(installation) = before.installed() {
            // Ends the authorization, too, when WeCom says that it is over.
            self.suite
                .refresh(&installation.corp_id, occasion.now(), occasion)
                .await?;
        }
        let before = store.authorization(tenant_id).await?;
        let (mut observed, mut failure) = (Vec::new(), None);
        if before.installed().is_some() {
            for scope in Scope::ALL {
                match self.observe(&before, scope, occasion).await {
                    Ok(Some(observation)) => observed.push((scope, before.scope(scope).clone(), observation)),
                    Ok(None) => {}
                    Err(error) => failure = Some(error),
                }
            }
        }
        // What is known is written down even so: a refused Secret must not be asked about again.
        self.write_down(tenant_id, &observed, occasion).await?;
        failure.map_or(Ok(()), Err)
    }

    /// Asks WeCom about a Secret that it took when it was last asked. `None` when it says nothing of the Secret.
    async fn observe(
        &self,
        authorization: &Authorization,
        scope: Scope,
        occasion: Occasion<'_>,
    ) -> Result<Option<Observation>, StepError> {
        let accepted = authorization
            .scope(scope)
            .secret
            .as_ref()
            .filter(|s| s.status == SecretStatus::Accepted);
        let Some(registered) = accepted else { return Ok(None) };
        let name = SecretName::Scope(authorization.tenant_id.clone(), scope);
        let Some(secret) = self.suite.vault.read(&name, Some(&registered.version_id)).await? else {
            return Err(StepError::Internal(
                "a registered Secret is missing from the vault".into(),
            ));
        };
        let access = &self.suite.access;
        let accepted_as = |kind_check| Observation {
            status: SecretStatus::Accepted,
            kind_check,
        };
        let token = access.wecom.access_token(registered.corp_id.as_str(), &secret);
        let token = match ask(access.store, occasion.clock, token).await {
            Ok(token) => token.token,
            Err(error) => {
                let Some(refusal) = error.refusal()? else {
                    return Ok(None);
                };
                let rejected = WRONG_SECRET.contains(&refusal.errcode).then_some(Observation {
                    status: SecretStatus::Rejected,
                    kind_check: registered.kind_check,
                });
                return Ok(rejected.or_else(|| told_by(&refusal, scope).map(accepted_as)));
            }
        };
        let Err(error) = probe(access, scope, &token, occasion.clock).await else {
            return Ok(Some(accepted_as(KindCheck::Confirmed)));
        };
        let Some(refusal) = error.refusal()? else {
            return Ok(None);
        };
        let kind_check = match told_by(&refusal, scope) {
            Some(told) => Some(told),
            None => match refusal.errcode.class() {
                ErrorClass::Retry | ErrorClass::SlowDown | ErrorClass::Refresh => None,
                _ => Some(KindCheck::Unconfirmed),
            },
        };
        Ok(kind_check.map(accepted_as))
    }

    async fn write_down(
        &self,
        tenant_id: &TenantId,
        observed: &[(Scope, ScopeState, Observation)],
        occasion: Occasion<'_>,
    ) -> Result<(), StepError> {
        for _ in 0..3 {
            let mut authorization = self.suite.access.store.authorization(tenant_id).await?;
            let unchanged = authorization.clone();
            let mut changes = Vec::new();
            for (scope, before, observation) in observed {
                let state = authorization.scope_mut(*scope);
                // What was replaced meanwhile was checked when it was replaced.
                if state != before {
                    continue;
                }
                let Some(secret) = &mut state.secret else { continue };
                if secret.checked(observation.status, observation.kind_check, occasion.now()) {
                    let entry = occasion
                        .entry(Action::SecretChecked)
                        .of(*scope)
                        .with("status", observation.status.as_str())
                        .with("kind_check", observation.kind_check.as_str());
                    changes.push(audited(tenant_id, entry));
                }
            }
            let [contacts, external_contacts] = callbacks_of(self.suite.access.store, &authorization).await?;
            authorization.health =
                authorization.health_at([contacts.as_ref(), external_contacts.as_ref()], occasion.now());
            authorization.next_check_at = next_check(&authorization, occasion.now());
            changes.extend(saved(&unchanged, authorization, occasion));
            match self.suite.access.store.commit(changes).await {
                Err(CommitError::Stale) => {}
                other => return other.map_err(StepError::from),
            }
        }
        Err(StepError::StateChanged)
    }

    /// Credentials whose grace period is over are refused already; here they are destroyed. The others are sealed again, if
    /// they lie under an old key: they stay what they are, so the audit trail says nothing of it.
    async fn tend_callbacks(&self, authorization: &Authorization, occasion: Occasion<'_>) -> Result<(), StepError> {
        let (store, now) = (self.suite.access.store, occasion.now());
        for scope in Scope::ALL {
            let Some(id) = &authorization.scope(scope).callback_id else {
                continue;
            };
            let Some(before) = store.callback(id).await? else {
                continue;
            };
            let mut callback = before.clone();
            let ended = callback.end_previous(now);
            let keys = self.keys.to_seal(now).await?;
            let resealed = keys.reseal(&mut callback, now, occasion.entropy);
            if !ended && !resealed {
                continue;
            }
            match store.commit(saved_callback(Some(&before), callback, occasion)).await {
                // Somebody is changing it; the next look finds them again.
                Ok(()) | Err(CommitError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// A tenant that cannot be looked at must not hold up the others.
    async fn postpone(&self, tenant_id: &TenantId, occasion: Occasion<'_>) -> Result<(), StepError> {
        let mut authorization = self.suite.access.store.authorization(tenant_id).await?;
        authorization.next_check_at = Some(occasion.now() + POSTPONED);
        match self
            .suite
            .access
            .store
            .commit(vec![Change::Save(Box::new(authorization))])
            .await
        {
            Ok(()) | Err(CommitError::Stale) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

const POSTPONED: SignedDuration = SignedDuration::from_mins(30);

/// When to look again: spread by the tenant's name, so that tenants that began together do not stay together. Whoever has
/// nothing to check any more is not due; whose authorization is in doubt, or has left something to clean up, is soon.
fn next_check(authorization: &Authorization, now: Timestamp) -> Option<Timestamp> {
    if authorization.cleanup.is_some() {
        return Some(now + UNFINISHED);
    }
    if authorization.installed()?.doubted_at.is_some() {
        return Some(now + DOUBT);
    }
    let spread = authorization.tenant_id.as_str().bytes().map(i64::from).sum::<i64>() % 60;
    Some(now + CHECK_INTERVAL + SignedDuration::from_mins(spread))
}
