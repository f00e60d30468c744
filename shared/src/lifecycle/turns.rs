//! The clean-up in turns: what an end has left to delete is deleted beside the looks of `check-health`.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{DELETE_FOR, Termination};
use crate::{context::Context, error::StepError, ids::TenantId};

impl Termination<'_> {
    /// Deletes the events of the tenants that come in, one tenant at a time and in turns, until none are left or the time is up: a
    /// corporation's million events hold up neither the looks nor another's few. Returns how many tenants' could not be deleted.
    pub(crate) async fn delete_left(
        &self,
        mut left: UnboundedReceiver<TenantId>,
        until: Timestamp,
        context: Context<'_>,
    ) -> usize {
        let (mut waiting, mut failed) = (VecDeque::new(), 0);
        loop {
            while let Ok(tenant_id) = left.try_recv() {
                waiting.push_back(tenant_id);
            }
            let next = match waiting.pop_front() {
                Some(tenant_id) => Some(tenant_id),
                None => left.recv().await,
            };
            let Some(tenant_id) = next.filter(|_| context.now() < until) else {
                return failed;
            };
            // Boxed, because it is part of a future with four others.
            match Box::pin(self.take_turn(&tenant_id, DELETE_FOR, context)).await {
                Ok(true) => waiting.push_back(tenant_id),
                Ok(false) => {}
                Err(error) => {
                    failed += 1;
                    tracing::error!(error = %error, tenant.id = %tenant_id, "a binding's events could not be deleted");
                }
            }
        }
    }

    /// [`Self::clean_up`], and [`Self::certify`] when everything is deleted. Returns whether events are left.
    ///
    /// # Errors
    /// As both; a retry continues.
    pub(crate) async fn take_turn(
        &self,
        tenant_id: &TenantId,
        delete_for: SignedDuration,
        context: Context<'_>,
    ) -> Result<bool, StepError> {
        let are_left = self.clean_up(tenant_id, delete_for, context).await?;
        self.certify(tenant_id, context).await?;
        Ok(are_left)
    }
}
