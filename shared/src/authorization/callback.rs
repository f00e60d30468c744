//! A callback, to which WeCom sends a corporation's events of one scope, and the generations of its credentials.
//!
//! A generation is *pending* until WeCom has checked the URL with it, then *current*. The one that it replaces stays
//! valid among the *previous* ones until its own grace period ends, however often credentials are rotated in the
//! meantime. So admins can paste new values at any time and no event is lost.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::refusals::{Refusal, Rejection, merged, with_last};
use crate::ids::{CallbackId, CallbackPath, CorpId, Scope, TenantId};

/// The most previous generations that stay valid. Each costs a wrong request one more signature. After more rotations
/// than this within a grace period the oldest is no longer valid.
const MOST_PREVIOUS: usize = 8;

/// Events that WeCom encrypted before it took over new credentials arrive within this time, redeliveries included.
const SETTLING: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

/// A callback as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// The id in the callback's URL.
    pub callback_id: CallbackId,
    /// The tenant that the callback belongs to.
    pub tenant_id: TenantId,
    /// The scope of the events that it receives.
    pub scope: Scope,
    /// The path of its URL on the platform that it was imported from, which goes on below `/legacy`; `None` if it was not imported.
    #[serde(default)]
    pub legacy_path: Option<CallbackPath>,
    /// The number of changes of the generations, for optimistic locking; zero if it was never stored.
    pub version: u64,
    /// The plaintext corp id, which must be the receiveid of every message; `None` until it is known from a Secret or
    /// from WeCom's URL check.
    pub corp_id: Option<CorpId>,
    /// The generation that WeCom uses.
    pub current: Option<Generation>,
    /// The generation with which WeCom has not checked the URL yet.
    pub pending: Option<Generation>,
    /// The generations that were current before, newest first, each with the end of its validity.
    #[serde(default)]
    pub previous: Vec<Retired>,
    /// The time at which WeCom last checked the URL with a pending generation.
    pub verified_at: Option<Timestamp>,
    /// The end of the callback before this one, whose events since are lost; `None` from when WeCom has checked this one's URL.
    #[serde(default)]
    pub heard_until: Option<Timestamp>,
    /// The last request that was refused.
    pub last_rejection: Option<Rejection>,
    /// The last requests that were refused, merged; see [`last_refusals`](Callback::last_refusals).
    #[serde(default)]
    pub refusals: Vec<Refusal>,
    /// The time since which WeCom still uses credentials that were replaced; `None` when it does not.
    #[serde(default)]
    pub old_credentials_since: Option<Timestamp>,
    /// The tenant's [`event_retention_days`](super::Settings::event_retention_days), kept here because an event's way to the store
    /// reads nothing else.
    #[serde(default)]
    pub event_retention_days: Option<u16>,
    /// The arrival of the newest event.
    #[serde(default)]
    pub last_event_at: Option<Timestamp>,
    /// The number of different events.
    #[serde(default)]
    pub events_received: u64,
    /// The number of repeated deliveries.
    #[serde(default)]
    pub duplicates: u64,
}

/// Counters of a callback's events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct EventCounts {
    /// The number of different events.
    #[serde(default)]
    pub events_received: u64,
    /// The number of repeated deliveries.
    #[serde(default)]
    pub duplicates: u64,
    /// The arrival of the newest event.
    #[serde(default)]
    pub last_event_at: Option<Timestamp>,
}

/// One pair of Token and EncodingAESKey, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// The number of the generation, counted from one per callback.
    pub number: u64,
    /// The pair, sealed for exactly this callback, scope and number ([`sealing`](crate::sealing)).
    pub sealed: String,
    /// The time at which it was generated.
    pub created_at: Timestamp,
}

impl Generation {
    /// The id of the key that the pair is sealed under: the text before the first dot (docs/adr/0015).
    #[must_use]
    pub fn sealing_key_id(&self) -> &str {
        self.sealed.split_once('.').map_or("", |(id, _)| id)
    }
}

/// A generation in its grace period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retired {
    /// The generation that was replaced.
    pub generation: Generation,
    /// The end of its grace period.
    pub valid_until: Timestamp,
}

