//! Step 1, second half: WeCom has redirected the browser to our callback with an auth_code.
//!
//! What is written in which order: `lifecycle/install.rs`. After an attempt that died, the same redirect reloaded goes on.
//!
//! Tests: `tests/it/install_mistakes.rs`, `tests/it/faults/concurrency.rs`, `tests/it/contract/sessions.rs`.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    authorization::{AUTH_CODE_LIFETIME, InstallOutcome, InstallSession},
    clock::Clock,
    context::Context,
    entropy::Entropy,
    error::{LinkFault, StepError},
    ids::{Fingerprint, InstallState},
    lifecycle::{Attempt, Install},
    store::SecretsManager,
    suite::SuiteAccess,
};

/// Finishes the installation that a session began.
#[derive(Debug)]
pub struct FinishInstallation<'a> {
    /// WeCom, and the tables.
    pub suite: SuiteAccess<'a>,
    /// Secrets Manager, where permanent codes are stored.
    pub vault: &'a SecretsManager,
}

/// The parameters of WeCom's redirect.
#[derive(Debug)]
pub struct Redirect<'a> {
    /// The temporary code; missing when the admin pressed 取消.
    pub auth_code: Option<SecretString>,
    /// The `state` of the session, as WeCom returned it.
    pub state: &'a str,
    /// The session cookie that the browser sent, if any.
    pub cookie: Option<&'a str>,
}

/// Number of checks by a repeated redirect, and the pause between them, whether the first one has finished: six seconds together.
const LOOKS: u32 = 60;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

impl FinishInstallation<'_> {
    /// The outcome of the session. A redirect that is repeated gets the outcome of the first one.
    ///
    /// # Errors
    /// - [`StepError::InstallLinkExpired`] when the session is unknown, expired, opened in another browser or used with
    ///   another code, when there is no code or that of another session, and when WeCom says that it was used or has expired;
    /// - [`StepError::CorpMismatch`] when another tenant has bound the corporation, or this tenant another corporation;
    /// - [`StepError::AttemptInProgress`] when another redirect with the same code has not finished within six seconds;
    /// - [`StepError::StateChanged`] when others keep changing the authorization;
    /// - [`StepError::SuiteTicketMissing`], [`StepError::WecomBan`], [`StepError::WecomRefused`], [`StepError::WecomTimeout`],
    ///   or the failure of the stores.
    pub async fn run(
        &self,
        redirect: Redirect<'_>,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<InstallOutcome, StepError> {
        let state = InstallState::parse(redirect.state).map_err(|_| LinkFault::Unknown)?;
        let session = self.suite.store.session(&state).await?.ok_or(LinkFault::Unknown)?;
        if redirect.cookie.map(Fingerprint::of) != session.browser || session.browser.is_none() {
            return Err(LinkFault::OtherBrowser.into());
        }
        let auth_code = redirect.auth_code.ok_or(LinkFault::NoAuthCode)?;
        let code_hash = Fingerprint::of(auth_code.expose_secret());
        refuse_other_code(&session, &code_hash)?;
        if session.exchange.is_none() && clock.now() >= session.expires_at + AUTH_CODE_LIFETIME {
            return Err(LinkFault::Expired.into());
        }
        // A code belongs to one session, no matter who sends it.
        let (store, now) = (self.suite.store, clock.now());
        if !store.assign_code(&code_hash, &state, None, now).await? {
            return Err(LinkFault::CodeOfAnotherLink.into());
        }
        let actor = session.started_by.clone();
        let context = Context {
            actor: &actor,
            clock,
            entropy,
        };
        self.claim_and_exchange(session, &auth_code, &code_hash, context).await
    }

    async fn claim_and_exchange(
        &self,
        mut session: InstallSession,
        auth_code: &SecretString,
        code_hash: &Fingerprint,
        context: Context<'_>,
    ) -> Result<InstallOutcome, StepError> {
        let (store, state) = (self.suite.store, session.state.clone());
        let (suite, vault) = (self.suite, self.vault);
        for _ in 0..LOOKS {
            if let Some(outcome) = session.outcome {
                return Ok(outcome);
            }
            let attempt = Attempt {
                session: &session,
                auth_code,
                code_hash,
                context,
            };
            if let Some(outcome) = (Install { suite, vault }).claim_and_exchange(attempt).await? {
                return Ok(outcome);
            }
            // Another redirect with the same code holds the claim.
            tokio::time::sleep(BETWEEN_LOOKS).await;
            session = store.session(&state).await?.ok_or(LinkFault::Unknown)?;
            refuse_other_code(&session, code_hash)?;
        }
        Err(StepError::AttemptInProgress)
    }
}

/// A session takes one auth_code.
fn refuse_other_code(session: &InstallSession, code_hash: &Fingerprint) -> Result<(), LinkFault> {
    match &session.exchange {
        Some(exchange) if exchange.auth_code != *code_hash => Err(LinkFault::OtherAuthCode),
        _ => Ok(()),
    }
}
