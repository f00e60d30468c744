//! Result of sending.

use std::ops::AddAssign;

/// Requests that were sent, by their answers.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// Different events answered with `success`.
    pub(crate) events: u64,
    /// Repeated events answered with `success`.
    pub(crate) repeated: u64,
    /// Forged requests.
    pub(crate) forged: u64,
    /// Forged requests answered with 403.
    pub(crate) refused: u64,
    /// Requests answered with 5xx and sent again.
    pub(crate) unavailable: u64,
    /// Requests that broke off without an answer and were sent again.
    pub(crate) broken: u64,
    /// Requests with any other answer.
    pub(crate) other: u64,
}

impl Sent {
    pub(crate) fn requests(&self) -> u64 {
        self.events + self.repeated + self.forged + self.unavailable + self.broken + self.other
    }
}

impl AddAssign for Sent {
    fn add_assign(&mut self, more: Self) {
        self.events += more.events;
        self.repeated += more.repeated;
        self.forged += more.forged;
        self.refused += more.refused;
        self.unavailable += more.unavailable;
        self.broken += more.broken;
        self.other += more.other;
    }
}
