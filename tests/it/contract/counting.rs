//! `DynamoDb::count_events`: exact whatever is redelivered, in whatever batches, and whichever callback is gone.

use aws_sdk_dynamodb::types::AttributeValue;
use devstack::Fault;
use jiff::{SignedDuration, Timestamp};
use wecom_authorization::{
    authorization::EventCounts,
    ids::{CallbackId, Scope},
    store::{Change, EventChange, StoreError},
};

use super::{
    endpoint::{Endpoint, Item, at_once},
    samples::{authorization, callback, save_callback, tenant},
};

const SHARD: &str = "shardId-00000001636737410433-4a0d6c8c";

async fn made(endpoint: &Endpoint) -> CallbackId {
    let callback = callback(&tenant("acme"), endpoint.now);
    let id = callback.callback_id.clone();
    endpoint.store().commit(vec![save_callback(callback)]).await.unwrap();
    id
}

/// A new event. Sequence numbers begin where they get another digit.
fn stored(number: u32, id: &CallbackId, at: Timestamp) -> EventChange {
    EventChange {
        sequence_number: (number + 95).to_string(),
        callback_id: id.clone(),
        stored_at: Some(at),
        repeated: 0,
    }
}

fn repeated(number: u32, id: &CallbackId, times: u64) -> EventChange {
    EventChange {
        stored_at: None,
        repeated: times,
        ..stored(number, id, Timestamp::UNIX_EPOCH)
    }
}

async fn count(endpoint: &Endpoint, changes: &[EventChange]) {
    endpoint
        .store()
        .count_events(SHARD, changes, endpoint.now)
        .await
        .unwrap();
}

async fn counted(endpoint: &Endpoint, id: &CallbackId) -> (u64, u64, Option<Timestamp>) {
    let counts = endpoint.store().event_counts(id).await.unwrap();
    (counts.events_received, counts.duplicates, counts.last_event_at)
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// The item with a callback's counters, whole.
async fn counts_item(endpoint: &Endpoint, id: &CallbackId) -> Option<Item> {
    let get = endpoint.dynamodb.get_item().table_name(&endpoint.authorization_table);
    let get = get.key("pk", text(&format!("CALLBACK#{id}"))).key("sk", text("COUNTS"));
    get.send().await.unwrap().item
}

/// Number of shards that a callback has a position in.
async fn positions(endpoint: &Endpoint, id: &CallbackId) -> usize {
    let item = counts_item(endpoint, id).await.unwrap();
    item.keys().filter(|name| name.starts_with('@')).count()
}

#[tokio::test]
async fn counts_are_added_to_each_callback_of_a_batch() {
    let endpoint = Endpoint::any().await;
    let (one, other) = (made(&endpoint).await, made(&endpoint).await);
    let now = endpoint.now;
    count(&endpoint, &[]).await;
    count(
        &endpoint,
        &[stored(0, &one, now), repeated(1, &other, 2), stored(2, &one, now)],
    )
    .await;
    assert_eq!(counted(&endpoint, &one).await, (2, 0, Some(now)));
    assert_eq!(counted(&endpoint, &other).await, (0, 2, None));
    let later = endpoint.at_second(5);
    count(&endpoint, &[stored(3, &one, later), repeated(4, &one, 1)]).await;
    assert_eq!(counted(&endpoint, &one).await, (3, 1, Some(later)));
}

#[tokio::test]
async fn records_that_are_redelivered_are_counted_once_in_whatever_batches() {
    let endpoint = Endpoint::any().await;
    let id = made(&endpoint).await;
    let all: Vec<_> = (0..10).map(|number| stored(number, &id, endpoint.now)).collect();
    for batch in [0..4, 0..4, 2..4, 0..7, 5..6, 6..10, 0..10, 9..10] {
        count(&endpoint, &all[batch]).await;
    }
    assert_eq!(counted(&endpoint, &id).await, (10, 0, Some(endpoint.now)));
}

#[tokio::test]
async fn each_shard_has_a_position_of_its_own() {
    let endpoint = Endpoint::any().await;
    let id = made(&endpoint).await;
    let (store, now) = (endpoint.store(), endpoint.now);
    for shard in ["one", "other", "one", "other"] {
        store.count_events(shard, &[stored(0, &id, now)], now).await.unwrap();
    }
    assert_eq!(counted(&endpoint, &id).await, (2, 0, Some(now)));
}

/// A corporation left while its last events were on their way.
#[tokio::test]
async fn a_callback_that_was_removed_does_not_keep_the_others_from_being_counted() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    let (one, other) = (made(&endpoint).await, made(&endpoint).await);
    let gone = callback(&tenant("acme"), endpoint.now).callback_id;
    let now = endpoint.now;
    let batch = [
        stored(0, &one, now),
        stored(1, &gone, now),
        stored(2, &other, now),
        repeated(3, &other, 1),
    ];
    for _ in 0..2 {
        count(&endpoint, &batch).await;
        assert_eq!(counted(&endpoint, &one).await, (1, 0, Some(now)));
        assert_eq!(counted(&endpoint, &other).await, (1, 1, Some(now)));
    }
    // Another leaves before the batch is redelivered: the first one is not counted twice.
    store.commit(vec![Change::RemoveCallback(other.clone())]).await.unwrap();
    count(&endpoint, &batch).await;
    assert_eq!(counted(&endpoint, &one).await, (1, 0, Some(now)));
    for removed in [&gone, &other] {
        assert_eq!(
            store.callback(removed).await.unwrap(),
            None,
            "a counter made a callback"
        );
        assert_eq!(counts_item(&endpoint, removed).await, None, "its counters stayed");
    }
}

