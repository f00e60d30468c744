//! The clock of the emulated services. Rules that depend on time take it as an argument.

use jiff::Timestamp;

/// The current time in milliseconds, the precision of AWS's timestamps.
#[expect(
    clippy::disallowed_methods,
    reason = "the clock of the emulated AWS, not of a function"
)]
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
