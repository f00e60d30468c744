//! The token broker: other services get an `access_token`, never a Secret.
//!
//! A token is cached in the store for all instances and renewed early, by one of them at a time: whoever holds the lease asks
//! WeCom, the others go on with the old token, or wait for the new one when there is none.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use wecom_client::{AccessToken, Error as WecomError, ErrorClass};

use crate::{
    audit::Action,
    authorization::{Authorization, NextStep, RegisteredSecret, SecretStatus},
    clock::Clock,
    context::{Context, audited, saved},
    error::StepError,
    ids::{Scope, TenantId, TokenName},
    store::{CachedToken, CommitError, DynamoDb, SecretName, SecretsManager},
    suite::{CallError, StoredInstallation, SuiteAccess, WRONG_SECRET, ask},
};

/// A token that is good for less than this is renewed.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_mins(10);
/// Longer than `issue-access-token` may run (template.yaml).
const LEASE: SignedDuration = SignedDuration::from_secs(30);
const LOOKS: u32 = 40;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Issues an access token.
#[derive(Debug)]
pub struct IssueAccessToken<'a> {
    /// WeCom, and the tables.
    pub suite: SuiteAccess<'a>,
    /// Where the Secrets are.
    pub vault: &'a SecretsManager,
}

/// Which token is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Of a Secret that the tenant registered.
    Scope(Scope),
    /// Of the installed app (`get_corp_token`).
    Installation,
}

impl TokenKind {
    /// Reads the `kind` of a request.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "installation" => Some(Self::Installation),
            _ => Scope::ALL
                .into_iter()
                .find(|scope| scope.as_str() == text)
                .map(Self::Scope),
        }
    }

    fn token_name(self, tenant_id: &TenantId) -> TokenName {
        match self {
            Self::Scope(scope) => TokenName::scope(tenant_id, scope),
            Self::Installation => TokenName::installation(tenant_id),
        }
    }
}

/// A token that was issued.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    /// The token.
    pub access_token: SecretString,
    /// Until when it is good, as far as WeCom has said.
    pub expires_at: Timestamp,
}

impl IssuedToken {
    fn is_to_be_renewed(&self, now: Timestamp) -> bool {
        self.expires_at.duration_since(now) < RENEW_BEFORE
    }
}

