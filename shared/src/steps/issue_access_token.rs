//! The token broker: other services get an `access_token`, never a Secret.
//!
//! A token is cached in DynamoDB for all instances and renewed early, by one of them at a time: the holder of the lease asks
//! WeCom, the others return the old token, or wait for the new one when there is none.
//!
//! Tests: `tests/it/token_broker.rs`.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use wecom_client::{AccessToken, Error as WecomError};

use crate::{
    audit::Action,
    authorization::{Authorization, NextStep, RegisteredSecret, SecretStatus},
    context::{Context, audited},
    error::StepError,
    ids::{Scope, TenantId, TokenName},
    lifecycle::{Update, app_token},
    store::{DynamoDb, SecretsManager},
    suite::{CachedToken, CallError, SuiteAccess, WRONG_SECRET, registered_secret},
};

/// A token that is valid for less than this is renewed.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_mins(10);
/// Time that one caller may take to renew a token; longer than the timeout of `issue-access-token` (template.yaml).
const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// Number of checks by the other callers, and the pause between them, whether it has been renewed: four seconds together.
const LOOKS: u32 = 40;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Issues an access token.
#[derive(Debug)]
pub struct IssueAccessToken<'a> {
    /// WeCom, and the tables.
    pub suite: SuiteAccess<'a>,
    /// Secrets Manager, where the Secrets are stored.
    pub vault: &'a SecretsManager,
}

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// The token of a Secret that the tenant registered.
    Scope(Scope),
    /// The token of the installed app (`get_corp_token`; of a customised app `gettoken` with its permanent code).
    Installation,
    /// The same, if it is a customised app (代开发).
    CustomizedApp,
}

impl TokenKind {
    /// Reads the `kind` of a request.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut scopes = Scope::ALL.into_iter();
        match text {
            "installation" => Some(Self::Installation),
            "customized_app" => Some(Self::CustomizedApp),
            _ => scopes.find(|one| one.as_str() == text).map(Self::Scope),
        }
    }

    fn token_name(self, tenant_id: &TenantId) -> TokenName {
        match self {
            Self::Scope(scope) => TokenName::scope(tenant_id, scope),
            Self::Installation | Self::CustomizedApp => TokenName::installation(tenant_id),
        }
    }
}

fn is_to_be_renewed(token: &CachedToken, now: Timestamp) -> bool {
    token.expires_at.duration_since(now) < RENEW_BEFORE
}

