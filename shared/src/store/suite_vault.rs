//! The suite's own secret, which the platform's operator enters once. The command callback is authenticated with it.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use wecom_callback::{Credentials, EncodingAesKey, Token};

use super::{SecretName, SecretsManager, StoreError};

/// The suite as its provider registered it at WeCom.
#[derive(Debug, Clone)]
pub struct Suite {
    /// The app's id (`suite_id`).
    pub suite_id: String,
    /// The secret of the app (`suite_secret`).
    pub suite_secret: SecretString,
    /// Token and EncodingAESKey of the command callback.
    pub credentials: Credentials,
    /// The provider's own corp id: the receiveid of URL checks.
    pub provider_corp_id: String,
    /// The secret of the provider (`provider_secret`).
    pub provider_secret: SecretString,
}

/// The suite's secret is missing a field or has a malformed one. Names the field, never its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the suite's secret is malformed: {0}")]
pub struct MalformedSuite(&'static str);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    suite_id: String,
    suite_secret: SecretString,
    token: SecretString,
    encoding_aes_key: SecretString,
    provider_corp_id: String,
    provider_secret: SecretString,
}

impl Suite {
    /// Reads the JSON object in the secret.
    ///
    /// # Errors
    /// When a field is missing or malformed.
    pub fn parse(secret: &SecretString) -> Result<Self, MalformedSuite> {
        let stored: Stored = serde_json::from_str(secret.expose_secret())
            .map_err(|_| MalformedSuite("not a JSON object with exactly the six documented fields"))?;
        Ok(Self {
            suite_id: stored.suite_id,
            suite_secret: stored.suite_secret,
            credentials: Credentials {
                token: Token::parse(stored.token.expose_secret()).map_err(|_| MalformedSuite("token"))?,
                encoding_aes_key: EncodingAesKey::parse(stored.encoding_aes_key.expose_secret())
                    .map_err(|_| MalformedSuite("encoding_aes_key"))?,
            },
            provider_corp_id: stored.provider_corp_id,
            provider_secret: stored.provider_secret,
        })
    }
}

/// The suite's secret, read from Secrets Manager and cached in the process.
#[derive(Debug)]
pub struct SuiteVault {
    vault: SecretsManager,
    cached: Mutex<Option<(Timestamp, Suite)>>,
}

impl SuiteVault {
    /// Maximum age of the cached copy: a changed secret is noticed within this time.
    const FRESH: SignedDuration = SignedDuration::from_mins(5);
    /// A copy younger than this is not read again on demand, so that forged requests do not cause a read each.
    const MIN_REREAD_INTERVAL: SignedDuration = SignedDuration::from_secs(10);

    /// A cache of the secret in `vault`.
    #[must_use]
    pub fn new(vault: SecretsManager) -> Self {
        Self {
            vault,
            cached: Mutex::new(None),
        }
    }

    /// The suite, at most five minutes old at `now`. Concurrent callers wait for one read; while the vault is unreachable
    /// the old copy is returned.
    ///
    /// # Errors
    /// When the vault is unreachable and there is no copy, or the secret is missing or malformed.
    pub async fn suite(&self, now: Timestamp) -> Result<Suite, StoreError> {
        let mut cached = self.cached.lock().await;
        if let Some((read_at, suite)) = cached.as_ref()
            && now.duration_since(*read_at) < Self::FRESH
        {
            return Ok(suite.clone());
        }
        match self.read().await {
            Ok(suite) => {
                *cached = Some((now, suite.clone()));
                Ok(suite)
            }
            Err(StoreError::Unavailable(cause)) => match cached.as_ref() {
                Some((_, suite)) => Ok(suite.clone()),
                None => Err(StoreError::Unavailable(cause)),
            },
            Err(error) => Err(error),
        }
    }

    /// The suite read again, after a request could not be opened with the cached copy: its Token or key may have changed.
    /// `None` when the copy was read less than ten seconds ago.
    ///
    /// # Errors
    /// When the vault is unreachable, or the secret is missing or malformed.
    pub async fn suite_anew(&self, now: Timestamp) -> Result<Option<Suite>, StoreError> {
        let mut cached = self.cached.lock().await;
        if cached
            .as_ref()
            .is_some_and(|(read_at, _)| now.duration_since(*read_at) < Self::MIN_REREAD_INTERVAL)
        {
            return Ok(None);
        }
        let suite = self.read().await?;
        *cached = Some((now, suite.clone()));
        Ok(Some(suite))
    }

    async fn read(&self) -> Result<Suite, StoreError> {
        let secret = self.vault.read(&SecretName::Suite, None).await?;
        let secret = secret.ok_or_else(|| StoreError::Internal("there is no suite secret".into()))?;
        Suite::parse(&secret).map_err(|error| StoreError::Internal(Box::new(error)))
    }
}
