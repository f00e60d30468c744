//! Authorizations: optimistic locking, corporations bound once, and commits that happen whole or not at all.

use devstack::Fault;
use serde_json::json;
use wecom_authorization::{
    authorization::{Authorization, InstallOutcome, Refusal, Rejection, RejectionReason},
    ids::{CallbackId, CorpId, TenantId},
    store::{Change, CommitError, EventChange, Noted, StateChange, StoreError},
};

use super::{
    endpoint::{Endpoint, at_once, number},
    samples::{authorization, callback, corp, generation, line, save, save_callback, session, tenant},
};
use crate::support::eventually;

fn is_stale(result: &Result<(), CommitError>) -> bool {
    matches!(result, Err(CommitError::Stale))
}

fn is_bound_elsewhere(result: &Result<(), CommitError>) -> bool {
    matches!(result, Err(CommitError::CorpBoundElsewhere))
}

/// Nothing of a tenant is stored.
async fn is_untouched(endpoint: &Endpoint, tenant_id: &TenantId) -> bool {
    let read = endpoint.store().authorization(tenant_id).await.unwrap();
    read == Authorization::new(tenant_id.clone())
}

async fn tenant_of(endpoint: &Endpoint, corp_id: &CorpId) -> Option<TenantId> {
    endpoint.store().tenant_of(corp_id).await.unwrap()
}

#[tokio::test]
async fn a_tenant_that_has_done_nothing_has_an_empty_authorization() {
    let endpoint = Endpoint::any().await;
    assert!(is_untouched(&endpoint, &tenant("acme")).await);
}

#[tokio::test]
async fn what_was_saved_reads_back_with_the_next_version() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    let mut saved = authorization(&tenant("acme"), endpoint.now);
    for version in 0..3 {
        saved.version = version;
        store.commit(vec![save(saved.clone())]).await.unwrap();
        saved.version = version + 1;
        assert_eq!(store.authorization(&saved.tenant_id).await.unwrap(), saved);
    }
}

#[tokio::test]
async fn a_save_over_a_version_that_is_not_the_stored_one_is_stale() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    let mut mine = authorization(&tenant("acme"), endpoint.now);
    mine.version = 1;
    let absent = store.commit(vec![save(mine.clone())]).await;
    assert!(is_stale(&absent), "a change of what is not there: {absent:?}");
    mine.version = 0;
    store.commit(vec![save(mine.clone())]).await.unwrap();
    mine.completed_at = None;
    for version in [0, 2] {
        mine.version = version;
        let late = store.commit(vec![save(mine.clone())]).await;
        assert!(is_stale(&late), "{version}: {late:?}");
    }
    let stored = store.authorization(&mine.tenant_id).await.unwrap();
    assert!(stored.completed_at.is_some(), "a stale change left a trace");
}

#[tokio::test]
async fn of_fifty_who_save_over_one_version_one_wins() {
    let endpoint = Endpoint::any().await;
    for version in 0..2 {
        let results = at_once(50, |writer| {
            let (store, mut mine) = (endpoint.store(), authorization(&tenant("acme"), endpoint.now));
            mine.version = version;
            mine.settings.callback_base_url = Some(format!("https://{writer}.example.com"));
            async move { store.commit(vec![save(mine)]).await }
        });
        let results = results.await;
        let winners: Vec<usize> = (0..50).filter(|writer| results[*writer].is_ok()).collect();
        assert_eq!(winners.len(), 1, "{winners:?}");
        assert_eq!(results.iter().filter(|result| is_stale(result)).count(), 49);
        let stored = endpoint.store().authorization(&tenant("acme")).await.unwrap();
        assert_eq!(stored.version, version + 1);
        let url = format!("https://{}.example.com", winners[0]);
        assert_eq!(stored.settings.callback_base_url, Some(url));
    }
}

