//! Callbacks: promotion by one conditional write, and rate-limited notes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use devstack::Fault;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use wecom_authorization::{
    authorization::{Callback, Refusal, Rejection, RejectionReason},
    ids::{BreakerName, CallbackId},
    store::{Breaker, CommitError, Noted, StoreError},
};

use super::{
    endpoint::{Endpoint, at_once},
    samples::{callback, generation, line, save_callback, tenant},
};

const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// A callback that is stored, as it reads back.
async fn stored(endpoint: &Endpoint) -> Callback {
    let made = callback(&tenant("acme"), endpoint.now);
    let id = made.callback_id.clone();
    endpoint.store().commit(vec![save_callback(made)]).await.unwrap();
    read(endpoint, &id).await.unwrap()
}

async fn read(endpoint: &Endpoint, id: &CallbackId) -> Option<Callback> {
    endpoint.store().callback(id).await.unwrap()
}

fn is_stale(result: &Result<(), CommitError>) -> bool {
    matches!(result, Err(CommitError::Stale))
}

#[tokio::test]
async fn a_callback_that_was_never_made_is_none_and_is_not_made_by_a_promotion() {
    let endpoint = Endpoint::any().await;
    let mut unknown = callback(&tenant("acme"), endpoint.now);
    assert_eq!(read(&endpoint, &unknown.callback_id).await, None);
    unknown.version = 1;
    assert!(is_stale(
        &endpoint
            .store()
            .promote(unknown, Vec::new(), None, line(endpoint.now))
            .await
    ));
    assert_eq!(endpoint.count(&endpoint.authorization_table).await, 0);
}

#[tokio::test]
async fn a_promotion_is_written_over_the_version_that_was_read() {
    let endpoint = Endpoint::any().await;
    let mut mine = stored(&endpoint).await;
    assert!(mine.promote(1, endpoint.now, GRACE));
    endpoint
        .store()
        .promote(mine.clone(), Vec::new(), None, line(endpoint.now))
        .await
        .unwrap();
    let again = endpoint
        .store()
        .promote(mine.clone(), Vec::new(), None, line(endpoint.now))
        .await;
    assert!(is_stale(&again), "a second time: {again:?}");
    mine.version = 2;
    assert_eq!(read(&endpoint, &mine.callback_id).await, Some(mine));
}

#[tokio::test]
async fn of_fifty_promotions_at_once_one_is_written() {
    let endpoint = Endpoint::any().await;
    let read_by_all = stored(&endpoint).await;
    let results = at_once(50, |writer| {
        let (store, mut mine) = (endpoint.store(), read_by_all.clone());
        mine.propose(generation(u64::try_from(writer).unwrap() + 1, endpoint.now));
        let line = line(endpoint.now);
        async move { store.promote(mine, Vec::new(), None, line).await }
    });
    let results = results.await;
    let winners: Vec<usize> = (0..50).filter(|writer| results[*writer].is_ok()).collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(results.iter().filter(|result| is_stale(result)).count(), 49);
    let now = read(&endpoint, &read_by_all.callback_id).await.unwrap();
    assert_eq!(now.version, 2);
    let number = u64::try_from(winners[0]).unwrap() + 1;
    assert_eq!(now.pending.map(|pending| pending.number), Some(number));
}

#[tokio::test]
async fn a_promotion_outlasts_a_conflict_with_a_transaction() {
    let endpoint = Endpoint::ours().await;
    let mut mine = stored(&endpoint).await;
    assert!(mine.promote(1, endpoint.now, GRACE));
    let conflict = || {
        Fault::on("TransactWriteItems")
            .answer("TransactionCanceledException")
            .with(
                "CancellationReasons",
                json!([{"Code": "TransactionConflict"}, {"Code": "None"}]),
            )
    };
    endpoint.faults().add(conflict().times(2));
    endpoint
        .store()
        .promote(mine.clone(), Vec::new(), None, line(endpoint.now))
        .await
        .unwrap();
    endpoint.faults().add(conflict());
    let endless = endpoint
        .store()
        .promote(mine, Vec::new(), None, line(endpoint.now))
        .await;
    assert!(
        matches!(endless, Err(CommitError::Store(StoreError::Unavailable(_)))),
        "{endless:?}"
    );
}

#[tokio::test]
async fn the_use_of_old_credentials_is_noted_and_forgotten_and_leaves_the_version_alone() {
    let endpoint = Endpoint::any().await;
    let (store, before) = (endpoint.store(), stored(&endpoint).await);
    let id = before.callback_id.clone();
    for since in [Some(endpoint.now), None] {
        store.note_old_credentials(&id, since).await.unwrap();
        let expected = Callback {
            old_credentials_since: since,
            ..before.clone()
        };
        assert_eq!(read(&endpoint, &id).await, Some(expected));
    }
    let removed = callback(&tenant("acme"), endpoint.now).callback_id;
    store.note_old_credentials(&removed, Some(endpoint.now)).await.unwrap();
    assert_eq!(read(&endpoint, &removed).await, None, "a note brings no callback back");
}

#[tokio::test]
async fn what_is_read_ahead_is_answered_once_and_then_by_the_table() {
    let endpoint = Endpoint::any().await;
    let (store, before) = (endpoint.store(), stored(&endpoint).await);
    let (id, name) = (&before.callback_id, BreakerName::provider());
    // Two calls may have one breaker.
    let ahead = store
        .read_ahead(&[id], &[], &[name.clone(), name.clone()])
        .await
        .unwrap();
    store.note_old_credentials(id, Some(endpoint.now)).await.unwrap();
    let breaker = Breaker {
        until: endpoint.now,
        pause_seconds: 60,
        opened_by: None,
    };
    store.put_breaker(&name, &breaker).await.unwrap();
    for is_there in [false, true] {
        let callback = ahead.callback(id).await.unwrap().unwrap();
        assert_eq!(callback.old_credentials_since.is_some(), is_there);
        assert_eq!(ahead.breaker(&name).await.unwrap().is_some(), is_there);
    }
    let debug = format!("{:?}", store.read_ahead(&[id], &[], &[]).await.unwrap());
    assert!(!debug.contains(id.as_str()), "{debug}");
}

