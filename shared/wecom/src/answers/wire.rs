//! WeCom's JSON, and the conversion to an answer. The value that a call is made for must be present and not empty; how the
//! numbers beside it are written does not matter.

use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use super::{
    AccessToken, Agent, AppLicense, AppPermissions, AuthInfo, AuthMode, AuthUser, CustomizedAuthUrl,
    ExpiringPermission, PermanentCode, PreAuthCode, PublishStatus, PublishedAgent, Trial,
    lenient::{flag, integer, list, seconds},
};

/// Fields of every answer. `errcode` may be absent in a success, and a refusal may have the fields of a success, empty. So
/// these are read first.
#[derive(Deserialize)]
pub(crate) struct Envelope {
    #[serde(default, deserialize_with = "integer")]
    pub(crate) errcode: Option<i64>,
    errmsg: Option<Value>,
}

impl Envelope {
    pub(crate) fn errmsg(self) -> String {
        text(self.errmsg).unwrap_or_default()
    }
}

/// Token, under one of three names.
#[derive(Deserialize)]
pub(crate) struct Token {
    #[serde(rename = "suite_access_token")]
    suite: Option<String>,
    #[serde(rename = "access_token")]
    corp: Option<String>,
    #[serde(rename = "provider_access_token")]
    provider: Option<String>,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
}

impl Token {
    pub(crate) fn of_suite(self) -> Option<AccessToken> {
        token(self.suite, self.expires_in)
    }

    pub(crate) fn of_corp(self) -> Option<AccessToken> {
        token(self.corp, self.expires_in)
    }

    pub(crate) fn of_provider(self) -> Option<AccessToken> {
        token(self.provider, self.expires_in)
    }
}

#[derive(Deserialize)]
pub(crate) struct PreAuth {
    pre_auth_code: String,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
}

impl PreAuth {
    pub(crate) fn code(self) -> Option<PreAuthCode> {
        Some(PreAuthCode {
            code: secret(self.pre_auth_code)?,
            expires_in: lifetime(self.expires_in, PRE_AUTH_CODE_SECS, MAX_LIFETIME_SECS),
        })
    }
}

/// Confirmation without a value: here `errcode` must be present, or any JSON object would be one.
#[derive(Deserialize)]
pub(crate) struct Done {
    #[serde(default, deserialize_with = "integer")]
    errcode: Option<i64>,
}

impl Done {
    pub(crate) fn confirmed(self) -> Option<()> {
        self.errcode.map(drop)
    }
}

#[derive(Deserialize)]
pub(crate) struct Installed {
    permanent_code: String,
    auth_corp_info: Corp,
    auth_user_info: Option<Value>,
    state: Option<Value>,
}

impl Installed {
    pub(crate) fn code(self) -> Option<PermanentCode> {
        Some(PermanentCode {
            permanent_code: secret(self.permanent_code)?,
            corp_id: present(self.auth_corp_info.corpid)?,
            corp_name: text(self.auth_corp_info.corp_name).unwrap_or_default(),
            // The code is used up by now: a detail that cannot be read must not lose it.
            auth_user: self
                .auth_user_info
                .and_then(|user| User::deserialize(user).ok())
                .and_then(User::known),
            state: text(self.state),
        })
    }
}

#[derive(Deserialize)]
struct Corp {
    corpid: String,
    corp_name: Option<Value>,
}

#[derive(Deserialize)]
struct User {
    userid: Option<Value>,
    open_userid: Option<Value>,
    name: Option<Value>,
}

impl User {
    fn known(self) -> Option<AuthUser> {
        let user = AuthUser {
            user_id: text(self.userid),
            open_user_id: text(self.open_userid),
            name: text(self.name),
        };
        let nobody = AuthUser {
            user_id: None,
            open_user_id: None,
            name: None,
        };
        (user != nobody).then_some(user)
    }
}

#[derive(Deserialize)]
pub(crate) struct Authorization {
    auth_corp_info: Corp,
    auth_info: Option<Agents>,
}

#[derive(Deserialize)]
struct Agents {
    #[serde(default, deserialize_with = "list")]
    agent: Vec<AuthorizedAgent>,
}

#[derive(Deserialize)]
struct AuthorizedAgent {
    #[serde(deserialize_with = "integer")]
    agentid: Option<i64>,
    name: Option<Value>,
    /// Absent in an authorization from before members could authorize.
    #[serde(default, deserialize_with = "integer")]
    auth_mode: Option<i64>,
    #[serde(default, deserialize_with = "flag")]
    is_customized_app: Option<bool>,
    privilege: Option<Value>,
}

