//! Replays: stored events of a time that are published again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::EventFilter;
use crate::{
    audit::{Action, Actor, AuditEntry, AuditOutcome},
    ids::{EventId, EventScope, TenantId},
    position::time_key,
};

/// Which events are to be replayed, and how fast.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayRequest {
    /// The earliest arrival, included.
    pub since: Timestamp,
    /// The latest arrival, excluded.
    pub until: Timestamp,
    /// The scope; `None` is any.
    pub scope: Option<EventScope>,
    /// The type of the events (`Event`); `None` is any.
    pub event: Option<String>,
    /// The kind of change (`ChangeType`); `None` is any.
    pub change_type: Option<String>,
    /// Events a minute at most.
    pub per_minute: u32,
}

/// How far a replay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReplayStatus {
    /// It goes on every minute.
    Running,
    /// Every event that is wanted was replayed.
    Done,
    /// It was stopped before its end.
    Stopped,
}

/// A replay as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// Random id, which each of its events is published with.
    pub replay_id: String,
    /// Whose events; `None`: those of all tenants.
    pub tenant_id: Option<TenantId>,
    /// Which events.
    #[serde(flatten)]
    pub request: ReplayRequest,
    /// How far it is.
    pub status: ReplayStatus,
    /// Number of events that were replayed.
    pub replayed: u64,
    /// Where it goes on: a position in the tenant's events, or the id of an event; `None` at the beginning.
    pub position: Option<String>,
    /// Start of the replay. What arrives later is not part of it.
    pub started_at: Timestamp,
    /// Its end; `None` while it runs.
    pub ended_at: Option<Timestamp>,
    /// Who started it; `None` in replays of an earlier version.
    #[serde(default)]
    pub started_by: Option<Actor>,
}

/// An event that a replay has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayedEvent {
    /// Id of the event.
    pub event_id: EventId,
    /// The tenant that it belongs to.
    pub tenant_id: TenantId,
    /// The replay's position after it.
    pub position: String,
}

/// The next events of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplayPage {
    /// The events, in the order in which they are replayed.
    pub events: Vec<ReplayedEvent>,
    /// The position after the page; `None`: there are no more.
    pub next: Option<String>,
}

impl Replay {
    /// The events that it is about, none of which arrived after its start.
    pub(super) fn filter(&self) -> EventFilter {
        EventFilter {
            scope: self.request.scope,
            event: self.request.event.clone(),
            change_type: self.request.change_type.clone(),
            since: Some(self.request.since),
            until: Some(self.request.until.min(self.started_at)),
        }
    }

    /// The entry about its start, which is the same each time: its own id and time are the replay's. `None` if it is not known who
    /// started it.
    #[must_use]
    pub fn start_entry(&self) -> Option<AuditEntry> {
        let entry = AuditEntry {
            entry_id: self.replay_id.clone(),
            at: self.started_at,
            actor: self.started_by.clone()?,
            action: Action::ReplayStarted,
            scope: None,
            outcome: AuditOutcome::Done,
            code: None,
            details: BTreeMap::new(),
        };
        let entry = entry
            .with("replay_id", &self.replay_id)
            .with("from", &self.request.since)
            .with("to", &self.request.until);
        Some(entry)
    }

    /// The arrival of the event that a tenant's replay has come to. It goes from `until` back to `since`.
    #[must_use]
    pub fn reached_at(&self) -> Option<Timestamp> {
        self.position.as_ref()?.split_once('#')?.0.parse().ok()
    }
}

impl EventFilter {
    /// The bounds of the arrival as they are stored in `timeline_at`.
    pub(super) fn bounds(&self) -> [String; 2] {
        let bound = |at: Option<Timestamp>, open: &str| at.map_or_else(|| open.to_owned(), time_key);
        // `~` sorts after every position.
        [bound(self.since, "0"), bound(self.until, "~")]
    }
}
