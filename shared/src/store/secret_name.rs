//! The names of secrets in Secrets Manager.

use crate::ids::{Scope, TenantId};

/// The name of a secret, below the deployment's prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretName {
    /// A tenant's permanent code.
    Installation(TenantId),
    /// A tenant's 通讯录Secret or 客户Secret.
    Scope(TenantId, Scope),
    /// The suite's own secret.
    Suite,
    /// The sealing key ring.
    SealingKey,
}

impl SecretName {
    /// The full name in Secrets Manager: `{prefix}/{tenant}/installation`, `{prefix}/suite`, …
    #[must_use]
    pub fn under(&self, prefix: &str) -> String {
        match self {
            Self::Installation(tenant) => format!("{prefix}/{tenant}/installation"),
            Self::Scope(tenant, scope) => format!("{prefix}/{tenant}/{}", scope.as_path()),
            Self::Suite => format!("{prefix}/suite"),
            Self::SealingKey => format!("{prefix}/sealing-key"),
        }
    }
}
