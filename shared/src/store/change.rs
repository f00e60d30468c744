//! The parts of a commit.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    audit::AuditEntry,
    authorization::{Authorization, Bindings, Callback, Deleted, InstallOutcome, Recoverable},
    ids::{CallbackId, ClaimId, CorpId, EventId, Fingerprint, InstallState, Scope, TenantId},
};

/// One part of a commit. The parts of a commit are carried out together or not at all.
#[derive(Debug, Clone)]
pub enum Change {
    /// Writes the authorization, if its stored version is still the one it was read with.
    Save(Box<Authorization>),
    /// Writes the list of the tenant's further bindings, if its stored version is still the one it was read with.
    SaveBindings(TenantId, Bindings),
    /// Binds the corporation to the tenant, if no other tenant has bound it.
    BindCorp(CorpId, TenantId),
    /// Removes the binding of the corporation, if it is bound to the tenant.
    ReleaseCorp(CorpId, TenantId),
    /// Notes that a member of the corporation installed the app for the tenant. Binds nothing; the newest note replaces others.
    NoteMember(CorpId, TenantId),
    /// Removes such a note.
    ForgetMember(CorpId),
    /// Ends the claim of an installation that is bound now, if there is one.
    ForgetClaim(ClaimId),
    /// Writes the callback's corporation and generations, if its stored version is still the one it was read with.
    SaveCallback(Box<Callback>),
    /// Removes a callback: from then on its URL answers 404.
    RemoveCallback(CallbackId),
    /// Stores for which tenant an auth_code was exchanged, at this time.
    NoteExchange(Fingerprint, TenantId, Timestamp),
    /// Stores which tenant's assist link has this secret, until this time.
    PutAssistLink(Fingerprint, TenantId, Timestamp),
    /// Keeps what a re-installation restores, until the recovery window ends.
    KeepRecoverable(Box<Recoverable>),
    /// Removes what would be restored.
    ForgetRecoverable(TenantId),
    /// Removes the count of what was deleted for the tenant, if it is still this one.
    ForgetDeleted(TenantId, Deleted),
    /// Ends an install session that has not ended.
    EndInstallSession(InstallState, InstallOutcome),
    /// Notifies the platform's other services of a change.
    Notify(StateChange),
    /// Notifies the platform's other services that events may have been lost.
    NotifyGap(EventGap),
    /// Adds an entry to the tenant's audit trail.
    Audit(TenantId, AuditEntry),
}

/// A change that the platform's other services are notified of: `authorization.changed` on the event bus
/// (docs/events.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateChange {
    /// Unique id of the notification: 32 hexadecimal digits.
    pub announcement_id: String,
    /// The tenant whose authorization changed.
    pub tenant_id: TenantId,
    /// The part that changed: `installation`, `contacts.secret`, `contacts.callback`, …
    pub what: String,
    /// The previous value, a stable word.
    pub from: String,
    /// The new value, a stable word.
    pub to: String,
    /// The time of the change.
    pub at: Timestamp,
    /// Of a change of the health: the corporation, as the installed app sees it, if there is or was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corp_id: Option<CorpId>,
    /// Of a change of the health: the code of the finding that decides it, unless it is `ok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
}

/// A time in which events may have been lost, that the platform's other services are notified of: `events.gap` on the event bus
/// (docs/events.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventGap {
    /// Unique id of the notification, the same for the same gap: 32 hexadecimal digits.
    pub announcement_id: String,
    /// The tenant whose events they were.
    pub tenant_id: TenantId,
    /// The scope of the events.
    pub scope: Scope,
    /// The plaintext id of the corporation, if it is known.
    pub corp_id: Option<CorpId>,
    /// The beginning: until then events were received.
    pub from: Timestamp,
    /// The end: from then on events are received.
    pub to: Timestamp,
    /// Why events may have been lost.
    pub reason: GapReason,
}

/// Why events may have been lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// The callback ended, and WeCom has checked the URL of another one.
    SetUpAgain,
    /// The corporation removed the app, and has installed it again: the callback is restored.
    InstalledAgain,
    /// The callback received nothing for 30 days, and receives events again.
    Silent,
}

impl EventGap {
    /// The gap before `to` of the callback that receives events from then on.
    #[must_use]
    pub fn before(callback: &Callback, from: Timestamp, to: Timestamp, reason: GapReason) -> Self {
        let id = EventId::of(callback.callback_id.as_str(), from.to_string().as_bytes());
        Self {
            announcement_id: id.to_string(),
            tenant_id: callback.tenant_id.clone(),
            scope: callback.scope,
            corp_id: callback.corp_id.clone(),
            from,
            to,
            reason,
        }
    }
}

/// A change of the deployment's receiver of webhooks, that the platform's other services are notified of: `webhooks.changed` on the
/// event bus (docs/events.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiverChange {
    /// Unique id of the notification: 32 hexadecimal digits.
    pub announcement_id: String,
    /// Host of the receiver's URL. The rest of it may contain what opens something.
    pub receiver: String,
    /// The previous state.
    pub from: ReceiverState,
    /// The new state.
    pub to: ReceiverState,
    /// The time of the change.
    pub at: Timestamp,
    /// Why it was disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DisabledBecause>,
    /// The first failure since its last success.
    pub failing_since: Timestamp,
}

/// Whether a receiver of webhooks gets any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiverState {
    /// It gets webhooks, apart from the circuit breaker's pauses.
    Enabled,
    /// It gets nothing until it is enabled.
    Disabled,
}

/// Why a receiver of webhooks was disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisabledBecause {
    /// It has failed for five days without a success.
    Failing,
    /// It has answered 410 (Gone).
    Gone,
}
