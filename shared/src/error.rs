//! Every way in which a step can end without success. `http::problem`, and nothing else, assigns each its HTTP status and
//! code (docs/adr/0007).

use std::error::Error as StdError;

use jiff::Timestamp;
use serde::Serialize;
use wecom_client::{Error as WecomError, Refusal};

use crate::{
    authorization::{AdminInstallationMissing, NextStep},
    sealing::SealError,
    store::{CommitError, StoreError},
};

/// A step ended without success.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The app is not installed.
    #[error("the app is not installed")]
    NotInstalled,
    /// The app was installed by a member, not an administrator.
    #[error("the app was installed by a member")]
    MemberAuthorization,
    /// The corporation is another one than the installed one, or another tenant has bound it.
    #[error("another corporation")]
    CorpMismatch,
    /// Not every step is done.
    #[error("steps are missing")]
    StepsMissing(Vec<NextStep>),
    /// Somebody else changed the state in the meantime.
    #[error("the state was changed in the meantime")]
    StateChanged,
    /// The install link is unknown, used, too old, or another browser's.
    #[error("the install link is no longer good")]
    InstallLinkExpired,
    /// The Secret does not belong to that corporation, or was reset.
    #[error("WeCom refused the Secret")]
    SecretRejected(Option<Refusal>),
    /// The Secret is another kind of Secret.
    #[error("another kind of Secret")]
    WrongSecretKind {
        /// What it seems to be, when that could be found out.
        looks_like: Option<SecretKind>,
        /// What WeCom said.
        refusal: Refusal,
    },
    /// WeCom does not know that 企业ID.
    #[error("WeCom does not know the corp id")]
    UnknownCorpId(Refusal),
    /// A field does not hold what it must.
    #[error("a field is invalid")]
    InvalidField(FieldError),
    /// Too many wrong Secrets.
    #[error("too many attempts")]
    TooManyAttempts {
        /// From then on it may be tried again.
        until: Timestamp,
    },
    /// WeCom bans our address.
    #[error("WeCom bans our address")]
    WecomBan {
        /// Until then.
        until: Timestamp,
    },
    /// WeCom refused for a reason that the admin cannot change, or answered nothing intelligible.
    #[error("WeCom refused")]
    WecomRefused(Option<Refusal>),
    /// WeCom did not answer in time.
    #[error("WeCom did not answer in time")]
    WecomTimeout,
    /// There is no suite ticket that is still good.
    #[error("there is no usable suite ticket")]
    SuiteTicketMissing,
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// A callback request is not of WeCom's form.
    #[error("the callback request is malformed")]
    MalformedCallback,
    /// A callback request is not authentic.
    #[error("the callback request is not authentic")]
    CallbackRejected,
    /// The store is out of reach.
    #[error("the store is out of reach")]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),
    /// A defect, or a damaged record.
    #[error("an internal error")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

/// A field of a request that does not hold what it must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldError {
    /// Its name.
    pub field: &'static str,
    /// What is wrong.
    pub code: FieldCode,
    /// The same in words.
    pub detail: &'static str,
}

/// What is wrong with a field.
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

/// What a Secret turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SecretKind {
    /// 通讯录Secret.
    Contacts,
    /// 客户Secret, or a self-built app's that may call the customer API.
    ExternalContacts,
    /// Another app's.
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

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => Self::Unavailable(cause),
            StoreError::Internal(cause) => Self::Internal(cause),
        }
    }
}

impl From<CommitError> for StepError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Stale => Self::StateChanged,
            CommitError::CorpBoundElsewhere => Self::CorpMismatch,
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
    /// What an error of WeCom's means where no code of its has a meaning of its own.
    pub(crate) fn from_wecom(error: WecomError) -> Self {
        match error {
            WecomError::TimedOut => Self::WecomTimeout,
            WecomError::Refused(refusal) => Self::WecomRefused(Some(refusal)),
            WecomError::Unreachable | WecomError::Unintelligible => Self::WecomRefused(None),
        }
    }
}