impl IssueAccessToken<'_> {
    /// Answers a token that is good for a while. `rejected` is one that WeCom refused (40014, 42001): if it is the cached
    /// one it is dropped.
    ///
    /// # Errors
    /// [`StepError::NotInstalled`], [`StepError::StepsMissing`], [`StepError::SecretRejected`], [`StepError::WecomBan`], what
    /// WeCom refused, or the store's failure.
    pub async fn run(
        &self,
        tenant_id: &TenantId,
        kind: TokenKind,
        rejected: Option<SecretString>,
        context: Context<'_>,
    ) -> Result<IssuedToken, StepError> {
        let store = self.suite.store;
        let authorization = store.authorization(tenant_id).await?;
        let version_id = version_of(&authorization, kind)?;
        let name = kind.token_name(tenant_id);
        if let Some(rejected) = &rejected {
            store.drop_refused_token(&name, rejected).await?;
        }
        for _ in 0..LOOKS {
            let now = context.now();
            let cached = self.cached(&name, version_id, now).await?;
            if let Some(fresh) = cached.as_ref().filter(|cached| !cached.is_to_be_renewed(now)) {
                return Ok(fresh.clone());
            }
            if store.claim_refresh(&name, now, now + LEASE).await? {
                // Between the look and the claim somebody else may have done it. His token is fresh: that this lease lasts
                // until its end hurts nobody.
                return match self.cached(&name, version_id, now).await? {
                    Some(fresh) if !fresh.is_to_be_renewed(now) => Ok(fresh),
                    old => self.renew(&authorization, kind, old, context).await,
                };
            }
            if let Some(old) = cached {
                return Ok(old);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        Err(StepError::WecomTimeout)
    }

    /// The cached token, if it was got with the Secret that is in force: one of the Secret before, or of the corporation
    /// before, is not handed out.
    async fn cached(
        &self,
        name: &TokenName,
        version_id: &str,
        now: Timestamp,
    ) -> Result<Option<IssuedToken>, StepError> {
        let cached = self.suite.store.token(name, now).await?;
        let cached = cached.filter(|cached| cached.version_id.as_deref() == Some(version_id));
        Ok(cached.map(|cached| IssuedToken {
            access_token: cached.token,
            expires_at: cached.expires_at,
        }))
    }

    /// Gets a token from WeCom. When that fails for now, `old` is still good for a while.
    async fn renew(
        &self,
        authorization: &Authorization,
        kind: TokenKind,
        old: Option<IssuedToken>,
        context: Context<'_>,
    ) -> Result<IssuedToken, StepError> {
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
                store.put_token(&name, &token).await?;
                Ok(IssuedToken {
                    access_token: token.token,
                    expires_at: token.expires_at,
                })
            }
            // What it was got with is good no more, and so is the token.
            (Err(error @ (StepError::SecretRejected(_) | StepError::NotInstalled)), _) | (Err(error), None) => {
                // Gives the lease back, too: the next caller need not wait for its end to learn the same.
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
        match kind {
            TokenKind::Scope(scope) => {
                let registered = registered(authorization, scope)?;
                let secret = self.secret(authorization, scope, registered).await?;
                let token = self.suite.wecom.access_token(registered.corp_id.as_str(), &secret);
                match ask(self.suite.store, context.clock, token).await {
                    Err(error) => Err(self.refused(authorization, scope, error, context).await?),
                    Ok(token) => Ok(token),
                }
            }
            TokenKind::Installation => self.installation_token(authorization, context.clock).await,
        }
    }

    async fn secret(
        &self,
        authorization: &Authorization,
        scope: Scope,
        registered: &RegisteredSecret,
    ) -> Result<SecretString, StepError> {
        let name = SecretName::Scope(authorization.tenant_id.clone(), scope);
        let secret = self.vault.read(&name, Some(&registered.version_id)).await?;
        secret.ok_or_else(|| StepError::Internal("a registered Secret is missing from the vault".into()))
    }

    async fn installation_token(
        &self,
        authorization: &Authorization,
        clock: &dyn Clock,
    ) -> Result<AccessToken, StepError> {
        let installation = authorization.installed().ok_or(StepError::NotInstalled)?;
        let name = SecretName::Installation(authorization.tenant_id.clone());
        let secret = self.vault.read(&name, Some(&installation.version_id)).await?;
        let secret =
            secret.ok_or_else(|| StepError::Internal("the permanent code is missing from the vault".into()))?;
        let stored = StoredInstallation::parse(&secret)?;
        let (wecom, stored) = (self.suite.wecom, &stored);
        let token = self.suite.as_suite(clock, |token| async move {
            wecom
                .corp_access_token(&token, stored.corp_id.as_str(), &stored.permanent_code)
                .await
        });
        match token.await {
            Err(CallError::Wecom(error)) if error.class() == Some(ErrorClass::AuthorizationEnded) => {
                Err(StepError::NotInstalled)
            }
            other => other.map_err(CallError::into_step),
        }
    }

    /// A Secret that WeCom no longer takes is written down as such, and not tried again: repeated wrong Secrets ban everybody.
    async fn refused(
        &self,
        authorization: &Authorization,
        scope: Scope,
        error: CallError,
        context: Context<'_>,
    ) -> Result<StepError, StepError> {
        let refusal = match error {
            CallError::Wecom(WecomError::Refused(refusal)) if WRONG_SECRET.contains(&refusal.errcode) => refusal,
            other => return Ok(other.into_step()),
        };
        mark_rejected(self.suite.store, authorization, scope, context).await?;
        Ok(StepError::SecretRejected(Some(refusal)))
    }
}

/// Writes down that WeCom takes a Secret no more, unless it was replaced meanwhile.
async fn mark_rejected(
    store: &DynamoDb,
    before: &Authorization,
    scope: Scope,
    context: Context<'_>,
) -> Result<(), StepError> {
    for _ in 0..3 {
        let mut authorization = store.authorization(&before.tenant_id).await?;
        if authorization.scope(scope) != before.scope(scope) {
            return Ok(());
        }
        let unchanged = authorization.clone();
        let Some(secret) = &mut authorization.scope_mut(scope).secret else {
            return Ok(());
        };
        let status = SecretStatus::Rejected;
        secret.checked(status, secret.kind_check, context.now());
        // The next look, within minutes, tells other services what became of the health.
        authorization.next_check_at = Some(context.now());
        let entry = context
            .entry(Action::SecretChecked)
            .of(scope)
            .with("status", status.as_str());
        let mut changes = saved(&unchanged, authorization, context);
        changes.push(audited(&before.tenant_id, entry));
        match store.commit(changes).await {
            Err(CommitError::Stale) => {}
            other => return other.map_err(StepError::from),
        }
    }
    Err(StepError::StateChanged)
}

/// The version of the Secret that such a token is got with.
fn version_of(authorization: &Authorization, kind: TokenKind) -> Result<&str, StepError> {
    let installation = authorization.installed().ok_or(StepError::NotInstalled)?;
    match kind {
        TokenKind::Installation => Ok(&installation.version_id),
        TokenKind::Scope(scope) => Ok(&registered(authorization, scope)?.version_id),
    }
}

fn registered(authorization: &Authorization, scope: Scope) -> Result<&RegisteredSecret, StepError> {
    let missing = match scope {
        Scope::Contacts => NextStep::ContactsSecret,
        Scope::ExternalContacts => NextStep::ExternalContactsSecret,
    };
    match &authorization.scope(scope).secret {
        None => Err(StepError::StepsMissing(vec![missing])),
        Some(secret) if secret.status == SecretStatus::Rejected => Err(StepError::SecretRejected(None)),
        Some(secret) => Ok(secret),
    }
}
