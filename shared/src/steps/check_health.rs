//! Looks at bindings by itself: the authorization, each Secret, credentials whose time is over or whose sealing key was replaced,
//! disconnects that died half-way.
//!
//! Which tenants are due stands in an index; a run takes those that have waited longest, a few at a time, until it has done
//! its share or its time is up. The next run goes on. A Secret that WeCom has refused is not asked about again until somebody
//! replaces it: repeated wrong Secrets ban everybody.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::{
    audit::Action,
    authorization::{Authorization, ScopeState, SecretStatus},
    context::{Context, audited, saved, saved_callback},
    error::StepError,
    ids::{Scope, TenantId},
    lifecycle::{Lifecycle, POSTPONED, next_check},
    sealing::SealingKeys,
    store::{Change, CommitError, SecretName},
    suite::Observation,
};

/// Checks what is due.
#[derive(Debug)]
pub struct CheckHealth<'a> {
    /// Refreshes and ends authorizations.
    pub lifecycle: Lifecycle<'a>,
    /// The sealing keys, to seal again what lies under an old one.
    pub keys: &'a SealingKeys,
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

impl CheckHealth<'_> {
    /// Looks at up to `share` tenants that are due, and begins with none after `until`.
    ///
    /// # Errors
    /// When the store cannot say who is due; a tenant that cannot be looked at does not end the run.
    pub async fn run(&self, share: usize, until: Timestamp, context: Context<'_>) -> Result<HealthRun, StepError> {
        let store = self.lifecycle.suite.store;
        let suite_id = self.lifecycle.suite.vault.suite(context.now()).await?.suite_id;
        let ticket = store.ticket(&suite_id).await?;
        let age = ticket.map(|(_, issued_at)| context.now().duration_since(issued_at).as_secs());
        let queue = Mutex::new(store.due_authorizations(context.now(), share).await?.into_iter());
        // So many at a time that 100,000 tenants fit into the interval, so few that WeCom does not notice
        // (docs/architecture.md#looking-at-100000-tenants).
        let (a, b, c, d) = tokio::try_join!(
            self.work_off(&queue, until, context),
            self.work_off(&queue, until, context),
            self.work_off(&queue, until, context),
            self.work_off(&queue, until, context),
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
        context: Context<'_>,
    ) -> Result<(usize, usize), StepError> {
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let (mut checked, mut failed) = (0, 0);
        while let Some(tenant_id) = next() {
            let banned = self.lifecycle.suite.store.ban(context.now()).await?.is_some();
            if banned || context.now() >= until {
                break;
            }
            // Boxed: four of these lie beside one another.
            match Box::pin(self.check(&tenant_id, context)).await {
                Ok(()) => checked += 1,
                Err(error) => {
                    failed += 1;
                    tracing::error!(error = %error, "a binding could not be checked");
                    self.postpone(&tenant_id, context).await?;
                }
            }
        }
        Ok((checked, failed))
    }

    async fn check(&self, tenant_id: &TenantId, context: Context<'_>) -> Result<(), StepError> {
        let store = self.lifecycle.suite.store;
        let mut before = store.authorization(tenant_id).await?;
        if before.cleanup.is_some() {
            self.lifecycle.termination.clean_up(before, context.clock).await?;
            before = store.authorization(tenant_id).await?;
            if before.installed().is_none() {
                return Ok(());
            }
        }
        // First, because it depends on nobody's answer.
        self.tend_callbacks(&before, context).await?;
        if let Some(installation) = before.installed() {
            // Ends the authorization, too, when WeCom says that it is over.
            self.lifecycle
                .refresh(&installation.corp_id, context.now(), context)
                .await?;
        }
        let before = store.authorization(tenant_id).await?;
        let (mut observed, mut failure) = (Vec::new(), None);
        if before.installed().is_some() {
            for scope in Scope::ALL {
                match self.observe(&before, scope, context).await {
                    Ok(Some(observation)) => observed.push((scope, before.scope(scope).clone(), observation)),
                    Ok(None) => {}
                    Err(error) => failure = Some(error),
                }
            }
        }
        // What is known is written down even so: a refused Secret must not be asked about again.
        self.write_down(tenant_id, &observed, context).await?;
        failure.map_or(Ok(()), Err)
    }

    /// Asks WeCom about a Secret that it accepted when it was last asked. `None` when the answer says nothing about it.
    async fn observe(
        &self,
        authorization: &Authorization,
        scope: Scope,
        context: Context<'_>,
    ) -> Result<Option<Observation>, StepError> {
        let secret = authorization.scope(scope).secret.as_ref();
        let Some(registered) = secret.filter(|secret| secret.status == SecretStatus::Accepted) else {
            return Ok(None);
        };
        let name = SecretName::Scope(authorization.tenant_id.clone(), scope);
        let vault = self.lifecycle.termination.vault;
        let Some(secret) = vault.read(&name, Some(&registered.version_id)).await? else {
            return Err(StepError::Internal(
                "a registered Secret is missing from the vault".into(),
            ));
        };
        let suite = self.lifecycle.suite;
        suite.observe_secret(scope, registered, &secret, context.clock).await
    }

    async fn write_down(
        &self,
        tenant_id: &TenantId,
        observed: &[(Scope, ScopeState, Observation)],
        context: Context<'_>,
    ) -> Result<(), StepError> {
        for _ in 0..3 {
            let mut authorization = self.lifecycle.suite.store.authorization(tenant_id).await?;
            let unchanged = authorization.clone();
            let mut changes = Vec::new();
            for (scope, before, observation) in observed {
                let state = authorization.scope_mut(*scope);
                // What was replaced meanwhile was checked when it was replaced.
                if state != before {
                    continue;
                }
                let Some(secret) = &mut state.secret else { continue };
                if secret.checked(observation.status, observation.kind_check, context.now()) {
                    let entry = context
                        .entry(Action::SecretChecked)
                        .of(*scope)
                        .with("status", observation.status.as_str())
                        .with("kind_check", observation.kind_check.as_str());
                    changes.push(audited(tenant_id, entry));
                }
            }
            let [contacts, external_contacts] = self.lifecycle.suite.store.callbacks_of(&authorization).await?;
            authorization.health =
                authorization.health_at([contacts.as_ref(), external_contacts.as_ref()], context.now());
            authorization.next_check_at = next_check(&authorization, context.now());
            changes.extend(saved(&unchanged, authorization, context));
            match self.lifecycle.suite.store.commit(changes).await {
                Err(CommitError::Stale) => {}
                other => return other.map_err(StepError::from),
            }
        }
        Err(StepError::StateChanged)
    }

    /// Credentials whose grace period is over are refused already; here they are destroyed. The others are sealed again, if
    /// they lie under an old key: they stay what they are, so the audit trail says nothing of it.
    async fn tend_callbacks(&self, authorization: &Authorization, context: Context<'_>) -> Result<(), StepError> {
        let (store, now) = (self.lifecycle.suite.store, context.now());
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
            let resealed = keys.reseal(&mut callback, now, context.entropy);
            if !ended && !resealed {
                continue;
            }
            match store.commit(saved_callback(Some(&before), callback, context)).await {
                // Somebody is changing it; the next look finds them again.
                Ok(()) | Err(CommitError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// A tenant that cannot be looked at must not hold up the others.
    async fn postpone(&self, tenant_id: &TenantId, context: Context<'_>) -> Result<(), StepError> {
        let mut authorization = self.lifecycle.suite.store.authorization(tenant_id).await?;
        authorization.next_check_at = Some(context.now() + POSTPONED);
        match self
            .lifecycle
            .suite
            .store
            .commit(vec![Change::Save(Box::new(authorization))])
            .await
        {
            Ok(()) | Err(CommitError::Stale) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
