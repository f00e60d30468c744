//! Counts stored events per callback, from the stream of the event table, so that no event costs a second write of its own.
//!
//! Tests: below, `tests/it/rotation_counted.rs`, `tests/it/contract/counting.rs`.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    error::StepError,
    ids::CallbackId,
    store::{CallbackCount, DynamoDb},
};

/// Counts a batch of changes of the event table.
#[derive(Debug)]
pub struct CountStoredEvents<'a> {
    /// The table of the callbacks' counters.
    pub store: &'a DynamoDb,
}

/// A change of one stored event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventChange {
    /// The event was stored, at this time.
    Stored(CallbackId, Timestamp),
    /// The event was delivered again.
    Repeated(CallbackId),
}

impl CountStoredEvents<'_> {
    /// Adds up `changes`. `batch` identifies them: redelivered within two days they are not counted again.
    ///
    /// # Errors
    /// The failure of the store; the batch has to be redelivered.
    pub async fn run(&self, changes: &[EventChange], batch: &str, now: Timestamp) -> Result<(), StepError> {
        Ok(self.store.count_events(add_up(changes), batch, now).await?)
    }
}

fn add_up(changes: &[EventChange]) -> Vec<CallbackCount> {
    let mut counts: BTreeMap<CallbackId, CallbackCount> = BTreeMap::new();
    for change in changes {
        let (EventChange::Stored(id, _) | EventChange::Repeated(id)) = change;
        let count = counts.entry(id.clone()).or_insert_with(|| CallbackCount {
            callback_id: id.clone(),
            received: 0,
            duplicates: 0,
            last_event_at: None,
        });
        match change {
            EventChange::Stored(_, at) => {
                count.received += 1;
                count.last_event_at = count.last_event_at.max(Some(*at));
            }
            EventChange::Repeated(_) => count.duplicates += 1,
        }
    }
    counts.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_each_callback_by_itself() {
        let id = |digit: &str| CallbackId::parse(&digit.repeat(32)).unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        let changes = [
            EventChange::Stored(id("a"), at(2)),
            EventChange::Repeated(id("a")),
            EventChange::Stored(id("b"), at(1)),
            EventChange::Stored(id("a"), at(1)),
        ];
        assert_eq!(
            add_up(&changes),
            [
                CallbackCount {
                    callback_id: id("a"),
                    received: 2,
                    duplicates: 1,
                    last_event_at: Some(at(2))
                },
                CallbackCount {
                    callback_id: id("b"),
                    received: 1,
                    duplicates: 0,
                    last_event_at: Some(at(1))
                },
            ]
        );
    }
}
