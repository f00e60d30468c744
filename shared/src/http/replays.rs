//! Replays of the events of a time: of a tenant `/authorization/events/replays`, of all tenants `/operator/replays`.

use jiff::Timestamp;
use lambda_http::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{Answer, Problem, Request, binding, fields::whole_number, problem};
use crate::{
    audit::Actor,
    ids::{EventScope, TenantId},
    platform::Platform,
    steps::ReplayEvents,
    store::{Replay, ReplayRequest, ReplayStatus},
};

/// Which events are to be sent again.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "ReplayRequest")
)]
#[serde(deny_unknown_fields)]
struct WantedReplay {
    /// Only events that arrived at this time or later. RFC 3339, with any offset; to 9999-12-30.
    since: Timestamp,
    /// Only events that arrived before this time, which is later than `since`. RFC 3339, with any offset; to 9999-12-30.
    until: Timestamp,
    /// Only events of this scope.
    scope: Option<EventScope>,
    /// Only events with exactly this `Event`.
    event: Option<String>,
    /// Only events with exactly this `ChangeType`.
    change_type: Option<String>,
    /// Largest number of events in a minute.
    #[serde(default = "per_minute", deserialize_with = "whole_number")]
    #[cfg_attr(feature = "contract", schemars(range(min = 1, max = 3000)))]
    per_minute: u32,
}

fn per_minute() -> u32 {
    600
}

impl From<WantedReplay> for ReplayRequest {
    fn from(wanted: WantedReplay) -> Self {
        Self {
            since: wanted.since,
            until: wanted.until,
            scope: wanted.scope,
            event: wanted.event,
            change_type: wanted.change_type,
            per_minute: wanted.per_minute,
        }
    }
}

/// A replay, and how far it is.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(rename = "Replay"))]
struct ReplayView {
    /// The id that each of its events is published with.
    #[cfg_attr(feature = "contract", schemars(regex(pattern = "^[0-9a-f]{32}$")))]
    replay_id: String,
    status: ReplayStatus,
    /// Only events that arrived at this time or later.
    since: Timestamp,
    /// Only events that arrived before this time, and before the start of the replay.
    until: Timestamp,
    scope: Option<EventScope>,
    event: Option<String>,
    change_type: Option<String>,
    /// Largest number of events in a minute.
    per_minute: u32,
    /// Number of events that were handed on so far.
    replayed: u64,
    /// The arrival of the last event that was looked at: a tenant's replay goes from `until` back to `since`. `null` at the beginning,
    /// and for all tenants, whose events come in no order.
    reached_at: Option<Timestamp>,
    started_at: Timestamp,
    /// `null` while it runs.
    ended_at: Option<Timestamp>,
}

impl From<Replay> for ReplayView {
    fn from(replay: Replay) -> Self {
        let reached_at = replay.reached_at();
        let request = replay.request;
        Self {
            replay_id: replay.replay_id,
            status: replay.status,
            since: request.since,
            until: request.until,
            scope: request.scope,
            event: request.event,
            change_type: request.change_type,
            per_minute: request.per_minute,
            replayed: replay.replayed,
            reached_at,
            started_at: replay.started_at,
            ended_at: replay.ended_at,
        }
    }
}

/// `/authorization/events/replays` and what is below it.
pub(super) async fn of_tenant(platform: &Platform, request: &Request, rest: &[&str]) -> Result<Answer, Problem> {
    let tenant_id = binding(platform, request).await?;
    answer(platform, request, Some(&tenant_id), &request.actor(), rest).await
}

/// `/operator/replays` and what is below it.
pub(super) async fn of_all(platform: &Platform, request: &Request, rest: &[&str]) -> Result<Answer, Problem> {
    let operator = request.operator(&platform.config)?;
    answer(platform, request, None, &operator, rest).await
}

async fn answer(
    platform: &Platform,
    request: &Request,
    tenant_id: Option<&TenantId>,
    actor: &Actor,
    rest: &[&str],
) -> Result<Answer, Problem> {
    let step = ReplayEvents {
        store: &platform.store,
        tenant_id,
    };
    let context = platform.context(actor);
    let (status, replay) = match rest {
        [] => {
            let wanted: WantedReplay = request.json()?;
            (StatusCode::ACCEPTED, step.start(wanted.into(), context).await)
        }
        [replay_id] if request.is_delete() => (StatusCode::OK, step.stop(replay_id, context).await),
        [replay_id] => (StatusCode::OK, step.read(replay_id).await),
        _ => return Err(Problem::not_found()),
    };
    let replay = replay.map_err(problem(platform))?;
    Ok(Answer::json(status, &ReplayView::from(replay)))
}

#[cfg(feature = "contract")]
pub(super) fn operations() -> Vec<super::contract::Operation> {
    use super::{contract::Operation, problem::kinds};
    const SAID: &str = "Every event of the time that is still stored and matches is published again, on the event bus and as webhooks, with the \
                        same `event_id` and the replay's `replay_id`. It begins within a minute, and goes on every minute, whatever \
                        breaks down in between. There is one replay at a time: the same request again answers the one that runs.";
    let of =
        |path: [&'static str; 2], ids: [&'static str; 3], tag: &'static str, operation: fn(_, _, _) -> Operation| {
            let [all, one] = path;
            let [start, read, stop] = ids;
            [
                operation(
                    ["POST", all],
                    [start, "replay-event"],
                    [tag, "Send the events of a time to the platform's other services again"],
                )
                .says(SAID)
                .takes::<WantedReplay>()
                .answers_like::<ReplayView>(202, "The replay.", &["started"])
                .refuses(&[kinds::REPLAY_RUNNING])
                .refuses_like(kinds::INVALID_FIELD, &["invalid_field_until"]),
                operation(["GET", one], [read, "replay-event"], [tag, "How far a replay is"])
                    .says("The last replay can be read for 30 days, or until another begins.")
                    .parameters(&["replayId"])
                    .answers::<ReplayView>(200, "The replay.")
                    .refuses(&[kinds::NOT_FOUND]),
                operation(["DELETE", one], [stop, "replay-event"], [tag, "Stop a replay"])
                    .says("What was handed on is on its way. A replay that has ended stays as it is.")
                    .parameters(&["replayId"])
                    .answers::<ReplayView>(200, "The replay as it is now.")
                    .refuses(&[kinds::NOT_FOUND]),
            ]
        };
    let of_tenant = of(
        [
            "/authorization/events/replays",
            "/authorization/events/replays/{replay_id}",
        ],
        ["startReplay", "readReplay", "stopReplay"],
        "Events",
        Operation::admin,
    );
    let of_all = of(
        ["/operator/replays", "/operator/replays/{replay_id}"],
        ["startReplayOfAll", "readReplayOfAll", "stopReplayOfAll"],
        "Operators",
        Operation::operator,
    );
    of_tenant.into_iter().chain(of_all).collect()
}
