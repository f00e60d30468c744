//! Looks at bindings by itself: the authorization, each Secret, credentials whose time is over, disconnects that died half-way.
//!
//! Which tenants are due stands in an index; a run takes those that have waited longest, one after the other, until it has
//! done its share or its time is up. The next run goes on. A Secret that WeCom has refused is not asked about again until
//! somebody replaces it: repeated wrong Secrets ban everybody.

use jiff::{SignedDuration, Timestamp};
use wecom_client::{Error as WecomError, ErrorClass, ErrorCode};

use super::{Disconnect, Occasion, ProcessSuiteEvent, StepError, audited, error::BAN, saved, secret_kind::probe};
use crate::{
    audit::Action,
    authorization::{Authorization, CHECK_INTERVAL, KindCheck, ScopeState, SecretStatus},
    ids::{Scope, TenantId},
    store::{
        Attempts, AuditTrail, Authorizations, Change, CommitError, DeleteEvents, DueAuthorizations, Exchanges,
        InstallSessions, SecretName, SuiteTickets, TokenCache, Vault,
    },
};

/// Checks what is due.
#[derive(Debug)]
pub struct CheckHealth<'a, S, V> {
    /// What it shares with the events of the suite: reading an authorization again, and ending it.
    pub suite: ProcessSuiteEvent<'a, S, V>,
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
    S: Attempts
        + AuditTrail
        + Authorizations
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
        let mut run = HealthRun {
            ticket_age_seconds: age,
            ..HealthRun::default()
        };
        for tenant_id in store.due(occasion.now(), share).await? {
            let banned = store.ban(occasion.now()).await?.is_some();
            if banned || occasion.now() >= until {
                break;
            }
            match self.check(&tenant_id, occasion).await {
                Ok(()) => run.checked += 1,
                Err(error) => {
                    run.failed += 1;
                    tracing::error!(error = %error, "a binding could not be checked");
                    self.postpone(&tenant_id, occasion).await?;
                }
            }
        }
        Ok(run)
    }

    async fn check(&self, tenant_id: &TenantId, occasion: Occasion<'_>) -> Result<(), StepError> {
        let store = self.suite.access.store;
        let before = store.authorization(tenant_id).await?;
        if before.cleanup.is_some() {
            let disconnect = Disconnect {
                store,
                vault: self.suite.vault,
                delete_events: self.suite.delete_events,
            };
            return disconnect.clean_up(before).await;
        }
        if let Some(installation) = before.installed() {
            // Ends the authorization, too, when WeCom says that it is over.
            self.suite
                .refresh(&installation.corp_id, occasion.now(), occasion)
                .await?;
        }
        let before = store.authorization(tenant_id).await?;
        let mut observed = Vec::new();
        if before.installed().is_some() {
            for scope in Scope::ALL {
                if let Some(observation) = self.observe(&before, scope, occasion).await? {
                    observed.push((scope, before.scope(scope).clone(), observation));
                }
            }
        }
        self.write_down(tenant_id, &observed, occasion).await?;
        self.destroy_ended_credentials(&before, occasion).await
    }

    /// Asks WeCom about a Secret that it took when it was last asked.
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
        let wecom = self.suite.access.wecom;
        let token = match wecom.access_token(registered.corp_id.as_str(), &secret).await {
            Ok(token) => token.token,
            Err(error) => return self.not_taken(error, registered.kind_check, occasion).await,
        };
        let kind_check = match probe(wecom, scope, &token).await {
            Ok(()) => KindCheck::Confirmed,
            Err(WecomError::Refused(refusal)) => match refusal.errcode {
                ErrorCode::IP_NOT_TRUSTED => KindCheck::IpNotTrusted,
                ErrorCode::FORBIDDEN_FOR_CONTACTS_SECRET if scope == Scope::Contacts => KindCheck::Confirmed,
                _ if refusal.errcode.class() == ErrorClass::Retry => return Ok(None),
                _ => KindCheck::Unconfirmed,
            },
            // WeCom's bad moment says nothing of the Secret.
            Err(_) => return Ok(None),
        };
        Ok(Some(Observation {
            status: SecretStatus::Accepted,
            kind_check,
        }))
    }

    async fn not_taken(
        &self,
        error: WecomError,
        kind_check: KindCheck,
        occasion: Occasion<'_>,
    ) -> Result<Option<Observation>, StepError> {
        let WecomError::Refused(refusal) = error else {
            return Ok(None);
        };
        match refusal.errcode {
            ErrorCode::INVALID_SECRET | ErrorCode::FOREIGN_SECRET | ErrorCode::INVALID_CORP_ID => {
                Ok(Some(Observation {
                    status: SecretStatus::Rejected,
                    kind_check,
                }))
            }
            ErrorCode::IP_NOT_TRUSTED => Ok(Some(Observation {
                status: SecretStatus::Accepted,
                kind_check: KindCheck::IpNotTrusted,
            })),
            _ if refusal.errcode.class() == ErrorClass::Ban => {
                let until = occasion.now() + BAN;
                self.suite.access.store.note_ban(until).await?;
                Err(StepError::WecomBan { until })
            }
            _ => Ok(None),
        }
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
                if (secret.status, secret.kind_check) != (observation.status, observation.kind_check) {
                    let word = if observation.status == SecretStatus::Accepted {
                        "accepted"
                    } else {
                        "rejected"
                    };
                    let entry = occasion.entry(Action::SecretChecked).of(*scope).with("status", word);
                    changes.push(audited(tenant_id, entry));
                }
                secret.status = observation.status;
                secret.kind_check = observation.kind_check;
                secret.checked_at = occasion.now();
            }
            authorization.next_check_at = next_check(&authorization, occasion.now());
            changes.extend(saved(&unchanged, authorization, occasion));
            match self.suite.access.store.commit(changes).await {
                Err(CommitError::Stale) => {}
                other => return other.map_err(StepError::from),
            }
        }
        Err(StepError::StateChanged)
    }

    /// Credentials whose grace period is over are refused already; here they are destroyed.
    async fn destroy_ended_credentials(
        &self,
        authorization: &Authorization,
        occasion: Occasion<'_>,
    ) -> Result<(), StepError> {
        let store = self.suite.access.store;
        for scope in Scope::ALL {
            let Some(id) = &authorization.scope(scope).callback_id else {
                continue;
            };
            let Some(mut callback) = store.callback(id).await? else {
                continue;
            };
            if callback
                .previous
                .take_if(|previous| previous.valid_until <= occasion.now())
                .is_none()
            {
                continue;
            }
            match store.commit(vec![Change::SaveCallback(Box::new(callback))]).await {
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
/// nothing to check any more is not due.
fn next_check(authorization: &Authorization, now: Timestamp) -> Option<Timestamp> {
    authorization.installed()?;
    let spread = authorization.tenant_id.as_str().bytes().map(i64::from).sum::<i64>() % 60;
    Some(now + CHECK_INTERVAL + SignedDuration::from_mins(spread))
}