#[tokio::test]
async fn fifty_who_try_again_after_a_stale_save_lose_nothing() {
    let endpoint = Endpoint::any().await;
    let added = at_once(50, |_| {
        let store = endpoint.store();
        async move {
            loop {
                let read = store.authorization(&tenant("acme")).await.unwrap();
                match store.commit(vec![save(read)]).await {
                    Ok(()) => return,
                    Err(CommitError::Stale) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        }
    });
    added.await;
    let stored = endpoint.store().authorization(&tenant("acme")).await.unwrap();
    assert_eq!(stored.version, 50);
}

#[tokio::test]
async fn a_corporation_is_bound_by_one_tenant_alone() {
    let endpoint = Endpoint::any().await;
    let (store, corp_id) = (endpoint.store(), corp("wpYunFan"));
    assert_eq!(tenant_of(&endpoint, &corp_id).await, None);
    let bind = |name: &str| {
        let mut mine = authorization(&tenant(name), endpoint.now);
        mine.version = 0;
        vec![save(mine), Change::BindCorp(corp("wpYunFan"), tenant(name))]
    };
    store.commit(bind("acme")).await.unwrap();
    let refused = store.commit(bind("rival")).await;
    assert!(is_bound_elsewhere(&refused), "{refused:?}");
    assert!(is_untouched(&endpoint, &tenant("rival")).await);
    assert_eq!(tenant_of(&endpoint, &corp_id).await, Some(tenant("acme")));
    let again = Change::BindCorp(corp_id.clone(), tenant("acme"));
    store.commit(vec![again]).await.unwrap();
    assert_eq!(tenant_of(&endpoint, &corp_id).await, Some(tenant("acme")));
}

#[tokio::test]
async fn of_fifty_tenants_who_bind_one_corporation_one_does() {
    let endpoint = Endpoint::any().await;
    let results = at_once(50, |number| {
        let (store, tenant_id) = (endpoint.store(), tenant(&format!("tenant-{number}")));
        let mine = authorization(&tenant_id, endpoint.now);
        async move {
            let bind = Change::BindCorp(corp("wpYunFan"), tenant_id);
            store.commit(vec![save(mine), bind]).await
        }
    });
    let results = results.await;
    let winners: Vec<usize> = (0..50).filter(|writer| results[*writer].is_ok()).collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(results.iter().filter(|result| is_bound_elsewhere(result)).count(), 49);
    let owner = tenant(&format!("tenant-{}", winners[0]));
    assert_eq!(tenant_of(&endpoint, &corp("wpYunFan")).await, Some(owner));
    // One authorization and one binding.
    assert_eq!(endpoint.count(&endpoint.authorization_table).await, 2);
}

#[tokio::test]
async fn only_the_tenant_that_bound_a_corporation_sets_it_free() {
    let endpoint = Endpoint::any().await;
    let (store, corp_id) = (endpoint.store(), corp("wpYunFan"));
    let release = |name| Change::ReleaseCorp(corp("wpYunFan"), tenant(name));
    store.commit(vec![release("acme")]).await.unwrap();
    let bind = Change::BindCorp(corp_id.clone(), tenant("acme"));
    store.commit(vec![bind]).await.unwrap();
    let refused = store.commit(vec![release("rival")]).await;
    assert!(is_stale(&refused), "{refused:?}");
    assert_eq!(tenant_of(&endpoint, &corp_id).await, Some(tenant("acme")));
    store.commit(vec![release("acme")]).await.unwrap();
    assert_eq!(tenant_of(&endpoint, &corp_id).await, None);
    let bind = Change::BindCorp(corp_id.clone(), tenant("rival"));
    store.commit(vec![bind]).await.unwrap();
    assert_eq!(tenant_of(&endpoint, &corp_id).await, Some(tenant("rival")));
}

#[tokio::test]
async fn a_callback_is_saved_over_the_version_that_was_read() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    let mut mine = callback(&tenant("acme"), endpoint.now);
    let id = mine.callback_id.clone();
    assert_eq!(store.callback(&id).await.unwrap(), None);
    mine.version = 1;
    let absent = store.commit(vec![save_callback(mine.clone())]).await;
    assert!(is_stale(&absent), "{absent:?}");
    mine.version = 0;
    store.commit(vec![save_callback(mine.clone())]).await.unwrap();
    let second = store.commit(vec![save_callback(mine.clone())]).await;
    assert!(is_stale(&second), "made twice: {second:?}");
    mine.version = 1;
    assert_eq!(store.callback(&id).await.unwrap(), Some(mine.clone()));
    mine.corp_id = Some(corp("ww0a1b2c3d4e5f6071"));
    assert!(mine.promote(1, endpoint.now, jiff::SignedDuration::from_hours(24)));
    mine.propose(generation(2, endpoint.now));
    assert!(mine.promote(2, endpoint.at_second(1), jiff::SignedDuration::from_hours(24)));
    mine.propose(generation(3, endpoint.now));
    store.commit(vec![save_callback(mine.clone())]).await.unwrap();
    let late = store.commit(vec![save_callback(mine.clone())]).await;
    assert!(is_stale(&late), "{late:?}");
    mine.version = 2;
    assert_eq!(store.callback(&id).await.unwrap(), Some(mine));
}

#[tokio::test]
async fn of_fifty_who_make_or_change_one_callback_one_wins() {
    let endpoint = Endpoint::any().await;
    let base = callback(&tenant("acme"), endpoint.now);
    for version in 0..2 {
        let results = at_once(50, |writer| {
            let (store, mut mine) = (endpoint.store(), base.clone());
            mine.version = version;
            mine.propose(generation(u64::try_from(writer).unwrap() + 1, endpoint.now));
            async move { store.commit(vec![save_callback(mine)]).await }
        });
        let results = results.await;
        let winners: Vec<usize> = (0..50).filter(|writer| results[*writer].is_ok()).collect();
        assert_eq!(winners.len(), 1, "{winners:?}");
        let stored = endpoint.store().callback(&base.callback_id).await;
        let stored = stored.unwrap().unwrap();
        assert_eq!(stored.version, version + 1);
        let number = u64::try_from(winners[0]).unwrap() + 1;
        assert_eq!(stored.pending.map(|generation| generation.number), Some(number));
    }
}

#[tokio::test]
async fn a_busy_callback_does_not_make_the_wizards_change_stale() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    let mut mine = callback(&tenant("acme"), endpoint.now);
    let id = mine.callback_id.clone();
    store.commit(vec![save_callback(mine.clone())]).await.unwrap();
    mine.version = 1;
    let rejection = Rejection {
        at: endpoint.now,
        reason: RejectionReason::SignatureMismatch,
    };
    let refusal = Refusal {
        at: rejection.at,
        reason: rejection.reason,
        source_ip: None,
        receive_id: None,
        count: 1,
    };
    let noted = store.note_refusals(&mine, std::slice::from_ref(&refusal)).await;
    assert_eq!(noted.unwrap(), Noted::Stored);
    let change = |sequence_number: &str| EventChange {
        sequence_number: sequence_number.to_owned(),
        callback_id: id.clone(),
        stored_at: Some(endpoint.now),
        repeated: 2,
    };
    store.count_events("shard", &[change("1")], endpoint.now).await.unwrap();
    mine.propose(generation(2, endpoint.now));
    store.commit(vec![save_callback(mine.clone())]).await.unwrap();
    store.count_events("shard", &[change("2")], endpoint.now).await.unwrap();
    mine.version = 2;
    mine.last_rejection = Some(rejection);
    mine.refusals = vec![refusal];
    assert_eq!(store.callback(&id).await.unwrap(), Some(mine));
}

