//! Nothing of a tenant is left after the end of its authorization but what may be, and the certificate says what was deleted.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use serde_json::{Value, json};
use simulator::SuiteEventRequest;

use crate::{
    contract::endpoint::Item,
    faults::harness::{AUTHORIZATION_TABLE, EVENT_TABLE, Harness, TENANT, member_created},
    support::CORP,
};

/// The events of [`a_tenant_with_everything`], one of which has parts.
const EVENTS: usize = 4;

/// More writes than an end and its clean-up make.
const MANY: u32 = 80;

/// What ends by itself within seven days, and the few days that DynamoDB takes to remove it (docs/adr/0025).
const ENDS_BY_ITSELF: [&str; 7] = [
    "ATTEMPTS",
    "BAN",
    "CHANGED",
    "CODE",
    "RECOVERABLE",
    "STATE",
    "SUITEEVENT",
];
const SEVEN_DAYS: i64 = 7 * 24 * 3600;

#[tokio::test]
async fn a_disconnect_leaves_nothing_but_the_audit_trail_and_certifies_what_it_deleted() {
    let harness = a_tenant_with_everything().await;
    disconnect(&harness).await;
    assert_eq!(certificates(&harness).await.len(), 0, "it is not over");
    clean_up(&harness).await;
    nothing_is_left(&harness).await;
    the_certificate_is_exact(&harness, "").await;
    // It is written once.
    clean_up(&harness).await;
    disconnect(&harness).await;
    clean_up(&harness).await;
    the_certificate_is_exact(&harness, "after another disconnect").await;
}

