//! The time, as a port: a test decides what time it is.

use jiff::Timestamp;

/// Tells the time in UTC, to the millisecond.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter that the rule points to")]
    fn now(&self) -> Timestamp {
        to_milliseconds(Timestamp::now())
    }
}

/// What is written down and compared has no finer grain than a millisecond.
fn to_milliseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}
