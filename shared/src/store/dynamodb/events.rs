use aws_sdk_dynamodb::{
    error::SdkError,
    operation::{put_item::PutItemError, update_item::UpdateItemError},
    types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use jiff::SignedDuration;
use serde::Deserialize;

use super::{
    DynamoDb, condition_failed,
    keys::{Item, from_item, number, text, time_to_live, to_attribute},
    store_error,
    timeline::{Next, StoredEvent, TIMELINE_SHARDS, Timeline, timeline},
    transactions::TransactionError,
};
use crate::{
    ids::{EventId, TenantId},
    position::time_key,
    store::{
        AppendOutcome, Event, EventFilter, EventHead, EventPage, NewEvent, Payload, Person, PersonKind, Position,
        StoreError,
    },
};

/// An item may have 400 KB (DynamoDB quotas); what does not fit goes on in items of its own.
const PART_BYTES: usize = 300 * 1024;

/// Repetitions of an event that are counted. More are somebody's who captured a request: they must not cause writes without end.
const MAX_DUPLICATES: u64 = 10;

/// What a stored event says about its deliveries.
#[derive(Default, Deserialize)]
struct Repeated {
    #[serde(default)]
    delivery_id: Option<String>,
    #[serde(default)]
    duplicates: u64,
}

impl DynamoDb {
    /// How long an event is stored, and a repeated one recognized: for the days that the tenant has chosen, and never longer than
    /// the deployment stores events.
    pub(in crate::store) fn event_retention(&self, chosen_days: Option<u16>) -> SignedDuration {
        let chosen = chosen_days.map(|days| SignedDuration::from_hours(24 * i64::from(days)));
        chosen.map_or(self.event_retention, |chosen| chosen.min(self.event_retention))
    }

    /// Stores an event, unless it is stored already; then its number of repeated deliveries is increased.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn append_event(&self, event: NewEvent) -> Result<AppendOutcome, StoreError> {
        let (id, delivery_id) = (event.event_id.clone(), event.delivery_id.clone());
        let mut items = self.items_of(event)?;
        let stored = if items.len() == 1 {
            self.put_event(items.remove(0), &delivery_id).await?
        } else {
            self.put_parts(items).await?
        };
        if stored == AppendOutcome::Duplicate {
            return self.count_duplicate(&id, &delivery_id).await;
        }
        Ok(stored)
    }
}

