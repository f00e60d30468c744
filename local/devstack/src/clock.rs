//! The time. The functions take theirs from a port; this is the other side of the wire, and its rules that depend on
//! time take it as an argument.

use jiff::Timestamp;

/// Now, to the millisecond, which is what AWS's timestamps carry.
#[expect(
    clippy::disallowed_methods,
    reason = "the clock of the emulated AWS, not of a function"
)]
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
