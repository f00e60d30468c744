//! The suites' own secrets, which the platform's operator enters. The command callback of each is authenticated with
//! its own.
//!
//! The first suite is in the secret `suite`, the others, which the configuration names, in `suite/{suite_id}` (ADR 30).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use wecom_callback::{Credentials, EncodingAesKey, Token};

use super::{SecretName, SecretsManager, StoreError};
use crate::{
    authorization::Installation,
    ids::{CorpId, SuiteId},
    pasted::trimmed,
};

/// The suite as its provider registered it at WeCom.
#[derive(Debug, Clone)]
pub struct Suite {
    /// The app's id (`suite_id`).
    pub suite_id: String,
    /// The secret of the app (`suite_secret`).
    pub suite_secret: SecretString,
    /// Token and EncodingAESKey of the command callback, and of the callbacks of corporations that have no pair of their own.
    pub credentials: Credentials,
    /// The corporations whose app has a callback of its own, with its Token and EncodingAESKey.
    pub apps: BTreeMap<CorpId, Credentials>,
    /// The provider's own corp id: the receiveid of URL checks.
    pub provider_corp_id: String,
    /// The secret of the provider (`provider_secret`).
    pub provider_secret: SecretString,
    /// Whether authorizations are made as tests (`auth_type` 1 of `set_session_info`, developer document 90602), which
    /// an app needs that is not published.
    pub test: bool,
    /// What it is.
    pub kind: SuiteKind,
    /// The permissions of a customised app that the platform needs, as `agent/get_permissions` names them; may be empty.
    pub permissions: Vec<String>,
    /// Whether it is the suite in the secret `suite`.
    pub is_first: bool,
}

/// What a suite is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuiteKind {
    /// A third-party app, which is installed with a link.
    #[default]
    ThirdParty,
    /// A template of customised apps (代开发): an administrator scans a QR code, and the permanent code is the app's Secret.
    Customized,
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
    #[serde(default)]
    test: bool,
    #[serde(default)]
    kind: SuiteKind,
    #[serde(default)]
    permissions: Vec<String>,
    #[serde(default)]
    apps: BTreeMap<String, StoredPair>,
}

/// Token and EncodingAESKey of a callback, as the operator pasted them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredPair {
    token: SecretString,
    encoding_aes_key: SecretString,
}

impl StoredPair {
    fn credentials(&self) -> Result<Credentials, MalformedSuite> {
        let token = trimmed(self.token.expose_secret());
        let key = trimmed(self.encoding_aes_key.expose_secret());
        Ok(Credentials {
            token: Token::parse(token).map_err(|_| MalformedSuite("token"))?,
            encoding_aes_key: EncodingAesKey::parse(key).map_err(|_| MalformedSuite("encoding_aes_key"))?,
        })
    }
}

/// The corporations' own pairs. One that is malformed is left out, so that a slip in it does not stop the events of all others.
fn apps(stored: &BTreeMap<String, StoredPair>) -> BTreeMap<CorpId, Credentials> {
    let mut apps = BTreeMap::new();
    for (corp_id, pair) in stored {
        match (CorpId::parse(trimmed(corp_id)), pair.credentials()) {
            (Ok(corp_id), Ok(credentials)) => {
                apps.insert(corp_id, credentials);
            }
            (Ok(_), Err(MalformedSuite(field))) => {
                tracing::error!(
                    corp.id = trimmed(corp_id),
                    field,
                    "malformed in `apps` of the suite's secret"
                );
            }
            (Err(_), _) => tracing::error!("`apps` of the suite's secret names what is no id of a corporation"),
        }
    }
    apps
}

