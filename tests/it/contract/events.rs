//! Events: each event once, whatever its size, and read back newest first, none missed.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use devstack::Fault;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use wecom_authorization::{
    entropy::SystemEntropy,
    ids::{CallbackId, EventId, Scope},
    store::{AppendOutcome, Event, EventFilter, EventPage, EventSource, NewEvent, Payload, Position, StoreError},
};

use super::{
    endpoint::{Endpoint, RETENTION, at_once, number},
    samples::{corp, suite_event, tenant},
};

fn payload(text: &str) -> Payload {
    Payload::from_iter([
        ("Event".to_owned(), json!("change_contact")),
        ("Item".to_owned(), json!(["一", text])),
    ])
}

/// An event of the tenant `acme`; `content` makes it one of its own.
pub(super) fn event(content: &str, received_at: Timestamp) -> NewEvent {
    NewEvent {
        event_id: EventId::of("place", content.as_bytes()),
        delivery_id: "first".to_owned(),
        source: EventSource {
            callback_id: Some(CallbackId::generate(&SystemEntropy)),
            tenant_id: tenant("acme"),
            scope: Scope::Contacts.into(),
            corp_id: corp("ww0a1b2c3d4e5f6071"),
        },
        event: "change_contact".to_owned(),
        change_type: Some("create_user".to_owned()),
        created_at: Some(received_at - SignedDuration::from_secs(1)),
        received_at,
        retention_days: None,
        damaged: false,
        payload: payload(content),
    }
}

/// The same event in another delivery.
fn delivered_again(event: &NewEvent) -> NewEvent {
    let mut again = event.clone();
    again.delivery_id = CallbackId::generate(&SystemEntropy).to_string();
    again
}

fn of_scope(mut event: NewEvent, wanted: Scope) -> NewEvent {
    event.source.scope = wanted.into();
    event
}

/// The same, as it reads back.
fn as_read(event: &NewEvent, repeated: u64) -> Event {
    let EventSource {
        tenant_id,
        scope,
        corp_id,
        ..
    } = event.source.clone();
    Event {
        event_id: event.event_id.clone(),
        binding_id: tenant_id.binding_id(),
        tenant_id: tenant_id.tenant(),
        scope,
        corp_id,
        event: event.event.clone(),
        change_type: event.change_type.clone(),
        created_at: event.created_at,
        received_at: event.received_at,
        duplicates: repeated,
        damaged: event.damaged,
        payload: event.payload.clone(),
    }
}

async fn page(endpoint: &Endpoint, filter: &EventFilter, limit: usize, before: Option<Position>) -> EventPage {
    let store = endpoint.store();
    store.events(&tenant("acme"), filter, limit, before).await.unwrap()
}

async fn newest(endpoint: &Endpoint) -> Vec<Event> {
    page(endpoint, &EventFilter::default(), 100, None).await.events
}

/// All pages, one after the other; each event must come once.
async fn all(endpoint: &Endpoint, filter: &EventFilter, limit: usize) -> Vec<EventId> {
    let (mut ids, mut position, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = page(endpoint, filter, limit, position).await;
        assert!(page.events.len() <= limit);
        ids.extend(page.events.into_iter().map(|event| event.event_id));
        pages += 1;
        assert!(pages < 1000, "the pages have no end");
        match page.next {
            None => break,
            next => position = next,
        }
    }
    let distinct: BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "an event came twice");
    ids
}

#[tokio::test]
async fn an_event_is_stored_once_and_its_repetitions_are_counted() {
    let endpoint = Endpoint::any().await;
    let (store, mine) = (endpoint.store(), event("a", endpoint.now));
    assert_eq!(store.append_event(mine.clone()).await.unwrap(), AppendOutcome::Stored);
    for repeated in 1..3 {
        let mut again = delivered_again(&mine);
        again.received_at = endpoint.at_second(60);
        assert_eq!(store.append_event(again).await.unwrap(), AppendOutcome::Duplicate);
        assert_eq!(newest(&endpoint).await, [as_read(&mine, repeated)]);
    }
    let other = event("b", endpoint.now);
    assert_eq!(store.append_event(other).await.unwrap(), AppendOutcome::Stored);
    assert_eq!(newest(&endpoint).await.len(), 2);
}