#[tokio::test]
async fn a_removal_of_the_app_leaves_as_little() {
    let harness = a_tenant_with_everything().await;
    let removal = SuiteEventRequest {
        event: Some("cancel_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        silent: true,
        ..SuiteEventRequest::default()
    };
    harness.wecom().send_suite_event(&removal).await.unwrap();
    let corp_id = harness.authorization().await.installed().unwrap().corp_id.clone();
    let rest = format!("<AuthCorpId><![CDATA[{corp_id}]]></AuthCorpId>");
    harness.suite_event_arrives("cancel_auth", &rest).await;
    harness.stream("process-suite-event").await.unwrap();
    assert_eq!(harness.state().await["installation"]["status"], "cancelled");
    clean_up(&harness).await;
    nothing_is_left(&harness).await;
    the_certificate_is_exact(&harness, "").await;
    let installation = &harness.state().await["installation"];
    assert_eq!(
        (&installation["corp_name"], &installation["agent_id"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn the_certificate_is_exact_whenever_a_process_dies() {
    for writes in 0..MANY {
        let harness = a_tenant_with_everything().await;
        harness.devstack().faults().crash_after_writes(writes);
        let reply = harness.admin("disconnect", "DELETE", "/authorization", &Value::Null);
        let mut is_done = reply.await.status == 204;
        harness.wait(11);
        is_done &= harness
            .invoke("check-health", json!({}))
            .await
            .is_ok_and(|run| run["failed"] == 0);
        harness.devstack().faults().clear();
        is_done &= certificates(&harness).await.len() == 1;
        harness.end_processes();
        disconnect(&harness).await;
        for _ in 0..2 {
            clean_up(&harness).await;
        }
        let when = format!("after a crash after {writes} writes");
        nothing_is_left(&harness).await;
        the_certificate_is_exact(&harness, &when).await;
        if is_done {
            return;
        }
    }
    panic!("it has not ended after {MANY} writes");
}

/// More than are read at once, so that the check itself does not delete all.
#[tokio::test]
async fn a_run_deletes_the_events_that_its_check_has_left() {
    let harness = Harness::start(true).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    harness.deliver(&contacts, &member_created("one")).await.with_success();
    replace_event(&harness, &[0], 260).await;
    harness.devstack().faults().crash_after_writes(1);
    harness
        .admin("disconnect", "DELETE", "/authorization", &Value::Null)
        .await;
    harness.devstack().faults().clear();
    harness.end_processes();
    assert_eq!(items(&harness, EVENT_TABLE).await.len(), 260);
    clean_up(&harness).await;
    nothing_is_left(&harness).await;
    let [certificate] = &certificates(&harness).await[..] else {
        panic!("one certificate")
    };
    assert_eq!(certificate["details"]["events"], "260");
}

#[tokio::test]
async fn a_deployment_that_keeps_events_certifies_that() {
    let harness = Harness::start(false).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    harness.deliver(&contacts, &member_created("kept")).await.with_success();
    disconnect(&harness).await;
    clean_up(&harness).await;
    let [certificate] = &certificates(&harness).await[..] else {
        panic!("one certificate")
    };
    assert_eq!(certificate["details"]["events"], "kept");
    let page = harness.admin("read-authorization", "GET", "/authorization/events", &Value::Null);
    assert_eq!(page.await.with_status(200)["events"].as_array().unwrap().len(), 1);
}

async fn a_tenant_with_everything() -> Harness {
    let harness = Harness::start(true).await;
    let [contacts, external_contacts] = Box::pin(harness.bind_all()).await;
    let name = "企业微信".repeat(350 * 1024 / 12);
    let large = member_created("large").replace("</xml>", &format!("<Name>{name}</Name></xml>"));
    for message in [member_created("small"), member_created("another"), large] {
        harness.deliver(&contacts, &message).await.with_success();
    }
    harness
        .deliver(&external_contacts, &member_created("customer"))
        .await
        .with_success();
    for kind in ["contacts", "external_contacts", "installation"] {
        let input = json!({"tenant_id": TENANT, "kind": kind});
        harness.invoke("issue-access-token", input).await.unwrap();
    }
    harness
}

/// Stores so many events like the only one that there is, instead of it, in these partitions of the index by time in turn.
pub(crate) async fn replace_event(harness: &Harness, partitions: &[u8], number: usize) {
    let [event] = &items(harness, EVENT_TABLE).await[..] else {
        panic!("one event")
    };
    let delete = harness.dynamodb().delete_item().table_name(EVENT_TABLE);
    delete.key("event_id", event["event_id"].clone()).send().await.unwrap();
    let (time, _) = event["timeline_at"].as_s().unwrap().split_once('#').unwrap();
    let like = |(number, partition): (usize, &u8)| {
        let id = format!("{number:032x}");
        let mut item = event.clone();
        for (name, value) in [
            ("timeline_at", format!("{time}#{id}")),
            ("timeline", format!("{TENANT}#{partition}")),
            ("event_id", id),
        ] {
            item.insert(name.to_owned(), AttributeValue::S(value));
        }
        let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
        WriteRequest::builder().put_request(put).build()
    };
    let requests: Vec<_> = (0..number).zip(partitions.iter().cycle()).map(like).collect();
    for batch in requests.chunks(25) {
        let write = harness.dynamodb().batch_write_item();
        write.request_items(EVENT_TABLE, batch.to_vec()).send().await.unwrap();
    }
}

async fn disconnect(harness: &Harness) {
    let ended = harness.admin("disconnect", "DELETE", "/authorization", &Value::Null);
    assert_eq!(ended.await.status, 204);
}

/// Runs `check-health` when the clean-up of an end and of writes that died is due.
async fn clean_up(harness: &Harness) {
    harness.wait(31 * 60);
    let run = harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!(run["failed"], 0, "{run}");
}

async fn certificates(harness: &Harness) -> Vec<Value> {
    let page = harness.admin(
        "read-authorization",
        "GET",
        "/authorization/audit?limit=100",
        &Value::Null,
    );
    let entries = page.await.with_status(200)["entries"].as_array().unwrap().clone();
    entries
        .into_iter()
        .filter(|entry| entry["action"] == "data_deleted")
        .collect()
}

async fn the_certificate_is_exact(harness: &Harness, when: &str) {
    let certificates = certificates(harness).await;
    let [certificate] = &certificates[..] else {
        panic!("{when}: {certificates:?}")
    };
    let details: BTreeMap<String, String> = serde_json::from_value(certificate["details"].clone()).unwrap();
    let detail = |name: &str| details.get(name).map(String::as_str);
    for (name, value) in [
        ("events", EVENTS.to_string().as_str()),
        ("tokens", "3"),
        ("callbacks", "2"),
        ("credentials", "2"),
        ("secrets", "installation contacts external-contacts"),
    ] {
        assert_eq!(detail(name), Some(value), "{when}: {name} of {details:?}");
    }
    assert!(
        detail("ended_at").is_some() && detail("corp_id").is_some(),
        "{details:?}"
    );
    let until: jiff::Timestamp = detail("secrets_recoverable_until").unwrap().parse().unwrap();
    assert!(
        until <= harness.now() + jiff::SignedDuration::from_hours(7 * 24),
        "{details:?}"
    );
}

/// Looks at every item and every secret.
async fn nothing_is_left(harness: &Harness) {
    assert_eq!(items(harness, EVENT_TABLE).await.len(), 0, "events are left");
    for item in items(harness, AUTHORIZATION_TABLE).await {
        let key = item["pk"].as_s().unwrap();
        let (kind, of) = key.split_once('#').unwrap();
        match kind {
            // The record that says that nothing is set up.
            "TENANT" => {
                assert_eq!(item["sk"].as_s().unwrap(), "AUTHORIZATION");
                for empty in ["contacts", "external_contacts"] {
                    let state = item[empty].as_m().unwrap();
                    // When the callback ended, which the next one needs for `events.gap`.
                    let mut others = state.iter().filter(|(name, _)| *name != "heard_until");
                    assert!(others.all(|(_, value)| value.is_null()), "{state:?}");
                }
                let left = ["cleanup", "planned_writes", "deletion", "completed_at"];
                let left = left.iter().filter_map(|name| item.get(*name));
                assert!(left.into_iter().all(AttributeValue::is_null), "{:?}", item.keys());
            }
            // The audit trail, and what is the platform's own.
            "AUDIT" | "SUITE" | "RUN" => {}
            "TOKEN" => assert!(of.starts_with("suite/") || of.starts_with("provider/"), "{key}"),
            _ if ENDS_BY_ITSELF.contains(&kind) => {
                let ttl: i64 = item["ttl"].as_n().unwrap().parse().unwrap();
                assert!(ttl - harness.now().as_second() <= SEVEN_DAYS, "{key}");
            }
            _ => panic!("{key} is left"),
        }
    }
    let secrets = harness.secrets().list_secrets().include_planned_deletion(true).send();
    for secret in secrets.await.unwrap().secret_list() {
        let name = secret.name().unwrap();
        let is_scheduled = secret.deleted_date().is_some();
        assert_eq!(is_scheduled, name.contains(&format!("/{TENANT}/")), "{name}");
    }
}

async fn items(harness: &Harness, table: &str) -> Vec<Item> {
    let scan = harness.dynamodb().scan().table_name(table).consistent_read(true);
    let mut found = scan.into_paginator().items().send();
    let mut items = Vec::new();
    while let Some(item) = found.next().await {
        items.push(item.unwrap());
    }
    items
}