impl DynamoDb {
    /// Stores an event that may be redelivered. One that is stored already is left unchanged, and counts as no repetition by
    /// WeCom.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn store_event(&self, event: NewEvent) -> Result<(), StoreError> {
        let delivery_id = event.delivery_id.clone();
        let mut items = self.items_of(event)?;
        if items.len() == 1 {
            self.put_event(items.remove(0), &delivery_id).await?;
        } else {
            self.put_parts(items).await?;
        }
        Ok(())
    }

    async fn put_event(&self, item: Item, delivery_id: &str) -> Result<AppendOutcome, StoreError> {
        let by_hand = match &self.wire {
            Some(wire) => wire.put_event(&self.event_table, item).await,
            None => Err(item),
        };
        let stored = match by_hand {
            Ok(stored) => stored,
            Err(item) => self.put_by_sdk(item).await?,
        };
        let Some(stored) = stored else {
            return Ok(AppendOutcome::Stored);
        };
        let stored: Repeated = from_item(stored)?;
        Ok(if stored.delivery_id.as_deref() == Some(delivery_id) {
            // The answer to the write was lost, and it was sent again.
            AppendOutcome::Stored
        } else if stored.duplicates >= MAX_DUPLICATES {
            AppendOutcome::OftenRepeated
        } else {
            AppendOutcome::Duplicate
        })
    }

    /// Returns the item that is stored instead, if the event is.
    async fn put_by_sdk(&self, item: Item) -> Result<Option<Item>, StoreError> {
        let written = self
            .client
            .put_item()
            .table_name(&self.event_table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(event_id)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let error = match written {
            Ok(_) => return Ok(None),
            Err(error) if condition_failed(&error) => error,
            Err(error) => return Err(store_error(error)),
        };
        let stored = match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => failed.item().cloned(),
            _ => None,
        };
        Ok(Some(stored.unwrap_or_default()))
    }

    async fn put_parts(&self, items: Vec<Item>) -> Result<AppendOutcome, StoreError> {
        let mut puts = Vec::with_capacity(items.len());
        for item in items {
            let put = Put::builder()
                .table_name(&self.event_table)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(event_id)")
                .build()?;
            puts.push(TransactWriteItem::builder().put(put).build());
        }
        match self.transact(puts).await {
            Ok(()) => Ok(AppendOutcome::Stored),
            Err(TransactionError::Conditions(_)) => Ok(AppendOutcome::Duplicate),
            Err(TransactionError::Store(error)) => Err(error),
        }
    }

    /// The stream hands this change to `publish-events`, which keeps the callback's counters.
    async fn count_duplicate(&self, id: &EventId, delivery_id: &str) -> Result<AppendOutcome, StoreError> {
        let written = self
            .client
            .update_item()
            .table_name(&self.event_table)
            .key("event_id", text(id.as_str()))
            .update_expression("ADD duplicates :one SET #change = :change, repeated_by = :delivery")
            .condition_expression(
                "attribute_exists(event_id) AND duplicates < :most \
                 AND (attribute_not_exists(repeated_by) OR repeated_by <> :delivery)",
            )
            .expression_attribute_names("#change", "change")
            .expression_attribute_values(":change", text("repeated"))
            .expression_attribute_values(":delivery", text(delivery_id))
            .expression_attribute_values(":most", number(MAX_DUPLICATES))
            .expression_attribute_values(":one", number(1))
            .send()
            .await;
        match written {
            Ok(_) => Ok(AppendOutcome::Duplicate),
            // It is counted already, or was counted often enough; or it ended between the two writes, and a counter alone would
            // never end.
            Err(error) if condition_failed(&error) => Ok(AppendOutcome::Duplicate),
            Err(error) => Err(store_error(error)),
        }
    }

    fn items_of(&self, event: NewEvent) -> Result<Vec<Item>, StoreError> {
        let payload = serde_json::to_string(&event.payload).map_err(|error| StoreError::Internal(Box::new(error)))?;
        let ttl = time_to_live(event.received_at + self.event_retention(event.retention_days));
        let mut parts = split(&payload, PART_BYTES).into_iter();
        let mut item = Item::from([
            ("event_id".to_owned(), text(event.event_id.as_str())),
            ("delivery_id".to_owned(), text(event.delivery_id)),
            ("event".to_owned(), text(event.event)),
            ("change_type".to_owned(), to_attribute(&event.change_type)?),
            ("created_at".to_owned(), to_attribute(&event.created_at)?),
            ("received_at".to_owned(), to_attribute(&event.received_at)?),
            ("duplicates".to_owned(), number(0)),
            ("payload".to_owned(), text(parts.next().unwrap_or_default())),
            ("parts".to_owned(), number(parts.len())),
            ("ttl".to_owned(), ttl.clone()),
        ]);
        let source = event.source;
        item.extend([
            (
                "source".to_owned(),
                text(if source.callback_id.is_some() {
                    "callback"
                } else {
                    "app"
                }),
            ),
            (
                "timeline".to_owned(),
                text(timeline(&source.tenant_id, shard_of(&event.event_id))),
            ),
            (
                "timeline_at".to_owned(),
                text(Position::new(event.received_at, event.event_id.as_str()).as_str()),
            ),
            ("tenant_id".to_owned(), text(source.tenant_id.as_str())),
            ("scope".to_owned(), to_attribute(&source.scope)?),
            ("corp_id".to_owned(), text(source.corp_id.as_str())),
        ]);
        if let Some(callback_id) = &source.callback_id {
            item.insert("callback_id".to_owned(), text(callback_id.as_str()));
        }
        for kind in PersonKind::ALL {
            if let Some(person) = Person::of_event(kind, &event.payload) {
                item.insert(person.index().to_owned(), text(person.partition(&source.tenant_id)));
            }
        }
        if event.damaged {
            item.insert("damaged".to_owned(), text("true"));
        }
        let mut items = vec![item];
        for (index, part) in parts.enumerate() {
            items.push(Item::from([
                ("event_id".to_owned(), text(part_id(&event.event_id, index))),
                ("payload".to_owned(), text(part)),
                ("ttl".to_owned(), ttl.clone()),
            ]));
        }
        Ok(items)
    }
}

impl DynamoDb {
    /// Marks an event of the tenant for the replay `replay_id`, so that `publish-events` publishes it again: it does so when
    /// `replays` has risen. Returns whether there is such an event. A request that is sent again, because its answer was lost,
    /// replays nothing twice.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn replay_event(
        &self,
        tenant_id: &TenantId,
        event_id: &EventId,
        replay_id: &str,
    ) -> Result<bool, StoreError> {
        let written = self
            .client
            .update_item()
            .table_name(&self.event_table)
            .key("event_id", text(event_id.as_str()))
            .update_expression("ADD replays :one SET #change = :change, replay_id = :replay")
            .condition_expression(
                "#source IN (:callback, :app) AND tenant_id = :tenant \
                 AND (attribute_not_exists(replay_id) OR replay_id <> :replay)",
            )
            .expression_attribute_names("#change", "change")
            .expression_attribute_names("#source", "source")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":change", text("replayed"))
            .expression_attribute_values(":callback", text("callback"))
            .expression_attribute_values(":app", text("app"))
            .expression_attribute_values(":tenant", text(tenant_id.as_str()))
            .expression_attribute_values(":replay", text(replay_id))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match written {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                let UpdateItemError::ConditionalCheckFailedException(failed) = error.into_err() else {
                    return Ok(false);
                };
                // A replay has an id of its own, so only a request for this tenant's event can have written it.
                Ok(failed
                    .item()
                    .is_some_and(|item| item.get("replay_id") == Some(&text(replay_id))))
            }
            Err(error) => Err(store_error(error)),
        }
    }

    /// An event of the tenant, whole.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn event(&self, tenant_id: &TenantId, event_id: &EventId) -> Result<Option<Event>, StoreError> {
        let request = self.client.get_item().table_name(&self.event_table);
        let answer = request
            .key("event_id", text(event_id.as_str()))
            .send()
            .await
            .map_err(store_error)?;
        // Neither the parts of an event nor another tenant's events are this tenant's.
        let own = answer
            .item
            .filter(|item| item.get("tenant_id") == Some(&text(tenant_id.as_str())));
        match own {
            None => Ok(None),
            Some(item) => self.whole(from_item(item)?).await,
        }
    }
}

