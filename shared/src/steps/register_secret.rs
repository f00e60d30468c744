//! Steps 2 and 3: checks a Secret with WeCom, says what is wrong with it, and keeps it when nothing is.
//!
//! Checked in this order, because each question is only worth asking after the one before: does the tenant have an
//! installation; is that 企业ID the installed corporation (`corpid_to_opencorpid`); do 企业ID and Secret belong together
//! (`gettoken`); is it the right kind (the call that only this kind may make). Nothing is changed before all are answered.

use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    audit::Action,
    authorization::{Authorization, Callback, CleanupTask, RegisteredSecret, SecretStatus},
    callbacks::{CredentialIssuer, GeneratedCredentials},
    context::{Context, audited, saved, saved_callback},
    error::{FieldCode, FieldError, StepError},
    ids::{CorpId, Scope, TenantId, TokenName},
    sealing::SealingKeys,
    store::{Change, CommitError, SecretName, SecretsManager},
    suite::{SecretToCheck, SuiteAccess},
};

/// How often it is written anew what somebody else's change of something else has kept from being written.
const ATTEMPTS_TO_WRITE: u32 = 5;

/// Registers a Secret.
#[derive(Debug)]
pub struct RegisterSecret<'a> {
    /// WeCom, and the tables.
    pub suite: SuiteAccess<'a>,
    /// Where the Secret is kept.
    pub vault: &'a SecretsManager,
    /// The sealing keys, for the credentials that are generated with it.
    pub keys: &'a SealingKeys,
}

/// What the admin entered.
#[derive(Debug)]
pub struct SecretInput {
    /// The Secret.
    pub secret: SecretString,
    /// 企业ID, unless it is known from the other scope.
    pub corp_id: Option<String>,
    /// The self-built app's id, if the admin gave it.
    pub agent_id: Option<u64>,
}

/// A Secret that was registered.
#[derive(Debug)]
pub struct RegisteredScope {
    /// The authorization as it is now.
    pub authorization: Authorization,
    /// The scope's callback.
    pub callback: Callback,
    /// What the admin is to paste next.
    pub credentials: GeneratedCredentials,
}

impl RegisterSecret<'_> {
    /// Checks and keeps the Secret. The credentials of the scope's callback are left alone, or generated if there are none.
    ///
    /// # Errors
    /// What the contract lists for this route; nothing is changed then.
    pub async fn run(
        &self,
        tenant_id: &TenantId,
        scope: Scope,
        input: SecretInput,
        context: Context<'_>,
    ) -> Result<RegisteredScope, StepError> {
        let clock = context.clock;
        let secret = valid_secret(&input.secret)?;
        let before = self.suite.store.authorization(tenant_id).await?;
        let installation = before.admin_installation()?;
        let corp_id = corp_id_of(&before, input.corp_id.as_deref())?;
        let to_check = SecretToCheck {
            tenant_id,
            scope,
            installation,
            corp_id: &corp_id,
            secret: &secret,
        };
        let kind_check = self.suite.check_secret(&to_check, clock).await?;

        let version_id = self
            .vault
            .put(&SecretName::Scope(tenant_id.clone(), scope), &secret)
            .await?;
        let now = clock.now();
        let registered = RegisteredSecret {
            status: SecretStatus::Accepted,
            corp_id: corp_id.clone(),
            kind_check,
            status_since: now,
            last_four: last_four(&secret),
            version_id,
            agent_id: input.agent_id,
            registered_at: now,
            checked_at: now,
        };
        self.put(&before, scope, registered, context).await
    }

    /// Writes what was checked, unless somebody else changed what it was checked against.
    async fn put(
        &self,
        before: &Authorization,
        scope: Scope,
        registered: RegisteredSecret,
        context: Context<'_>,
    ) -> Result<RegisteredScope, StepError> {
        for _ in 0..ATTEMPTS_TO_WRITE {
            let (changes, generated) = self.changes(before, scope, registered.clone(), context).await?;
            match self.suite.store.commit(changes).await {
                Ok(()) => return self.registered(before, scope, generated, context).await,
                // Something else was changed: by the schedule, or in the other step.
                Err(CommitError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StepError::StateChanged)
    }

    /// What is to be written, and whether credentials are generated with it.
    async fn changes(
        &self,
        before: &Authorization,
        scope: Scope,
        registered: RegisteredSecret,
        context: Context<'_>,
    ) -> Result<(Vec<Change>, bool), StepError> {
        let mut authorization = self.suite.store.authorization(&before.tenant_id).await?;
        let checked_against = |a: &Authorization| {
            let state = a.scope(scope);
            (
                a.installed().map(|installation| installation.corp_id.clone()),
                state.secret.as_ref().map(|secret| secret.version_id.clone()),
                state.callback_id.clone(),
                // A clean-up that ended meanwhile may have deleted what was just put into the vault.
                a.cleanup.clone(),
            )
        };
        if checked_against(&authorization) != checked_against(before) {
            return Err(StepError::StateChanged);
        }
        let unchanged = authorization.clone();
        let corp_id = registered.corp_id.clone();
        let entry = context
            .entry(Action::SecretRegistered)
            .of(scope)
            .with("last_four", &registered.last_four);
        authorization.scope_mut(scope).secret = Some(registered);
        authorization.keep_from_cleanup(CleanupTask::Scope(scope));
        let mut changes = vec![audited(&before.tenant_id, entry)];
        // The 企业ID is proved now, so both callbacks may expect it.
        let (mut callback, generated) = self.issuer().callback(&mut authorization, scope, context).await?;
        let known = (!generated).then(|| callback.clone());
        callback.assign_corp(corp_id.clone());
        changes.extend(saved_callback(known.as_ref(), callback, context));
        if let Some(other_id) = &authorization.scope(scope.other()).callback_id
            && let Some(known) = self.suite.store.callback(other_id).await?
            && known.corp_id.is_none()
        {
            let mut other = known.clone();
            other.assign_corp(corp_id);
            changes.extend(saved_callback(Some(&known), other, context));
        }
        // The next look, within minutes, tells other services what became of the health.
        authorization.next_check_at = Some(context.now());
        changes.extend(saved(&unchanged, authorization, context));
        Ok((changes, generated))
    }

    fn issuer(&self) -> CredentialIssuer<'_> {
        CredentialIssuer {
            store: self.suite.store,
            keys: self.keys,
        }
    }

    /// What the admin sees of it.
    async fn registered(
        &self,
        before: &Authorization,
        scope: Scope,
        generated: bool,
        context: Context<'_>,
    ) -> Result<RegisteredScope, StepError> {
        // A token of the Secret before is not handed out any more.
        self.suite
            .store
            .drop_token(&TokenName::scope(&before.tenant_id, scope))
            .await?;
        let authorization = self.suite.store.authorization(&before.tenant_id).await?;
        let callback_id = authorization
            .scope(scope)
            .callback_id
            .clone()
            .ok_or(StepError::StateChanged)?;
        let callback = self
            .suite
            .store
            .callback(&callback_id)
            .await?
            .ok_or(StepError::StateChanged)?;
        let issuer = self.issuer();
        let credentials = issuer.describe(&authorization, &callback, generated, context).await?;
        Ok(RegisteredScope {
            authorization,
            callback,
            credentials,
        })
    }
}

