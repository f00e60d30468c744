//! Events on the bus are valid by `docs/events.schema.json`: stored items, put into the templates of the Pipes as
//! EventBridge does it. Not covered: EventBridge itself, and the Pipes' filters.

use aws_sdk_dynamodb::types::AttributeValue;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::{
    faults::harness::{AUTHORIZATION_TABLE, Harness, member_created},
    support::{CORP, Scope, letter},
    template::{read, template},
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

/// A Pipe's output for the new image of an item, envelope included.
fn put_on_the_bus(pipe: &str, image: &Value) -> Value {
    let template = template();
    let target = &template["Resources"][pipe]["Properties"]["TargetParameters"];
    let bus = &target["EventBridgeEventBusParameters"];
    let mut text = target["InputTemplate"].as_str().unwrap().to_owned();
    while let Some(begin) = text.find("<$.dynamodb.NewImage.") {
        let end = begin + text[begin..].find('>').unwrap();
        let path = &text[begin + "<$.dynamodb.NewImage.".len()..end];
        let (name, kind) = path.split_once('.').unwrap();
        // A missing value becomes an empty string.
        let value = image[name][kind].as_str().unwrap_or_default();
        let is_quoted = text[..begin].ends_with('"');
        let value = if is_quoted {
            value.to_owned()
        } else {
            json!(value).to_string()
        };
        text.replace_range(begin..=end, &value);
    }
    let detail: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    json!({"source": bus["Source"], "detail-type": bus["DetailType"], "detail": detail})
}

#[tokio::test]
async fn what_the_pipes_make_of_events_is_what_the_schema_says() {
    let harness = Harness::start(false).await;
    let [contacts, external_contacts] = Box::pin(harness.bind_all()).await;
    let large = "企业微信".repeat(40_000);
    let bare = format!("<xml><ToUserName>{CORP}</ToUserName><MsgType>event</MsgType></xml>");
    for (credentials, message) in [
        (&contacts, member_created("a\"quoted\" member")),
        (&contacts, member_created(&large)),
        (&contacts, bare),
        (
            &external_contacts,
            letter::event(CORP, "change_external_contact", "add_external_contact", ""),
        ),
    ] {
        harness.deliver(credentials, &message).await.with_success();
    }
    let page = harness.admin("read-authorization", "GET", "/authorization/events", &Value::Null);
    let page = page.await.with_status(200);
    let target = format!(
        "/authorization/events/{}/replay",
        page["events"][0]["event_id"].as_str().unwrap()
    );
    let replayed = harness.admin("replay-event", "POST", &target, &Value::Null);
    replayed.await.with_status(202);

    harness.fetch("count-events").await;
    let records = harness.batch("count-events");
    let images = records.iter().map(|record| &record["dynamodb"]["NewImage"]);
    let of_callbacks: Vec<_> = images.filter(|image| image["source"]["S"] == "callback").collect();
    assert_eq!(of_callbacks.len(), 5, "four events, one of them replayed");
    let sent: Vec<Value> = of_callbacks
        .iter()
        .map(|image| put_on_the_bus("EventPipe", image))
        .collect();
    sent.iter().for_each(holds);
    let locally: Vec<Value> = records.iter().filter_map(local::bus::event_pipe).collect();
    assert_eq!(locally, sent, "the local server has the same Pipe");
    assert!(
        sent.iter().any(|sent| sent["detail"]["parts"] != "0"),
        "one is too large"
    );
    assert!(
        sent.iter().any(|sent| sent["detail"]["replays"] == "1"),
        "one is replayed"
    );
    assert!(
        sent.iter().any(|sent| sent["detail"]["created_at"] == ""),
        "one says no time"
    );
}

#[tokio::test]
async fn what_the_pipes_make_of_changes_is_what_the_schema_says() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    harness.generate(Scope::Contacts, true).await.with_status(201);
    let disconnected = harness.admin("disconnect", "DELETE", "/authorization", &Value::Null);
    assert_eq!(disconnected.await.status, 204);
    let scanned = harness
        .dynamodb()
        .scan()
        .table_name(AUTHORIZATION_TABLE)
        .send()
        .await
        .unwrap();
    let mut told = 0;
    for item in scanned.items() {
        if item["sk"].as_s().unwrap() != "CHANGED" {
            continue;
        }
        let text = |value: &AttributeValue| value.as_s().ok().map(|text| json!({ "S": text }));
        let image = item
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), text(value)?)));
        let image = Value::Object(image.collect());
        let sent = put_on_the_bus("AnnouncementPipe", &image);
        holds(&sent);
        let record = json!({"eventName": "INSERT", "dynamodb": {"Keys": {"pk": image["pk"]}, "NewImage": image}});
        assert_eq!(
            local::bus::announcement_pipe(&record),
            Some(sent),
            "the local server has the same Pipe"
        );
        told += 1;
    }
    assert!(told >= 14, "{told}");
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
    assert_eq!(checked, 2);
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
