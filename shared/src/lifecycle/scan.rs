//! The scan of a QR code of a template, which WeCom announces with `create_auth` alone.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    Lifecycle,
    install::{Attempt, Install},
};
use crate::{
    authorization::{AUTH_CODE_LIFETIME, InstallSession},
    context::Context,
    error::StepError,
    ids::Fingerprint,
    store::Suite,
};

impl Lifecycle<'_> {
    /// An administrator scanned the QR code of `session` and WeCom issued `auth_code`. A session takes one code; any other, and
    /// one of a QR code that has expired, counts as one without a session.
    ///
    /// # Errors
    /// [`StepError::AttemptInProgress`] while another attempt holds the claim on the session, and what
    /// [`Install::claim_and_exchange`] ends in, except what ends the session. The event has to be redelivered.
    pub(crate) async fn scanned(
        &self,
        suite: &Suite,
        session: &InstallSession,
        auth_code: &SecretString,
        at: Timestamp,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        let code_hash = Fingerprint::of(auth_code.expose_secret());
        let is_open = match &session.exchange {
            Some(exchange) => exchange.auth_code == code_hash,
            None => session.outcome.is_none() && at < session.expires_at + AUTH_CODE_LIFETIME,
        };
        if !is_open {
            tracing::info!(tenant.id = %session.tenant_id, "a QR code that was used or has expired was scanned");
            return self.renew(suite, auth_code, at, context).await;
        }
        if session.outcome.is_some() {
            return Ok(());
        }
        let install = Install {
            suite: self.suite,
            vault: self.termination.vault,
        };
        let attempt = Attempt {
            session,
            auth_code,
            code_hash: &code_hash,
            context,
        };
        match install.claim_and_exchange(attempt).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(StepError::AttemptInProgress),
            // The session has ended with it, and no browser waits for an answer.
            Err(error @ (StepError::InstallLinkExpired { .. } | StepError::CorpMismatch { .. })) => {
                tracing::warn!(%error, tenant.id = %session.tenant_id, "the scan of a QR code binds nothing");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
