//! The refused requests of a callback, as its admin reads them in `GET /authorization`.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wecom_authorization::{
    authorization::{Callback, Refusal, RejectionReason},
    store::Noted,
};

use crate::{
    faults::harness::{AUTHORIZATION_TABLE, Caller, Harness, member_created, ours},
    support::{CORP, Check, Credentials, Reply, Scope},
};

/// The address that the harness's requests come from.
const FROM: &str = "203.0.113.7";

async fn bound() -> (Harness, Credentials) {
    let harness = Harness::start(false).await;
    harness.install().await;
    let credentials = harness.bind(Scope::Contacts).await;
    harness.end_processes();
    harness.prepare_callbacks().await;
    harness.stop_clock();
    (harness, credentials)
}

/// Opens a URL; `query` may be empty.
async fn get(harness: &Harness, url: &str, query: &str) -> Reply {
    let path = &url[url.find("/callback/").unwrap()..];
    let target = format!("{path}?{query}");
    harness
        .call("event-callback", Caller::Wecom, "GET", &target, None)
        .await
}

fn with_another_token(credentials: &Credentials) -> Credentials {
    Credentials {
        token: "another".to_owned(),
        ..credentials.clone()
    }
}

async fn callback(harness: &Harness) -> Value {
    harness.state().await["contacts"]["callback"].clone()
}

async fn refusals(harness: &Harness) -> Vec<(String, u64)> {
    let callback = callback(harness).await;
    let of = |refusal: &Value| {
        (
            refusal["reason"].as_str().unwrap().to_owned(),
            refusal["count"].as_u64().unwrap(),
        )
    };
    callback["refusals"].as_array().unwrap().iter().map(of).collect()
}

async fn record(harness: &Harness) -> Callback {
    let authorization = harness.authorization().await;
    let id = authorization.scope(ours(Scope::Contacts)).callback_id.clone().unwrap();
    harness.store().callback(&id).await.unwrap().unwrap()
}

fn named(reason: &str, count: u64) -> (String, u64) {
    (reason.to_owned(), count)
}

#[tokio::test]
async fn opening_the_url_in_a_browser_does_not_hide_what_wecom_did() {
    let (harness, credentials) = bound().await;
    let wrong = with_another_token(&credentials);
    harness.check(&wrong).await.refused(403, "callback_rejected");
    for _ in 0..30 {
        harness.wait(11);
        for query in ["", "utm_source=chat", "from=singlemessage&scene=1"] {
            get(&harness, &credentials.url, query)
                .await
                .refused(400, "malformed_callback");
        }
    }
    let callback = callback(&harness).await;
    assert_eq!(callback["last_rejection"]["reason"], "opened_in_browser");
    let kept = callback["refusals"].as_array().unwrap();
    assert_eq!(kept.len(), 2, "{callback}");
    assert_eq!(kept[0]["reason"], "opened_in_browser");
    let (first, last) = (&kept[1], &kept[0]["at"]);
    assert_eq!(
        (&first["reason"], &first["source_ip"], &first["count"]),
        (&json!("signature_mismatch"), &json!(FROM), &json!(1))
    );
    assert_eq!(*last, callback["last_rejection"]["at"]);
}

#[tokio::test]
async fn requests_that_were_not_noted_are_counted_by_the_next_note() {
    let (harness, credentials) = bound().await;
    let wrong = with_another_token(&credentials);
    for _ in 0..5 {
        harness.check(&wrong).await.refused(403, "callback_rejected");
    }
    assert_eq!(refusals(&harness).await, [named("signature_mismatch", 1)]);
    harness.wait(11);
    harness.check(&wrong).await.refused(403, "callback_rejected");
    assert_eq!(refusals(&harness).await, [named("signature_mismatch", 6)]);
}

#[tokio::test]
async fn what_other_processes_noted_in_the_meantime_is_kept() {
    let (harness, credentials) = bound().await;
    let wrong = with_another_token(&credentials);
    harness.check(&wrong).await.refused(403, "callback_rejected");
    // This process remembers the record for five seconds.
    let seen = record(&harness).await;
    let other = Refusal {
        at: harness.now(),
        reason: RejectionReason::DecryptionFailed,
        source_ip: Some("198.51.100.1".to_owned()),
        receive_id: None,
        count: 4,
    };
    let noted = seen.refusals_with(other).unwrap();
    let stored = harness.store().note_refusals(&seen, &noted).await;
    assert_eq!(stored.unwrap(), Noted::Stored);
    get(&harness, &credentials.url, "nonce=1")
        .await
        .refused(400, "malformed_callback");
    assert_eq!(
        refusals(&harness).await,
        [
            named("malformed", 1),
            named("decryption_failed", 4),
            named("signature_mismatch", 1)
        ]
    );
}

