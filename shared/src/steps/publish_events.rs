//! Publishes stored events and changes of authorizations on the event bus.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::form_urlencoded;

use crate::{
    authorization::HEALTH,
    event_bus::BusEvent,
    ids::{BindingId, CallbackId, CorpId, EventId, EventScope, Scope, TenantId},
    store::{DisabledBecause, EventGap, GapReason, ReceiverChange, ReceiverState, StateChange},
};

/// An event as it is stored, as far as the bus is concerned.
#[derive(Debug, Deserialize)]
pub struct StoredEvent {
    /// Unique id of the event, for de-duplication.
    pub event_id: EventId,
    /// Tenant whose callback received the event.
    pub tenant_id: TenantId,
    /// Callback that received the event; none at the callback of an app.
    pub callback_id: Option<CallbackId>,
    /// Which callback received it, or what it is about.
    pub scope: EventScope,
    /// Id of the corporation: plaintext, or as the app sees it.
    pub corp_id: CorpId,
    /// WeCom's `Event`, such as `change_contact`.
    pub event: String,
    /// WeCom's `ChangeType`, where there is one.
    pub change_type: Option<String>,
    /// Time at which WeCom made the event (`CreateTime`).
    pub created_at: Option<Timestamp>,
    /// Time of arrival.
    pub received_at: Timestamp,
    /// JSON text, or its beginning when there are `parts`.
    pub payload: String,
    /// Number of items that hold the rest of the payload.
    pub parts: usize,
    /// Number of replays so far.
    #[serde(default)]
    pub replays: u64,
    /// Id of the newest replay, if the event was replayed.
    pub replay_id: Option<String>,
    /// There when the message was not well-formed.
    pub damaged: Option<String>,
}

/// `detail` of `wecom.event`.
#[derive(Serialize)]
struct EventDetail<'a> {
    event_id: &'a EventId,
    tenant_id: TenantId,
    binding_id: BindingId,
    scope: EventScope,
    corp_id: &'a CorpId,
    event: &'a str,
    change_type: Option<&'a str>,
    created_at: Option<Timestamp>,
    received_at: Timestamp,
    replays: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    replay_id: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    damaged: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_at: Option<String>,
}

impl StoredEvent {
    /// `wecom.event`. An event that is too large for the bus says where its payload can be read instead.
    #[must_use]
    pub fn on_bus(&self) -> BusEvent {
        let whole = self.with_payload(self.whole_payload());
        if whole.fits() { whole } else { self.with_payload(None) }
    }

    fn whole_payload(&self) -> Option<Value> {
        (self.parts == 0)
            .then(|| serde_json::from_str(&self.payload).ok())
            .flatten()
    }

    fn with_payload(&self, payload: Option<Value>) -> BusEvent {
        let payload_at = match payload {
            Some(_) => None,
            None if self.tenant_id.is_further() => Some(format!(
                "/authorizations/{}/events/{}",
                self.tenant_id.binding_id(),
                self.event_id
            )),
            None => Some(format!("/authorization/events/{}", self.event_id)),
        };
        let detail = EventDetail {
            event_id: &self.event_id,
            tenant_id: self.tenant_id.tenant(),
            binding_id: self.tenant_id.binding_id(),
            scope: self.scope,
            corp_id: &self.corp_id,
            event: &self.event,
            change_type: self.change_type.as_deref(),
            created_at: self.created_at,
            received_at: self.received_at,
            replays: self.replays,
            replay_id: self.replay_id.as_deref(),
            damaged: self.damaged.is_some(),
            payload,
            payload_at,
        };
        let group = self
            .callback_id
            .as_ref()
            .map_or(self.corp_id.as_str(), CallbackId::as_str);
        let id = match &self.replay_id {
            None => self.event_id.to_string(),
            Some(replay_id) => format!("{}-{replay_id}", self.event_id),
        };
        bus_event("wecom.event", self.received_at, &detail, [group.to_owned(), id])
    }
}

/// `detail` of `authorization.changed`.
#[derive(Serialize)]
struct ChangeDetail<'a> {
    tenant_id: TenantId,
    binding_id: BindingId,
    what: &'a str,
    from: &'a str,
    to: &'a str,
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    corp_id: Option<&'a CorpId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<&'a str>,
    /// Of a change of the health: the operators' view of the tenant, below the deployment's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
}

impl StateChange {
    /// Bus entry of the type `authorization.changed`.
    #[must_use]
    pub fn on_bus(&self) -> BusEvent {
        let detail = ChangeDetail {
            tenant_id: self.tenant_id.tenant(),
            binding_id: self.tenant_id.binding_id(),
            what: &self.what,
            from: &self.from,
            to: &self.to,
            at: self.at,
            corp_id: self.corp_id.as_ref(),
            finding: self.finding.as_deref(),
            page: (self.what == HEALTH).then(|| format!("/operator?tenant={}", encoded(&self.tenant_id.tenant()))),
        };
        let names = [self.tenant_id.to_string(), self.announcement_id.clone()];
        bus_event("authorization.changed", self.at, &detail, names)
    }
}

