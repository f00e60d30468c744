//! The self-test: WeCom's own check, sent by ourselves through the callback's URL.

use serde_json::{Value, json};

use crate::support::{Scope, World};

async fn test(world: &World, send_event: bool) -> Value {
    let body = json!({"send_event": send_event});
    let answer = world.admin().post("/authorization/contacts/test", body).await;
    answer.with_status(200)
}

fn codes(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap().iter();
    // A busy machine may need a second, and says so.
    let codes = findings.map(|finding| finding["code"].as_str().unwrap());
    codes.filter(|code| *code != "too_slow").collect()
}

#[tokio::test]
async fn the_url_can_be_tested_before_anything_is_pasted_and_is_not_verified_by_it() {
    let world = World::start().await;
    world.install().await;
    world.register(Scope::Contacts).await;
    let report = test(&world, true).await;
    assert_eq!(
        (&report["reachable"], &report["verified"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(codes(&report), Vec::<&str>::new());
    assert!(report["latency_ms"].is_u64(), "{report}");
    let callback = world.callback(Scope::Contacts).await;
    assert_eq!(callback["status"], "awaiting_verification");
    assert_eq!(callback["last_rejection"], Value::Null);

    let events = world.events("").await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["event_id"], report["event_id"]);
    assert_eq!(events[0]["event"], "wecom_authorization_test");
}

#[tokio::test]
async fn without_a_corporation_no_event_is_sent_and_the_admin_is_told_why() {
    let world = World::start().await;
    world.install().await;
    let path = "/authorization/contacts/credentials";
    world.admin().post(path, json!({})).await.with_status(201);
    let report = test(&world, true).await;
    assert_eq!(report["verified"], true);
    assert_eq!(codes(&report), ["corp_id_unknown"]);
    assert_eq!(report["event_id"], Value::Null);
    assert!(world.events("").await.is_empty());
}

#[tokio::test]
async fn a_domain_that_leads_nowhere_is_said_so() {
    let world = World::start().await;
    world.install().await;
    world.register(Scope::Contacts).await;
    let settings = json!({"callback_base_url": "https://nowhere.example.com"});
    world
        .admin()
        .put("/authorization/settings", settings)
        .await
        .with_status(200);
    let report = test(&world, true).await;
    assert_eq!(
        (&report["reachable"], &report["verified"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(codes(&report), ["dns_not_found"]);
    assert_eq!(report["latency_ms"], Value::Null);
}

#[tokio::test]
async fn what_has_no_credentials_cannot_be_tested() {
    let world = World::start().await;
    world.install().await;
    let answer = world.admin().post("/authorization/contacts/test", json!({})).await;
    answer.refused(404, "not_found");
}