impl Suite {
    /// Reads the JSON object in the secret of a suite other than the first.
    ///
    /// # Errors
    /// When a field is missing or malformed.
    pub fn parse(secret: &SecretString) -> Result<Self, MalformedSuite> {
        let stored: Stored = serde_json::from_str(secret.expose_secret())
            .map_err(|_| MalformedSuite("not a JSON object with exactly the documented fields"))?;
        // An operator pastes these, too.
        let secret = |pasted: &SecretString| SecretString::from(trimmed(pasted.expose_secret()));
        let pair = StoredPair {
            token: stored.token,
            encoding_aes_key: stored.encoding_aes_key,
        };
        Ok(Self {
            suite_id: trimmed(&stored.suite_id).to_owned(),
            suite_secret: secret(&stored.suite_secret),
            credentials: pair.credentials()?,
            apps: apps(&stored.apps),
            provider_corp_id: trimmed(&stored.provider_corp_id).to_owned(),
            provider_secret: secret(&stored.provider_secret),
            test: stored.test,
            kind: stored.kind,
            permissions: stored.permissions,
            is_first: false,
        })
    }

    /// The name of the suite in records; `None` for a first suite whose id has no known form.
    #[must_use]
    pub fn name(&self) -> Option<SuiteId> {
        SuiteId::parse(&self.suite_id).ok()
    }

    /// Token and EncodingAESKey of the callback of a corporation's app, or without one of the suite's. Returns the corporation, too,
    /// if the pair is its own.
    #[must_use]
    pub fn credentials_of<'a>(&self, corp_id: Option<&'a CorpId>) -> (&Credentials, Option<&'a CorpId>) {
        match corp_id.and_then(|corp_id| self.apps.get(corp_id)) {
            Some(own) => (own, corp_id),
            None => (&self.credentials, None),
        }
    }

    /// Whether the installation is the suite's.
    #[must_use]
    pub fn has_made(&self, installation: &Installation) -> bool {
        self.is_named(installation.suite_id.as_ref())
    }

    /// Whether a record with this name is the suite's. Records without a name are the first suite's: versions before
    /// several suites wrote none.
    #[must_use]
    pub fn is_named(&self, name: Option<&SuiteId>) -> bool {
        name.map_or(self.is_first, |name| name.as_str() == self.suite_id)
    }
}

/// The suites' secrets, read from Secrets Manager and cached in the process.
#[derive(Debug)]
pub struct SuiteVault {
    vault: SecretsManager,
    first: Slot,
    others: Vec<(SuiteId, Slot)>,
}

/// The copy of a secret, and the time at which it was read.
type Slot = Mutex<Option<(Timestamp, Suite)>>;

impl SuiteVault {
    /// Maximum age of a cached copy: a changed secret is noticed within this time.
    const FRESH: SignedDuration = SignedDuration::from_mins(5);
    /// A copy younger than this is not read again on demand, so that forged requests do not cause a read each.
    const MIN_REREAD_INTERVAL: SignedDuration = SignedDuration::from_secs(10);

    /// A cache of the first suite's secret in `vault`.
    #[must_use]
    pub fn new(vault: SecretsManager) -> Self {
        Self {
            vault,
            first: Slot::default(),
            others: Vec::new(),
        }
    }

    /// A cache of the secrets of these suites, too.
    #[must_use]
    pub fn with_others(mut self, suite_ids: &[SuiteId]) -> Self {
        self.others = suite_ids.iter().map(|id| (id.clone(), Slot::default())).collect();
        self
    }

    /// The names of the suites other than the first.
    pub fn others(&self) -> impl Iterator<Item = &SuiteId> {
        self.others.iter().map(|(id, _)| id)
    }

    /// The first suite, at most five minutes old at `now`. Concurrent callers wait for one read; while the vault is
    /// unreachable the old copy is returned.
    ///
    /// # Errors
    /// When the vault is unreachable and there is no copy, or the secret is missing or malformed.
    pub async fn suite(&self, now: Timestamp) -> Result<Suite, StoreError> {
        self.fresh(&self.first, None, now).await
    }

    /// The suite of this name, as [`Self::suite`]; without a name the first. `None` when the deployment has none of
    /// this name, which reads nothing but the first suite's secret.
    ///
    /// # Errors
    /// As [`Self::suite`].
    pub async fn named(&self, name: Option<&SuiteId>, now: Timestamp) -> Result<Option<Suite>, StoreError> {
        if let Some((id, slot)) = self.other(name) {
            return self.fresh(slot, Some(id), now).await.map(Some);
        }
        let first = self.suite(now).await?;
        Ok((name.is_none() || first.is_named(name)).then_some(first))
    }

