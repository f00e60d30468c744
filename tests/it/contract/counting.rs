//! `DynamoDb::count_events`: exact whatever is redelivered, in whatever batches, and whichever callback is gone.

use jiff::Timestamp;
use wecom_authorization::{
    ids::CallbackId,
    store::{Change, EventChange},
};

use super::{
    endpoint::{Endpoint, at_once},
    samples::{callback, save_callback, tenant},
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
    let callback = endpoint.store().callback(id).await.unwrap().unwrap();
    (callback.events_received, callback.duplicates, callback.last_event_at)
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

#[tokio::test]
async fn a_batch_may_name_more_callbacks_than_a_transaction_takes() {
    let endpoint = Endpoint::any().await;
    let mut ids = Vec::new();
    for _ in 0..120 {
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

/// One write for each callback and one for the position, whether the events are one or many.
#[tokio::test]
async fn counting_sixty_callbacks_writes_sixty_one_items_and_a_busy_one_two() {
    let endpoint = Endpoint::ours().await;
    let mut ids = Vec::new();
    for _ in 0..60 {
        ids.push(made(&endpoint).await);
    }
    let before = endpoint.transacted_items();
    let alone: Vec<_> = (0..)
        .zip(&ids)
        .map(|(number, id)| stored(number, id, endpoint.now))
        .collect();
    count(&endpoint, &alone).await;
    assert_eq!(endpoint.transacted_items() - before, 61);
    let busy: Vec<_> = (100..200).map(|number| stored(number, &ids[0], endpoint.now)).collect();
    count(&endpoint, &busy).await;
    assert_eq!(endpoint.transacted_items() - before, 63);
}
