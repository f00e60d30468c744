//! Step 1, second half: WeCom has redirected the browser to our callback with an auth_code.
//!
//! Writes, in this order: the claim on the session (so that one attempt exchanges), the plan to write the permanent code,
//! the permanent code in the vault, then one transaction of authorization, corporation and session. An attempt that dies
//! in between leaves the state as it was; the next one, the same redirect reloaded, takes the claim over and finds the
//! code either unused or in the vault. A code that was exchanged and not yet in the vault is lost; the admin presses the button again.
//!
//! Tests: `tests/it/install_mistakes.rs`, `tests/it/faults/concurrency.rs`, `tests/it/contract/sessions.rs`.

use std::time::Duration;

use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};
use wecom_client::ErrorCode;

use crate::{
    audit::Action,
    authorization::{AuthMode, Authorization, CleanupTask, Exchange, InstallFailure, InstallOutcome, InstallSession},
    clock::Clock,
    context::{Context, audited},
    entropy::Entropy,
    error::{CorpFault, LinkFault, StepError},
    ids::{CorpId, Fingerprint, InstallState},
    lifecycle::{Update, bind, hand_over, plan_write},
    store::{Change, SecretsManager},
    suite::{CallError, StoredInstallation, SuiteAccess, installation},
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

/// The validity of an auth_code (developer document 90597). A redirect is accepted for this long after the link has
/// expired, because the admin may confirm in its last minute.
pub const AUTH_CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// Number of checks by a repeated redirect, and the pause between them, whether the first one has finished: six seconds together.
const LOOKS: u32 = 60;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// A redirect that may finish its session.
struct Attempt<'a> {
    session: InstallSession,
    auth_code: &'a SecretString,
    code_hash: &'a Fingerprint,
    context: Context<'a>,
}

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
        let attempt = Attempt {
            session,
            auth_code: &auth_code,
            code_hash: &code_hash,
            context: Context {
                actor: &actor,
                clock,
                entropy,
            },
        };
        self.claim_and_exchange(attempt).await
    }

    async fn claim_and_exchange(&self, mut attempt: Attempt<'_>) -> Result<InstallOutcome, StepError> {
        let store = self.suite.store;
        for _ in 0..LOOKS {
            let session = &attempt.session;
            if let Some(outcome) = &session.outcome {
                return Ok(outcome.clone());
            }
            let now = attempt.context.now();
            let lease = session
                .exchange
                .as_ref()
                .map(|exchange| exchange.started_at + Exchange::LEASE);
            let is_claimed = lease.is_some_and(|end| now < end);
            if !is_claimed && store.claim_exchange(session, attempt.code_hash, now).await? {
                return self.exchange(&attempt).await;
            }
            // Another redirect with the same code holds the claim.
            tokio::time::sleep(BETWEEN_LOOKS).await;
            let session = store.session(&session.state).await?;
            attempt.session = session.ok_or(LinkFault::Unknown)?;
            refuse_other_code(&attempt.session, attempt.code_hash)?;
        }
        Err(StepError::AttemptInProgress)
    }

    async fn exchange(&self, attempt: &Attempt<'_>) -> Result<InstallOutcome, StepError> {
        let error = match self.install(attempt).await {
            Ok(outcome) => return Ok(outcome),
            Err(error) => error,
        };
        match error {
            // The code is used up, or the corporation is not this tenant's: no further attempt can succeed.
            StepError::InstallLinkExpired { .. } => self.fail(attempt, &InstallFailure::InstallLinkExpired).await?,
            StepError::CorpMismatch { .. } => self.fail(attempt, &InstallFailure::CorpMismatch).await?,
            _ => {
                let (store, session) = (self.suite.store, &attempt.session);
                // If this fails, the claim ends with its lease.
                if let Err(unreleased) = store.release_exchange(&session.state, attempt.code_hash).await {
                    tracing::warn!(error = %unreleased, "the claim on an exchange could not be released");
                }
            }
        }
        Err(error)
    }

    /// Ends a session without an installation, after an entry in the audit trail.
    async fn fail(&self, attempt: &Attempt<'_>, failure: &InstallFailure) -> Result<(), StepError> {
        let session = &attempt.session;
        let entry = attempt.context.entry(Action::Installed).refused(failure.as_str());
        self.suite.store.record(&session.tenant_id, entry).await?;
        Ok(self.suite.store.fail_session(&session.state, failure).await?)
    }

    async fn install(&self, attempt: &Attempt<'_>) -> Result<InstallOutcome, StepError> {
        let (store, context, tenant_id) = (self.suite.store, attempt.context, &attempt.session.tenant_id);
        let plan = plan_write(store, tenant_id, CleanupTask::Installation, None, context).await?;
        let (stored, version_id) = self.permanent_code(attempt).await?;
        let info = self.suite.auth_info(&stored, context.clock).await;
        let info = info.map_err(CallError::into_step)?;
        let mut installation = installation(&stored, info, version_id, context.clock);
        let outcome = match installation.auth_mode {
            AuthMode::Admin => InstallOutcome::Installed,
            AuthMode::Member => InstallOutcome::Failed(InstallFailure::MemberAuthorization),
        };
        // Others may change the other steps of the wizard in the meantime; an installation does not depend on them.
        let mut update = Update::of(store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            if update.is_repeated()
                && let Some(outcome) = self.outcome(attempt).await?
            {
                return Ok(outcome);
            }
            refuse_other_corp(&authorization, &installation.corp_id)?;
            // Whoever took the plan over deletes the permanent code.
            if !authorization.settle_write(&plan) {
                return Err(StepError::StateChanged);
            }
            let mut changes = bind(authorization.installed(), &mut installation, tenant_id);
            let removed = authorization.install(installation.clone());
            let entry = context.entry(Action::Installed);
            changes.extend([
                audited(tenant_id, entry.with("corp_id", &installation.corp_id)),
                Change::EndInstallSession(attempt.session.state.clone(), outcome.clone()),
            ]);
            changes.extend(removed.into_iter().map(Change::RemoveCallback));
            if update.commit(authorization, changes).await? {
                return Ok(outcome.clone());
            }
        }
    }

    /// The outcome of the session, if it has ended in the meantime.
    async fn outcome(&self, attempt: &Attempt<'_>) -> Result<Option<InstallOutcome>, StepError> {
        let session = self.suite.store.session(&attempt.session.state).await?;
        Ok(session.and_then(|session| session.outcome))
    }

    /// The permanent code for this auth_code and its version in the vault: from WeCom, or from the vault when an earlier
    /// attempt got it and died.
    async fn permanent_code(&self, attempt: &Attempt<'_>) -> Result<(StoredInstallation, String), StepError> {
        let (store, tenant_id) = (self.suite.store, &attempt.session.tenant_id);
        let clock = attempt.context.clock;
        let suite = self.suite.suite(attempt.session.suite_id.as_ref(), clock).await?;
        let stored = match self.suite.permanent_code(&suite, attempt.auth_code, clock).await {
            Ok(code) => {
                let state = code.state.clone().filter(|state| !state.is_empty());
                let stored = StoredInstallation::new(code, attempt.code_hash.clone(), &suite)?;
                if let Some(state) = state.filter(|state| *state != attempt.session.state.as_str()) {
                    if let Ok(owner) = InstallState::parse(&state) {
                        hand_over(store, self.vault, &owner, &stored, attempt.context).await?;
                    }
                    return Err(LinkFault::CodeOfAnotherLink.into());
                }
                // A corporation that another tenant has bound must not replace this tenant's permanent code.
                let owner = store.tenant_of(&stored.corp_id).await?;
                if owner.is_some_and(|owner| owner != *tenant_id) {
                    return Err(CorpFault::BoundToAnotherTenant.into());
                }
                refuse_other_corp(&store.authorization(tenant_id).await?, &stored.corp_id)?;
                stored
            }
            Err(error) if error.errcode() == Some(ErrorCode::INVALID_AUTH_CODE) => {
                let stored = StoredInstallation::obtained_with(self.vault, tenant_id, attempt.code_hash).await?;
                stored.ok_or(LinkFault::AuthCodeInvalid)?
            }
            Err(error) => return Err(error.into_step()),
        };
        // Put again even if it is in the vault, to learn the id of a version with this value.
        let version_id = stored.put(self.vault, tenant_id).await?;
        Ok((stored, version_id))
    }
}

/// A session takes one auth_code.
fn refuse_other_code(session: &InstallSession, code_hash: &Fingerprint) -> Result<(), LinkFault> {
    match &session.exchange {
        Some(exchange) if exchange.auth_code != *code_hash => Err(LinkFault::OtherAuthCode),
        _ => Ok(()),
    }
}

/// A tenant has one corporation that is bound to it.
fn refuse_other_corp(authorization: &Authorization, corp_id: &CorpId) -> Result<(), CorpFault> {
    match authorization.installed() {
        Some(before) if before.is_bound && before.corp_id != *corp_id => Err(CorpFault::AnotherInstalled),
        _ => Ok(()),
    }
}