#[tokio::test]
async fn an_event_without_type_change_or_time_is_stored_all_the_same() {
    let endpoint = Endpoint::any().await;
    let mut bare = event("", endpoint.now);
    bare.event = String::new();
    bare.change_type = None;
    bare.created_at = None;
    bare.payload = Payload::new();
    endpoint.store().append_event(bare.clone()).await.unwrap();
    assert_eq!(newest(&endpoint).await, [as_read(&bare, 0)]);
}

#[tokio::test]
async fn of_many_deliveries_at_once_one_is_stored() {
    let endpoint = Endpoint::any().await;
    // No more than are counted.
    for (mine, writers) in [(event("small", endpoint.now), 11), (large(&endpoint, "large"), 5)] {
        let results = at_once(writers, |_| {
            let (store, mine) = (endpoint.store(), delivered_again(&mine));
            async move { store.append_event(mine).await.unwrap() }
        });
        let results = results.await;
        let stored = results
            .iter()
            .filter(|appended| **appended == AppendOutcome::Stored)
            .count();
        assert_eq!(stored, 1);
        let events = newest(&endpoint).await;
        let read = events.iter().find(|event| event.event_id == mine.event_id).unwrap();
        assert_eq!(*read, as_read(&mine, u64::try_from(writers).unwrap() - 1));
    }
}

/// More than one item can hold, of characters of three bytes, so that parts are cut between them.
fn large(endpoint: &Endpoint, content: &str) -> NewEvent {
    let mut event = event(content, endpoint.now);
    event.payload = payload(&"企业微信".repeat(60_000));
    event
}

#[tokio::test]
async fn an_event_larger_than_an_item_is_stored_in_parts_and_read_back_whole() {
    let endpoint = Endpoint::any().await;
    let (store, mine) = (endpoint.store(), large(&endpoint, "large"));
    assert_eq!(store.append_event(mine.clone()).await.unwrap(), AppendOutcome::Stored);
    assert_eq!(endpoint.count(&endpoint.event_table).await, 3);
    assert_eq!(
        store.append_event(mine.clone()).await.unwrap(),
        AppendOutcome::Duplicate
    );
    assert_eq!(newest(&endpoint).await, [as_read(&mine, 1)]);
    assert_eq!(endpoint.count(&endpoint.event_table).await, 3);
}

/// Items end one by one, up to two days after their time, in any order.
#[tokio::test]
async fn an_event_whose_parts_have_ended_already_does_not_hide_the_others() {
    let endpoint = Endpoint::any().await;
    let (store, mine) = (endpoint.store(), large(&endpoint, "large"));
    store.append_event(mine.clone()).await.unwrap();
    let small = event("small", endpoint.at_second(-1));
    store.append_event(small.clone()).await.unwrap();
    let part = AttributeValue::S(format!("{}/1", mine.event_id));
    let delete = endpoint.dynamodb.delete_item().table_name(&endpoint.event_table);
    delete.key("event_id", part).send().await.unwrap();
    assert_eq!(newest(&endpoint).await, [as_read(&small, 0)]);
    assert_eq!(all(&endpoint, &EventFilter::default(), 1).await, [small.event_id]);
}

#[tokio::test]
async fn every_item_of_an_event_ends_after_the_retention() {
    let endpoint = Endpoint::any().await;
    let (store, mine) = (endpoint.store(), large(&endpoint, "large"));
    store.append_event(mine.clone()).await.unwrap();
    let end = (endpoint.now + RETENTION).as_second();
    for id in ["", "/1", "/2"] {
        let item = endpoint.event_item(&format!("{}{id}", mine.event_id)).await.unwrap();
        assert_eq!(number(&item, "ttl"), end, "{id}");
    }
    store.append_event(mine.clone()).await.unwrap();
    let item = endpoint.event_item(mine.event_id.as_str()).await.unwrap();
    assert_eq!(number(&item, "ttl"), end, "a repetition does not prolong it");
}

