//! Reading the sealing keys, and reading them again when they have been rotated.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::KeyRing;
use crate::{
    authorization::Callback,
    store::{SecretName, SecretsManager, StoreError},
};

/// The sealing keys as a process knows them: read when they are first needed, and again when they may be too old for what
/// they are needed for. One reader fetches, the others wait for it.
#[derive(Debug)]
pub struct SealingKeys {
    vault: SecretsManager,
    read: Mutex<Option<(Timestamp, Arc<KeyRing>)>>,
}

/// Nobody seals under a ring that is older: what it holds for primary may have been replaced, and is dropped some day.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// A ring that lacks a key is read again, but not within this time: a damaged record must not make every event of its
/// callback a call of the vault.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);

impl SealingKeys {
    /// Reads through `vault`.
    #[must_use]
    pub fn new(vault: SecretsManager) -> Self {
        Self {
            vault,
            read: Mutex::new(None),
        }
    }

    /// Reads the ring ahead, so that the first request need not.
    ///
    /// # Errors
    /// When the vault is out of reach, or holds no key ring.
    pub async fn warm_up(&self, now: Timestamp) -> Result<(), StoreError> {
        self.ring(now, |_, _| true).await.map(|_| ())
    }

    /// The ring to open what `callback` holds: any that has its keys. Those of a ring that was read before a rotation may
    /// be missing; then it is read again. The keys' ids stand in our own record, so nobody outside can cause that.
    ///
    /// # Errors
    /// When the vault is out of reach, or holds no key ring.
    pub async fn to_open(&self, callback: &Callback, now: Timestamp) -> Result<Arc<KeyRing>, StoreError> {
        self.ring(now, |age, ring| ring.knows(callback) || age < PAUSE).await
    }

    /// The ring to seal under, at most five minutes old. An older one does not serve on when the vault is out of reach.
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