#[tokio::test]
async fn a_removed_callback_is_gone_for_every_writer() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    let mut mine = callback(&tenant("acme"), endpoint.now);
    let id = mine.callback_id.clone();
    store.commit(vec![save_callback(mine.clone())]).await.unwrap();
    mine.version = 1;
    for _ in 0..2 {
        store.commit(vec![Change::RemoveCallback(id.clone())]).await.unwrap();
        assert_eq!(store.callback(&id).await.unwrap(), None);
    }
    let saved = store.commit(vec![save_callback(mine.clone())]).await;
    assert!(is_stale(&saved), "{saved:?}");
    let refusal = Refusal {
        at: endpoint.now,
        reason: RejectionReason::Malformed,
        source_ip: None,
        receive_id: None,
        count: 1,
    };
    assert_eq!(store.note_refusals(&mine, &[refusal]).await.unwrap(), Noted::Removed);
    assert!(is_stale(
        &store.promote(mine, Vec::new(), None, line(endpoint.now)).await
    ));
    let change = EventChange {
        sequence_number: "1".to_owned(),
        callback_id: id.clone(),
        stored_at: Some(endpoint.now),
        repeated: 0,
    };
    store.count_events("shard", &[change], endpoint.now).await.unwrap();
    assert_eq!(
        endpoint.count(&endpoint.authorization_table).await,
        0,
        "a counter stayed"
    );
}

