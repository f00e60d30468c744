//! The FIFO queue that events are sent to as well: callback by callback in the order in which they were stored.

use devstack::Fault;
use serde_json::{Value, json};

use crate::{
    event_schema::holds,
    faults::harness::{EVENT_QUEUE, Harness, member_created},
    support::{CORP, Scope, letter},
};

/// What is in the queue: group, type and member of each message. It is deleted.
fn taken(harness: &Harness) -> Vec<(String, Value)> {
    let queues = harness.devstack().queues();
    let mut taken = Vec::new();
    loop {
        let received = queues.receive(EVENT_QUEUE, 10);
        if received.is_empty() {
            return taken;
        }
        for message in received {
            queues.delete(EVENT_QUEUE, &message.receipt_handle);
            let event: Value = serde_json::from_str(&message.body).unwrap();
            holds(&event);
            taken.push((message.group_id.unwrap(), event));
        }
    }
}

fn members(taken: &[(String, Value)]) -> Vec<&str> {
    let member = |event: &Value| event["detail"]["payload"]["UserID"].as_str().map(str::len);
    assert!(taken.iter().all(|(_, event)| member(event).is_some()));
    let events = taken.iter();
    events
        .map(|(_, event)| event["detail"]["payload"]["UserID"].as_str().unwrap())
        .collect()
}

async fn harness() -> (Harness, [crate::support::Credentials; 2]) {
    let harness = Harness::start(false).await;
    let credentials = Box::pin(harness.bind_all()).await;
    harness.stream("publish-changes").await.unwrap();
    harness.events_go_to_a_queue();
    (harness, credentials)
}

#[tokio::test]
async fn events_of_a_callback_are_a_group_in_the_order_in_which_they_were_stored() {
    let (harness, [contacts, external_contacts]) = harness().await;
    for number in 0..12 {
        let message = member_created(&number.to_string());
        harness.deliver(&contacts, &message).await.with_success();
    }
    let other = letter::event(CORP, "change_external_contact", "add_external_contact", "");
    harness.deliver(&external_contacts, &other).await.with_success();
    harness.stream("publish-events").await.unwrap();
    let taken = taken(&harness);
    let id = |url: &str| url.rsplit('/').next().unwrap().to_owned();
    let [ours, theirs]: [Vec<_>; 2] = [&contacts, &external_contacts].map(|credentials| {
        let group = id(&credentials.url);
        taken.iter().filter(|(of, _)| *of == group).cloned().collect()
    });
    let expected: Vec<_> = (0..12).map(|number| number.to_string()).collect();
    assert_eq!(members(&ours), expected);
    assert_eq!((theirs.len(), taken.len()), (1, 13));
}

#[tokio::test]
async fn changes_of_an_authorization_are_a_group_of_their_tenant() {
    let (harness, _) = harness().await;
    harness.generate(Scope::Contacts, true).await.with_status(201);
    harness.stream("publish-changes").await.unwrap();
    let taken = taken(&harness);
    assert!(!taken.is_empty());
    for (group, event) in taken {
        assert_eq!(
            (group.as_str(), &event["detail-type"]),
            ("acme", &json!("authorization.changed"))
        );
    }
}

/// Redelivered by Lambda, whatever the reason; and replayed, which is to come again.
#[tokio::test]
async fn what_is_published_twice_is_taken_once_and_a_replay_once_more() {
    let (harness, [contacts, _]) = harness().await;
    harness.deliver(&contacts, &member_created("a")).await.with_success();
    harness.fetch("publish-events").await;
    let batch = harness.batch("publish-events");
    for _ in 0..2 {
        harness.hand_in_again("publish-events", batch.clone());
        harness.stream("publish-events").await.unwrap();
    }
    let first = taken(&harness);
    assert_eq!(members(&first), ["a"]);
    let event_id = first[0].1["detail"]["event_id"].as_str().unwrap();
    let target = format!("/authorization/events/{event_id}/replay");
    for _ in 0..2 {
        let replayed = harness.admin("replay-event", "POST", &target, &Value::Null).await;
        replayed.with_status(202);
        harness.stream("publish-events").await.unwrap();
        assert_eq!(members(&taken(&harness)), ["a"]);
    }
}

#[tokio::test]
async fn what_the_queue_refuses_is_redelivered_with_what_follows_it() {
    let (harness, [contacts, _]) = harness().await;
    for number in 0..25 {
        let message = member_created(&number.to_string());
        harness.deliver(&contacts, &message).await.with_success();
    }
    harness.fetch("publish-events").await;
    // The answer to the first request is lost, each time that the SDK sends it.
    let lost = Fault::on("SendMessageBatch").after_applying().drop_connection();
    harness.devstack().faults().add(lost);
    let failed = harness.stream("publish-events").await;
    assert_eq!(failed, Err("1 to be redelivered".to_owned()));
    harness.devstack().faults().clear();
    harness.stream("publish-events").await.unwrap();
    let expected: Vec<_> = (0..25).map(|number| number.to_string()).collect();
    assert_eq!(members(&taken(&harness)), expected);
    let state = harness.state().await;
    assert_eq!(state["contacts"]["callback"]["events_received"], 25);
}
