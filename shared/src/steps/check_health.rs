//! Looks at bindings by itself: the authorization, each Secret, credentials whose time is over or whose sealing key was replaced,
//! disconnects that died half-way.
//!
//! An index holds the tenants that are due; a run takes those that have waited longest, a few at a time, until it has done
//! its share or its time is up. The next run goes on. Events that an end has left to delete are deleted beside that. A Secret
//! that WeCom has refused is not asked about again until somebody replaces it: repeated wrong Secrets ban everybody.
//!
//! Tests: `tests/it/year.rs`, `tests/it/uncertain_authorization.rs`, `tests/it/sealing.rs`, `tests/it/half_disconnected.rs`.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

use crate::{
    context::{Context, saved_callback},
    error::StepError,
    ids::{BreakerName, SuiteId, TenantId},
    lifecycle::{Lifecycle, POSTPONED, Subject},
    queue::Queue,
    sealing::SealingKeys,
    store::{CommitError, DeadLetterNote, HealthRunNote, SuiteNote},
};

/// Checks the tenants that are due.
#[derive(Debug)]
pub struct CheckHealth<'a> {
    /// Refreshes and ends authorizations.
    pub lifecycle: Lifecycle<'a>,
    /// The sealing keys, to seal again what is sealed under an old one.
    pub keys: &'a SealingKeys,
    /// The queues of what was given up, to count it for the operators.
    pub dead_letters: &'a BTreeMap<&'a str, Queue>,
}

/// The result of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HealthRun {
    /// The number of tenants that were checked.
    pub checked: usize,
    /// The number of tenants that could not be checked, which are due again in 30 minutes, or whose events could not be deleted, which
    /// is continued by the next run.
    pub failed: usize,
    /// The age of the first suite's ticket in seconds; `None` when there is none.
    pub ticket_age_seconds: Option<i64>,
}

