//! WeCom's error codes with their messages, and the form of an error answer.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::entropy::Entropy;

/// Source address of every caller: an address for documentation (RFC 5737).
pub(crate) const CALLER_ADDRESS: &str = "203.0.113.9";

pub(crate) const INVALID_SECRET: i64 = 40001;
pub(crate) const POST_REQUIRED: i64 = 40003;
pub(crate) const INVALID_CORP_ID: i64 = 40013;
pub(crate) const INVALID_ACCESS_TOKEN: i64 = 40014;
pub(crate) const INVALID_PARAMETER: i64 = 40058;
pub(crate) const INVALID_PRE_AUTH_CODE: i64 = 40077;
pub(crate) const INVALID_AUTH_CODE: i64 = 40078;
pub(crate) const INVALID_SUITE_SECRET: i64 = 40080;
pub(crate) const INVALID_SUITE_ACCESS_TOKEN: i64 = 40082;
pub(crate) const INVALID_SUITE_ID: i64 = 40083;
pub(crate) const INVALID_PERMANENT_CODE: i64 = 40084;
pub(crate) const INVALID_SUITE_TICKET: i64 = 40085;
pub(crate) const ACCESS_TOKEN_MISSING: i64 = 41001;
pub(crate) const CORP_ID_MISSING: i64 = 41002;
pub(crate) const SECRET_MISSING: i64 = 41004;
pub(crate) const SUITE_ID_MISSING: i64 = 41021;
pub(crate) const SUITE_ACCESS_TOKEN_MISSING: i64 = 41022;
pub(crate) const SUITE_TICKET_MISSING: i64 = 41023;
pub(crate) const SUITE_SECRET_MISSING: i64 = 41024;
pub(crate) const PERMANENT_CODE_MISSING: i64 = 41025;
pub(crate) const ACCESS_TOKEN_EXPIRED: i64 = 42001;
pub(crate) const PRE_AUTH_CODE_EXPIRED: i64 = 42007;
pub(crate) const SUITE_ACCESS_TOKEN_EXPIRED: i64 = 42009;
pub(crate) const TOO_OFTEN: i64 = 45009;
pub(crate) const NOT_AUTHORIZED: i64 = 48001;
pub(crate) const FORBIDDEN: i64 = 48002;
pub(crate) const AUTHORIZATION_INVALID: i64 = 48004;
pub(crate) const IP_NOT_TRUSTED: i64 = 60020;

/// An error answer of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) i64);

impl Refusal {
    /// The body. Its `errmsg` has hint, caller's address and link, as WeCom's have.
    pub(crate) fn body(self, now: Timestamp, entropy: &mut Entropy) -> Value {
        let Self(errcode) = self;
        json!({"errcode": errcode, "errmsg": errmsg(errcode, words(errcode), now, entropy)})
    }
}

/// An `errmsg` in WeCom's format.
pub(crate) fn errmsg(errcode: i64, words: &str, now: Timestamp, entropy: &mut Entropy) -> String {
    let hint = format!(
        "{}{}_{}_{}",
        now.as_second(),
        entropy.digits(8),
        entropy.digits(2),
        entropy.hex(32)
    );
    format!(
        "{words}, hint: [{hint}], from ip: {CALLER_ADDRESS}, more info at https://open.work.weixin.qq.com/devtool/query?e={errcode}"
    )
}

/// WeCom's message for a code.
pub(crate) fn words(errcode: i64) -> &'static str {
    match errcode {
        -1 => "system busy",
        INVALID_SECRET => "invalid credential",
        POST_REQUIRED => "invalid userid",
        INVALID_CORP_ID => "invalid corpid",
        INVALID_ACCESS_TOKEN => "invalid access_token",
        INVALID_PARAMETER => "invalid Request Parameter",
        INVALID_PRE_AUTH_CODE => "invalid pre_auth_code",
        INVALID_AUTH_CODE => "invalid auth_code",
        INVALID_SUITE_SECRET => "invalid suite_secret",
        INVALID_SUITE_ACCESS_TOKEN => "invalid suite_access_token",
        INVALID_SUITE_ID => "invalid suite_id",
        INVALID_PERMANENT_CODE => "invalid permanent_code",
        INVALID_SUITE_TICKET => "invalid suite_ticket",
        40091 => "invalid secret",
        ACCESS_TOKEN_MISSING => "access_token missing",
        CORP_ID_MISSING => "corpid missing",
        SECRET_MISSING => "corpsecret missing",
        SUITE_ID_MISSING => "suite_id missing",
        SUITE_ACCESS_TOKEN_MISSING => "suite_access_token missing",
        SUITE_TICKET_MISSING => "suite_ticket missing",
        SUITE_SECRET_MISSING => "suite_secret missing",
        PERMANENT_CODE_MISSING => "permanent_code missing",
        ACCESS_TOKEN_EXPIRED => "access_token expired",
        PRE_AUTH_CODE_EXPIRED => "pre_auth_code expired",
        SUITE_ACCESS_TOKEN_EXPIRED => "suite_access_token expired",
        TOO_OFTEN => "api freq out of limit",
        45033 => "api concurrent out of limit",
        NOT_AUTHORIZED => "api unauthorized",
        FORBIDDEN => "api forbidden",
        AUTHORIZATION_INVALID => "api authorization invalid",
        IP_NOT_TRUSTED => "not allow to access from your ip",
        _ => "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_like_wecoms() {
        let body = Refusal(INVALID_CORP_ID).body(Timestamp::UNIX_EPOCH, &mut Entropy::new(Some(1)));
        let errmsg = body["errmsg"].as_str().unwrap();
        assert_eq!(body["errcode"], 40013);
        assert!(errmsg.starts_with("invalid corpid, hint: [0"), "{errmsg}");
        assert!(
            errmsg.ends_with(
                "], from ip: 203.0.113.9, more info at https://open.work.weixin.qq.com/devtool/query?e=40013"
            )
        );
    }
}