#[tokio::test]
async fn an_event_of_the_suite_is_stored_once_and_is_in_no_tenants_list() {
    let endpoint = Endpoint::any().await;
    let mine = suite_event(endpoint.now);
    let store = endpoint.store();
    assert_eq!(store.put_suite_event(&mine).await.unwrap(), AppendOutcome::Stored);
    assert_eq!(store.put_suite_event(&mine).await.unwrap(), AppendOutcome::Duplicate);
    assert_eq!(newest(&endpoint).await, []);
    assert_eq!(
        endpoint.count(&endpoint.event_table).await,
        0,
        "other services read that one"
    );
    let item = endpoint
        .item(&format!("SUITEEVENT#{}", mine.event_id), "EVENT")
        .await
        .unwrap();
    let end = endpoint.now + SignedDuration::from_hours(24 * 7);
    assert_eq!(number(&item, "ttl"), end.as_second());
}

#[tokio::test]
async fn events_come_newest_first_and_only_the_tenants_own() {
    let endpoint = Endpoint::any().await;
    let mut expected = Vec::new();
    for (number, second) in [3, 1, 4, 0, 5, 9, 2, 6].into_iter().enumerate() {
        let mine = event(&number.to_string(), endpoint.at_second(second));
        endpoint.store().append_event(mine.clone()).await.unwrap();
        expected.push(as_read(&mine, 0));
    }
    let mut foreign = event("foreign", endpoint.now);
    foreign.source.tenant_id = tenant("rival");
    endpoint.store().append_event(foreign).await.unwrap();
    expected.sort_by_key(|event| std::cmp::Reverse(event.received_at));
    assert_eq!(newest(&endpoint).await, expected);
    let nobody = endpoint.store();
    let nobody = nobody
        .events(&tenant("nobody"), &EventFilter::default(), 10, None)
        .await;
    let nothing = EventPage {
        events: Vec::new(),
        next: None,
    };
    assert_eq!(nobody.unwrap(), nothing);
}

/// A bulk import: many events within one millisecond, spread over the shards.
#[tokio::test]
async fn pages_of_every_size_lose_no_event_of_one_moment_and_repeat_none() {
    let endpoint = Endpoint::any().await;
    let mut expected = BTreeSet::new();
    for number in 0..30 {
        // Three moments with ten events each.
        let at = endpoint.now + SignedDuration::from_millis(500 * (number % 3));
        let mine = event(&number.to_string(), at);
        endpoint.store().append_event(mine.clone()).await.unwrap();
        expected.insert(mine.event_id);
    }
    for limit in [1, 2, 3, 7, 10, 29, 30, 31, 100] {
        let ids: BTreeSet<_> = all(&endpoint, &EventFilter::default(), limit)
            .await
            .into_iter()
            .collect();
        assert_eq!(ids, expected, "{limit} at a time");
    }
    let times: Vec<_> = newest(&endpoint).await.iter().map(|event| event.received_at).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
}

