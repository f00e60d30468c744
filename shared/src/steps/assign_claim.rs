//! An operator assigns to a tenant an installation that names none.
//!
//! Tests: `tests/it/claims.rs`.

use crate::{
    authorization::{Authorization, Callback},
    context::Context,
    error::StepError,
    ids::{ClaimId, TenantId},
    lifecycle::Lifecycle,
};

/// Binds the corporations of claims.
#[derive(Debug)]
pub struct AssignClaim<'a> {
    /// Makes the installation.
    pub lifecycle: Lifecycle<'a>,
}

impl AssignClaim<'_> {
    /// Binds the corporation of a claim to a tenant, which need not have begun anything, and returns its authorization with its
    /// callbacks, contacts first. One that is bound already is a success, too.
    ///
    /// # Errors
    /// [`StepError::NotFound`] when there is no such claim, [`StepError::CorpMismatch`] when another tenant has bound the corporation
    /// or the tenant another one, [`StepError::MemberAuthorization`] when a member installed the app,
    /// [`StepError::NotInstalled`] when it was removed since; [`StepError::AttemptInProgress`], [`StepError::StateChanged`],
    /// [`StepError::SuiteTicketMissing`], [`StepError::WecomBan`], [`StepError::WecomRefused`], [`StepError::WecomTimeout`], or the
    /// failure of the stores: then a retry may succeed.
    pub async fn run(
        &self,
        claim_id: &ClaimId,
        tenant_id: &TenantId,
        context: Context<'_>,
    ) -> Result<(Authorization, [Option<Callback>; 2]), StepError> {
        // Boxed, because it is large and part of futures that are.
        Box::pin(self.lifecycle.assign(claim_id, tenant_id, context)).await?;
        let store = self.lifecycle.suite.store;
        let authorization = store.authorization(tenant_id).await?;
        let callbacks = store.callbacks_of(&authorization).await?;
        Ok((authorization, callbacks))
    }
}
