//! Streams: order, images, positions, and notifications of writes.

use aws_sdk_dynamodb::types::{StreamSpecification, StreamViewType};
use aws_sdk_dynamodbstreams::types::{AttributeValue, OperationType, Record, ShardIteratorType};

use crate::clients::{Aws, code, n, s};

/// A table whose stream has both images, and the stream's ARN.
async fn streamed(aws: &Aws) -> (String, String) {
    let table = aws.table().await;
    let stream = StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(StreamViewType::NewAndOldImages);
    let update = aws
        .dynamodb
        .update_table()
        .table_name(&table)
        .stream_specification(stream.build().unwrap());
    update.send().await.unwrap();
    aws.until_active(&table).await;
    let listed = aws.streams.list_streams().table_name(&table).send().await.unwrap();
    (table, listed.streams()[0].stream_arn().unwrap().to_owned())
}

async fn shard(aws: &Aws, arn: &str) -> String {
    let described = aws.streams.describe_stream().stream_arn(arn).send().await.unwrap();
    let description = described.stream_description().unwrap();
    assert_eq!(description.stream_status().unwrap().as_str(), "ENABLED");
    description.shards()[0].shard_id().unwrap().to_owned()
}

async fn iterator(aws: &Aws, arn: &str, kind: ShardIteratorType, from: Option<&str>) -> String {
    let iterator = aws
        .streams
        .get_shard_iterator()
        .stream_arn(arn)
        .shard_id(shard(aws, arn).await);
    let iterator = iterator
        .shard_iterator_type(kind)
        .set_sequence_number(from.map(str::to_owned));
    iterator.send().await.unwrap().shard_iterator.unwrap()
}

async fn read(aws: &Aws, iterator: &str) -> (Vec<Record>, String) {
    let read = aws.streams.get_records().shard_iterator(iterator).send().await.unwrap();
    (read.records.unwrap(), read.next_shard_iterator.unwrap())
}

fn ids(records: &[Record]) -> Vec<&str> {
    let keys = records.iter().map(|record| record.dynamodb().unwrap().keys().unwrap());
    keys.map(|keys| keys["id"].as_s().unwrap().as_str()).collect()
}

fn sequence_number(record: &Record) -> &str {
    record.dynamodb().unwrap().sequence_number().unwrap()
}

#[tokio::test]
async fn a_table_is_made_with_its_stream() {
    use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
    let aws = Aws::any().await;
    let id = AttributeDefinition::builder()
        .attribute_name("id")
        .attribute_type(ScalarAttributeType::S);
    let key = KeySchemaElement::builder()
        .attribute_name("id")
        .key_type(KeyType::Hash)
        .build()
        .unwrap();
    let stream = StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(StreamViewType::NewImage);
    let create = aws
        .dynamodb
        .create_table()
        .table_name(crate::clients::unique("table"))
        .key_schema(key);
    let create = create
        .attribute_definitions(id.build().unwrap())
        .billing_mode(BillingMode::PayPerRequest);
    let created = create
        .stream_specification(stream.build().unwrap())
        .send()
        .await
        .unwrap();
    let table = created.table_description.unwrap();
    let (name, arn) = (table.table_name().unwrap(), table.latest_stream_arn().unwrap());
    aws.until_active(name).await;
    let from_the_start = iterator(&aws, arn, ShardIteratorType::TrimHorizon, None).await;
    aws.put(name, "a").await.unwrap();
    assert_eq!(ids(&read(&aws, &from_the_start).await.0), ["a"]);
}

#[tokio::test]
async fn a_stream_delivers_inserts_in_order() {
    let aws = Aws::any().await;
    let (table, arn) = streamed(&aws).await;
    let expected = (0..30).map(|number| format!("event-{number:02}")).collect::<Vec<_>>();
    for id in &expected {
        aws.put(&table, id).await.unwrap();
    }
    let (records, _) = read(&aws, &iterator(&aws, &arn, ShardIteratorType::TrimHorizon, None).await).await;
    assert_eq!(ids(&records), expected);
    assert!(records.is_sorted_by(|a, b| sequence_number(a) < sequence_number(b)));
    assert!(
        records
            .iter()
            .all(|record| record.event_name() == Some(&OperationType::Insert))
    );
    assert!(records.iter().all(|record| record.event_id().is_some()));
}

