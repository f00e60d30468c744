//! One look at a tenant: WeCom is asked about its authorization and each of its Secrets, and the answers are stored.

use super::{Lifecycle, due::next_check, update::Update};
use crate::{
    audit::Action,
    authorization::{Authorization, Callback, ScopeState, SecretStatus},
    context::{Context, audited},
    error::StepError,
    ids::Scope,
    store::DynamoDb,
    suite::{Observation, registered_secret},
};

/// A tenant that is about to be looked at.
pub(crate) struct Subject {
    authorization: Authorization,
    /// Its callbacks with their counters, contacts first.
    pub(crate) callbacks: [Option<Callback>; 2],
    /// The tables, with what else the look needs read ahead.
    store: DynamoDb,
}

/// Whether WeCom answered everything that it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    /// WeCom answered every question.
    Everything,
    /// It was too busy or could not be reached for some; what is stored about those is as it was.
    Partly,
}

impl Lifecycle<'_> {
    /// Reads what a look at this authorization needs of the tables, in one call.
    ///
    /// # Errors
    /// When a store fails.
    pub(crate) async fn subject(
        &self,
        authorization: Authorization,
        context: Context<'_>,
    ) -> Result<Subject, StepError> {
        let store = self.suite.read_ahead(&authorization, context.clock).await?;
        Ok(Subject {
            callbacks: store.callbacks_of(&authorization).await?,
            authorization,
            store,
        })
    }

    /// Asks WeCom about the authorization of a tenant and each of its Secrets, stores the answers, and plans the next check. Ends the
    /// authorization when WeCom says that it is over. A Secret that WeCom has refused is not asked about again, because
    /// repeated wrong Secrets lead to a ban of our address.
    ///
    /// # Errors
    /// The failure of a call, [`StepError::StateChanged`], or the failure of the stores. What WeCom answered before is stored.
    pub(crate) async fn look(&self, subject: Subject, context: Context<'_>) -> Result<Answered, StepError> {
        let Subject {
            authorization: mut before,
            callbacks,
            store,
        } = subject;
        let lifecycle = Lifecycle {
            suite: self.suite.with_store(&store),
            ..*self
        };
        let mut callbacks = Some(callbacks);
        if lifecycle.refresh_for(&before, context.now(), context).await? {
            before = store.authorization(&before.tenant_id).await?;
            // They may have ended.
            callbacks = None;
        }
        let (mut observed, mut failure, mut answered) = (Vec::new(), None, Answered::Everything);
        if before.installed().is_some() {
            for scope in Scope::ALL {
                match lifecycle.observe(&before, scope, context).await {
                    Ok(Observed::Answered(observation)) => {
                        observed.push((scope, before.scope(scope).clone(), observation));
                    }
                    Ok(Observed::Unanswered) => answered = Answered::Partly,
                    Ok(Observed::NotAsked) => {}
                    Err(error) => failure = Some(error),
                }
            }
        }
        // The results so far are stored even after a failure: a refused Secret must not be tried again.
        lifecycle.write_down(&before, callbacks, &observed, context).await?;
        failure.map_or(Ok(answered), Err)
    }

    /// Asks WeCom about a Secret that it did not refuse when it was last asked.
    async fn observe(
        &self,
        authorization: &Authorization,
        scope: Scope,
        context: Context<'_>,
    ) -> Result<Observed, StepError> {
        let secret = authorization.scope(scope).secret.as_ref();
        let Some(registered) = secret.filter(|secret| secret.status != SecretStatus::Rejected) else {
            return Ok(Observed::NotAsked);
        };
        let vault = self.termination.vault;
        let secret = registered_secret(vault, &authorization.tenant_id, scope, registered).await?;
        let Some(secret) = secret else {
            tracing::error!(tenant.id = %authorization.tenant_id, scope = scope.as_str(), "a registered Secret is missing in Secrets Manager");
            let (status, kind_check) = (SecretStatus::Missing, registered.kind_check);
            return Ok(Observed::Answered(Observation { status, kind_check }));
        };
        let tenant_id = &authorization.tenant_id;
        let observation = self
            .suite
            .observe_secret(tenant_id, scope, registered, &secret, context)
            .await?;
        Ok(observation.map_or(Observed::Unanswered, Observed::Answered))
    }

    /// Stores what WeCom answered. `known` and `callbacks` are what the first attempt decides on.
    async fn write_down(
        &self,
        known: &Authorization,
        mut callbacks: Option<[Option<Callback>; 2]>,
        observed: &[(Scope, ScopeState, Observation)],
        context: Context<'_>,
    ) -> Result<(), StepError> {
        let (store, tenant_id) = (self.suite.store, &known.tenant_id);
        let mut update = Update::with(store, known, context);
        loop {
            let mut authorization = update.read().await?;
            let mut changes = Vec::new();
            for (scope, before, observation) in observed {
                let state = authorization.scope_mut(*scope);
                // A Secret that was replaced in the meantime was checked then.
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
            // Read again with the authorization after a stale attempt.
            let [contacts, external_contacts] = match callbacks.take() {
                Some(read) => read,
                None => store.callbacks_of(&authorization).await?,
            };
            authorization.assess([contacts.as_ref(), external_contacts.as_ref()], context.now());
            // A check that is planned sooner is not postponed: `check-health` does more than this.
            let planned = authorization.next_check_at.filter(|at| *at > context.now());
            let usual = next_check(&authorization, context.now());
            authorization.next_check_at = planned.into_iter().chain(usual).min();
            if update.commit(authorization, changes).await? {
                return Ok(());
            }
        }
    }
}

/// What came of asking WeCom about one Secret.
enum Observed {
    /// The answer, or that the Secret is missing in Secrets Manager.
    Answered(Observation),
    /// WeCom was too busy or could not be reached.
    Unanswered,
    /// There is no Secret, or WeCom refused it before.
    NotAsked,
}
