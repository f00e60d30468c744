//! Adds a binding to a tenant, for a further corporation (docs/adr/0040-several-corporations.md).
//!
//! Tests: `tests/it/bindings.rs`.

use crate::{
    audit::Action,
    authorization::Authorization,
    context::{Context, audited, saved},
    error::StepError,
    ids::{BindingId, TenantId},
    lifecycle::{Attempts, is_committed},
    store::{Change, DynamoDb},
};

/// Adds a binding to a tenant.
#[derive(Debug)]
pub struct AddBinding<'a> {
    /// The table of states.
    pub store: &'a DynamoDb,
}

impl AddBinding<'_> {
    /// The id of a binding without a corporation: one that was added before and is not used yet, or a new one.
    ///
    /// # Errors
    /// [`StepError::TooManyBindings`], [`StepError::StateChanged`], or the failure of the store.
    pub async fn run(&self, tenant_id: &TenantId, context: Context<'_>) -> Result<BindingId, StepError> {
        let mut attempts = Attempts::default();
        loop {
            attempts.begin()?;
            let mut bindings = self.store.bindings(tenant_id).await?;
            for binding_id in &bindings.binding_ids {
                let known = self.store.authorization(&tenant_id.binding(binding_id)).await?;
                if known.is_binding() && known.is_empty() {
                    return Ok(binding_id.clone());
                }
            }
            let binding_id = BindingId::generate(context.entropy);
            bindings.add(binding_id.clone())?;
            let added = Authorization::new(tenant_id.binding(&binding_id));
            let key = added.tenant_id.clone();
            let mut changes = saved(&added.clone(), added, context);
            changes.push(Change::SaveBindings(tenant_id.tenant(), bindings));
            changes.push(audited(&key, context.entry(Action::BindingAdded)));
            if is_committed(self.store.commit(changes).await)? {
                return Ok(binding_id);
            }
        }
    }
}
