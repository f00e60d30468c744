//! Claims: permanent codes of corporations that installed an app without a link or QR code of a tenant. WeCom exchanges an auth_code
//! once, so the code is kept, sealed, until an operator assigns it or the corporation installs the app for a tenant
//! (docs/adr/0005-who-may-bind-a-corporation.md).

use jiff::Timestamp;
use secrecy::SecretString;

use super::{
    Lifecycle, Restored, Update,
    bind::{bind, refuse_other_corp},
    refresh::is_gone,
    write::plan_write,
};
use crate::{
    audit::Action,
    authorization::{AUTH_CODE_LIFETIME, AuthMode, Claim, CleanupTask},
    context::{Context, audited},
    error::{CorpFault, StepError},
    ids::{ClaimId, CorpId, Fingerprint, TenantId},
    store::{Change, StoredClaim, Suite},
    suite::{CallError, StoredInstallation, SuiteAccess, installation},
};

fn place(id: &ClaimId) -> String {
    format!("claim|{id}")
}

/// Keeps the permanent code of a corporation that installed the app at `at`. An earlier claim of the same corporation and app goes on
/// with the new code.
///
/// # Errors
/// The failure of the stores. The code is lost then, unless the call is repeated with the same.
pub(crate) async fn keep_claim(
    suite: SuiteAccess<'_>,
    stored: &StoredInstallation,
    at: Timestamp,
    context: Context<'_>,
) -> Result<(), StepError> {
    let now = context.now();
    let claim_id = ClaimId::of(stored.suite_id.as_ref(), &stored.corp_id);
    let earlier = suite.store.claim_of(&claim_id, now).await?;
    let claim = Claim {
        suite_id: stored.suite_id.clone(),
        corp_id: stored.corp_id.clone(),
        corp_name: stored.corp_name.clone(),
        installed_at: earlier.map_or(at, |earlier| earlier.claim.installed_at.min(at)),
        expires_at: now + Claim::LIFETIME,
        claim_id,
    };
    let (keys, entropy) = (suite.tokens.keys, context.entropy);
    let code = keys
        .seal_text(&stored.text()?, &place(&claim.claim_id), now, entropy)
        .await?;
    suite.store.put_claim(&claim, &code, &stored.auth_code, now).await?;
    tracing::info!(claim.id = %claim.claim_id, corp.id = %claim.corp_id, "an installation that names no tenant waits to be claimed");
    Ok(())
}

/// The permanent code that a claim has from this auth_code, while the auth_code would be valid: WeCom announced it without our state
/// before its redirect came.
///
/// # Errors
/// [`StepError::Internal`] when it does not open, or the failure of the stores.
pub(super) async fn claimed_with(
    suite: SuiteAccess<'_>,
    auth_code: &Fingerprint,
    context: Context<'_>,
) -> Result<Option<StoredInstallation>, StepError> {
    let now = context.now();
    let Some(claim_id) = suite.store.claimed_with(auth_code).await? else {
        return Ok(None);
    };
    let claim = suite.store.claim_of(&claim_id, now).await?;
    let is_recent = |kept: &StoredClaim| now + Claim::LIFETIME < kept.claim.expires_at + AUTH_CODE_LIFETIME;
    let Some(claim) = claim.filter(is_recent) else {
        return Ok(None);
    };
    let stored = open(suite, &claim, context).await?;
    Ok(Some(stored).filter(|stored| stored.auth_code == *auth_code))
}

async fn open(
    suite: SuiteAccess<'_>,
    claim: &StoredClaim,
    context: Context<'_>,
) -> Result<StoredInstallation, StepError> {
    let place = place(&claim.claim.claim_id);
    let opened = suite
        .tokens
        .keys
        .open_text(&claim.code(), &place, context.now())
        .await?;
    let text: SecretString = opened?;
    StoredInstallation::parse(&text)
}

