//! Counters per callback, kept from the stream of the event table, so that no event costs a write of its own at its arrival.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use jiff::{SignedDuration, Timestamp};

use super::{
    DynamoDb,
    keys::{Key, number, text, time_to_live, to_attribute},
    store_error,
    transactions::TransactionError,
};
use crate::{ids::CallbackId, store::StoreError};

/// Change of a stored event, from a record of the event table's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventChange {
    /// Sequence number of the record: decimal, rising within its shard.
    pub sequence_number: String,
    /// The callback that received the event.
    pub callback_id: CallbackId,
    /// The arrival of the event, if the record says that it was stored.
    pub stored_at: Option<Timestamp>,
    /// Number of further redeliveries by WeCom.
    pub repeated: u64,
}

/// Sum of some records for the counters of one callback.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    received: u64,
    duplicates: u64,
    last_event_at: Option<Timestamp>,
}

/// Time for which the position of a shard is kept after its last record: longer than a record can be redelivered (a day).
const KEEP_POSITION: SignedDuration = SignedDuration::from_hours(48);

/// Callbacks of one transaction, which takes 100 items; the position is one of them.
const CALLBACKS_AT_ONCE: usize = 99;

/// Sequence numbers have up to 40 digits (DynamoDB Streams API); with leading zeros they sort as numbers do.
const SEQUENCE_NUMBER_DIGITS: usize = 40;

