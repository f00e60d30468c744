//! The memory of one process of `event-callback`, kept between requests.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    authorization::{Callback, Refusal, RejectionReason},
    ids::{CallbackId, EventId},
};

/// The memory of one process: records of callbacks for up to five seconds, ids that do not exist for 30, rate limits and
/// refused requests per callback, and events that were repeated often for an hour. Bounded to 4096 entries per map; cleared
/// when full.
#[derive(Debug, Default)]
pub struct CallbackMemory {
    known: Mutex<HashMap<CallbackId, Known>>,
    notes: Mutex<HashMap<CallbackId, Bucket>>,
    looks: Mutex<HashMap<CallbackId, Bucket>>,
    refused: Mutex<HashMap<Refused, u64>>,
    repeated: Mutex<HashMap<EventId, Timestamp>>,
}

/// Where a refused request arrived, why it was refused, and the address that it came from.
pub(super) type Refused = (CallbackId, RejectionReason, Option<String>);

#[derive(Debug)]
struct Known {
    read_at: Timestamp,
    record: Option<Callback>,
    /// The number of consecutive reads with less than [`BUSY_WITHIN`] between them.
    reads: u32,
}

/// The memory of one id.
pub(super) enum Recalled {
    /// The record of a busy callback: used to accept and to refuse requests.
    Busy(Box<Callback>),
    /// The record: used to refuse requests only.
    Callback(Box<Callback>),
    /// There is no such callback.
    Nothing,
    /// There is no entry that is recent enough.
    Unknown,
}

/// A remembered record is used to refuse requests, so that requests to a known URL do not cause a read each. Before a
/// request is accepted the record is read again: it may have been removed
/// (docs/adr/0016-a-busy-callback-is-remembered-for-a-second.md).
const REMEMBER_CALLBACK: SignedDuration = SignedDuration::from_secs(5);
/// A callback whose record was read this often, each time within [`BUSY_WITHIN`] of the previous one, is busy: its
/// record is not read again for [`BUSY_WITHIN`].
const BUSY_READS: u32 = 10;
const BUSY_WITHIN: SignedDuration = SignedDuration::from_secs(1);
/// An id that does not exist is not looked up again within this time.
const REMEMBER_UNKNOWN: SignedDuration = SignedDuration::from_secs(30);
/// An event that was repeated often is not written again within this time, which is less than any event is stored.
const REMEMBER_REPEATED: SignedDuration = SignedDuration::from_hours(1);
const MAX_REMEMBERED: usize = 4096;

impl CallbackMemory {
    pub(super) fn recall(&self, id: &CallbackId, now: Timestamp) -> Recalled {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Known { read_at, record, reads }) = known.get(id) else {
            return Recalled::Unknown;
        };
        let age = now.duration_since(*read_at);
        match record {
            Some(callback) if age < BUSY_WITHIN && *reads >= BUSY_READS => Recalled::Busy(Box::new(callback.clone())),
            Some(callback) if age < REMEMBER_CALLBACK => Recalled::Callback(Box::new(callback.clone())),
            None if age < REMEMBER_UNKNOWN => Recalled::Nothing,
            _ => Recalled::Unknown,
        }
    }

    pub(super) fn remember(&self, id: &CallbackId, record: Option<Callback>, now: Timestamp) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        let before = known.get(id);
        let before = before.filter(|known| now.duration_since(known.read_at) < BUSY_WITHIN);
        let known_now = Known {
            read_at: now,
            record,
            reads: before.map_or(0, |known| known.reads).saturating_add(1),
        };
        known.insert(id.clone(), known_now);
    }

    pub(crate) fn forget(&self, id: &CallbackId) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Stores that an event was repeated so often that its repetitions are no longer counted.
    pub(crate) fn remember_repeated(&self, id: EventId, now: Timestamp) {
        let mut repeated = self.repeated.lock().unwrap_or_else(PoisonError::into_inner);
        if repeated.len() >= MAX_REMEMBERED {
            repeated.clear();
        }
        repeated.insert(id, now);
    }

    /// Whether an event was repeated so often, within the last hour.
    pub(crate) fn is_often_repeated(&self, id: &EventId, now: Timestamp) -> bool {
        let repeated = self.repeated.lock().unwrap_or_else(PoisonError::into_inner);
        let since = repeated.get(id);
        since.is_some_and(|since| now.duration_since(*since) < REMEMBER_REPEATED)
    }

    pub(super) fn may_note(&self, id: &CallbackId, now: Timestamp) -> bool {
        Bucket::take(&self.notes, id, now)
    }

    /// Takes the number of refused requests of this kind that have not been stored.
    pub(super) fn take_refused(&self, refused: &Refused) -> u64 {
        let mut counts = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        counts.remove(refused).unwrap_or(0)
    }

    /// Keeps the number of refused requests that were not stored, for the next note of this kind.
    pub(super) fn keep_refused(&self, refused: Refused, count: u64) {
        let mut counts = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MAX_REMEMBERED {
            counts.clear();
        }
        let kept = counts.entry(refused).or_default();
        *kept = kept.saturating_add(count);
    }

    /// Adds what was stored to the record that is remembered, if there is one.
    pub(super) fn remember_refusals(&self, id: &CallbackId, refusals: &[Refusal]) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(record) = known.get_mut(id).and_then(|known| known.record.as_mut()) {
            record.refusals = refusals.to_vec();
        }
    }

    pub(crate) fn may_look_again(&self, id: &CallbackId, now: Timestamp) -> bool {
        Bucket::take(&self.looks, id, now)
    }
}

