//! Counters of each callback's events, kept from the stream of the event table, so that no event costs a write of its own at its
//! arrival (docs/adr/0006-events-are-counted-from-the-stream.md).

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::update_item::UpdateItemError,
    primitives::Blob,
    types::{
        AttributeValue, ConditionCheck, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
        Update,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use super::{
    DynamoDb, condition_failed,
    keys::{Item, Key, from_item, number, to_attribute},
    store_error,
    transactions::TransactionError,
};
use crate::{
    authorization::{EventCounts, SILENCE},
    ids::CallbackId,
    store::{EventGap, GapReason, StoreError},
};

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

/// How long a callback's position in a shard is kept after it last moved: longer than Lambda redelivers a record
/// (`MaximumRecordAgeInSeconds` in `template.yaml`, six hours).
const KEEP_POSITION: SignedDuration = SignedDuration::from_hours(7);

/// Positions that are over and are removed by one write. Shards follow each other within hours, so each callback gets some a day.
const STALE_AT_ONCE: usize = 8;

/// Callbacks that are counted at the same time.
const CALLBACKS_AT_ONCE: usize = 16;

/// The beginning of the names of attributes that contain positions.
const POSITION: char = '@';

/// Bytes at the end of a position that say when it was written, in seconds since 1970.
const TIME_BYTES: usize = 4;

/// Counts, and moves the position.
const COUNT: &str = "ADD events_received :received, duplicates :duplicates SET #position = :last";

/// There are counters, and their position lies before the first record.
const BEHIND_POSITION: &str = "attribute_exists(pk) AND (attribute_not_exists(#position) OR #position < :first)";

/// Position of an earlier version, one for all callbacks of a shard. It ends two days after it was written.
#[derive(Deserialize)]
struct EarlierPosition {
    position: String,
}

impl DynamoDb {
    /// The counters of a callback's events, since this version counts them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn event_counts(&self, id: &CallbackId) -> Result<EventCounts, StoreError> {
        Ok(self.item(Key::event_counts(id)).await?.unwrap_or_default())
    }

    /// Counts the events that consecutive records of a shard speak of, each record once, however often and in whatever batches
    /// the records are redelivered. Callbacks that have been removed are left out.
    ///
    /// Each callback's counters are one item, which also has the callback's position in the shard. One conditional write, of one
    /// unit, adds what lies behind the position and moves it.
    ///
    /// # Errors
    /// When the store fails for some of the callbacks; the records have to be redelivered. [`StoreError::Unavailable`] if that
    /// is the case for any.
    pub async fn count_events(&self, shard: &str, changes: &[EventChange], now: Timestamp) -> Result<(), StoreError> {
        let mut callbacks = self.uncounted(shard, changes).await?.into_iter();
        let mut counting = JoinSet::new();
        let mut outcome = Ok(());
        loop {
            while counting.len() < CALLBACKS_AT_ONCE
                && let Some((callback_id, changes)) = callbacks.next()
            {
                let (store, position) = (self.clone(), position_name(shard));
                let count = async move { store.count(&callback_id, &position, changes, now).await };
                counting.spawn(Box::pin(count.in_current_span()));
            }
            let Some(ended) = counting.join_next().await else {
                return outcome;
            };
            let counted = ended.unwrap_or_else(|error| Err(StoreError::Internal(Box::new(error))));
            if !matches!(outcome, Err(StoreError::Unavailable(_))) {
                outcome = outcome.and(counted);
            }
        }
    }

    /// The changes of each callback, without those that an earlier version has counted: it had one position for a shard.
    async fn uncounted(
        &self,
        shard: &str,
        changes: &[EventChange],
    ) -> Result<BTreeMap<CallbackId, Vec<EventChange>>, StoreError> {
        let mut callbacks: BTreeMap<_, Vec<_>> = BTreeMap::new();
        if changes.is_empty() {
            return Ok(callbacks);
        }
        let earlier: Option<EarlierPosition> = self.item(Key::new("COUNTED", shard, "POSITION")).await?;
        let earlier = earlier.map(|earlier| sortable(&earlier.position));
        for change in changes {
            if earlier
                .as_ref()
                .is_none_or(|earlier| sortable(&change.sequence_number) > *earlier)
            {
                let of_callback = callbacks.entry(change.callback_id.clone()).or_default();
                of_callback.push(change.clone());
            }
        }
        Ok(callbacks)
    }

    /// Counts the changes of one callback.
    async fn count(
        &self,
        callback_id: &CallbackId,
        position: &str,
        mut changes: Vec<EventChange>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        while let (Some(first), Some(last)) = (changes.first(), changes.last()) {
            let first_number = sortable(&first.sequence_number);
            let counts = add_up(&changes);
            let heard_again = changes.iter().filter_map(|change| change.stored_at).min();
            let mut values = Item::from([
                (":first".to_owned(), binary(first_number.clone())),
                (":last".to_owned(), position_at(&last.sequence_number, now)),
                (":received".to_owned(), number(counts.events_received)),
                (":duplicates".to_owned(), number(counts.duplicates)),
            ]);
            let mut update = COUNT.to_owned();
            if let Some(at) = counts.last_event_at {
                update.push_str(", last_event_at = :at");
                values.insert(":at".to_owned(), to_attribute(&at)?);
            }
            let mut request = self
                .client
                .update_item()
                .table_name(&self.authorization_table)
                .set_key(Some(Key::event_counts(callback_id).into_item()))
                .update_expression(&update)
                .expression_attribute_names("#position", position)
                .set_expression_attribute_values(Some(values.clone()))
                .return_values(ReturnValue::AllNew)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            request = match heard_again {
                None => request.condition_expression(BEHIND_POSITION),
                Some(at) => request
                    .condition_expression(format!(
                        "{BEHIND_POSITION} AND (attribute_not_exists(last_event_at) OR last_event_at >= :heard)"
                    ))
                    .expression_attribute_values(":heard", to_attribute(&(at - SILENCE))?),
            };
            let failed = match request.send().await {
                Ok(counted) => {
                    let item = counted.attributes.unwrap_or_default();
                    return self.forget_positions(callback_id, item, now).await;
                }
                Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                    error.into_err()
                }
                Err(error) => return Err(store_error(error)),
            };
            let UpdateItemError::ConditionalCheckFailedException(failed) = failed else {
                return Ok(());
            };
            let Some(mut item) = failed.item else {
                if Box::pin(self.begin_counting(callback_id)).await? {
                    continue;
                }
                tracing::info!(callback.id = %callback_id, "events of a callback that was removed: not counted");
                return Ok(());
            };
            match item.remove(position) {
                Some(AttributeValue::B(counted)) if counted.as_ref() >= first_number.as_slice() => {
                    let before = changes.len();
                    changes.retain(|change| sortable(&change.sequence_number).as_slice() > counted.as_ref());
                    tracing::info!(callback.id = %callback_id, records = before - changes.len(), "counted before");
                }
                _ => {
                    let counts: EventCounts = from_item(item)?;
                    let count = Update::builder()
                        .table_name(&self.authorization_table)
                        .set_key(Some(Key::event_counts(callback_id).into_item()))
                        .update_expression(update)
                        .condition_expression(BEHIND_POSITION)
                        .expression_attribute_names("#position", position)
                        .set_expression_attribute_values(Some(values))
                        .build()?;
                    let silence = [counts.last_event_at, heard_again];
                    if Box::pin(self.count_after_silence(callback_id, silence, count)).await? {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Counts events of a callback that has received nothing for long, with the notification of other services, unless WeCom has
    /// checked its URL meanwhile. Returns whether that was done, and not by another.
    async fn count_after_silence(
        &self,
        callback_id: &CallbackId,
        [heard_until, heard_again]: [Option<Timestamp>; 2],
        count: Update,
    ) -> Result<bool, StoreError> {
        let Some(callback) = self.callback(callback_id).await? else {
            return Ok(true);
        };
        let mut items = vec![TransactWriteItem::builder().update(count).build()];
        if let (Some(from), Some(to)) = (heard_until.max(callback.verified_at), heard_again)
            && to.duration_since(from) > SILENCE
        {
            let gap = EventGap::before(&callback, from, to, GapReason::Silent);
            let put = self.notification(&gap.announcement_id, to, &gap)?;
            items.push(TransactWriteItem::builder().put(put).build());
        }
        match self.transact(items).await {
            Ok(()) => Ok(true),
            Err(TransactionError::Conditions(_)) => Ok(false),
            Err(TransactionError::Store(error)) => Err(error),
        }
    }

    /// Creates the item with a callback's counters. Returns whether there is such a callback.
    async fn begin_counting(&self, callback_id: &CallbackId) -> Result<bool, StoreError> {
        let callback = ConditionCheck::builder()
            .table_name(&self.authorization_table)
            .set_key(Some(Key::callback(callback_id).into_item()))
            .condition_expression("attribute_exists(pk)")
            .build()?;
        let counts = Put::builder()
            .table_name(&self.authorization_table)
            .set_item(Some(Key::event_counts(callback_id).into_item()))
            .condition_expression("attribute_not_exists(pk)")
            .build()?;
        let items = vec![
            TransactWriteItem::builder().condition_check(callback).build(),
            TransactWriteItem::builder().put(counts).build(),
        ];
        match self.transact(items).await {
            Ok(()) => Ok(true),
            // Another has created it in the meantime, or the callback is gone.
            Err(TransactionError::Conditions(failed)) => Ok(failed.first() == Some(&false)),
            Err(TransactionError::Store(error)) => Err(error),
        }
    }

    /// Removes positions that are over, once there are some.
    async fn forget_positions(&self, callback_id: &CallbackId, counts: Item, now: Timestamp) -> Result<(), StoreError> {
        let is_over = |value: &AttributeValue| written_at(value).is_some_and(|at| now > at + KEEP_POSITION);
        let stale = counts.into_iter();
        let stale: Vec<_> = stale
            .filter(|(name, value)| name.starts_with(POSITION) && is_over(value))
            .collect();
        if stale.len() < STALE_AT_ONCE {
            return Ok(());
        }
        let mut update = self
            .client
            .update_item()
            .table_name(&self.authorization_table)
            .set_key(Some(Key::event_counts(callback_id).into_item()));
        let (mut removed, mut unchanged) = (Vec::new(), Vec::new());
        for (index, (name, value)) in stale.into_iter().enumerate() {
            removed.push(format!("#{index}"));
            unchanged.push(format!("#{index} = :{index}"));
            update = update
                .expression_attribute_names(format!("#{index}"), name)
                .expression_attribute_values(format!(":{index}"), value);
        }
        let update = update
            .update_expression(format!("REMOVE {}", removed.join(", ")))
            .condition_expression(unchanged.join(" AND "));
        match update.send().await {
            Err(error) if !condition_failed(&error) => Err(store_error(error)),
            _ => Ok(()),
        }
    }
}

/// The name of the attribute with a callback's position in a shard. Short, so that the counters stay below a kilobyte: 48 bits of a
/// hash, of which a callback has some dozens at a time.
fn position_name(shard: &str) -> String {
    let hash = Sha256::digest(shard);
    let hash = hash.first_chunk::<6>().copied().unwrap_or_default();
    format!("{POSITION}{}", URL_SAFE_NO_PAD.encode(hash))
}

/// A sequence number (decimal, of up to 40 digits: DynamoDB Streams API) as bytes that sort as numbers do: how many there are,
/// then two digits in each.
fn sortable(sequence_number: &str) -> Vec<u8> {
    let digits = sequence_number.trim_start_matches('0').as_bytes();
    let pair = |pair: &[u8]| {
        pair.iter().rev().fold(0_u8, |value, digit| {
            value.wrapping_mul(10).wrapping_add(digit.wrapping_sub(b'0'))
        })
    };
    let reversed: Vec<u8> = digits.iter().rev().copied().collect();
    let mut sortable: Vec<u8> = reversed.chunks(2).map(pair).collect();
    sortable.push(u8::try_from(sortable.len()).unwrap_or(u8::MAX));
    sortable.reverse();
    sortable
}

fn binary(bytes: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// A position that is written at `now`. It sorts after its own record, and before the next one.
fn position_at(sequence_number: &str, now: Timestamp) -> AttributeValue {
    let mut position = sortable(sequence_number);
    position.extend(u32::try_from(now.as_second()).unwrap_or(u32::MAX).to_be_bytes());
    binary(position)
}

fn written_at(position: &AttributeValue) -> Option<Timestamp> {
    let seconds = position.as_b().ok()?.as_ref().last_chunk::<TIME_BYTES>()?;
    Timestamp::from_second(u32::from_be_bytes(*seconds).into()).ok()
}

fn add_up(changes: &[EventChange]) -> EventCounts {
    let mut counts = EventCounts::default();
    for change in changes {
        counts.events_received += u64::from(change.stored_at.is_some());
        counts.duplicates += change.repeated;
        counts.last_event_at = counts.last_event_at.max(change.stored_at);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(stored_second: Option<i64>, repeated: u64) -> EventChange {
        EventChange {
            sequence_number: "1".to_owned(),
            callback_id: CallbackId::parse(&"a".repeat(32)).unwrap(),
            stored_at: stored_second.map(|second| Timestamp::from_second(second).unwrap()),
            repeated,
        }
    }

    #[test]
    fn adds_up_what_was_stored_and_repeated() {
        let counts = add_up(&[change(Some(2), 0), change(None, 3), change(Some(1), 0)]);
        let expected = EventCounts {
            events_received: 2,
            duplicates: 3,
            last_event_at: Some(Timestamp::from_second(2).unwrap()),
        };
        assert_eq!(counts, expected);
    }

    #[test]
    fn sorts_sequence_numbers_as_numbers() {
        let longest = "9".repeat(40);
        let rising = [
            "0",
            "9",
            "10",
            "99",
            "100",
            "101",
            "4421584500000000017450439091",
            "4421584500000000017450439092",
            longest.as_str(),
        ];
        assert!(rising.map(sortable).is_sorted_by(|one, next| one < next));
        assert_eq!(sortable("0010"), sortable("10"));
        assert_eq!(sortable("4421584500000000017450439092").len(), 15);
    }

    #[test]
    fn a_position_lies_behind_its_record_and_before_the_next_one() {
        for time in [Timestamp::UNIX_EPOCH, Timestamp::from_second(4_000_000_000).unwrap()] {
            let position = position_at("99", time);
            assert_eq!(written_at(&position), Some(time));
            let position = position.as_b().unwrap().as_ref();
            assert!(sortable("99").as_slice() < position && position < sortable("100").as_slice());
        }
    }
}
