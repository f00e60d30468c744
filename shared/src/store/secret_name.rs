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
    /// The secrets that webhooks are signed with.
    Webhook,
    /// The sealing key ring.
    SealingKey,
}

impl SecretName {
    /// The full name in Secrets Manager: `{prefix}/{tenant}/installation`, of a further binding
    /// `{prefix}/{tenant}/{binding_id}/installation`, `{prefix}/suite`, `{prefix}/suite/{suite_id}`, …
    #[must_use]
    pub fn under(&self, prefix: &str) -> String {
        match self {
            Self::Installation(tenant) => format!("{prefix}/{tenant}/installation"),
            Self::Scope(tenant, scope) => format!("{prefix}/{tenant}/{}", scope.as_path()),
            Self::Suite => format!("{prefix}/suite"),
            Self::AnotherSuite(suite_id) => format!("{prefix}/suite/{suite_id}"),
            Self::Webhook => format!("{prefix}/webhook"),
            Self::SealingKey => format!("{prefix}/sealing-key"),
        }
    }

    /// The secret of a tenant that has this full name; `None` for any other name.
    #[must_use]
    pub(super) fn of_tenant(name: &str, prefix: &str) -> Option<Self> {
        let below = name.strip_prefix(prefix)?.strip_prefix('/')?;
        let (tenant, kind) = below.rsplit_once('/')?;
        let tenant = TenantId::parse(tenant).ok()?;
        if kind == "installation" {
            return Some(Self::Installation(tenant));
        }
        let scope = Scope::ALL.into_iter().find(|scope| scope.as_path() == kind)?;
        Some(Self::Scope(tenant, scope))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_tenant_and_kind_of_a_name_and_nothing_in_other_names() {
        let tenant = TenantId::parse("suite").unwrap();
        let further = TenantId::parse("suite/0123456789abcdef0123456789abcdef").unwrap();
        for name in [
            SecretName::Installation(tenant.clone()),
            SecretName::Installation(further.clone()),
            SecretName::Scope(further, Scope::Contacts),
            SecretName::Scope(tenant.clone(), Scope::Contacts),
            SecretName::Scope(tenant, Scope::ExternalContacts),
        ] {
            assert_eq!(SecretName::of_tenant(&name.under("stack"), "stack"), Some(name));
        }
        for other in [
            "stack/suite",
            "stack/sealing-key",
            "stack/suite/ww3f2a9c41d07be865",
            "stack/acme/contacts/more",
            "stack/a b/contacts",
            "stack//contacts",
            "stack-2/acme/contacts",
            "other/acme/contacts",
            "acme/contacts",
        ] {
            assert_eq!(SecretName::of_tenant(other, "stack"), None, "{other}");
        }
    }
}
