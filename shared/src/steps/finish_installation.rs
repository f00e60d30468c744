//! Step 1, coming back: WeCom has sent the browser to our callback with an auth_code.
//!
//! What is written, in this order: the claim on the session (so that one attempt exchanges), the permanent code in the
//! vault, then one transaction of authorization, corporation and session. An attempt that dies in between leaves the state
//! as it was; the next one, the same redirect reloaded, takes the claim over and finds the code either unused or in the
//! vault. A code that was exchanged and not yet in the vault is lost; the admin presses the button again.

use std::time::Duration;

use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};
use wecom_client::ErrorCode;

use crate::{
    audit::Action,
    authorization::{AuthMode, Exchange, InstallOutcome, InstallSession, Installation},
    clock::Clock,
    context::{Context, audited, saved},
    entropy::Entropy,
    error::StepError,
    ids::{Fingerprint, InstallState},
    store::{Change, CommitError, SecretName, SecretsManager},
    suite::{CallError, StoredInstallation, SuiteAccess, installation},
};

/// Finishes an installation.
#[derive(Debug)]
pub struct FinishInstallation<'a> {
    /// WeCom, and the tables.
    pub suite: SuiteAccess<'a>,
    /// Where permanent codes are kept.
    pub vault: &'a SecretsManager,
}

/// What WeCom's redirect brought.
#[derive(Debug)]
pub struct Redirect<'a> {
    /// The temporary code; missing when the admin pressed 取消.
    pub auth_code: Option<SecretString>,
    /// The `state`.
    pub state: &'a str,
    /// The browser's cookie.
    pub cookie: Option<&'a str>,
}

/// An auth_code lives ten minutes (developer document 90597): an admin who confirms in the link's last minute is in time.
pub const AUTH_CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// How often, and how long apart, a second redirect looks whether the first one has finished.
const LOOKS: u32 = 60;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

