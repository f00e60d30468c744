//! Attempts: no more than the limit within one length of the window, exactly; and circuit breakers that everybody sees.

use devstack::Fault;
use jiff::{SignedDuration, Timestamp};
use wecom_authorization::{ids::BreakerName, store::Breaker};

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
    for now in [begin, last, end] {
        assert_eq!(take(&endpoint, "acme", now).await, Err(end + secs(1)));
    }
    assert_eq!(take(&endpoint, "rival", last).await, Ok(()), "another counter");
    let item = endpoint
        .item("ATTEMPTS#acme", &begin.as_second().to_string())
        .await
        .unwrap();
    assert_eq!(
        number(&item, "ttl"),
        (end + WINDOW).as_second(),
        "the next window counts it"
    );
}

#[tokio::test]
async fn an_attempt_whose_answer_was_lost_counts_once() {
    let endpoint = Endpoint::ours().await;
    let begin = window_of(&endpoint);
    let lost = || Fault::on("*").after_applying().drop_connection().times(2);
    endpoint.faults().add(lost());
    assert_eq!(take(&endpoint, "acme", begin).await, Ok(()));
    assert_eq!(take(&endpoint, "acme", begin).await, Ok(()));
    // Returned once, too.
    endpoint.faults().add(lost());
    endpoint.store().return_attempt("acme", WINDOW, begin).await.unwrap();
    endpoint.faults().clear();
    assert_eq!(take(&endpoint, "acme", begin).await, Ok(()));
    assert_eq!(take(&endpoint, "acme", begin).await, Ok(()));
    assert!(take(&endpoint, "acme", begin).await.is_err());
}

#[tokio::test]
async fn the_attempts_of_a_window_come_free_one_by_one_in_the_next() {
    let endpoint = Endpoint::any().await;
    let begin = window_of(&endpoint);
    for _ in 0..3 {
        assert_eq!(take(&endpoint, "acme", begin + secs(3599)).await, Ok(()));
    }
    // Around the full hour no more than the limit, either.
    let next = begin + WINDOW;
    assert_eq!(take(&endpoint, "acme", next + secs(1)).await, Ok(()));
    assert_eq!(take(&endpoint, "acme", next + secs(2)).await, Err(next + secs(1201)));
    assert_eq!(take(&endpoint, "acme", next + secs(1200)).await, Err(next + secs(1201)));
    assert_eq!(take(&endpoint, "acme", next + secs(1201)).await, Ok(()));
    assert_eq!(take(&endpoint, "acme", next + secs(1202)).await, Err(next + secs(2401)));
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
    assert_eq!(take(&endpoint, "acme", begin).await, Err(begin + WINDOW + secs(1)));
    store.return_attempt("acme", WINDOW, begin).await.unwrap();
    assert_eq!(take(&endpoint, "acme", begin).await, Ok(()));
    assert_eq!(take(&endpoint, "acme", begin).await, Err(begin + WINDOW + secs(1)));
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

fn breaker(until: Timestamp) -> Breaker {
    Breaker {
        until,
        pause_seconds: 60,
        opened_by: Some("ww1".to_owned()),
    }
}

#[tokio::test]
async fn a_breaker_is_open_until_its_end_and_remembered_for_an_hour() {
    let endpoint = Endpoint::any().await;
    let (store, name) = (endpoint.store(), BreakerName::unproven_secrets());
    assert_eq!(store.breaker(&name).await.unwrap(), None);
    let until = endpoint.at_second(3600);
    store.put_breaker(&name, &breaker(until)).await.unwrap();
    let read = store.breaker(&name).await.unwrap().unwrap();
    assert_eq!(read, breaker(until));
    assert!(read.is_open(endpoint.at_second(3599)) && !read.is_open(until));
    assert_eq!(store.breaker(&BreakerName::suite("ww3f2a")).await.unwrap(), None);
    let item = endpoint.item("BAN#WECOM", "BAN").await.unwrap();
    assert_eq!(number(&item, "ttl"), until.as_second() + 3600);
}

#[tokio::test]
async fn one_of_fifty_passes_an_open_breaker_as_its_probe() {
    let endpoint = Endpoint::any().await;
    let (store, name, now) = (endpoint.store(), BreakerName::unproven_secrets(), endpoint.now);
    let next = endpoint.at_second(60);
    assert!(!store.claim_probe(&name, now, next).await.unwrap(), "nothing to probe");
    store
        .put_breaker(&name, &breaker(endpoint.at_second(3600)))
        .await
        .unwrap();
    let claims = at_once(50, |_| {
        let (store, name) = (store.clone(), name.clone());
        async move { store.claim_probe(&name, now, next).await.unwrap() }
    });
    let claimed = claims.await.into_iter().filter(|claimed| *claimed).count();
    assert_eq!(claimed, 1);
    assert!(store.claim_probe(&name, next, endpoint.at_second(120)).await.unwrap());
}

#[tokio::test]
async fn refused_corporations_are_counted_once_each_over_two_minutes() {
    let endpoint = Endpoint::any().await;
    let (store, now) = (endpoint.store(), endpoint.now);
    for (corp_id, count) in [("ww1", 1), ("ww1", 1), ("ww2", 2)] {
        assert_eq!(store.note_refused_corp(corp_id, now).await.unwrap(), count, "{corp_id}");
    }
    let soon = endpoint.at_second(60);
    assert_eq!(store.note_refused_corp("ww3", soon).await.unwrap(), 3);
    assert_eq!(
        store.note_refused_corp("ww3", endpoint.at_second(240)).await.unwrap(),
        1
    );
}
