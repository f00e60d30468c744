//! The audit trail: actor, operation, time, source address and outcome. Append-only. It never contains a secret.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    entropy::{Entropy, random_id},
    ids::Scope,
    position::Position,
};

/// Person or system that acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Actor {
    /// Kind of actor.
    pub kind: ActorKind,
    /// The subject of an admin's or operator's token.
    pub id: Option<String>,
    /// The address that the request came from.
    pub source_ip: Option<String>,
}

/// Kind of actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// An admin of the tenant.
    Admin,
    /// WeCom, by a callback.
    Wecom,
    /// Somebody who opened an assist link.
    Colleague,
    /// Somebody who runs the platform.
    Operator,
    /// A schedule of ours, or another service of the platform; also a word of a newer version.
    #[serde(other)]
    System,
}

impl Actor {
    /// WeCom, authenticated by its signature.
    #[must_use]
    pub fn wecom() -> Self {
        Self {
            kind: ActorKind::Wecom,
            id: None,
            source_ip: None,
        }
    }

    /// Somebody who has an assist link, at this address.
    #[must_use]
    pub fn colleague(source_ip: Option<&str>) -> Self {
        Self {
            kind: ActorKind::Colleague,
            id: None,
            source_ip: source_ip.map(ToOwned::to_owned),
        }
    }

    /// Somebody who runs the platform, as they name themselves.
    #[must_use]
    pub fn operator(id: &str) -> Self {
        Self {
            kind: ActorKind::Operator,
            id: Some(id.to_owned()),
            source_ip: None,
        }
    }

    /// A schedule, or another service of the platform.
    #[must_use]
    pub fn system() -> Self {
        Self {
            kind: ActorKind::System,
            id: None,
            source_ip: None,
        }
    }
}

/// Kind of action that an audit entry records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A binding was added, for a further corporation.
    BindingAdded,
    /// An install link was made.
    InstallationStarted,
    /// The app was installed, or installed again.
    Installed,
    /// The binding was imported from another platform.
    Imported,
    /// Everything that opens the binding was exported, sealed to a key.
    Exported,
    /// The admin confirmed the corporation whose administrator scanned a QR code.
    InstallationConfirmed,
    /// WeCom changed the authorization's range, mode or permanent code.
    AuthorizationChanged,
    /// The corporation removed the app.
    AuthorizationCancelled,
    /// A Secret was registered.
    SecretRegistered,
    /// WeCom no longer takes a Secret, or takes it again.
    SecretChecked,
    /// Credentials were generated.
    CredentialsGenerated,
    /// Credentials were shown again.
    CredentialsShown,
    /// An assist link was made.
    AssistLinkCreated,
    /// An assist link was opened: its values were shown.
    AssistLinkOpened,
    /// An assist link was revoked.
    AssistLinkRevoked,
    /// WeCom checked the callback's URL with new credentials.
    CallbackVerified,
    /// The callback was tested.
    CallbackTested,
    /// The settings were changed.
    SettingsChanged,
    /// The wizard was completed.
    Completed,
    /// An event was replayed.
    EventReplayed,
    /// A replay of the events of a time was started.
    ReplayStarted,
    /// A replay was stopped before its end.
    ReplayStopped,
    /// The authorization was disconnected.
    Disconnected,
    /// The data of an authorization that ended were deleted: the certificate about it.
    DataDeleted,
    /// An operator looked at the state, the events and this trail.
    TenantViewed,
    /// An operator asked WeCom about the authorization and the Secrets.
    TenantChecked,
    /// Somebody looked at what the events about a person say.
    PersonViewed,
    /// The events about a person were deleted on request.
    PersonDeleted,
    /// WeCom refused a call for this tenant as too frequent; such calls pause.
    CallsPaused,
    /// A word of a newer version.
    #[serde(other)]
    Unknown,
}

/// Outcome of an action that an audit entry records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// The action took effect.
    Done,
    /// The action was refused; nothing changed.
    Refused,
}

/// One line of the trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct AuditEntry {
    /// Unique id of the entry, which sorts by time.
    pub entry_id: String,
    /// Time of the action.
    pub at: Timestamp,
    /// Person or system that acted.
    pub actor: Actor,
    /// Kind of action.
    pub action: Action,
    /// Callback that the action concerns; none for the whole authorization.
    pub scope: Option<Scope>,
    /// Outcome of the action.
    pub outcome: AuditOutcome,
    /// The code of a refusal.
    pub code: Option<String>,
    /// More about it: numbers, names, last four characters; never a value that opens anything.
    pub details: BTreeMap<String, String>,
}

impl AuditEntry {
    /// An entry about something that was done.
    pub fn done(action: Action, actor: &Actor, at: Timestamp, entropy: &dyn Entropy) -> Self {
        Self {
            entry_id: random_id(entropy),
            at,
            actor: actor.clone(),
            action,
            scope: None,
            outcome: AuditOutcome::Done,
            code: None,
            details: BTreeMap::new(),
        }
    }

    /// The same entry, refused with this code.
    #[must_use]
    pub fn refused(self, code: &str) -> Self {
        Self {
            outcome: AuditOutcome::Refused,
            code: Some(code.to_owned()),
            ..self
        }
    }

    /// The same entry, about an operation on this scope.
    #[must_use]
    pub fn of(self, scope: Scope) -> Self {
        Self {
            scope: Some(scope),
            ..self
        }
    }

    /// The same entry with one more detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: &(impl ToString + ?Sized)) -> Self {
        self.details.insert(name.to_owned(), value.to_string());
        self
    }
}

/// A page of the audit trail, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// The entries, newest first.
    pub entries: Vec<AuditEntry>,
    /// The last entry's position, if there may be more after it.
    pub next: Option<Position>,
}
