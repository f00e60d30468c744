//! What one process of `event-callback` remembers between requests.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use crate::{authorization::Callback, ids::CallbackId};

/// What one process remembers of callbacks: their records for a few seconds, ids that do not exist for longer, and how much
/// each may still write or look up. Bounded; when it is full it starts anew.
#[derive(Debug, Default)]
pub struct CallbackMemory {
    known: Mutex<HashMap<CallbackId, (Timestamp, Option<Callback>)>>,
    notes: Mutex<HashMap<CallbackId, Bucket>>,
    looks: Mutex<HashMap<CallbackId, Bucket>>,
}

/// What is remembered of an id.
pub(super) enum Recalled {
    /// Its record.
    Callback(Box<Callback>),
    /// That there is none.
    Nothing,
    /// Nothing that is fresh enough.
    Unknown,
}

/// A record is read again after this time, so a disconnected callback answers 404 within it.
const REMEMBER_CALLBACK: SignedDuration = SignedDuration::from_secs(5);
/// An id that does not exist is not looked up again within this time.
const REMEMBER_UNKNOWN: SignedDuration = SignedDuration::from_secs(30);
const MAX_REMEMBERED: usize = 4096;

impl CallbackMemory {
    pub(super) fn recall(&self, id: &CallbackId, now: Timestamp) -> Recalled {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let age = |read_at: &Timestamp| now.duration_since(*read_at);
        match known.get(id) {
            Some((read_at, Some(callback))) if age(read_at) < REMEMBER_CALLBACK => {
                Recalled::Callback(Box::new(callback.clone()))
            }
            Some((read_at, None)) if age(read_at) < REMEMBER_UNKNOWN => Recalled::Nothing,
            _ => Recalled::Unknown,
        }
    }

    pub(super) fn remember(&self, id: &CallbackId, callback: Option<Callback>, now: Timestamp) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        known.insert(id.clone(), (now, callback));
    }

    pub(super) fn forget(&self, id: &CallbackId) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    pub(super) fn may_note(&self, id: &CallbackId, now: Timestamp) -> bool {
        Bucket::take(&self.notes, id, now)
    }

    pub(super) fn may_look_again(&self, id: &CallbackId, now: Timestamp) -> bool {
        Bucket::take(&self.looks, id, now)
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
