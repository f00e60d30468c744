//! The events about one person: found in an index, and deleted on request (docs/adr/0046-events-of-a-person.md).

use aws_sdk_dynamodb::types::TransactWriteItem;
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    DynamoDb,
    keys::{from_item, text},
    store_error,
};
use crate::{
    audit::AuditEntry,
    ids::{EventId, EventScope, TenantId},
    store::{EventHead, Person, PersonEvent, PersonEventPage, Position, StoreError},
};

/// An entry of an index of persons.
#[derive(Deserialize)]
struct Entry {
    event_id: EventId,
    scope: EventScope,
    event: String,
    change_type: Option<String>,
    created_at: Option<Timestamp>,
    received_at: Timestamp,
    duplicates: u64,
    damaged: Option<String>,
    parts: usize,
    timeline_at: String,
}

impl DynamoDb {
    /// Up to `limit` of the tenant's events about a person, newest first, after `before`: one query, however many events are
    /// stored.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn events_of_person(
        &self,
        tenant_id: &TenantId,
        person: &Person,
        limit: usize,
        before: Option<&Position>,
    ) -> Result<PersonEventPage, StoreError> {
        // `~` sorts after every position.
        let before = before.map_or("~", Position::as_str);
        let answer = self
            .client
            .query()
            .table_name(&self.event_table)
            .index_name(person.index())
            .key_condition_expression("#person = :person AND timeline_at < :before")
            .expression_attribute_names("#person", person.index())
            .expression_attribute_values(":person", text(person.partition(tenant_id)))
            .expression_attribute_values(":before", text(before))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(store_error)?;
        let more = answer.last_evaluated_key.is_some();
        let entries = answer.items.unwrap_or_default().into_iter().map(from_item);
        let entries: Vec<Entry> = entries.collect::<Result<_, _>>()?;
        let last = entries.last().filter(|_| more);
        Ok(PersonEventPage {
            next: last.and_then(|last| Position::parse(&last.timeline_at)),
            events: entries.into_iter().map(PersonEvent::from).collect(),
        })
    }

    /// Deletes events of the tenant. Each transaction has the entry of the audit trail about the number that it deletes, so that
    /// an attempt that dies has deleted nothing without one. Returns how many were deleted; those that were gone are not
    /// counted.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_events_of_person(
        &self,
        tenant_id: &TenantId,
        events: &[PersonEvent],
        entry: impl Fn(u64) -> AuditEntry,
    ) -> Result<u64, StoreError> {
        let audited = |number| {
            let put = self.audit_put(tenant_id, &entry(number))?;
            Ok(TransactWriteItem::builder().put(put).build())
        };
        let events = events.iter().map(|event| (event.head.event_id.clone(), event.parts));
        self.delete_events(events.collect(), audited).await
    }
}

impl From<Entry> for PersonEvent {
    fn from(entry: Entry) -> Self {
        Self {
            head: EventHead {
                event_id: entry.event_id,
                scope: entry.scope,
                event: entry.event,
                change_type: entry.change_type,
                created_at: entry.created_at,
                received_at: entry.received_at,
                duplicates: entry.duplicates,
                damaged: entry.damaged.is_some(),
            },
            parts: entry.parts,
        }
    }
}
