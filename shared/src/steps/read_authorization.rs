//! Reads the state that the wizard shows, and the events that arrived.
//!
//! Tests: `tests/it/walk.rs`, `tests/it/events.rs`.

use crate::{
    authorization::{Authorization, Callback},
    error::StepError,
    ids::{EventId, TenantId},
    store::{DynamoDb, Event, EventFilter, EventPage, Position},
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

/// Reads the list of a tenant's bindings.
#[derive(Debug)]
pub struct ReadBindings<'a> {
    /// The table of states.
    pub store: &'a DynamoDb,
}

impl ReadBindings<'_> {
    /// The bindings, each with its callbacks, contacts first. The first binding comes first, then the others as they were added.
    ///
    /// # Errors
    /// The failure of the store.
    pub async fn run(&self, tenant_id: &TenantId) -> Result<Vec<(Authorization, [Option<Callback>; 2])>, StepError> {
        let further = self.store.bindings(tenant_id).await?.binding_ids;
        let one = ReadAuthorization { store: self.store };
        let mut bindings = vec![one.run(&tenant_id.tenant()).await?];
        for binding_id in further {
            bindings.push(one.run(&tenant_id.binding(&binding_id)).await?);
        }
        Ok(bindings)
    }

    /// Whether the tenant has this binding.
    ///
    /// # Errors
    /// The failure of the store.
    pub async fn has(&self, tenant_id: &TenantId) -> Result<bool, StepError> {
        // Every tenant has a first one.
        Ok(!tenant_id.is_further() || self.store.authorization(tenant_id).await?.is_binding())
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

    /// One of a tenant's events.
    ///
    /// # Errors
    /// [`StepError::NotFound`] when the tenant has no such event, or the store's failure.
    pub async fn one(&self, tenant_id: &TenantId, event_id: &str) -> Result<Event, StepError> {
        let event_id = EventId::parse(event_id).map_err(|_| StepError::NotFound)?;
        self.store.event(tenant_id, &event_id).await?.ok_or(StepError::NotFound)
    }
}