    /// `suite` read again, after a request could not be opened with the cached copy: its Token or key may have changed.
    /// `None` when the copy was read less than ten seconds ago.
    ///
    /// # Errors
    /// When the vault is unreachable, or the secret is missing or malformed.
    pub async fn reload(&self, suite: &Suite, now: Timestamp) -> Result<Option<Suite>, StoreError> {
        let name = suite.name().filter(|_| !suite.is_first);
        let (id, slot) = match self.other(name.as_ref()) {
            Some((id, slot)) => (Some(id), slot),
            None => (None, &self.first),
        };
        let mut cached = slot.lock().await;
        if cached
            .as_ref()
            .is_some_and(|(read_at, _)| now.duration_since(*read_at) < Self::MIN_REREAD_INTERVAL)
        {
            return Ok(None);
        }
        let suite = Box::pin(self.read(id)).await?;
        *cached = Some((now, suite.clone()));
        Ok(Some(suite))
    }

    fn other(&self, name: Option<&SuiteId>) -> Option<(&SuiteId, &Slot)> {
        let (id, slot) = self.others.iter().find(|(id, _)| Some(id) == name)?;
        Some((id, slot))
    }

    async fn fresh(&self, slot: &Slot, id: Option<&SuiteId>, now: Timestamp) -> Result<Suite, StoreError> {
        let mut cached = slot.lock().await;
        if let Some((read_at, suite)) = cached.as_ref()
            && now.duration_since(*read_at) < Self::FRESH
        {
            return Ok(suite.clone());
        }
        // Boxed, because the compiler limits how deep futures are nested.
        match Box::pin(self.read(id)).await {
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

    /// Reads the secret of the suite `id`; without an id the first suite's.
    async fn read(&self, id: Option<&SuiteId>) -> Result<Suite, StoreError> {
        let name = id.map_or(SecretName::Suite, |id| SecretName::AnotherSuite(id.clone()));
        let secret = self.vault.read(&name, None).await?;
        let secret = secret.ok_or_else(|| {
            let which = id.map_or_else(String::new, |id| format!(" of {id}"));
            StoreError::Internal(format!("there is no suite secret{which}").into())
        })?;
        let malformed = |error| StoreError::Internal(Box::new(error));
        let suite = Suite::parse(&secret).map_err(malformed)?;
        match id {
            None => Ok(Suite {
                is_first: true,
                ..suite
            }),
            Some(id) if id.as_str() == suite.suite_id => Ok(suite),
            // Tickets and tokens are stored under the id in the secret, events under the one in the URL.
            Some(_) => Err(malformed(MalformedSuite(
                "suite_id is not the one in the secret's name",
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_what_copying_added_to_the_operators_values() {
        let around = "\u{FEFF}\u{200B} \n";
        let pasted = |text: &str| format!("{around}{text}{around}");
        let stored = serde_json::json!({
            "suite_id": pasted("ww3f2a9c41d07be865"),
            "suite_secret": pasted("suite-secret"),
            "token": pasted("suiteToken"),
            "encoding_aes_key": pasted(&"k".repeat(42)) + "A",
            "provider_corp_id": pasted("ww1f2e3d4c5b6a7988"),
            "provider_secret": pasted("provider-secret"),
        });
        let parse = |stored: &serde_json::Value| Suite::parse(&SecretString::from(stored.to_string()));
        assert_eq!(
            parse(&stored).unwrap_err(),
            MalformedSuite("encoding_aes_key"),
            "inside a value"
        );
        let mut stored = stored;
        stored["encoding_aes_key"] = pasted(&format!("{}A", "k".repeat(42))).into();
        let suite = parse(&stored).unwrap();
        assert_eq!(
            [
                suite.suite_id.as_str(),
                suite.suite_secret.expose_secret(),
                &suite.provider_corp_id,
                suite.provider_secret.expose_secret()
            ],
            [
                "ww3f2a9c41d07be865",
                "suite-secret",
                "ww1f2e3d4c5b6a7988",
                "provider-secret"
            ]
        );
    }
}
