//! Step 1, first half: an install link, and the browser that opens it; of a template, a QR code, which no browser opens.
//!
//! The link is ours. It shows a page with one button, which binds the browser with a cookie of our own origin, because the
//! front end may have another origin, and redirects it to WeCom. WeCom's redirect is accepted from that browser only, so that an
//! attacker cannot finish in a victim's browser what they began in their own.
//!
//! Tests: `tests/it/walk.rs`, `tests/it/install_mistakes.rs`.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::{
    audit::Action,
    authorization::InstallSession,
    clock::Clock,
    context::Context,
    entropy::{Entropy, hex, random_id},
    error::{FieldCode, FieldError, LinkFault, StepError},
    ids::{Fingerprint, InstallState, SuiteId, TenantId},
    store::{DynamoDb, Suite, SuiteKind, SuiteVault},
    suite::{CallError, SuiteAccess},
};

/// Makes an install link or a QR code for a tenant.
#[derive(Debug)]
pub struct StartInstallation<'a> {
    /// WeCom, and the tables.
    pub suite: SuiteAccess<'a>,
    /// The beginning of our links.
    pub base_url: &'a str,
}

/// What starts an installation, until WeCom ends its validity.
#[derive(Debug, Clone)]
pub enum StartedInstallation {
    /// The URL that the admin's browser has to open.
    Link(String, Timestamp),
    /// The text of the QR code of a template, which an administrator of the corporation has to scan with WeCom.
    QrCode(SecretString, Timestamp),
}

impl StartInstallation<'_> {
    /// Gets a pre-auth code or the text of a QR code from WeCom and stores a session for it. Without `suite_id` the first suite is
    /// installed.
    ///
    /// # Errors
    /// [`StepError::InvalidField`] when the deployment has no such suite, [`StepError::SuiteTicketMissing`],
    /// [`StepError::WecomBan`], [`StepError::WecomRefused`], [`StepError::WecomTimeout`], or the failure of the stores.
    pub async fn run(
        &self,
        tenant_id: TenantId,
        suite_id: Option<&str>,
        context: Context<'_>,
    ) -> Result<StartedInstallation, StepError> {
        let suite = self.chosen(suite_id, context.clock).await?;
        let (started, session) = match suite.kind {
            SuiteKind::ThirdParty => self.link(tenant_id, &suite, context).await?,
            SuiteKind::Customized => self.qr_code(tenant_id, &suite, context).await?,
        };
        let session = session.of_suite(suite.name());
        self.suite.store.create_session(&session).await?;
        let entry = context.entry(Action::InstallationStarted);
        self.suite.store.record(&session.tenant_id, entry).await?;
        Ok(started)
    }

    async fn link(
        &self,
        tenant_id: TenantId,
        suite: &Suite,
        context: Context<'_>,
    ) -> Result<(StartedInstallation, InstallSession), StepError> {
        let Context { actor, clock, entropy } = context;
        let wecom = self.suite.wecom;
        let pre_auth_code = self
            .suite
            .as_suite(suite, clock, |token| async move { wecom.pre_auth_code(&token).await })
            .await
            .map_err(CallError::into_step)?;
        if suite.test {
            let code = &pre_auth_code.code;
            let as_test = |token| async move { wecom.set_session_info(&token, code, true).await };
            let declared = self.suite.as_suite(suite, clock, as_test).await;
            declared.map_err(CallError::into_step)?;
        }
        let lifetime = SignedDuration::try_from(pre_auth_code.expires_in).unwrap_or(SignedDuration::ZERO);
        let state = InstallState::generate(entropy);
        let install_url = format!("{}/installation/start/{state}", self.base_url);
        let expires_at = clock.now() + lifetime;
        let mut session = InstallSession::new(
            state,
            tenant_id,
            pre_auth_code.code.expose_secret().to_owned(),
            expires_at,
            actor.clone(),
        );
        session.cookie_seed = Some(random_id(entropy));
        Ok((StartedInstallation::Link(install_url, expires_at), session))
    }

    /// `get_customized_auth_url`: the state goes into the QR code, and comes back in WeCom's `create_auth`.
    async fn qr_code(
        &self,
        tenant_id: TenantId,
        suite: &Suite,
        context: Context<'_>,
    ) -> Result<(StartedInstallation, InstallSession), StepError> {
        let Context { actor, clock, entropy } = context;
        let (wecom, state) = (self.suite.wecom, InstallState::generate(entropy));
        let made = self.suite.as_provider(suite, clock, |token| {
            let state = state.as_str();
            async move { wecom.customized_auth_url(&token, state, &[&suite.suite_id]).await }
        });
        let made = made.await.map_err(CallError::into_step)?;
        let lifetime = SignedDuration::try_from(made.expires_in).unwrap_or(SignedDuration::ZERO);
        let expires_at = clock.now() + lifetime;
        let text = made.url;
        let session = InstallSession::of_qr_code(state, tenant_id, expires_at, actor.clone());
        Ok((StartedInstallation::QrCode(text, expires_at), session))
    }

    async fn chosen(&self, suite_id: Option<&str>, clock: &dyn Clock) -> Result<Suite, StepError> {
        let unknown = StepError::InvalidField(FieldError {
            field: "suite_id",
            code: FieldCode::Malformed,
            detail: "This deployment has no suite of this id.".into(),
        });
        let Ok(name) = suite_id.map(SuiteId::parse).transpose() else {
            return Err(unknown);
        };
        let suite = self.suite.vault.named(name.as_ref(), clock.now()).await?;
        suite.ok_or(unknown)
    }
}