impl Authorization {
    pub(crate) fn info(self) -> Option<AuthInfo> {
        let agents = self.auth_info.map(|info| info.agent).unwrap_or_default();
        let agent = match agents.into_iter().next() {
            Some(agent) => Some(agent.known()?),
            None => None,
        };
        Some(AuthInfo {
            corp_id: present(self.auth_corp_info.corpid)?,
            corp_name: text(self.auth_corp_info.corp_name).unwrap_or_default(),
            agent,
        })
    }
}

impl AuthorizedAgent {
    fn known(self) -> Option<Agent> {
        Some(Agent {
            agent_id: agent_id(self.agentid)?,
            name: text(self.name).unwrap_or_default(),
            auth_mode: match self.auth_mode {
                None | Some(0) => AuthMode::Admin,
                Some(1) => AuthMode::Member,
                // An unknown mode may grant less than an administrator's: no answer is better than a wrong one.
                Some(_) => return None,
            },
            is_customized: self.is_customized_app.unwrap_or_default(),
            // Only shown, so an installation does not fail because of it.
            privilege: self
                .privilege
                .and_then(|privilege| serde_json::from_value(privilege).ok()),
        })
    }
}

#[derive(Deserialize)]
pub(crate) struct OpenCorp {
    open_corpid: String,
}

impl OpenCorp {
    pub(crate) fn id(self) -> Option<String> {
        present(self.open_corpid)
    }
}

/// Link and lifetime of `get_customized_auth_url`.
#[derive(Deserialize)]
pub(crate) struct CustomizedAuth {
    qrcode_url: String,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
}

impl CustomizedAuth {
    pub(crate) fn url(self) -> Option<CustomizedAuthUrl> {
        Some(CustomizedAuthUrl {
            url: secret(self.qrcode_url)?,
            expires_in: lifetime(self.expires_in, CUSTOMIZED_AUTH_URL_SECS, CUSTOMIZED_AUTH_URL_SECS),
        })
    }
}

/// Answer of `agent/get_permissions`.
#[derive(Deserialize)]
pub(crate) struct PermissionsAnswer {
    #[serde(default, deserialize_with = "integer")]
    errcode: Option<i64>,
    app_permissions: Option<Vec<String>>,
    #[serde(default, deserialize_with = "list")]
    app_permissions_ext: Vec<PermissionExt>,
}

#[derive(Deserialize)]
struct PermissionExt {
    permission_name: String,
    #[serde(default, deserialize_with = "seconds")]
    expire_time: Option<u64>,
}

impl PermissionsAnswer {
    pub(crate) fn granted(self) -> Option<AppPermissions> {
        let expiring = |ext: PermissionExt| {
            Some(ExpiringPermission {
                name: present(ext.permission_name)?,
                expires_at: ext.expire_time.filter(|seconds| *seconds > 0)?,
            })
        };
        let names = match (self.app_permissions, self.errcode) {
            (Some(names), _) => names,
            (None, Some(_)) => Vec::new(),
            (None, None) => return None,
        };
        Some(AppPermissions {
            names,
            expiring: self.app_permissions_ext.into_iter().filter_map(expiring).collect(),
        })
    }
}

/// Answer of `agent/get`.
#[derive(Deserialize)]
pub(crate) struct AgentDetails {
    #[serde(deserialize_with = "integer")]
    agentid: Option<i64>,
    name: Option<Value>,
    #[serde(default, deserialize_with = "flag")]
    close: Option<bool>,
    #[serde(default, deserialize_with = "integer")]
    customized_publish_status: Option<i64>,
}

impl AgentDetails {
    pub(crate) fn agent(self) -> Option<PublishedAgent> {
        Some(PublishedAgent {
            agent_id: agent_id(self.agentid)?,
            name: text(self.name).unwrap_or_default(),
            is_disabled: self.close.unwrap_or_default(),
            publish_status: self.customized_publish_status.map(|status| match status {
                0 => PublishStatus::NotDeveloped,
                1 => PublishStatus::InDevelopment,
                2 => PublishStatus::Online,
                3 => PublishStatus::OnlineWithChanges,
                other => PublishStatus::Unknown(other),
            }),
        })
    }
}

