//! Hands an event to the platform's other services again.
//!
//! Tests: `tests/it/events.rs`, `tests/it/contract/events.rs`.

use crate::{
    audit::Action,
    context::Context,
    entropy::random_id,
    error::StepError,
    ids::{EventId, TenantId},
    store::DynamoDb,
};

/// Puts a stored event on the bus again.
#[derive(Debug)]
pub struct ReplayEvent<'a> {
    /// The table of events.
    pub store: &'a DynamoDb,
}

impl ReplayEvent<'_> {
    /// Marks the event, so that the stream puts it on the bus like a new one. WeCom is not called.
    ///
    /// # Errors
    /// [`StepError::NotFound`] when the tenant has no such event, or the failure of the store.
    pub async fn run(&self, tenant_id: &TenantId, event_id: &str, context: Context<'_>) -> Result<EventId, StepError> {
        let event_id = EventId::parse(event_id).map_err(|_| StepError::NotFound)?;
        let replay_id = random_id(context.entropy);
        if !self.store.replay_event(tenant_id, &event_id, &replay_id).await? {
            return Err(StepError::NotFound);
        }
        let entry = context.entry(Action::EventReplayed).with("event_id", &event_id);
        self.store.record(tenant_id, entry).await?;
        Ok(event_id)
    }
}
