//! Every way in which a step can end without success. `http::problem`, and nothing else, assigns each its HTTP status
//! and code (docs/adr/0007-one-error-type.md).

use std::{borrow::Cow, error::Error as StdError};

use jiff::Timestamp;
use serde::Serialize;
use wecom_client::{Error as WecomError, Refusal};

use crate::{
    authorization::{AdminInstallationMissing, NextStep, TooManyAssistLinks, TooManyBindings},
    sealing::SealError,
    store::{CommitError, StoreError},
};

/// A step ended without success. The `# Errors` section of each step lists its ends.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The app is not installed.
    #[error("the app is not installed")]
    NotInstalled,
    /// The app was installed by a member, not an administrator.
    #[error("the app was installed by a member")]
    MemberAuthorization,
    /// The corporation is another one than the one that belongs to the tenant.
    #[error("another corporation: {cause}")]
    CorpMismatch {
        /// Difference from the tenant's corporation.
        cause: CorpFault,
    },
    /// Not every step is done.
    #[error("steps are missing")]
    StepsMissing(Vec<NextStep>),
    /// The state was changed concurrently, and a retry was not successful or not safe.
    #[error("the state was changed in the meantime")]
    StateChanged,
    /// The install link cannot be used, or not with this browser or auth_code.
    #[error("the install link is not valid: {cause}")]
    InstallLinkExpired {
        /// Reason why the link cannot be used.
        cause: LinkFault,
    },
    /// The assist link was opened, or has ended.
    #[error("the assist link is no longer valid")]
    AssistLinkExpired,
    /// The tenant has too many assist links that have not ended.
    #[error("there are too many assist links")]
    TooManyAssistLinks {
        /// The end of the first of them.
        until: Timestamp,
    },
    /// The tenant has as many bindings as it may.
    #[error("there are too many bindings")]
    TooManyBindings,
    /// The Secret does not belong to that corporation, or was reset. `None`: WeCom was not asked again, because it
    /// refused the Secret before.
    #[error("WeCom refused the Secret")]
    SecretRejected(Option<Refusal>),
    /// The Secret is another kind of Secret.
    #[error("another kind of Secret")]
    WrongSecretKind {
        /// The kind that it seems to be; `None` when that could not be found out.
        looks_like: Option<SecretKind>,
        /// The refusal that it was concluded from.
        refusal: Refusal,
    },
    /// WeCom does not know the 企业ID.
    #[error("WeCom does not know the corp id")]
    UnknownCorpId(Refusal),
    /// A field of the request is missing or malformed.
    #[error("a field is invalid")]
    InvalidField(FieldError),
    /// Too many wrong Secrets, or checks on request.
    #[error("too many attempts")]
    TooManyAttempts {
        /// The time from which it may be tried again.
        until: Timestamp,
    },
    /// WeCom bans our address.
    #[error("WeCom bans our address")]
    WecomBan {
        /// The end of the ban, assumed to be an hour after WeCom reported it.
        until: Timestamp,
    },
    /// WeCom refused for a reason that the admin cannot change, was unreachable, or its answer could not be read.
    #[error("WeCom refused")]
    WecomRefused(Option<Refusal>),
    /// WeCom did not answer in time.
    #[error("WeCom did not answer in time")]
    WecomTimeout,
    /// Another attempt to do the same has not finished yet. It may be waiting for WeCom, so a retry helps.
    #[error("another attempt has not finished yet")]
    AttemptInProgress,
    /// Another replay runs, for the same tenant or like it for all.
    #[error("another replay runs")]
    ReplayRunning,
    /// There is no suite ticket that is still valid.
    #[error("there is no usable suite ticket")]
    SuiteTicketMissing,
    /// There is no such callback, event or credentials.
    #[error("not found")]
    NotFound,
    /// A page was asked for at a position that is not one of its list.
    #[error("a position is not one of the list")]
    UnknownPosition,
    /// A callback request is not of WeCom's form.
    #[error("the callback request is malformed")]
    MalformedCallback,
    /// A callback request is not authentic.
    #[error("the callback request is not authentic")]
    CallbackRejected,
    /// The store is out of reach.
    #[error("the store is out of reach")]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),
    /// A defect of this program, or a damaged record.
    #[error("an internal error")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

