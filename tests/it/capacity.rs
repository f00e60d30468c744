//! Capacity units of an event, as DynamoDB charges them: what `docs/cost.md` counts with, and what ADR 36 decides by.

#![expect(clippy::float_cmp, reason = "capacity units are sums of halves, which are exact")]

use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, ConsumedCapacity, GlobalSecondaryIndex, KeySchemaElement,
        KeyType, Projection, ProjectionType, ReturnConsumedCapacity, ScalarAttributeType,
    },
};
use devstack::Consumed;
use jiff::SignedDuration;
use wecom_authorization::{
    ids::CallbackId,
    store::{DynamoDb, EventChange},
};

use crate::{
    contract::{endpoint::Item, samples},
    faults::harness::{AUTHORIZATION_TABLE, EVENT_TABLE, Harness, TENANT, member_created},
    support::{CORP, Credentials, letter},
};

const WRITES: [&str; 4] = ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"];

/// Write units of the event table, its index and the authorization table.
fn written(consumed: &[Consumed]) -> [f64; 3] {
    let writes = || consumed.iter().filter(|one| WRITES.contains(&one.operation.as_str()));
    let of = |table: &'static str| writes().filter(move |one| one.table == table);
    [
        of(EVENT_TABLE).map(|one| one.of_table).sum(),
        of(EVENT_TABLE).map(|one| one.of_indexes).sum(),
        of(AUTHORIZATION_TABLE).map(|one| one.of_table + one.of_indexes).sum(),
    ]
}

/// An event as WeCom sends it: ids only.
fn usual(number: u32) -> String {
    member_created(&format!("member{number}"))
}

/// A callback that has received an event, and has its counters from then on.
async fn with_counters() -> (Harness, Credentials) {
    let harness = Harness::start(false).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    harness
        .deliver(&contacts, &member_created("first"))
        .await
        .with_success();
    harness.stream("publish-events").await.unwrap();
    harness.devstack().measure_capacity();
    (harness, contacts)
}

/// Stores and publishes so many events of one callback in one batch, and answers what was written.
async fn of_batch(events: u32) -> [f64; 3] {
    let (harness, contacts) = with_counters().await;
    for number in 0..events {
        harness.deliver(&contacts, &usual(number)).await.with_success();
    }
    harness.stream("publish-events").await.unwrap();
    written(&harness.devstack().consumed())
}

#[tokio::test]
async fn an_event_alone_costs_three_units_to_store_and_one_to_count() {
    assert_eq!(of_batch(1).await, [1.0, 2.0, 1.0]);
}

/// 3.01 an event.
#[tokio::test]
async fn a_hundred_events_of_a_batch_cost_three_units_each_to_store_and_one_in_all_to_count() {
    assert_eq!(of_batch(100).await, [100.0, 200.0, 1.0]);
}

/// An event about nobody is in the index by time alone, and one about a customer in those of the customer and of the member.
#[tokio::test]
async fn each_person_of_an_event_costs_a_unit_to_store() {
    let (harness, contacts) = with_counters().await;
    let party = letter::event(CORP, "change_contact", "create_party", "<Id>2</Id>");
    harness.deliver(&contacts, &party).await.with_success();
    assert_eq!(written(&harness.devstack().consumed()), [1.0, 1.0, 0.0]);
    harness.devstack().measure_capacity();
    let customer = "<UserID>zhangsan</UserID><ExternalUserID>wmA</ExternalUserID>";
    let customer = letter::event(CORP, "change_external_contact", "add_external_contact", customer);
    harness.deliver(&contacts, &customer).await.with_success();
    assert_eq!(written(&harness.devstack().consumed()), [1.0, 3.0, 0.0]);
}

/// It costs the same however many others there are, because it is one query of one partition.
#[tokio::test]
async fn a_page_of_a_persons_events_is_one_query_of_a_few_units() {
    let (harness, contacts) = with_counters().await;
    for number in 0..120 {
        harness.deliver(&contacts, &usual(number)).await.with_success();
        if number < 50 {
            let rest = format!("<UserID>zhangsan</UserID><Position>{number}</Position>");
            let message = letter::event(CORP, "change_contact", "update_user", &rest);
            harness.deliver(&contacts, &message).await.with_success();
        }
    }
    harness.devstack().measure_capacity();
    let person = serde_json::json!({"kind": "user_id", "id": "zhangsan"});
    let page = harness
        .admin("find-person", "POST", "/authorization/persons/events", &person)
        .await
        .with_status(200);
    assert_eq!(page["events"].as_array().unwrap().len(), 50);
    let consumed = harness.devstack().consumed();
    let of_events: Vec<_> = consumed.iter().filter(|one| one.table == EVENT_TABLE).collect();
    let [query] = of_events[..] else {
        panic!("{of_events:?}")
    };
    assert_eq!(query.operation, "Query");
    assert!(query.of_indexes <= 2.5, "{query:?}");
}

