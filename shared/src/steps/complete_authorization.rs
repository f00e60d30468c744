//! Step 4: completes the wizard when every step is really done.
//!
//! Tests: `tests/it/walk.rs`, `tests/it/install_mistakes.rs`.

use crate::{
    audit::Action,
    authorization::{Authorization, Callback},
    context::{Context, audited},
    error::StepError,
    ids::TenantId,
    lifecycle::Update,
    store::DynamoDb,
};

/// Completes the wizard of one tenant.
#[derive(Debug)]
pub struct CompleteAuthorization<'a> {
    /// The table of states.
    pub store: &'a DynamoDb,
}

impl CompleteAuthorization<'_> {
    /// The authorization, completed now or before, with its callbacks, contacts first.
    ///
    /// # Errors
    /// [`StepError::StepsMissing`], [`StepError::StateChanged`], or the failure of the store.
    pub async fn run(
        &self,
        tenant_id: &TenantId,
        context: Context<'_>,
    ) -> Result<(Authorization, [Option<Callback>; 2]), StepError> {
        let mut update = Update::of(self.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            let callbacks = self.store.callbacks_of(&authorization).await?;
            let [contacts, external_contacts] = &callbacks;
            let missing = authorization.missing(contacts.as_ref(), external_contacts.as_ref());
            if !missing.is_empty() {
                return Err(StepError::StepsMissing(missing));
            }
            if authorization.completed_at.is_some() {
                return Ok((authorization, callbacks));
            }
            authorization.completed_at = Some(context.now());
            let changes = vec![audited(tenant_id, context.entry(Action::Completed))];
            if update.commit(authorization.clone(), changes).await? {
                return Ok((authorization, callbacks));
            }
        }
    }
}
