//! Positions in the lists that are read page by page, newest first.

use jiff::Timestamp;

use crate::ids::EventId;

/// A position in a tenant's events or audit trail: a time in milliseconds, `#` and the id of the row there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(String);

impl Position {
    /// The position of a row.
    #[must_use]
    pub fn new(at: Timestamp, id: &str) -> Self {
        Self(format!("{}#{id}", time_key(at)))
    }

    /// Reads a position. Only the exact form is taken, because positions are compared as text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('#')?;
        let is_exact = at.parse().is_ok_and(|time| time_key(time) == at) && EventId::parse(id).is_ok();
        is_exact.then(|| Self(text.to_owned()))
    }

    /// The time of the row, in whole milliseconds.
    ///
    /// # Panics
    /// Never: a position begins with a time.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        let (at, _) = self.0.split_once('#').expect("a time and an id");
        at.parse().expect("a time")
    }

    /// The position as text, which sorts by time.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// RFC 3339 with exactly three digits of fraction, so that texts sort by time.
pub(super) fn time_key(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_its_exact_form_alone() {
        let exact = Position::new(Timestamp::UNIX_EPOCH, &"0".repeat(32));
        assert_eq!(Position::parse(exact.as_str()), Some(exact));
        for text in ["", "x", "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00Z#x", "#"] {
            assert_eq!(Position::parse(text), None, "{text}");
        }
    }

    #[test]
    fn orders_positions_by_time_whatever_the_digits_of_the_fraction() {
        let at = |ms| Position::new(Timestamp::from_millisecond(ms).unwrap(), &"0".repeat(32));
        assert!(at(1_790_000_000_000) < at(1_790_000_000_500));
        assert!(at(1_790_000_000_500) < at(1_790_000_001_000));
    }
}
