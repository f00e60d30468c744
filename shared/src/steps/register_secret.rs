//! Steps 2 and 3: checks a Secret with WeCom, says what is wrong with it, and keeps it when nothing is.
//!
//! Checked in this order, because each question is only worth asking after the one before: does the tenant have an
//! installation; is that 企业ID the installed corporation (`corpid_to_opencorpid`); do 企业ID and Secret belong together
//! (`gettoken`); is it the right kind (the call that only this kind may make). Nothing is changed before all are answered.
//!
//! Tests: `tests/it/secret_mistakes.rs`, `tests/it/faults/concurrency.rs`.

use std::borrow::Cow;

use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    audit::Action,
    authorization::{Authorization, Callback, CleanupTask, RegisteredSecret, SecretStatus},
    callbacks::{CredentialIssuer, GeneratedCredentials},
    context::{Context, audited, saved_callback},
    error::{FieldCode, FieldError, StepError},
    ids::{CorpId, Scope, TenantId, TokenName},
    lifecycle::{Update, plan_write},
    pasted::{foreign, last_four, trimmed},
    sealing::SealingKeys,
    store::{SecretName, SecretsManager},
    suite::{SecretToCheck, SuiteAccess},
};

/// Checks and stores the Secret of one scope.
#[derive(Debug)]
pub struct RegisterSecret<'a> {
    /// WeCom, and the tables.
    pub suite: SuiteAccess<'a>,
    /// Secrets Manager, where the Secret is stored.
    pub vault: &'a SecretsManager,
    /// The sealing keys, for the credentials that are generated with it.
    pub keys: &'a SealingKeys,
}

/// The input of the admin.
#[derive(Debug)]
pub struct SecretInput {
    /// The Secret as it was entered.
    pub secret: SecretString,
    /// The 企业ID; `None` if it is known from the other scope.
    pub corp_id: Option<String>,
    /// The id of the self-built app, if the admin gave it.
    pub agent_id: Option<u64>,
}

/// A Secret that was registered.
#[derive(Debug)]
pub struct RegisteredScope {
    /// The authorization with the Secret.
    pub authorization: Authorization,
    /// The callback of the scope.
    pub callback: Callback,
    /// The credentials that the admin has to paste next.
    pub credentials: GeneratedCredentials,
}

