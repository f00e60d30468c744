//! Ends an authorization on request of its admin, and leaves nothing behind.

use crate::{
    audit::Action,
    authorization::Health,
    context::{Context, saved},
    error::StepError,
    ids::TenantId,
    lifecycle::Termination,
    store::CommitError,
};

/// Ends an authorization.
#[derive(Debug)]
pub struct Disconnect<'a> {
    /// Ends it and cleans up after it.
    pub termination: Termination<'a>,
}

impl Disconnect<'_> {
    /// Ends the authorization; one that has ended already is answered alike.
    ///
    /// # Errors
    /// [`StepError::StateChanged`] or the store's failure; asking again goes on where this stopped.
    pub async fn run(&self, tenant_id: &TenantId, context: Context<'_>) -> Result<(), StepError> {
        let termination = self.termination;
        let store = termination.store;
        for _ in 0..5 {
            let mut authorization = store.authorization(tenant_id).await?;
            if authorization.is_empty() {
                return termination.clean_up(authorization, context.clock).await;
            }
            let before = authorization.clone();
            let callbacks = store.callbacks_of(&before).await?;
            let mut changes = termination.end(&mut authorization, &callbacks, Action::Disconnected, context);
            authorization.installation = None;
            authorization.health = Health::Ok;
            changes.extend(saved(&before, authorization, context));
            match store.commit(changes).await {
                Ok(()) => {
                    let ended = store.authorization(tenant_id).await?;
                    return termination.clean_up(ended, context.clock).await;
                }
                Err(CommitError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StepError::StateChanged)
    }
}
