//! A tenant's events: `/authorization/events`.

use jiff::Timestamp;
use lambda_http::{Body, Response, http::StatusCode};
use serde::{Deserialize, Serialize};

use super::{
    Answer, Problem, Request, binding, conclude,
    page::{Cursor, Limit},
    problem, replays,
    request::Nothing,
};
use crate::{
    ids::{EventId, EventScope},
    platform::Platform,
    steps::{ReadEvents, ReplayEvent},
    store::{Event, EventFilter, Position},
};

/// Which events are wanted. An empty parameter counts as absent.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    /// Only events of this scope.
    scope: Option<ScopeFilter>,
    /// Only events with exactly this `Event`.
    #[cfg_attr(feature = "contract", schemars(extend("example" = "change_contact")))]
    event: Option<String>,
    /// Only events with exactly this `ChangeType`.
    #[cfg_attr(feature = "contract", schemars(extend("example" = "create_user")))]
    change_type: Option<String>,
    /// Only events that arrived at this time or later. RFC 3339, with any offset; to 9999-12-30.
    #[cfg_attr(feature = "contract", schemars(extend("example" = "2026-11-22T00:00:00Z")))]
    since: Option<Timestamp>,
    /// Only events that arrived before this time. RFC 3339, with any offset; to 9999-12-30.
    #[cfg_attr(feature = "contract", schemars(extend("example" = "2026-11-23T00:00:00+08:00")))]
    until: Option<Timestamp>,
    /// Largest number of rows in the page.
    limit: Option<Limit>,
    /// `next_cursor` of the page before, for the same filter. Any other is refused.
    cursor: Option<String>,
}

/// A scope, as paths or as JSON spell it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(inline, extend("enum" = ["contacts", "external-contacts", "external_contacts", "app"]))
)]
#[serde(rename_all = "kebab-case")]
enum ScopeFilter {
    Contacts,
    #[serde(alias = "external_contacts")]
    ExternalContacts,
    App,
}

impl From<ScopeFilter> for EventScope {
    fn from(scope: ScopeFilter) -> Self {
        match scope {
            ScopeFilter::Contacts => Self::Contacts,
            ScopeFilter::ExternalContacts => Self::ExternalContacts,
            ScopeFilter::App => Self::App,
        }
    }
}

/// A page of events, newest first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct EventPage {
    #[cfg_attr(feature = "contract", schemars(length(max = 100)))]
    events: Vec<Event>,
    /// The cursor of the next page, if there may be one.
    next_cursor: Option<String>,
    /// The time down to which events were looked at, if there may be older ones. A search for rare events can show by it how far it is.
    searched_to: Option<Timestamp>,
}

pub(super) async fn list(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = binding(platform, request).await?;
    let query: EventsQuery = request.query()?;
    let filter = EventFilter {
        scope: query.scope.map(EventScope::from),
        event: query.event,
        change_type: query.change_type,
        since: query.since,
        until: query.until,
    };
    let cursor = Cursor::new("events", Some(&tenant_id), &filter);
    let before = cursor.read(query.cursor.as_deref())?;
    let page = ReadEvents { store: &platform.store }
        .run(&tenant_id, &filter, query.limit.unwrap_or_default().get(), before)
        .await
        .map_err(problem(platform))?;
    let body = EventPage {
        events: page.events,
        searched_to: page.next.as_ref().map(Position::at),
        next_cursor: page.next.map(|position| cursor.write(&position)),
    };
    Ok(Answer::json(StatusCode::OK, &body))
}

/// `GET /authorization/events/{event_id}`.
pub(super) async fn read(platform: &Platform, request: &Request, event_id: &str) -> Result<Answer, Problem> {
    let tenant_id = binding(platform, request).await?;
    let step = ReadEvents { store: &platform.store };
    let event = step.one(&tenant_id, event_id).await.map_err(problem(platform))?;
    Ok(Answer::json(StatusCode::OK, &event))
}

/// An event that is replayed.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct Replayed {
    event_id: EventId,
}

/// `POST /authorization/events/{event_id}/replay`, and what is about the events of a time: `/authorization/events/replays` and
/// `/operator/replays`.
pub async fn replay_event(platform: &Platform, request: Request) -> Response<Body> {
    let segments = request.segments();
    let answer = match segments.as_slice() {
        ["authorization", _, event_id, "replay"] if request.is_post() => replay(platform, &request, event_id).await,
        ["authorization", _, _, rest @ ..] => replays::of_tenant(platform, &request, rest).await,
        [_, _, rest @ ..] => replays::of_all(platform, &request, rest).await,
        _ => Err(Problem::not_found()),
    };
    conclude(answer, &request)
}

async fn replay(platform: &Platform, request: &Request, event_id: &str) -> Result<Answer, Problem> {
    let tenant_id = binding(platform, request).await?;
    request.json_if_any::<Nothing>()?;
    let event_id = ReplayEvent { store: &platform.store }
        .run(&tenant_id, event_id, platform.context(&request.actor()))
        .await
        .map_err(problem(platform))?;
    Ok(Answer::json(StatusCode::ACCEPTED, &Replayed { event_id }))
}

#[cfg(feature = "contract")]
pub(super) fn operations() -> Vec<super::contract::Operation> {
    use super::{contract::Operation, problem::kinds};
    vec![
        Operation::admin(
            ["GET", "/authorization/events"],
            ["listEvents", "read-authorization"],
            ["Events", "Events that arrived, newest first"],
        )
        .says(
            "An empty parameter counts as absent; an unknown one is refused. A page may have fewer events than `limit` and \
             still not be the last one: the search for rare events pauses after a while, and `next_cursor` continues it. The \
             last page has no `next_cursor`.",
        )
        .query::<EventsQuery>()
        .answers::<EventPage>(200, "A page."),
        Operation::admin(
            ["GET", "/authorization/events/{event_id}"],
            ["readEvent", "read-authorization"],
            ["Events", "One event"],
        )
        .says("The `payload_at` of an event that is too large for the event bus is this path.")
        .parameters(&["eventId"])
        .answers::<Event>(200, "The event, whole.")
        .refuses(&[kinds::NOT_FOUND]),
        Operation::admin(
            ["POST", "/authorization/events/{event_id}/replay"],
            ["replayEvent", "replay-event"],
            ["Events", "Send an event to the platform's other services again"],
        )
        .says("WeCom is not asked for anything.")
        .parameters(&["eventId"])
        .takes_if_any::<Nothing>()
        .answers::<Replayed>(202, "The event will be sent soon.")
        .refuses(&[kinds::NOT_FOUND]),
    ]
}
