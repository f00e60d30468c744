//! Calls to WeCom as the suite or as its provider: with a cached token, and once more with a fresh one when WeCom
//! refuses the cached one as invalid or expired.

use std::future::Future;

use jiff::SignedDuration;
use secrecy::SecretString;
use wecom_client::{AccessToken, Client, Error as WecomError, ErrorCode};

use super::{
    breaker::{Caller, ask},
    call_error::CallError,
    tokens::{CachedToken, Tokens},
};
use crate::{
    clock::Clock,
    error::StepError,
    ids::{SuiteId, TokenName},
    store::{DynamoDb, Suite, SuiteVault},
};

/// A ticket is valid for 30 minutes (developer document 90628).
const TICKET_LIFETIME: SignedDuration = SignedDuration::from_mins(30);

/// A token is renewed this long before it expires, so that it does not expire during a call.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_mins(5);

/// The codes of an invalid or expired token. WeCom may revoke a token early (developer document 90605).
const DEAD_TOKEN: [ErrorCode; 4] = [
    ErrorCode::INVALID_ACCESS_TOKEN,
    ErrorCode::EXPIRED_ACCESS_TOKEN,
    ErrorCode::INVALID_SUITE_ACCESS_TOKEN,
    ErrorCode::EXPIRED_SUITE_ACCESS_TOKEN,
];

/// Access to WeCom as one of the suites.
#[derive(Debug, Clone, Copy)]
pub struct SuiteAccess<'a> {
    /// The circuit breakers, and what callers of this type store.
    pub store: &'a DynamoDb,
    /// Stored suite ticket and access tokens.
    pub tokens: Tokens<'a>,
    /// The suites' secrets, cached.
    pub vault: &'a SuiteVault,
    /// The client of WeCom's API.
    pub wecom: &'a Client,
}

impl SuiteAccess<'_> {
    /// The suite that a record names.
    ///
    /// # Errors
    /// [`StepError::Internal`] when it is no longer configured, or the failure of the vault.
    pub(crate) async fn suite(&self, name: Option<&SuiteId>, clock: &dyn Clock) -> Result<Suite, StepError> {
        let suite = self.vault.named(name, clock.now()).await?;
        suite.ok_or_else(|| {
            let name = name.map_or("", SuiteId::as_str);
            StepError::Internal(format!("the suite {name} is not among MORE_SUITE_IDS").into())
        })
    }

    /// Makes a call that requires the `suite_access_token` of `suite`.
    pub(crate) async fn as_suite<T, F, C>(&self, suite: &Suite, clock: &dyn Clock, call: C) -> Result<T, CallError>
    where
        C: Fn(SecretString) -> F + Send + Sync,
        F: Future<Output = Result<T, WecomError>> + Send,
        T: Send,
    {
        let name = TokenName::suite(&suite.suite_id);
        let fetch = || self.suite_token(suite, clock);
        self.with_token(&name, Caller::Suite(&suite.suite_id), clock, fetch, call)
            .await
    }

    /// Makes a call that requires the `provider_access_token` of the provider of `suite`.
    pub(crate) async fn as_provider<T, F, C>(&self, suite: &Suite, clock: &dyn Clock, call: C) -> Result<T, CallError>
    where
        C: Fn(SecretString) -> F + Send + Sync,
        F: Future<Output = Result<T, WecomError>> + Send,
        T: Send,
    {
        let name = TokenName::provider(&suite.provider_corp_id);
        let fetch = || async {
            let token = self
                .wecom
                .provider_access_token(&suite.provider_corp_id, &suite.provider_secret);
            let token = ask(self.store, Caller::Provider, clock, token).await;
            token.map_err(CallError::into_step)
        };
        self.with_token(&name, Caller::Provider, clock, fetch, call).await
    }

    async fn with_token<T, F, C, G, H>(
        &self,
        name: &TokenName,
        caller: Caller<'_>,
        clock: &dyn Clock,
        fetch: G,
        call: C,
    ) -> Result<T, CallError>
    where
        C: Fn(SecretString) -> F + Send + Sync,
        F: Future<Output = Result<T, WecomError>> + Send,
        G: Fn() -> H + Send + Sync,
        H: Future<Output = Result<AccessToken, StepError>> + Send,
        T: Send,
    {
        if let Some(cached) = self.tokens.token(name, clock.now()).await.map_err(StepError::from)? {
            match ask(self.store, caller, clock, call(cached.token)).await {
                Err(error) if error.errcode().is_some_and(|code| DEAD_TOKEN.contains(&code)) => {}
                other => return other,
            }
        }
        let fresh = fetch().await?;
        let lifetime = SignedDuration::try_from(fresh.expires_in).unwrap_or(SignedDuration::ZERO);
        if lifetime > RENEW_BEFORE {
            let token = CachedToken {
                token: fresh.token.clone(),
                expires_at: clock.now() + (lifetime - RENEW_BEFORE),
                version_id: None,
            };
            let put = self.tokens.put_token(name, &token, clock.now()).await;
            put.map_err(StepError::from)?;
        }
        ask(self.store, caller, clock, call(fresh.token)).await
    }

    async fn suite_token(&self, suite: &Suite, clock: &dyn Clock) -> Result<AccessToken, StepError> {
        let ticket = self.tokens.ticket(&suite.suite_id, clock.now()).await?;
        let Some((ticket, _)) = ticket.filter(|(_, issued_at)| clock.now() < *issued_at + TICKET_LIFETIME) else {
            return Err(StepError::SuiteTicketMissing);
        };
        let token = self
            .wecom
            .suite_access_token(&suite.suite_id, &suite.suite_secret, &ticket);
        match ask(self.store, Caller::Suite(&suite.suite_id), clock, token).await {
            Err(error) if error.errcode() == Some(ErrorCode::INVALID_SUITE_TICKET) => {
                Err(StepError::SuiteTicketMissing)
            }
            other => other.map_err(CallError::into_step),
        }
    }
}