#[tokio::test]
async fn a_record_has_the_images_that_its_change_has() {
    let aws = Aws::any().await;
    let (table, arn) = streamed(&aws).await;
    aws.put(&table, "a").await.unwrap();
    let update = aws
        .dynamodb
        .update_item()
        .table_name(&table)
        .key("id", s("a"))
        .update_expression("SET hits = :one");
    update.expression_attribute_values(":one", n(1)).send().await.unwrap();
    aws.dynamodb
        .delete_item()
        .table_name(&table)
        .key("id", s("a"))
        .send()
        .await
        .unwrap();
    let (records, _) = read(&aws, &iterator(&aws, &arn, ShardIteratorType::TrimHorizon, None).await).await;
    let hits = |image: Option<&std::collections::HashMap<String, AttributeValue>>| {
        image.map(|image| image.get("hits").map(|hits| hits.as_n().unwrap().clone()))
    };
    let changes = records.iter().map(|record| {
        let change = record.dynamodb().unwrap();
        (
            record.event_name().unwrap().as_str(),
            hits(change.old_image()),
            hits(change.new_image()),
        )
    });
    let one = || Some("1".to_owned());
    let expected = [
        ("INSERT", None, Some(None)),
        ("MODIFY", Some(None), Some(one())),
        ("REMOVE", Some(one()), None),
    ];
    assert_eq!(changes.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_write_that_changes_nothing_makes_no_record() {
    let aws = Aws::any().await;
    let (table, arn) = streamed(&aws).await;
    aws.put(&table, "a").await.unwrap();
    aws.put(&table, "a").await.unwrap();
    let (records, _) = read(&aws, &iterator(&aws, &arn, ShardIteratorType::TrimHorizon, None).await).await;
    assert_eq!(records.len(), 1, "{records:?}");
}

#[tokio::test]
async fn a_reader_goes_on_where_it_was() {
    let aws = Aws::any().await;
    let (table, arn) = streamed(&aws).await;
    let (none, next) = read(&aws, &iterator(&aws, &arn, ShardIteratorType::TrimHorizon, None).await).await;
    assert!(none.is_empty());
    aws.put(&table, "first").await.unwrap();
    let (first, next) = read(&aws, &next).await;
    assert_eq!(ids(&first), ["first"]);
    aws.put(&table, "second").await.unwrap();
    let (second, next) = read(&aws, &next).await;
    assert_eq!(ids(&second), ["second"]);
    assert!(read(&aws, &next).await.0.is_empty());
    let after = iterator(
        &aws,
        &arn,
        ShardIteratorType::AfterSequenceNumber,
        Some(sequence_number(&first[0])),
    )
    .await;
    assert_eq!(ids(&read(&aws, &after).await.0), ["second"]);
    let at = iterator(
        &aws,
        &arn,
        ShardIteratorType::AtSequenceNumber,
        Some(sequence_number(&first[0])),
    )
    .await;
    assert_eq!(ids(&read(&aws, &at).await.0), ["first", "second"]);
}

#[tokio::test]
async fn the_latest_position_skips_what_was() {
    let aws = Aws::any().await;
    let (table, arn) = streamed(&aws).await;
    aws.put(&table, "before").await.unwrap();
    let latest = iterator(&aws, &arn, ShardIteratorType::Latest, None).await;
    aws.put(&table, "after").await.unwrap();
    assert_eq!(ids(&read(&aws, &latest).await.0), ["after"]);
}

#[tokio::test]
async fn a_limit_cuts_a_batch_and_loses_nothing() {
    let aws = Aws::any().await;
    let (table, arn) = streamed(&aws).await;
    for id in ["a", "b", "c", "d", "e"] {
        aws.put(&table, id).await.unwrap();
    }
    let mut next = iterator(&aws, &arn, ShardIteratorType::TrimHorizon, None).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let read = aws
            .streams
            .get_records()
            .shard_iterator(&next)
            .limit(2)
            .send()
            .await
            .unwrap();
        seen.extend(ids(read.records()).into_iter().map(str::to_owned));
        next = read.next_shard_iterator.unwrap();
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
}

#[tokio::test]
async fn an_open_shard_has_no_end() {
    let aws = Aws::any().await;
    let (table, arn) = streamed(&aws).await;
    aws.put(&table, "a").await.unwrap();
    let described = aws.streams.describe_stream().stream_arn(&arn).send().await.unwrap();
    let range = described.stream_description().unwrap().shards()[0]
        .sequence_number_range()
        .unwrap()
        .clone();
    assert_eq!(range.ending_sequence_number(), None);
}

#[tokio::test]
async fn a_table_without_a_stream_is_not_listed_and_an_unknown_stream_not_found() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    assert!(
        aws.streams
            .list_streams()
            .table_name(&table)
            .send()
            .await
            .unwrap()
            .streams()
            .is_empty()
    );
    let (_, arn) = streamed(&aws).await;
    let unknown = arn.replace("table/table", "table/other");
    let refused = aws
        .streams
        .describe_stream()
        .stream_arn(unknown)
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&refused), "ResourceNotFoundException");
}

