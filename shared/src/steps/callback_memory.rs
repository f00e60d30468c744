//! What one process of `event-callback` remembers between requests.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use crate::ids::CallbackId;

/// What one process remembers of callbacks: ids that do not exist, and how much may still be noted on each that does. Bounded;
/// when it is full it starts anew.
///
/// The records themselves are read each time: a callback that was disconnected answers 404 from the next request on, and one
/// whose credentials were replaced knows the new ones. That read costs a third of the write which follows it.
#[derive(Debug, Default)]
pub struct CallbackMemory {
    unknown: Mutex<HashMap<CallbackId, Timestamp>>,
    notes: Mutex<HashMap<CallbackId, Bucket>>,
}

/// An id that does not exist is not looked up again within this time. Ids are drawn, so none begins to exist after it was
/// guessed.
const REMEMBER_UNKNOWN: SignedDuration = SignedDuration::from_secs(30);
const MAX_REMEMBERED: usize = 4096;

impl CallbackMemory {
    pub(super) fn is_unknown(&self, id: &CallbackId, now: Timestamp) -> bool {
        let unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        unknown
            .get(id)
            .is_some_and(|read_at| now.duration_since(*read_at) < REMEMBER_UNKNOWN)
    }

    pub(super) fn remember_unknown(&self, id: &CallbackId, now: Timestamp) {
        let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        if unknown.len() >= MAX_REMEMBERED {
            unknown.clear();
        }
        unknown.insert(id.clone(), now);
    }

    pub(super) fn may_note(&self, id: &CallbackId, now: Timestamp) -> bool {
        Bucket::take(&self.notes, id, now)
    }
}

/// Ten at once, then one every six seconds.
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
