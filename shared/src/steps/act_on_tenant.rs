//! An operator acts on one of a tenant's bindings: it has to exist, and the act is in its audit trail.
//!
//! Tests: `tests/it/operators.rs`, `tests/it/bindings.rs`.

use crate::{audit::Action, context::Context, error::StepError, ids::TenantId, store::DynamoDb};

/// Admits an operator's acts on tenants, which are the steps that the tenants' admins have.
#[derive(Debug)]
pub struct ActOnTenant<'a> {
    /// The table of states.
    pub store: &'a DynamoDb,
}

impl ActOnTenant<'_> {
    /// Admits a check, which is in the tenant's audit trail before WeCom is asked, whatever comes of it.
    ///
    /// # Errors
    /// [`StepError::NotFound`] when nothing is stored of the tenant, or it has no such binding; or the failure of the store.
    pub async fn begin_check(&self, tenant_id: &TenantId, context: Context<'_>) -> Result<(), StepError> {
        self.require(tenant_id).await?;
        let entry = context.entry(Action::TenantChecked);
        Ok(self.store.record(tenant_id, entry).await?)
    }

    /// Admits a disconnect, which writes its own entry together with the end.
    ///
    /// # Errors
    /// [`StepError::NotFound`] when nothing is stored of the tenant, or it has no such binding; or the failure of the store.
    pub async fn begin_disconnect(&self, tenant_id: &TenantId) -> Result<(), StepError> {
        self.require(tenant_id).await
    }

    async fn require(&self, tenant_id: &TenantId) -> Result<(), StepError> {
        let authorization = self.store.authorization(tenant_id).await?;
        if authorization.version > 0 && authorization.is_binding() {
            Ok(())
        } else {
            Err(StepError::NotFound)
        }
    }
}
