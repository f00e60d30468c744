//! How a call fails: by WeCom's word, by silence, or by an answer that is not WeCom's.

use std::net::IpAddr;

use crate::{ErrorClass, ErrorCode};

/// Why a call has no result.
///
/// None of the variants holds a URL, a token or a Secret, so that an error can be logged as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// WeCom answered, with an `errcode` other than 0.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There was no complete answer in time. WeCom may have carried the call out.
    #[error("WeCom did not answer in time")]
    TimedOut,
    /// No connection could be made, or it was lost before the whole answer was there.
    #[error("WeCom could not be reached")]
    Unreachable,
    /// What answered did not answer as WeCom does: another HTTP status than 2xx, not JSON, too long, or without what the
    /// call is for.
    #[error("the answer is not one of WeCom's")]
    Unintelligible,
}

impl Error {
    /// WeCom's refusal, if it was one.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::TimedOut | Self::Unreachable | Self::Unintelligible => None,
        }
    }

    /// The class of WeCom's refusal, if it was one.
    #[must_use]
    pub fn class(&self) -> Option<ErrorClass> {
        self.refusal().map(|refusal| refusal.errcode.class())
    }
}

/// WeCom's "no": an `errcode` other than 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("WeCom answered errcode {errcode}: {errmsg}")]
pub struct Refusal {
    /// Decide by this.
    pub errcode: ErrorCode,
    /// Show this to whoever asks WeCom's support: it has a `hint` that they can look up. Free of the secrets of the call,
    /// and of at most [`MAX_ERRMSG_CHARS`](Self::MAX_ERRMSG_CHARS) characters.
    pub errmsg: String,
}

impl Refusal {
    /// How much of an `errmsg` is kept.
    pub const MAX_ERRMSG_CHARS: usize = 300;

    /// The address that WeCom saw the call come from, as its `errmsg` has it: `…, from ip: 203.0.113.9, more info at …`.
    ///
    /// With [`IP_NOT_TRUSTED`](ErrorCode::IP_NOT_TRUSTED) it is the one that has to be added to the trusted ones.
    #[must_use]
    pub fn from_ip(&self) -> Option<&str> {
        let (_, after) = self.errmsg.split_once("from ip:")?;
        let ip = after
            .trim_start()
            .split(|c: char| c == ',' || c.is_whitespace())
            .next()?;
        ip.parse::<IpAddr>().is_ok().then_some(ip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_ip(errmsg: &str) -> Option<String> {
        let refusal = Refusal {
            errcode: ErrorCode::IP_NOT_TRUSTED,
            errmsg: errmsg.to_owned(),
        };
        refusal.from_ip().map(str::to_owned)
    }

    #[test]
    fn finds_the_address_that_wecom_saw() {
        let errmsg = "not allow to access from your ip, hint: [1764000000123456789], from ip: 203.0.113.9, more info at https://open.work.weixin.qq.com/devtool/query?e=60020";
        assert_eq!(from_ip(errmsg).as_deref(), Some("203.0.113.9"));
        assert_eq!(from_ip("from ip:203.0.113.9").as_deref(), Some("203.0.113.9"));
        assert_eq!(from_ip("from ip: 2001:db8::9, more").as_deref(), Some("2001:db8::9"));
    }

    #[test]
    fn finds_no_address_where_there_is_none() {
        assert_eq!(from_ip(""), None);
        assert_eq!(from_ip("api forbidden"), None);
        assert_eq!(from_ip("from ip: "), None);
        assert_eq!(from_ip("from ip: <script>"), None);
        assert_eq!(from_ip("from ip: 1.2.3.4.5"), None);
    }

    #[test]
    fn only_a_refusal_has_a_class() {
        let refused = Error::Refused(Refusal {
            errcode: ErrorCode::RATE_LIMITED,
            errmsg: String::new(),
        });
        assert_eq!(refused.class(), Some(ErrorClass::Ban));
        assert_eq!(Error::TimedOut.class(), None);
        assert_eq!(Error::Unreachable.class(), None);
        assert_eq!(Error::Unintelligible.class(), None);
    }
}
