//! The calls, by the names of what they give.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use secrecy::SecretString;
use serde_json::json;
use url::Url;

use crate::answers::wire;
use crate::tls;
use crate::transport::{Call, Transport};
use crate::{AccessToken, AuthInfo, Error, PermanentCode, PreAuthCode};

/// Where WeCom is, and how patient to be with it.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// What `/cgi-bin/…` is appended to. `http` is meant for a simulator on the same machine.
    pub api_base_url: Url,
    /// The longest that a connection, TLS included, may take to come about.
    pub connect_timeout: Duration,
    /// The longest that one attempt may take, connection and body included. WeCom being busy, there are three attempts.
    pub request_timeout: Duration,
    /// The pause before the second attempt, doubled before the third.
    pub backoff: Duration,
}

impl ClientConfig {
    /// 3 s for a connection, 5 s for an attempt, 100 ms before the second.
    #[must_use]
    pub const fn new(api_base_url: Url) -> Self {
        Self {
            api_base_url,
            connect_timeout: Duration::from_secs(3),
            request_timeout: Duration::from_secs(5),
            backoff: Duration::from_millis(100),
        }
    }
}

/// Why a [`Client`] could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Not `http` or `https`, without a host, or with a user, a password, a query or a fragment.
    #[error("the base URL must be http or https, with a host, and without a user, a query or a fragment")]
    BaseUrl,
    /// TLS could not be set up.
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up")]
    Http(#[source] reqwest::Error),
}

/// A client of WeCom's HTTP API. Clones share their connections.
#[derive(Clone)]
pub struct Client {
    transport: Arc<Transport>,
}

impl Client {
    /// Makes a client that trusts Mozilla's roots. Connects to nothing yet.
    ///
    /// # Errors
    /// The base URL cannot be one, or the HTTP client cannot be set up.
    pub fn new(config: ClientConfig) -> Result<Self, BuildError> {
        Self::trusting(tls::public_roots(), config)
    }

    pub(crate) fn trusting(roots: RootCertStore, config: ClientConfig) -> Result<Self, BuildError> {
        Ok(Self {
            transport: Arc::new(Transport::new(roots, config)?),
        })
    }

    /// `get_suite_token` (developer document 90600): the token for calls on behalf of the suite. Valid for two hours: keep it.
    ///
    /// # Errors
    /// See [`Error`]. A ticket older than 30 minutes is refused with
    /// [`INVALID_SUITE_TICKET`](crate::ErrorCode::INVALID_SUITE_TICKET).
    pub async fn suite_access_token(
        &self,
        suite_id: &str,
        suite_secret: &SecretString,
        suite_ticket: &SecretString,
    ) -> Result<AccessToken, Error> {
        let call = Call::post("/cgi-bin/service/get_suite_token")
            .field("suite_id", suite_id)
            .secret_field("suite_secret", suite_secret)
            .secret_field("suite_ticket", suite_ticket);
        self.transport.call(call, wire::Token::of_suite).await
    }

