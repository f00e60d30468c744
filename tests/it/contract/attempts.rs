//! Attempts: exactly up to the limit in a window, and a ban that every function sees.

use jiff::{SignedDuration, Timestamp};

use super::endpoint::{Endpoint, at_once, number};

const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// The beginning of the window that the present lies in.
fn window_of(endpoint: &Endpoint) -> Timestamp {
    let second = endpoint.now.as_second();
    Timestamp::from_second(second - second % WINDOW.as_secs()).unwrap()
}

fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

async fn take(endpoint: &Endpoint, counter: &str, now: Timestamp) -> Result<(), Timestamp> {
    endpoint.store().take_attempt(counter, 3, WINDOW, now).await.unwrap()
}

#[tokio::test]
async fn a_window_has_as_many_attempts_as_the_limit_says() {
    let endpoint = Endpoint::any().await;
    let begin = window_of(&endpoint);
    let (end, last) = (begin + WINDOW, begin + WINDOW - secs(1));
    assert_eq!(take(&endpoint, "acme", begin).await, Ok(()));
    assert_eq!(take(&endpoint, "acme", begin + secs(10)).await, Ok(()));
    assert_eq!(take(&endpoint, "acme", last).await, Ok(()));
    for now in [begin, last] {
        assert_eq!(take(&endpoint, "acme", now).await, Err(end));
    }
    assert_eq!(take(&endpoint, "rival", last).await, Ok(()), "another counter");
    assert_eq!(take(&endpoint, "acme", end).await, Ok(()), "another window");
    let item = endpoint
        .item("ATTEMPTS#acme", &begin.as_second().to_string())
        .await
        .unwrap();
    assert_eq!(number(&item, "ttl"), end.as_second());
}

#[tokio::test]
async fn an_attempt_that_was_given_back_can_be_taken_again() {
    let endpoint = Endpoint::any().await;
    let (store, begin) = (endpoint.store(), window_of(&endpoint));
    // Nothing was taken: nothing is given back, and the limit does not grow.
    store.return_attempt("acme", WINDOW, begin).await.unwrap();
    for _ in 0..3 {
        assert_eq!(take(&endpoint, "acme", begin).await, Ok(()));
    }
    assert_eq!(take(&endpoint, "acme", begin).await, Err(begin + WINDOW));
    store.return_attempt("acme", WINDOW, begin).await.unwrap();
    assert_eq!(take(&endpoint, "acme", begin).await, Ok(()));
    assert_eq!(take(&endpoint, "acme", begin).await, Err(begin + WINDOW));
    for _ in 0..5 {
        store.return_attempt("acme", WINDOW, begin).await.unwrap();
    }
    let key = begin.as_second().to_string();
    let item = endpoint.item("ATTEMPTS#acme", &key).await.unwrap();
    assert_eq!(number(&item, "attempts"), 0, "never below nothing");
}

#[tokio::test]
async fn of_fifty_who_try_at_once_as_many_get_through_as_the_limit_says() {
    let endpoint = Endpoint::any().await;
    let now = endpoint.now;
    let results = at_once(50, |_| {
        let store = endpoint.store();
        async move { store.take_attempt("acme", 10, WINDOW, now).await.unwrap().is_ok() }
    });
    assert_eq!(results.await.into_iter().filter(|taken| *taken).count(), 10);
    let returned = at_once(50, |_| {
        let store = endpoint.store();
        async move { store.return_attempt("acme", WINDOW, now).await.unwrap() }
    });
    returned.await;
    let item = endpoint
        .item("ATTEMPTS#acme", &window_of(&endpoint).as_second().to_string())
        .await;
    assert_eq!(number(&item.unwrap(), "attempts"), 0);
}

#[tokio::test]
async fn a_ban_lasts_until_it_ends() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    assert_eq!(store.ban(endpoint.now).await.unwrap(), None);
    let until = endpoint.at_second(3600);
    store.note_ban(until).await.unwrap();
    assert_eq!(store.ban(endpoint.now).await.unwrap(), Some(until));
    assert_eq!(store.ban(endpoint.at_second(3599)).await.unwrap(), Some(until));
    assert_eq!(store.ban(until).await.unwrap(), None);
    let item = endpoint.item("BAN#WECOM", "BAN").await.unwrap();
    assert_eq!(number(&item, "ttl"), until.as_second());
    let longer = endpoint.at_second(7200);
    store.note_ban(longer).await.unwrap();
    assert_eq!(store.ban(until).await.unwrap(), Some(longer));
}