/// Whatever part of a commit is refused, nothing of the others is written.
#[tokio::test]
async fn a_commit_happens_whole_or_not_at_all() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    let stored = authorization(&tenant("stored"), endpoint.now);
    let known = callback(&tenant("stored"), endpoint.now);
    let bound = Change::BindCorp(corp("wpBound"), tenant("stored"));
    let setup = vec![save(stored.clone()), save_callback(known.clone()), bound];
    store.commit(setup).await.unwrap();
    let before = endpoint.count(&endpoint.authorization_table).await;

    let open = session(&tenant("acme"), endpoint.now);
    store.create_session(&open).await.unwrap();
    let unknown = session(&tenant("acme"), endpoint.now);
    let refused = [
        (save(stored), false),
        (Change::BindCorp(corp("wpBound"), tenant("acme")), true),
        (Change::ReleaseCorp(corp("wpBound"), tenant("acme")), false),
        (save_callback(known.clone()), false),
        (
            Change::EndInstallSession(unknown.state, InstallOutcome::Installed),
            false,
        ),
    ];
    for (refused, elsewhere) in refused {
        let changes = vec![
            save(authorization(&tenant("acme"), endpoint.now)),
            Change::BindCorp(corp("wpNew"), tenant("acme")),
            save_callback(callback(&tenant("acme"), endpoint.now)),
            Change::RemoveCallback(known.callback_id.clone()),
            Change::EndInstallSession(open.state.clone(), InstallOutcome::Installed),
        ];
        let is_of_this_item =
            |change: &Change| matches!((change, &refused), (Change::RemoveCallback(_), Change::SaveCallback(_)));
        // One item may appear once in a transaction.
        let mut changes: Vec<_> = changes.into_iter().filter(|c| !is_of_this_item(c)).collect();
        changes.insert(changes.len() / 2, refused.clone());
        let result = store.commit(changes).await;
        if elsewhere {
            assert!(is_bound_elsewhere(&result), "{refused:?}: {result:?}");
        } else {
            assert!(is_stale(&result), "{refused:?}: {result:?}");
        }
        assert!(is_untouched(&endpoint, &tenant("acme")).await, "{refused:?}");
        assert_eq!(tenant_of(&endpoint, &corp("wpNew")).await, None, "{refused:?}");
        assert_eq!(
            store.session(&open.state).await.unwrap(),
            Some(open.clone()),
            "{refused:?}"
        );
        let still = store.callback(&known.callback_id).await.unwrap();
        assert!(still.is_some(), "{refused:?}");
        let items = endpoint.count(&endpoint.authorization_table).await;
        assert_eq!(items, before + 1, "{refused:?}");
    }
}

#[tokio::test]
async fn all_parts_of_a_commit_are_written_together() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    let mut open = session(&tenant("acme"), endpoint.now);
    store.create_session(&open).await.unwrap();
    let old = callback(&tenant("acme"), endpoint.now);
    let bind = Change::BindCorp(corp("wpOld"), tenant("acme"));
    store.commit(vec![save_callback(old.clone()), bind]).await.unwrap();
    let mut saved = authorization(&tenant("acme"), endpoint.now);
    let mut made = callback(&tenant("acme"), endpoint.now);
    let changes = vec![
        save(saved.clone()),
        Change::BindCorp(corp("wpNew"), tenant("acme")),
        Change::ReleaseCorp(corp("wpOld"), tenant("acme")),
        save_callback(made.clone()),
        Change::RemoveCallback(old.callback_id.clone()),
        Change::EndInstallSession(open.state.clone(), InstallOutcome::Installed),
    ];
    store.commit(changes).await.unwrap();
    saved.version = 1;
    made.version = 1;
    open.outcome = Some(InstallOutcome::Installed);
    assert_eq!(store.authorization(&tenant("acme")).await.unwrap(), saved);
    assert_eq!(tenant_of(&endpoint, &corp("wpNew")).await, Some(tenant("acme")));
    assert_eq!(tenant_of(&endpoint, &corp("wpOld")).await, None);
    let read = async |id: &CallbackId| store.callback(id).await.unwrap();
    assert_eq!(read(&made.callback_id).await, Some(made));
    assert_eq!(read(&old.callback_id).await, None);
    assert_eq!(store.session(&open.state).await.unwrap(), Some(open));
}

fn cancelled_for(reasons: &[&str]) -> Fault {
    let reasons: Vec<_> = reasons.iter().map(|code| json!({ "Code": code })).collect();
    Fault::on("TransactWriteItems")
        .answer("TransactionCanceledException")
        .with("CancellationReasons", json!(reasons))
}

/// Another transaction holds one of the items for some milliseconds, without changing anything.
#[tokio::test]
async fn a_commit_outlasts_a_conflict_with_another_transaction() {
    let endpoint = Endpoint::ours().await;
    let store = endpoint.store();
    endpoint
        .faults()
        .add(cancelled_for(&["None", "TransactionConflict"]).times(2));
    let changes = || {
        let save = save(authorization(&tenant("acme"), endpoint.now));
        vec![save, Change::BindCorp(corp("wpYunFan"), tenant("acme"))]
    };
    store.commit(changes()).await.unwrap();
    let stored = store.authorization(&tenant("acme")).await.unwrap();
    assert_eq!(stored.version, 1);

    endpoint.faults().add(cancelled_for(&["TransactionConflict", "None"]));
    let endless = store.commit(changes()).await;
    assert!(
        matches!(endless, Err(CommitError::Store(StoreError::Unavailable(_)))),
        "{endless:?}"
    );
}

