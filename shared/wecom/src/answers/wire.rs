//! WeCom's JSON, and the narrow way from it to an answer: what the call is for must be there and not be empty.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{AccessToken, Agent, AuthInfo, AuthMode, AuthUser, PermanentCode, PreAuthCode};

/// What every answer may begin with. `errcode` may be absent when all is well; a failure still has the fields of a
/// success, empty. So this is read first.
#[derive(Deserialize)]
pub(crate) struct Envelope {
    pub(crate) errcode: Option<i64>,
    pub(crate) errmsg: Option<String>,
}

/// A token, under one of three names.
#[derive(Deserialize)]
pub(crate) struct Token {
    #[serde(rename = "suite_access_token")]
    suite: Option<String>,
    #[serde(rename = "access_token")]
    corp: Option<String>,
    #[serde(rename = "provider_access_token")]
    provider: Option<String>,
    expires_in: u64,
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
    expires_in: u64,
}

impl PreAuth {
    pub(crate) fn code(self) -> Option<PreAuthCode> {
        Some(PreAuthCode {
            code: secret(self.pre_auth_code)?,
            expires_in: lifetime(self.expires_in),
        })
    }
}

/// An answer that says nothing but that it is done: here `errcode` must not be absent, or any JSON object would do.
#[derive(Deserialize)]
pub(crate) struct Done {
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
    auth_user_info: Option<User>,
    state: Option<String>,
}

impl Installed {
    pub(crate) fn code(self) -> Option<PermanentCode> {
        Some(PermanentCode {
            permanent_code: secret(self.permanent_code)?,
            corp_id: present(self.auth_corp_info.corpid)?,
            corp_name: self.auth_corp_info.corp_name.unwrap_or_default(),
            auth_user: self.auth_user_info.and_then(User::known),
            state: self.state.and_then(present),
        })
    }
}

#[derive(Deserialize)]
struct Corp {
    corpid: String,
    corp_name: Option<String>,
}

#[derive(Deserialize)]
struct User {
    userid: Option<String>,
    open_userid: Option<String>,
    name: Option<String>,
}

impl User {
    fn known(self) -> Option<AuthUser> {
        let user = AuthUser {
            user_id: self.userid.and_then(present),
            open_user_id: self.open_userid.and_then(present),
            name: self.name.and_then(present),
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
    #[serde(default)]
    agent: Vec<AuthorizedAgent>,
}

#[derive(Deserialize)]
struct AuthorizedAgent {
    agentid: u64,
    name: Option<String>,
    /// Absent in what was authorized before members could.
    auth_mode: Option<u8>,
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
            corp_name: self.auth_corp_info.corp_name.unwrap_or_default(),
            agent,
        })
    }
}

impl AuthorizedAgent {
    fn known(self) -> Option<Agent> {
        Some(Agent {
            agent_id: self.agentid,
            name: self.name.unwrap_or_default(),
            auth_mode: match self.auth_mode {
                None | Some(0) => AuthMode::Admin,
                Some(1) => AuthMode::Member,
                // A mode unknown here may give less than an administrator gave: better no answer than that one.
                Some(_) => return None,
            },
            is_customized: self.is_customized_app.unwrap_or_default(),
            // Nothing hangs on the details: an installation is not to fail over one of them.
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

/// Of `user/list_id`. What the list holds is not our business.
#[derive(Deserialize)]
pub(crate) struct Members {
    errcode: Option<i64>,
    dept_user: Option<Vec<IgnoredAny>>,
}

impl Members {
    pub(crate) fn listed(self) -> Option<()> {
        (self.errcode.is_some() || self.dept_user.is_some()).then_some(())
    }
}

/// Of `get_follow_user_list`. Only how many there are is kept.
#[derive(Deserialize)]
pub(crate) struct FollowUsers {
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

fn token(value: Option<String>, expires_in: u64) -> Option<AccessToken> {
    Some(AccessToken {
        token: secret(value?)?,
        expires_in: lifetime(expires_in),
    })
}

fn secret(value: String) -> Option<SecretString> {
    present(value).map(SecretString::from)
}

fn present(value: String) -> Option<String> {
    (!value.is_empty()).then_some(value)
}

/// A promise of more than a day is not WeCom's, and adding it to a time could overflow.
fn lifetime(seconds: u64) -> Duration {
    Duration::from_secs(seconds.min(MAX_LIFETIME_SECS))
}

const MAX_LIFETIME_SECS: u64 = 24 * 60 * 60;
