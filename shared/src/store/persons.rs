//! Persons whom events are about: how a request names them, and which fields of an event do.

use serde::{Deserialize, Serialize};
use wecom_callback::xml;

use super::{
    EventHead, Payload, Position,
    tables::{EXTERNAL_USER, USER},
};
use crate::ids::TenantId;

/// Longest id of a person, in characters: twice that of WeCom's. A longer one in an event is in no index.
const MAX_ID: usize = 128;

/// Id that a person has at WeCom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PersonKind {
    /// `UserID` of a member, and `FromUserName` of an event without it. ASCII letters are the same in both cases.
    UserId,
    /// `ExternalUserID` of a customer.
    ExternalUserId,
}

impl PersonKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::UserId, Self::ExternalUserId];

    /// The index of events by such persons, whose partition key has the same name.
    pub(super) fn index(self) -> &'static str {
        match self {
            Self::UserId => USER,
            Self::ExternalUserId => EXTERNAL_USER,
        }
    }
}

/// A person whom events are about. `Debug` does not show who it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    kind: PersonKind,
    id: String,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Person")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl Person {
    /// The person with this id: 1 to 128 characters.
    #[must_use]
    pub fn parse(kind: PersonKind, id: &str) -> Option<Self> {
        let is_id = !id.is_empty() && id.chars().count() <= MAX_ID;
        is_id.then(|| Self {
            kind,
            id: match kind {
                PersonKind::UserId => id.to_ascii_lowercase(),
                PersonKind::ExternalUserId => id.to_owned(),
            },
        })
    }

    /// The person whom an event is about, if it names one. `FromUserName` is a member where a member did something, and `sys`
    /// elsewhere.
    pub(super) fn of_event(kind: PersonKind, payload: &Payload) -> Option<Self> {
        let id = match kind {
            PersonKind::UserId => xml::text(payload, "UserID")
                .filter(|id| !id.is_empty())
                .or_else(|| xml::text(payload, "FromUserName").filter(|id| *id != "sys")),
            PersonKind::ExternalUserId => xml::text(payload, "ExternalUserID"),
        };
        Self::parse(kind, id?)
    }

    /// The index that has the person's events.
    pub(super) fn index(&self) -> &'static str {
        self.kind.index()
    }

    /// The partition of that index with the tenant's events about the person.
    pub(super) fn partition(&self, tenant_id: &TenantId) -> String {
        format!("{tenant_id}#{}", self.id)
    }
}

/// An event about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonEvent {
    /// The event, without what it says.
    pub head: EventHead,
    /// Number of further items that hold its payload.
    pub parts: usize,
}

/// A page of the events about a person, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonEventPage {
    /// The events, newest first.
    pub events: Vec<PersonEvent>,
    /// The position from which the next page goes on, if there may be one.
    pub next: Option<Position>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of_event(kind: PersonKind, payload: serde_json::Value) -> Option<String> {
        let payload: Payload = serde_json::from_value(payload).unwrap();
        let tenant_id = TenantId::parse("acme").unwrap();
        Person::of_event(kind, &payload).map(|person| person.partition(&tenant_id))
    }

    #[test]
    fn finds_the_member_and_the_customer_of_an_event() {
        let event = json!({"FromUserName": "sys", "UserID": "ZhangSan", "ExternalUserID": "wmA"});
        let member = of_event(PersonKind::UserId, event.clone());
        assert_eq!(member.as_deref(), Some("acme#zhangsan"));
        assert_eq!(of_event(PersonKind::ExternalUserId, event).as_deref(), Some("acme#wmA"));
        let entered = json!({"FromUserName": "lisi", "Event": "enter_agent", "UserID": ""});
        assert_eq!(of_event(PersonKind::UserId, entered).as_deref(), Some("acme#lisi"));
    }

    #[test]
    fn finds_nobody_where_nobody_is_named_or_the_id_is_none() {
        for event in [
            json!({"FromUserName": "sys", "Event": "change_contact"}),
            json!({"UserID": {"Item": "x"}, "ExternalUserID": ""}),
            json!({"UserID": "x".repeat(129), "ExternalUserID": "企".repeat(129)}),
        ] {
            for kind in PersonKind::ALL {
                assert_eq!(of_event(kind, event.clone()), None, "{event}");
            }
        }
    }

    #[test]
    fn does_not_show_who_it_is() {
        let person = Person::parse(PersonKind::UserId, "zhangsan").unwrap();
        assert_eq!(format!("{person:?}"), "Person { kind: UserId, .. }");
    }
}