#[tokio::test]
async fn fifty_shards_at_once_are_counted_exactly() {
    let endpoint = Endpoint::any().await;
    let (one, other) = (made(&endpoint).await, made(&endpoint).await);
    let now = endpoint.now;
    let results = at_once(50, |number| {
        let store = endpoint.store();
        let changes = [
            stored(0, &one, now),
            stored(1, &one, now),
            repeated(2, &one, 1),
            stored(3, &other, now),
        ];
        async move {
            store
                .count_events(&format!("shard-{number}"), &changes, now)
                .await
                .unwrap();
        }
    });
    results.await;
    assert_eq!(counted(&endpoint, &one).await, (100, 50, Some(now)));
    assert_eq!(counted(&endpoint, &other).await, (50, 0, Some(now)));
}

#[tokio::test]
async fn one_batch_delivered_fifty_times_at_once_is_counted_once() {
    let endpoint = Endpoint::any().await;
    let id = made(&endpoint).await;
    let results = at_once(50, |_| {
        let (store, now) = (endpoint.store(), endpoint.now);
        let changes = [stored(0, &id, now), repeated(1, &id, 1)];
        async move { store.count_events(SHARD, &changes, now).await }
    });
    assert!(results.await.iter().any(Result::is_ok));
    assert_eq!(counted(&endpoint, &id).await, (1, 1, Some(endpoint.now)));
}