/// Opens an install link in a browser.
#[derive(Debug)]
pub struct OpenInstallLink<'a> {
    /// The table of the install sessions.
    pub store: &'a DynamoDb,
    /// The suites' secrets, for the suite's id.
    pub suites: &'a SuiteVault,
    /// The URL of WeCom's install page.
    pub install_page: &'a Url,
    /// The beginning of our links.
    pub base_url: &'a str,
}

/// The response to a browser that set out with the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedLink {
    /// The URL to redirect the browser to.
    pub wecom_url: String,
    /// The value of the session cookie: 32 lower-case hexadecimal digits.
    pub cookie: String,
    /// The end of the session.
    pub expires_at: Timestamp,
}

impl OpenInstallLink<'_> {
    /// Whether a browser can set out with the link. Changes nothing: programs that preview links ask, too. `cookie` is the
    /// session cookie that the browser sent, if any.
    ///
    /// # Errors
    /// [`StepError::InstallLinkExpired`] when the link is unknown, used, expired, or bound to another browser; or the
    /// failure of the store.
    pub async fn look(&self, state: &str, cookie: Option<&str>, clock: &dyn Clock) -> Result<(), StepError> {
        let session = self.session(state, clock).await?;
        bound_cookie(&session, cookie).map(|_| ()).map_err(StepError::from)
    }

    /// Binds the session to the browser, unless it is bound to another one. The browser gets a cookie that is drawn here;
    /// what it sent counts only if it was drawn for this session. Requests with the same `attempt`, which is drawn with each page,
    /// get the same cookie: of a button that is pressed twice, the browser drops the first answer.
    ///
    /// # Errors
    /// As [`Self::look`], and the failure of the vault.
    pub async fn run(
        &self,
        state: &str,
        cookie: Option<&str>,
        attempt: Option<&str>,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<OpenedLink, StepError> {
        let session = self.session(state, clock).await?;
        let derived = derived_cookie(&session, attempt);
        let bound = bound_cookie(&session, cookie).or_else(|_| bound_cookie(&session, derived.as_deref()))?;
        // Read first: once the session is bound nothing may fail, or the browser would not get the cookie that it is
        // bound to.
        let suite = self.suites.named(session.suite_id.as_ref(), clock.now()).await?;
        // The deployment no longer has the suite that the link was made for.
        let suite = suite.ok_or(LinkFault::Expired)?;
        let cookie = match bound {
            Some(bound) => bound.to_owned(),
            None => derived.unwrap_or_else(|| random_id(entropy)),
        };
        let state = &session.state;
        if !self.store.bind_browser(state, &Fingerprint::of(&cookie)).await? {
            return Err(LinkFault::OtherBrowser.into());
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

    /// The session of a link that is still valid.
    async fn session(&self, state: &str, clock: &dyn Clock) -> Result<InstallSession, StepError> {
        let state = InstallState::parse(state).map_err(|_| LinkFault::Unknown)?;
        let session = self.store.session(&state).await?.ok_or(LinkFault::Unknown)?;
        if session.expires_at <= clock.now() {
            return Err(LinkFault::Expired.into());
        }
        // No browser sets out with a QR code.
        if session.is_scanned {
            return Err(LinkFault::Unknown.into());
        }
        if session.exchange.is_some() || session.outcome.is_some() {
            return Err(LinkFault::Used.into());
        }
        Ok(session)
    }
}

/// The cookie of the browser that sets out with this attempt. Nobody can tell it from the attempt: the seed is only in the session.
fn derived_cookie(session: &InstallSession, attempt: Option<&str>) -> Option<String> {
    let attempt = attempt.filter(|attempt| InstallState::parse(attempt).is_ok())?;
    let seed = session.cookie_seed.as_ref()?;
    let digest = Sha256::digest(format!("installation-cookie|{seed}|{attempt}"));
    digest.first_chunk::<16>().map(|start| hex(start))
}

/// The cookie that a session is bound to, if it is bound. A cookie of a session that is not was drawn for another one, or by
/// somebody who wants to know it.
fn bound_cookie<'a>(session: &InstallSession, cookie: Option<&'a str>) -> Result<Option<&'a str>, LinkFault> {
    let Some(browser) = &session.browser else {
        return Ok(None);
    };
    match cookie.filter(|cookie| Fingerprint::of(cookie) == *browser) {
        Some(cookie) => Ok(Some(cookie)),
        None => Err(LinkFault::OtherBrowser),
    }
}
