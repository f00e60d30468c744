//! The differences that other services are notified of: the words that describe a state, compared before and after.

use super::{AuthMode, Authorization, Callback, CallbackStatus, InstallationStatus};
use crate::ids::Scope;

/// `what` of a change of the health.
pub const HEALTH: &str = "health";

/// A difference between two states, in stable words. It contains no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The part that changed: `installation`, `contacts.secret`, `contacts.callback`, …
    pub what: String,
    /// The previous value, a stable word.
    pub from: String,
    /// The new value, a stable word.
    pub to: String,
}

impl Difference {
    fn between(what: impl Into<String>, from: &str, to: &str) -> Option<Self> {
        (from != to).then(|| Self {
            what: what.into(),
            from: from.to_owned(),
            to: to.to_owned(),
        })
    }
}

impl Authorization {
    /// The differences between two states of one tenant.
    #[must_use]
    pub fn differences(&self, after: &Self) -> Vec<Difference> {
        let mut differences = vec![Difference::between(
            "installation",
            self.installation_word(),
            after.installation_word(),
        )];
        // The privileges of an app that was just installed are not a change.
        if let (Some(from), Some(to)) = (self.privilege_word(), after.privilege_word()) {
            differences.push(Difference::between("installation.privilege", from, to));
        }
        for scope in Scope::ALL {
            let what = |part: &str| format!("{}.{part}", scope.as_str());
            let [from, to] = [self, after].map(|state| state.secret_words(scope));
            differences.push(Difference::between(what("secret"), from.0, to.0));
            differences.push(Difference::between(what("kind_check"), from.1, to.1));
        }
        differences.push(Difference::between(
            "completion",
            self.completion_word(),
            after.completion_word(),
        ));
        let [from, to] = [self, after].map(|state| state.settings.chosen_domain().unwrap_or("default"));
        differences.push(Difference::between("settings.callback_domain", from, to));
        differences.push(Difference::between(HEALTH, self.health.as_str(), after.health.as_str()));
        differences.into_iter().flatten().collect()
    }

    fn installation_word(&self) -> &'static str {
        match &self.installation {
            None => "not_installed",
            Some(installation) => match (installation.status, installation.auth_mode) {
                (InstallationStatus::Cancelled, _) => "cancelled",
                (InstallationStatus::AwaitingConfirmation, _) => "awaiting_confirmation",
                (InstallationStatus::Installed, AuthMode::Admin) => "installed",
                (InstallationStatus::Installed, AuthMode::Member) => "installed_by_member",
            },
        }
    }

    fn privilege_word(&self) -> Option<&str> {
        let privilege = self.installed()?.privilege.as_ref()?;
        Some(privilege.fingerprint.as_str())
    }

    fn secret_words(&self, scope: Scope) -> (&'static str, &'static str) {
        match &self.scope(scope).secret {
            None => ("missing", "none"),
            Some(secret) => (secret.status.as_str(), secret.kind_check.as_str()),
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

impl Callback {
    /// The differences between two states of one callback; `None` is a callback that does not exist.
    #[must_use]
    pub fn differences(before: Option<&Self>, after: Option<&Self>) -> Vec<Difference> {
        let Some(scope) = before.or(after).map(|callback| callback.scope) else {
            return Vec::new();
        };
        let (from, to) = (words(before), words(after));
        ["callback", "rotation", "previous_credentials"]
            .into_iter()
            .zip(from.into_iter().zip(to))
            .filter_map(|(part, (from, to))| Difference::between(format!("{}.{part}", scope.as_str()), from, to))
            .collect()
    }
}

/// The status of the callback, whether new credentials are pending, and whether replaced ones are still valid.
fn words(callback: Option<&Callback>) -> [&'static str; 3] {
    let status = CallbackStatus::of(callback);
    let pending = callback.is_some_and(|callback| callback.is_verified() && callback.pending.is_some());
    let previous = callback.is_some_and(|callback| !callback.previous.is_empty());
    [
        status.as_str(),
        if pending { "pending" } else { "none" },
        if previous { "valid" } else { "none" },
    ]
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        authorization::Generation,
        ids::{CallbackId, TenantId},
    };

    fn words_of(differences: &[Difference]) -> Vec<(&str, &str, &str)> {
        differences
            .iter()
            .map(|d| (d.what.as_str(), d.from.as_str(), d.to.as_str()))
            .collect()
    }

    #[test]
    fn tells_each_step_of_a_callbacks_life() {
        let at = |second: i64| Timestamp::from_second(1_790_000_000 + second).unwrap();
        let hour = jiff::SignedDuration::from_hours(1);
        let generation = |number| Generation {
            number,
            sealed: "sealed".to_owned(),
            created_at: at(0),
        };
        let id = CallbackId::parse(&"a".repeat(32)).unwrap();
        let mut now = Callback::new(id, TenantId::parse("acme").unwrap(), Scope::Contacts);
        let mut notified = Vec::new();
        let mut then = None;
        let mut step = |now: Option<&Callback>| {
            notified.extend(Callback::differences(then.as_ref(), now));
            then = now.cloned();
        };
        now.propose(generation(1));
        step(Some(&now));
        now.promote(1, at(1), hour);
        step(Some(&now));
        now.propose(generation(2));
        step(Some(&now));
        now.promote(2, at(2), hour);
        step(Some(&now));
        now.end_previous(at(2) + hour);
        step(Some(&now));
        step(None);
        assert_eq!(
            words_of(&notified),
            [
                ("contacts.callback", "none", "awaiting_verification"),
                ("contacts.callback", "awaiting_verification", "verified"),
                ("contacts.rotation", "none", "pending"),
                ("contacts.rotation", "pending", "none"),
                ("contacts.previous_credentials", "none", "valid"),
                ("contacts.previous_credentials", "valid", "none"),
                ("contacts.callback", "verified", "none"),
            ]
        );
        assert_eq!(Callback::differences(Some(&now), Some(&now)), []);
    }
}