impl Callback {
    /// A new callback without credentials.
    #[must_use]
    pub fn new(callback_id: CallbackId, tenant_id: TenantId, scope: Scope) -> Self {
        Self {
            callback_id,
            tenant_id,
            scope,
            legacy_path: None,
            version: 0,
            corp_id: None,
            current: None,
            pending: None,
            previous: Vec::new(),
            verified_at: None,
            heard_until: None,
            last_rejection: None,
            refusals: Vec::new(),
            old_credentials_since: None,
            event_retention_days: None,
            last_event_at: None,
            events_received: 0,
            duplicates: 0,
        }
    }

    /// Adds the counters, which are stored beside the callback, to those that an earlier version stored in it.
    pub fn add(&mut self, counts: EventCounts) {
        self.events_received += counts.events_received;
        self.duplicates += counts.duplicates;
        self.last_event_at = self.last_event_at.max(counts.last_event_at);
    }

    /// The number of the next generation.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        [self.current.as_ref(), self.pending.as_ref()]
            .into_iter()
            .flatten()
            .map(|g| g.number)
            .max()
            .unwrap_or(0)
            + 1
    }

    /// The newest generation: the pending one, or the current one.
    #[must_use]
    pub fn newest(&self) -> Option<&Generation> {
        self.pending.as_ref().or(self.current.as_ref())
    }

    /// The generations that may authenticate a request now: the current first, because nearly every request uses it.
    pub fn valid_generations(&self, now: Timestamp) -> impl Iterator<Item = &Generation> {
        let previous = self.previous.iter().filter(move |retired| now < retired.valid_until);
        self.current
            .iter()
            .chain(self.pending.iter())
            .chain(previous.map(|retired| &retired.generation))
    }

    /// Every generation that the record holds, valid or not.
    pub fn generations(&self) -> impl Iterator<Item = &Generation> {
        let previous = self.previous.iter().map(|retired| &retired.generation);
        self.current.iter().chain(&self.pending).chain(previous)
    }

    /// The same, to be sealed again.
    pub fn generations_mut(&mut self) -> impl Iterator<Item = &mut Generation> {
        let previous = self.previous.iter_mut().map(|retired| &mut retired.generation);
        self.current.iter_mut().chain(&mut self.pending).chain(previous)
    }

    /// Makes `generation` the pending one.
    pub fn propose(&mut self, generation: Generation) {
        self.pending = Some(generation);
    }

    /// WeCom checked the URL with the generation `number`: if it was pending it is current from now on, and the one before
    /// it stays valid for `grace`. Answers whether anything changed; a check with any other generation changes nothing.
    pub fn promote(&mut self, number: u64, now: Timestamp, grace: jiff::SignedDuration) -> bool {
        let Some(promoted) = self.pending.take_if(|pending| pending.number == number) else {
            return false;
        };
        self.end_previous(now);
        if let Some(replaced) = self.current.replace(promoted) {
            let valid_until = now + grace;
            self.previous.insert(
                0,
                Retired {
                    generation: replaced,
                    valid_until,
                },
            );
            self.previous.truncate(MOST_PREVIOUS);
        }
        self.verified_at = Some(now);
        true
    }

    /// Destroys the generations whose grace period is over. Answers whether there were any.
    pub fn end_previous(&mut self, now: Timestamp) -> bool {
        let before = self.previous.len();
        self.previous.retain(|retired| now < retired.valid_until);
        self.previous.len() < before
    }

    /// Conclusion from a request that was made with the generation `number`: `Some(true)` when WeCom has gone on
    /// with replaced credentials for so long that nothing can still be on its way, and nobody knows that yet; `Some(false)`
    /// when that was known and is over.
    #[must_use]
    pub fn tells_of_old_credentials(&self, number: u64, now: Timestamp) -> Option<bool> {
        let known = self.uses_old_credentials().is_some();
        let is_current = self.current.as_ref().is_some_and(|current| current.number == number);
        if is_current {
            return known.then_some(false);
        }
        let is_previous = self.previous.iter().any(|retired| retired.generation.number == number);
        let settled = self
            .verified_at
            .is_some_and(|verified_at| now.duration_since(verified_at) > SETTLING);
        (is_previous && settled && !known).then_some(true)
    }

    /// Since when WeCom uses credentials that were replaced, if it does. What was noted before the newest replaced others
    /// says nothing of them.
    #[must_use]
    pub fn uses_old_credentials(&self) -> Option<Timestamp> {
        self.old_credentials_since
            .filter(|since| self.verified_at.is_some_and(|verified_at| verified_at < *since))
    }

    /// Whether WeCom has checked the URL with our credentials.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.current.is_some()
    }

    /// The refused requests, the newest first. Earlier versions stored the last one alone, as
    /// [`last_rejection`](Callback::last_rejection).
    #[must_use]
    pub fn last_refusals(&self) -> Vec<Refusal> {
        with_last(&self.refusals, self.last_rejection)
    }

    /// The refused requests with `refusal` among them; `None` when the newest one has the same reason and is less than ten
    /// seconds old. Where there are too many, the oldest entry of the most frequent reason is dropped, so that requests of one
    /// kind, however many, never hide another kind.
    #[must_use]
    pub fn refusals_with(&self, refusal: Refusal) -> Option<Vec<Refusal>> {
        merged(self.last_refusals(), refusal)
    }

    /// Sets the corporation that the callback is for. When another one was known so far, its check of the URL counts for
    /// nothing: every generation that it has used is given up, and WeCom has to check the URL with the pending one, or with
    /// the one that was current if none is pending.
    pub fn assign_corp(&mut self, corp_id: CorpId) {
        let moved = self
            .corp_id
            .as_ref()
            .is_some_and(|known| !known.same_plaintext(corp_id.as_str()));
        if moved {
            let used = self.current.take();
            self.pending = self.pending.take().or(used);
            self.previous.clear();
            self.verified_at = None;
        }
        self.corp_id = Some(corp_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    fn generation(number: u64) -> Generation {
        Generation {
            number,
            sealed: format!("sealed {number}"),
            created_at: at(0),
        }
    }

    fn callback() -> Callback {
        Callback::new(
            CallbackId::parse(&"a".repeat(32)).unwrap(),
            TenantId::parse("acme").unwrap(),
            Scope::Contacts,
        )
    }

    fn numbers(callback: &Callback, now: Timestamp) -> Vec<u64> {
        callback
            .valid_generations(now)
            .map(|generation| generation.number)
            .collect()
    }

    #[test]
    fn keeps_the_replaced_generation_valid_for_the_grace_period_and_no_longer() {
        let mut callback = callback();
        callback.propose(generation(1));
        assert!(callback.promote(1, at(10), GRACE));
        callback.propose(generation(2));
        assert_eq!(
            numbers(&callback, at(20)),
            [1, 2],
            "both work while the admin is pasting"
        );
        assert!(callback.promote(2, at(30), GRACE));
        assert_eq!(numbers(&callback, at(31)), [2, 1]);
        assert_eq!(numbers(&callback, at(30) + GRACE), [2]);
        assert_eq!(callback.verified_at, Some(at(30)));
    }

    #[test]
    fn ends_each_replaced_generation_at_its_own_time() {
        let mut callback = callback();
        for number in 1..=3 {
            callback.propose(generation(number));
            assert!(callback.promote(number, at(60 * i64::try_from(number).unwrap()), GRACE));
        }
        assert_eq!(
            numbers(&callback, at(200)),
            [3, 2, 1],
            "rotated twice, the first still works"
        );
        assert_eq!(numbers(&callback, at(120) + GRACE), [3, 2]);
        assert!(!callback.end_previous(at(119) + GRACE));
        assert!(callback.end_previous(at(120) + GRACE));
        let kept: Vec<u64> = callback
            .previous
            .iter()
            .map(|retired| retired.generation.number)
            .collect();
        assert_eq!(kept, [2], "the first is destroyed, not only refused");
    }

    #[test]
    fn keeps_a_bounded_number_of_replaced_generations() {
        let mut callback = callback();
        for number in 1..=20 {
            callback.propose(generation(number));
            assert!(callback.promote(number, at(0), GRACE));
        }
        assert_eq!(numbers(&callback, at(1)), [20, 19, 18, 17, 16, 15, 14, 13, 12]);
    }

    #[test]
    fn tells_that_wecom_goes_on_with_old_credentials_and_when_it_does_no_more() {
        let mut callback = callback();
        callback.propose(generation(1));
        callback.promote(1, at(0), GRACE);
        callback.propose(generation(2));
        assert_eq!(
            callback.tells_of_old_credentials(1, at(9_000)),
            None,
            "it is the current one"
        );
        callback.promote(2, at(10_000), GRACE);
        assert_eq!(
            callback.tells_of_old_credentials(1, at(10_600)),
            None,
            "it was on its way"
        );
        assert_eq!(callback.tells_of_old_credentials(1, at(10_601)), Some(true));
        callback.old_credentials_since = Some(at(10_601));
        assert_eq!(callback.tells_of_old_credentials(1, at(10_700)), None, "known");
        assert_eq!(callback.uses_old_credentials(), Some(at(10_601)));
        assert_eq!(callback.tells_of_old_credentials(2, at(10_700)), Some(false));
        callback.propose(generation(3));
        callback.promote(3, at(20_000), GRACE);
        assert_eq!(callback.uses_old_credentials(), None, "the newest replaced others");
        assert_eq!(callback.tells_of_old_credentials(3, at(20_001)), None);
        assert_eq!(callback.tells_of_old_credentials(1, at(20_601)), Some(true));
    }

    #[test]
    fn ignores_a_check_with_a_generation_that_is_not_pending() {
        let mut callback = callback();
        callback.propose(generation(1));
        assert!(callback.promote(1, at(10), GRACE));
        callback.propose(generation(2));
        assert!(!callback.promote(1, at(20), GRACE), "an old check that arrives late");
        assert!(callback.promote(2, at(30), GRACE));
        assert!(!callback.promote(2, at(40), GRACE), "the same check again");
        assert_eq!(callback.verified_at, Some(at(30)));
    }

    #[test]
    fn numbers_a_new_generation_after_every_one_that_may_be_in_use() {
        let mut callback = callback();
        assert_eq!(callback.next_number(), 1);
        callback.propose(generation(1));
        assert_eq!(callback.next_number(), 2);
        callback.promote(1, at(0), GRACE);
        callback.propose(generation(2));
        assert_eq!(callback.next_number(), 3);
    }

    #[test]
    fn asks_wecom_to_check_again_when_the_corporation_turns_out_to_be_another() {
        let mut callback = callback();
        callback.propose(generation(1));
        callback.promote(1, at(0), GRACE);
        callback.assign_corp(CorpId::parse("wwaaaaaaaaaaaaaaaa").unwrap());
        assert!(callback.is_verified(), "the first to be known changes nothing");
        callback.assign_corp(CorpId::parse("WWAAAAAAAAAAAAAAAA").unwrap());
        assert!(callback.is_verified(), "nor does the same in other letters");
        callback.assign_corp(CorpId::parse("wwbbbbbbbbbbbbbbbb").unwrap());
        assert!(!callback.is_verified());
        assert_eq!(callback.newest().map(|g| g.number), Some(1), "the values stay");
    }

    #[test]
    fn gives_up_every_generation_that_another_corporation_has_used() {
        let mut callback = callback();
        for number in 1..=2 {
            callback.propose(generation(number));
            callback.promote(number, at(0), GRACE);
        }
        callback.assign_corp(CorpId::parse("wwaaaaaaaaaaaaaaaa").unwrap());
        callback.propose(generation(3));
        callback.assign_corp(CorpId::parse("wwbbbbbbbbbbbbbbbb").unwrap());
        assert_eq!(numbers(&callback, at(1)), [3], "only the one that WeCom never checked");
        assert!(!callback.is_verified());
        assert_eq!(callback.verified_at, None);
    }
}
