//! The exchange of an install session's auth_code, and the installation that it makes.
//!
//! Writes, in this order: the claim on the session (so that one attempt exchanges), the plan to write the permanent code,
//! the permanent code in the vault, then one transaction of authorization, corporation and session. An attempt that dies
//! in between leaves the state as it was; the next one takes the claim over and finds the code either unused or in the vault. A
//! code that was exchanged and not yet in the vault is lost; the admin begins again.

use secrecy::SecretString;
use wecom_client::ErrorCode;

use super::{
    Restored, Update,
    bind::{bind, refuse_other_corp},
    claim::{claimed_with, keep_claim},
    hand_over, plan_write,
};
use crate::{
    audit::Action,
    authorization::{
        AuthMode, Authorization, CleanupTask, Exchange, InstallFailure, InstallOutcome, InstallSession, Installation,
        InstallationStatus,
    },
    context::{Context, audited},
    error::{CorpFault, LinkFault, StepError},
    ids::{ClaimId, Fingerprint, TenantId},
    store::{Change, SecretsManager},
    suite::{CallError, StoredInstallation, SuiteAccess, installation},
};

/// Makes the installations of install sessions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Install<'a> {
    /// WeCom, and the tables.
    pub(crate) suite: SuiteAccess<'a>,
    /// Secrets Manager, where permanent codes are stored.
    pub(crate) vault: &'a SecretsManager,
}

/// An auth_code that may finish its session.
#[derive(Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) session: &'a InstallSession,
    pub(crate) auth_code: &'a SecretString,
    pub(crate) code_hash: &'a Fingerprint,
    pub(crate) context: Context<'a>,
}

impl Install<'_> {
    /// Claims the session, exchanges the code and stores the installation. `None` when another attempt holds the claim.
    ///
    /// # Errors
    /// [`StepError::InstallLinkExpired`] and [`StepError::CorpMismatch`], after which the session has ended;
    /// [`StepError::StateChanged`], [`StepError::AttemptInProgress`], [`StepError::SuiteTicketMissing`],
    /// [`StepError::WecomBan`], [`StepError::WecomRefused`], [`StepError::WecomTimeout`], or the failure of the stores: then
    /// another attempt may succeed.
    pub(crate) async fn claim_and_exchange(&self, attempt: Attempt<'_>) -> Result<Option<InstallOutcome>, StepError> {
        let (session, now) = (attempt.session, attempt.context.now());
        let claimed = session.exchange.as_ref();
        let is_claimed = claimed.is_some_and(|exchange| now < exchange.started_at + Exchange::LEASE);
        if is_claimed || !self.suite.store.claim_exchange(session, attempt.code_hash, now).await? {
            return Ok(None);
        }
        let error = match self.install(attempt).await {
            Ok(outcome) => return Ok(Some(outcome)),
            Err(error) => error,
        };
        match error {
            // The code is used up, or the corporation is not this tenant's: no further attempt can succeed.
            StepError::InstallLinkExpired { .. } => self.fail(attempt, &InstallFailure::InstallLinkExpired).await?,
            StepError::CorpMismatch { .. } => self.fail(attempt, &InstallFailure::CorpMismatch).await?,
            _ => {
                // If this fails, the claim ends with its lease.
                let released = self.suite.store.release_exchange(&session.state, attempt.code_hash);
                if let Err(unreleased) = released.await {
                    tracing::warn!(error = %unreleased, "the claim on an exchange could not be released");
                }
            }
        }
        Err(error)
    }

    /// Ends a session without an installation, after an entry in the audit trail.
    async fn fail(&self, attempt: Attempt<'_>, failure: &InstallFailure) -> Result<(), StepError> {
        let session = attempt.session;
        let entry = attempt.context.entry(Action::Installed).refused(failure.as_str());
        self.suite.store.record(&session.tenant_id, entry).await?;
        Ok(self.suite.store.fail_session(&session.state, failure).await?)
    }

    async fn install(&self, attempt: Attempt<'_>) -> Result<InstallOutcome, StepError> {
        let (store, context, tenant_id) = (self.suite.store, attempt.context, &attempt.session.tenant_id);
        let plan = plan_write(store, tenant_id, CleanupTask::Installation, None, context).await;
        let plan = plan.map_err(|error| match error {
            StepError::NotFound => LinkFault::BindingRemoved.into(),
            other => other,
        })?;
        let (stored, version_id) = self.permanent_code(attempt).await?;
        let info = self.suite.auth_info(&stored, context.clock).await;
        let info = info.map_err(CallError::into_step)?;
        let mut installation = installation(&stored, info, version_id, context.clock);
        let claim_id = ClaimId::of(stored.suite_id.as_ref(), &stored.corp_id);
        if let Some(kept) = store.claim_of(&claim_id, context.now()).await? {
            // What was parked since is the tenant's.
            installation = installation.since(kept.claim.installed_at);
        }
        let outcome = match installation.auth_mode {
            AuthMode::Admin => InstallOutcome::Installed,
            AuthMode::Member => InstallOutcome::Failed(InstallFailure::MemberAuthorization),
        };
        // What is installed by a QR code is restored when the admin confirms it.
        let restored = if attempt.session.is_scanned {
            Restored::default()
        } else {
            Restored::of(self.suite, self.vault, tenant_id, &installation, context).await?
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
            installation.status = status(&authorization, &installation, attempt.session);
            let mut changes = bind(authorization.present(), &mut installation, tenant_id);
            let removed = authorization.install(installation.clone());
            let entry = context.entry(Action::Installed).with("corp_id", &installation.corp_id);
            changes.extend([
                audited(tenant_id, restored.noted_in(entry)),
                Change::EndInstallSession(attempt.session.state.clone(), outcome.clone()),
            ]);
            changes.extend(removed.into_iter().map(Change::RemoveCallback));
            changes.extend(restored.add_to(&mut authorization, context));
            if update.commit(authorization, changes).await? {
                return Ok(outcome.clone());
            }
        }
    }

    /// The outcome of the session, if it has ended in the meantime.
    async fn outcome(&self, attempt: Attempt<'_>) -> Result<Option<InstallOutcome>, StepError> {
        let session = self.suite.store.session(&attempt.session.state).await?;
        Ok(session.and_then(|session| session.outcome))
    }

    /// The permanent code for this auth_code and its version in the vault: from WeCom, or from the vault when an earlier
    /// attempt got it and died.
    async fn permanent_code(&self, attempt: Attempt<'_>) -> Result<(StoredInstallation, String), StepError> {
        let (store, tenant_id) = (self.suite.store, &attempt.session.tenant_id);
        let clock = attempt.context.clock;
        let suite = self.suite.suite(attempt.session.suite_id.as_ref(), clock).await?;
        let stored = match self.suite.permanent_code(&suite, attempt.auth_code, clock).await {
            Ok(code) => {
                let state = code.state.clone().filter(|state| !state.is_empty());
                let stored = StoredInstallation::new(code, attempt.code_hash.clone(), &suite)?;
                if let Some(state) = state.filter(|state| *state != attempt.session.state.as_str()) {
                    let is_kept = hand_over(store, self.vault, &state, &stored, attempt.context).await?;
                    if !is_kept && store.tenant_of(&stored.corp_id).await?.is_none() {
                        keep_claim(self.suite, &stored, attempt.context.now(), attempt.context).await?;
                    }
                    return Err(LinkFault::CodeOfAnotherLink.into());
                }
                if let Err(fault) = refuse_other_corp(&store.authorization(tenant_id).await?, &stored.corp_id) {
                    if store.tenant_of(&stored.corp_id).await?.is_none() {
                        keep_claim(self.suite, &stored, attempt.context.now(), attempt.context).await?;
                    }
                    return Err(fault.into());
                }
                self.refuse_bound(tenant_id, &stored).await?;
                stored
            }
            Err(error) if error.errcode() == Some(ErrorCode::INVALID_AUTH_CODE) => {
                match StoredInstallation::obtained_with(self.vault, tenant_id, attempt.code_hash).await? {
                    Some(stored) => stored,
                    None => self.claimed(attempt).await?,
                }
            }
            Err(error) => return Err(error.into_step()),
        };
        // Put again even if it is in the vault, to learn the id of a version with this value.
        let version_id = stored.put(self.vault, tenant_id).await?;
        Ok((stored, version_id))
    }
}

