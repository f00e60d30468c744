//! Replays of the events of a time: which events are published again, how fast, and that it goes on after whatever breaks.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde_json::{Value, json};
use simulator::AuthMode;
use tokio::sync::broadcast::Receiver;
use wecom_authorization::ids::TenantId;

use crate::{
    event_schema::{holds, published},
    faults::harness::{Caller, Harness, TENANT, member_created},
    support::{CORP, Credentials, Reply, letter},
    template::{resources, template},
};

const OF_TENANT: &str = "/authorization/events/replays";
const OF_ALL: &str = "/operator/replays";

fn path(who: Caller<'_>) -> &'static str {
    match who {
        Caller::Operator => OF_ALL,
        _ => OF_TENANT,
    }
}

/// Asks for a replay of everything, with other fields.
pub(crate) async fn start(harness: &Harness, who: Caller<'_>, fields: &Value) -> Reply {
    let mut body = json!({"since": "2026-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"});
    let fields = fields.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(fields);
    let body = body.to_string();
    harness.call("replay-event", who, "POST", path(who), Some(&body)).await
}

async fn started(harness: &Harness, who: Caller<'_>, fields: &Value) -> String {
    let replay = start(harness, who, fields).await.with_status(202);
    replay["replay_id"].as_str().unwrap().to_owned()
}

async fn ask(harness: &Harness, who: Caller<'_>, method: &str, id: &str) -> Reply {
    let target = format!("{}/{id}", path(who));
    harness.call("replay-event", who, method, &target, None).await
}

/// Runs the next minute, and answers the number of events that were replayed in it.
async fn minute(harness: &Harness) -> u64 {
    harness.wait(60);
    let run = harness.invoke("run-replays", json!({})).await.unwrap();
    assert_eq!(run["failed"], 0, "{run}");
    run["replayed"].as_u64().unwrap()
}

/// A replay is started, read, run, stopped; and another one runs to its end.
pub(crate) async fn goes_its_way(harness: &Harness, who: Caller<'_>) {
    let id = started(harness, who, &json!({"per_minute": 1})).await;
    ask(harness, who, "GET", &id).await.with_status(200);
    minute(harness).await;
    let stopped = ask(harness, who, "DELETE", &id).await.with_status(200);
    assert_eq!(stopped["status"], "stopped");
    let id = started(harness, who, &json!({})).await;
    minute(harness).await;
    let done = ask(harness, who, "GET", &id).await.with_status(200);
    assert_eq!(done["status"], "done");
}

async fn arrive(harness: &Harness, credentials: &Credentials, members: std::ops::Range<u32>) {
    for member in members {
        harness
            .deliver(credentials, &member_created(&member.to_string()))
            .await
            .with_success();
    }
}

/// A harness whose events have been published, and the bus from then on.
async fn with_events(count: u32) -> (Harness, Credentials, Receiver<Value>) {
    let harness = Harness::start(false).await;
    harness.stop_clock();
    let [contacts, external_contacts] = Box::pin(harness.bind_all()).await;
    arrive(&harness, &contacts, 0..count).await;
    let other = letter::event(CORP, "change_external_contact", "add_external_contact", "");
    harness.deliver(&external_contacts, &other).await.with_success();
    harness.stream("publish-events").await.unwrap();
    let bus = harness.devstack().events();
    harness.wait(1);
    (harness, contacts, bus)
}

/// What is published now: how many times each event, by its member.
async fn replayed(harness: &Harness, bus: &mut Receiver<Value>, replay_id: &str) -> BTreeMap<String, usize> {
    harness.stream("publish-events").await.unwrap();
    let mut members = BTreeMap::new();
    for event in published(bus) {
        holds(&event);
        assert_eq!(event["detail"]["replay_id"], replay_id);
        let member = event["detail"]["payload"]["UserID"].as_str().unwrap_or("none");
        *members.entry(member.to_owned()).or_insert(0) += 1;
    }
    members
}

fn each_once(members: impl IntoIterator<Item = u32>) -> BTreeMap<String, usize> {
    members.into_iter().map(|member| (member.to_string(), 1)).collect()
}

#[tokio::test]
async fn the_events_of_a_time_come_again_once_each_and_no_faster_than_allowed() {
    let (harness, contacts, mut bus) = with_events(60).await;
    let wanted = json!({"event": "change_contact", "per_minute": 40.0});
    let id = started(&harness, Caller::Admin(TENANT), &wanted).await;
    // What arrives after the start is not part of it.
    harness.wait(1);
    arrive(&harness, &contacts, 60..61).await;
    harness.stream("publish-events").await.unwrap();
    published(&mut bus);

    assert_eq!(minute(&harness).await, 40);
    let again = harness.invoke("run-replays", json!({})).await.unwrap();
    assert_eq!(again["replayed"], 0, "in the same minute");
    let replay = ask(&harness, Caller::Admin(TENANT), "GET", &id).await.with_status(200);
    assert_eq!(
        (&replay["status"], &replay["replayed"]),
        (&json!("running"), &json!(40))
    );
    assert!(replay["reached_at"].is_string(), "{replay}");
    let first = replayed(&harness, &mut bus, &id).await;
    assert_eq!(first.len(), 40);
    assert_eq!(minute(&harness).await, 20);
    let mut all = replayed(&harness, &mut bus, &id).await;
    all.extend(first);
    assert_eq!(all, each_once(0..60));
    let replay = ask(&harness, Caller::Admin(TENANT), "GET", &id).await.with_status(200);
    assert_eq!((&replay["status"], &replay["replayed"]), (&json!("done"), &json!(60)));
    assert!(replay["ended_at"].is_string(), "{replay}");
    assert_eq!(minute(&harness).await, 0);
    let audit = harness.admin("read-authorization", "GET", "/authorization/audit", &Value::Null);
    let newest = audit.await.with_status(200)["entries"][0].clone();
    assert_eq!(
        (&newest["action"], &newest["details"]["replay_id"]),
        (&json!("replay_started"), &json!(id))
    );
}

#[tokio::test]
async fn scope_type_change_and_time_confine_a_replay() {
    let (harness, _, mut bus) = with_events(3).await;
    for (fields, count) in [
        (json!({"scope": "external_contacts"}), 1),
        (json!({"scope": "app"}), 0),
        (json!({"change_type": "create_user"}), 3),
        (json!({"event": "change_contact", "change_type": "delete_user"}), 0),
        (json!({"until": "2026-01-01T00:00:01Z"}), 0),
        (json!({"since": "2099-01-01T00:00:00Z"}), 0),
        (
            json!({"since": "-002000-01-01T00:00:00Z", "until": "-001000-01-01T00:00:00Z"}),
            0,
        ),
        (json!({}), 4),
    ] {
        for who in [Caller::Admin(TENANT), Caller::Operator] {
            let id = started(&harness, who, &fields).await;
            assert_eq!(minute(&harness).await, count, "{fields}");
            let sent = replayed(&harness, &mut bus, &id).await;
            assert_eq!(
                sent.values().sum::<usize>(),
                usize::try_from(count).unwrap(),
                "{fields}"
            );
            let replay = ask(&harness, who, "GET", &id).await.with_status(200);
            assert_eq!(replay["status"], "done", "{fields}");
        }
    }
}

/// Wherever a run dies, each event is published once by the replay.
#[tokio::test]
async fn a_run_that_dies_anywhere_doubles_nothing_and_the_next_goes_on() {
    let (harness, _, mut bus) = with_events(55).await;
    for (who, writes) in [Caller::Admin(TENANT), Caller::Operator].into_iter().flat_map(|who| {
        let writes = [0, 1, 2, 25, 26, 27, 30, 53, 57];
        writes.map(move |writes| (who, writes))
    }) {
        let id = started(&harness, who, &json!({"event": "change_contact"})).await;
        harness.wait(60);
        harness.devstack().faults().crash_after_writes(writes);
        let died = harness.invoke("run-replays", json!({})).await;
        assert!(
            died.as_ref().is_ok_and(|run| run["failed"] == 1) || writes == 0,
            "{writes}: {died:?}"
        );
        harness.devstack().faults().clear();
        harness.end_processes();
        minute(&harness).await;
        let sent = replayed(&harness, &mut bus, &id).await;
        assert_eq!(sent, each_once(0..55), "{writes}");
        let replay = ask(&harness, who, "GET", &id).await.with_status(200);
        assert_eq!(
            (&replay["status"], &replay["replayed"]),
            (&json!("done"), &json!(55)),
            "{writes}"
        );
    }
}

#[tokio::test]
async fn runs_at_the_same_time_share_no_replay() {
    let (harness, _, mut bus) = with_events(30).await;
    let id = started(&harness, Caller::Admin(TENANT), &json!({"per_minute": 10})).await;
    harness.wait(60);
    let run = || harness.invoke("run-replays", json!({}));
    let runs = tokio::join!(run(), run(), run());
    let replayed_in = [runs.0, runs.1, runs.2].map(|run| run.unwrap()["replayed"].as_u64().unwrap());
    assert_eq!(replayed_in.iter().sum::<u64>(), 10, "{replayed_in:?}");
    assert_eq!(replayed(&harness, &mut bus, &id).await.values().sum::<usize>(), 10);
}

#[tokio::test]
async fn a_replay_that_is_stopped_stays_so_and_another_may_begin() {
    let (harness, _, mut bus) = with_events(30).await;
    let admin = Caller::Admin(TENANT);
    let wanted = json!({"per_minute": 10});
    let id = started(&harness, admin, &wanted).await;
    assert_eq!(started(&harness, admin, &wanted).await, id, "the same request again");
    start(&harness, admin, &json!({"per_minute": 11}))
        .await
        .refused(409, "replay_running");
    assert_eq!(minute(&harness).await, 10);
    for _ in 0..2 {
        let stopped = ask(&harness, admin, "DELETE", &id).await.with_status(200);
        assert_eq!(
            (&stopped["status"], &stopped["replayed"]),
            (&json!("stopped"), &json!(10))
        );
    }
    assert_eq!(minute(&harness).await, 0);
    replayed(&harness, &mut bus, &id).await;
    let second = started(&harness, admin, &wanted).await;
    assert_ne!(second, id);
    for method in ["GET", "DELETE"] {
        ask(&harness, admin, method, &id).await.refused(404, "not_found");
    }
    assert_eq!(minute(&harness).await, 10);
    // Stopped while a run has it: the run keeps nothing, and ends.
    let (store, tenant_id) = (harness.store(), TenantId::parse(TENANT).unwrap());
    let running = store.replay(Some(&tenant_id)).await.unwrap().unwrap();
    harness.wait(60);
    let (now, lease) = (harness.now(), harness.now() + SignedDuration::from_secs(50));
    assert!(store.take_replay(&running, now, lease).await.unwrap());
    assert!(store.keep_replay(&running, lease, now).await.unwrap());
    ask(&harness, admin, "DELETE", &second).await.with_status(200);
    assert!(!store.keep_replay(&running, lease, now).await.unwrap());
    let replay = ask(&harness, admin, "GET", &second).await.with_status(200);
    assert_eq!(replay["status"], "stopped");
    let audit = harness.admin("read-authorization", "GET", "/authorization/audit", &Value::Null);
    let audit = audit.await.with_status(200);
    let actions: Vec<_> = audit["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["action"])
        .take(4)
        .collect();
    assert_eq!(
        actions,
        ["replay_stopped", "replay_started", "replay_stopped", "replay_started"]
    );
}

#[tokio::test]
async fn an_operator_replays_the_events_of_all_tenants_and_nobody_else_does() {
    let (harness, _, mut bus) = with_events(3).await;
    crate::who_may_bind::install(&harness, "rival", AuthMode::Admin).await;
    let refused = harness
        .call("replay-event", Caller::Admin(TENANT), "POST", OF_ALL, Some("{}"))
        .await;
    refused.refused(403, "forbidden");
    let refused = harness
        .call("replay-event", Caller::Operator, "POST", OF_TENANT, Some("{}"))
        .await;
    refused.refused(401, "unauthenticated");
    let all = started(&harness, Caller::Operator, &json!({"event": "change_contact"})).await;
    let mine = started(&harness, Caller::Admin(TENANT), &json!({"scope": "app"})).await;
    for (who, id) in [
        (Caller::Admin(TENANT), &all),
        (Caller::Admin("rival"), &mine),
        (Caller::Operator, &mine),
    ] {
        for method in ["GET", "DELETE"] {
            ask(&harness, who, method, id).await.refused(404, "not_found");
        }
    }
    assert_eq!(minute(&harness).await, 3);
    assert_eq!(replayed(&harness, &mut bus, &all).await, each_once(0..3));
    let replay = ask(&harness, Caller::Operator, "GET", &all).await.with_status(200);
    assert_eq!(
        (&replay["status"], &replay["reached_at"]),
        (&json!("done"), &Value::Null)
    );
}

#[tokio::test]
async fn a_request_that_makes_no_sense_starts_nothing() {
    let (harness, _, _) = with_events(1).await;
    let admin = Caller::Admin(TENANT);
    for (fields, status, code) in [
        (json!({"until": "2026-01-01T00:00:00Z"}), 422, "invalid_field"),
        (json!({"until": "2025-01-01T00:00:00Z"}), 422, "invalid_field"),
        (json!({"per_minute": 0}), 422, "invalid_field"),
        (json!({"per_minute": 3001}), 422, "invalid_field"),
        (json!({"per_minute": -1}), 400, "malformed_request"),
        (json!({"per_minute": 1.5}), 400, "malformed_request"),
        (json!({"since": "yesterday"}), 400, "malformed_request"),
        (json!({"since": null}), 400, "malformed_request"),
        (json!({"scope": "everything"}), 400, "malformed_request"),
        (json!({"tenant_id": "rival"}), 400, "malformed_request"),
    ] {
        start(&harness, admin, &fields).await.refused(status, code);
    }
    assert_eq!(minute(&harness).await, 0);
}

/// An event that is deleted between being read and being marked does not come back.
#[tokio::test]
async fn what_a_disconnect_has_deleted_is_not_replayed() {
    let harness = Harness::start(true).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    arrive(&harness, &contacts, 0..3).await;
    let id = started(&harness, Caller::Admin(TENANT), &json!({})).await;
    let ended = harness
        .admin("disconnect", "DELETE", "/authorization", &Value::Null)
        .await;
    assert_eq!(ended.status, 204);
    assert_eq!(minute(&harness).await, 0);
    let replay = ask(&harness, Caller::Admin(TENANT), "GET", &id).await.with_status(200);
    assert_eq!((&replay["status"], &replay["replayed"]), (&json!("done"), &json!(0)));
}

/// Without it they would be stored and never published.
#[test]
fn the_stream_hands_on_the_events_of_callbacks_and_of_apps() {
    let template = template();
    let function = resources(&template, "AWS::Serverless::Function")["PublishEventsFunction"];
    let filters = &function["Properties"]["Events"]["StoredEvents"]["Properties"]["FilterCriteria"]["Filters"];
    let pattern: Value = serde_json::from_str(filters[0]["Pattern"].as_str().unwrap()).unwrap();
    let sources = pattern["dynamodb"]["NewImage"]["source"]["S"].as_array().unwrap();
    let sources: BTreeSet<_> = sources.iter().map(|source| source.as_str().unwrap()).collect();
    assert_eq!(sources, BTreeSet::from(["callback", "app"]));
}

/// Each tenant reads who had their events published again, once, however many runs it takes and however they end.
#[tokio::test]
async fn a_replay_of_all_tenants_is_entered_once_in_the_trail_of_each_that_it_touches() {
    let (harness, _, _) = with_events(30).await;
    let id = started(&harness, Caller::Operator, &json!({"per_minute": 10})).await;
    let entries = async || {
        let trail = harness.admin("read-authorization", "GET", "/authorization/audit", &Value::Null);
        let trail = trail.await.with_status(200);
        let entries = trail["entries"].as_array().unwrap().clone().into_iter();
        entries
            .filter(|entry| entry["details"]["replay_id"] == id.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(entries().await.len(), 0, "nothing of theirs was published yet");
    // Dies after its entry.
    harness.wait(60);
    let dropped = devstack::Fault::on("UpdateItem")
        .of("events")
        .answer("ThrottlingException");
    harness.devstack().faults().add(dropped);
    assert_eq!(harness.invoke("run-replays", json!({})).await.unwrap()["failed"], 1);
    harness.devstack().faults().clear();
    for _ in 0..5 {
        minute(&harness).await;
    }
    let done = ask(&harness, Caller::Operator, "GET", &id).await.with_status(200);
    assert_eq!((&done["status"], &done["replayed"]), (&json!("done"), &json!(31)));
    let entries = entries().await;
    assert_eq!(entries.len(), 1, "{entries:#?}");
    assert_eq!(entries[0]["action"], "replay_started");
    assert_eq!(entries[0]["actor"]["kind"], "operator");
    assert_eq!(entries[0]["actor"]["id"], "operator-1");
    assert_eq!(entries[0]["at"], done["started_at"]);
}