/// The index of due checks has whole authorizations (docs/cost.md).
#[tokio::test]
async fn a_hundred_due_tenants_cost_sixteen_units_to_find() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let key = |name: &str| AttributeValue::S(name.to_owned());
    let read = harness.dynamodb().get_item().table_name(AUTHORIZATION_TABLE);
    let read = read
        .key("pk", key(&format!("TENANT#{TENANT}")))
        .key("sk", key("AUTHORIZATION"));
    let bound = read.send().await.unwrap().item.unwrap();
    for number in 0..99 {
        let tenant = format!("tenant{number}");
        let mut like = bound.clone();
        like.insert("pk".to_owned(), key(&format!("TENANT#{tenant}")));
        like.insert("tenant_id".to_owned(), key(&tenant));
        like.insert("due_shard".to_owned(), key(&(number % 4).to_string()));
        let put = harness.dynamodb().put_item().table_name(AUTHORIZATION_TABLE);
        put.set_item(Some(like)).send().await.unwrap();
    }
    harness.devstack().measure_capacity();
    let tomorrow = harness.now() + SignedDuration::from_hours(24);
    let due = harness.store().due_authorizations(tomorrow, 800).await.unwrap();
    assert_eq!(due.len(), 100);
    let consumed = harness.devstack().consumed();
    assert_eq!(consumed.len(), 4, "{consumed:?}");
    let units: f64 = consumed.iter().map(|query| query.of_table + query.of_indexes).sum();
    assert_eq!(units, 16.0, "{consumed:?}");
}

/// A write that fails, the transaction of two items that creates the counters, and the write again.
#[tokio::test]
async fn the_first_event_of_a_callback_costs_six_units_to_count_once() {
    let harness = Harness::start(false).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    harness.devstack().measure_capacity();
    harness.deliver(&contacts, &usual(0)).await.with_success();
    harness.stream("publish-events").await.unwrap();
    let [_, _, counting] = written(&harness.devstack().consumed());
    assert!((5.0..=6.0).contains(&counting), "{counting}");
}

/// Twelve callbacks of a batch, and a callback whose events come through a hundred shards in a week.
#[tokio::test]
async fn each_callback_of_a_batch_costs_one_unit_to_count_and_goes_on_doing_so_as_shards_follow_each_other() {
    let (harness, _) = with_counters().await;
    let day = SignedDuration::from_hours(24);
    let store = DynamoDb::new(
        harness.dynamodb(),
        AUTHORIZATION_TABLE.to_owned(),
        EVENT_TABLE.to_owned(),
        day,
    );
    let now = harness.now();
    let mut ids = Vec::new();
    for _ in 0..12 {
        let callback = samples::callback(&samples::tenant(TENANT), now);
        ids.push(callback.callback_id.clone());
        store.commit(vec![samples::save_callback(callback)]).await.unwrap();
    }
    let change = |number: i64, callback_id: &CallbackId| EventChange {
        sequence_number: format!("44215845000000000174504{number:05}"),
        callback_id: callback_id.clone(),
        stored_at: Some(now),
        repeated: 0,
    };
    let batch = |from| {
        (from..)
            .zip(&ids)
            .map(|(number, id)| change(number, id))
            .collect::<Vec<_>>()
    };
    store.count_events("first shard", &batch(0), now).await.unwrap();
    harness.devstack().measure_capacity();
    store.count_events("first shard", &batch(100), now).await.unwrap();
    assert_eq!(written(&harness.devstack().consumed()), [0.0, 0.0, 12.0]);

    // Four shards at a time, and four others after four hours; an event in each.
    harness.devstack().measure_capacity();
    for event in 1_i32..=168 {
        let at = now + SignedDuration::from_hours(event.into());
        let shard = format!("shardId-{:020}-{:08x}", event / 4, event % 4);
        store
            .count_events(&shard, &[change(event.into(), &ids[0])], at)
            .await
            .unwrap();
    }
    let [_, _, counting] = written(&harness.devstack().consumed());
    // After 20 of them eight positions that are over are removed.
    assert_eq!(counting, 188.0);
}

#[tokio::test]
async fn a_replay_costs_two_units_for_each_event_and_six_for_its_position_and_its_end() {
    let harness = Harness::start(false).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    for number in 0..25 {
        harness.deliver(&contacts, &usual(number)).await.with_success();
    }
    let start = serde_json::json!({"event": "change_contact"});
    let started = crate::replays::start(&harness, crate::faults::harness::Caller::Admin("acme"), &start);
    started.await.with_status(202);
    harness.wait(60);
    harness.devstack().measure_capacity();
    harness.invoke("run-replays", serde_json::json!({})).await.unwrap();
    let [table, index, replay] = written(&harness.devstack().consumed());
    assert_eq!([table, index], [25.0, 25.0]);
    // To take it, to keep its position, and to end it.
    assert!((6.0..=12.0).contains(&replay), "{replay}");
}

