//! What it takes to find events among many: a page, one person's, and a type that occurs once in a hundred thousand.
//!
//! To measure with more of them, and to see the times, which are those of this machine and of a build for tests:
//! `STORED_EVENTS=1000000 CARGO_PROFILE_RELEASE_LTO=off cargo nextest run --release --locked --package tests --no-capture -E 'test(/among_many/)'`.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use jiff::SignedDuration;
use serde_json::{Value, json};
use wecom_authorization::ids::EventId;

use crate::{
    faults::harness::{Caller, EVENT_TABLE, Harness, TENANT, member_created},
    support::Scope,
};

/// One event in this many is of the rare type, and the first that is stored.
const RARE: usize = 100_000;
/// Requests of a kind, to have a median and a 99th percentile, where the events are many.
const REQUESTS: usize = 100;

#[expect(
    clippy::disallowed_methods,
    reason = "a test's own switch, not a function's configuration"
)]
fn stored_events() -> usize {
    std::env::var("STORED_EVENTS").map_or(1_000, |number| number.parse().unwrap())
}

type Item = HashMap<String, AttributeValue>;

/// Stores copies of the only event, a second apart, as if each were about a member of its own; the newest last.
async fn store_copies(harness: &Harness, events: usize) {
    let client = harness.dynamodb();
    let stored = client.scan().table_name(EVENT_TABLE).send().await.unwrap();
    let [item]: [Item; 1] = stored.items.unwrap().try_into().unwrap();
    let oldest = harness.now() - SignedDuration::from_secs(i64::try_from(events).unwrap());
    let copy = |number: usize| {
        let text = AttributeValue::S;
        // As evenly over the partitions as hashes are.
        let id = EventId::of("copy", &number.to_be_bytes());
        let shard = id.as_str().bytes().map(usize::from).sum::<usize>() % 4;
        let received_at = oldest + SignedDuration::from_secs(i64::try_from(number).unwrap());
        let change = if number.is_multiple_of(RARE) {
            "delete_user"
        } else {
            "update_user"
        };
        let mut item = item.clone();
        item.extend([
            ("event_id".to_owned(), text(id.to_string())),
            ("change_type".to_owned(), text(change.to_owned())),
            ("received_at".to_owned(), text(received_at.to_string())),
            ("timeline".to_owned(), text(format!("{TENANT}#{shard}"))),
            ("timeline_at".to_owned(), text(format!("{received_at:.3}#{id}"))),
            ("user".to_owned(), text(format!("{TENANT}#member-{number}"))),
        ]);
        let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
        WriteRequest::builder().put_request(put).build()
    };
    for first in (0..events).step_by(25) {
        let batch = (first..events.min(first + 25)).map(copy).collect();
        let written = client.batch_write_item().request_items(EVENT_TABLE, batch).send().await;
        assert!(written.unwrap().unprocessed_items.unwrap_or_default().is_empty());
    }
}

/// What requests of a kind took, all together.
struct Taken {
    requests: usize,
    /// Queries of the tables and their indexes.
    queries: usize,
    /// Read units of the queries.
    units: f64,
    /// Items that the queries have read.
    scanned: u64,
    /// How long each request took, the shortest first.
    times: Vec<Duration>,
}

/// Makes a request so many times, each after the answer to the one before, and measures what it takes.
async fn measure(harness: &Harness, name: &str, requests: usize, ask: impl AsyncFn(Value) -> Value) -> (Taken, Value) {
    let (mut times, mut answer) = (Vec::new(), Value::Null);
    harness.devstack().measure_capacity();
    for _ in 0..requests {
        let started = Instant::now();
        answer = ask(answer).await;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let mut consumed = harness.devstack().consumed();
    consumed.retain(|one| one.operation == "Query");
    let taken = Taken {
        requests,
        queries: consumed.len(),
        units: consumed.iter().map(|one| one.of_table + one.of_indexes).sum(),
        scanned: consumed.iter().map(|one| one.scanned).sum(),
        times,
    };
    let at = |percent: usize| taken.times[(requests * percent / 100).min(requests - 1)];
    println!(
        "{name}: {} requests, {} queries, {} items read, {} read units, p50 {:?}, p99 {:?}",
        taken.requests,
        taken.queries,
        taken.scanned,
        taken.units,
        at(50),
        at(99)
    );
    (taken, answer)
}

async fn page(harness: &Harness, query: &str) -> Value {
    let target = format!("/authorization/events?limit=50{query}");
    let reply = harness.admin("read-authorization", "GET", &target, &Value::Null).await;
    reply.with_status(200)
}

fn shown(page: &Value) -> usize {
    page["events"].as_array().unwrap().len()
}

#[tokio::test]
async fn an_event_is_found_with_as_much_work_however_many_there_are() {
    let harness = Harness::start(false).await;
    harness.install().await;
    let contacts = harness.bind(Scope::Contacts).await;
    harness
        .deliver(&contacts, &member_created("zhangsan"))
        .await
        .with_success();
    let events = stored_events();
    harness.end_stream(EVENT_TABLE).await;
    store_copies(&harness, events).await;
    println!("{events} events are stored");

    let pages = if events > 1_000 { REQUESTS } else { 10 };
    let (listed, last) = measure(&harness, "pages of 50", pages, async |before: Value| {
        let cursor = before["next_cursor"].as_str().map(|cursor| format!("&cursor={cursor}"));
        page(&harness, &cursor.unwrap_or_default()).await
    })
    .await;
    assert_eq!(shown(&last), 50);
    let [read, shown_in_all] = [listed.scanned, 50 * u64::try_from(pages).unwrap()];
    assert!(read * 10 <= shown_in_all * 14, "{read} read, {shown_in_all} shown");
    assert!(listed.queries <= pages * 9, "{}", listed.queries);

    let body = json!({"kind": "user_id", "id": format!("member-{}", events / 2)}).to_string();
    let times = if events > 1_000 { REQUESTS } else { 1 };
    let (person, found) = measure(&harness, "one person's", times, async |_| {
        let target = "/authorization/persons/events";
        let reply = harness
            .call("find-person", Caller::Admin(TENANT), "POST", target, Some(&body))
            .await;
        reply.with_status(200)
    })
    .await;
    assert_eq!(shown(&found), 1);
    assert_eq!(person.queries, times, "a query finds them");
    assert_eq!(person.scanned, u64::try_from(times).unwrap(), "and reads nothing else");

    let (mut found, mut asked, mut cursor, mut searched_to) = (0, 0, String::new(), harness.now());
    let started = Instant::now();
    loop {
        let query = format!("&change_type=delete_user{cursor}");
        let answer = page(&harness, &query).await;
        (found, asked) = (found + shown(&answer), asked + 1);
        let Some(next) = answer["next_cursor"].as_str() else {
            assert_eq!(answer["searched_to"], Value::Null);
            break;
        };
        cursor = format!("&cursor={next}");
        let to: jiff::Timestamp = answer["searched_to"].as_str().unwrap().parse().unwrap();
        assert!(to < searched_to, "a page goes on where the one before has ended");
        searched_to = to;
    }
    println!(
        "{events} events, {found} of a rare type: {asked} requests, {:?}",
        started.elapsed()
    );
    assert_eq!(found, events.div_ceil(RARE));
    // With a filter, a page reads up to 64 MB.
    assert!(asked <= 1 + events / RARE, "{asked}");
}
