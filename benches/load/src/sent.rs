//! Target and result of a load.

use std::ops::AddAssign;

use wecom_callback::{EncodingAesKey, Token};

/// A bound callback, as WeCom knows it.
#[derive(Clone)]
pub(crate) struct Callback {
    pub(crate) path: String,
    pub(crate) corp_id: String,
    pub(crate) token: Token,
    pub(crate) key: EncodingAesKey,
}

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
    /// Requests with any other answer.
    pub(crate) other: u64,
}

impl Sent {
    pub(crate) fn requests(&self) -> u64 {
        self.events + self.repeated + self.forged + self.other
    }
}

impl AddAssign for Sent {
    fn add_assign(&mut self, more: Self) {
        self.events += more.events;
        self.repeated += more.repeated;
        self.forged += more.forged;
        self.refused += more.refused;
        self.other += more.other;
    }
}
