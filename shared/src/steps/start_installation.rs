//! Step 1, setting out: an install link, and the browser that opens it.
//!
//! The link is ours. It binds the browser that opens it first with a cookie of our own origin, because the front end may
//! live on another, and sends it on to WeCom. WeCom's redirect is accepted from that browser alone: so nobody can finish in
//! a victim's browser what he began in his own.

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use url::Url;

use crate::{
    audit::Action,
    authorization::InstallSession,
    clock::Clock,
    context::Context,
    entropy::{Entropy, random_id},
    error::StepError,
    ids::{Fingerprint, InstallState, TenantId},
    store::{DynamoDb, SuiteVault},
    suite::{CallError, SuiteAccess},
};

/// Makes an install link for a tenant.
#[derive(Debug)]
pub struct StartInstallation<'a> {
    /// WeCom, and the tables.
    pub suite: SuiteAccess<'a>,
    /// Where our links begin.
    pub base_url: &'a str,
}

/// An install link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallLink {
    /// What the admin's browser is to open.
    pub install_url: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl StartInstallation<'_> {
    /// Asks WeCom for a pre-auth code and stores a session for it.
    ///
    /// # Errors
    /// [`StepError::SuiteTicketMissing`], what WeCom refused, or the store's failure.
    pub async fn run(&self, tenant_id: TenantId, context: Context<'_>) -> Result<InstallLink, StepError> {
        let Context { actor, clock, entropy } = context;
        let wecom = self.suite.wecom;
        let pre_auth_code = self
            .suite
            .as_suite(clock, |token| async move { wecom.pre_auth_code(&token).await })
            .await
            .map_err(CallError::into_step)?;
        let lifetime = SignedDuration::try_from(pre_auth_code.expires_in).unwrap_or(SignedDuration::ZERO);
        let state = InstallState::generate(entropy);
        let install_url = format!("{}/installation/start/{state}", self.base_url);
        let expires_at = clock.now() + lifetime;
        let session = InstallSession::new(
            state,
            tenant_id.clone(),
            pre_auth_code.code.expose_secret().to_owned(),
            expires_at,
            actor.clone(),
        );
        self.suite.store.create_session(&session).await?;
        self.suite
            .store
            .record(&tenant_id, context.entry(Action::InstallationStarted))
            .await?;
        Ok(InstallLink {
            install_url,
            expires_at,
        })
    }
}

/// Opens an install link in a browser.
#[derive(Debug)]
pub struct OpenInstallLink<'a> {
    /// The sessions.
    pub store: &'a DynamoDb,
    /// The suite's secret.
    pub suite: &'a SuiteVault,
    /// WeCom's install page.
    pub install_page: &'a Url,
    /// Where our links begin.
    pub base_url: &'a str,
}

/// A link that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedLink {
    /// Where to send the browser.
    pub wecom_url: String,
    /// The value of the cookie that the browser is to keep.
    pub cookie: String,
    /// Until when.
    pub expires_at: Timestamp,
}

impl OpenInstallLink<'_> {
    /// Binds the session to the browser, unless it is bound to another one. `cookie` is what the browser brought, if it
    /// has been here before.
    ///
    /// # Errors
    /// [`StepError::InstallLinkExpired`] when the link is unknown, used, too old, or bound to another browser.
    pub async fn run(
        &self,
        state: &str,
        cookie: Option<&str>,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<OpenedLink, StepError> {
        let state = InstallState::parse(state).map_err(|_| StepError::InstallLinkExpired)?;
        let session = self.store.session(&state).await?.ok_or(StepError::InstallLinkExpired)?;
        if session.expires_at <= clock.now() || session.exchange.is_some() || session.outcome.is_some() {
            return Err(StepError::InstallLinkExpired);
        }
        // Read first: once the session is bound nothing may fail, or the browser would not get the cookie it is bound to.
        let suite = self.suite.suite(clock.now()).await?;
        let cookie = cookie.map_or_else(|| random_id(entropy), ToOwned::to_owned);
        if !self.store.bind_browser(&state, &Fingerprint::of(&cookie)).await? {
            return Err(StepError::InstallLinkExpired);
        }
        let mut wecom_url = self.install_page.clone();
        wecom_url
            .query_pairs_mut()
            .append_pair("suite_id", &suite.suite_id)
            .append_pair("pre_auth_code", &session.pre_auth_code)
            .append_pair("redirect_uri", &format!("{}/installation/callback", self.base_url))
            .append_pair("state", state.as_str());
        Ok(OpenedLink {
            wecom_url: wecom_url.into(),
            cookie,
            expires_at: session.expires_at,
        })
    }
}