    /// `get_pre_auth_code` (developer document 90601): a code for one install link.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn pre_auth_code(&self, suite_access_token: &SecretString) -> Result<PreAuthCode, Error> {
        let call =
            Call::get("/cgi-bin/service/get_pre_auth_code").secret_query("suite_access_token", suite_access_token);
        self.transport.call(call, wire::PreAuth::code).await
    }

    /// `set_session_info` (developer document 90602): says whether the install is a test of an application that is not yet
    /// published. Without this call it is a formal one.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn set_session_info(
        &self,
        suite_access_token: &SecretString,
        pre_auth_code: &SecretString,
        test: bool,
    ) -> Result<(), Error> {
        let call = Call::post("/cgi-bin/service/set_session_info")
            .secret_query("suite_access_token", suite_access_token)
            .secret_field("pre_auth_code", pre_auth_code)
            .field("session_info", json!({ "auth_type": u8::from(test) }));
        self.transport.call(call, wire::Done::confirmed).await
    }

    /// `v2/get_permanent_code` (developer document 100776): exchanges the `auth_code`, which is good for ten minutes and for
    /// one exchange.
    ///
    /// This call always opens a connection of its own, since one that was kept may have died unnoticed: then nobody could
    /// tell whether the code is used up.
    ///
    /// # Errors
    /// See [`Error`]. [`TimedOut`](Error::TimedOut), [`Unreachable`](Error::Unreachable) and
    /// [`Unintelligible`](Error::Unintelligible) leave open whether the code is used up; a code that is, is refused with
    /// [`INVALID_AUTH_CODE`](crate::ErrorCode::INVALID_AUTH_CODE).
    pub async fn permanent_code(
        &self,
        suite_access_token: &SecretString,
        auth_code: &SecretString,
    ) -> Result<PermanentCode, Error> {
        let call = Call::post("/cgi-bin/service/v2/get_permanent_code")
            .secret_query("suite_access_token", suite_access_token)
            .secret_field("auth_code", auth_code)
            .on_its_own_connection();
        self.transport.call(call, wire::Installed::code).await
    }

    /// `v2/get_auth_info` (developer documents 90604 and, for v2, 100795): what the corporation has authorized, as of now.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn auth_info(
        &self,
        suite_access_token: &SecretString,
        auth_corp_id: &str,
        permanent_code: &SecretString,
    ) -> Result<AuthInfo, Error> {
        let call = Call::post("/cgi-bin/service/v2/get_auth_info")
            .secret_query("suite_access_token", suite_access_token)
            .field("auth_corpid", auth_corp_id)
            .secret_field("permanent_code", permanent_code);
        self.transport.call(call, wire::Authorization::info).await
    }

    /// `get_corp_token` (developer document 90605): the token for calls on behalf of the suite within one corporation.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn corp_access_token(
        &self,
        suite_access_token: &SecretString,
        auth_corp_id: &str,
        permanent_code: &SecretString,
    ) -> Result<AccessToken, Error> {
        let call = Call::post("/cgi-bin/service/get_corp_token")
            .secret_query("suite_access_token", suite_access_token)
            .field("auth_corpid", auth_corp_id)
            .secret_field("permanent_code", permanent_code);
        self.transport.call(call, wire::Token::of_corp).await
    }

    /// `get_provider_token` (developer document 91200): the token for calls on behalf of the provider itself.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn provider_access_token(
        &self,
        provider_corp_id: &str,
        provider_secret: &SecretString,
    ) -> Result<AccessToken, Error> {
        let call = Call::post("/cgi-bin/service/get_provider_token")
            .field("corpid", provider_corp_id)
            .secret_field("provider_secret", provider_secret);
        self.transport.call(call, wire::Token::of_provider).await
    }

    /// `corpid_to_opencorpid` (developer document 95604): the encrypted id of a corporation whose plaintext id is known.
    ///
    /// # Errors
    /// See [`Error`]. A corporation that has not authorized us is refused with
    /// [`API_NOT_AUTHORIZED`](crate::ErrorCode::API_NOT_AUTHORIZED).
    pub async fn open_corp_id(&self, provider_access_token: &SecretString, corp_id: &str) -> Result<String, Error> {
        let call = Call::post("/cgi-bin/service/corpid_to_opencorpid")
            .secret_query("provider_access_token", provider_access_token)
            .field("corpid", corp_id);
        self.transport.call(call, wire::OpenCorp::id).await
    }

    /// `gettoken` (developer document 91039): the token for calls with one of the corporation's own Secrets. That it comes
    /// shows that corporation and Secret belong together.
    ///
    /// # Errors
    /// See [`Error`]. A wrong Secret is refused with [`INVALID_SECRET`](crate::ErrorCode::INVALID_SECRET) or
    /// [`FOREIGN_SECRET`](crate::ErrorCode::FOREIGN_SECRET), a wrong corporation with
    /// [`INVALID_CORP_ID`](crate::ErrorCode::INVALID_CORP_ID). Repeated, each leads to a ban of our address for an hour.
    pub async fn access_token(&self, corp_id: &str, secret: &SecretString) -> Result<AccessToken, Error> {
        let call = Call::get("/cgi-bin/gettoken")
            .query("corpid", corp_id)
            .secret_query("corpsecret", secret);
        self.transport.call(call, wire::Token::of_corp).await
    }

    /// `user/list_id` (developer document 96067) of one member: only a token of the 通讯录Secret may call it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn probe_contacts(&self, access_token: &SecretString) -> Result<(), Error> {
        let call = Call::post("/cgi-bin/user/list_id")
            .secret_query("access_token", access_token)
            .field("limit", 1);
        self.transport.call(call, wire::Members::listed).await
    }

    /// `externalcontact/get_follow_user_list` (developer document 92571): only a token of the 客户Secret may call it. Gives
    /// how many members may have external contacts; none is possible.
    ///
    /// # Errors
    /// See [`Error`]. Another kind of Secret is refused with [`API_FORBIDDEN`](crate::ErrorCode::API_FORBIDDEN).
    pub async fn probe_external_contacts(&self, access_token: &SecretString) -> Result<usize, Error> {
        let call = Call::get("/cgi-bin/externalcontact/get_follow_user_list")
            .secret_query("access_token", access_token)
            .with_a_long_answer();
        self.transport.call(call, wire::FollowUsers::count).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").finish_non_exhaustive()
    }
}
