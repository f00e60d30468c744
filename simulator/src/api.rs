//! WeCom's HTTP API: a call is answered with a JSON body.
//!
//! No I/O: a call is answered from the [`Context`]; the server adds HTTP, faults and the journal. Errors are answers too (status
//! 200 with an `errcode`).

pub(crate) mod corp;
mod licence;
pub(crate) mod profile;
pub(crate) mod suite;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{
    entropy::Entropy,
    errcode::{ACCESS_TOKEN_EXPIRED, ACCESS_TOKEN_MISSING, INVALID_ACCESS_TOKEN, Refusal},
    suites::Suites,
    world::{World, ledger::Holder},
};

/// State, randomness and time that an answer depends on.
pub(crate) struct Context<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) entropy: &'a mut Entropy,
    pub(crate) suites: &'a Suites,
    pub(crate) now: Timestamp,
}

/// Call of WeCom's HTTP API, as a handler receives it.
pub(crate) struct Call<'a> {
    pub(crate) path: &'a str,
    pub(crate) is_post: bool,
    pub(crate) query: Vec<(String, String)>,
    /// The JSON object of the body; empty without one.
    pub(crate) body: Map<String, Value>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(path: &'a str, is_post: bool, raw_query: &str, body: &[u8]) -> Self {
        let query = url::form_urlencoded::parse(raw_query.as_bytes()).into_owned().collect();
        Self {
            path,
            is_post,
            query,
            body: serde_json::from_slice(body).unwrap_or_default(),
        }
    }

    /// A query parameter that is not empty.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// A string of the body that is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }
}

impl Context<'_> {
    /// Answers a call; `None` for an unknown path.
    pub(crate) fn answer(&mut self, call: &Call<'_>) -> Option<Value> {
        let answer = match call.path {
            "/cgi-bin/service/get_suite_token" => suite::get_suite_token(self, call),
            "/cgi-bin/service/get_pre_auth_code" => suite::get_pre_auth_code(self, call),
            "/cgi-bin/service/set_session_info" => suite::set_session_info(self, call),
            "/cgi-bin/service/get_permanent_code" => suite::get_permanent_code(self, call),
            "/cgi-bin/service/v2/get_permanent_code" => suite::get_permanent_code_v2(self, call),
            "/cgi-bin/service/get_auth_info" => suite::get_auth_info(self, call),
            "/cgi-bin/service/v2/get_auth_info" => suite::get_auth_info_v2(self, call),
            "/cgi-bin/service/get_corp_token" => suite::get_corp_token(self, call),
            "/cgi-bin/service/get_customized_auth_url" => suite::get_customized_auth_url(self, call),
            "/cgi-bin/service/get_provider_token" => suite::get_provider_token(self, call),
            "/cgi-bin/service/corpid_to_opencorpid" => suite::corpid_to_opencorpid(self, call),
            "/cgi-bin/gettoken" => corp::gettoken(self, call),
            "/cgi-bin/user/list_id" => corp::list_id(self, call),
            "/cgi-bin/department/simplelist" => corp::department_simplelist(self, call),
            "/cgi-bin/externalcontact/get_follow_user_list" => corp::get_follow_user_list(self, call),
            "/cgi-bin/agent/get" => corp::get_agent(self, call),
            "/cgi-bin/license/get_app_license_info" => licence::get_app_license_info(self, call),
            "/cgi-bin/license/list_actived_account" => licence::list_actived_account(self, call),
            "/cgi-bin/agent/get_permissions" => corp::get_permissions(self, call),
            "/cgi-bin/getcallbackip" => corp::getcallbackip(self, call),
            _ => return None,
        };
        Some(answer.unwrap_or_else(|refusal| self.refusal_body(call.path, refusal)))
    }

    fn refusal_body(&mut self, path: &str, refusal: Refusal) -> Value {
        let mut body = refusal.body(self.now, self.entropy);
        // WeCom leaves the empty list in a refusal: a client that tests the list before `errcode` reads a refusal as success.
        if path == "/cgi-bin/externalcontact/get_follow_user_list"
            && let Some(body) = body.as_object_mut()
        {
            body.insert("follow_user".to_owned(), Value::Array(Vec::new()));
        }
        body
    }

    /// Holder of a token; `codes` are the error codes for this type of token.
    pub(crate) fn holder(&self, token: Option<&str>, codes: TokenCodes) -> Result<Holder, Refusal> {
        let token = token.ok_or(Refusal(codes.missing))?;
        let known = self.world.access_tokens.iter().find(|known| known.value == token);
        let known = known.ok_or(Refusal(codes.invalid))?;
        if self.now >= known.expires_at {
            return Err(Refusal(codes.expired));
        }
        Ok(known.holder.clone())
    }

    /// The holder's token and its remaining seconds.
    pub(crate) fn token_for(&mut self, holder: Holder) -> (String, i64) {
        self.world.token_for(holder, self.now, self.entropy)
    }
}

/// Error codes for a missing, an unknown and an expired token.
#[derive(Clone, Copy)]
pub(crate) struct TokenCodes {
    pub(crate) missing: i64,
    pub(crate) invalid: i64,
    pub(crate) expired: i64,
}

impl TokenCodes {
    /// Codes of every token except the suite's.
    pub(crate) const ACCESS_TOKEN: Self = Self {
        missing: ACCESS_TOKEN_MISSING,
        invalid: INVALID_ACCESS_TOKEN,
        expired: ACCESS_TOKEN_EXPIRED,
    };
}
