//! Counting of events: exact when batches are redelivered and when callbacks are removed.

use jiff::Timestamp;
use wecom_authorization::{
    ids::CallbackId,
    store::{CallbackCount, Change},
};

use super::{
    endpoint::{Endpoint, at_once},
    samples::{callback, save_callback, tenant},
};

/// Names of batches as `count-events` makes them.
const BATCH: &str = "0123456789abcdef01234567";
const OTHER_BATCH: &str = "89abcdef0123456701234567";

async fn made(endpoint: &Endpoint) -> CallbackId {
    let callback = callback(&tenant("acme"), endpoint.now);
    let id = callback.callback_id.clone();
    endpoint.store().commit(vec![save_callback(callback)]).await.unwrap();
    id
}

fn count(id: &CallbackId, received: u64, duplicates: u64, at: Option<Timestamp>) -> CallbackCount {
    CallbackCount {
        callback_id: id.clone(),
        received,
        duplicates,
        last_event_at: at,
    }
}

async fn counted(endpoint: &Endpoint, id: &CallbackId) -> (u64, u64, Option<Timestamp>) {
    let read = endpoint.store().callback(id).await;
    let callback = read.unwrap().unwrap();
    (callback.events_received, callback.duplicates, callback.last_event_at)
}

#[tokio::test]
async fn counts_are_added_to_each_callback_of_a_batch() {
    let endpoint = Endpoint::any().await;
    let (one, other) = (made(&endpoint).await, made(&endpoint).await);
    let (store, now) = (endpoint.store(), endpoint.now);
    store.count_events(Vec::new(), BATCH, now).await.unwrap();
    let first = vec![count(&one, 3, 0, Some(now)), count(&other, 0, 2, None)];
    store.count_events(first, BATCH, now).await.unwrap();
    assert_eq!(counted(&endpoint, &one).await, (3, 0, Some(now)));
    assert_eq!(counted(&endpoint, &other).await, (0, 2, None));
    let later = endpoint.at_second(5);
    let second = vec![count(&one, 1, 1, Some(later))];
    store.count_events(second, OTHER_BATCH, now).await.unwrap();
    assert_eq!(counted(&endpoint, &one).await, (4, 1, Some(later)));
}

#[tokio::test]
async fn a_batch_that_is_handed_in_again_is_counted_once() {
    let endpoint = Endpoint::any().await;
    let id = made(&endpoint).await;
    let at = Some(endpoint.now);
    for _ in 0..3 {
        let counts = vec![count(&id, 3, 1, at)];
        endpoint
            .store()
            .count_events(counts, BATCH, endpoint.now)
            .await
            .unwrap();
    }
    assert_eq!(counted(&endpoint, &id).await, (3, 1, at));
}

/// A corporation left while its last events were on their way.
#[tokio::test]
async fn a_callback_that_was_removed_does_not_keep_the_others_from_being_counted() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    let (one, other) = (made(&endpoint).await, made(&endpoint).await);
    let gone = callback(&tenant("acme"), endpoint.now).callback_id;
    let at = Some(endpoint.now);
    let batch = || vec![count(&one, 1, 0, at), count(&gone, 5, 0, at), count(&other, 2, 1, at)];
    for _ in 0..2 {
        store.count_events(batch(), BATCH, endpoint.now).await.unwrap();
        assert_eq!(counted(&endpoint, &one).await, (1, 0, at));
        assert_eq!(counted(&endpoint, &other).await, (2, 1, at));
    }
    // The other callback is removed before the batch is redelivered: the first one is not counted twice.
    let remove = Change::RemoveCallback(other.clone());
    store.commit(vec![remove]).await.unwrap();
    store.count_events(batch(), BATCH, endpoint.now).await.unwrap();
    assert_eq!(counted(&endpoint, &one).await, (1, 0, at));
    for removed in [&gone, &other] {
        let read = store.callback(removed).await;
        assert_eq!(read.unwrap(), None, "a counter made a callback");
    }
}

#[tokio::test]
async fn fifty_batches_at_once_are_counted_exactly() {
    let endpoint = Endpoint::any().await;
    let (one, other) = (made(&endpoint).await, made(&endpoint).await);
    let now = endpoint.now;
    let at = Some(now);
    let results = at_once(50, |number| {
        let store = endpoint.store();
        let counts = vec![count(&one, 2, 1, at), count(&other, 1, 0, at)];
        async move { store.count_events(counts, &format!("{number:024}"), now).await.unwrap() }
    });
    results.await;
    assert_eq!(counted(&endpoint, &one).await, (100, 50, at));
    assert_eq!(counted(&endpoint, &other).await, (50, 0, at));
}

#[tokio::test]
async fn one_batch_handed_in_fifty_times_at_once_is_counted_once() {
    let endpoint = Endpoint::any().await;
    let id = made(&endpoint).await;
    let results = at_once(50, |_| {
        let (store, counts, now) = (endpoint.store(), vec![count(&id, 2, 1, None)], endpoint.now);
        async move { store.count_events(counts, BATCH, now).await }
    });
    assert!(results.await.iter().any(Result::is_ok));
    assert_eq!(counted(&endpoint, &id).await, (2, 1, None));
}

#[tokio::test]
async fn a_batch_may_name_a_hundred_callbacks() {
    let endpoint = Endpoint::any().await;
    let mut ids = Vec::new();
    for _ in 0..100 {
        ids.push(made(&endpoint).await);
    }
    let counts = ids.iter().map(|id| count(id, 1, 0, None)).collect();
    endpoint
        .store()
        .count_events(counts, BATCH, endpoint.now)
        .await
        .unwrap();
    for id in &ids {
        assert_eq!(counted(&endpoint, id).await, (1, 0, None));
    }
}
