//! Reads the state that the wizard shows, and the events that arrived.
//!
//! Tests: `tests/it/walk.rs`, `tests/it/events.rs`.

use crate::{
    authorization::{Authorization, Callback},
    error::StepError,
    ids::TenantId,
    store::{DynamoDb, EventFilter, EventPage, Position},
};

/// Reads the state that the wizard shows.
#[derive(Debug)]
pub struct ReadAuthorization<'a> {
    /// The tables of states and events.
    pub store: &'a DynamoDb,
}

impl ReadAuthorization<'_> {
    /// The authorization with its callbacks, contacts first.
    ///
    /// # Errors
    /// The failure of the store.
    pub async fn run(&self, tenant_id: &TenantId) -> Result<(Authorization, [Option<Callback>; 2]), StepError> {
        let authorization = self.store.authorization(tenant_id).await?;
        let callbacks = self.store.callbacks_of(&authorization).await?;
        Ok((authorization, callbacks))
    }
}

/// Reads a tenant's events, newest first.
#[derive(Debug)]
pub struct ReadEvents<'a> {
    /// The tables of states and events.
    pub store: &'a DynamoDb,
}

impl ReadEvents<'_> {
    /// A page of a tenant's events, newest first.
    ///
    /// # Errors
    /// The failure of the store.
    pub async fn run(
        &self,
        tenant_id: &TenantId,
        filter: &EventFilter,
        limit: usize,
        before: Option<Position>,
    ) -> Result<EventPage, StepError> {
        Ok(self.store.events(tenant_id, filter, limit, before).await?)
    }
}
