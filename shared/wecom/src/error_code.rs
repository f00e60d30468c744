//! WeCom's `errcode` values (developer document 90313) and their classes.

use std::fmt;

/// `errcode` of an answer. WeCom changes `errmsg` without notice: decide by the code, or by its [`class`](Self::class).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ErrorCode(pub i64);

/// Reaction that an [`ErrorCode`] calls for.
///
/// The class depends on the code alone. Whether a wrong Secret is a tenant's mistake or one of the operator's configuration
/// depends on whose Secret was in the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// A person has to correct their input or a setting in WeCom's console. Repeating the call does not help, and with a
    /// wrong Secret it leads to a ban.
    UserMistake,
    /// The suite, the provider account or the caller's network is not set up for this call.
    Configuration,
    /// WeCom was busy. The client has already repeated the call.
    Retry,
    /// The token or code has expired: get a new one, once, and repeat the call once.
    Refresh,
    /// Rate limit, or too many wrong Secrets: WeCom refuses calls until its window (a minute or an hour) has passed.
    Ban,
    /// Too many calls at the same time.
    SlowDown,
    /// The corporation has removed the application, or its permanent code is no longer valid.
    AuthorizationEnded,
    /// Any other code: an error in the calling program, a restriction by design, or unknown.
    Other,
}

impl ErrorCode {
    /// The system is busy; repeat at most three times.
    pub const SYSTEM_BUSY: Self = Self(-1);
    /// Success: the call did what it says.
    pub const OK: Self = Self(0);
    /// The Secret is missing, does not belong to the corporation, was reset, or its application is stopped.
    pub const INVALID_SECRET: Self = Self(40001);
    /// Not a member's userid.
    pub const INVALID_USER_ID: Self = Self(40003);
    /// Not a corporation's id.
    pub const INVALID_CORP_ID: Self = Self(40013);
    /// The `access_token` is expired, or of another kind.
    pub const INVALID_ACCESS_TOKEN: Self = Self(40014);
    /// Not an application's id.
    pub const INVALID_AGENT_ID: Self = Self(40056);
    /// The callback URL is malformed, or did not pass WeCom's check.
    pub const INVALID_CALLBACK_URL: Self = Self(40057);
    /// A parameter has a wrong value.
    pub const INVALID_PARAMETER: Self = Self(40058);
    /// A parameter is empty.
    pub const EMPTY_PARAMETER: Self = Self(40063);
    /// Not a `pre_auth_code`.
    pub const INVALID_PRE_AUTH_CODE: Self = Self(40077);
    /// Not an `auth_code`, or one that was used already.
    pub const INVALID_AUTH_CODE: Self = Self(40078);
    /// Not the suite's secret.
    pub const INVALID_SUITE_SECRET: Self = Self(40080);
    /// Not a `suite_access_token`, or not a `provider_access_token`.
    pub const INVALID_SUITE_ACCESS_TOKEN: Self = Self(40082);
    /// Not a suite's id.
    pub const INVALID_SUITE_ID: Self = Self(40083);
    /// The permanent code is wrong, another provider's, or of an authorization that was cancelled.
    pub const INVALID_PERMANENT_CODE: Self = Self(40084);
    /// The `suite_ticket` is wrong or older than 30 minutes; often the suite's callback receives nothing.
    pub const INVALID_SUITE_TICKET: Self = Self(40085);
    /// The Secret is not valid here, probably another corporation's.
    pub const FOREIGN_SECRET: Self = Self(40091);
    /// `access_token` is missing.
    pub const MISSING_ACCESS_TOKEN: Self = Self(41001);
    /// `corpid` is missing.
    pub const MISSING_CORP_ID: Self = Self(41002);
    /// `corpsecret` is missing.
    pub const MISSING_SECRET: Self = Self(41004);
    /// `suite_id` is missing.
    pub const MISSING_SUITE_ID: Self = Self(41021);
    /// `suite_access_token` is missing.
    pub const MISSING_SUITE_ACCESS_TOKEN: Self = Self(41022);
    /// `suite_ticket` is missing.
    pub const MISSING_SUITE_TICKET: Self = Self(41023);
    /// `suite_secret` is missing.
    pub const MISSING_SUITE_SECRET: Self = Self(41024);
    /// `permanent_code` is missing.
    pub const MISSING_PERMANENT_CODE: Self = Self(41025);
    /// The `access_token` has expired.
    pub const EXPIRED_ACCESS_TOKEN: Self = Self(42001);
    /// The `pre_auth_code` has expired.
    pub const EXPIRED_PRE_AUTH_CODE: Self = Self(42007);
    /// The `suite_access_token` has expired.
    pub const EXPIRED_SUITE_ACCESS_TOKEN: Self = Self(42009);
    /// A rate limit, the ban after repeated wrong Secrets among them.
    pub const RATE_LIMITED: Self = Self(45009);
    /// The Secret is not safe enough and has to be reset.
    pub const UNSAFE_SECRET: Self = Self(45031);
    /// Too many calls at the same time.
    pub const TOO_MANY_CONCURRENT_CALLS: Self = Self(45033);
    /// Writes at the same time that exclude each other.
    pub const CONFLICTING_CALLS: Self = Self(45035);
    /// The application lacks the permission for this API; `corpid_to_opencorpid`: the corporation has not authorized us.
    pub const API_NOT_AUTHORIZED: Self = Self(48001);
    /// This kind of application or Secret may not call this API.
    pub const API_FORBIDDEN: Self = Self(48002);
    /// `suite_id` and the token belong to different suites.
    pub const SUITE_MISMATCH: Self = Self(48003);
    /// The authorization is no longer valid.
    pub const AUTHORIZATION_INVALID: Self = Self(48004);
    /// The permission was withdrawn, the application being unused for long.
    pub const PERMISSION_WITHDRAWN: Self = Self(48006);
    /// 通讯录同步 may not read details from an address that is new to it.
    pub const FORBIDDEN_FOR_CONTACTS_SECRET: Self = Self(48009);
    /// The TLS version is too old.
    pub const TLS_TOO_OLD: Self = Self(48010);
    /// Customer data is withheld, the members not being active enough.
    pub const MEMBERS_NOT_ACTIVE: Self = Self(48011);
    /// The application is disabled.
    pub const APPLICATION_DISABLED: Self = Self(50003);
    /// The system application is disabled.
    pub const SYSTEM_APPLICATION_DISABLED: Self = Self(50006);
    /// No permission on that member, department or tag.
    pub const OUT_OF_RANGE: Self = Self(60011);
    /// The caller's address is not trusted; see [`Refusal::from_ip`](crate::Refusal::from_ip).
    pub const IP_NOT_TRUSTED: Self = Self(60020);
    /// No member with that userid.
    pub const USER_NOT_FOUND: Self = Self(60111);
    /// Every member, department and tag named is invalid or not visible.
    pub const NOBODY_IN_RANGE: Self = Self(81013);
    /// No such relation with an external contact.
    pub const NOT_AN_EXTERNAL_CONTACT: Self = Self(84061);
    /// The token is of another application than the `agentid`.
    pub const AGENT_MISMATCH: Self = Self(301_002);
    /// No member with a valid interface licence.
    pub const NO_INTERFACE_LICENCE: Self = Self(701_008);