fn refusal(at: Timestamp, reason: RejectionReason) -> Refusal {
    Refusal {
        at,
        reason,
        source_ip: Some("192.0.2.1".to_owned()),
        receive_id: None,
        count: 3,
    }
}

#[tokio::test]
async fn refusals_are_noted_unless_others_were_since_the_record_was_read() {
    let endpoint = Endpoint::any().await;
    let (store, before) = (endpoint.store(), stored(&endpoint).await);
    let first = vec![refusal(endpoint.now, RejectionReason::SignatureMismatch)];
    assert_eq!(store.note_refusals(&before, &first).await.unwrap(), Noted::Stored);
    let expected = Callback {
        last_rejection: Some(Rejection {
            at: endpoint.now,
            reason: RejectionReason::SignatureMismatch,
        }),
        refusals: first.clone(),
        ..before.clone()
    };
    let after = read(&endpoint, &before.callback_id).await.unwrap();
    assert_eq!(after, expected, "a note changes nothing else");

    let second = vec![
        refusal(endpoint.at_second(1), RejectionReason::OpenedInBrowser),
        first[0].clone(),
    ];
    let changed = Noted::Changed(Box::new(after.clone()));
    assert_eq!(store.note_refusals(&before, &second).await.unwrap(), changed);
    assert_eq!(store.note_refusals(&after, &second).await.unwrap(), Noted::Stored);
    let newest = read(&endpoint, &before.callback_id).await.unwrap();
    assert_eq!(newest.refusals, second);
    let changed = Noted::Changed(Box::new(newest));
    assert_eq!(store.note_refusals(&after, &first).await.unwrap(), changed);
}

#[tokio::test]
async fn every_reason_can_be_noted_and_read_back() {
    let endpoint = Endpoint::any().await;
    let (store, id) = (endpoint.store(), stored(&endpoint).await.callback_id);
    for reason in [
        RejectionReason::SignatureMismatch,
        RejectionReason::DecryptionFailed,
        RejectionReason::ReceiveIdMismatch,
        RejectionReason::Malformed,
        RejectionReason::OpenedInBrowser,
        RejectionReason::UrlCutOff,
    ] {
        let seen = read(&endpoint, &id).await.unwrap();
        let noted = vec![refusal(endpoint.now, reason)];
        assert_eq!(store.note_refusals(&seen, &noted).await.unwrap(), Noted::Stored);
        let after = read(&endpoint, &id).await.unwrap();
        assert_eq!(after.last_refusals(), noted);
        assert_eq!(after.last_rejection.map(|last| last.reason), Some(reason));
    }
}

#[tokio::test]
async fn fifty_refusals_at_once_make_one_note_and_an_unknown_callback_gets_none() {
    let endpoint = Endpoint::any().await;
    let seen = stored(&endpoint).await;
    let note = vec![refusal(endpoint.now, RejectionReason::Malformed)];
    let noted = at_once(50, |_| {
        let (store, seen, note) = (endpoint.store(), seen.clone(), note.clone());
        async move { store.note_refusals(&seen, &note).await.unwrap() }
    });
    let noted = noted.await;
    assert_eq!(noted.iter().filter(|noted| **noted == Noted::Stored).count(), 1);
    let unknown = callback(&tenant("acme"), endpoint.now);
    let store = endpoint.store();
    assert_eq!(store.note_refusals(&unknown, &note).await.unwrap(), Noted::Removed);
    assert_eq!(read(&endpoint, &unknown.callback_id).await, None);
}

/// As versions before this one stored it.
#[tokio::test]
async fn a_record_with_the_last_refusal_alone_is_read_and_noted_on() {
    let endpoint = Endpoint::any().await;
    let id = stored(&endpoint).await.callback_id;
    let last = HashMap::from([
        ("at".to_owned(), AttributeValue::S(endpoint.now.to_string())),
        ("reason".to_owned(), AttributeValue::S("malformed".to_owned())),
    ]);
    endpoint
        .dynamodb
        .update_item()
        .table_name(&endpoint.authorization_table)
        .key("pk", AttributeValue::S(format!("CALLBACK#{id}")))
        .key("sk", AttributeValue::S("CALLBACK".to_owned()))
        .update_expression("SET last_rejection = :last")
        .expression_attribute_values(":last", AttributeValue::M(last))
        .send()
        .await
        .unwrap();
    let seen = read(&endpoint, &id).await.unwrap();
    let earlier = Refusal {
        source_ip: None,
        count: 1,
        ..refusal(endpoint.now, RejectionReason::Malformed)
    };
    assert_eq!(seen.last_refusals(), std::slice::from_ref(&earlier));
    let newest = refusal(endpoint.at_second(1), RejectionReason::SignatureMismatch);
    let both = seen.refusals_with(newest.clone()).unwrap();
    assert_eq!(both, [newest, earlier]);
    assert_eq!(
        endpoint.store().note_refusals(&seen, &both).await.unwrap(),
        Noted::Stored
    );
    assert_eq!(read(&endpoint, &id).await.unwrap().last_refusals(), both);
}
