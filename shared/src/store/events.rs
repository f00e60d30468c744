//! Events: what is kept of each, and how they are read back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Position;
use crate::ids::{BindingId, CallbackId, CorpId, EventId, EventScope, TenantId};

/// The XML of an event as JSON: every element kept, repeated ones as arrays, values as strings.
pub type Payload = Map<String, Value>;

/// An event of a corporation that is to be stored. `Debug` does not show what it said.
#[derive(Clone)]
pub struct NewEvent {
    /// Hash of the callback and the plaintext ([`EventId::of`]).
    pub event_id: EventId,
    /// Random, for this delivery: tells a write whose answer was lost from another delivery.
    pub delivery_id: String,
    /// Where it was delivered to.
    pub source: EventSource,
    /// `Event`; empty when there is none.
    pub event: String,
    /// `ChangeType`, where there is one.
    pub change_type: Option<String>,
    /// The time at which WeCom created it (`CreateTime`), if it is given.
    pub created_at: Option<Timestamp>,
    /// The time at which it arrived.
    pub received_at: Timestamp,
    /// Days for which the tenant has events stored; `None`, or more than the deployment's: as long as the deployment does.
    pub retention_days: Option<u16>,
    /// Whether the message was not well-formed: the payload may lack a part of it.
    pub damaged: bool,
    /// The decrypted XML as JSON.
    pub payload: Payload,
}

impl std::fmt::Debug for NewEvent {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("NewEvent")
            .field("event_id", &self.event_id)
            .field("source", &self.source)
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}

/// Where an event was delivered to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSource {
    /// The id of the callback, as in its URL; `None` for the callback of an app, which corporations share.
    pub callback_id: Option<CallbackId>,
    /// The tenant that the event belongs to.
    pub tenant_id: TenantId,
    /// The scope of the callback, or of the event if the callback takes all.
    pub scope: EventScope,
    /// The plaintext id of the corporation (企业ID); at an app's callback the id as the app sees it.
    pub corp_id: CorpId,
}

/// The outcome of storing an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendOutcome {
    /// The event is new and was stored.
    Stored,
    /// The event was stored before.
    Duplicate,
    /// The event was stored before, and repeated so often that its repetitions are no longer counted.
    OftenRepeated,
}

/// An event of a tenant, as it is read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Event {
    /// Unique id: SHA-256 of callback id and plaintext, as 32 hex digits.
    pub event_id: EventId,
    /// Tenant whose callback received the event.
    pub tenant_id: TenantId,
    /// Which of the tenant's bindings it belongs to.
    pub binding_id: BindingId,
    /// Callback that received the event, or what the event is about, if it arrived at the callback of an app.
    pub scope: EventScope,
    /// Plaintext id of the corporation; at the callback of an app the id as the app sees it, encrypted.
    pub corp_id: CorpId,
    /// WeCom's `Event`, such as `change_contact`.
    pub event: String,
    /// `ChangeType`, where there is one.
    pub change_type: Option<String>,
    /// Time at which WeCom made the event (`CreateTime`).
    pub created_at: Option<Timestamp>,
    /// Time of arrival.
    pub received_at: Timestamp,
    /// Number of redeliveries by WeCom.
    pub duplicates: u64,
    /// Whether the message was not well-formed: the payload may lack a part of it. Absent otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub damaged: bool,
    /// Decrypted message as a JSON object; values are strings as WeCom sent them.
    pub payload: Payload,
}

/// An event without what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct EventHead {
    /// Unique id.
    pub event_id: EventId,
    /// Callback that received the event, or what the event is about, if it arrived at the callback of an app.
    pub scope: EventScope,
    /// WeCom's `Event`, such as `change_contact`.
    pub event: String,
    /// `ChangeType`, where there is one.
    pub change_type: Option<String>,
    /// Time at which WeCom made the event (`CreateTime`).
    pub created_at: Option<Timestamp>,
    /// Time of arrival.
    pub received_at: Timestamp,
    /// Number of redeliveries by WeCom.
    pub duplicates: u64,
    /// Whether the message was not well-formed.
    pub damaged: bool,
}

/// Which events are wanted; `None` is any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EventFilter {
    /// The scope.
    pub scope: Option<EventScope>,
    /// The type of the event (`Event`).
    pub event: Option<String>,
    /// The kind of change (`ChangeType`).
    pub change_type: Option<String>,
    /// The earliest arrival, included.
    pub since: Option<Timestamp>,
    /// The latest arrival, excluded.
    pub until: Option<Timestamp>,
}

/// A page of events, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPage {
    /// The events, newest first.
    pub events: Vec<Event>,
    /// The position from which the next page goes on, if there may be one.
    pub next: Option<Position>,
}
