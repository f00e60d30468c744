//! Reads the state that the wizard shows, and the events that arrived.

use super::{StepError, complete_authorization::callbacks_of};
use crate::{
    authorization::{Authorization, Callback},
    ids::TenantId,
    store::{self, Authorizations, EventFilter, EventPage},
};

/// Reads an authorization.
#[derive(Debug)]
pub struct ReadAuthorization<'a, S> {
    /// The store.
    pub store: &'a S,
}

impl<S: Authorizations> ReadAuthorization<'_, S> {
    /// The authorization with its callbacks, contacts first.
    ///
    /// # Errors
    /// The store's failure.
    pub async fn run(&self, tenant_id: &TenantId) -> Result<(Authorization, [Option<Callback>; 2]), StepError> {
        let authorization = self.store.authorization(tenant_id).await?;
        let callbacks = callbacks_of(self.store, &authorization).await?;
        Ok((authorization, callbacks))
    }
}

/// Reads events.
#[derive(Debug)]
pub struct ReadEvents<'a, S> {
    /// The store.
    pub store: &'a S,
}

impl<S: store::ReadEvents> ReadEvents<'_, S> {
    /// A page of a tenant's events, newest first.
    ///
    /// # Errors
    /// The store's failure.
    pub async fn run(
        &self,
        tenant_id: &TenantId,
        filter: &EventFilter,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<EventPage, StepError> {
        Ok(self.store.events(tenant_id, filter, limit, cursor).await?)
    }
}