/// Reason why an install link cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkFault {
    /// The binding that it was made for was removed.
    #[error("its binding was removed")]
    BindingRemoved,
    /// There is no such session.
    #[error("there is no such session")]
    Unknown,
    /// The link has expired, or the time to come back from WeCom has.
    #[error("it has expired")]
    Expired,
    /// An installation with it has started or ended.
    #[error("it was used")]
    Used,
    /// It was opened in another browser, which has the session's cookie.
    #[error("it was opened in another browser")]
    OtherBrowser,
    /// WeCom's redirect has no auth_code: the admin pressed 取消.
    #[error("the redirect has no auth_code")]
    NoAuthCode,
    /// The session was used with another auth_code.
    #[error("it was used with another auth_code")]
    OtherAuthCode,
    /// WeCom issued the auth_code for another link, or another link's redirect brought it first.
    #[error("the auth_code is another link's")]
    CodeOfAnotherLink,
    /// WeCom says that the auth_code was used or has expired, and the vault has nothing that was obtained with it.
    #[error("the auth_code was used or has expired")]
    AuthCodeInvalid,
}

/// Difference between a corporation and the one that belongs to the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CorpFault {
    /// Another tenant has bound it.
    #[error("another tenant has bound it")]
    BoundToAnotherTenant,
    /// Another binding of the same tenant has bound it.
    #[error("another binding of the tenant has bound it")]
    BoundToAnotherBinding,
    /// The tenant has an installation in another corporation.
    #[error("the tenant has an installation in another corporation")]
    AnotherInstalled,
    /// The 企业ID belongs to another corporation that installed the app.
    #[error("the corp id is that of another installation")]
    OtherInstallation,
    /// The 企业ID belongs to a corporation that did not install the app.
    #[error("the corporation of the corp id has not installed the app")]
    NotInstalled,
}

impl From<LinkFault> for StepError {
    fn from(cause: LinkFault) -> Self {
        Self::InstallLinkExpired { cause }
    }
}

impl From<CorpFault> for StepError {
    fn from(cause: CorpFault) -> Self {
        Self::CorpMismatch { cause }
    }
}

/// A field of a request that is missing or malformed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The name of the field in the request.
    pub field: &'static str,
    /// Stable code of what is wrong with the field.
    pub code: FieldCode,
    /// The same in words; never the value.
    pub detail: Cow<'static, str>,
}

/// Fault of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldCode {
    /// The route does not define it.
    Unknown,
    /// Its value has the wrong type or form.
    WrongType,
    /// It is required and absent or empty.
    Missing,
    /// Its value has the right type and cannot be valid.
    Malformed,
    /// It is not a public domain name.
    NotADomain,
}

/// Kind of a Secret, as WeCom's answers show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SecretKind {
    /// The 通讯录Secret, of 通讯录同步.
    Contacts,
    /// 客户Secret, or a self-built app's that may call the customer API.
    ExternalContacts,
    /// The Secret of another app.
    OtherApp,
}

impl From<AdminInstallationMissing> for StepError {
    fn from(missing: AdminInstallationMissing) -> Self {
        match missing {
            AdminInstallationMissing::NotInstalled => Self::NotInstalled,
            AdminInstallationMissing::ByMember => Self::MemberAuthorization,
        }
    }
}

impl From<TooManyAssistLinks> for StepError {
    fn from(TooManyAssistLinks(until): TooManyAssistLinks) -> Self {
        Self::TooManyAssistLinks { until }
    }
}

impl From<TooManyBindings> for StepError {
    fn from(TooManyBindings: TooManyBindings) -> Self {
        Self::TooManyBindings
    }
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => Self::Unavailable(cause),
            StoreError::UnknownPosition => Self::UnknownPosition,
            StoreError::Internal(cause) => Self::Internal(cause),
        }
    }
}

impl From<CommitError> for StepError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Stale => Self::StateChanged,
            CommitError::CorpBoundElsewhere => CorpFault::BoundToAnotherTenant.into(),
            CommitError::Store(error) => error.into(),
        }
    }
}

impl From<SealError> for StepError {
    fn from(error: SealError) -> Self {
        Self::Internal(Box::new(error))
    }
}

impl StepError {
    /// The error for a call to WeCom none of whose codes has a meaning of its own.
    pub(crate) fn from_wecom(error: WecomError) -> Self {
        match error {
            WecomError::TimedOut => Self::WecomTimeout,
            WecomError::Refused(refusal) => Self::WecomRefused(Some(refusal)),
            WecomError::Unreachable | WecomError::Unintelligible => Self::WecomRefused(None),
        }
    }
}
