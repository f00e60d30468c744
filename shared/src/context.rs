//! The context of an operation: who acts, when, and the source of randomness; and the parts of a commit that follow from it.

use jiff::Timestamp;

use crate::{
    audit::{Action, Actor, AuditEntry},
    authorization::{Authorization, Callback, Difference, HEALTH},
    clock::Clock,
    entropy::{Entropy, random_id},
    ids::TenantId,
    store::{Change, StateChange},
};

/// The context of an operation.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The actor, for the audit trail.
    pub actor: &'a Actor,
    /// The source of the time.
    pub clock: &'a dyn Clock,
    /// The source of randomness.
    pub entropy: &'a dyn Entropy,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Context")
            .field("actor", self.actor)
            .finish_non_exhaustive()
    }
}

impl Context<'_> {
    /// The current time of [`Context::clock`].
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// An entry of the audit trail about something that is done now.
    #[must_use]
    pub fn entry(&self, action: Action) -> AuditEntry {
        AuditEntry::done(action, self.actor, self.now(), self.entropy)
    }
}

/// The notifications of other services about the differences of a tenant's state.
pub(crate) fn state_changes(
    tenant_id: &TenantId,
    differences: Vec<Difference>,
    context: Context<'_>,
) -> Vec<StateChange> {
    let state_change = |Difference { what, from, to }| StateChange {
        announcement_id: random_id(context.entropy),
        tenant_id: tenant_id.clone(),
        what,
        from,
        to,
        at: context.now(),
        corp_id: None,
        finding: None,
    };
    differences.into_iter().map(state_change).collect()
}

fn notifications(tenant_id: &TenantId, differences: Vec<Difference>, context: Context<'_>) -> Vec<Change> {
    let changes = state_changes(tenant_id, differences, context);
    changes.into_iter().map(Change::Notify).collect()
}

/// A changed authorization as part of a commit, with the notifications about the differences.
pub(crate) fn saved(before: &Authorization, after: Authorization, context: Context<'_>) -> Vec<Change> {
    let mut changes = state_changes(&after.tenant_id, before.differences(&after), context);
    let corp_id = after.installation.as_ref().or(before.installation.as_ref());
    for change in changes.iter_mut().filter(|change| change.what == HEALTH) {
        change.corp_id = corp_id.map(|installation| installation.corp_id.clone());
        change.finding.clone_from(&after.finding);
    }
    let mut changes: Vec<_> = changes.into_iter().map(Change::Notify).collect();
    changes.push(Change::Save(Box::new(after)));
    changes
}

/// A changed or new callback as part of a commit, with the notifications about the differences.
pub(crate) fn saved_callback(before: Option<&Callback>, after: Callback, context: Context<'_>) -> Vec<Change> {
    let differences = Callback::differences(before, Some(&after));
    let mut changes = notifications(&after.tenant_id, differences, context);
    changes.push(Change::SaveCallback(Box::new(after)));
    changes
}

/// The end of a callback as part of a commit, with the notifications about it.
pub(crate) fn removed_callback(callback: &Callback, context: Context<'_>) -> Vec<Change> {
    let differences = Callback::differences(Some(callback), None);
    let mut changes = notifications(&callback.tenant_id, differences, context);
    changes.push(Change::RemoveCallback(callback.callback_id.clone()));
    changes
}

/// An entry of the audit trail as part of a commit, so that nothing is changed without it.
pub(crate) fn audited(tenant_id: &TenantId, entry: AuditEntry) -> Change {
    Change::Audit(tenant_id.clone(), entry)
}
