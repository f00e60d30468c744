//! WeCom's clock: the real one, plus what a test has moved it on.

use jiff::{SignedDuration, Timestamp};

/// The longest move in one step: ten years, far inside what a `Timestamp` can hold.
pub(crate) const LONGEST_ADVANCE_SECONDS: u64 = 10 * 366 * 86_400;

/// The time that WeCom's side believes in.
pub(crate) fn now(offset_seconds: i64) -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the simulator's clock")]
    let real = Timestamp::now();
    real.checked_add(SignedDuration::from_secs(offset_seconds))
        .unwrap_or(Timestamp::MAX)
}

/// `seconds` after `moment`; the end of time when that lies beyond it.
pub(crate) fn after(moment: Timestamp, seconds: i64) -> Timestamp {
    moment
        .checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}
