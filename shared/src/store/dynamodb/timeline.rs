//! A tenant's events, newest first: the partitions of the index are read side by side and merged.

use std::collections::VecDeque;

use aws_sdk_dynamodb::{operation::query::builders::QueryFluentBuilder, types::AttributeValue};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    DynamoDb,
    keys::{Item, from_item, text},
    store_error,
};
use crate::{
    ids::{CorpId, EventId, EventScope, TenantId},
    position::time_key,
    store::{EventFilter, StoreError, tables::TIMELINE},
};

/// A tenant's events are spread over this many partitions of the index, so that one corporation's bulk import is not held
/// up by the limit of one partition (1000 writes a second).
pub(super) const TIMELINE_SHARDS: u8 = 4;

/// Queries that one page may take. With a filter a query reads up to 1 MB, some 1,800 events: so a rare event is found among a
/// million within ten pages, and a page takes a second or two.
const MAX_QUERIES: usize = 64;

/// An event as it is stored.
#[derive(Deserialize)]
pub(super) struct StoredEvent {
    pub(super) event_id: EventId,
    pub(super) tenant_id: TenantId,
    pub(super) scope: EventScope,
    pub(super) corp_id: CorpId,
    pub(super) event: String,
    pub(super) change_type: Option<String>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) received_at: Timestamp,
    pub(super) duplicates: u64,
    pub(super) damaged: Option<String>,
    pub(super) parts: usize,
    pub(super) payload: String,
    pub(super) timeline_at: String,
}

/// Reads a tenant's events, newest first.
pub(super) struct Timeline<'a> {
    store: &'a DynamoDb,
    tenant_id: &'a TenantId,
    filter: &'a EventFilter,
    since: String,
    before: String,
    /// Items of the first query of each partition, and of those that follow; `None` with a filter, which reads as much as a
    /// query takes.
    limits: Option<[i32; 2]>,
    queries_left: usize,
    partitions: [Partition; 4],
}

/// Position up to which a partition has been read.
struct Partition {
    shard: u8,
    /// Events that were read and not yet returned, newest first.
    events: VecDeque<StoredEvent>,
    /// The position of the last item that was read; `None` before the first query.
    position: Option<String>,
    /// Start key of the next query; `None` before the first query.
    start: Option<Item>,
    is_exhausted: bool,
}

/// Result of reading one step of a timeline.
pub(super) enum Next {
    /// The next event, newest first.
    Event(Box<StoredEvent>),
    /// Nothing: all were returned.
    End,
    /// The page has taken its queries. Every event above this position was returned.
    Paused(String),
}

impl<'a> Timeline<'a> {
    /// The events that `filter` lets through and that lie below the position `before`; `limit` is how many are wanted.
    pub(super) fn new(
        store: &'a DynamoDb,
        tenant_id: &'a TenantId,
        filter: &'a EventFilter,
        limit: usize,
        before: Option<&str>,
    ) -> Self {
        let is_filtered = filter.scope.is_some() || filter.event.is_some() || filter.change_type.is_some();
        let count = |items: usize| i32::try_from(items).unwrap_or(i32::MAX);
        // Hashes spread the newest events evenly: a quarter and a little more of them is often enough. So 1.3 items are read for one
        // that is shown, in 1.3 rounds of queries for a page of 100; of 50, 1.33 in 1.6 (`tests/it/among_many.rs`).
        let limits = [limit.saturating_mul(5) / 16 + 1, limit / 16 + 1].map(count);
        let partition = |shard| Partition {
            shard,
            events: VecDeque::new(),
            position: None,
            start: None,
            is_exhausted: false,
        };
        Self {
            store,
            tenant_id,
            filter,
            since: filter.since.map_or_else(|| "0".to_owned(), time_key),
            // `~` sorts after every position.
            before: before.map_or_else(|| "~".to_owned(), ToOwned::to_owned),
            limits: (!is_filtered).then_some(limits),
            queries_left: MAX_QUERIES,
            partitions: [0, 1, 2, 3].map(partition),
        }
    }

    /// Reads the next event, and the next page where the current one is used up.
    pub(super) async fn next(&mut self) -> Result<Next, StoreError> {
        if self.before < self.since {
            // DynamoDB refuses bounds in this order.
            return Ok(Next::End);
        }
        loop {
            let newest = self
                .partitions
                .iter()
                .filter_map(Partition::newest)
                .max()
                .map(ToOwned::to_owned);
            let blocking = self
                .partitions
                .iter()
                .filter(|partition| partition.may_have_above(newest.as_deref()));
            let blocking: Vec<_> = blocking.map(|partition| partition.shard).collect();
            if blocking.is_empty() {
                let holder = self
                    .partitions
                    .iter_mut()
                    .find(|partition| partition.newest() == newest.as_deref());
                let event = holder.and_then(|partition| partition.events.pop_front());
                return Ok(event.map_or(Next::End, |event| Next::Event(Box::new(event))));
            }
            let Some(left) = self.queries_left.checked_sub(blocking.len()) else {
                return Ok(Next::Paused(self.frontier(&blocking)));
            };
            self.queries_left = left;
            self.read(&blocking).await?;
        }
    }