impl DynamoDb {
    /// Counts the events that consecutive records of a shard speak of, each record once, however often and in whatever batches
    /// the records are redelivered. Callbacks that have been removed are left out.
    ///
    /// Up to 99 callbacks are one transaction with the shard's position, which must lie before the first record and lies at the
    /// last one afterwards. So a batch of n callbacks costs 2(n + 1) write units.
    ///
    /// # Errors
    /// When the store fails; the records have to be redelivered.
    pub async fn count_events(&self, shard: &str, changes: &[EventChange], now: Timestamp) -> Result<(), StoreError> {
        let mut removed = BTreeSet::new();
        let mut rest = changes;
        while let Some((chunk, after)) = split(rest) {
            let counts = add_up(chunk, &removed);
            let mut items = vec![self.advance(shard, chunk, now)?];
            for (callback_id, count) in &counts {
                items.push(self.add(callback_id, count)?);
            }
            match self.transact(items).await {
                Ok(()) => rest = after,
                Err(TransactionError::Conditions(failed)) if failed.first() == Some(&true) => {
                    let position = self.position(shard).await?;
                    let is_counted = |change: &EventChange| {
                        position
                            .as_ref()
                            .is_some_and(|position| sortable(&change.sequence_number) <= *position)
                    };
                    let counted = rest.iter().take_while(|change| is_counted(change)).count();
                    tracing::info!(records = counted, "counted before");
                    rest = rest.split_at_checked(counted).map_or(&[], |(_, rest)| rest);
                }
                Err(TransactionError::Conditions(failed)) => {
                    let failed = counts.keys().zip(failed.iter().skip(1)).filter(|(_, failed)| **failed);
                    for (callback_id, _) in failed {
                        tracing::info!(callback.id = %callback_id, "events of a callback that was removed: not counted");
                        removed.insert((*callback_id).clone());
                    }
                }
                Err(TransactionError::Store(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// Moves the position of a shard to the end of `chunk`, unless it lies at its beginning or later already.
    fn advance(&self, shard: &str, chunk: &[EventChange], now: Timestamp) -> Result<TransactWriteItem, StoreError> {
        let edge = |change: Option<&EventChange>| text(sortable(change.map_or("", |change| &change.sequence_number)));
        let update = Update::builder()
            .table_name(&self.authorization_table)
            .set_key(Some(position_key(shard).into_item()))
            .update_expression("SET #position = :last, #ttl = :ttl")
            .condition_expression("attribute_not_exists(#position) OR #position < :first")
            .expression_attribute_names("#position", "position")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":first", edge(chunk.first()))
            .expression_attribute_values(":last", edge(chunk.last()))
            .expression_attribute_values(":ttl", time_to_live(now + KEEP_POSITION))
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// The last record of a shard that was counted.
    async fn position(&self, shard: &str) -> Result<Option<String>, StoreError> {
        let request = self.client.get_item().table_name(&self.authorization_table);
        let request = request
            .set_key(Some(position_key(shard).into_item()))
            .consistent_read(true);
        let item = request.send().await.map_err(store_error)?.item;
        let position = item.and_then(|item| item.get("position")?.as_s().ok().cloned());
        Ok(position)
    }

    fn add(&self, callback_id: &CallbackId, count: &Count) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.authorization_table)
            .set_key(Some(Key::callback(callback_id).into_item()))
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":received", number(count.received))
            .expression_attribute_values(":duplicates", number(count.duplicates));
        let update = match count.last_event_at {
            None => update.update_expression("ADD events_received :received, duplicates :duplicates"),
            Some(at) => update
                .update_expression("ADD events_received :received, duplicates :duplicates SET last_event_at = :at")
                .expression_attribute_values(":at", to_attribute(&at)?),
        };
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }
}

fn position_key(shard: &str) -> Key {
    Key::new("COUNTED", shard, "POSITION")
}

/// Splits off as many of `changes` as name no more callbacks than one transaction takes; `None` when there are none.
fn split(changes: &[EventChange]) -> Option<(&[EventChange], &[EventChange])> {
    let mut callbacks = BTreeSet::new();
    let named = changes.iter().map(|change| &change.callback_id);
    let fitting = named.take_while(|callback_id| {
        callbacks.insert(*callback_id);
        callbacks.len() <= CALLBACKS_AT_ONCE
    });
    let fitting = fitting.count();
    changes.split_at_checked(fitting).filter(|_| fitting > 0)
}

fn sortable(sequence_number: &str) -> String {
    format!("{sequence_number:0>SEQUENCE_NUMBER_DIGITS$}")
}

fn add_up<'a>(changes: &'a [EventChange], removed: &BTreeSet<CallbackId>) -> BTreeMap<&'a CallbackId, Count> {
    let mut counts: BTreeMap<_, Count> = BTreeMap::new();
    for change in changes.iter().filter(|change| !removed.contains(&change.callback_id)) {
        let count = counts.entry(&change.callback_id).or_default();
        count.received += u64::from(change.stored_at.is_some());
        count.duplicates += change.repeated;
        count.last_event_at = count.last_event_at.max(change.stored_at);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(callback: u8, stored_second: Option<i64>, repeated: u64) -> EventChange {
        EventChange {
            sequence_number: "1".to_owned(),
            callback_id: CallbackId::parse(&format!("{callback:032x}")).unwrap(),
            stored_at: stored_second.map(|second| Timestamp::from_second(second).unwrap()),
            repeated,
        }
    }

    #[test]
    fn adds_up_each_callback_by_itself() {
        let changes = [
            change(1, Some(2), 0),
            change(1, None, 3),
            change(2, Some(1), 0),
            change(1, Some(1), 0),
            change(3, Some(1), 0),
        ];
        let removed = BTreeSet::from([changes[4].callback_id.clone()]);
        let count = |received, duplicates, last| Count {
            received,
            duplicates,
            last_event_at: Some(Timestamp::from_second(last).unwrap()),
        };
        let counts = add_up(&changes, &removed);
        assert_eq!(
            counts.into_values().collect::<Vec<_>>(),
            [count(2, 3, 2), count(1, 0, 1)]
        );
    }

    #[test]
    fn puts_no_more_callbacks_into_a_transaction_than_it_takes() {
        let changes: Vec<_> = (0..=99)
            .flat_map(|number| [change(number, None, 1), change(number, None, 1)])
            .collect();
        let (first, rest) = split(&changes).unwrap();
        assert_eq!((first.len(), rest.len()), (198, 2));
        assert_eq!(split(rest).unwrap().1, []);
        assert_eq!(split(&[]), None);
    }

    #[test]
    fn sorts_sequence_numbers_as_numbers() {
        assert!(sortable("9") < sortable("10"));
        assert!(sortable("4421584500000000017450439091") < sortable("4421584500000000017450439092"));
    }
}
