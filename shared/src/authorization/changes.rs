//! What other services are told of a change: the words that describe a state, compared before and after.

use super::{AuthMode, Authorization, InstallationStatus, SecretStatus};
use crate::ids::Scope;

impl Authorization {
    /// What differs between two states of one tenant: what, from, to. In stable words, without anything secret.
    #[must_use]
    pub fn differences(&self, after: &Self) -> Vec<(&'static str, &'static str, &'static str)> {
        let both = [
            ("installation", self.installation_word(), after.installation_word()),
            (
                "contacts.secret",
                self.secret_word(Scope::Contacts),
                after.secret_word(Scope::Contacts),
            ),
            (
                "external_contacts.secret",
                self.secret_word(Scope::ExternalContacts),
                after.secret_word(Scope::ExternalContacts),
            ),
            ("completion", self.completion_word(), after.completion_word()),
        ];
        both.into_iter().filter(|(_, from, to)| from != to).collect()
    }

    fn installation_word(&self) -> &'static str {
        match &self.installation {
            None => "not_installed",
            Some(installation) => match (installation.status, installation.auth_mode) {
                (InstallationStatus::Cancelled, _) => "cancelled",
                (InstallationStatus::Installed, AuthMode::Admin) => "installed",
                (InstallationStatus::Installed, AuthMode::Member) => "installed_by_member",
            },
        }
    }

    fn secret_word(&self, scope: Scope) -> &'static str {
        match self.scope(scope).secret.as_ref().map(|secret| secret.status) {
            None => "missing",
            Some(SecretStatus::Accepted) => "accepted",
            Some(SecretStatus::Rejected) => "rejected",
        }
    }

    fn completion_word(&self) -> &'static str {
        if self.completed_at.is_some() {
            "completed"
        } else {
            "open"
        }
    }
}
