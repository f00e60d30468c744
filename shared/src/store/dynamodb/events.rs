use aws_sdk_dynamodb::{
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, Put, TransactWriteItem},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::Deserialize;

use super::{DynamoDb, Item, from_item, number, store_error, text, time_to_live, to_attribute};
use crate::{
    ids::{CorpId, EventId, Scope, TenantId},
    store::{
        AppendEvents, Appended, Event, EventFilter, EventPage, EventSource, NewEvent, Payload, ReadEvents, StoreError,
        tables::TIMELINE,
    },
};

/// A tenant's events are spread over this many partitions of the index, so that one corporation's bulk import is not held
/// up by the limit of one partition (1000 writes a second); a reader merges them.
const TIMELINE_SHARDS: u8 = 4;

/// An item may have 400 KB (DynamoDB quotas); what does not fit goes on in items of its own.
const PART_BYTES: usize = 300 * 1024;

impl AppendEvents for DynamoDb {
    async fn append(&self, event: NewEvent) -> Result<Appended, StoreError> {
        let id = event.event_id.clone();
        let mut items = self.items_of(event)?;
        let stored = if items.len() == 1 {
            self.put_event(items.remove(0)).await?
        } else {
            self.put_parts(items).await?
        };
        if stored == Appended::Duplicate {
            self.count_duplicate(&id).await?;
        }
        Ok(stored)
    }
}