impl DynamoDb {
    /// Up to `limit` events of a tenant, newest first, after `before`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn events(
        &self,
        tenant_id: &TenantId,
        filter: &EventFilter,
        limit: usize,
        before: Option<Position>,
    ) -> Result<EventPage, StoreError> {
        let before = match before {
            Some(position) => Some(position.as_str().to_owned()),
            None => filter.until.map(time_key),
        };
        let mut timeline = Timeline::new(self, tenant_id, filter, limit, before.as_deref());
        let mut events = Vec::new();
        let mut bytes = 0;
        let end = loop {
            match timeline.next().await? {
                Next::End => break None,
                Next::Paused(position) => break Some(position),
                Next::Event(stored) => {
                    let position = stored.timeline_at.clone();
                    bytes += stored.payload.len() + stored.parts * PART_BYTES;
                    events.extend(self.whole(*stored).await?);
                    if events.len() == limit || bytes >= PAGE_BYTES {
                        break Some(position);
                    }
                }
            }
        };
        Ok(EventPage {
            events,
            next: end.as_deref().and_then(Position::parse),
        })
    }
}

impl DynamoDb {
    /// The newest events of a tenant without what they say, `limit` at most, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn event_heads(&self, tenant_id: &TenantId, limit: usize) -> Result<Vec<EventHead>, StoreError> {
        let filter = EventFilter::default();
        let mut timeline = Timeline::new(self, tenant_id, &filter, limit, None);
        let mut heads = Vec::new();
        while heads.len() < limit
            && let Next::Event(stored) = timeline.next().await?
        {
            heads.push(EventHead {
                event_id: stored.event_id,
                scope: stored.scope,
                event: stored.event,
                change_type: stored.change_type,
                created_at: stored.created_at,
                received_at: stored.received_at,
                duplicates: stored.duplicates,
                damaged: stored.damaged.is_some(),
            });
        }
        Ok(heads)
    }
}

/// A page that has this much ends early: a function's answer has 6 MB at most (Lambda quotas), the event that comes on top
/// may have 1.5 MB as JSON, and the answer is a text within JSON, in which each of these bytes may be two.
const PAGE_BYTES: usize = 1024 * 1024;

impl DynamoDb {
    /// Puts an event together again. Items end one by one, within two days of their time: an event of which a part has ended
    /// has ended.
    async fn whole(&self, mut stored: StoredEvent) -> Result<Option<Event>, StoreError> {
        for index in 0..stored.parts {
            let answer = self
                .client
                .get_item()
                .table_name(&self.event_table)
                .key("event_id", text(part_id(&stored.event_id, index)))
                .send()
                .await
                .map_err(store_error)?;
            let part = answer.item.and_then(|mut item| item.remove("payload"));
            let Some(AttributeValue::S(part)) = part else {
                return Ok(None);
            };
            stored.payload.push_str(&part);
        }
        let payload: Payload =
            serde_json::from_str(&stored.payload).map_err(|error| StoreError::Internal(Box::new(error)))?;
        Ok(Some(Event {
            event_id: stored.event_id,
            tenant_id: stored.tenant_id.tenant(),
            binding_id: stored.tenant_id.binding_id(),
            scope: stored.scope,
            corp_id: stored.corp_id,
            event: stored.event,
            change_type: stored.change_type,
            created_at: stored.created_at,
            received_at: stored.received_at,
            duplicates: stored.duplicates,
            damaged: stored.damaged.is_some(),
            payload,
        }))
    }
}

fn shard_of(id: &EventId) -> u8 {
    id.as_str().bytes().next_back().unwrap_or_default() % TIMELINE_SHARDS
}

pub(super) fn part_id(id: &EventId, index: usize) -> String {
    format!("{id}/{}", index + 1)
}

/// Cuts `text` into pieces of at most `most` bytes, between characters. There is always one piece.
fn split(mut text: &str, most: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    while text.len() > most {
        let mut at = most;
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let (piece, rest) = text.split_at(at);
        pieces.push(piece.to_owned());
        text = rest;
    }
    pieces.push(text.to_owned());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_between_characters_and_loses_none() {
        let text = "企业微信".repeat(10);
        let pieces = split(&text, 10);
        assert!(pieces.iter().all(|piece| piece.len() <= 10));
        assert_eq!(pieces.concat(), text);
        assert_eq!(split("", 10), [""]);
    }
}
