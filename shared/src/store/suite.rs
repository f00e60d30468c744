//! The suite's own secret: what the platform's operator enters once, and the command callback is authenticated with.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::{sync::Mutex, time::Instant};
use wecom_callback::{Credentials, EncodingAesKey, Token};

use super::{SecretName, StoreError, Vault};

/// The suite as its provider has registered it at WeCom.
#[derive(Debug, Clone)]
pub struct Suite {
    /// The app's id (`suite_id`).
    pub suite_id: String,
    /// The app's secret.
    pub suite_secret: SecretString,
    /// Token and EncodingAESKey of the command callback.
    pub credentials: Credentials,
    /// The provider's own corp id: the receiveid of URL checks.
    pub provider_corp_id: String,
    /// The provider's secret.
    pub provider_secret: SecretString,
}

/// The suite's secret does not hold what it must. Says which field, never what it says.
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
    /// Reads the JSON that the secret holds.
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

/// Reads the suite's secret, and remembers it for a while.
#[derive(Debug)]
pub struct SuiteVault<V> {
    vault: V,
    cached: Mutex<Option<(Instant, Suite)>>,
}

impl<V: Vault> SuiteVault<V> {
    /// How long a copy serves. A rotated secret is noticed by then.
    const FRESH: Duration = Duration::from_mins(5);
    /// A copy younger than this is not doubted: forged requests must not make us read the vault each time.
    const UNDOUBTED: Duration = Duration::from_secs(10);

    /// Reads through `vault`.
    pub fn new(vault: V) -> Self {
        Self {
            vault,
            cached: Mutex::new(None),
        }
    }

    /// The suite, at most five minutes old. One reader fetches, the others wait for it; when the vault is out of reach the
    /// old copy serves on.
    ///
    /// # Errors
    /// When the vault is out of reach and there is no copy, or the secret is missing or malformed.
    pub async fn suite(&self) -> Result<Suite, StoreError> {
        let mut cached = self.cached.lock().await;
        if let Some((read_at, suite)) = cached.as_ref()
            && read_at.elapsed() < Self::FRESH
        {
            return Ok(suite.clone());
        }
        match self.read().await {
            Ok(suite) => {
                *cached = Some((Instant::now(), suite.clone()));
                Ok(suite)
            }
            Err(StoreError::Unavailable(cause)) => match cached.as_ref() {
                Some((_, suite)) => Ok(suite.clone()),
                None => Err(StoreError::Unavailable(cause)),
            },
            Err(error) => Err(error),
        }
    }

    /// The suite read anew, after a copy did not open a request: its Token or key may have been changed since. `None` when the
    /// copy is too young to be doubted.
    ///
    /// # Errors
    /// When the vault is out of reach, or the secret is missing or malformed.
    pub async fn suite_anew(&self) -> Result<Option<Suite>, StoreError> {
        let mut cached = self.cached.lock().await;
        if cached
            .as_ref()
            .is_some_and(|(read_at, _)| read_at.elapsed() < Self::UNDOUBTED)
        {
            return Ok(None);
        }
        let suite = self.read().await?;
        *cached = Some((Instant::now(), suite.clone()));
        Ok(Some(suite))
    }

    async fn read(&self) -> Result<Suite, StoreError> {
        let secret = self.vault.read(&SecretName::Suite, None).await?;
        let secret = secret.ok_or_else(|| StoreError::Internal("there is no suite secret".into()))?;
        Suite::parse(&secret).map_err(|error| StoreError::Internal(Box::new(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vault that holds the suite's secret, and counts how often it is read.
    #[derive(Debug)]
    struct Counting {
        token: std::sync::Mutex<&'static str>,
        reads: std::sync::atomic::AtomicUsize,
    }

    impl Vault for &Counting {
        async fn put(&self, _: &SecretName, _: &SecretString) -> Result<String, StoreError> {
            Err(StoreError::Internal("read only".into()))
        }

        async fn delete(&self, _: &SecretName) -> Result<(), StoreError> {
            Err(StoreError::Internal("read only".into()))
        }

        async fn read(&self, _: &SecretName, _: Option<&str>) -> Result<Option<SecretString>, StoreError> {
            self.reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let suite = serde_json::json!({
                "suite_id": "ww3f2a", "suite_secret": "s", "token": *self.token.lock().unwrap(),
                "encoding_aes_key": "A".repeat(43), "provider_corp_id": "ww8d5e", "provider_secret": "p",
            });
            Ok(Some(suite.to_string().into()))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn reads_a_changed_secret_anew_on_doubt_but_not_for_every_forged_request() {
        let vault = Counting {
            token: "before".into(),
            reads: 0.into(),
        };
        let suites = SuiteVault::new(&vault);
        assert_eq!(suites.suite().await.unwrap().credentials.token.expose(), "before");
        *vault.token.lock().unwrap() = "after";
        for _ in 0..100 {
            assert!(suites.suite_anew().await.unwrap().is_none());
        }
        assert_eq!(vault.reads.load(std::sync::atomic::Ordering::Relaxed), 1);

        tokio::time::advance(SuiteVault::<&Counting>::UNDOUBTED).await;
        assert_eq!(suites.suite().await.unwrap().credentials.token.expose(), "before");
        let anew = suites.suite_anew().await.unwrap().unwrap();
        assert_eq!(anew.credentials.token.expose(), "after");
        assert!(suites.suite_anew().await.unwrap().is_none());
        assert_eq!(suites.suite().await.unwrap().credentials.token.expose(), "after");
        assert_eq!(vault.reads.load(std::sync::atomic::Ordering::Relaxed), 2);
    }
}