impl DynamoDb {
    async fn put_event(&self, item: Item) -> Result<Appended, StoreError> {
        use aws_sdk_dynamodb::operation::put_item::PutItemError;
        let written = self
            .client
            .put_item()
            .table_name(&self.event_table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(event_id)")
            .send()
            .await;
        match written {
            Ok(_) => Ok(Appended::Stored),
            Err(SdkError::ServiceError(error))
                if matches!(error.err(), PutItemError::ConditionalCheckFailedException(_)) =>
            {
                Ok(Appended::Duplicate)
            }
            Err(error) => Err(store_error(error)),
        }
    }

    async fn put_parts(&self, items: Vec<Item>) -> Result<Appended, StoreError> {
        let mut request = self.client.transact_write_items();
        for item in items {
            let put = Put::builder()
                .table_name(&self.event_table)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(event_id)")
                .build()
                .map_err(|error| StoreError::Internal(Box::new(error)))?;
            request = request.transact_items(TransactWriteItem::builder().put(put).build());
        }
        match request.send().await {
            Ok(_) => Ok(Appended::Stored),
            Err(SdkError::ServiceError(error)) => match error.err() {
                TransactWriteItemsError::TransactionCanceledException(cancelled)
                    if cancelled
                        .cancellation_reasons()
                        .iter()
                        .any(|reason| reason.code() == Some("ConditionalCheckFailed")) =>
                {
                    Ok(Appended::Duplicate)
                }
                _ => Err(store_error(SdkError::ServiceError(error))),
            },
            Err(error) => Err(store_error(error)),
        }
    }

    /// The stream hands this change to `count-events`, which keeps the callback's counters.
    async fn count_duplicate(&self, id: &EventId) -> Result<(), StoreError> {
        self.client
            .update_item()
            .table_name(&self.event_table)
            .key("event_id", text(id.as_str()))
            .update_expression("ADD duplicates :one")
            .expression_attribute_values(":one", number(1))
            .send()
            .await
            .map_err(store_error)?;
        Ok(())
    }

    fn items_of(&self, event: NewEvent) -> Result<Vec<Item>, StoreError> {
        let payload = serde_json::to_string(&event.payload).map_err(|error| StoreError::Internal(Box::new(error)))?;
        let ttl = time_to_live(event.received_at + self.event_retention);
        let mut parts = split(&payload, PART_BYTES).into_iter();
        let mut item = Item::from([
            ("event_id".to_owned(), text(event.event_id.as_str())),
            ("event".to_owned(), text(event.event)),
            ("change_type".to_owned(), to_attribute(&event.change_type)?),
            ("created_at".to_owned(), to_attribute(&event.created_at)?),
            ("received_at".to_owned(), to_attribute(&event.received_at)?),
            ("duplicates".to_owned(), number(0)),
            ("payload".to_owned(), text(parts.next().unwrap_or_default())),
            ("parts".to_owned(), number(parts.len())),
            ("ttl".to_owned(), ttl.clone()),
        ]);
        match event.source {
            EventSource::Callback {
                callback_id,
                tenant_id,
                scope,
                corp_id,
            } => item.extend([
                ("source".to_owned(), text("callback")),
                (
                    "timeline".to_owned(),
                    text(timeline(&tenant_id, shard_of(&event.event_id))),
                ),
                (
                    "timeline_at".to_owned(),
                    text(position(event.received_at, &event.event_id)),
                ),
                ("callback_id".to_owned(), text(callback_id.as_str())),
                ("tenant_id".to_owned(), text(tenant_id.as_str())),
                ("scope".to_owned(), to_attribute(&scope)?),
                ("corp_id".to_owned(), text(corp_id.as_str())),
            ]),
            EventSource::Suite { suite_id } => {
                item.extend([
                    ("source".to_owned(), text("suite")),
                    ("suite_id".to_owned(), text(suite_id)),
                ]);
            }
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

#[derive(Deserialize)]
struct StoredEvent {
    event_id: EventId,
    tenant_id: TenantId,
    scope: Scope,
    corp_id: CorpId,
    event: String,
    change_type: Option<String>,
    created_at: Option<Timestamp>,
    received_at: Timestamp,
    duplicates: u64,
    parts: usize,
    payload: String,
    timeline_at: String,
}

impl ReadEvents for DynamoDb {
    async fn events(
        &self,
        tenant_id: &TenantId,
        filter: &EventFilter,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<EventPage, StoreError> {
        let mut before = match cursor.map(decode_cursor) {
            Some(Some(position)) => Some(position),
            Some(None) => {
                return Ok(EventPage {
                    events: Vec::new(),
                    next_cursor: None,
                });
            }
            None => filter.until.map(time_key),
        };
        let mut events = Vec::new();
        // A rare filter must not read a tenant's whole history at once: the cursor goes on where this page stopped.
        for _ in 0..MAX_ROUNDS {
            let round = self.round(tenant_id, filter, limit, before.as_deref()).await?;
            let exhausted = round.len() < limit;
            for stored in round {
                before = Some(stored.timeline_at.clone());
                if matches(filter, &stored) {
                    events.push(self.whole(stored).await?);
                    if events.len() == limit {
                        return Ok(EventPage {
                            events,
                            next_cursor: before.as_deref().map(encode_cursor),
                        });
                    }
                }
            }
            if exhausted {
                return Ok(EventPage {
                    events,
                    next_cursor: None,
                });
            }
        }
        Ok(EventPage {
            events,
            next_cursor: before.as_deref().map(encode_cursor),
        })
    }
}

const MAX_ROUNDS: usize = 5;

impl DynamoDb {
    /// The newest `limit` events before a position, merged from all partitions.
    async fn round(
        &self,
        tenant_id: &TenantId,
        filter: &EventFilter,
        limit: usize,
        before: Option<&str>,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let since = filter.since.map_or_else(|| "0".to_owned(), time_key);
        let mut merged: Vec<StoredEvent> = Vec::new();
        for shard in 0..TIMELINE_SHARDS {
            let mut start = None;
            let mut read: Vec<StoredEvent> = Vec::new();
            loop {
                let answer = self
                    .client
                    .query()
                    .table_name(&self.event_table)
                    .index_name(TIMELINE)
                    .key_condition_expression("timeline = :timeline AND timeline_at BETWEEN :since AND :before")
                    .expression_attribute_values(":timeline", text(timeline(tenant_id, shard)))
                    .expression_attribute_values(":since", text(&since))
                    // `~` sorts after every position; BETWEEN includes its bounds, so the position itself is dropped below.
                    .expression_attribute_values(":before", text(before.unwrap_or("~")))
                    .scan_index_forward(false)
                    .limit(i32::try_from(limit.saturating_add(1)).unwrap_or(i32::MAX))
                    .set_exclusive_start_key(start)
                    .send()
                    .await
                    .map_err(store_error)?;
                for item in answer.items.unwrap_or_default() {
                    let stored: StoredEvent = from_item(item)?;
                    if before != Some(stored.timeline_at.as_str()) {
                        read.push(stored);
                    }
                }
                start = answer.last_evaluated_key;
                if read.len() >= limit || start.is_none() {
                    break;
                }
            }
            read.truncate(limit);
            merged.append(&mut read);
        }
        merged.sort_by(|one, other| other.timeline_at.cmp(&one.timeline_at));
        merged.truncate(limit);
        Ok(merged)
    }

    /// Puts an event together again.
    async fn whole(&self, mut stored: StoredEvent) -> Result<Event, StoreError> {
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
            if let Some(AttributeValue::S(part)) = part {
                stored.payload.push_str(&part);
            }
        }
        let payload: Payload =
            serde_json::from_str(&stored.payload).map_err(|error| StoreError::Internal(Box::new(error)))?;
        Ok(Event {
            event_id: stored.event_id,
            tenant_id: stored.tenant_id,
            scope: stored.scope,
            corp_id: stored.corp_id,
            event: stored.event,
            change_type: stored.change_type,
            created_at: stored.created_at,
            received_at: stored.received_at,
            duplicates: stored.duplicates,
            payload,
        })
    }
}

fn matches(filter: &EventFilter, stored: &StoredEvent) -> bool {
    filter.scope.is_none_or(|scope| scope == stored.scope)
        && filter.event.as_ref().is_none_or(|event| *event == stored.event)
        && filter
            .change_type
            .as_ref()
            .is_none_or(|change_type| Some(change_type) == stored.change_type.as_ref())
}

fn shard_of(id: &EventId) -> u8 {
    id.as_str().bytes().next_back().unwrap_or_default() % TIMELINE_SHARDS
}

fn timeline(tenant_id: &TenantId, shard: u8) -> String {
    format!("{tenant_id}#{shard}")
}

/// Orders events by time, and those of one millisecond by id.
fn position(at: Timestamp, id: &EventId) -> String {
    format!("{}#{id}", time_key(at))
}

fn time_key(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn part_id(id: &EventId, index: usize) -> String {
    format!("{id}/{}", index + 1)
}

fn encode_cursor(position: &str) -> String {
    URL_SAFE_NO_PAD.encode(position)
}

fn decode_cursor(cursor: &str) -> Option<String> {
    URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
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

    #[test]
    fn orders_positions_by_time_whatever_the_digits_of_the_fraction() {
        let id = EventId::parse(&"0".repeat(32)).unwrap();
        let at = |ms| position(Timestamp::from_millisecond(ms).unwrap(), &id);
        assert!(at(1_790_000_000_000) < at(1_790_000_000_500));
        assert!(at(1_790_000_000_500) < at(1_790_000_001_000));
    }

    #[test]
    fn refuses_a_cursor_that_is_not_ours() {
        assert_eq!(decode_cursor("***"), None);
        assert_eq!(decode_cursor(&encode_cursor("x")), Some("x".to_owned()));
    }
}
