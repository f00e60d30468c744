//! Client and its calls, which are named after their results.

use std::{fmt, sync::Arc};

use rustls::RootCertStore;
use secrecy::SecretString;
use serde_json::json;

use crate::{
    AccessToken, AppLicense, AppPermissions, AuthInfo, BuildError, ClientConfig, CustomizedAuthUrl, Error,
    PermanentCode, PreAuthCode, PublishedAgent,
    answers::wire,
    tls,
    transport::{Call, Transport},
};

/// Client of WeCom's HTTP API. Clones share connections.
#[derive(Clone)]
pub struct Client {
    transport: Arc<Transport>,
}

impl Client {
    /// Creates a client that trusts Mozilla's roots, without connecting.
    ///
    /// # Errors
    /// [`BuildError`] when the base URL is not usable, or TLS or the HTTP client cannot be set up.
    pub fn new(config: ClientConfig) -> Result<Self, BuildError> {
        Self::trusting(tls::public_roots(), config)
    }

    pub(crate) fn trusting(roots: RootCertStore, config: ClientConfig) -> Result<Self, BuildError> {
        Ok(Self {
            transport: Arc::new(Transport::new(roots, config)?),
        })
    }

    /// `get_suite_token` (developer document 90600): token for calls on behalf of the suite, for two hours. A template of
    /// customised apps (代开发) is a suite with the id `dk…`.
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

    /// `get_pre_auth_code` (developer document 90601): code for one install link.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn pre_auth_code(&self, suite_access_token: &SecretString) -> Result<PreAuthCode, Error> {
        let call =
            Call::get("/cgi-bin/service/get_pre_auth_code").secret_query("suite_access_token", suite_access_token);
        self.transport.call(call, wire::PreAuth::code).await
    }

    /// `set_session_info` (developer document 90602): declares an install as a test of an application that is not yet
    /// published, or as a formal one. Without this call it is a formal one.
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

    /// `v2/get_permanent_code` (developer document 100776; for a customised app 97163): exchanges an `auth_code`, which is
    /// valid for ten minutes and one exchange.
    ///
    /// The call opens a connection of its own: a kept one may have died unnoticed, and then it would be unknown whether the
    /// code is used up.
    ///
    /// # Errors
    /// See [`Error`]. After [`TimedOut`](Error::TimedOut), [`Unreachable`](Error::Unreachable) and
    /// [`Unintelligible`](Error::Unintelligible) the code may be used up. A used code is refused with
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

    /// `v2/get_auth_info` (developer documents 90604 and, for v2, 100795): current authorization of a corporation.
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

    /// `get_corp_token` (developer document 90605): token for calls on behalf of the suite in one corporation.
    ///
    /// # Errors
    /// See [`Error`]. For a customised app it is refused with [`API_FORBIDDEN`](crate::ErrorCode::API_FORBIDDEN): call
    /// [`access_token`](Self::access_token).
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

    /// `get_provider_token` (developer document 91200): token for calls on behalf of the provider.
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

    /// `corpid_to_opencorpid` (developer document 95604): encrypted id of the corporation with this plaintext id.
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

    /// `gettoken` (developer document 91039): token for calls with a Secret of the corporation. Success proves that the
    /// Secret belongs to the corporation.
    ///
    /// For a customised app (developer document 97164) the Secret is its permanent code, and `corp_id` is the encrypted id
    /// that came with it. For any other Secret it is the plaintext id.
    ///
    /// # Errors
    /// See [`Error`]. A wrong Secret is refused with [`INVALID_SECRET`](crate::ErrorCode::INVALID_SECRET) or
    /// [`FOREIGN_SECRET`](crate::ErrorCode::FOREIGN_SECRET), a wrong corporation with
    /// [`INVALID_CORP_ID`](crate::ErrorCode::INVALID_CORP_ID). Repeating either gets the caller's address banned for an hour.
    pub async fn access_token(&self, corp_id: &str, secret: &SecretString) -> Result<AccessToken, Error> {
        let call = Call::get("/cgi-bin/gettoken")
            .query("corpid", corp_id)
            .secret_query("corpsecret", secret);
        self.transport.call(call, wire::Token::of_corp).await
    }

    /// `get_customized_auth_url` (developer document 98744): link with which an administrator authorizes one to nine
    /// templates of customised apps. `state` has at most 32 letters and digits.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn customized_auth_url(
        &self,
        provider_access_token: &SecretString,
        state: &str,
        template_ids: &[&str],
    ) -> Result<CustomizedAuthUrl, Error> {
        let call = Call::post("/cgi-bin/service/get_customized_auth_url")
            .secret_query("provider_access_token", provider_access_token)
            .field("state", state)
            .field("templateid_list", template_ids);
        self.transport.call(call, wire::CustomizedAuth::url).await
    }

    /// `agent/get_permissions` (developer documents 99052 and 99108): permissions of the suite's or the customised app in
    /// the corporation of the token.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn app_permissions(&self, access_token: &SecretString) -> Result<AppPermissions, Error> {
        let call = Call::post("/cgi-bin/agent/get_permissions").secret_query("access_token", access_token);
        self.transport.call(call, wire::PermissionsAnswer::granted).await
    }

    /// `agent/get` (developer document 90227): an application, and how far a customised app has come.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn agent(&self, access_token: &SecretString, agent_id: u64) -> Result<PublishedAgent, Error> {
        let call = Call::get("/cgi-bin/agent/get")
            .secret_query("access_token", access_token)
            .query("agentid", agent_id.to_string())
            .with_a_long_answer();
        self.transport.call(call, wire::AgentDetails::agent).await
    }

    /// `license/get_app_license_info` (developer document 97194): interface licence of a suite's application in one
    /// corporation, which must have installed it. `corp_id` is the id as the suite sees it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn app_license(
        &self,
        provider_access_token: &SecretString,
        corp_id: &str,
        suite_id: &str,
    ) -> Result<AppLicense, Error> {
        let call = Call::post("/cgi-bin/license/get_app_license_info")
            .secret_query("provider_access_token", provider_access_token)
            .field("corpid", corp_id)
            .field("suite_id", suite_id);
        self.transport.call(call, wire::LicenseAnswer::license).await
    }

    /// `license/list_actived_account` (developer document 95544): whether a corporation has an account with an interface licence.
    /// `corp_id` is the id as the suite sees it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn has_licensed_account(
        &self,
        provider_access_token: &SecretString,
        corp_id: &str,
    ) -> Result<bool, Error> {
        let call = Call::post("/cgi-bin/license/list_actived_account")
            .secret_query("provider_access_token", provider_access_token)
            .field("corpid", corp_id)
            .field("limit", 1);
        self.transport.call(call, wire::LicensedAccounts::any).await
    }

    /// `user/list_id` (developer document 96067) with one member: accepts only a token of the 通讯录Secret.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn probe_contacts(&self, access_token: &SecretString) -> Result<(), Error> {
        let call = Call::post("/cgi-bin/user/list_id")
            .secret_query("access_token", access_token)
            .field("limit", 1);
        self.transport.call(call, wire::Members::listed).await
    }

    /// `externalcontact/get_follow_user_list` (developer document 92571): accepts only a token of the 客户Secret. Number of
    /// members who may have external contacts, possibly 0.
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
