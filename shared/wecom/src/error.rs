//! Errors: a refusal of WeCom, no answer, or an answer that is not WeCom's.

use std::net::IpAddr;

use crate::{ErrorClass, ErrorCode};

/// Failure of a call. No variant holds a URL, a token or a Secret, so that an error can be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// WeCom answered, with an `errcode` other than 0.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No complete answer in time. WeCom may have executed the call.
    #[error("WeCom did not answer in time")]
    TimedOut,
    /// No connection, or one that was lost before the answer was complete. WeCom may have executed the call.
    #[error("WeCom could not be reached")]
    Unreachable,
    /// Answer that is not WeCom's: an HTTP status other than 2xx, no JSON object, too long, or without the value that the
    /// call is made for. WeCom may have executed the call.
    #[error("the answer is not one of WeCom's")]
    Unintelligible,
}

impl Error {
    /// Refusal, if WeCom answered.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::TimedOut | Self::Unreachable | Self::Unintelligible => None,
        }
    }

    /// Class of the refusal, if WeCom answered.
    #[must_use]
    pub fn class(&self) -> Option<ErrorClass> {
        self.refusal().map(|refusal| refusal.errcode.class())
    }
}

/// Answer of WeCom with an `errcode` other than 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("WeCom answered errcode {errcode}: {errmsg}")]
pub struct Refusal {
    /// Code, by which to decide.
    pub errcode: ErrorCode,
    /// Text for a person, with a `hint` that WeCom's support can look up. Without the secrets of the call, and at most
    /// [`MAX_ERRMSG_CHARS`](Self::MAX_ERRMSG_CHARS) characters.
    pub errmsg: String,
}

impl Refusal {
    /// Greatest length of an `errmsg`, in characters; the rest is dropped.
    pub const MAX_ERRMSG_CHARS: usize = 300;

    /// Address from which WeCom received the call, as in `…, from ip: 203.0.113.9, more info at …`.
    ///
    /// After [`IP_NOT_TRUSTED`](ErrorCode::IP_NOT_TRUSTED) this address has to be added to the trusted ones.
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
    fn finds_the_address_of_the_caller() {
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
