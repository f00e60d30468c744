//! The journal: what was asked of AWS, in the words of a policy.

use aws_sdk_dynamodb::types::{ConditionCheck, Put, PutRequest, TransactWriteItem, WriteRequest};
use devstack::{Entry, Fault};

use crate::clients::{Aws, s};

/// Operation, action and resource of each entry since the journal was cleared.
fn served(aws: &Aws) -> Vec<(String, String, String)> {
    let entry = |entry: Entry| (entry.operation, entry.action, entry.resource);
    aws.devstack().journal().into_iter().map(entry).collect()
}

fn used(operation: &str, action: &str, resource: &str) -> (String, String, String) {
    (operation.to_owned(), action.to_owned(), resource.to_owned())
}

#[tokio::test]
async fn names_the_table_of_an_item_and_the_index_of_a_query() {
    let aws = Aws::ours().await;
    let table = aws.table().await;
    aws.devstack().clear_journal();
    aws.put(&table, "a").await.unwrap();
    let query = aws
        .dynamodb
        .query()
        .table_name(&table)
        .index_name("by_owner")
        .key_condition_expression("#o = :o");
    query
        .expression_attribute_names("#o", "owner")
        .expression_attribute_values(":o", s("x"))
        .send()
        .await
        .unwrap();
    let expected = [
        used("PutItem", "dynamodb:PutItem", &table),
        used("Query", "dynamodb:Query", &table),
    ];
    assert_eq!(served(&aws), expected);
    assert_eq!(aws.devstack().journal()[1].index.as_deref(), Some("by_owner"));
}

/// IAM has no action called TransactWriteItems.
#[tokio::test]
async fn a_transaction_needs_the_action_of_each_of_its_items() {
    let aws = Aws::ours().await;
    let (tenants, corps) = (aws.table().await, aws.table().await);
    aws.devstack().clear_journal();
    let check = ConditionCheck::builder().table_name(&tenants).key("id", s("a"));
    let check = check.condition_expression("attribute_not_exists(id)").build().unwrap();
    let put = |id| Put::builder().table_name(&corps).item("id", s(id)).build().unwrap();
    let transaction = aws.dynamodb.transact_write_items();
    let transaction = transaction.transact_items(TransactWriteItem::builder().condition_check(check).build());
    let transaction = transaction.transact_items(TransactWriteItem::builder().put(put("b")).build());
    transaction
        .transact_items(TransactWriteItem::builder().put(put("c")).build())
        .send()
        .await
        .unwrap();
    let expected = [
        used("TransactWriteItems", "dynamodb:ConditionCheckItem", &tenants),
        used("TransactWriteItems", "dynamodb:PutItem", &corps),
    ];
    assert_eq!(served(&aws), expected);
}

#[tokio::test]
async fn a_batch_names_each_of_its_tables() {
    let aws = Aws::ours().await;
    let (first, second) = (aws.table().await, aws.table().await);
    aws.devstack().clear_journal();
    let write = || {
        WriteRequest::builder()
            .put_request(PutRequest::builder().item("id", s("a")).build().unwrap())
            .build()
    };
    let batch = aws.dynamodb.batch_write_item();
    batch
        .request_items(&first, vec![write()])
        .request_items(&second, vec![write()])
        .send()
        .await
        .unwrap();
    let mut served = served(&aws);
    served.sort();
    let mut expected = [&first, &second].map(|table| used("BatchWriteItem", "dynamodb:BatchWriteItem", table));
    expected.sort();
    assert_eq!(served, expected);
}

#[tokio::test]
async fn names_a_secret_however_it_was_named() {
    let aws = Aws::ours().await;
    let created = aws.create_secret("a/b", "s").await;
    let arn = created.arn().unwrap();
    for id in ["a/b", arn, &arn[..arn.len() - 7]] {
        aws.get_secret(id).await;
    }
    let read = used("GetSecretValue", "secretsmanager:GetSecretValue", "a/b");
    let created = used("CreateSecret", "secretsmanager:CreateSecret", "a/b");
    assert_eq!(served(&aws), [created, read.clone(), read.clone(), read]);
    aws.devstack().clear_journal();
    assert_eq!(served(&aws), []);
}

#[tokio::test]
async fn names_the_table_of_a_stream() {
    let aws = Aws::ours().await;
    let table = aws.table().await;
    let specification = aws_sdk_dynamodb::types::StreamSpecification::builder().stream_enabled(true);
    let specification = specification.stream_view_type("NEW_IMAGE".into()).build().unwrap();
    let update = aws
        .dynamodb
        .update_table()
        .table_name(&table)
        .stream_specification(specification);
    let arn = update
        .send()
        .await
        .unwrap()
        .table_description
        .unwrap()
        .latest_stream_arn
        .unwrap();
    aws.devstack().clear_journal();
    let described = aws.streams.describe_stream().stream_arn(&arn).send().await.unwrap();
    let shard = described.stream_description().unwrap().shards()[0].shard_id().unwrap();
    let iterator = aws.streams.get_shard_iterator().stream_arn(&arn).shard_id(shard);
    let iterator = iterator
        .shard_iterator_type("TRIM_HORIZON".into())
        .send()
        .await
        .unwrap();
    aws.streams
        .get_records()
        .shard_iterator(iterator.shard_iterator().unwrap())
        .send()
        .await
        .unwrap();
    let expected = ["DescribeStream", "GetShardIterator", "GetRecords"];
    assert_eq!(
        served(&aws),
        expected.map(|operation| used(operation, &format!("dynamodb:{operation}"), &table))
    );
}

#[tokio::test]
async fn tells_callers_apart_by_their_access_keys() {
    let aws = Aws::ours().await;
    let table = aws.table().await;
    aws.devstack().clear_journal();
    for access_key in ["SUITECALLBACK", "CHECKHEALTH"] {
        Aws::at(&aws.endpoint_url, access_key, 1)
            .put(&table, "a")
            .await
            .unwrap();
    }
    let keys = aws
        .devstack()
        .journal()
        .into_iter()
        .map(|entry| entry.access_key.unwrap())
        .collect::<Vec<_>>();
    assert_eq!(keys, ["SUITECALLBACK", "CHECKHEALTH"]);
}

#[tokio::test]
async fn leaves_out_what_never_reached_the_service() {
    let aws = Aws::ours().await;
    let table = aws.table().await;
    aws.devstack().clear_journal();
    aws.devstack()
        .faults()
        .add(Fault::on("PutItem").answer("ThrottlingException").times(1));
    aws.put(&table, "a").await.unwrap_err();
    assert_eq!(served(&aws), []);
}

#[tokio::test]
async fn is_read_and_cleared_over_http() {
    let aws = Aws::ours().await;
    aws.dynamodb.list_tables().send().await.unwrap();
    let (_, journal) = aws.raw("GET", "/_local/journal", &[], "").await;
    assert_eq!(journal[0]["operation"], "ListTables");
    assert_eq!(journal[0]["resource"], "*");
    assert_eq!(aws.raw("DELETE", "/_local/journal", &[], "").await.0, 204);
    assert_eq!(served(&aws), []);
}
