//! The event bus: what `publish-events` puts on it, for its listeners.
//!
//! As on EventBridge, an event goes to those who listen, and is dropped when nobody does; the newest are kept for listeners
//! that reconnect. `GET /_local/bus` listens with server-sent events (WHATWG HTML, 9.2), or shows a page that does.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, header},
    response::{
        IntoResponse as _,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, StreamExt as _, stream};
use serde_json::Value;
use tokio::sync::broadcast;

/// Path of the event stream (server-sent events).
pub(crate) const PATH: &str = "/_local/bus";
/// Events kept for listeners that reconnect, and most events that a slow listener may be behind. A power of two, to which
/// the channel would round it up.
const KEPT: usize = 1024;
const PAGE: &str = include_str!("../assets/bus.html");

/// An event on the bus: `source`, `detail-type` and `detail`, as `docs/events.schema.json` describes them.
#[derive(Debug, Clone)]
struct Published {
    /// Position on the bus, from 1 on.
    id: u64,
    event: Value,
}

/// Event bus in memory, with a history for late listeners.
#[derive(Debug)]
pub(crate) struct Bus(Mutex<State>);

#[derive(Debug)]
struct State {
    kept: VecDeque<Published>,
    last_id: u64,
    /// None once the bus is closed.
    listeners: Option<broadcast::Sender<Published>>,
}

impl Bus {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State {
            kept: VecDeque::new(),
            last_id: 0,
            listeners: Some(broadcast::Sender::new(KEPT)),
        }))
    }

    /// Puts an event on the bus.
    pub(crate) fn put(&self, event: Value) {
        let mut state = self.lock();
        state.last_id += 1;
        let published = Published {
            id: state.last_id,
            event,
        };
        if state.kept.len() == KEPT {
            state.kept.pop_front();
        }
        state.kept.push_back(published.clone());
        if let Some(listeners) = &state.listeners {
            // Without a listener the event is dropped.
            let _ = listeners.send(published);
        }
    }

    /// Ends every listener's stream, so that the server can stop.
    pub(crate) fn close(&self) {
        self.lock().listeners = None;
    }

    /// Answers `GET /_local/bus`: the page to a browser that opens it, the events to everybody else.
    pub(crate) fn answer(&self, headers: &HeaderMap) -> Response<Body> {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        if text(header::ACCEPT).is_some_and(|accept| accept.contains("text/html")) {
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CACHE_CONTROL, "no-store"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
            ];
            return (headers, PAGE).into_response();
        }
        let after = headers
            .get("last-event-id")
            .and_then(|id| id.to_str().ok()?.parse().ok());
        Sse::new(self.listen(after))
            .keep_alive(KeepAlive::default())
            .into_response()
    }

    /// The kept events after `after`, if it is given, then everything that comes. The stream ends when the bus is closed, and
    /// when the listener is too far behind: it can then reconnect and lose nothing that is still kept.
    fn listen(&self, after: Option<u64>) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
        let state = self.lock();
        let missed = |published: &&Published| after.is_some_and(|after| published.id > after);
        let missed: Vec<_> = state.kept.iter().filter(missed).cloned().collect();
        let coming = stream::unfold(
            state.listeners.as_ref().map(broadcast::Sender::subscribe),
            async |listener| {
                let mut listener = listener?;
                let published = listener.recv().await.ok()?;
                Some((published, Some(listener)))
            },
        );
        stream::iter(missed).chain(coming).map(|published| Ok(published.into()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Published> for Event {
    fn from(published: Published) -> Self {
        let kind = published
            .event
            .get("detail-type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        Self::default()
            .id(published.id.to_string())
            .event(kind)
            .data(published.event.to_string())
    }
}

/// The page's own script and style, and connections to this server; nothing else.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; \
                           base-uri 'none'; frame-ancestors 'none'";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn ids(listener: impl Stream<Item = Result<Event, Infallible>>) -> Vec<String> {
        let events = listener.map(|event| format!("{event:?}"));
        let of = |event: String| {
            event
                .split("id: ")
                .nth(1)
                .unwrap()
                .split("\\n")
                .next()
                .unwrap()
                .to_owned()
        };
        events.map(of).collect().await
    }

    #[tokio::test]
    async fn a_listener_gets_what_comes_until_the_bus_is_closed() {
        let bus = Bus::new();
        bus.put(json!({"detail-type": "a"}));
        let listener = bus.listen(None);
        bus.put(json!({"detail-type": "b"}));
        bus.put(json!({"detail-type": "c"}));
        bus.close();
        assert_eq!(ids(listener).await, ["2", "3"]);
    }

    #[tokio::test]
    async fn a_listener_that_reconnects_gets_what_it_missed() {
        let bus = Bus::new();
        for _ in 0..3 {
            bus.put(json!({"detail-type": "a"}));
        }
        let listener = bus.listen(Some(1));
        bus.put(json!({"detail-type": "b"}));
        bus.close();
        assert_eq!(ids(listener).await, ["2", "3", "4"]);
    }

    #[tokio::test]
    async fn a_listener_that_is_too_slow_is_cut_off_and_reconnects() {
        let bus = Bus::new();
        let slow = bus.listen(None);
        for _ in 0..=KEPT {
            bus.put(json!({"detail-type": "a"}));
        }
        assert_eq!(ids(slow).await, [""; 0]);
        let again = bus.listen(Some(0));
        bus.close();
        let ids = ids(again).await;
        assert_eq!(
            (ids.len(), ids[0].as_str()),
            (KEPT, "2"),
            "the oldest is no longer kept"
        );
    }
}
