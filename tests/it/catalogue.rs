//! The catalogue of WeCom's events: what is generated from it is current, and every example is what the product makes of such an
//! event, from the encrypted delivery to the payload that consumers get.

use std::fs;

use catalogue::{CATALOGUE, Entry, Kind, generated};
use serde_json::{Value, json};

use crate::{
    event_schema::published,
    faults::harness::{Harness, TENANT},
    support::CORP,
    template::{read, root},
};

fn schemas() -> Value {
    serde_json::from_str(&read("docs/payloads.schema.json")).unwrap()
}

/// What the schema of one event has against a payload.
fn problems(schemas: &Value, entry: &Entry, payload: &Value) -> Vec<String> {
    let schema = json!({"$ref": format!("#/$defs/{}", entry.type_name()), "$defs": schemas["$defs"]});
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    validator.iter_errors(payload).map(|error| error.to_string()).collect()
}

#[test]
fn the_generated_files_are_current() {
    for file in generated() {
        let path = root().join(&file.path);
        let there = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(
            there == file.content,
            "{}: `cargo run -p catalogue` rewrites it",
            path.display()
        );
    }
}

#[test]
fn no_two_events_have_one_name_or_one_type() {
    let names: [fn(&Entry) -> String; 2] = [|entry| format!("{:?} {}", entry.kind, entry.name), Entry::type_name];
    for name_of in names {
        let mut names: Vec<_> = CATALOGUE.entries.iter().map(name_of).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}

#[tokio::test]
async fn every_example_arrives_at_consumers_as_the_catalogue_says() {
    let schemas = schemas();
    let harness = Harness::start(false).await;
    let callbacks = Box::pin(harness.bind_all()).await;
    let simulated = harness.wecom().state().events;
    for name in simulated.contacts.iter().chain(&simulated.external_contacts) {
        let pair = name.split(':').next().unwrap();
        assert!(
            CATALOGUE.entries.iter().any(|entry| entry.name == pair),
            "the simulator sends {name}"
        );
    }
    let mut bus = harness.devstack().events();
    for entry in CATALOGUE.entries.iter().filter(|entry| entry.kind != Kind::Suite) {
        let callback = &callbacks[usize::from(entry.scope != "contacts")];
        for xml in entry.xml() {
            harness.deliver(callback, &xml).await.with_success();
        }
        harness.stream("publish-events").await.unwrap();
        let sent = published(&mut bus);
        assert_eq!(sent.len(), entry.examples.len(), "{}", entry.name);
        for sent in sent {
            let detail = &sent["detail"];
            let event = if entry.kind == Kind::Message { "" } else { entry.event() };
            assert_eq!(detail["event"], event, "{}", entry.name);
            assert_eq!(detail["change_type"], json!(entry.change_type()), "{}", entry.name);
            assert_eq!(detail["tenant_id"], TENANT);
            let problems = problems(&schemas, entry, &detail["payload"]);
            assert!(problems.is_empty(), "{}: {problems:?}", entry.name);
        }
    }
}

/// A third-party app gets the events of its permissions at the suite's callback, with another envelope (developer documents
/// 90639 and 92277).
#[tokio::test]
async fn every_example_of_a_change_that_a_suite_is_told_of_arrives_in_the_form_of_a_corporations_own_event() {
    let schemas = schemas();
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let corps = harness.wecom().state().corps;
    let corp_id = &corps.iter().find(|corp| corp.corp_id == CORP).unwrap().open_corp_id;
    let corporation = format!("<AuthCorpId><![CDATA[{corp_id}]]></AuthCorpId>");
    let mut bus = harness.devstack().events();
    let is_told = |entry: &&Entry| entry.kind == Kind::Event && entry.change_type().is_some() && entry.scope != "app";
    let mut told = 0;
    for entry in CATALOGUE.entries.iter().filter(is_told) {
        for body in &entry.examples {
            harness
                .suite_event_arrives(entry.event(), &format!("{corporation}{body}"))
                .await;
        }
        harness.stream("process-suite-event").await.unwrap();
        harness.stream("publish-events").await.unwrap();
        let sent = published(&mut bus);
        assert_eq!(sent.len(), entry.examples.len(), "{}", entry.name);
        for sent in &sent {
            let detail = &sent["detail"];
            assert_eq!(
                (&detail["tenant_id"], &detail["corp_id"]),
                (&json!(TENANT), &json!(corp_id))
            );
            assert_eq!(detail["scope"], entry.scope.as_str(), "{}", entry.name);
            assert_eq!(
                (&detail["event"], &detail["change_type"]),
                (&json!(entry.event()), &json!(entry.change_type()))
            );
            assert_eq!(detail["payload"]["ToUserName"], *corp_id);
            let problems = problems(&schemas, entry, &detail["payload"]);
            assert!(problems.is_empty(), "{}: {problems:?}", entry.name);
        }
        told += sent.len();
    }
    assert!(told > 20, "{told}");
    let damaged = "<ChangeType>create_user</ChangeType><UserID>a & b</UserID>";
    harness
        .suite_event_arrives("change_contact", &format!("{corporation}{damaged}"))
        .await;
    harness.stream("process-suite-event").await.unwrap();
    told += 1;
    let listed = harness
        .admin(
            "read-authorization",
            "GET",
            "/authorization/events?limit=100",
            &Value::Null,
        )
        .await;
    let listed = listed.with_status(200);
    assert_eq!(listed["events"].as_array().unwrap().len(), told);
    assert_eq!(listed["events"][0]["damaged"], true, "{}", listed["events"][0]);
}

/// They are stored, and never reach the bus: those of a corporation wait for a tenant that binds it.
#[tokio::test]
async fn every_example_of_a_suites_event_is_received_and_published_nowhere() {
    let schemas = schemas();
    let harness = Harness::start(false).await;
    let mut bus = harness.devstack().events();
    for entry in CATALOGUE.entries.iter().filter(|entry| entry.kind == Kind::Suite) {
        for (xml, rest) in entry.xml().zip(&entry.examples) {
            let payload = wecom_authorization::callback::xml::to_json(xml.as_bytes()).unwrap();
            let problems = problems(&schemas, entry, &Value::Object(payload));
            assert!(problems.is_empty(), "{}: {problems:?}", entry.name);
            harness.suite_event_arrives(entry.event(), rest).await;
        }
    }
    for function in ["publish-events", "publish-changes"] {
        harness.stream(function).await.unwrap();
    }
    assert_eq!(published(&mut bus), Vec::<Value>::new());
}

/// A schema that takes everything promises nothing.
#[test]
fn a_schema_refuses_what_its_event_is_not() {
    let schemas = schemas();
    let entry = |name: &str| CATALOGUE.entries.iter().find(|entry| entry.name == name).unwrap();
    let created = entry("change_contact/create_user");
    let payload = &schemas["$defs"][created.type_name()]["examples"][0];
    assert!(problems(&schemas, created, payload).is_empty());
    assert!(!problems(&schemas, entry("change_contact/update_user"), payload).is_empty());
    for (name, value) in [
        ("UserID", Value::Null),
        ("Event", json!("other")),
        ("Department", json!(3)),
    ] {
        let mut wrong = payload.clone();
        wrong[name] = value;
        assert!(!problems(&schemas, created, &wrong).is_empty(), "{name}");
    }
}
