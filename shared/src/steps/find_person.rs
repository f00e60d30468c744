//! Finds the events about one person, and deletes them on request (PIPL art. 45 and 47).
//!
//! Tests: `tests/it/persons.rs`.

use jiff::SignedDuration;

use crate::{
    audit::Action,
    context::Context,
    error::StepError,
    ids::TenantId,
    store::{DynamoDb, EventHead, Payload, Person, Position},
};

/// Number of events of a page.
const EVENTS: usize = 50;

/// Bytes of payloads after which a page ends: a function's answer has 6 MB at most (Lambda quotas).
const PAGE_BYTES: usize = 1024 * 1024;

/// Finds the events of a tenant about a person.
#[derive(Debug)]
pub struct FindPerson<'a> {
    /// The tables of events and states.
    pub store: &'a DynamoDb,
}

/// A page of the events about a person, newest first. `Debug` does not show what they say.
pub struct Found {
    /// The events; what they say is there if it was asked for.
    pub events: Vec<(EventHead, Option<Payload>)>,
    /// The position from which the next page goes on, if there may be one.
    pub next: Option<Position>,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Found")
            .field("events", &self.events.len())
            .field("next", &self.next)
            .finish()
    }
}

/// What a request for deletion has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonDeletion {
    /// Number of events that this request has deleted.
    pub events: u64,
    /// Whether there may be more, for which there was no time.
    pub more: bool,
}

impl FindPerson<'_> {
    /// A page of the events without what they say.
    ///
    /// # Errors
    /// The failure of the store.
    pub async fn masked(
        &self,
        tenant_id: &TenantId,
        person: &Person,
        before: Option<&Position>,
    ) -> Result<Found, StepError> {
        let page = self.store.events_of_person(tenant_id, person, EVENTS, before).await?;
        Ok(Found {
            events: page.events.into_iter().map(|event| (event.head, None)).collect(),
            next: page.next,
        })
    }

    /// The same for an operator, whose look is in the tenant's audit trail before it is answered.
    ///
    /// # Errors
    /// [`StepError::NotFound`] when nothing is stored of the tenant, or the failure of the store.
    pub async fn for_operator(
        &self,
        tenant_id: &TenantId,
        person: &Person,
        before: Option<&Position>,
        context: Context<'_>,
    ) -> Result<Found, StepError> {
        self.is_known(tenant_id).await?;
        let entry = context.entry(Action::TenantViewed);
        self.store.record(tenant_id, entry).await?;
        self.masked(tenant_id, person, before).await
    }

    /// A page of the events with what they say. That somebody saw it is in the audit trail before it is answered, and nothing of the
    /// person.
    ///
    /// # Errors
    /// The failure of the store.
    pub async fn unmasked(
        &self,
        tenant_id: &TenantId,
        person: &Person,
        before: Option<&Position>,
        context: Context<'_>,
    ) -> Result<Found, StepError> {
        let entry = context.entry(Action::PersonViewed);
        self.store.record(tenant_id, entry).await?;
        let page = self.store.events_of_person(tenant_id, person, EVENTS, before).await?;
        let (mut events, mut bytes, mut next) = (Vec::new(), 0, page.next);
        for event in page.events {
            // One that has just ended is left out.
            let Some(whole) = self.store.event(tenant_id, &event.head.event_id).await? else {
                continue;
            };
            let position = Position::new(event.head.received_at, event.head.event_id.as_str());
            bytes += serde_json::to_string(&whole.payload).map_or(0, |text| text.len());
            events.push((event.head, Some(whole.payload)));
            if bytes >= PAGE_BYTES {
                next = Some(position);
                break;
            }
        }
        Ok(Found { events, next })
    }

    /// Deletes the events, the newest first, for at most `time`. The audit trail says how many and when, and nothing of the person;
    /// also when there was none. The same request again goes on, or finds nothing.
    ///
    /// # Errors
    /// [`StepError::NotFound`] when nothing is stored of the tenant, or the failure of the store.
    pub async fn delete(
        &self,
        tenant_id: &TenantId,
        person: &Person,
        time: SignedDuration,
        context: Context<'_>,
    ) -> Result<PersonDeletion, StepError> {
        self.is_known(tenant_id).await?;
        let until = context.now() + time;
        let entry = |number: u64| context.entry(Action::PersonDeleted).with("events", &number);
        let (mut events, mut before) = (0, None);
        let more = loop {
            // The index follows the table: what it still shows of deleted events lies above `before`.
            let page = self
                .store
                .events_of_person(tenant_id, person, EVENTS, before.as_ref())
                .await?;
            events += self
                .store
                .delete_events_of_person(tenant_id, &page.events, entry)
                .await?;
            before = page.next;
            if before.is_none() {
                break false;
            }
            if context.now() >= until {
                break true;
            }
        };
        if events == 0 {
            self.store.record(tenant_id, entry(0)).await?;
        }
        Ok(PersonDeletion { events, more })
    }

    async fn is_known(&self, tenant_id: &TenantId) -> Result<(), StepError> {
        match self.store.authorization(tenant_id).await?.version {
            0 => Err(StepError::NotFound),
            _ => Ok(()),
        }
    }
}
