//! What it takes to find events among many: a page, one person's, and a type that occurs once in a hundred thousand.
//!
//! To measure with more of them, and to see the times, which are those of this machine and of a build for tests:
//! `STORED_EVENTS=1000000 cargo nextest run --locked --workspace --no-capture -E 'test(/among_many/)'`.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use jiff::SignedDuration;
use serde_json::{Value, json};

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
        let (id, text) = (format!("{number:032x}"), |text: String| AttributeValue::S(text));
        let received_at = oldest + SignedDuration::from_secs(i64::try_from(number).unwrap());
        let change = if number.is_multiple_of(RARE) {
            "delete_user"
        } else {
            "update_user"
        };
        let mut item = item.clone();
        item.extend([
            ("event_id".to_owned(), text(id.clone())),
            ("change_type".to_owned(), text(change.to_owned())),
            ("received_at".to_owned(), text(received_at.to_string())),
            ("timeline".to_owned(), text(format!("{TENANT}#{}", number % 4))),
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

/// What requests of a kind took.
struct Taken {
    /// Queries of the table and its indexes for one request.
    queries: usize,
    /// Read units for one request.
    units: f64,
    /// How long the requests took, the shortest first.
    times: Vec<Duration>,
}

impl Taken {
    fn print(&self, name: &str, events: usize) {
        let at = |percent: usize| self.times[(self.times.len() * percent / 100).min(self.times.len() - 1)];
        println!(
            "{events} events, {name}: {} queries, {:.1} read units, p50 {:?}, p99 {:?}",
            self.queries,
            self.units,
            at(50),
            at(99)
        );
    }
}

/// Makes a request so many times, and measures what it takes. Answers the last body, too.
async fn measure(harness: &Harness, requests: usize, ask: impl AsyncFn() -> Value) -> (Taken, Value) {
    let (mut times, mut body) = (Vec::new(), Value::Null);
    harness.devstack().measure_capacity();
    for _ in 0..requests {
        let started = Instant::now();
        body = ask().await;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let consumed = harness.devstack().consumed();
    let queries: Vec<_> = consumed.iter().filter(|one| one.operation == "Query").collect();
    let units: f64 = queries.iter().map(|one| one.of_table + one.of_indexes).sum();
    let taken = Taken {
        queries: queries.len() / requests,
        units: units / f64::from(u32::try_from(requests).unwrap()),
        times,
    };
    (taken, body)
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
    store_copies(&harness, events).await;
    let requests = if events > 1_000 { REQUESTS } else { 1 };

    // Those that are read are those that are shown, and a few more: a page of 50 is four queries of 17, and of 7 where hashes fall unevenly.
    let (newest, body) = measure(&harness, requests, || page(&harness, "")).await;
    newest.print("a page of 50", events);
    assert_eq!(shown(&body), 50);
    assert!(newest.queries <= 8, "{}", newest.queries);
    let an_item = 0.5;
    assert!(newest.units <= 1.3 * 50.0 * an_item, "{}", newest.units);

    let body = json!({"kind": "user_id", "id": format!("member-{}", events / 2)}).to_string();
    let (person, found) = measure(&harness, requests, || async {
        let target = "/authorization/persons/events";
        let reply = harness
            .call("find-person", Caller::Admin(TENANT), "POST", target, Some(&body))
            .await;
        reply.with_status(200)
    })
    .await;
    person.print("one person's", events);
    assert_eq!(shown(&found), 1);
    assert_eq!(person.queries, 1);
    assert!(person.units <= 0.5, "{}", person.units);

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
