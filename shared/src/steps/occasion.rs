//! Who acts, when, and with what randomness: what every step that changes something is told.

use jiff::Timestamp;

use crate::{
    audit::{Action, Actor, AuditEntry},
    authorization::Authorization,
    clock::Clock,
    entropy::{Entropy, random_id},
    ids::TenantId,
    store::{Announcement, Change},
};

/// The circumstances of a step.
#[derive(Clone, Copy)]
pub struct Occasion<'a> {
    /// Who acts.
    pub actor: &'a Actor,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Randomness.
    pub entropy: &'a dyn Entropy,
}

impl std::fmt::Debug for Occasion<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Occasion")
            .field("actor", self.actor)
            .finish_non_exhaustive()
    }
}

impl Occasion<'_> {
    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A line of the audit trail about something that is done now.
    #[must_use]
    pub fn entry(&self, action: Action) -> AuditEntry {
        AuditEntry::done(action, self.actor, self.now(), self.entropy)
    }
}

/// A changed authorization as part of a commit, with what other services are told of the difference.
pub(super) fn saved(before: &Authorization, after: Authorization, occasion: Occasion<'_>) -> Vec<Change> {
    let announce = |(what, from, to): (&str, &str, &str)| {
        Change::Announce(Announcement {
            announcement_id: random_id(occasion.entropy),
            tenant_id: after.tenant_id.clone(),
            what: what.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            at: occasion.now(),
        })
    };
    let mut changes: Vec<Change> = before.differences(&after).into_iter().map(announce).collect();
    changes.push(Change::Save(Box::new(after)));
    changes
}

/// A line of the audit trail as part of a commit, so that nothing is changed without it.
pub(super) fn audited(tenant_id: &TenantId, entry: AuditEntry) -> Change {
    Change::Audit(tenant_id.clone(), entry)
}
