//! The audit trail: every line is kept, newest first, and only the tenant's own.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use wecom_authorization::{
    audit::{AuditEntry, AuditPage},
    store::{Change, Position},
};

use super::{
    endpoint::{Endpoint, at_once},
    samples::{authorization, line, save, tenant},
};

async fn page(endpoint: &Endpoint, limit: usize, before: Option<Position>) -> AuditPage {
    endpoint.store().audit(&tenant("acme"), limit, before).await.unwrap()
}

async fn all(endpoint: &Endpoint, limit: usize) -> Vec<AuditEntry> {
    let (mut entries, mut position) = (Vec::new(), None);
    for _ in 0..1000 {
        let page = page(endpoint, limit, position).await;
        assert!(page.entries.len() <= limit);
        entries.extend(page.entries);
        position = page.next;
        if position.is_none() {
            return entries;
        }
    }
    panic!("the pages have no end");
}

#[tokio::test]
async fn lines_come_newest_first_in_pages_of_every_size_and_only_the_tenants_own() {
    let endpoint = Endpoint::any().await;
    assert_eq!(page(&endpoint, 10, None).await.entries, []);
    let mut expected = Vec::new();
    for number in 0..12 {
        // Four lines of each moment, and fractions of every length.
        let at = endpoint.now + SignedDuration::from_millis(250 * (number % 3));
        let line = line(at);
        endpoint.store().record(&tenant("acme"), line.clone()).await.unwrap();
        expected.push(line);
    }
    endpoint
        .store()
        .record(&tenant("rival"), line(endpoint.now))
        .await
        .unwrap();
    expected.sort_by(|one, other| (other.at, &other.entry_id).cmp(&(one.at, &one.entry_id)));
    for limit in [1, 2, 5, 11, 12, 100] {
        assert_eq!(all(&endpoint, limit).await, expected, "{limit} at a time");
    }
}

/// As the SDK does when the answer to the first attempt was lost.
#[tokio::test]
async fn a_line_that_is_written_again_is_one_line() {
    let endpoint = Endpoint::any().await;
    let line = line(endpoint.now);
    for _ in 0..2 {
        endpoint.store().record(&tenant("acme"), line.clone()).await.unwrap();
    }
    assert_eq!(all(&endpoint, 10).await, [line]);
}

#[tokio::test]
async fn fifty_lines_of_one_moment_are_all_kept() {
    let endpoint = Endpoint::any().await;
    let written = at_once(50, |_| {
        let (store, line) = (endpoint.store(), line(endpoint.now));
        async move {
            let id = line.entry_id.clone();
            store.record(&tenant("acme"), line).await.unwrap();
            id
        }
    });
    let written: BTreeSet<_> = written.await.into_iter().collect();
    let read: BTreeSet<_> = all(&endpoint, 7).await.into_iter().map(|line| line.entry_id).collect();
    assert_eq!((written.len(), &written), (50, &read));
}

#[tokio::test]
async fn a_line_is_written_with_the_change_it_tells_of_or_not_at_all() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    let mine = authorization(&tenant("acme"), endpoint.now);
    let line = line(endpoint.now);
    let change = |line: &AuditEntry| vec![Change::Audit(tenant("acme"), line.clone()), save(mine.clone())];
    store.commit(change(&line)).await.unwrap();
    let stale = super::samples::line(endpoint.now);
    assert!(store.commit(change(&stale)).await.is_err());
    assert_eq!(all(&endpoint, 10).await, [line]);
}

#[tokio::test]
async fn after_the_oldest_line_there_is_an_empty_page() {
    let endpoint = Endpoint::any().await;
    endpoint
        .store()
        .record(&tenant("acme"), line(endpoint.now))
        .await
        .unwrap();
    let early = Position::new(Timestamp::UNIX_EPOCH, &"0".repeat(32));
    let page = page(&endpoint, 10, Some(early)).await;
    assert!(page.entries.is_empty() && page.next.is_none(), "{page:?}");
}
