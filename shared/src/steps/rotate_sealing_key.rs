//! Rotates the sealing key: the four steps that Secrets Manager asks a rotation function for, in this order and any of them
//! again (AWS Secrets Manager User Guide, "Rotation by Lambda function").
//!
//! Nothing is refused because of a rotation, and no key is dropped that a record needs. Why that is so says
//! docs/adr/0015-sealing-key-rotation.md.
//!
//! Tests: `tests/it/sealing.rs`.

use std::{collections::BTreeSet, time::Duration};

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use crate::{
    context::Context,
    error::StepError,
    sealing::KeyRing,
    store::{DynamoDb, SecretName, SecretVersions, SecretsManager},
};

/// A step of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationStep {
    /// `createSecret`: creates the next ring and stores it as the pending version.
    Create,
    /// `setSecret`: would set the new value at a service that uses it. There is none.
    Set,
    /// `testSecret`: the pending ring opens what is sealed under the current one.
    Test,
    /// `finishSecret`: the pending ring becomes the current one.
    Finish,
}

impl RotationStep {
    /// The step of this name; `None` for any other text.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "createSecret" => Self::Create,
            "setSecret" => Self::Set,
            "testSecret" => Self::Test,
            "finishSecret" => Self::Finish,
            _ => return None,
        })
    }
}

/// Rotates the sealing key.
#[derive(Debug)]
pub struct RotateSealingKey<'a> {
    /// The table of the sealed records.
    pub store: &'a DynamoDb,
    /// Secrets Manager, where the ring is stored.
    pub vault: &'a SecretsManager,
}

/// A search for records that need a key is given up after this time, and every key is kept: the function has 15 minutes.
const SEARCH: Duration = Duration::from_mins(10);

/// No key is dropped within this time of the rotation before. Claims, events of suites and what a removed app may get back are sealed, too;
/// they are not searched, and end within seven days.
const KEPT_AFTER_ROTATION: SignedDuration = SignedDuration::from_hours(8 * 24);

impl RotateSealingKey<'_> {
    /// Does one step for the version `version_id` (Secrets Manager's `ClientRequestToken`) of the secret `arn`. A version
    /// that is current already is finished: nothing is done.
    ///
    /// # Errors
    /// [`StepError::Internal`] for a secret that is not the sealing key or is not rotated, a version that is not pending, and
    /// a ring that must not come into force; the store's failure. Nothing was changed then.
    pub async fn run(
        &self,
        step: RotationStep,
        arn: &str,
        version_id: &str,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        let versions = self.vault.versions(&SecretName::SealingKey).await?;
        let versions = versions.ok_or_else(|| refused("there is no sealing key"))?;
        if versions.arn != arn {
            return Err(refused("that secret is not the sealing key"));
        }
        if !versions.is_rotated {
            return Err(refused("the secret is not set up for rotation"));
        }
        if versions.current.as_deref() == Some(version_id) {
            return Ok(());
        }
        if versions.pending.as_deref() != Some(version_id) {
            return Err(refused("that version is not the one that is pending"));
        }
        match step {
            RotationStep::Create => self.create(version_id, context).await,
            RotationStep::Set => Ok(()),
            RotationStep::Test => self.test(version_id, context.now()).await,
            RotationStep::Finish => self.finish(&versions, version_id, context.now()).await,
        }
    }

    async fn create(&self, version_id: &str, context: Context<'_>) -> Result<(), StepError> {
        if self.pending(version_id).await?.is_some() {
            return Ok(());
        }
        let current = self.current().await?;
        let dropped = self.unused(&KeyRing::parse(&current)?, context.now()).await?;
        let next = KeyRing::follow(&current, &dropped, context.now(), context.entropy)?;
        self.vault
            .put_pending(&SecretName::SealingKey, version_id, &next)
            .await?;
        tracing::info!(keys.dropped = dropped.len(), "the next key ring is made");
        Ok(())
    }

    /// The keys that no record needs, and none will.
    async fn unused(&self, ring: &KeyRing, now: Timestamp) -> Result<BTreeSet<String>, StepError> {
        let replaced = ring.replaced(now);
        let is_recent = |since: Timestamp| now < since + KEPT_AFTER_ROTATION;
        if replaced.is_empty() || ring.newest_since().is_some_and(is_recent) {
            return Ok(BTreeSet::new());
        }
        let Ok(in_use) = tokio::time::timeout(SEARCH, self.store.sealing_keys_in_use()).await else {
            tracing::warn!("the records could not all be looked at in time: every key is kept");
            return Ok(BTreeSet::new());
        };
        Ok(replaced.difference(&in_use?).cloned().collect())
    }

    /// Secrets Manager asks for this step alone when rotation is set up without rotating at once, with a version that it
    /// makes and takes away (`RotateImmediately` of its `RotateSecret`): one without a value has nothing to test.
    async fn test(&self, version_id: &str, now: Timestamp) -> Result<(), StepError> {
        let Some(next) = self.pending(version_id).await? else {
            return Ok(());
        };
        if KeyRing::continues(&next, &self.current().await?, now)? {
            Ok(())
        } else {
            Err(refused("the pending ring lacks the key that is sealed under"))
        }
    }

    async fn finish(&self, versions: &SecretVersions, version_id: &str, now: Timestamp) -> Result<(), StepError> {
        let next = self.pending(version_id).await?;
        let next = next.ok_or_else(|| refused("the pending version has no value"))?;
        if !KeyRing::continues(&next, &self.current().await?, now)? {
            return Err(refused("the pending ring lacks the key that is sealed under"));
        }
        if !KeyRing::parse(&next)?.is_in_time(now) {
            return Err(refused(
                "the rotation took too long: its key would be used before it is known",
            ));
        }
        let before = versions.current.as_deref();
        let moved = self
            .vault
            .make_current(&SecretName::SealingKey, version_id, before)
            .await;
        if let Err(error) = moved {
            // The SDK retries when a response was lost, and the retry is refused because the label was moved already.
            let versions = self.vault.versions(&SecretName::SealingKey).await?;
            if versions.and_then(|versions| versions.current).as_deref() != Some(version_id) {
                return Err(error.into());
            }
        }
        tracing::info!("the next key ring is in force");
        Ok(())
    }

    async fn pending(&self, version_id: &str) -> Result<Option<SecretString>, StepError> {
        Ok(self.vault.read(&SecretName::SealingKey, Some(version_id)).await?)
    }

    async fn current(&self) -> Result<SecretString, StepError> {
        let current = self.vault.read(&SecretName::SealingKey, None).await?;
        current.ok_or_else(|| refused("there is no sealing key"))
    }
}

/// A refusal, for the operator's log. Secrets Manager only sees that the step failed.
fn refused(why: &'static str) -> StepError {
    StepError::Internal(why.into())
}