#[tokio::test]
async fn an_expired_item_leaves_by_the_stream_under_the_services_name() {
    let aws = Aws::ours().await;
    let (table, arn) = streamed(&aws).await;
    crate::provisioning::time_to_live(&aws, &table, "expires", true)
        .await
        .unwrap();
    let put = aws
        .dynamodb
        .put_item()
        .table_name(&table)
        .item("id", s("a"))
        .item("expires", n(1_600_000_000));
    put.send().await.unwrap();
    aws.devstack().sweep_expired_items();
    let (records, _) = read(&aws, &iterator(&aws, &arn, ShardIteratorType::TrimHorizon, None).await).await;
    let removal = records.last().unwrap();
    assert_eq!(removal.event_name(), Some(&OperationType::Remove));
    assert_eq!(
        removal.user_identity().unwrap().principal_id(),
        Some("dynamodb.amazonaws.com")
    );
}

#[tokio::test]
async fn a_position_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let aws = Aws::kept_in(directory.path()).await;
    let (table, arn) = streamed(&aws).await;
    aws.put(&table, "before").await.unwrap();
    let (before, next) = read(&aws, &iterator(&aws, &arn, ShardIteratorType::TrimHorizon, None).await).await;
    assert_eq!(ids(&before), ["before"]);
    aws.shutdown().await;
    let aws = Aws::kept_in(directory.path()).await;
    aws.put(&table, "after").await.unwrap();
    assert_eq!(ids(&read(&aws, &next).await.0), ["after"]);
}

/// As on AWS. Without it the engine, which reads all records to number the next, gets slower by the week.
#[tokio::test]
async fn records_older_than_a_day_are_gone_after_a_restart_and_new_ones_come() {
    let directory = tempfile::tempdir().unwrap();
    let aws = Aws::kept_in(directory.path()).await;
    let (table, arn) = streamed(&aws).await;
    aws.put(&table, "old").await.unwrap();
    aws.shutdown().await;
    let database = rusqlite::Connection::open(directory.path().join("dynamodb.sqlite")).unwrap();
    database
        .execute("UPDATE _stream_records SET created_at = created_at - 86460", [])
        .unwrap();
    drop(database);
    let aws = Aws::kept_in(directory.path()).await;
    aws.put(&table, "new").await.unwrap();
    let (records, _) = read(&aws, &iterator(&aws, &arn, ShardIteratorType::TrimHorizon, None).await).await;
    assert_eq!(ids(&records), ["new"]);
    assert!(aws.has(&table, "old").await);
}

#[tokio::test]
async fn a_write_is_notified_to_whoever_watches_the_table() {
    let aws = Aws::ours().await;
    let (table, other) = (aws.table().await, aws.table().await);
    let mut writes = aws.devstack().table_writes(&table);
    aws.put(&other, "a").await.unwrap();
    assert!(!writes.has_changed().unwrap(), "another table");
    aws.put(&table, "a").await.unwrap();
    writes.changed().await.unwrap();
    aws.put(&table, "b").await.unwrap();
    aws.put(&table, "c").await.unwrap();
    assert!(writes.has_changed().unwrap());
    writes.mark_unchanged();
    assert!(aws.has(&table, "c").await, "a read is no write");
    assert!(!writes.has_changed().unwrap());
}

#[tokio::test]
async fn the_deletion_of_an_expired_item_is_notified() {
    let aws = Aws::ours().await;
    let table = aws.table().await;
    crate::provisioning::time_to_live(&aws, &table, "expires", true)
        .await
        .unwrap();
    let put = aws.dynamodb.put_item().table_name(&table).item("id", s("a"));
    put.item("expires", n(1_600_000_000)).send().await.unwrap();
    let mut writes = aws.devstack().table_writes(&table);
    aws.devstack().sweep_expired_items();
    writes.changed().await.unwrap();
    assert!(!aws.has(&table, "a").await);
}