impl CheckHealth<'_> {
    /// Checks up to `share` tenants that are due, and begins no check after `until`.
    ///
    /// # Errors
    /// The failure of the stores before the first check, or while a tenant is postponed. A tenant that cannot be
    /// checked does not end the run.
    pub async fn run(&self, share: usize, until: Timestamp, context: Context<'_>) -> Result<HealthRun, StepError> {
        let (store, vault) = (self.lifecycle.suite.store, self.lifecycle.suite.vault);
        let began_at = context.now();
        let first = self.ticket(&vault.suite(began_at).await?.suite_id, context).await?;
        let age = first
            .ticket_issued_at
            .map(|issued_at| began_at.duration_since(issued_at).as_secs());
        let mut suites = vec![first];
        for other in vault.others() {
            suites.push(self.ticket(other.as_str(), context).await?);
        }
        let queue = Mutex::new(store.due_authorizations(context.now(), share).await?.into_iter());
        let (left, of_workers) = mpsc::unbounded_channel();
        // Four at a time: enough for 100,000 tenants per interval, and few for WeCom (docs/architecture.md).
        let (a, b, c, d, not_deleted) = tokio::join!(
            self.work_off(&queue, left.clone(), until, context),
            self.work_off(&queue, left.clone(), until, context),
            self.work_off(&queue, left.clone(), until, context),
            self.work_off(&queue, left, until, context),
            self.lifecycle.termination.delete_left(of_workers, until, context),
        );
        let looks = [a, b, c, d];
        let run = HealthRun {
            checked: looks.iter().map(|(checked, _)| checked).sum(),
            failed: looks.iter().map(|(_, failed)| failed).sum::<usize>() + not_deleted,
            ticket_age_seconds: age,
        };
        if let Err(error) = self.report().await {
            tracing::error!(%error, "the tenants could not be counted");
        }
        // The checks are done, whether the operators see that or not.
        if let Err(error) = self.note(began_at, &run, suites, context).await {
            tracing::error!(%error, "a run could not be noted");
        }
        Ok(run)
    }

    /// Stores what the run saw, for the operators.
    async fn note(
        &self,
        at: Timestamp,
        run: &HealthRun,
        suites: Vec<SuiteNote>,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        let mut dead_letters = Vec::new();
        for (name, queue) in self.dead_letters {
            dead_letters.push(DeadLetterNote {
                queue: (*name).to_owned(),
                messages: queue.messages().await,
            });
        }
        let note = HealthRunNote {
            at,
            checked: run.checked,
            failed: run.failed,
            suites,
            sealing_key_since: self.keys.to_seal(context.now()).await?.newest_since(),
            dead_letters,
        };
        Ok(self.lifecycle.suite.store.note_health_run(&note).await?)
    }

    /// Writes down how many tenants are broken, and how many have each finding. The lists have the numbers.
    async fn report(&self) -> Result<(), StepError> {
        let counts = self.lifecycle.suite.store.listed_counts().await?;
        let of = |list: &str| counts.get(list).copied().unwrap_or_default();
        let (broken, all) = (
            of("health/broken"),
            of("health/ok") + of("health/attention") + of("health/broken"),
        );
        // The metrics of broken bindings read these lines (template.yaml).
        tracing::info!(broken, all, "bindings counted");
        for (list, tenants) in &counts {
            if let Some(finding) = list.strip_prefix("finding/") {
                tracing::info!(finding, tenants, "a finding counted");
            }
        }
        Ok(())
    }

    /// When a suite's ticket was issued.
    async fn ticket(&self, suite_id: &str, context: Context<'_>) -> Result<SuiteNote, StepError> {
        // Boxed, because the compiler limits how deep futures are nested.
        let ticket = Box::pin(self.lifecycle.suite.store.ticket(suite_id)).await?;
        let ticket_issued_at = ticket.map(|(_, issued_at)| issued_at);
        let age = ticket_issued_at.map(|issued_at| context.now().duration_since(issued_at).as_secs());
        // The metrics of the tickets' ages read these lines (template.yaml). A day means that there is none.
        let shown = age.unwrap_or(86_400);
        tracing::info!(suite_id, ticket_age_seconds = shown, "suite ticket checked");
        Ok(SuiteNote {
            suite_id: suite_id.to_owned(),
            ticket_issued_at,
        })
    }

    /// Checks one tenant of the queue after the other, and hands on to `left` those with events to delete. Returns how many could be
    /// checked, and how many could not. An error of one tenant counts, and never ends the run.
    async fn work_off(
        &self,
        queue: &Mutex<impl Iterator<Item = TenantId> + Send>,
        left: mpsc::UnboundedSender<TenantId>,
        until: Timestamp,
        context: Context<'_>,
    ) -> (usize, usize) {
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let (mut checked, mut failed) = (0, 0);
        while let Some(tenant_id) = next() {
            if context.now() >= until {
                break;
            }
            // Boxed, because four of these futures are part of one.
            match Box::pin(self.check(&tenant_id, &left, context)).await {
                Ok(()) => checked += 1,
                // Every suite's calls pause, and so for all tenants: those that are left stay due.
                Err(StepError::WecomBan { .. }) if self.suites_pause(context).await => {
                    failed += 1;
                    break;
                }
                Err(error) => {
                    failed += 1;
                    tracing::error!(error = %error, tenant.id = %tenant_id, "a binding could not be checked");
                    // Its record may be one that cannot be read, so it is not read again.
                    let later = context.now() + POSTPONED;
                    if let Err(error) = self.lifecycle.suite.store.postpone_check(&tenant_id, later).await {
                        tracing::error!(error = %error, tenant.id = %tenant_id, "a check could not be postponed");
                    }
                }
            }
        }
        (checked, failed)
    }

    async fn check(
        &self,
        tenant_id: &TenantId,
        left: &mpsc::UnboundedSender<TenantId>,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        let store = self.lifecycle.suite.store;
        let mut before = store.authorization(tenant_id).await?;
        if before.cleanup.is_some() || before.deletion.is_some() || before.has_expired_writes(context.now()) {
            // Some events only: others wait for their check.
            let termination = self.lifecycle.termination;
            if termination.take_turn(tenant_id, SignedDuration::ZERO, context).await? {
                // Nobody takes it when the time is up: the next run continues.
                _ = left.send(tenant_id.clone());
            }
            before = store.authorization(tenant_id).await?;
            if before.installed().is_none() {
                return Ok(());
            }
        }
        let mut subject = self.lifecycle.subject(before, context).await?;
        // First, because it does not depend on WeCom.
        self.tend_callbacks(&mut subject, context).await?;
        // Also ends the authorization when WeCom says that it is over. What WeCom did not answer is asked in the next check.
        Box::pin(self.lifecycle.look(subject, context)).await.map(|_| ())
    }

    /// Destroys credentials whose grace period is over; they are refused already. Seals the others again if they are
    /// sealed under an old key, which changes nothing for the admin and is not part of the audit trail.
    async fn tend_callbacks(&self, subject: &mut Subject, context: Context<'_>) -> Result<(), StepError> {
        let now = context.now();
        for callback in subject.callbacks.iter_mut().flatten() {
            let before = callback.clone();
            let ended = callback.end_previous(now);
            let keys = self.keys.to_seal(now).await?;
            let resealed = keys.reseal(callback, now, context.entropy);
            if !ended && !resealed {
                continue;
            }
            let changes = saved_callback(Some(&before), callback.clone(), context);
            match self.lifecycle.suite.store.commit(changes).await {
                // It was changed in the meantime; the next check finds them again.
                Ok(()) | Err(CommitError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Whether WeCom refuses the calls of every suite as too frequent. Unknown counts as no.
    async fn suites_pause(&self, context: Context<'_>) -> bool {
        let vault = self.lifecycle.suite.vault;
        let Ok(first) = vault.suite(context.now()).await else {
            return false;
        };
        let others = vault.others().map(SuiteId::as_str);
        for suite_id in std::iter::once(first.suite_id.as_str()).chain(others) {
            let breaker = self.lifecycle.suite.store.breaker(&BreakerName::suite(suite_id)).await;
            if !breaker.is_ok_and(|breaker| breaker.is_some_and(|breaker| breaker.is_open(context.now()))) {
                return false;
            }
        }
        true
    }
}
