//! A permanent code that came of another install link than the one that WeCom issued its auth_code for.

use super::write::plan_write;
use crate::{
    authorization::CleanupTask,
    context::Context,
    error::StepError,
    ids::InstallState,
    store::{DynamoDb, SecretsManager},
    suite::StoredInstallation,
};

/// Keeps a permanent code for the session `state`, whose redirect finds it in the vault: WeCom exchanges an auth_code once. One that no
/// redirect fetches is deleted when the plan of its write expires. A session that has ended, is of another suite, or whose
/// tenant has bound another corporation could not use it, so nothing is kept for it. Returns whether
/// it is kept.
///
/// # Errors
/// [`StepError::AttemptInProgress`], [`StepError::StateChanged`], or the failure of the stores. A retry keeps the same.
pub(crate) async fn hand_over(
    store: &DynamoDb,
    vault: &SecretsManager,
    state: &str,
    stored: &StoredInstallation,
    context: Context<'_>,
) -> Result<bool, StepError> {
    let Ok(state) = InstallState::parse(state) else {
        return Ok(false);
    };
    let Some(session) = store.session(&state).await? else {
        return Ok(false);
    };
    if session.outcome.is_some() || session.suite_id != stored.suite_id {
        return Ok(false);
    }
    let tenant_id = &session.tenant_id;
    let authorization = store.authorization(tenant_id).await?;
    let bound = authorization.installed().filter(|known| known.is_bound);
    if bound.is_some_and(|known| known.corp_id != stored.corp_id) {
        return Ok(false);
    }
    // The redirect makes a plan of its own; this one only ends the code if there is none.
    plan_write(store, tenant_id, CleanupTask::Installation, None, context).await?;
    stored.put(vault, tenant_id).await?;
    tracing::info!(tenant.id = %tenant_id, "a permanent code is kept for the link that its auth_code was issued for");
    Ok(true)
}