#[tokio::test]
async fn a_page_goes_on_where_the_one_before_stopped_whatever_arrived_since() {
    let endpoint = Endpoint::any().await;
    for number in 0..6 {
        let mine = event(&number.to_string(), endpoint.at_second(number));
        endpoint.store().append_event(mine).await.unwrap();
    }
    let first = page(&endpoint, &EventFilter::default(), 3, None).await;
    endpoint
        .store()
        .append_event(event("late", endpoint.at_second(60)))
        .await
        .unwrap();
    let second = page(&endpoint, &EventFilter::default(), 3, first.next).await;
    let times: Vec<_> = second.events.iter().map(|event| event.received_at).collect();
    assert_eq!(times, [2, 1, 0].map(|second| endpoint.at_second(second)));
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of filters")]
async fn a_filter_lets_through_what_it_names_and_nothing_else() {
    let endpoint = Endpoint::any().await;
    let append = async |event: NewEvent| {
        endpoint.store().append_event(event.clone()).await.unwrap();
        event.event_id
    };
    let contact = append(event("contact", endpoint.at_second(10))).await;
    let mut changed = event("changed", endpoint.at_second(20));
    changed.change_type = Some("update_user".to_owned());
    let changed = append(changed).await;
    let mut customer = of_scope(event("customer", endpoint.at_second(30)), Scope::ExternalContacts);
    customer.event = "change_external_contact".to_owned();
    customer.change_type = Some("add_external_contact".to_owned());
    let customer = append(customer).await;
    let mut plain = of_scope(event("plain", endpoint.at_second(40)), Scope::ExternalContacts);
    plain.change_type = None;
    let plain = append(plain).await;

    let any = EventFilter::default();
    let text = |text: &str| Some(text.to_owned());
    let cases = [
        (any.clone(), vec![&plain, &customer, &changed, &contact]),
        (
            EventFilter {
                scope: Some(Scope::Contacts.into()),
                ..any.clone()
            },
            vec![&changed, &contact],
        ),
        (
            EventFilter {
                scope: Some(Scope::ExternalContacts.into()),
                ..any.clone()
            },
            vec![&plain, &customer],
        ),
        (
            EventFilter {
                event: text("change_external_contact"),
                ..any.clone()
            },
            vec![&customer],
        ),
        (
            EventFilter {
                event: text("change"),
                ..any.clone()
            },
            vec![],
        ),
        (
            EventFilter {
                change_type: text("create_user"),
                ..any.clone()
            },
            vec![&contact],
        ),
        (
            EventFilter {
                since: Some(endpoint.at_second(20)),
                ..any.clone()
            },
            vec![&plain, &customer, &changed],
        ),
        (
            EventFilter {
                until: Some(endpoint.at_second(20)),
                ..any.clone()
            },
            vec![&contact],
        ),
        (
            EventFilter {
                since: Some(endpoint.at_second(20)),
                until: Some(endpoint.at_second(40)),
                ..any.clone()
            },
            vec![&customer, &changed],
        ),
        (
            EventFilter {
                scope: Some(Scope::ExternalContacts.into()),
                event: text("change_contact"),
                until: Some(endpoint.at_second(41)),
                ..any.clone()
            },
            vec![&plain],
        ),
        (
            EventFilter {
                since: Some(endpoint.at_second(20)),
                until: Some(endpoint.at_second(20)),
                ..any.clone()
            },
            vec![],
        ),
        (
            EventFilter {
                since: Some(endpoint.at_second(30)),
                until: Some(endpoint.at_second(10)),
                ..any
            },
            vec![],
        ),
    ];
    for (filter, expected) in cases {
        for limit in [1, 2, 100] {
            let ids = all(&endpoint, &filter, limit).await;
            assert_eq!(
                ids.iter().collect::<Vec<_>>(),
                expected,
                "{filter:?}, {limit} at a time"
            );
        }
    }
}

/// However few a page may have, the search goes on below what it does not let through.
#[tokio::test]
async fn a_rare_event_is_found_far_down() {
    let endpoint = Endpoint::any().await;
    let mut rare = event("rare", endpoint.now);
    rare.event = "rare".to_owned();
    endpoint.store().append_event(rare.clone()).await.unwrap();
    for number in 1..30 {
        let mine = event(&number.to_string(), endpoint.at_second(number));
        endpoint.store().append_event(mine).await.unwrap();
    }
    let filter = EventFilter {
        event: Some("rare".to_owned()),
        ..EventFilter::default()
    };
    assert_eq!(page(&endpoint, &filter, 2, None).await.events, [as_read(&rare, 0)]);
    assert_eq!(all(&endpoint, &filter, 1).await, [rare.event_id]);
}

#[tokio::test]
async fn after_the_oldest_event_there_is_an_empty_page() {
    let endpoint = Endpoint::any().await;
    endpoint.store().append_event(event("a", endpoint.now)).await.unwrap();
    let since = EventFilter {
        since: Some(endpoint.now),
        ..EventFilter::default()
    };
    // Earlier than `since`, too: DynamoDB refuses bounds in the wrong order.
    let early = Position::new(Timestamp::UNIX_EPOCH, &"0".repeat(32));
    for filter in [&EventFilter::default(), &since] {
        let page = page(&endpoint, filter, 10, Some(early.clone())).await;
        assert!(page.events.is_empty() && page.next.is_none(), "{page:?}");
    }
}

/// Two deliveries of one large event at once: the loser's transaction meets the winner's.
#[tokio::test]
async fn a_large_event_that_meets_its_own_repetition_is_not_lost() {
    let endpoint = Endpoint::ours().await;
    let (store, mine) = (endpoint.store(), large(&endpoint, "large"));
    let conflict = Fault::on("TransactWriteItems")
        .answer("TransactionCanceledException")
        .with(
            "CancellationReasons",
            json!([{"Code": "TransactionConflict"}, {"Code": "None"}]),
        );
    endpoint.faults().add(conflict.clone().times(2));
    assert_eq!(store.append_event(mine.clone()).await.unwrap(), AppendOutcome::Stored);
    endpoint.faults().add(conflict);
    let endless = store.append_event(mine).await;
    assert!(matches!(endless, Err(StoreError::Unavailable(_))), "{endless:?}");
}

/// The newest hundred lie spread over four partitions; whatever is read beyond them is read for nothing.
#[tokio::test]
async fn a_page_asks_each_partition_for_little_more_than_its_share() {
    let endpoint = Endpoint::ours().await;
    let store = endpoint.store();
    let stored = at_once(300, |number| {
        let event = event(&number.to_string(), endpoint.at_second(number.try_into().unwrap()));
        let store = endpoint.store();
        async move { store.append_event(event).await.unwrap() }
    });
    stored.await;
    let filter = EventFilter::default();
    let first = store.events(&tenant("acme"), &filter, 100, None).await.unwrap();
    assert_eq!(first.events.len(), 100);
    // 32 items of each at first, which is 1.28 for each that is shown, and 13 more of the partition that has more of them.
    let queries = endpoint.queries();
    assert!((4..=5).contains(&queries), "{queries}");
    let second = store
        .events(&tenant("acme"), &filter, 100, first.next.clone())
        .await
        .unwrap();
    assert!(endpoint.queries() <= queries + 5, "{}", endpoint.queries());
    let ids: BTreeSet<_> = first
        .events
        .iter()
        .chain(&second.events)
        .map(|event| event.event_id.to_string())
        .collect();
    assert_eq!(ids.len(), 200);
}

/// A query reads 1 MB, whether it finds something or not.
#[tokio::test]
async fn a_rare_event_is_found_with_as_few_queries_as_there_are_megabytes() {
    let endpoint = Endpoint::ours().await;
    let store = endpoint.store();
    let mut rare = event("rare", endpoint.at_second(0));
    rare.event = "rare".to_owned();
    store.append_event(rare.clone()).await.unwrap();
    let stored = at_once(60, |number| {
        let mut event = event(
            &number.to_string(),
            endpoint.at_second(1 + i64::try_from(number).unwrap()),
        );
        event.payload = payload(&"x".repeat(100_000));
        let store = endpoint.store();
        async move { store.append_event(event).await.unwrap() }
    });
    stored.await;
    let filter = EventFilter {
        event: Some("rare".to_owned()),
        ..EventFilter::default()
    };
    let page = store.events(&tenant("acme"), &filter, 20, None).await.unwrap();
    assert_eq!(page.events, [as_read(&rare, 0)]);
    assert_eq!(page.next, None);
    // 6 MB in four partitions.
    let queries = endpoint.queries();
    assert!((6..=12).contains(&queries), "{queries}");
}

#[tokio::test]
async fn an_event_is_replayed_for_the_tenant_whose_it_is_and_nobody_else() {
    let endpoint = Endpoint::any().await;
    let (store, mine) = (endpoint.store(), event("a", endpoint.now));
    let unknown = EventId::of("place", b"unknown");
    assert!(
        !store
            .replay_event(&tenant("acme"), &mine.event_id, "first")
            .await
            .unwrap()
    );
    assert_eq!(
        endpoint.count(&endpoint.event_table).await,
        0,
        "nothing is made by replaying"
    );
    store.append_event(mine.clone()).await.unwrap();
    assert!(
        !store
            .replay_event(&tenant("rival"), &mine.event_id, "theirs")
            .await
            .unwrap()
    );
    assert!(!store.replay_event(&tenant("acme"), &unknown, "first").await.unwrap());
    let before = endpoint.event_item(mine.event_id.as_str()).await.unwrap();
    assert!(!before.contains_key("replays"));
    for (replay, replays) in [("first", 1), ("first", 1), ("second", 2), ("second", 2)] {
        // An answer that is lost is asked for again, and makes no second replay.
        assert!(
            store
                .replay_event(&tenant("acme"), &mine.event_id, replay)
                .await
                .unwrap()
        );
        let item = endpoint.event_item(mine.event_id.as_str()).await.unwrap();
        assert_eq!(number(&item, "replays"), replays);
        assert_eq!(item["change"], AttributeValue::S("replayed".to_owned()));
        assert_eq!(item["replay_id"], AttributeValue::S(replay.to_owned()));
    }
    assert!(
        !store
            .replay_event(&tenant("rival"), &mine.event_id, "theirs")
            .await
            .unwrap()
    );
    assert_eq!(newest(&endpoint).await, [as_read(&mine, 0)], "it is the same event");
    assert_eq!(
        store.event(&tenant("acme"), &mine.event_id).await.unwrap(),
        Some(as_read(&mine, 0))
    );
    assert_eq!(store.event(&tenant("rival"), &mine.event_id).await.unwrap(), None);
    assert_eq!(store.event(&tenant("acme"), &unknown).await.unwrap(), None);
    store.append_event(delivered_again(&mine)).await.unwrap();
    let item = endpoint.event_item(mine.event_id.as_str()).await.unwrap();
    assert_eq!(
        item["change"],
        AttributeValue::S("repeated".to_owned()),
        "a repetition is no replay"
    );

    let suite = suite_event(endpoint.now);
    store.put_suite_event(&suite).await.unwrap();
    assert!(
        !store
            .replay_event(&tenant("acme"), &suite.event_id, "first")
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn deleting_a_tenants_events_leaves_none_of_theirs_and_all_of_the_others() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    let acme = tenant("acme");
    let later = endpoint.at_second(1);
    let delete = async |before| store.delete_some_events(&acme, before, endpoint.now).await.unwrap();
    assert!(!delete(later).await);
    store.append_event(large(&endpoint, "large")).await.unwrap();
    for number in 0..120 {
        store
            .append_event(event(&number.to_string(), endpoint.now))
            .await
            .unwrap();
    }
    let mut foreign = event("foreign", endpoint.now);
    foreign.source.tenant_id = tenant("rival");
    store.append_event(foreign).await.unwrap();
    // Events that arrived at the end or later belong to a new set-up.
    assert!(!delete(endpoint.now).await);
    assert_eq!(store.deleted(&acme).await.unwrap().events, 0);
    while delete(later).await {}
    assert_eq!(store.deleted(&acme).await.unwrap().events, 121);
    assert_eq!(newest(&endpoint).await, []);
    assert_eq!(endpoint.count(&endpoint.event_table).await, 1);
}
