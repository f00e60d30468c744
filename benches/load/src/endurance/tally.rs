//! How often each event was seen.

use std::ops::Range;

/// Sightings of the events of a run, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Tally {
    sightings: Vec<u8>,
    /// Sightings of what is no event of the run, or is where it does not belong.
    pub(super) strange: u64,
}

/// Comparison of a tally with what was sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// Events that were not seen.
    pub(super) lost: Vec<u64>,
    /// Events that were seen more than once.
    pub(super) doubled: Vec<u64>,
}

impl Tally {
    pub(super) fn new(events: u64) -> Self {
        Self {
            sightings: vec![0; usize::try_from(events).unwrap_or_default()],
            strange: 0,
        }
    }

    /// Notes a sighting; `None` is of nothing that was sent.
    pub(super) fn see(&mut self, number: Option<u64>) {
        let position = number.and_then(|number| usize::try_from(number).ok());
        match position.and_then(|position| self.sightings.get_mut(position)) {
            Some(sightings) => *sightings = sightings.saturating_add(1),
            None => self.strange += 1,
        }
    }

    pub(super) fn difference(&self, numbers: Range<u64>) -> Difference {
        let of = |wanted: fn(u8) -> bool| {
            let numbered = (0_u64..).zip(&self.sightings);
            let found = numbered.filter(|(number, sightings)| numbers.contains(number) && wanted(**sightings));
            found.map(|(number, _)| number).collect()
        };
        Difference {
            lost: of(|sightings| sightings == 0),
            doubled: of(|sightings| sightings > 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_was_lost_doubled_or_never_sent() {
        let mut tally = Tally::new(5);
        for number in [Some(0), Some(1), Some(3), Some(3), Some(5), None] {
            tally.see(number);
        }
        let difference = Difference {
            lost: vec![2, 4],
            doubled: vec![3],
        };
        assert_eq!(tally.difference(0..5), difference);
        assert_eq!(tally.strange, 2);
        let difference = Difference {
            lost: vec![2],
            doubled: vec![],
        };
        assert_eq!(tally.difference(0..3), difference);
    }

    #[test]
    fn nothing_differs_when_each_was_seen_once() {
        let mut tally = Tally::new(3);
        for number in [2, 0, 1] {
            tally.see(Some(number));
        }
        let difference = tally.difference(0..3);
        assert!(difference.lost.is_empty() && difference.doubled.is_empty() && tally.strange == 0);
    }
}
