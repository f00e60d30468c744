//! Finds secrets of tenants in Secrets Manager that no record names, and has them deleted.
//!
//! Every write of a secret is planned in the tenant's record (`authorization/cleanup.rs`), so there should be none. One is left
//! behind by a restored table, by a hand, by a defect, or by a version before writes were planned. This run deletes nothing: it plans
//! the deletion in the record, under the record's lock, and `check-health` carries it out under the same claim as any other. So a
//! registration that begins meanwhile keeps its Secret. A secret that a record names and Secrets Manager lacks is found by
//! `check-health`, which reads each within 13 hours.
//!
//! Tests: `tests/it/reconcile.rs`.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    authorization::CleanupTask,
    context::Context,
    error::StepError,
    ids::TenantId,
    lifecycle::Update,
    store::{DynamoDb, ListedSecret, SecretName, SecretsManager},
};

/// A secret that was changed within this time is not looked at: the list and the record may be of different moments.
const SAFE_AGE: SignedDuration = SignedDuration::from_hours(1);

/// Compares Secrets Manager with the records.
#[derive(Debug)]
pub struct ReconcileSecrets<'a> {
    /// The tenants' records.
    pub store: &'a DynamoDb,
    /// The tenants' secrets, of which only the names are read.
    pub vault: &'a SecretsManager,
}

/// The result of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReconcileRun {
    /// The number of secrets of tenants that were compared.
    pub compared: usize,
    /// The number of those that nothing named, and whose deletion is planned now.
    pub orphaned: usize,
    /// The number of tenants whose record could not be read or written.
    pub failed: usize,
}

impl ReconcileSecrets<'_> {
    /// Compares all secrets of tenants, and begins no page of them after `until`.
    ///
    /// # Errors
    /// [`StepError::Internal`] when not all could be compared in time, or the failure of the vault. What was planned remains. A
    /// record that cannot be read does not end the run.
    pub async fn run(&self, until: Timestamp, context: Context<'_>) -> Result<ReconcileRun, StepError> {
        let (mut run, mut next) = (ReconcileRun::default(), None);
        loop {
            if context.now() >= until {
                return Err(StepError::Internal(
                    "the secrets could not all be compared in time".into(),
                ));
            }
            let (page, following) = self.vault.list(next).await?;
            let by_tenant = settled(page, context.now());
            run.compared += by_tenant.values().map(Vec::len).sum::<usize>();
            let queue = Mutex::new(by_tenant.into_iter());
            // Four at a time: 300,000 secrets in less than the function's quarter of an hour, at 5 ms for each record.
            let (a, b, c, d) = tokio::join!(
                self.work_off(&queue, context),
                self.work_off(&queue, context),
                self.work_off(&queue, context),
                self.work_off(&queue, context),
            );
            for (orphaned, failed) in [a, b, c, d] {
                run.orphaned += orphaned;
                run.failed += failed;
            }
            if following.is_none() {
                return Ok(run);
            }
            next = following;
        }
    }

    /// Returns how many secrets of the queue are orphaned, and of how many tenants that is unknown.
    async fn work_off(
        &self,
        queue: &Mutex<impl Iterator<Item = (TenantId, Vec<CleanupTask>)> + Send>,
        context: Context<'_>,
    ) -> (usize, usize) {
        let following = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let (mut orphaned, mut failed) = (0, 0);
        while let Some((tenant_id, secrets)) = following() {
            // Boxed, because four of these futures are part of one.
            match Box::pin(self.plan(&tenant_id, &secrets, context)).await {
                Ok(planned) => orphaned += planned,
                Err(error) => {
                    failed += 1;
                    tracing::error!(error = %error, tenant.id = %tenant_id, "the secrets of a tenant could not be compared");
                }
            }
        }
        (orphaned, failed)
    }

    /// Plans the deletion of those of a tenant's secrets that its record does not know. Returns their number.
    async fn plan(
        &self,
        tenant_id: &TenantId,
        secrets: &[CleanupTask],
        context: Context<'_>,
    ) -> Result<usize, StepError> {
        let mut update = Update::of(self.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            let mut orphans = secrets.to_vec();
            orphans.retain(|secret| authorization.plan_orphan(*secret, context.now()));
            if update.commit(authorization, Vec::new()).await? {
                for secret in &orphans {
                    // The alarm on them counts these lines (template.yaml).
                    tracing::error!(tenant.id = %tenant_id, secret = secret.as_str(), "a secret that no record names will be deleted");
                }
                return Ok(orphans.len());
            }
        }
    }
}

/// The secrets of a page that have not changed lately, by tenant.
fn settled(page: Vec<ListedSecret>, now: Timestamp) -> BTreeMap<TenantId, Vec<CleanupTask>> {
    let mut by_tenant: BTreeMap<TenantId, Vec<CleanupTask>> = BTreeMap::new();
    for ListedSecret { name, changed_at } in page {
        let (tenant_id, secret) = match name {
            SecretName::Installation(tenant_id) => (tenant_id, CleanupTask::Installation),
            SecretName::Scope(tenant_id, scope) => (tenant_id, CleanupTask::Scope(scope)),
            SecretName::Suite | SecretName::AnotherSuite(_) | SecretName::Webhook | SecretName::SealingKey => continue,
        };
        if changed_at.is_some_and(|at| at + SAFE_AGE <= now) {
            by_tenant.entry(tenant_id).or_default().push(secret);
        }
    }
    by_tenant
}
