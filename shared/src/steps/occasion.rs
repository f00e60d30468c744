//! Who acts, when, and with what randomness: what every step that changes something is told.

use jiff::Timestamp;

use crate::{
    audit::{Action, Actor, AuditEntry},
    authorization::{Authorization, Callback, Difference},
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

/// What other services are told of what differs for a tenant.
pub(super) fn announcements(
    tenant_id: &TenantId,
    differences: Vec<Difference>,
    occasion: Occasion<'_>,
) -> Vec<Announcement> {
    let announce = |Difference { what, from, to }| Announcement {
        announcement_id: random_id(occasion.entropy),
        tenant_id: tenant_id.clone(),
        what,
        from,
        to,
        at: occasion.now(),
    };
    differences.into_iter().map(announce).collect()
}

fn announced(tenant_id: &TenantId, differences: Vec<Difference>, occasion: Occasion<'_>) -> Vec<Change> {
    let announcements = announcements(tenant_id, differences, occasion);
    announcements.into_iter().map(Change::Announce).collect()
}

/// A changed authorization as part of a commit, with what other services are told of the difference.
pub(super) fn saved(before: &Authorization, after: Authorization, occasion: Occasion<'_>) -> Vec<Change> {
    let mut changes = announced(&after.tenant_id, before.differences(&after), occasion);
    changes.push(Change::Save(Box::new(after)));
    changes
}

/// A changed or new callback as part of a commit, with what other services are told of the difference.
pub(super) fn saved_callback(before: Option<&Callback>, after: Callback, occasion: Occasion<'_>) -> Vec<Change> {
    let differences = Callback::differences(before, Some(&after));
    let mut changes = announced(&after.tenant_id, differences, occasion);
    changes.push(Change::SaveCallback(Box::new(after)));
    changes
}

/// The end of a callback as part of a commit, with what other services are told of it.
pub(super) fn removed_callback(callback: &Callback, occasion: Occasion<'_>) -> Vec<Change> {
    let differences = Callback::differences(Some(callback), None);
    let mut changes = announced(&callback.tenant_id, differences, occasion);
    changes.push(Change::RemoveCallback(callback.callback_id.clone()));
    changes
}

/// A line of the audit trail as part of a commit, so that nothing is changed without it.
pub(super) fn audited(tenant_id: &TenantId, entry: AuditEntry) -> Change {
    Change::Audit(tenant_id.clone(), entry)
}
