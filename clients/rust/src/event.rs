use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Payload;

/// An event as EventBridge delivers it; EventBridge's own members are left out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "detail-type", content = "detail")]
pub enum Event {
    /// Event that a corporation's callback received.
    #[serde(rename = "wecom.event")]
    Wecom(Box<WecomEvent>),
    /// A change of a tenant's authorization.
    #[serde(rename = "authorization.changed")]
    AuthorizationChanged(Box<AuthorizationChanged>),
    /// Events may have been lost.
    #[serde(rename = "events.gap")]
    EventsGap(Box<EventsGap>),
    /// The receiver of webhooks was disabled, or enabled again.
    #[serde(rename = "webhooks.changed")]
    WebhooksChanged(Box<WebhooksChanged>),
}

/// Event that a corporation's callback received.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WecomEvent {
    /// The same for every delivery of the same event.
    pub event_id: String,
    /// Tenant whose callback received the event.
    pub tenant_id: String,
    /// Which of the tenant's corporations: `first`, or 32 hexadecimal digits; so, too, in events of versions before several.
    #[serde(default = "first")]
    pub binding_id: String,
    /// Which callback received it.
    pub scope: Scope,
    /// The corporation's plaintext id.
    pub corp_id: String,
    /// WeCom's `Event`; empty for a message.
    pub event: String,
    /// WeCom's `ChangeType`, where there is one.
    pub change_type: Option<String>,
    /// Time at which WeCom made the event, in RFC 3339 with whole seconds.
    pub created_at: Option<String>,
    /// Time of arrival, in RFC 3339.
    pub received_at: String,
    /// Number of replays; 0 the first time.
    pub replays: u64,
    /// The replay that this delivery belongs to, if it belongs to one.
    pub replay_id: Option<String>,
    /// Whether WeCom's message was not well-formed: the payload may lack a part of it.
    #[serde(default)]
    pub damaged: bool,
    /// WeCom's XML as JSON; `None` when the event is too large for the bus.
    pub payload: Option<Value>,
    /// Path of an event that is too large for the bus, below the API's address.
    pub payload_at: Option<String>,
}

/// Which of a corporation's callbacks, or what an event of an app is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// 通讯录同步.
    Contacts,
    /// 客户联系, or a self-built app.
    ExternalContacts,
    /// The app of the platform itself: messages, menus, who may use it.
    App,
}

fn first() -> String {
    "first".to_owned()
}

/// A change of a tenant's authorization.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AuthorizationChanged {
    /// Tenant whose authorization changed.
    pub tenant_id: String,
    /// Which of the tenant's corporations: `first`, or 32 hexadecimal digits; so, too, in events of versions before several.
    #[serde(default = "first")]
    pub binding_id: String,
    /// Part that changed, such as `contacts.secret`.
    pub what: String,
    /// Previous value.
    pub from: String,
    /// New value.
    pub to: String,
    /// Time of the change, in RFC 3339.
    pub at: String,
    /// Of a change of the health: the corporation, as the installed app sees it.
    pub corp_id: Option<String>,
    /// Of a change of the health: the code of the finding that decides it, unless it is `ok`.
    pub finding: Option<String>,
    /// Of a change of the health: the operators' view of the tenant, below the deployment's address.
    pub page: Option<String>,
}

/// A time in which events may have been lost: what they were about is to be read anew.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct EventsGap {
    /// Tenant whose events they were.
    pub tenant_id: String,
    /// Which of the tenant's corporations: `first`, or 32 hexadecimal digits.
    pub binding_id: String,
    /// Scope of the events: `contacts` or `external_contacts`.
    pub scope: Scope,
    /// The corporation's plaintext id, if it is known.
    pub corp_id: Option<String>,
    /// Until then events were received, in RFC 3339.
    pub from: String,
    /// From then on events are received, in RFC 3339.
    pub to: String,
    /// Why: `set_up_again`, `installed_again` or `silent`.
    pub reason: String,
}

/// The receiver of webhooks was disabled, or enabled again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WebhooksChanged {
    /// Host of the receiver's URL.
    pub receiver: String,
    /// Previous state: `enabled` or `disabled`.
    pub from: String,
    /// New state.
    pub to: String,
    /// Time of the change, in RFC 3339.
    pub at: String,
    /// Why it was disabled: `failing` or `gone`; `None` when it is enabled.
    pub reason: Option<String>,
    /// Time of the first failure since its last success, in RFC 3339.
    pub failing_since: String,
}

impl WecomEvent {
    /// The payload by its type; `None` when it is not on the bus.
    #[must_use]
    pub fn typed(&self) -> Option<Payload> {
        let payload = self.payload.as_ref()?;
        Some(Payload::read(
            &name_of(&self.event, self.change_type.as_deref(), payload),
            payload.clone(),
        ))
    }
}

/// The name of an event in the catalogue.
pub(crate) fn name_of(event: &str, change_type: Option<&str>, payload: &Value) -> String {
    match (event, change_type) {
        ("", _) => {
            let kind = payload.get("MsgType").and_then(Value::as_str);
            format!("message:{}", kind.unwrap_or_default())
        }
        (event, None) => event.to_owned(),
        (event, Some(change_type)) => format!("{event}/{change_type}"),
    }
}