#[tokio::test]
async fn a_cancelled_commit_is_told_by_its_reasons() {
    let endpoint = Endpoint::ours().await;
    let store = endpoint.store();
    let commit = async |reasons: &[&str]| {
        endpoint.faults().clear();
        endpoint.faults().add(cancelled_for(reasons));
        let bind = Change::BindCorp(corp("wpYunFan"), tenant("acme"));
        let save = save(authorization(&tenant("acme"), endpoint.now));
        store.commit(vec![bind, save]).await
    };
    let stale = commit(&["TransactionConflict", "ConditionalCheckFailed"]).await;
    assert!(is_stale(&stale), "{stale:?}");
    let elsewhere = commit(&["ConditionalCheckFailed", "ConditionalCheckFailed"]).await;
    assert!(is_bound_elsewhere(&elsewhere), "{elsewhere:?}");
    for reason in ["ThrottlingError", "ProvisionedThroughputExceeded"] {
        let passing = commit(&["None", reason]).await;
        assert!(
            matches!(passing, Err(CommitError::Store(StoreError::Unavailable(_)))),
            "{reason}: {passing:?}"
        );
    }
    for reason in ["ValidationError", "AccessDenied"] {
        let lasting = commit(&["None", reason]).await;
        assert!(
            matches!(lasting, Err(CommitError::Store(StoreError::Internal(_)))),
            "{reason}: {lasting:?}"
        );
    }
}

/// Due tenants are read from an index, which lags a little.
#[tokio::test]
async fn tenants_are_due_from_their_time_on_and_no_longer_than_they_say() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    for number in 0..12 {
        let mut mine = authorization(&tenant(&format!("tenant-{number}")), endpoint.now);
        mine.next_check_at = Some(endpoint.at_second(number * 10));
        store.commit(vec![save(mine)]).await.unwrap();
    }
    let mut never = authorization(&tenant("never"), endpoint.now);
    never.next_check_at = None;
    store.commit(vec![save(never)]).await.unwrap();
    let due = async |second: i64| {
        let due = store.due_authorizations(endpoint.at_second(second), 100).await.unwrap();
        due.iter()
            .map(ToString::to_string)
            .collect::<std::collections::BTreeSet<_>>()
    };
    let names = |count: i64| (0..count).map(|number| format!("tenant-{number}")).collect();
    for (second, count) in [(-1, 0), (0, 1), (9, 1), (10, 2), (110, 12), (1000, 12)] {
        let expected: std::collections::BTreeSet<String> = names(count);
        let seen = || async { (due(second).await == expected).then_some(()) };
        eventually("the index has caught up", seen).await;
    }
    let few = store.due_authorizations(endpoint.at_second(1000), 4).await.unwrap();
    let few: Vec<String> = few.iter().map(ToString::to_string).collect();
    assert_eq!(
        few,
        ["tenant-0", "tenant-1", "tenant-2", "tenant-3"],
        "who has waited longest"
    );

    let mut done = store.authorization(&tenant("tenant-0")).await.unwrap();
    done.next_check_at = None;
    store.commit(vec![save(done)]).await.unwrap();
    let gone = || async { due(1000).await.len().eq(&11).then_some(()) };
    eventually("the index has caught up", gone).await;
}

#[tokio::test]
async fn an_announcement_is_written_with_the_change_it_tells_of_or_not_at_all() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    let announce = |id: &str| {
        let change = StateChange {
            corp_id: None,
            finding: None,
            announcement_id: id.to_owned(),
            tenant_id: tenant("acme"),
            what: "installation".to_owned(),
            from: "not_installed".to_owned(),
            to: "installed".to_owned(),
            at: endpoint.now,
        };
        let mine = authorization(&tenant("acme"), endpoint.now);
        vec![Change::Notify(change), save(mine)]
    };
    store.commit(announce("notified")).await.unwrap();
    let item = endpoint.item("CHANGED#notified", "CHANGED").await.unwrap();
    assert_eq!(item["to"].as_s().unwrap(), "installed");
    assert_eq!(number(&item, "ttl"), endpoint.at_second(24 * 3600).as_second());
    assert!(is_stale(&store.commit(announce("untold")).await));
    assert_eq!(endpoint.item("CHANGED#untold", "CHANGED").await, None);
}