/// Answer of `license/get_app_license_info`.
#[derive(Deserialize)]
pub(crate) struct LicenseAnswer {
    #[serde(deserialize_with = "integer")]
    license_status: Option<i64>,
    /// WeCom's spelling.
    trail_info: Option<TrialInfo>,
    #[serde(default, deserialize_with = "seconds")]
    license_check_time: Option<u64>,
}

#[derive(Deserialize)]
struct TrialInfo {
    #[serde(default, deserialize_with = "seconds")]
    start_time: Option<u64>,
    #[serde(default, deserialize_with = "seconds")]
    end_time: Option<u64>,
}

impl LicenseAnswer {
    pub(crate) fn license(self) -> Option<AppLicense> {
        let trial = |info: TrialInfo| {
            Some(Trial {
                starts_at: info.start_time?,
                ends_at: info.end_time?,
            })
        };
        Some(AppLicense {
            is_required: match self.license_status? {
                0 => false,
                1 => true,
                _ => return None,
            },
            trial: self.trail_info.and_then(trial),
            enforced_at: self.license_check_time.filter(|seconds| *seconds > 0),
        })
    }
}

/// Answer of `license/list_actived_account`, of which only whether there is an account is kept.
#[derive(Deserialize)]
pub(crate) struct LicensedAccounts {
    #[serde(default, deserialize_with = "integer")]
    errcode: Option<i64>,
    account_list: Option<Vec<IgnoredAny>>,
}

impl LicensedAccounts {
    pub(crate) fn any(self) -> Option<bool> {
        match self.account_list {
            Some(accounts) => Some(!accounts.is_empty()),
            // An empty list may be left out.
            None => self.errcode.map(|_| false),
        }
    }
}

/// Answer of `user/list_id`. The list itself is not read.
#[derive(Deserialize)]
pub(crate) struct Members {
    #[serde(default, deserialize_with = "integer")]
    errcode: Option<i64>,
    dept_user: Option<Vec<IgnoredAny>>,
}

impl Members {
    pub(crate) fn listed(self) -> Option<()> {
        (self.errcode.is_some() || self.dept_user.is_some()).then_some(())
    }
}

/// Answer of `get_follow_user_list`, of which only the number of members is kept.
#[derive(Deserialize)]
pub(crate) struct FollowUsers {
    #[serde(default, deserialize_with = "integer")]
    errcode: Option<i64>,
    follow_user: Option<Vec<IgnoredAny>>,
}

impl FollowUsers {
    pub(crate) fn count(self) -> Option<usize> {
        match (self.follow_user, self.errcode) {
            (Some(users), _) => Some(users.len()),
            (None, Some(_)) => Some(0),
            (None, None) => None,
        }
    }
}

fn token(value: Option<String>, expires_in: Option<u64>) -> Option<AccessToken> {
    Some(AccessToken {
        token: secret(value?)?,
        expires_in: lifetime(expires_in, TOKEN_SECS, MAX_LIFETIME_SECS),
    })
}

/// Text of a detail: a string that is not empty, or a number.
fn text(value: Option<Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn agent_id(number: Option<i64>) -> Option<u64> {
    number?.try_into().ok()
}

fn secret(value: String) -> Option<SecretString> {
    present(value).map(SecretString::from)
}

/// Value that a call is made for. One with U+FFFD was damaged on the way, and is of no use.
fn present(value: String) -> Option<String> {
    (!value.is_empty() && !value.contains(char::REPLACEMENT_CHARACTER)).then_some(value)
}

/// Lifetime that WeCom states, or the documented one when it states none. A longer one than `max` is not WeCom's, and
/// adding it to a time could overflow.
fn lifetime(stated: Option<u64>, documented: u64, max: u64) -> Duration {
    Duration::from_secs(stated.unwrap_or(documented).min(max))
}

/// Lifetime of a token (developer documents 90600, 90605, 91039).
const TOKEN_SECS: u64 = 2 * 60 * 60;

/// Lifetime of a `pre_auth_code` (developer document 90601).
const PRE_AUTH_CODE_SECS: u64 = 20 * 60;

/// Lifetime of a link to authorize a template (developer document 98744).
const CUSTOMIZED_AUTH_URL_SECS: u64 = 10 * 24 * 60 * 60;

/// Greatest lifetime of a token or code that is believed.
const MAX_LIFETIME_SECS: u64 = 24 * 60 * 60;