/// `detail` of `webhooks.changed`.
#[derive(Serialize)]
struct ReceiverDetail<'a> {
    receiver: &'a str,
    from: ReceiverState,
    to: ReceiverState,
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<DisabledBecause>,
    failing_since: Timestamp,
}

impl ReceiverChange {
    /// Bus entry of the type `webhooks.changed`.
    #[must_use]
    pub fn on_bus(&self) -> BusEvent {
        let detail = ReceiverDetail {
            receiver: &self.receiver,
            from: self.from,
            to: self.to,
            at: self.at,
            reason: self.reason,
            failing_since: self.failing_since,
        };
        let names = ["webhooks".to_owned(), self.announcement_id.clone()];
        bus_event("webhooks.changed", self.at, &detail, names)
    }
}

/// `detail` of `events.gap`.
#[derive(Serialize)]
struct GapDetail<'a> {
    tenant_id: TenantId,
    binding_id: BindingId,
    scope: Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    corp_id: Option<&'a CorpId>,
    from: Timestamp,
    to: Timestamp,
    reason: GapReason,
}

impl EventGap {
    /// Bus entry of the type `events.gap`.
    #[must_use]
    pub fn on_bus(&self) -> BusEvent {
        let detail = GapDetail {
            tenant_id: self.tenant_id.tenant(),
            binding_id: self.tenant_id.binding_id(),
            scope: self.scope,
            corp_id: self.corp_id.as_ref(),
            from: self.from,
            to: self.to,
            reason: self.reason,
        };
        let names = [self.tenant_id.to_string(), self.announcement_id.clone()];
        bus_event("events.gap", self.to, &detail, names)
    }
}

/// The tenant as a value of a query: an id may have `+`, `=` and `@`.
fn encoded(tenant_id: &TenantId) -> String {
    form_urlencoded::byte_serialize(tenant_id.as_str().as_bytes()).collect()
}

fn bus_event(
    detail_type: &'static str,
    time: Timestamp,
    detail: &impl Serialize,
    [group, id]: [String; 2],
) -> BusEvent {
    BusEvent {
        detail_type,
        time,
        // Maps with text as keys, so there is nothing that could fail.
        detail: serde_json::to_string(detail).unwrap_or_default(),
        group,
        id,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stored(payload: &Value) -> StoredEvent {
        serde_json::from_value(json!({
            "event_id": "74945b243d9a6b6ee8bfaf5ce3736a39",
            "tenant_id": "acme",
            "scope": "contacts",
            "corp_id": "ww0a1b2c3d4e5f6071",
            "event": "change_contact",
            "change_type": "create_user",
            "created_at": "2026-11-22T15:56:32Z",
            "received_at": "2026-11-22T15:56:32.291Z",
            "payload": payload.to_string(),
            "parts": 0,
        }))
        .unwrap()
    }

    fn detail(event: &StoredEvent) -> Value {
        serde_json::from_str(&event.on_bus().detail).unwrap()
    }

    #[test]
    fn has_the_payload_as_an_object_with_wecoms_values_as_they_were_sent() {
        let payload = json!({"ChangeType": "create_user", "MainDepartment": "007", "Item": ["1", "2"]});
        let detail = detail(&stored(&payload));
        assert_eq!(detail["payload"], payload);
        assert_eq!(detail["replays"], 0);
        assert_eq!(detail.get("replay_id"), None);
        assert_eq!(detail.get("payload_at"), None);
    }

    #[test]
    fn says_where_a_payload_is_that_is_too_large() {
        let at = json!("/authorization/events/74945b243d9a6b6ee8bfaf5ce3736a39");
        let large = stored(&json!({"Name": "企".repeat(90_000)}));
        let mut parted = stored(&json!({"Name": "x"}));
        parted.parts = 1;
        for event in [large, parted] {
            assert!(event.on_bus().fits());
            let detail = detail(&event);
            assert_eq!(detail["payload_at"], at);
            assert_eq!(detail.get("payload"), None);
        }
    }

    #[test]
    fn says_whose_event_it_is_and_of_which_binding() {
        let of = |tenant_id: &str| {
            let mut event = stored(&json!({"Name": "x"}));
            event.tenant_id = TenantId::parse(tenant_id).unwrap();
            event.parts = 1;
            let detail = detail(&event);
            ["tenant_id", "binding_id", "payload_at"].map(|name| detail[name].as_str().unwrap().to_owned())
        };
        let id = "0123456789abcdef0123456789abcdef";
        let event = "74945b243d9a6b6ee8bfaf5ce3736a39";
        assert_eq!(of("acme"), ["acme", "first", &format!("/authorization/events/{event}")]);
        assert_eq!(
            of(&format!("acme/{id}")),
            ["acme", id, &format!("/authorizations/{id}/events/{event}")]
        );
    }
}
