//! The ports that rotating the sealing key needs.

use std::{collections::BTreeSet, future::Future};

use secrecy::SecretString;

use super::{SecretName, StoreError, Vault};

/// Rotating a secret as Secrets Manager does: a version is made pending, filled, and becomes the current one.
pub trait RotatedSecret: Vault {
    /// Where the versions of a secret stand; `None` when there is no such secret.
    fn versions(&self, name: &SecretName) -> impl Future<Output = Result<Option<SecretVersions>, StoreError>> + Send;
    /// Gives the pending version its value. One that has a value keeps it.
    fn put_pending(
        &self,
        name: &SecretName,
        version_id: &str,
        value: &SecretString,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Makes a version the current one in the place of `before`, which must be it.
    fn make_current(
        &self,
        name: &SecretName,
        version_id: &str,
        before: Option<&str>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Where the versions of a secret stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretVersions {
    /// Names the secret.
    pub arn: String,
    /// Whether the secret is set up for rotation.
    pub is_rotated: bool,
    /// The version that is labelled `AWSCURRENT`.
    pub current: Option<String>,
    /// The version that is labelled `AWSPENDING`.
    pub pending: Option<String>,
}

/// What lies sealed under the sealing keys.
pub trait SealedRecords: Send + Sync {
    /// The ids of the keys that anything is sealed under which is there from the beginning of the call to its end.
    fn sealing_keys_in_use(&self) -> impl Future<Output = Result<BTreeSet<String>, StoreError>> + Send;
}
