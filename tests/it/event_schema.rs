//! What leaves on the event bus, held to `docs/events.schema.json`.

use jsonschema::Validator;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;

use crate::{
    faults::harness::{Harness, member_created},
    support::{CORP, Scope, letter},
    template::read,
};

fn schema() -> Validator {
    let schema: Value = serde_json::from_str(&read("docs/events.schema.json")).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

#[track_caller]
pub(crate) fn holds(envelope: &Value) {
    let problems: Vec<String> = schema().iter_errors(envelope).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?}: {envelope:#}");
}

/// What the bus has accepted since it was looked at last.
pub(crate) fn published(bus: &mut Receiver<Value>) -> Vec<Value> {
    std::iter::from_fn(|| bus.try_recv().ok()).collect()
}

#[tokio::test]
async fn events_on_the_bus_are_what_the_schema_says() {
    let harness = Harness::start(false).await;
    let mut bus = harness.devstack().events();
    let [contacts, external_contacts] = Box::pin(harness.bind_all()).await;
    // Larger than the bus takes, and so large that it is stored in parts.
    let (large, parted) = ("企业微信".repeat(22_000), "企业微信".repeat(40_000));
    let bare = format!("<xml><ToUserName>{CORP}</ToUserName><MsgType>event</MsgType></xml>");
    for (credentials, message) in [
        (&contacts, member_created("a\"quoted\" member")),
        (&contacts, member_created(&large)),
        (&contacts, member_created(&parted)),
        (&contacts, bare),
        (
            &external_contacts,
            letter::event(CORP, "change_external_contact", "add_external_contact", ""),
        ),
    ] {
        harness.deliver(credentials, &message).await.with_success();
    }
    harness.stream("publish-events").await.unwrap();
    let sent = published(&mut bus);
    sent.iter().for_each(holds);
    assert_eq!(sent.len(), 5);
    let details: Vec<_> = sent.iter().map(|sent| &sent["detail"]).collect();
    assert_eq!(details[0]["payload"]["UserID"], "a\"quoted\" member");
    assert_eq!(details[3]["created_at"], Value::Null, "it says no time");
    for (detail, name) in [(details[1], large), (details[2], parted)] {
        let path = detail["payload_at"].as_str().unwrap();
        let read = harness
            .admin("read-authorization", "GET", path, &Value::Null)
            .await
            .with_status(200);
        assert!(
            read["payload"]["UserID"] == name.as_str(),
            "what is too large for the bus is read there"
        );
    }
}

#[tokio::test]
async fn a_replay_is_published_once_and_says_which_it_is() {
    let harness = Harness::start(false).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    harness
        .deliver(&contacts, &member_created("wangfang"))
        .await
        .with_success();
    harness.stream("publish-events").await.unwrap();
    let mut bus = harness.devstack().events();
    let page = harness.admin("read-authorization", "GET", "/authorization/events", &Value::Null);
    let page = page.await.with_status(200);
    let event_id = page["events"][0]["event_id"].as_str().unwrap();
    let target = format!("/authorization/events/{event_id}/replay");
    // The answer of the write is lost, so that it is sent again.
    harness.devstack().faults().add(
        devstack::Fault::on("UpdateItem")
            .of("events")
            .after_applying()
            .times(1)
            .drop_connection(),
    );
    for _ in 0..2 {
        let replayed = harness.admin("replay-event", "POST", &target, &Value::Null);
        replayed.await.with_status(202);
    }
    // Delivered again, which is no replay.
    harness
        .deliver(&contacts, &member_created("wangfang"))
        .await
        .with_success();
    harness.stream("publish-events").await.unwrap();
    let sent = published(&mut bus);
    sent.iter().for_each(holds);
    let replays: Vec<_> = sent.iter().map(|sent| &sent["detail"]["replays"]).collect();
    assert_eq!(replays, [1, 2]);
    assert_ne!(sent[0]["detail"]["replay_id"], sent[1]["detail"]["replay_id"]);
    assert!(sent.iter().all(|sent| sent["detail"]["event_id"] == event_id));
}

#[tokio::test]
async fn changes_on_the_bus_are_what_the_schema_says() {
    let harness = Harness::start(false).await;
    let mut bus = harness.devstack().events();
    Box::pin(harness.bind_all()).await;
    harness.generate(Scope::Contacts, true).await.with_status(201);
    let disconnected = harness.admin("disconnect", "DELETE", "/authorization", &Value::Null);
    assert_eq!(disconnected.await.status, 204);
    harness.stream("publish-changes").await.unwrap();
    let sent = published(&mut bus);
    sent.iter().for_each(holds);
    assert!(sent.len() >= 14, "{}", sent.len());
    assert!(sent.iter().all(|sent| sent["detail-type"] == "authorization.changed"));
}

/// What did not fail is not delayed, what did is published in the end, and nothing is counted twice.
#[tokio::test]
async fn an_event_that_the_bus_refuses_is_redelivered_and_counted_once() {
    let harness = Harness::start(false).await;
    let mut bus = harness.devstack().events();
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    for member in ["a", "refused", "c"] {
        harness.deliver(&contacts, &member_created(member)).await.with_success();
    }
    let members = |sent: Vec<Value>| {
        let of = |event: &Value| event["detail"]["payload"]["UserID"].as_str().unwrap().to_owned();
        sent.iter().map(of).collect::<Vec<_>>()
    };
    // Once each time that it is sent: at first and after either pause.
    harness.devstack().throttle_events("refused", 3);
    let failed = harness.stream("publish-events").await;
    assert_eq!(failed, Err("1 to be redelivered".to_owned()), "that one alone");
    assert_eq!(members(published(&mut bus)), ["a", "c"]);
    // Lambda redelivers from the first that failed.
    let rest = harness.batch("publish-events").split_off(1);
    harness.hand_in_again("publish-events", rest);
    harness.stream("publish-events").await.unwrap();
    assert_eq!(members(published(&mut bus)), ["refused", "c"]);
    let state = harness.state().await;
    assert_eq!(state["contacts"]["callback"]["events_received"], 3);
}

#[tokio::test]
async fn a_hundred_events_take_ten_requests_a_read_and_a_write() {
    let harness = Harness::start(false).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    // The counters are created with the first.
    harness
        .deliver(&contacts, &member_created("first"))
        .await
        .with_success();
    harness.stream("publish-events").await.unwrap();
    for member in 0..100 {
        harness
            .deliver(&contacts, &member_created(&member.to_string()))
            .await
            .with_success();
    }
    harness.fetch("publish-events").await;
    harness.devstack().clear_journal();
    harness.stream("publish-events").await.unwrap();
    let journal = harness.journal().into_iter();
    let operations: Vec<_> = journal
        .filter(|entry| entry.resource != "*")
        .map(|entry| entry.operation)
        .collect();
    let times = |operation: &str| operations.iter().filter(|known| *known == operation).count();
    assert_eq!(
        (
            times("GetItem"),
            times("UpdateItem"),
            times("PutEvents"),
            operations.len()
        ),
        (1, 1, 10, 12)
    );
}

#[test]
fn the_documents_examples_are_what_the_schema_says() {
    let document = read("docs/events.md");
    let blocks = document.split("```json\n").skip(1);
    let mut checked = 0;
    for block in blocks {
        let (example, _) = block.split_once("```").unwrap();
        holds(&serde_json::from_str(example).unwrap());
        checked += 1;
    }
    assert_eq!(checked, 5);
}

/// A schema that takes everything promises nothing.
#[test]
fn the_schema_refuses_what_is_not_promised() {
    let change = json!({
        "source": "wecom.authorization",
        "detail-type": "authorization.changed",
        "detail": {"tenant_id": "acme", "what": "contacts.secret", "from": "accepted", "to": "rejected",
                   "at": "2026-11-22T15:56:32.291Z"},
    });
    holds(&change);
    let schema = schema();
    for (pointer, value) in [
        ("/source", json!("somebody")),
        ("/detail-type", json!("wecom.event")),
        ("/detail/what", json!("contacts.colour")),
        ("/detail/to", json!("verified")),
        ("/detail/at", json!("yesterday")),
        ("/detail/tenant_id", json!("")),
        ("/detail", json!({})),
    ] {
        let mut wrong = change.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        assert!(!schema.is_valid(&wrong), "{pointer}");
    }
    let mut more = change;
    more["detail"]["secret"] = json!("x");
    assert!(!schema.is_valid(&more), "nothing that the schema does not name");
}

/// Of the receiver of webhooks, too.
#[test]
fn the_schema_refuses_a_change_of_the_receiver_that_is_not_promised() {
    let disabled = json!({
        "source": "wecom.authorization",
        "detail-type": "webhooks.changed",
        "detail": {"receiver": "hooks.example.com", "from": "enabled", "to": "disabled", "reason": "gone",
                   "at": "2026-11-22T15:56:32.291Z", "failing_since": "2026-11-22T15:56:32Z"},
    });
    holds(&disabled);
    let gap = json!({
        "source": "wecom.authorization",
        "detail-type": "events.gap",
        "detail": {"tenant_id": "acme", "binding_id": "first", "scope": "contacts", "reason": "silent",
                   "from": "2026-10-01T15:56:32Z", "to": "2026-11-22T15:56:32.291Z"},
    });
    holds(&gap);
    let schema = schema();
    for (name, value) in [
        ("reason", json!("bored")),
        ("scope", json!("app")),
        ("from", Value::Null),
    ] {
        let mut wrong = gap.clone();
        wrong["detail"][name] = value;
        assert!(!schema.is_valid(&wrong), "{wrong}");
    }
    for (name, value) in [
        ("reason", json!("bored")),
        ("reason", Value::Null),
        ("to", json!("enabled")),
        ("from", json!("disabled")),
        ("failing_since", json!("yesterday")),
        ("tenant_id", json!("acme")),
    ] {
        let mut wrong = disabled.clone();
        wrong["detail"][name] = value;
        assert!(!schema.is_valid(&wrong), "{name}");
    }
}

/// Whoever is called is called once, and again when it is over.
#[tokio::test]
async fn a_tenant_that_breaks_and_recovers_is_named_once_each_with_its_finding_and_the_page_to_open() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    harness.stream("publish-changes").await.unwrap();
    let mut bus = harness.devstack().events();
    let mut changes = async || {
        for _ in 0..2 {
            harness.sleep(14).await;
            harness.invoke("check-health", json!({})).await.unwrap();
        }
        harness.stream("publish-changes").await.unwrap();
        let sent = published(&mut bus);
        sent.iter().for_each(holds);
        let details = sent.into_iter().map(|sent| sent["detail"].clone());
        details.filter(|detail| detail["what"] == "health").collect::<Vec<_>>()
    };
    harness
        .wecom()
        .reset_secret(CORP, simulator::SecretKind::Contacts)
        .unwrap();
    let broken = changes().await;
    assert_eq!(broken.len(), 1, "{broken:?}");
    let corp_id = harness.authorization().await.installed().unwrap().corp_id.clone();
    let named = ["from", "to", "finding", "corp_id", "page"].map(|name| broken[0][name].clone());
    assert_eq!(
        json!(named),
        json!(["ok", "broken", "secret_rejected", corp_id, "/operator?tenant=acme"])
    );
    let _ = harness.register(Scope::Contacts).await;
    let recovered = changes().await;
    assert_eq!(recovered.len(), 1, "{recovered:?}");
    let named = ["from", "to", "finding", "page"].map(|name| recovered[0][name].clone());
    assert_eq!(json!(named), json!(["broken", "ok", null, "/operator?tenant=acme"]));
}
