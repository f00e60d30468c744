//! Keeps a tenant in the operators' lists as it is now. The stream of the authorization table says when (docs/adr/0035).
//!
//! Tests: `tests/it/operators.rs`.

use crate::{
    authorization::Listing, clock::Clock, error::StepError, ids::TenantId, lifecycle::Attempts, store::DynamoDb,
};

/// Lists one tenant.
#[derive(Debug)]
pub struct ListTenant<'a> {
    /// The tables of states and events.
    pub store: &'a DynamoDb,
}

impl ListTenant<'_> {
    /// Lists the tenant's binding as it is stored now; one that was removed is listed no longer. Nothing is written where the
    /// lists show that already.
    ///
    /// # Errors
    /// [`StepError::StateChanged`] after five attempts beside others, or the failure of the store; the record has to be
    /// redelivered.
    pub async fn run(&self, tenant_id: &TenantId, clock: &dyn Clock) -> Result<(), StepError> {
        let mut attempts = Attempts::default();
        loop {
            attempts.begin()?;
            // Before the state, so that whoever replaces it in the meantime has seen a state that is as new as this one.
            let before = self.store.listing(tenant_id).await?;
            let authorization = self.store.authorization(tenant_id).await?;
            if authorization.version == 0 {
                return Ok(());
            }
            if !authorization.is_binding() {
                let Some(before) = &before else {
                    return Ok(());
                };
                if self.store.remove_listing(before).await? {
                    return Ok(());
                }
                continue;
            }
            let callbacks = self.store.callbacks_of(&authorization).await?;
            let shown = before.as_ref().map(|before| &before.listing);
            let now = Listing::new(&authorization, &callbacks, shown, clock.now());
            if shown == Some(&now) || self.store.put_listing(before.as_ref(), &now).await? {
                return Ok(());
            }
        }
    }
}
