//! Callbacks: promotion by one conditional write, and rate-limited notes.

use devstack::Fault;
use jiff::SignedDuration;
use serde_json::json;
use wecom_authorization::{
    authorization::{Callback, Rejection, RejectionReason},
    ids::CallbackId,
    store::{CommitError, StoreError},
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
        &endpoint.store().promote(unknown, Vec::new(), line(endpoint.now)).await
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
        .promote(mine.clone(), Vec::new(), line(endpoint.now))
        .await
        .unwrap();
    let again = endpoint
        .store()
        .promote(mine.clone(), Vec::new(), line(endpoint.now))
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
        async move { store.promote(mine, Vec::new(), line).await }
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
        .promote(mine.clone(), Vec::new(), line(endpoint.now))
        .await
        .unwrap();
    endpoint.faults().add(conflict());
    let endless = endpoint.store().promote(mine, Vec::new(), line(endpoint.now)).await;
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
async fn a_refusal_is_noted_unless_the_same_one_was_just_noted() {
    let endpoint = Endpoint::any().await;
    let (store, before) = (endpoint.store(), stored(&endpoint).await);
    let id = before.callback_id.clone();
    let mismatch = RejectionReason::SignatureMismatch;
    for (second, reason, noted) in [
        (0, mismatch, true),
        (0, mismatch, false),
        (9, mismatch, false),
        (9, RejectionReason::Malformed, true),
        (10, mismatch, true),
        (21, mismatch, true),
        (30, mismatch, false),
        (32, mismatch, true),
    ] {
        let rejection = Rejection {
            at: endpoint.at_second(second),
            reason,
        };
        assert_eq!(
            store.note_rejection(&id, rejection).await.unwrap(),
            noted,
            "{second} s, {reason:?}"
        );
    }
    let after = read(&endpoint, &id).await.unwrap();
    let last = Rejection {
        at: endpoint.at_second(32),
        reason: mismatch,
    };
    let expected = Callback {
        last_rejection: Some(last),
        ..before
    };
    assert_eq!(after, expected, "a note changes nothing else");
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
    ] {
        let rejection = Rejection {
            at: endpoint.now,
            reason,
        };
        assert!(store.note_rejection(&id, rejection).await.unwrap());
        assert_eq!(read(&endpoint, &id).await.unwrap().last_rejection, Some(rejection));
    }
}

#[tokio::test]
async fn fifty_equal_refusals_at_once_make_one_note_and_an_unknown_callback_gets_none() {
    let endpoint = Endpoint::any().await;
    let id = stored(&endpoint).await.callback_id;
    let rejection = Rejection {
        at: endpoint.now,
        reason: RejectionReason::Malformed,
    };
    let noted = at_once(50, |_| {
        let (store, id) = (endpoint.store(), id.clone());
        async move { store.note_rejection(&id, rejection).await.unwrap() }
    });
    assert_eq!(noted.await.into_iter().filter(|noted| *noted).count(), 1);
    let unknown = callback(&tenant("acme"), endpoint.now).callback_id;
    assert!(!endpoint.store().note_rejection(&unknown, rejection).await.unwrap());
    assert_eq!(read(&endpoint, &unknown).await, None);
}
