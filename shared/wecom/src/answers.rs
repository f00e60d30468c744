//! What a successful call gives.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

pub(crate) mod wire;

/// A token that later calls carry.
///
/// WeCom may end it early: on a refusal of the class [`Refresh`](crate::ErrorClass::Refresh), get a new one, once.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// At most 512 bytes, by WeCom's word.
    pub token: SecretString,
    /// How long WeCom means to honour it (two hours); a day at most, whatever WeCom says.
    pub expires_in: Duration,
}

/// What the install link carries so that WeCom knows which suite is to be installed.
#[derive(Debug, Clone)]
pub struct PreAuthCode {
    /// The code.
    pub code: SecretString,
    /// How long it can be used (20 minutes).
    pub expires_in: Duration,
}

/// What a temporary `auth_code` was exchanged for.
#[derive(Debug, Clone)]
pub struct PermanentCode {
    /// The suite's key to the corporation. Only a reset in WeCom's console makes another one: keep it.
    pub permanent_code: SecretString,
    /// The corporation's id as this suite knows it: encrypted, unless the corporation is an old one. Case matters.
    pub corp_id: String,
    /// The corporation's name; may be empty.
    pub corp_name: String,
    /// Who installed the application, as far as WeCom tells.
    pub auth_user: Option<AuthUser>,
    /// The `state` of the QR code that was scanned, if there was one. That of an install *link* comes back with the browser
    /// instead.
    pub state: Option<String>,
}

/// Who installed the application. WeCom may leave out any part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthUser {
    /// The member's id as this suite knows it.
    pub user_id: Option<String>,
    /// The member's id across the provider's applications.
    pub open_user_id: Option<String>,
    /// The member's name.
    pub name: Option<String>,
}

/// What a corporation has authorized the suite to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthInfo {
    /// The corporation's id as this suite knows it.
    pub corp_id: String,
    /// The corporation's name; may be empty.
    pub corp_name: String,
    /// The application in the corporation; the first, if it is an old suite of several. A suite with nothing but contacts
    /// permissions has none.
    pub agent: Option<Agent>,
}

/// The suite's application inside one corporation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// The application's id in the corporation.
    pub agent_id: u64,
    /// The application's name.
    pub name: String,
    /// Who authorized it.
    pub auth_mode: AuthMode,
    /// Whether the application was made to order for the corporation (代开发).
    pub is_customized: bool,
    /// What the application may see, as far as WeCom says.
    pub privilege: Option<Privilege>,
}

/// Who authorized an application (developer document 94496).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthMode {
    /// An administrator, for the corporation.
    Admin,
    /// A member, for themselves: the application sees nobody else.
    Member,
}

/// What an application may see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Privilege {
    /// WeCom's permission level, 1 to 6.
    pub level: i64,
    /// Departments.
    pub allow_party: Vec<i64>,
    /// Members.
    pub allow_user: Vec<String>,
    /// Tags.
    pub allow_tag: Vec<i64>,
    /// Further departments, seen in the address book only.
    pub extra_party: Vec<i64>,
    /// Further members, seen in the address book only.
    pub extra_user: Vec<String>,
    /// Further tags, seen in the address book only.
    pub extra_tag: Vec<i64>,
}
