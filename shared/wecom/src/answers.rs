//! Results of the calls.

use std::time::Duration;

use lenient::{integer_or_zero, integers, list};
use secrecy::SecretString;
use serde::Deserialize;

mod lenient;
pub(crate) mod wire;

/// Token for later calls.
///
/// WeCom may revoke it early: on a refusal of the class [`Refresh`](crate::ErrorClass::Refresh), get a new one, once.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// Token, at most 512 bytes.
    pub token: SecretString,
    /// Lifetime that WeCom states, at most a day; two hours when it states none.
    pub expires_in: Duration,
}

/// Code in an install link, from which WeCom knows the suite.
#[derive(Debug, Clone)]
pub struct PreAuthCode {
    /// `pre_auth_code`, at most 512 bytes.
    pub code: SecretString,
    /// Lifetime, 20 minutes.
    pub expires_in: Duration,
}

/// Result of the exchange of an `auth_code`.
#[derive(Debug, Clone)]
pub struct PermanentCode {
    /// Permanent code of the suite for the corporation, at most 512 bytes. For a customised app (代开发) it is the app's
    /// Secret. WeCom does not give it a second time: store it.
    pub permanent_code: SecretString,
    /// Corporation id as the suite sees it: encrypted, except for old corporations. Case-sensitive.
    pub corp_id: String,
    /// Name of the corporation; may be empty.
    pub corp_name: String,
    /// Member who installed the application, if WeCom names them.
    pub auth_user: Option<AuthUser>,
    /// `state` of the QR code that was scanned (developer document 97163). The `state` of an install *link* is in the
    /// redirect instead.
    pub state: Option<String>,
}

/// Member who installed the application. Each part may be absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthUser {
    /// Member id as the suite sees it.
    pub user_id: Option<String>,
    /// Member id that is the same in all applications of the provider.
    pub open_user_id: Option<String>,
    /// Name of the member.
    pub name: Option<String>,
}

/// Authorization of a suite by a corporation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthInfo {
    /// Corporation id as the suite sees it.
    pub corp_id: String,
    /// Name of the corporation; may be empty.
    pub corp_name: String,
    /// Application in the corporation; the first one of an old suite with several. A suite with nothing but contacts
    /// permissions has none.
    pub agent: Option<Agent>,
}

/// Application of a suite in one corporation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Id of the application, unique in the corporation.
    pub agent_id: u64,
    /// Name of the application; may be empty.
    pub name: String,
    /// Kind of the authorization.
    pub auth_mode: AuthMode,
    /// Customised app (代开发, `is_customized_app`). Its token comes from [`Client::access_token`](crate::Client::access_token)
    /// with the permanent code, not from `get_corp_token`.
    pub is_customized: bool,
    /// Visible range, if WeCom states it.
    pub privilege: Option<Privilege>,
}

/// Kind of an authorization (developer document 94496).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthMode {
    /// By an administrator, for the corporation.
    Admin,
    /// By a member, for themselves: the application sees nobody else.
    Member,
}

/// Visible range of an application.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Privilege {
    /// Permission level, 1 to 6; 0 where it has no meaning, as for a customised app.
    #[serde(deserialize_with = "integer_or_zero")]
    pub level: i64,
    /// Ids of departments.
    #[serde(deserialize_with = "integers")]
    pub allow_party: Vec<i64>,
    /// UserIDs of members.
    #[serde(deserialize_with = "list")]
    pub allow_user: Vec<String>,
    /// Ids of tags.
    #[serde(deserialize_with = "integers")]
    pub allow_tag: Vec<i64>,
    /// Additional departments, visible in the address book only.
    #[serde(deserialize_with = "integers")]
    pub extra_party: Vec<i64>,
    /// Additional members, visible in the address book only.
    #[serde(deserialize_with = "list")]
    pub extra_user: Vec<String>,
    /// Additional tags, visible in the address book only.
    #[serde(deserialize_with = "integers")]
    pub extra_tag: Vec<i64>,
}

/// Link with which an administrator authorizes templates of customised apps (代开发应用模版).
#[derive(Debug, Clone)]
pub struct CustomizedAuthUrl {
    /// Text of a QR code, to be drawn by the caller. Whoever scans it binds their corporation to its `state`.
    pub url: SecretString,
    /// Lifetime, ten days.
    pub expires_in: Duration,
}

/// Permissions of an application in one corporation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppPermissions {
    /// Names, such as `contact:base:base`.
    pub names: Vec<String>,
    /// Permissions that end.
    pub expiring: Vec<ExpiringPermission>,
}

/// Permission of an app, and when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiringPermission {
    /// Name, as in [`AppPermissions::names`].
    pub name: String,
    /// End, in seconds since 1970.
    pub expires_at: u64,
}

/// Application as `agent/get` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedAgent {
    /// Id of the application, unique in the corporation.
    pub agent_id: u64,
    /// Name of the application; may be empty.
    pub name: String,
    /// Whether the corporation has disabled the application.
    pub is_disabled: bool,
    /// Status of a customised app; none for another application.
    pub publish_status: Option<PublishStatus>,
}

/// Status of a customised app (`customized_publish_status`, developer document 90227).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PublishStatus {
    /// 0: authorized by the corporation; the provider has not created the application.
    NotDeveloped,
    /// 1: created, not yet online. Members cannot use it.
    InDevelopment,
    /// Number 2: online.
    Online,
    /// 3: online, with a newer version that is not.
    OnlineWithChanges,
    /// Number that this client does not know.
    Unknown(i64),
}

/// Interface licence (接口调用许可) of an application in one corporation (developer document 97194).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppLicense {
    /// Whether WeCom checks licences for this application: after the trial, members need one.
    pub is_required: bool,
    /// Trial, 90 days from the first installation. None where there is no trial.
    pub trial: Option<Trial>,
    /// Time from which calls without a licence are refused, in seconds since 1970.
    pub enforced_at: Option<u64>,
}

/// Trial of an application, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    /// Start, in Unix seconds.
    pub starts_at: u64,
    /// End, in Unix seconds.
    pub ends_at: u64,
}
