//! Changes in the life of an authorization that more than one use case makes: renewal, refresh, end, clean-up.

mod due;
mod end;
mod refresh;
mod renew;
mod update;
mod write;

pub use self::end::Termination;
pub(crate) use self::{
    due::{POSTPONED, next_check},
    update::{Attempts, Update, is_committed},
    write::plan_write,
};
use crate::{
    error::StepError,
    ids::{CorpId, TenantId},
    store::DynamoDb,
    suite::SuiteAccess,
};

/// Renews, refreshes and ends authorizations by what WeCom says of them.
#[derive(Debug, Clone, Copy)]
pub struct Lifecycle<'a> {
    /// WeCom, and the tables.
    pub suite: SuiteAccess<'a>,
    /// Ends authorizations that WeCom says are over.
    pub termination: Termination<'a>,
}

/// The tenant that has bound a corporation.
async fn bound(store: &DynamoDb, corp_id: &CorpId) -> Result<Option<TenantId>, StepError> {
    let tenant_id = store.tenant_of(corp_id).await?;
    if tenant_id.is_none() {
        tracing::info!(corp.id = %corp_id, "an event of a corporation that no tenant has bound");
    }
    Ok(tenant_id)
}