impl RegisterSecret<'_> {
    /// Checks and keeps the Secret. The credentials of the scope's callback are left alone, or generated if there are none.
    ///
    /// # Errors
    /// The errors that the contract lists for this route; nothing is changed then.
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
            in_good_standing: before.has_accepted_secret(),
        };
        let kind_check = self.suite.check_secret(&to_check, clock, context.entropy).await?;

        let plan = plan_write(self.suite.store, tenant_id, CleanupTask::Scope(scope), None, context).await?;
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
        let generated = self.put(&before, scope, registered, &plan, context).await?;
        self.registered(tenant_id, scope, generated, context).await
    }

    /// Stores the Secret that was checked with `before`, unless that has changed since in a way that matters to the check.
    /// Returns whether credentials were generated with it.
    async fn put(
        &self,
        before: &Authorization,
        scope: Scope,
        registered: RegisteredSecret,
        plan: &str,
        context: Context<'_>,
    ) -> Result<bool, StepError> {
        let checked_against = |authorization: &Authorization| {
            let state = authorization.scope(scope);
            (
                authorization
                    .installed()
                    .map(|installation| installation.corp_id.clone()),
                state.secret.as_ref().map(|secret| secret.version_id.clone()),
                state.callback_id.clone(),
            )
        };
        let store = self.suite.store;
        let mut update = Update::of(store, &before.tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            // Whoever took the plan over deletes the Secret that was just put into the vault.
            if !authorization.settle_write(plan) || checked_against(&authorization) != checked_against(before) {
                return Err(StepError::StateChanged);
            }
            let corp_id = registered.corp_id.clone();
            let entry = context
                .entry(Action::SecretRegistered)
                .of(scope)
                .with("last_four", &registered.last_four);
            let mut changes = vec![audited(&before.tenant_id, entry)];
            authorization.scope_mut(scope).secret = Some(registered.clone());
            // The 企业ID is proved now, so both callbacks may expect it.
            let (mut callback, generated) = self.issuer().callback(&mut authorization, scope, context).await?;
            let known = (!generated).then(|| callback.clone());
            callback.assign_corp(corp_id.clone());
            changes.extend(saved_callback(known.as_ref(), callback, context));
            if let Some(other_id) = &authorization.scope(scope.other()).callback_id
                && let Some(known) = store.callback(other_id).await?
                && known.corp_id.is_none()
            {
                let mut other = known.clone();
                other.assign_corp(corp_id);
                changes.extend(saved_callback(Some(&known), other, context));
            }
            // The next check, within minutes, notifies other services of the new health.
            authorization.next_check_at = Some(context.now());
            if update.commit(authorization, changes).await? {
                return Ok(generated);
            }
        }
    }

    fn issuer(&self) -> CredentialIssuer<'_> {
        CredentialIssuer {
            store: self.suite.store,
            keys: self.keys,
        }
    }

    /// The state that is shown to the admin.
    async fn registered(
        &self,
        tenant_id: &TenantId,
        scope: Scope,
        generated: bool,
        context: Context<'_>,
    ) -> Result<RegisteredScope, StepError> {
        let store = self.suite.store;
        // A token of the previous Secret is no longer issued.
        store.drop_token(&TokenName::scope(tenant_id, scope)).await?;
        let authorization = store.authorization(tenant_id).await?;
        let id = authorization.scope(scope).callback_id.as_ref();
        let callback = store.callback(id.ok_or(StepError::StateChanged)?).await?;
        let callback = callback.ok_or(StepError::StateChanged)?;
        let issuer = self.issuer();
        let credentials = issuer.describe(&authorization, &callback, generated, context).await?;
        Ok(RegisteredScope {
            authorization,
            callback,
            credentials,
        })
    }
}

/// The Secret without what copying adds at its ends. Any other character that WeCom's Secrets never contain is a mistake, which
/// is named and never corrected.
fn valid_secret(secret: &SecretString) -> Result<SecretString, StepError> {
    let field = "secret";
    let invalid = |code, detail| StepError::InvalidField(FieldError { field, code, detail });
    let secret = trimmed(secret.expose_secret());
    if secret.is_empty() {
        return Err(invalid(FieldCode::Missing, "The Secret is empty.".into()));
    }
    let quotation_marks = ['"', '\'', '`'];
    if let Some(found) = foreign(secret, |c| c.is_ascii_graphic() && !quotation_marks.contains(&c)) {
        let detail =
            format!("{found} A Secret consists of letters, digits, - and _. Copy it from WeCom's console again.");
        return Err(invalid(FieldCode::Malformed, detail.into()));
    }
    if secret.len() > 256 {
        let detail = "A Secret has at most 256 characters. Copy it from WeCom's console again.";
        return Err(invalid(FieldCode::Malformed, detail.into()));
    }
    Ok(SecretString::from(secret))
}

/// Advice for the first Secret of a tenant when it comes without 企业ID.
pub(crate) const CORP_ID_NEEDED: &str =
    "企业ID is required with the first Secret. Copy it from the bottom of 我的企业 → 企业信息.";

fn corp_id_of(authorization: &Authorization, entered: Option<&str>) -> Result<CorpId, StepError> {
    let field = "corp_id";
    match entered.map(trimmed) {
        Some(entered) => CorpId::parse(entered).map_err(|_| {
            let form = "企业ID has the form ww0a1b2c3d4e5f6071. Copy it from the bottom of 我的企业 → 企业信息.";
            let found = foreign(entered, |c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            let detail = found.map_or(Cow::Borrowed(form), |found| format!("{found} {form}").into());
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
                detail: Cow::Borrowed(CORP_ID_NEEDED),
            })
        }),
    }
}
