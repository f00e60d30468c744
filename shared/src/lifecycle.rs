//! Changes in the life of an authorization that more than one use case makes: renewal, refresh, end, clean-up.

mod due;
mod end;
mod refresh;
mod renew;

pub(crate) use self::due::{POSTPONED, next_check};
pub use self::end::Termination;
use crate::{
    authorization::Authorization,
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
    /// Ends authorizations.
    pub termination: Termination<'a>,
}

/// How often a change is tried when others change the same authorization in the meantime.
const ATTEMPTS: u32 = 5;

/// The tenant that has bound a corporation, and its authorization.
async fn bound(store: &DynamoDb, corp_id: &CorpId) -> Result<Option<(TenantId, Authorization)>, StepError> {
    let Some(tenant_id) = store.tenant_of(corp_id).await? else {
        tracing::info!(corp.id = %corp_id, "an event of a corporation that no tenant has bound");
        return Ok(None);
    };
    let authorization = store.authorization(&tenant_id).await?;
    Ok(Some((tenant_id, authorization)))
}
