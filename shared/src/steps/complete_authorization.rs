//! Step 4: completes the wizard when every step is really done.

use super::{Occasion, StepError, audited, saved};
use crate::{
    audit::Action,
    authorization::{Authorization, Callback},
    ids::{Scope, TenantId},
    store::{Authorizations, CommitError, StoreError},
};

/// Completes an authorization.
#[derive(Debug)]
pub struct CompleteAuthorization<'a, S> {
    /// The store.
    pub store: &'a S,
}

impl<S: Authorizations> CompleteAuthorization<'_, S> {
    /// Answers the authorization, completed now or before, with its callbacks.
    ///
    /// # Errors
    /// [`StepError::StepsMissing`], [`StepError::StateChanged`] or the store's failure.
    pub async fn run(
        &self,
        tenant_id: &TenantId,
        occasion: Occasion<'_>,
    ) -> Result<(Authorization, [Option<Callback>; 2]), StepError> {
        for _ in 0..3 {
            let mut authorization = self.store.authorization(tenant_id).await?;
            let callbacks = callbacks_of(self.store, &authorization).await?;
            let [contacts, external_contacts] = &callbacks;
            let missing = authorization.missing(contacts.as_ref(), external_contacts.as_ref());
            if !missing.is_empty() {
                return Err(StepError::StepsMissing(missing));
            }
            if authorization.completed_at.is_some() {
                return Ok((authorization, callbacks));
            }
            let before = authorization.clone();
            authorization.completed_at = Some(occasion.now());
            let mut changes = saved(&before, authorization.clone(), occasion);
            changes.push(audited(tenant_id, occasion.entry(Action::Completed)));
            match self.store.commit(changes).await {
                Ok(()) => return Ok((authorization, callbacks)),
                Err(CommitError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StepError::StateChanged)
    }
}

/// Both callbacks of an authorization, contacts first.
pub(super) async fn callbacks_of<S: Authorizations>(
    store: &S,
    authorization: &Authorization,
) -> Result<[Option<Callback>; 2], StoreError> {
    let read = |scope| async move {
        match &authorization.scope(scope).callback_id {
            Some(id) => store.callback(id).await,
            None => Ok(None),
        }
    };
    let (contacts, external_contacts) = tokio::try_join!(read(Scope::Contacts), read(Scope::ExternalContacts))?;
    Ok([contacts, external_contacts])
}
