//! How long a tenant's events are stored: as long as the deployment stores events, or for fewer days.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    faults::harness::{EVENT_TABLE, Harness, member_created},
    support::{CORP, Letter, Reply, Scope},
};

const DAY: i64 = 24 * 60 * 60;

async fn choose(harness: &Harness, days: Value) -> Reply {
    let body = json!({"callback_base_url": null, "event_retention_days": days});
    harness
        .admin("update-settings", "PUT", "/authorization/settings", &body)
        .await
}

/// The seconds from now to the end of each stored event that says this.
async fn left(harness: &Harness, text: &str) -> Vec<i64> {
    let stored = harness.dynamodb().scan().table_name(EVENT_TABLE).send().await.unwrap();
    let mut left = Vec::new();
    for item in stored.items() {
        if item["payload"].as_s().unwrap().contains(text) {
            let ttl: i64 = item["ttl"].as_n().unwrap().parse().unwrap();
            left.push(ttl - harness.now().as_second());
        }
    }
    left
}

#[tokio::test]
async fn events_end_when_their_tenant_has_chosen_and_those_from_before_when_they_were_to() {
    let harness = Harness::start(false).await;
    harness.stop_clock();
    harness.install().await;
    let before = harness.bind(Scope::Contacts).await;
    harness.deliver(&before, &member_created("before")).await.with_success();

    let settings = choose(&harness, json!(7.0)).await.with_status(200);
    assert_eq!(settings, json!({"callback_base_url": null, "event_retention_days": 7}));
    // What was remembered of the callback is read anew after a second.
    harness.wait(2);
    harness.deliver(&before, &member_created("after")).await.with_success();
    // So do those of a callback that is made afterwards, and of an app.
    let later = harness.bind(Scope::ExternalContacts).await;
    harness.deliver(&later, &member_created("other")).await.with_success();
    harness
        .app_event_arrives("<Event>enter_agent</Event><FromUserName>visitor</FromUserName>")
        .await;
    harness.stream("process-suite-event").await.unwrap();
    assert_eq!(left(&harness, "before").await, [30 * DAY - 2]);
    for text in ["after", "other", "visitor"] {
        assert_eq!(left(&harness, text).await, [7 * DAY], "{text}");
    }

    // A request that says nothing about it changes nothing about it, and one with null returns to the platform's.
    let domain = json!({"callback_base_url": null});
    let kept = harness
        .admin("update-settings", "PUT", "/authorization/settings", &domain)
        .await;
    assert_eq!(kept.with_status(200)["event_retention_days"], 7);
    let settings = choose(&harness, Value::Null).await.with_status(200);
    assert_eq!(settings, json!({"callback_base_url": null}));
    harness.wait(2);
    harness.deliver(&before, &member_created("again")).await.with_success();
    assert_eq!(left(&harness, "again").await, [30 * DAY]);
}

#[tokio::test]
async fn an_event_sent_before_the_tenants_retention_is_refused_because_it_might_count_twice() {
    let harness = Harness::start(false).await;
    harness.install().await;
    let credentials = harness.bind(Scope::Contacts).await;
    choose(&harness, json!(1)).await.with_status(200);
    harness.wait(2);
    for (hours, status) in [(23, 403), (22, 200)] {
        let sent = harness.now() - SignedDuration::from_hours(hours);
        let letter = Letter::sent_at(&credentials, CORP, &member_created("captured"), sent);
        let reply = harness.deliver_letter(&credentials, &letter).await;
        assert_eq!(reply.status, status, "{hours}");
        assert_eq!(left(&harness, "captured").await.len(), usize::from(status == 200));
    }
}

#[tokio::test]
async fn days_that_the_platform_does_not_offer_are_refused_and_change_nothing() {
    let harness = Harness::start(false).await;
    choose(&harness, json!(7)).await.with_status(200);
    for days in [0, 31, 3650, 65535] {
        let reply = choose(&harness, json!(days)).await;
        assert_eq!(reply.status, 422, "{days}");
        let problem = reply.json();
        assert_eq!(problem["errors"][0]["field"], "event_retention_days", "{days}");
    }
    for days in [json!(-1), json!(1.5), json!(65536), json!("7"), json!([7])] {
        let reply = choose(&harness, days.clone()).await;
        assert_eq!(reply.status, 400, "{days}");
        assert_eq!(reply.json()["errors"][0]["field"], "event_retention_days", "{days}");
    }
    assert_eq!(harness.state().await["settings"]["event_retention_days"], 7);
    let audit = harness
        .admin("read-authorization", "GET", "/authorization/audit", &Value::Null)
        .await
        .with_status(200);
    let entries = audit["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "{audit}");
    assert_eq!(entries[0]["details"]["event_retention_days"], "7");
}
