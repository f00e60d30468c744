//! WeCom's clock: the real time plus an offset set by tests.

use jiff::{SignedDuration, Timestamp};

/// Maximum of one advance: ten years.
pub(crate) const LONGEST_ADVANCE_SECONDS: u64 = 10 * 366 * 86_400;

/// WeCom's current time.
pub(crate) fn now(offset_seconds: i64) -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the simulator's clock")]
    let real = Timestamp::now();
    real.checked_add(SignedDuration::from_secs(offset_seconds))
        .unwrap_or(Timestamp::MAX)
}

/// `seconds` after `moment`, at most the maximum timestamp.
pub(crate) fn after(moment: Timestamp, seconds: i64) -> Timestamp {
    moment
        .checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}
