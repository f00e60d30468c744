//! The names of secrets in Secrets Manager.

use crate::ids::{Scope, SuiteId, TenantId};

/// The name of a secret, below the deployment's prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretName {
    /// A tenant's permanent code.
    Installation(TenantId),
    /// A tenant's 通讯录Secret or 客户Secret.
    Scope(TenantId, Scope),
    /// The first suite's own secret.
    Suite,
    /// The own secret of another suite.
    AnotherSuite(SuiteId),
    /// The sealing key ring.
    SealingKey,
}

impl SecretName {
    /// The full name in Secrets Manager: `{prefix}/{tenant}/installation`, `{prefix}/suite`,
    /// `{prefix}/suite/{suite_id}`, …
    #[must_use]
    pub fn under(&self, prefix: &str) -> String {
        match self {
            Self::Installation(tenant) => format!("{prefix}/{tenant}/installation"),
            Self::Scope(tenant, scope) => format!("{prefix}/{tenant}/{}", scope.as_path()),
            Self::Suite => format!("{prefix}/suite"),
            Self::AnotherSuite(suite_id) => format!("{prefix}/suite/{suite_id}"),
            Self::SealingKey => format!("{prefix}/sealing-key"),
        }
    }
}