    /// The lowest position above which every event was returned.
    fn frontier(&self, blocking: &[u8]) -> String {
        let blocking = self
            .partitions
            .iter()
            .filter(|partition| blocking.contains(&partition.shard));
        let positions = blocking.map(|partition| partition.position.as_ref().unwrap_or(&self.before));
        positions.max().unwrap_or(&self.before).clone()
    }

    /// Reads on in these partitions, side by side.
    async fn read(&mut self, shards: &[u8]) -> Result<(), StoreError> {
        let read = |partition: &Partition| {
            let query = shards.contains(&partition.shard).then(|| self.query(partition));
            async move {
                match query {
                    None => Ok(None),
                    Some(query) => query.send().await.map(Some).map_err(store_error),
                }
            }
        };
        let [one, two, three, four] = &self.partitions;
        let answers = tokio::try_join!(read(one), read(two), read(three), read(four))?;
        let answers: [_; 4] = answers.into();
        for (partition, answer) in self.partitions.iter_mut().zip(answers) {
            let Some(answer) = answer else { continue };
            for item in answer.items.unwrap_or_default() {
                let event: StoredEvent = from_item(item)?;
                partition.position = Some(event.timeline_at.clone());
                // BETWEEN includes its bounds.
                if event.timeline_at != self.before {
                    partition.events.push_back(event);
                }
            }
            let last = answer.last_evaluated_key;
            if let Some(AttributeValue::S(position)) = last.as_ref().and_then(|key| key.get("timeline_at")) {
                partition.position = Some(position.clone());
            }
            partition.is_exhausted = last.is_none();
            partition.start = last;
        }
        Ok(())
    }

    fn query(&self, partition: &Partition) -> QueryFluentBuilder {
        let [first, next] = self.limits.map_or([None, None], |limits| limits.map(Some));
        let mut query = self
            .store
            .client
            .query()
            .table_name(&self.store.event_table)
            .index_name(TIMELINE)
            .key_condition_expression("timeline = :timeline AND timeline_at BETWEEN :since AND :before")
            .expression_attribute_values(":timeline", text(timeline(self.tenant_id, partition.shard)))
            .expression_attribute_values(":since", text(&self.since))
            .expression_attribute_values(":before", text(&self.before))
            .scan_index_forward(false)
            .set_limit(if partition.start.is_none() { first } else { next })
            .set_exclusive_start_key(partition.start.clone());
        let wanted = [
            ("scope", self.filter.scope.map(EventScope::as_str)),
            ("event", self.filter.event.as_deref()),
            ("change_type", self.filter.change_type.as_deref()),
        ];
        let mut conditions = Vec::new();
        for (name, value) in wanted.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            conditions.push(format!("#{name} = :{name}"));
            query = query
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), text(value));
        }
        query.set_filter_expression((!conditions.is_empty()).then(|| conditions.join(" AND ")))
    }
}

impl Partition {
    fn newest(&self) -> Option<&str> {
        self.events.front().map(|event| event.timeline_at.as_str())
    }

    /// Whether it may have an event above `position` that was not read.
    fn may_have_above(&self, position: Option<&str>) -> bool {
        let has_read_below = match (self.position.as_deref(), position) {
            (Some(read), Some(position)) => read < position,
            _ => false,
        };
        self.events.is_empty() && !self.is_exhausted && !has_read_below
    }
}

/// The partition of the index that holds a shard of a tenant's events.
pub(super) fn timeline(tenant_id: &TenantId, shard: u8) -> String {
    format!("{tenant_id}#{shard}")
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::{Client, Config, config::BehaviorVersion};
    use jiff::SignedDuration;
    use serde_json::json;

    use super::*;

    fn store() -> DynamoDb {
        let config = Config::builder().behavior_version(BehaviorVersion::latest()).build();
        let [authorizations, events] = ["authorizations", "events"].map(ToOwned::to_owned);
        DynamoDb::new(Client::from_conf(config), authorizations, events, SignedDuration::ZERO)
    }

    fn event(position: &str) -> StoredEvent {
        serde_json::from_value(json!({
            "event_id": "74945b243d9a6b6ee8bfaf5ce3736a39",
            "tenant_id": "acme",
            "scope": "contacts",
            "corp_id": "ww0a1b2c3d4e5f6071",
            "event": "change_contact",
            "received_at": "2026-11-22T15:56:32.291Z",
            "duplicates": 0,
            "parts": 0,
            "payload": "{}",
            "timeline_at": position,
        }))
        .unwrap()
    }

    /// No query is left, so that nothing is asked of the store.
    #[tokio::test]
    async fn pauses_where_an_unread_event_may_be_newer_than_those_that_were_read() {
        let (store, tenant_id, filter) = (store(), TenantId::parse("acme").unwrap(), EventFilter::default());
        let mut timeline = Timeline::new(&store, &tenant_id, &filter, 1, None);
        timeline.queries_left = 0;
        let [one, two, three, four] = &mut timeline.partitions;
        one.events = [event("7"), event("4")].into();
        one.position = Some("4".to_owned());
        two.position = Some("6".to_owned());
        three.position = Some("5".to_owned());
        four.is_exhausted = true;
        assert!(matches!(timeline.next().await, Ok(Next::Event(newest)) if newest.timeline_at == "7"));
        assert!(matches!(timeline.next().await, Ok(Next::Paused(position)) if position == "6"));
    }
}