/// A token bucket: ten at once, then one every six seconds.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: u32,
    filled_at: Timestamp,
}

impl Bucket {
    const SIZE: u32 = 10;
    const REFILL: SignedDuration = SignedDuration::from_secs(6);

    fn take(buckets: &Mutex<HashMap<CallbackId, Self>>, id: &CallbackId, now: Timestamp) -> bool {
        let mut buckets = buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_REMEMBERED {
            buckets.clear();
        }
        let bucket = buckets.entry(id.clone()).or_insert(Self {
            left: Self::SIZE,
            filled_at: now,
        });
        while bucket.left < Self::SIZE && now.duration_since(bucket.filled_at) >= Self::REFILL {
            bucket.left += 1;
            bucket.filled_at += Self::REFILL;
        }
        if bucket.left == Self::SIZE {
            bucket.filled_at = now;
        }
        let granted = bucket.left > 0;
        bucket.left = bucket.left.saturating_sub(1);
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Scope, TenantId};

    fn id() -> CallbackId {
        CallbackId::parse(&"a".repeat(32)).unwrap()
    }

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_790_000_000_000 + milliseconds).unwrap()
    }

    fn record() -> Callback {
        Callback::new(id(), TenantId::parse("acme").unwrap(), Scope::Contacts)
    }

    /// Reads it so many times, a tenth of a second apart; answers when the last one was.
    fn read(memory: &CallbackMemory, times: i64) -> i64 {
        for number in 0..times {
            memory.remember(&id(), Some(record()), at(100 * number));
        }
        100 * (times - 1)
    }

    #[test]
    fn trusts_the_record_of_a_busy_callback_for_a_second() {
        let memory = CallbackMemory::default();
        let last = read(&memory, 10);
        assert!(matches!(memory.recall(&id(), at(last + 999)), Recalled::Busy(_)));
        assert!(matches!(memory.recall(&id(), at(last + 1000)), Recalled::Callback(_)));
        assert!(matches!(memory.recall(&id(), at(last + 5000)), Recalled::Unknown));
    }

    #[test]
    fn does_not_trust_the_record_of_a_callback_that_is_seldom_called() {
        let memory = CallbackMemory::default();
        let last = read(&memory, 9);
        assert!(matches!(memory.recall(&id(), at(last + 1)), Recalled::Callback(_)));
        memory.remember(&id(), Some(record()), at(last + 1000));
        assert!(
            matches!(memory.recall(&id(), at(last + 1001)), Recalled::Callback(_)),
            "the tenth read came too late"
        );
    }

    #[test]
    fn has_nothing_of_a_callback_that_it_was_told_to_forget() {
        let memory = CallbackMemory::default();
        read(&memory, 10);
        memory.forget(&id());
        assert!(matches!(memory.recall(&id(), at(900)), Recalled::Unknown));
        memory.remember(&id(), None, at(901));
        assert!(matches!(memory.recall(&id(), at(902)), Recalled::Nothing));
    }
}
