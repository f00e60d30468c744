//! Step 4: completes the wizard when every step is really done.

use crate::{
    audit::Action,
    authorization::{Authorization, Callback},
    context::{Context, audited, saved},
    error::StepError,
    ids::TenantId,
    store::{CommitError, DynamoDb},
};

/// Completes an authorization.
#[derive(Debug)]
pub struct CompleteAuthorization<'a> {
    /// The store.
    pub store: &'a DynamoDb,
}

impl CompleteAuthorization<'_> {
    /// Answers the authorization, completed now or before, with its callbacks.
    ///
    /// # Errors
    /// [`StepError::StepsMissing`], [`StepError::StateChanged`] or the store's failure.
    pub async fn run(
        &self,
        tenant_id: &TenantId,
        context: Context<'_>,
    ) -> Result<(Authorization, [Option<Callback>; 2]), StepError> {
        for _ in 0..3 {
            let mut authorization = self.store.authorization(tenant_id).await?;
            let callbacks = self.store.callbacks_of(&authorization).await?;
            let [contacts, external_contacts] = &callbacks;
            let missing = authorization.missing(contacts.as_ref(), external_contacts.as_ref());
            if !missing.is_empty() {
                return Err(StepError::StepsMissing(missing));
            }
            if authorization.completed_at.is_some() {
                return Ok((authorization, callbacks));
            }
            let before = authorization.clone();
            authorization.completed_at = Some(context.now());
            let mut changes = saved(&before, authorization.clone(), context);
            changes.push(audited(tenant_id, context.entry(Action::Completed)));
            match self.store.commit(changes).await {
                Ok(()) => return Ok((authorization, callbacks)),
                Err(CommitError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StepError::StateChanged)
    }
}
