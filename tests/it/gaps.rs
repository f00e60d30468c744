//! `events.gap`: other services are told once when events may have been lost.

use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;

use crate::{
    event_schema::{holds, published},
    faults::harness::{Harness, member_created},
    restore::{install_in, removed},
    support::{CORP, Scope},
};

const DAY: i64 = 24 * 60 * 60;

/// The gaps that were published since the bus was looked at last.
async fn gaps(harness: &Harness, bus: &mut Receiver<Value>) -> Vec<Value> {
    for function in ["publish-events", "publish-changes"] {
        harness.stream(function).await.unwrap();
    }
    let sent = published(bus);
    sent.iter().for_each(holds);
    let gaps = sent.into_iter().filter(|sent| sent["detail-type"] == "events.gap");
    gaps.map(|gap| gap["detail"].clone()).collect()
}

async fn disconnect(harness: &Harness) {
    let ended = harness.admin("disconnect", "DELETE", "/authorization", &Value::Null);
    assert_eq!(ended.await.status, 204);
}

#[tokio::test]
async fn after_a_disconnect_each_callback_that_is_set_up_again_ends_a_gap_once() {
    let harness = Harness::start(false).await;
    harness.stop_clock();
    let mut bus = harness.devstack().events();
    harness.install().await;
    harness.bind(Scope::Contacts).await;
    // Credentials that nobody has pasted: nothing was received there.
    harness.register(Scope::ExternalContacts).await;
    assert_eq!(
        gaps(&harness, &mut bus).await,
        Vec::<Value>::new(),
        "nothing was before"
    );
    let ended = harness.now();
    disconnect(&harness).await;
    harness.wait(60);
    harness.install().await;
    let contacts = harness.register(Scope::Contacts).await;
    assert_eq!(
        gaps(&harness, &mut bus).await,
        Vec::<Value>::new(),
        "nothing is received yet"
    );
    // It ends before anything was received.
    disconnect(&harness).await;
    harness.wait(60);
    harness.install().await;
    harness.check(&contacts).await.refused(404, "not_found");
    let contacts = harness.bind(Scope::Contacts).await;
    harness.bind(Scope::ExternalContacts).await;
    let expected = json!({
        "tenant_id": "acme", "binding_id": "first", "scope": "contacts", "corp_id": CORP, "reason": "set_up_again",
        "from": ended.to_string(), "to": harness.now().to_string(),
    });
    assert_eq!(gaps(&harness, &mut bus).await, [expected]);

    harness.check(&contacts).await.with_echo();
    let rotated = crate::support::Credentials::of(&harness.generate(Scope::Contacts, true).await.with_status(201));
    harness.check(&rotated).await.with_echo();
    harness.deliver(&rotated, &member_created("a")).await.with_success();
    assert_eq!(gaps(&harness, &mut bus).await, Vec::<Value>::new(), "it is over");
}

#[tokio::test]
async fn an_app_that_is_installed_again_ends_a_gap_of_each_callback() {
    let (harness, _) = Box::pin(removed()).await;
    let mut bus = harness.devstack().events();
    harness.stream("publish-changes").await.unwrap();
    published(&mut bus);
    harness.sleep(2 * 24).await;
    install_in(&harness, CORP).await;
    let gaps = gaps(&harness, &mut bus).await;
    let scopes: Vec<_> = gaps.iter().map(|gap| &gap["scope"]).collect();
    assert_eq!(scopes, ["contacts", "external_contacts"]);
    for gap in &gaps {
        let time = |name: &str| gap[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        let days = time("to").duration_since(time("from")).as_secs() / DAY;
        assert_eq!((&gap["reason"], days), (&json!("installed_again"), 2), "{gap}");
    }
}

#[tokio::test]
async fn a_callback_that_was_silent_for_more_than_thirty_days_ends_a_gap_with_its_next_event() {
    let harness = Harness::start(false).await;
    harness.stop_clock();
    let [contacts, customers] = Box::pin(harness.bind_all()).await;
    let mut bus = harness.devstack().events();
    let heard = harness.now();
    harness
        .deliver(&contacts, &member_created("first"))
        .await
        .with_success();
    harness
        .deliver(&customers, &member_created("first"))
        .await
        .with_success();
    assert_eq!(gaps(&harness, &mut bus).await, Vec::<Value>::new());
    harness.wait(29 * DAY);
    harness
        .deliver(&customers, &member_created("in time"))
        .await
        .with_success();
    assert_eq!(gaps(&harness, &mut bus).await, Vec::<Value>::new());
    harness.wait(2 * DAY);
    for member in ["again", "and again"] {
        harness.deliver(&contacts, &member_created(member)).await.with_success();
        harness
            .deliver(&customers, &member_created(member))
            .await
            .with_success();
    }
    harness.fetch("publish-events").await;
    let batch = harness.batch("publish-events");
    let expected = json!({
        "tenant_id": "acme", "binding_id": "first", "scope": "contacts", "corp_id": CORP, "reason": "silent",
        "from": heard.to_string(), "to": harness.now().to_string(),
    });
    assert_eq!(gaps(&harness, &mut bus).await, [expected]);
    // The batch is redelivered.
    harness.hand_in_again("publish-events", batch);
    assert_eq!(gaps(&harness, &mut bus).await, Vec::<Value>::new());
    let state = harness.state().await;
    let counts = ["contacts", "external_contacts"].map(|scope| state[scope]["callback"]["events_received"].clone());
    assert_eq!(counts, [json!(3), json!(4)], "{state}");
}

#[tokio::test]
async fn a_callback_that_wecom_has_checked_meanwhile_was_not_silent() {
    let harness = Harness::start(false).await;
    harness.stop_clock();
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    harness
        .deliver(&contacts, &member_created("first"))
        .await
        .with_success();
    harness.stream("publish-events").await.unwrap();
    harness.wait(20 * DAY);
    let rotated = crate::support::Credentials::of(&harness.generate(Scope::Contacts, true).await.with_status(201));
    harness.check(&rotated).await.with_echo();
    harness.wait(20 * DAY);
    let mut bus = harness.devstack().events();
    harness.deliver(&rotated, &member_created("again")).await.with_success();
    assert_eq!(gaps(&harness, &mut bus).await, Vec::<Value>::new());
    assert_eq!(harness.state().await["contacts"]["callback"]["events_received"], 2);
}
