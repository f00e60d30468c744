use serde::Deserialize;
use serde_json::Value;

use crate::{Payload, Scope, event::name_of};

/// Which events are wanted; `None` is any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only events of this callback.
    pub scope: Option<Scope>,
    /// Only events with this `Event`.
    pub event: Option<String>,
    /// Only events with this `ChangeType`.
    pub change_type: Option<String>,
    /// Arrived then or later: RFC 3339.
    pub since: Option<String>,
    /// Arrived before then: RFC 3339.
    pub until: Option<String>,
}

/// An event as `GET /authorization/events` answers it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StoredEvent {
    /// The same for every delivery of the same event.
    pub event_id: String,
    /// Tenant whose callback received the event.
    pub tenant_id: String,
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
    /// Number of redeliveries by WeCom.
    pub duplicates: u64,
    /// Whether WeCom's message was not well-formed: the payload may lack a part of it.
    #[serde(default)]
    pub damaged: bool,
    /// WeCom's XML as JSON.
    pub payload: Value,
}

impl StoredEvent {
    /// The payload by its type.
    #[must_use]
    pub fn typed(&self) -> Payload {
        Payload::read(
            &name_of(&self.event, self.change_type.as_deref(), &self.payload),
            self.payload.clone(),
        )
    }
}

/// Walks the pages of `GET /authorization/events`, newest event first: ask for [`EventPages::next_path`] until there is none,
/// and hand what was answered to [`EventPages::read`].
#[derive(Debug, Clone)]
pub struct EventPages {
    query: String,
    cursor: Option<String>,
    is_done: bool,
}

/// An answer is not a page of events.
#[derive(Debug)]
pub struct MalformedPage(serde_json::Error);

impl std::fmt::Display for MalformedPage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the answer is not a page of events")
    }
}

impl std::error::Error for MalformedPage {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl EventPages {
    /// Begins with the newest event; a page has up to `page_size` events, of 1 to 100.
    #[must_use]
    pub fn new(filter: &EventFilter, page_size: u8) -> Self {
        let scope = filter.scope.map(|scope| match scope {
            Scope::Contacts => "contacts",
            Scope::ExternalContacts => "external-contacts",
            Scope::App => "app",
        });
        let fields = [
            ("scope", scope),
            ("event", filter.event.as_deref()),
            ("change_type", filter.change_type.as_deref()),
            ("since", filter.since.as_deref()),
            ("until", filter.until.as_deref()),
        ];
        let mut query = format!("limit={page_size}");
        for (name, value) in fields.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            query.push('&');
            query.push_str(name);
            query.push('=');
            encode(value, &mut query);
        }
        Self {
            query,
            cursor: None,
            is_done: false,
        }
    }

    /// The path and query to ask for, below the API's address.
    #[must_use]
    pub fn next_path(&self) -> Option<String> {
        if self.is_done {
            return None;
        }
        let mut path = format!("/authorization/events?{}", self.query);
        if let Some(cursor) = &self.cursor {
            path.push_str("&cursor=");
            encode(cursor, &mut path);
        }
        Some(path)
    }

    /// Reads a page.
    ///
    /// # Errors
    /// When the answer is not a page of events.
    pub fn read(&mut self, answer: &[u8]) -> Result<Vec<StoredEvent>, MalformedPage> {
        #[derive(Deserialize)]
        struct Page {
            events: Vec<StoredEvent>,
            next_cursor: Option<String>,
        }
        let page: Page = serde_json::from_slice(answer).map_err(MalformedPage)?;
        self.is_done = page.next_cursor.is_none();
        self.cursor = page.next_cursor;
        Ok(page.events)
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
fn encode(value: &str, query: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            query.push(char::from(byte));
        } else {
            query.push('%');
            for digit in [byte >> 4, byte & 0x0F] {
                query.extend(char::from_digit(digit.into(), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
}