impl Install<'_> {
    /// The permanent code that a claim has from this auth_code.
    async fn claimed(&self, attempt: Attempt<'_>) -> Result<StoredInstallation, StepError> {
        let (store, tenant_id) = (self.suite.store, &attempt.session.tenant_id);
        let claimed = claimed_with(self.suite, attempt.code_hash, attempt.context).await?;
        let stored = claimed
            .filter(|stored| stored.suite_id == attempt.session.suite_id)
            .ok_or(LinkFault::AuthCodeInvalid)?;
        refuse_other_corp(&store.authorization(tenant_id).await?, &stored.corp_id)?;
        self.refuse_bound(tenant_id, &stored).await?;
        Ok(stored)
    }

    /// A corporation that another tenant has bound must not replace this tenant's permanent code.
    async fn refuse_bound(&self, tenant_id: &TenantId, stored: &StoredInstallation) -> Result<(), StepError> {
        match self.suite.store.tenant_of(&stored.corp_id).await? {
            Some(owner) if owner == *tenant_id => Ok(()),
            Some(owner) if owner.tenant() == tenant_id.tenant() => Err(CorpFault::BoundToAnotherBinding.into()),
            Some(_) => Err(CorpFault::BoundToAnotherTenant.into()),
            None => Ok(()),
        }
    }
}

/// Nothing binds the scan of a QR code to a browser, so the tenant's admin confirms its corporation, unless it is the tenant's
/// already (docs/adr/0005-who-may-bind-a-corporation.md).
fn status(authorization: &Authorization, installation: &Installation, session: &InstallSession) -> InstallationStatus {
    let is_tenants = |known: &Installation| known.is_bound && known.corp_id == installation.corp_id;
    if session.is_scanned
        && installation.auth_mode == AuthMode::Admin
        && !authorization.installed().is_some_and(is_tenants)
    {
        InstallationStatus::AwaitingConfirmation
    } else {
        InstallationStatus::Installed
    }
}
