//! Which event goes where, and when. Events are numbered from 0 on, and name their number as the user that they are about.

use std::time::Duration;

use serde_json::Value;

/// How long the quiet tenants send alone.
const ALONE_SECONDS: u64 = 30;

#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Number of tenants; 0 is the noisy one.
    tenants: u64,
    /// Events a second, of all tenants together.
    rate: u64,
    /// Number of the first event after the quiet tenants were alone.
    mixed_from: u64,
    /// Number of events.
    pub(super) events: u64,
    one_in: u64,
}

/// Parts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The quiet tenants send alone.
    Alone,
    /// All tenants send; the server is killed, and its stores refuse calls.
    Disturbed,
    /// All tenants send.
    Calm,
}

/// Place of a callback among all: tenant, and scope as in [`SCOPES`](crate::bindings::SCOPES).
pub(super) type Place = (usize, usize);

impl Plan {
    /// `mixed` events of all tenants, after those of the quiet ones alone.
    pub(super) fn new(tenants: u64, rate: u64, mixed: u64, one_in: u64) -> Self {
        let mixed_from = ALONE_SECONDS * rate / 10;
        Self {
            tenants,
            rate,
            mixed_from,
            events: mixed_from + mixed,
            one_in,
        }
    }

    pub(super) fn phase(&self, number: u64) -> Phase {
        let disturbed = self.disturbed();
        if number < disturbed.start {
            Phase::Alone
        } else if number < disturbed.end {
            Phase::Disturbed
        } else {
            Phase::Calm
        }
    }

    /// Numbers of the events while the server is disturbed.
    pub(super) fn disturbed(&self) -> std::ops::Range<u64> {
        self.mixed_from..self.mixed_from.midpoint(self.events)
    }

    /// The callback that an event goes to. The quiet tenants' turns go round all of them; when all tenants send, it is theirs once
    /// in ten.
    pub(super) fn place(&self, number: u64) -> Place {
        let noisy = number >= self.mixed_from && number % 10 != number / 1000 % 10;
        let turn = if number < self.mixed_from { number } else { number / 10 };
        let quiet = self.tenants - 1;
        let (tenant, scope) = if noisy {
            (0, number % 2)
        } else {
            (1 + turn % quiet, turn / quiet % 2)
        };
        let small = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        (small(tenant), small(scope))
    }

    /// When an event is due, counted from the start. The quiet tenants send as many a second alone as with the noisy one.
    pub(super) fn due(&self, number: u64) -> Duration {
        let alone = number.min(self.mixed_from) * 10_000_000 / self.rate;
        let mixed = number.saturating_sub(self.mixed_from) * 1_000_000 / self.rate;
        Duration::from_micros(alone + mixed)
    }

    pub(super) fn is_repeated(&self, number: u64) -> bool {
        number % self.one_in == self.one_in / 3
    }

    pub(super) fn is_forged(&self, number: u64) -> bool {
        number % self.one_in == self.one_in / 2
    }
}

pub(super) fn user_id(number: u64) -> String {
    format!("u{number}")
}

/// The number of an event that was read back or published; `None` if it is none of ours.
pub(super) fn number_of(event: &Value) -> Option<u64> {
    event
        .pointer("/payload/UserID")?
        .as_str()?
        .strip_prefix('u')?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn plan() -> Plan {
        Plan::new(101, 1000, 100_000, 100)
    }

    fn events_by_tenant(numbers: impl Iterator<Item = u64>) -> BTreeMap<usize, u64> {
        let mut events = BTreeMap::new();
        for number in numbers {
            *events.entry(plan().place(number).0).or_default() += 1;
        }
        events
    }

    #[test]
    fn nine_events_in_ten_are_the_noisy_tenants_and_the_others_share_the_rest() {
        let events = events_by_tenant(3000..103_000);
        assert_eq!(events[&0], 90_000);
        assert!((1..=100).all(|tenant| events[&tenant] == 100), "{events:?}");
    }

    #[test]
    fn the_quiet_tenants_are_alone_at_first_and_send_as_often_as_later() {
        let events = events_by_tenant(0..3000);
        assert!((1..=100).all(|tenant| events[&tenant] == 30), "{events:?}");
        assert_eq!(events.get(&0), None);
        let due = |number| plan().due(number).as_millis();
        assert_eq!([0, 1, 3000, 3010].map(due), [0, 10, 30_000, 30_010]);
    }

    #[test]
    fn both_scopes_and_all_tenants_have_events_that_are_sent_again_and_forged() {
        let plan = plan();
        for chosen in [Plan::is_repeated, Plan::is_forged] {
            let places: Vec<_> = (3000..103_000)
                .filter(|number| chosen(&plan, *number))
                .map(|number| plan.place(number))
                .collect();
            assert_eq!(places.len(), 1000);
            assert!(places.iter().filter(|(tenant, _)| *tenant > 0).count() >= 100);
        }
        let callbacks: std::collections::BTreeSet<_> = (3000..103_000).map(|number| plan.place(number)).collect();
        assert_eq!(callbacks.len(), 202);
    }

    #[test]
    fn the_server_is_disturbed_in_the_first_half_after_the_quiet_tenants_were_alone() {
        let phases = [0, 2999, 3000, 52_999, 53_000, 102_999].map(|number| plan().phase(number));
        let expected = [
            Phase::Alone,
            Phase::Alone,
            Phase::Disturbed,
            Phase::Disturbed,
            Phase::Calm,
            Phase::Calm,
        ];
        assert_eq!(phases, expected);
    }

    #[test]
    fn an_event_is_recognized_by_the_user_that_it_is_about() {
        let event = |user: &str| json!({"payload": {"UserID": user}});
        assert_eq!(number_of(&event(&user_id(17))), Some(17));
        assert_eq!(number_of(&event("wangfang")), None);
        assert_eq!(number_of(&json!({})), None);
    }
}
