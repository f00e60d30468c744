//! Suite tickets and access tokens, which are stored sealed.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    entropy::Entropy,
    ids::{EventId, TokenName},
    sealing::SealingKeys,
    store::{AtRest, DynamoDb, StoreError, StoredToken},
};

/// The suite's tickets and the cache of access tokens. They are sealed under the key ring while they are stored, each for its
/// own place. One that does not open is treated as absent: WeCom gives another.
#[derive(Clone, Copy)]
pub struct Tokens<'a> {
    /// The table that they are stored in.
    pub store: &'a DynamoDb,
    /// The keys that they are sealed under.
    pub keys: &'a SealingKeys,
    /// The source of randomness, for the nonces.
    pub entropy: &'a dyn Entropy,
}

impl std::fmt::Debug for Tokens<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tokens").finish_non_exhaustive()
    }
}

/// A cached access token of WeCom's API.
#[derive(Debug, Clone)]
pub struct CachedToken {
    /// The `access_token`, `suite_access_token` or `provider_access_token`.
    pub token: SecretString,
    /// The end of its validity.
    pub expires_at: Timestamp,
    /// The version in Secrets Manager of the Secret that it was obtained with; `None` for the suite's own.
    pub version_id: Option<String>,
}

/// The place that the content of a suite's event is sealed for.
pub(crate) fn event_place(id: &EventId) -> String {
    format!("suite-event|{id}")
}

fn ticket_place(suite_id: &str) -> String {
    format!("ticket|{suite_id}")
}

fn token_place(name: &TokenName) -> String {
    format!("token|{}", name.as_str())
}

impl Tokens<'_> {
    /// The newest suite ticket, and the time at which WeCom issued it.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn ticket(
        &self,
        suite_id: &str,
        now: Timestamp,
    ) -> Result<Option<(SecretString, Timestamp)>, StoreError> {
        let Some((ticket, issued_at)) = self.store.ticket(suite_id).await? else {
            return Ok(None);
        };
        let ticket = self.open(&ticket, &ticket_place(suite_id), now).await?;
        Ok(ticket.map(|ticket| (ticket, issued_at)))
    }

    /// Stores a ticket, unless a newer one is stored.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn put_ticket(
        &self,
        suite_id: &str,
        ticket: &SecretString,
        issued_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sealed = self.seal(ticket, &ticket_place(suite_id), now).await?;
        self.store.put_ticket(suite_id, &sealed, issued_at).await
    }

    /// A cached token that is valid at `now`.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn token(&self, name: &TokenName, now: Timestamp) -> Result<Option<CachedToken>, StoreError> {
        let Some(stored) = self.store.token(name, now).await? else {
            return Ok(None);
        };
        let token = self.open(&stored.token, &token_place(name), now).await?;
        Ok(token.map(|token| CachedToken {
            token,
            expires_at: stored.expires_at,
            version_id: stored.version_id,
        }))
    }

    /// Stores a token until it expires.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn put_token(&self, name: &TokenName, token: &CachedToken, now: Timestamp) -> Result<(), StoreError> {
        let stored = StoredToken {
            token: self.seal(&token.token, &token_place(name), now).await?,
            expires_at: token.expires_at,
            version_id: token.version_id.clone(),
        };
        self.store.put_token(name, &stored).await
    }

    /// Removes a token that WeCom refused, unless it has been renewed already.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn drop_refused(
        &self,
        name: &TokenName,
        refused: &SecretString,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(stored) = self.store.token(name, now).await? else {
            return Ok(());
        };
        match self.open(&stored.token, &token_place(name), now).await? {
            Some(token) if token.expose_secret() == refused.expose_secret() => {
                self.store.drop_refused_token(name, &stored.token).await
            }
            _ => Ok(()),
        }
    }

    async fn seal(&self, text: &SecretString, place: &str, now: Timestamp) -> Result<AtRest, StoreError> {
        self.keys.seal_text(text, place, now, self.entropy).await
    }

    async fn open(&self, stored: &AtRest, place: &str, now: Timestamp) -> Result<Option<SecretString>, StoreError> {
        let opened = self.keys.open_text(stored, place, now).await?;
        if let Err(error) = &opened {
            tracing::error!(error = %error, "a sealed ticket or token does not open: another is obtained");
        }
        Ok(opened.ok())
    }
}
