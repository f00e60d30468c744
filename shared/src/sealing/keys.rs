//! The sealing keys, read from Secrets Manager, and read again after a rotation.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use tokio::sync::Mutex;

use super::{KeyRing, SealError};
use crate::{
    authorization::Callback,
    entropy::Entropy,
    store::{AtRest, SecretName, SecretsManager, StoreError},
};

/// The sealing keys, cached in the process: read when they are first needed, and again when the copy may be too old for
/// its use. Concurrent callers wait for one read.
#[derive(Debug)]
pub struct SealingKeys {
    vault: SecretsManager,
    read: Mutex<Option<(Timestamp, Arc<KeyRing>)>>,
}

/// Maximum age of a key ring that is used for sealing. An older ring may name a primary key that has since been
/// replaced and will be removed.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// A ring that lacks a key is read again, but not within this time: a damaged record must not cause a call to Secrets
/// Manager for every event of its callback.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);

impl SealingKeys {
    /// Keys that are read from `vault` when they are first needed.
    #[must_use]
    pub fn new(vault: SecretsManager) -> Self {
        Self {
            vault,
            read: Mutex::new(None),
        }
    }

    /// Reads the ring ahead of the first request.
    ///
    /// # Errors
    /// When the vault is out of reach, or holds no key ring.
    pub async fn warm_up(&self, now: Timestamp) -> Result<(), StoreError> {
        self.ring(now, |_, _| true).await.map(|_| ())
    }

    /// The ring to open the credentials of `callback`: any that has its keys. A ring that was read before a rotation
    /// may lack them; then it is read again. The ids of the keys are part of our own record, so no sender can cause a
    /// read.
    ///
    /// # Errors
    /// When the vault is out of reach, or holds no key ring.
    pub async fn to_open(&self, callback: &Callback, now: Timestamp) -> Result<Arc<KeyRing>, StoreError> {
        self.ring(now, |age, ring| ring.knows(callback) || age < PAUSE).await
    }

    /// Any ring, to check the MAC of a callback id: no sender can cause a read of the vault by one.
    ///
    /// # Errors
    /// When the vault is out of reach, or holds no key ring.
    pub(crate) async fn to_check_ids(&self, now: Timestamp) -> Result<Arc<KeyRing>, StoreError> {
        self.ring(now, |_, _| true).await
    }

    /// Seals a text that is opened again within days, for exactly the place of this name. While the vault is out of reach, an
    /// older ring is used: rotations are at least a day apart, and the second one drops a key.
    ///
    /// # Errors
    /// When the vault is out of reach and there is no ring, or it holds no key ring.
    pub async fn seal_text(
        &self,
        text: &SecretString,
        place: &str,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<AtRest, StoreError> {
        let ring = match self.to_seal(now).await {
            Err(StoreError::Unavailable(_)) => self.ring(now, |_, _| true).await?,
            ring => ring?,
        };
        Ok(AtRest::Sealed(ring.seal_text(text, place, now, entropy)))
    }

    /// Opens a text that was sealed for exactly the place of this name, or returns one that is stored plain. The inner error is
    /// that it does not open.
    ///
    /// # Errors
    /// When the vault is out of reach, or holds no key ring.
    pub async fn open_text(
        &self,
        stored: &AtRest,
        place: &str,
        now: Timestamp,
    ) -> Result<Result<SecretString, SealError>, StoreError> {
        let sealed = match stored {
            AtRest::Plain(text) => return Ok(Ok(text.clone())),
            AtRest::Sealed(sealed) => sealed,
        };
        // Any ring that has its key.
        let ring = self
            .ring(now, |age, ring| ring.knows_key_of(sealed) || age < PAUSE)
            .await?;
        Ok(ring.open_text(sealed, place))
    }

    /// The ring to seal under, at most five minutes old. An older one is not used even when the vault is out of reach.
    ///
    /// # Errors
    /// When the vault is out of reach, or holds no key ring.
    pub async fn to_seal(&self, now: Timestamp) -> Result<Arc<KeyRing>, StoreError> {
        self.ring(now, |age, _| age < FRESH).await
    }

    async fn ring(
        &self,
        now: Timestamp,
        serves: impl Fn(SignedDuration, &KeyRing) -> bool,
    ) -> Result<Arc<KeyRing>, StoreError> {
        let mut read = self.read.lock().await;
        if let Some((read_at, ring)) = read.as_ref()
            && serves(now.duration_since(*read_at), ring)
        {
            return Ok(Arc::clone(ring));
        }
        let secret = self.vault.read(&SecretName::SealingKey, None).await?;
        let secret = secret.ok_or_else(|| StoreError::Internal("there is no sealing key".into()))?;
        let ring = KeyRing::parse(&secret).map_err(|error| StoreError::Internal(Box::new(error)))?;
        let ring = Arc::new(ring);
        *read = Some((now, Arc::clone(&ring)));
        Ok(ring)
    }
}