/// A table of events whose index projects `projection`.
async fn table(client: &Client, name: &str, projection: Projection) {
    let key = |name, kind| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .unwrap()
    };
    let index = GlobalSecondaryIndex::builder()
        .index_name("timeline")
        .key_schema(key("timeline", KeyType::Hash))
        .key_schema(key("timeline_at", KeyType::Range))
        .projection(projection)
        .build()
        .unwrap();
    let mut request = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("event_id", KeyType::Hash))
        .global_secondary_indexes(index);
    for attribute in ["event_id", "timeline", "timeline_at"] {
        let definition = AttributeDefinition::builder()
            .attribute_name(attribute)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .unwrap();
        request = request.attribute_definitions(definition);
    }
    request.send().await.unwrap();
}

fn units(consumed: Option<ConsumedCapacity>) -> f64 {
    consumed.unwrap().capacity_units.unwrap()
}

async fn put(client: &Client, table: &str, item: &Item) -> f64 {
    let put = client.put_item().table_name(table).set_item(Some(item.clone()));
    let put = put.return_consumed_capacity(ReturnConsumedCapacity::Indexes);
    units(put.send().await.unwrap().consumed_capacity)
}

/// Marks an event for a replay, as `replay_event` does.
async fn mark(client: &Client, table: &str, item: &Item) -> f64 {
    let update = client
        .update_item()
        .table_name(table)
        .key("event_id", item["event_id"].clone())
        .update_expression("ADD replays :one SET replay_id = :id")
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
        .expression_attribute_values(":id", AttributeValue::S("0".repeat(32)));
    let update = update.return_consumed_capacity(ReturnConsumedCapacity::Indexes);
    units(update.send().await.unwrap().consumed_capacity)
}

/// Units to read the tenant's events whole: from the index, or with it from the table.
async fn read(client: &Client, name: &str, items: &[Item], is_whole: bool) -> f64 {
    let query = client
        .query()
        .table_name(name)
        .index_name("timeline")
        .key_condition_expression("timeline = :timeline")
        .expression_attribute_values(":timeline", AttributeValue::S("page".to_owned()))
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    let answer = query.send().await.unwrap();
    assert_eq!(answer.count, i32::try_from(items.len()).unwrap());
    let mut all = units(answer.consumed_capacity);
    if !is_whole {
        for item in items {
            let get = client
                .get_item()
                .table_name(name)
                .key("event_id", item["event_id"].clone());
            let get = get.return_consumed_capacity(ReturnConsumedCapacity::Total);
            all += units(get.send().await.unwrap().consumed_capacity);
        }
    }
    all
}

/// What ADR 36 says about the index's projection.
#[tokio::test]
async fn an_index_without_payloads_writes_no_less_for_usual_events_and_makes_pages_dearer() {
    let harness = Harness::start(false).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    let long = letter::event(
        CORP,
        "change_contact",
        "update_user",
        &format!("<Name>{}</Name>", "x".repeat(2000)),
    );
    for message in [usual(1), long] {
        harness.deliver(&contacts, &message).await.with_success();
    }
    let client = harness.dynamodb();
    let mut stored = client
        .scan()
        .table_name(EVENT_TABLE)
        .send()
        .await
        .unwrap()
        .items
        .unwrap();
    let size = |item: &Item| item["payload"].as_s().unwrap().len();
    stored.sort_by_key(size);
    let [usual, long] = &stored[..] else {
        panic!("{}", stored.len())
    };
    let all = Projection::builder().projection_type(ProjectionType::All).build();
    let heads = [
        "scope",
        "event",
        "change_type",
        "created_at",
        "received_at",
        "duplicates",
        "damaged",
        "tenant_id",
    ];
    let heads = Projection::builder()
        .projection_type(ProjectionType::Include)
        .set_non_key_attributes(Some(heads.map(ToOwned::to_owned).to_vec()))
        .build();
    table(&client, "all", all).await;
    table(&client, "heads", heads).await;
    let mut written = Vec::new();
    for name in ["all", "heads"] {
        let usual_written = put(&client, name, usual).await;
        written.push([
            usual_written,
            put(&client, name, long).await,
            mark(&client, name, usual).await,
        ]);
    }
    assert_eq!(written, [[2.0, 6.0, 2.0], [2.0, 4.0, 1.0]], "usual, long, marked");

    let page: Vec<_> = (0..50)
        .map(|number| {
            let mut item = usual.clone();
            item.insert("event_id".to_owned(), AttributeValue::S(format!("{number:032}")));
            item.insert("timeline".to_owned(), AttributeValue::S("page".to_owned()));
            item
        })
        .collect();
    let mut read_units = Vec::new();
    for (name, is_whole) in [("all", true), ("heads", false)] {
        for item in &page {
            put(&client, name, item).await;
        }
        read_units.push(read(&client, name, &page, is_whole).await);
    }
    let [all, heads] = read_units[..] else {
        panic!("{read_units:?}")
    };
    assert!(all < 5.0 && heads > 25.0, "a page of fifty: {read_units:?}");
}