#[tokio::test]
async fn a_flood_of_every_kind_writes_ten_notes_and_one_more_in_six_seconds() {
    let (harness, credentials) = bound().await;
    let wrong = with_another_token(&credentials);
    let flood = async || {
        harness.devstack().clear_journal();
        for number in 0..300 {
            match number % 3 {
                0 => harness.check(&wrong).await.refused(403, "callback_rejected"),
                1 => get(&harness, &credentials.url, "")
                    .await
                    .refused(400, "malformed_callback"),
                _ => harness
                    .deliver(&wrong, &member_created("a"))
                    .await
                    .refused(403, "callback_rejected"),
            };
        }
        let journal = harness.journal();
        let writes = journal.iter().filter(|entry| entry.operation == "UpdateItem");
        assert!(journal.iter().all(|entry| entry.resource == AUTHORIZATION_TABLE));
        writes.count()
    };
    assert_eq!(flood().await, 10);
    harness.wait(6);
    assert_eq!(flood().await, 1);
    harness.wait(60);
    assert_eq!(flood().await, 10, "never more at once");
    let total: u64 = refusals(&harness).await.iter().map(|(_, count)| count).sum();
    assert!((600..=900).contains(&total), "{total} of 900");
}

#[tokio::test]
async fn a_url_that_was_cut_off_is_told_to_its_tenant_and_not_to_the_sender() {
    let (harness, credentials) = bound().await;
    let url = credentials.url.as_str();
    let check = Check::sealed(&credentials, CORP, "4561").query();
    let unknown = format!("{}/callback/unknown", &url[..url.find("/callback/").unwrap()]);
    let mut unknown = get(&harness, &unknown, &check).await.refused(404, "not_found");
    for (lacking, count) in [(1, 1), (6, 2)] {
        harness.wait(11);
        let mut answer = get(&harness, &url[..url.len() - lacking], &check)
            .await
            .refused(404, "not_found");
        for problem in [&mut answer, &mut unknown] {
            problem["request_id"] = Value::Null;
        }
        assert_eq!(answer, unknown, "the same words");
        assert_eq!(refusals(&harness).await, [named("url_cut_off", count)]);
    }
    let cut_off = callback(&harness).await;
    assert_eq!(cut_off["last_rejection"]["reason"], "url_cut_off");

    // Nothing is said of a URL that lacks more, that somebody opens in a browser, or that is not the beginning of one.
    harness.wait(60);
    harness.devstack().clear_journal();
    let other = if url.ends_with('0') { "1" } else { "0" };
    for (url, query) in [
        (&url[..url.len() - 7], check.as_str()),
        (&url[..url.len() - 20], &check),
        (&url[..url.len() - 1], ""),
        (&url[..url.len() - 1], "utm_source=chat"),
        (&format!("{}{other}", &url[..url.len() - 1]), &check),
    ] {
        get(&harness, url, query).await.refused(404, "not_found");
    }
    assert_eq!(harness.journal().len(), 0, "and nothing is read");
    assert_eq!(refusals(&harness).await, [named("url_cut_off", 2)]);
}

#[tokio::test]
async fn a_flood_of_urls_that_were_cut_off_is_limited_like_every_other() {
    let (harness, credentials) = bound().await;
    let check = Check::sealed(&credentials, CORP, "4561").query();
    harness.devstack().clear_journal();
    for number in 0..200 {
        let url = &credentials.url[..credentials.url.len() - 1 - number % 6];
        get(&harness, url, &check).await.refused(404, "not_found");
        harness.wait(1);
    }
    let journal = harness.journal();
    let count = |operation: &str| journal.iter().filter(|entry| entry.operation == operation).count();
    let (reads, writes) = (count("GetItem"), count("UpdateItem"));
    assert!(writes <= 10 + 200 / 6, "{writes} writes");
    assert!(reads <= 200 / 5 + 1, "{reads} reads");
    let operations: BTreeSet<_> = journal.iter().map(|entry| entry.operation.as_str()).collect();
    assert_eq!(operations, BTreeSet::from(["GetItem", "UpdateItem"]));

    // Those that are no beginning of a URL of ours cost nothing; one in 65,536 would cost a read.
    harness.devstack().clear_journal();
    for number in 0..200 {
        let url = format!("https://callbacks.example.com/callback/00000000{number:020x}");
        get(&harness, &url, &check).await.refused(404, "not_found");
    }
    let journal = harness.journal();
    assert!(journal.len() <= 1 && journal.iter().all(|entry| entry.operation == "GetItem"));
}