/// Of the callbacks of a batch one cannot be counted: what was counted of the others is not counted again.
#[tokio::test]
async fn a_batch_that_failed_between_two_callbacks_is_counted_exactly_in_whatever_batches_it_comes_again() {
    let endpoint = Endpoint::ours().await;
    let ids = [made(&endpoint).await, made(&endpoint).await, made(&endpoint).await];
    let all: Vec<_> = (0..30)
        .zip(ids.iter().cycle())
        .map(|(number, id)| stored(number, id, endpoint.now))
        .collect();
    count(&endpoint, &all[..3]).await;
    let (impatient, _) = endpoint.impatient(std::time::Duration::from_secs(10));
    for (failing, batch) in [(1, 0..20), (2, 3..20), (1, 3..12), (2, 0..30)] {
        let code = "ProvisionedThroughputExceededException";
        endpoint
            .faults()
            .add(Fault::on("UpdateItem").times(failing).answer(code));
        let counted = impatient.count_events(SHARD, &all[batch], endpoint.now).await;
        assert!(matches!(counted, Err(StoreError::Unavailable(_))), "{counted:?}");
    }
    // Halved, as Lambda does after an error.
    for batch in [0..15, 15..30] {
        count(&endpoint, &all[batch]).await;
    }
    for id in &ids {
        assert_eq!(counted(&endpoint, id).await, (10, 0, Some(endpoint.now)));
    }
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_counted_once() {
    let endpoint = Endpoint::ours().await;
    let id = made(&endpoint).await;
    count(&endpoint, &[stored(0, &id, endpoint.now)]).await;
    let lost = Fault::on("UpdateItem").times(1).after_applying();
    endpoint.faults().add(lost.drop_connection());
    count(&endpoint, &[stored(1, &id, endpoint.now), repeated(2, &id, 1)]).await;
    assert_eq!(counted(&endpoint, &id).await, (2, 1, Some(endpoint.now)));
}

#[tokio::test]
async fn a_batch_may_name_more_callbacks_than_are_counted_at_a_time() {
    let endpoint = Endpoint::any().await;
    let mut ids = Vec::new();
    for _ in 0..40 {
        ids.push(made(&endpoint).await);
    }
    let changes: Vec<_> = (0..)
        .zip(&ids)
        .map(|(number, id)| stored(number, id, endpoint.now))
        .collect();
    for _ in 0..2 {
        count(&endpoint, &changes).await;
    }
    for id in &ids {
        assert_eq!(counted(&endpoint, id).await, (1, 0, Some(endpoint.now)));
    }
}

/// Lambda redelivers a record for six hours.
#[tokio::test]
async fn positions_of_shards_that_are_over_are_removed_and_no_others() {
    let endpoint = Endpoint::any().await;
    let id = made(&endpoint).await;
    let store = endpoint.store();
    // A shard after the other, an hour each.
    for hour in 0..48 {
        let now = endpoint.now + SignedDuration::from_hours(hour.into());
        store
            .count_events(&format!("shard {hour}"), &[stored(hour, &id, now)], now)
            .await
            .unwrap();
        assert!(positions(&endpoint, &id).await <= 16, "after {hour} hours");
        for earlier in hour.saturating_sub(6)..=hour {
            let redelivered = [stored(earlier, &id, now)];
            store
                .count_events(&format!("shard {earlier}"), &redelivered, now)
                .await
                .unwrap();
        }
    }
    assert_eq!(counted(&endpoint, &id).await.0, 48);
}

/// The batch that is redelivered while a new version is deployed.
#[tokio::test]
async fn what_an_earlier_version_has_counted_is_not_counted_again() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    let (one, other) = (made(&endpoint).await, made(&endpoint).await);
    let now = endpoint.now;
    let put = endpoint.dynamodb.put_item().table_name(&endpoint.authorization_table);
    put.item("pk", text(&format!("COUNTED#{SHARD}")))
        .item("sk", text("POSITION"))
        .item(
            "position",
            text(&format!("{:0>40}", stored(1, &one, now).sequence_number)),
        )
        .send()
        .await
        .unwrap();
    let earlier = endpoint
        .dynamodb
        .update_item()
        .table_name(&endpoint.authorization_table);
    earlier
        .key("pk", text(&format!("CALLBACK#{one}")))
        .key("sk", text("CALLBACK"))
        .update_expression("ADD events_received :seven, duplicates :seven SET last_event_at = :at")
        .expression_attribute_values(":seven", AttributeValue::N("7".to_owned()))
        .expression_attribute_values(":at", text(&endpoint.at_second(9).to_string()))
        .send()
        .await
        .unwrap();
    let batch = [
        stored(0, &one, now),
        stored(1, &other, now),
        stored(2, &one, now),
        repeated(3, &one, 1),
    ];
    for _ in 0..2 {
        count(&endpoint, &batch).await;
    }
    assert_eq!(counted(&endpoint, &one).await, (1, 1, Some(now)));
    assert_eq!(counted(&endpoint, &other).await, (0, 0, None));
    let mut authorization = authorization(&tenant("acme"), now);
    authorization.scope_mut(Scope::Contacts).callback_id = Some(one);
    authorization.scope_mut(Scope::ExternalContacts).callback_id = None;
    let [callback, _] = store.callbacks_of(&authorization).await.unwrap();
    let callback = callback.unwrap();
    assert_eq!(
        (callback.events_received, callback.duplicates, callback.last_event_at),
        (8, 8, Some(endpoint.at_second(9))),
        "with what the earlier version has counted"
    );
    assert_eq!(
        store.event_counts(&callback.callback_id).await.unwrap().events_received,
        1
    );
    assert_eq!(
        store.event_counts(&callback_of_nobody(&endpoint)).await.unwrap(),
        EventCounts::default()
    );
}

fn callback_of_nobody(endpoint: &Endpoint) -> CallbackId {
    callback(&tenant("acme"), endpoint.now).callback_id
}