impl IssueAccessToken<'_> {
    /// A token that is valid for ten minutes or more, unless WeCom could not be asked for a new one. `rejected` is one that
    /// WeCom refused (40014, 42001): if it is the cached one, it is dropped.
    ///
    /// # Errors
    /// - [`StepError::NotInstalled`] when the app is not installed, or not of this kind, or WeCom says that the authorization is over;
    /// - [`StepError::MemberAuthorization`] for the app's token when a member installed it;
    /// - [`StepError::StepsMissing`] when no Secret is registered;
    /// - [`StepError::SecretRejected`] when WeCom no longer accepts the Secret, now or before;
    /// - [`StepError::AttemptInProgress`] when another caller has not renewed the token within four seconds;
    /// - [`StepError::SuiteTicketMissing`], [`StepError::WecomBan`], [`StepError::WecomRefused`], [`StepError::WecomTimeout`],
    ///   [`StepError::StateChanged`], or the failure of the stores.
    pub async fn run(
        &self,
        tenant_id: &TenantId,
        kind: TokenKind,
        rejected: Option<SecretString>,
        context: Context<'_>,
    ) -> Result<CachedToken, StepError> {
        let store = self.suite.store;
        let authorization = store.authorization(tenant_id).await?;
        let version_id = version_of(&authorization, kind)?;
        let name = kind.token_name(tenant_id);
        if let Some(rejected) = &rejected {
            self.suite.tokens.drop_refused(&name, rejected, context.now()).await?;
        }
        for _ in 0..LOOKS {
            let now = context.now();
            let cached = self.cached(&name, version_id, now).await?;
            if let Some(fresh) = cached.as_ref().filter(|cached| !is_to_be_renewed(cached, now)) {
                return Ok(fresh.clone());
            }
            if store.claim_refresh(&name, now, now + LEASE).await? {
                // Another caller may have renewed it between the read and the claim. Its token is fresh, so it does no harm
                // that this lease is not released.
                return match self.cached(&name, version_id, now).await? {
                    Some(fresh) if !is_to_be_renewed(&fresh, now) => Ok(fresh),
                    old => self.renew(&authorization, kind, old, context).await,
                };
            }
            if let Some(old) = cached {
                return Ok(old);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        Err(StepError::AttemptInProgress)
    }

    /// The cached token, if it was obtained with the current Secret: one of a previous Secret or corporation is not issued.
    async fn cached(
        &self,
        name: &TokenName,
        version_id: &str,
        now: Timestamp,
    ) -> Result<Option<CachedToken>, StepError> {
        let cached = self.suite.tokens.token(name, now).await?;
        Ok(cached.filter(|cached| cached.version_id.as_deref() == Some(version_id)))
    }

    /// Gets a token from WeCom. When that fails temporarily, `old` is returned: it is still valid.
    async fn renew(
        &self,
        authorization: &Authorization,
        kind: TokenKind,
        old: Option<CachedToken>,
        context: Context<'_>,
    ) -> Result<CachedToken, StepError> {
        let store = self.suite.store;
        let name = kind.token_name(&authorization.tenant_id);
        match (self.fetch(authorization, kind, context).await, old) {
            (Ok(token), _) => {
                let lifetime = SignedDuration::try_from(token.expires_in).unwrap_or(SignedDuration::ZERO);
                let token = CachedToken {
                    token: token.token,
                    expires_at: context.now() + lifetime,
                    version_id: Some(version_of(authorization, kind)?.to_owned()),
                };
                self.suite.tokens.put_token(&name, &token, context.now()).await?;
                Ok(token)
            }
            // The Secret or the installation that it was obtained with is no longer valid, and so is the token.
            (Err(error @ (StepError::SecretRejected(_) | StepError::NotInstalled)), _) | (Err(error), None) => {
                // Releases the lease, too, so that the next caller need not wait for its end.
                store.drop_token(&name).await?;
                Err(error)
            }
            (Err(error), Some(old)) => {
                tracing::warn!(error = %error, "a token could not be renewed before its end");
                Ok(old)
            }
        }
    }

    async fn fetch(
        &self,
        authorization: &Authorization,
        kind: TokenKind,
        context: Context<'_>,
    ) -> Result<AccessToken, StepError> {
        let tenant_id = &authorization.tenant_id;
        let TokenKind::Scope(scope) = kind else {
            // Boxed, because it is large and part of a future that is not.
            return Box::pin(app_token(self.suite, self.vault, authorization, context)).await;
        };
        let registered = registered(authorization, scope)?;
        let secret = registered_secret(self.vault, tenant_id, scope, registered).await?;
        let secret = secret.ok_or_else(|| StepError::StepsMissing(vec![NextStep::secret(scope)]))?;
        match self.suite.secret_token(tenant_id, registered, &secret, context).await {
            // Not tried again: repeated wrong Secrets lead to a ban of our address.
            Err(CallError::Wecom(WecomError::Refused(refusal))) if WRONG_SECRET.contains(&refusal.errcode) => {
                mark_rejected(self.suite.store, authorization, scope, context).await?;
                Err(StepError::SecretRejected(Some(refusal)))
            }
            other => other.map_err(CallError::into_step),
        }
    }
}

/// Stores that WeCom no longer accepts a Secret, unless it was replaced in the meantime.
async fn mark_rejected(
    store: &DynamoDb,
    before: &Authorization,
    scope: Scope,
    context: Context<'_>,
) -> Result<(), StepError> {
    let mut update = Update::of(store, &before.tenant_id, context);
    loop {
        let mut authorization = update.read().await?;
        if authorization.scope(scope) != before.scope(scope) {
            return Ok(());
        }
        let Some(secret) = &mut authorization.scope_mut(scope).secret else {
            return Ok(());
        };
        let status = SecretStatus::Rejected;
        secret.checked(status, secret.kind_check, context.now());
        // The next check, within minutes, notifies other services of the new health.
        authorization.next_check_at = Some(context.now());
        let entry = context.entry(Action::SecretChecked).of(scope);
        let entry = audited(&before.tenant_id, entry.with("status", status.as_str()));
        if update.commit(authorization, vec![entry]).await? {
            return Ok(());
        }
    }
}

/// The version in the vault of the Secret that such a token is obtained with.
fn version_of(authorization: &Authorization, kind: TokenKind) -> Result<&str, StepError> {
    match kind {
        TokenKind::Installation => Ok(&authorization.admin_installation()?.version_id),
        TokenKind::CustomizedApp => match authorization.admin_installation()? {
            installation if installation.is_customized => Ok(&installation.version_id),
            _ => Err(StepError::NotInstalled),
        },
        TokenKind::Scope(_) if authorization.installed().is_none() => Err(StepError::NotInstalled),
        TokenKind::Scope(scope) => Ok(&registered(authorization, scope)?.version_id),
    }
}

fn registered(authorization: &Authorization, scope: Scope) -> Result<&RegisteredSecret, StepError> {
    match &authorization.scope(scope).secret {
        None => Err(StepError::StepsMissing(vec![NextStep::secret(scope)])),
        Some(secret) if secret.status == SecretStatus::Rejected => Err(StepError::SecretRejected(None)),
        Some(secret) => Ok(secret),
    }
}
