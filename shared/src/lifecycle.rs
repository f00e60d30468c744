//! Changes in the life of an authorization that more than one use case makes: renewal, refresh, end, clean-up.

mod announce;
mod app_token;
mod bind;
mod claim;
mod due;
mod end;
mod export;
mod hand_over;
mod import;
mod install;
mod look;
mod permissions;
mod refresh;
mod renew;
mod restore;
mod scan;
mod turns;
mod update;
mod write;

pub(crate) use self::{
    app_token::app_token,
    due::POSTPONED,
    end::DELETE_FOR,
    hand_over::hand_over,
    import::{NotImported, Taken},
    install::{Attempt, Install},
    look::{Answered, Subject},
    restore::Restored,
    update::{Attempts, Update, is_committed},
    write::plan_write,
};
pub use self::{
    end::Termination,
    export::{Export, LeftOut, Omission},
    import::Import,
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

/// The tenants whose authorization an event of a corporation is about: the one that has bound it, and the one for which a
/// member installed the app.
async fn concerned(store: &DynamoDb, corp_id: &CorpId) -> Result<Vec<TenantId>, StepError> {
    let (bound, member) = tokio::try_join!(store.tenant_of(corp_id), store.member_of(corp_id))?;
    let concerned: Vec<_> = bound.into_iter().chain(member).collect();
    if concerned.is_empty() {
        tracing::info!(corp.id = %corp_id, "an event of a corporation that no tenant has bound");
    }
    Ok(concerned)
}