impl Lifecycle<'_> {
    /// Binds the corporation of a claim to a tenant with the permanent code that was kept, and restores what the tenant had of the
    /// corporation within the recovery window. One that is bound already is a success, too.
    ///
    /// # Errors
    /// [`StepError::NotFound`] when there is no such claim, [`StepError::CorpMismatch`] when another tenant has bound the corporation
    /// or the tenant another corporation, [`StepError::MemberAuthorization`] when a member installed the app, and
    /// [`StepError::NotInstalled`] when the corporation has removed it since, after which the claim has ended;
    /// [`StepError::AttemptInProgress`] while secrets are being deleted, [`StepError::StateChanged`], the failure of the call, or of the
    /// stores. A retry continues.
    pub(crate) async fn assign(
        &self,
        claim_id: &ClaimId,
        tenant_id: &TenantId,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        let (store, vault) = (self.suite.store, self.termination.vault);
        let before = store.authorization(tenant_id).await?;
        let Some(claim) = store.claim_of(claim_id, context.now()).await? else {
            let is_done = before.installed().is_some_and(|known| {
                known.is_bound && ClaimId::of(known.suite_id.as_ref(), &known.corp_id) == *claim_id
            });
            return if is_done { Ok(()) } else { Err(StepError::NotFound) };
        };
        let corp_id = &claim.claim.corp_id;
        if store.tenant_of(corp_id).await?.is_some_and(|owner| owner != *tenant_id) {
            return Err(CorpFault::BoundToAnotherTenant.into());
        }
        refuse_other_corp(&before, corp_id)?;
        let stored = open(self.suite, &claim, context).await?;
        let info = match self.suite.auth_info(&stored, context.clock).await {
            Err(error) if is_gone(&error) => {
                store.forget_claim(claim_id, &claim.code()).await?;
                return Err(StepError::NotInstalled);
            }
            info => info.map_err(CallError::into_step)?,
        };
        let mut installation =
            installation(&stored, info, String::new(), context.clock).since(claim.claim.installed_at);
        if installation.auth_mode == AuthMode::Member {
            return Err(StepError::MemberAuthorization);
        }
        let plan = plan_write(store, tenant_id, CleanupTask::Installation, None, context).await?;
        installation.version_id = stored.put(vault, tenant_id).await?;
        let restored = Restored::of(self.suite, vault, tenant_id, &installation, context).await?;
        let mut update = Update::of(store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            refuse_other_corp(&authorization, corp_id)?;
            // Whoever took the plan over deletes the permanent code.
            if !authorization.settle_write(&plan) {
                return Err(StepError::StateChanged);
            }
            let mut changes = bind(authorization.present(), &mut installation, tenant_id);
            let removed = authorization.install(installation.clone());
            let entry = context.entry(Action::Installed).with("corp_id", corp_id);
            changes.push(audited(tenant_id, restored.noted_in(entry)));
            changes.extend(removed.into_iter().map(Change::RemoveCallback));
            changes.extend(restored.add_to(&mut authorization, context));
            if update.commit(authorization, changes).await? {
                return Ok(());
            }
        }
    }

    /// Ends the claim of a corporation that removed the app of a suite, unless its permanent code still works: then the app was
    /// installed again since.
    ///
    /// # Errors
    /// The failure of the call when WeCom could not be asked, or the failure of the stores. The event has to be redelivered.
    pub(super) async fn end_claim(
        &self,
        suite: &Suite,
        corp_id: &CorpId,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        let claim_id = ClaimId::of(suite.name().as_ref(), corp_id);
        let Some(claim) = self.suite.store.claim_of(&claim_id, context.now()).await? else {
            return Ok(());
        };
        let stored = open(self.suite, &claim, context).await?;
        match self.suite.auth_info(&stored, context.clock).await {
            Ok(_) => Ok(()),
            Err(error) if is_gone(&error) => Ok(self.suite.store.forget_claim(&claim_id, &claim.code()).await?),
            Err(error) => Err(error.into_step()),
        }
    }
}