/// Outer spaces come with copying and are dropped; anything else that WeCom's Secrets never hold is a mistake.
fn valid_secret(secret: &SecretString) -> Result<SecretString, StepError> {
    let field = "secret";
    let trimmed = secret.expose_secret().trim();
    if trimmed.is_empty() {
        let detail = "The Secret is empty.";
        return Err(StepError::InvalidField(FieldError {
            field,
            code: FieldCode::Missing,
            detail,
        }));
    }
    if trimmed.len() > 256 || !trimmed.bytes().all(|byte| byte.is_ascii_graphic()) {
        let detail =
            "A Secret consists of at most 256 letters, digits and punctuation marks, without spaces or line breaks.";
        return Err(StepError::InvalidField(FieldError {
            field,
            code: FieldCode::Malformed,
            detail,
        }));
    }
    Ok(SecretString::from(trimmed))
}

/// Advice for the first Secret of a tenant when it comes without 企业ID.
pub(crate) const CORP_ID_NEEDED: &str =
    "企业ID is required with the first Secret. Copy it from the bottom of 我的企业 → 企业信息.";

fn corp_id_of(authorization: &Authorization, entered: Option<&str>) -> Result<CorpId, StepError> {
    let field = "corp_id";
    match entered.map(str::trim) {
        Some(entered) => CorpId::parse(entered).map_err(|_| {
            let detail = "企业ID has the form ww0a1b2c3d4e5f6071. Copy it from the bottom of 我的企业 → 企业信息.";
            StepError::InvalidField(FieldError {
                field,
                code: FieldCode::Malformed,
                detail,
            })
        }),
        None => authorization.plaintext_corp_id().cloned().ok_or({
            let code = FieldCode::Missing;
            StepError::InvalidField(FieldError {
                field,
                code,
                detail: CORP_ID_NEEDED,
            })
        }),
    }
}

fn last_four(secret: &SecretString) -> String {
    let text = secret.expose_secret();
    // Of a short one even four would tell too much.
    let shown = if text.len() >= 16 { 4 } else { 0 };
    text.get(text.len() - shown..).unwrap_or_default().to_owned()
}
