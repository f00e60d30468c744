//! Ends an authorization on request of its admin, and leaves nothing behind.
//!
//! Tests: `tests/it/half_disconnected.rs`, `tests/it/faults/concurrency.rs`.

use crate::{
    audit::Action,
    authorization::Health,
    context::{Context, audited},
    error::StepError,
    ids::TenantId,
    lifecycle::{DELETE_FOR, Termination, Update},
    store::Change,
};

/// Ends the authorization of one tenant.
#[derive(Debug)]
pub struct Disconnect<'a> {
    /// Ends it and cleans up after it.
    pub termination: Termination<'a>,
}

impl Disconnect<'_> {
    /// Ends the authorization. One that has ended already is a success, too: what an earlier attempt left is cleaned up. A further
    /// binding is removed with it.
    ///
    /// # Errors
    /// [`StepError::StateChanged`], or the failure of the stores. A retry continues.
    pub async fn run(&self, tenant_id: &TenantId, context: Context<'_>) -> Result<(), StepError> {
        let termination = self.termination;
        let mut update = Update::of(termination.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            let is_removed = tenant_id.is_further() && authorization.is_binding();
            let mut changes = if authorization.is_empty() {
                if !is_removed {
                    break;
                }
                vec![audited(tenant_id, context.entry(Action::Disconnected))]
            } else {
                let callbacks = termination.store.callbacks_of(&authorization).await?;
                termination.end(&mut authorization, &callbacks, Action::Disconnected, context)
            };
            if is_removed {
                let mut bindings = termination.store.bindings(tenant_id).await?;
                bindings.remove(&tenant_id.binding_id());
                authorization.is_removed = true;
                changes.push(Change::SaveBindings(tenant_id.tenant(), bindings));
            }
            // The admin is told that nothing can be restored, also of an authorization that WeCom ended before.
            changes.push(Change::ForgetRecoverable(tenant_id.clone()));
            authorization.installation = None;
            (authorization.health, authorization.finding) = (Health::Ok, None);
            if update.commit(authorization, changes).await? {
                break;
            }
        }
        // `check-health` deletes what is left.
        termination.clean_up(tenant_id, DELETE_FOR, context).await.map(drop)
    }
}