impl FinishInstallation<'_> {
    /// Answers how the session ended: a redirect that is repeated gets the answer of the first one.
    ///
    /// # Errors
    /// [`StepError::InstallLinkExpired`] when the session is unknown, too old, another browser's or used with another
    /// code; what WeCom refused; or the store's failure.
    pub async fn run(
        &self,
        redirect: Redirect<'_>,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<InstallOutcome, StepError> {
        let state = InstallState::parse(redirect.state).map_err(|_| StepError::InstallLinkExpired)?;
        let session = self
            .suite
            .store
            .session(&state)
            .await?
            .ok_or(StepError::InstallLinkExpired)?;
        let same_browser = redirect
            .cookie
            .is_some_and(|cookie| session.browser == Some(Fingerprint::of(cookie)));
        let auth_code = redirect.auth_code.ok_or(StepError::InstallLinkExpired)?;
        let code_hash = Fingerprint::of(auth_code.expose_secret());
        let same_code = session
            .exchange
            .as_ref()
            .is_none_or(|exchange| exchange.auth_code == code_hash);
        let in_time = clock.now() < session.expires_at + AUTH_CODE_LIFETIME || session.exchange.is_some();
        if !same_browser || !same_code || !in_time {
            return Err(StepError::InstallLinkExpired);
        }
        self.claim_and_exchange(session, &auth_code, &code_hash, clock, entropy)
            .await
    }

    async fn claim_and_exchange(
        &self,
        mut session: InstallSession,
        auth_code: &SecretString,
        code_hash: &Fingerprint,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<InstallOutcome, StepError> {
        for _ in 0..LOOKS {
            if let Some(outcome) = session.outcome {
                return Ok(outcome);
            }
            let claimed = session
                .exchange
                .as_ref()
                .is_some_and(|e| clock.now() < e.started_at + Exchange::LEASE);
            if !claimed
                && self
                    .suite
                    .store
                    .claim_exchange(&session, code_hash, clock.now())
                    .await?
            {
                return self.exchange(&session, auth_code, code_hash, clock, entropy).await;
            }
            // Another request with the same code is at it.
            tokio::time::sleep(BETWEEN_LOOKS).await;
            session = self
                .suite
                .store
                .session(&session.state)
                .await?
                .ok_or(StepError::InstallLinkExpired)?;
            if session
                .exchange
                .as_ref()
                .is_some_and(|exchange| exchange.auth_code != *code_hash)
            {
                return Err(StepError::InstallLinkExpired);
            }
        }
        Err(StepError::WecomTimeout)
    }

    async fn exchange(
        &self,
        session: &InstallSession,
        auth_code: &SecretString,
        code_hash: &Fingerprint,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<InstallOutcome, StepError> {
        match self.install(session, auth_code, code_hash, clock, entropy).await {
            Ok(installation) if installation.auth_mode == AuthMode::Member => {
                Ok(InstallOutcome::Failed("member_authorization".to_owned()))
            }
            Ok(_) => Ok(InstallOutcome::Installed),
            // The code is used up, or the corporation another tenant's: this session cannot end otherwise any more.
            Err(error @ StepError::InstallLinkExpired) => {
                self.fail(session, "install_link_expired", clock, entropy).await?;
                Err(error)
            }
            Err(error @ StepError::CorpMismatch) => {
                self.fail(session, "corp_mismatch", clock, entropy).await?;
                Err(error)
            }
            Err(error) => {
                // Should this fail, the claim lapses by itself.
                if let Err(unreleased) = self.suite.store.release_exchange(&session.state, code_hash).await {
                    tracing::warn!(error = %unreleased, "the claim on an exchange could not be given back");
                }
                Err(error)
            }
        }
    }

    /// Ends a session without an installation, and writes that down for the tenant.
    async fn fail(
        &self,
        session: &InstallSession,
        code: &str,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<(), StepError> {
        let context = Context {
            actor: &session.started_by,
            clock,
            entropy,
        };
        let entry = context.entry(Action::Installed).refused(code);
        self.suite.store.record(&session.tenant_id, entry).await?;
        Ok(self.suite.store.fail_session(&session.state, code).await?)
    }

    async fn install(
        &self,
        session: &InstallSession,
        auth_code: &SecretString,
        code_hash: &Fingerprint,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Installation, StepError> {
        let mut cleanup = self.suite.store.authorization(&session.tenant_id).await?.cleanup;
        let (stored, version_id) = self.permanent_code(session, auth_code, code_hash, clock).await?;
        let info = self
            .suite
            .auth_info(&stored, clock)
            .await
            .map_err(CallError::into_step)?;
        let mut installation = installation(&stored, info, version_id, clock);
        let outcome = if installation.auth_mode == AuthMode::Member {
            InstallOutcome::Failed("member_authorization".to_owned())
        } else {
            InstallOutcome::Installed
        };
        // The wizard's other steps may be changed by others meanwhile; what an installation changes does not depend on them.
        for _ in 0..5 {
            let mut authorization = self.suite.store.authorization(&session.tenant_id).await?;
            if authorization
                .installed()
                .is_some_and(|before| before.corp_id != installation.corp_id)
            {
                return Err(StepError::CorpMismatch);
            }
            if authorization.cleanup != cleanup {
                // A clean-up that ended meanwhile may have deleted what was put into the vault.
                installation.version_id = stored.put(self.vault, &session.tenant_id).await?;
                cleanup.clone_from(&authorization.cleanup);
            }
            // The corporation of an installation that is over was set free when it ended, and may be another tenant's by now.
            let before = authorization.clone();
            let removed = authorization.install(installation.clone());
            let context = Context {
                actor: &session.started_by,
                clock,
                entropy,
            };
            let entry = context
                .entry(Action::Installed)
                .with("corp_name", &installation.corp_name);
            let mut changes = vec![
                audited(&session.tenant_id, entry),
                Change::BindCorp(installation.corp_id.clone(), session.tenant_id.clone()),
                Change::EndInstallSession(session.state.clone(), outcome.clone()),
            ];
            changes.extend(saved(&before, authorization, context));
            changes.extend(removed.into_iter().map(Change::RemoveCallback));
            match self.suite.store.commit(changes).await {
                Err(CommitError::Stale) => {}
                other => return other.map(|()| installation).map_err(StepError::from),
            }
        }
        Err(StepError::StateChanged)
    }

    /// The permanent code for this auth_code: from WeCom, or from the vault when an attempt before this one got it and
    /// died.
    async fn permanent_code(
        &self,
        session: &InstallSession,
        auth_code: &SecretString,
        code_hash: &Fingerprint,
        clock: &dyn Clock,
    ) -> Result<(StoredInstallation, String), StepError> {
        let tenant_id = &session.tenant_id;
        match self.suite.permanent_code(auth_code, clock).await {
            Ok(code) => {
                let stored = StoredInstallation::new(code, code_hash.clone())?;
                // A corporation that another tenant has bound must not replace this tenant's permanent code.
                let owner = self.suite.store.tenant_of(&stored.corp_id).await?;
                if owner.is_some_and(|owner| owner != *tenant_id) {
                    return Err(StepError::CorpMismatch);
                }
                let authorization = self.suite.store.authorization(tenant_id).await?;
                if authorization
                    .installed()
                    .is_some_and(|before| before.corp_id != stored.corp_id)
                {
                    return Err(StepError::CorpMismatch);
                }
                let version_id = stored.put(self.vault, tenant_id).await?;
                Ok((stored, version_id))
            }
            Err(error) if error.errcode() == Some(ErrorCode::INVALID_AUTH_CODE) => {
                let kept = self
                    .vault
                    .read(&SecretName::Installation(tenant_id.clone()), None)
                    .await?;
                let kept = kept.map(|secret| StoredInstallation::parse(&secret)).transpose()?;
                let kept = kept
                    .filter(|kept| kept.auth_code == *code_hash)
                    .ok_or(StepError::InstallLinkExpired)?;
                // Written anew to learn the version's id; the value is the same.
                let version_id = kept.put(self.vault, tenant_id).await?;
                Ok((kept, version_id))
            }
            Err(CallError::Step(error)) => Err(error),
            Err(error @ CallError::Wecom(_)) => Err(error.into_step()),
        }
    }
}