    /// Class of the code.
    #[must_use]
    pub const fn class(self) -> ErrorClass {
        match self {
            Self::INVALID_SECRET
            | Self::INVALID_CORP_ID
            | Self::INVALID_AUTH_CODE
            | Self::FOREIGN_SECRET
            | Self::UNSAFE_SECRET
            | Self::API_FORBIDDEN
            | Self::PERMISSION_WITHDRAWN
            | Self::APPLICATION_DISABLED
            | Self::SYSTEM_APPLICATION_DISABLED
            | Self::OUT_OF_RANGE => ErrorClass::UserMistake,
            Self::INVALID_CALLBACK_URL
            | Self::INVALID_SUITE_SECRET
            | Self::INVALID_SUITE_ID
            | Self::INVALID_SUITE_TICKET
            | Self::API_NOT_AUTHORIZED
            | Self::SUITE_MISMATCH
            | Self::TLS_TOO_OLD
            | Self::IP_NOT_TRUSTED
            | Self::NO_INTERFACE_LICENCE => ErrorClass::Configuration,
            Self::SYSTEM_BUSY => ErrorClass::Retry,
            Self::INVALID_ACCESS_TOKEN
            | Self::INVALID_PRE_AUTH_CODE
            | Self::INVALID_SUITE_ACCESS_TOKEN
            | Self::EXPIRED_ACCESS_TOKEN
            | Self::EXPIRED_PRE_AUTH_CODE
            | Self::EXPIRED_SUITE_ACCESS_TOKEN => ErrorClass::Refresh,
            Self::RATE_LIMITED => ErrorClass::Ban,
            Self::TOO_MANY_CONCURRENT_CALLS | Self::CONFLICTING_CALLS => ErrorClass::SlowDown,
            Self::INVALID_PERMANENT_CODE | Self::AUTHORIZATION_INVALID => ErrorClass::AuthorizationEnded,
            _ => ErrorClass::Other,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        ErrorClass::{AuthorizationEnded, Ban, Configuration, Other, Refresh, Retry, SlowDown, UserMistake},
        *,
    };

    #[test]
    fn every_documented_code_has_its_class() {
        let table: &[(ErrorClass, &[i64])] = &[
            (
                UserMistake,
                &[40001, 40013, 40078, 40091, 45031, 48002, 48006, 50003, 50006, 60011],
            ),
            (
                Configuration,
                &[40057, 40080, 40083, 40085, 48001, 48003, 48010, 60020, 701_008],
            ),
            (Retry, &[-1]),
            (Refresh, &[40014, 40077, 40082, 42001, 42007, 42009]),
            (Ban, &[45009]),
            (SlowDown, &[45033, 45035]),
            (AuthorizationEnded, &[40084, 48004]),
            (
                Other,
                &[
                    0, 40003, 40056, 40058, 40063, 41001, 41002, 41004, 41021, 41022, 41023, 41024, 41025, 48009,
                    48011, 60111, 81013, 84061, 301_002, 99999,
                ],
            ),
        ];
        for (class, codes) in table {
            for code in *codes {
                assert_eq!(ErrorCode(*code).class(), *class, "errcode {code}");
            }
        }
        let codes: usize = table.iter().map(|(_, codes)| codes.len()).sum();
        assert_eq!(codes, 51, "the 50 codes with a name and one without");
    }

    #[test]
    fn is_shown_as_the_bare_number() {
        assert_eq!(ErrorCode::SYSTEM_BUSY.to_string(), "-1");
        assert_eq!(ErrorCode::INVALID_SECRET.to_string(), "40001");
    }
}
