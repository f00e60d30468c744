//! The audit trail: every line is kept, newest first, and only the tenant's own.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use wecom_authorization::{
    audit::{AuditEntry, AuditPage},
    store::Change,
};

use super::{
    endpoint::{Endpoint, at_once},
    samples::{authorization, line, save, tenant},
};

async fn page(endpoint: &Endpoint, limit: usize, cursor: Option<&str>) -> AuditPage {
    endpoint.store().audit(&tenant("acme"), limit, cursor).await.unwrap()
}

async fn all(endpoint: &Endpoint, limit: usize) -> Vec<AuditEntry> {
    let (mut entries, mut cursor) = (Vec::new(), None);
    for _ in 0..1000 {
        let page = page(endpoint, limit, cursor.as_deref()).await;
        assert!(page.entries.len() <= limit);
        entries.extend(page.entries);
        cursor = page.next_cursor;
        if cursor.is_none() {
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
async fn a_cursor_that_is_not_ours_leads_to_an_empty_page() {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let endpoint = Endpoint::any().await;
    endpoint
        .store()
        .record(&tenant("acme"), line(endpoint.now))
        .await
        .unwrap();
    let long = URL_SAFE_NO_PAD.encode("0".repeat(3000));
    let early = URL_SAFE_NO_PAD.encode(format!("1970-01-01T00:00:00.000Z#{}", "0".repeat(32)));
    for cursor in ["", "***", "AA", "_w", "eA", &long, &early] {
        let page = page(&endpoint, 10, Some(cursor)).await;
        assert!(
            page.entries.is_empty() && page.next_cursor.is_none(),
            "{cursor}: {page:?}"
        );
    }
}
