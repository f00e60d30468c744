//! Items: conditions, counters, indexes, time to live.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::RequestId as _,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use serde_json::json;
use tokio::task::JoinSet;

use crate::clients::{Aws, code, n, s};

#[tokio::test]
async fn a_condition_that_holds_writes() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    aws.put(&table, "a").await.unwrap();
    let update = aws.dynamodb.update_item().table_name(&table).key("id", s("a"));
    let update = update
        .update_expression("SET #v = :one")
        .condition_expression("attribute_exists(id)");
    let update = update
        .expression_attribute_names("#v", "version")
        .expression_attribute_values(":one", n(1));
    let updated = update.return_values(ReturnValue::AllNew).send().await.unwrap();
    assert_eq!(updated.attributes().unwrap()["version"], n(1));
}

#[tokio::test]
async fn a_condition_that_fails_writes_nothing_and_returns_the_item_when_asked() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    let item = HashMap::from([("id".to_owned(), s("a")), ("version".to_owned(), n(3))]);
    aws.dynamodb
        .put_item()
        .table_name(&table)
        .set_item(Some(item.clone()))
        .send()
        .await
        .unwrap();
    let put = aws
        .dynamodb
        .put_item()
        .table_name(&table)
        .item("id", s("a"))
        .item("version", n(2));
    let put = put
        .condition_expression("version = :expected")
        .expression_attribute_values(":expected", n(1));
    let put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let refused = put.send().await.unwrap_err().into_service_error();
    let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(refused) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(refused.item(), Some(&item));
    let read = aws
        .dynamodb
        .get_item()
        .table_name(&table)
        .key("id", s("a"))
        .send()
        .await
        .unwrap();
    assert_eq!(read.item(), Some(&item));
}

#[tokio::test]
async fn a_delete_returns_the_item_once() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    aws.put(&table, "nonce").await.unwrap();
    let consume = || {
        let delete = aws.dynamodb.delete_item().table_name(&table).key("id", s("nonce"));
        delete
            .condition_expression("attribute_exists(id)")
            .return_values(ReturnValue::AllOld)
            .send()
    };
    assert!(consume().await.unwrap().attributes().is_some());
    assert_eq!(code(&consume().await.unwrap_err()), "ConditionalCheckFailedException");
}

#[tokio::test]
async fn a_counter_is_exact_under_fifty_clients() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    let mut clients = JoinSet::new();
    for _ in 0..50 {
        let update = aws.dynamodb.update_item().table_name(&table).key("id", s("counter"));
        let update = update
            .update_expression("ADD hits :one")
            .expression_attribute_values(":one", n(1));
        clients.spawn(async move {
            for _ in 0..10 {
                update.clone().send().await.unwrap();
            }
        });
    }
    clients.join_all().await;
    let read = aws
        .dynamodb
        .get_item()
        .table_name(&table)
        .key("id", s("counter"))
        .consistent_read(true);
    assert_eq!(read.send().await.unwrap().item().unwrap()["hits"], n(500));
}

#[tokio::test]
async fn fifty_clients_that_claim_one_key_have_one_winner() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    let mut clients = JoinSet::new();
    for client in 0..50 {
        let put = aws
            .dynamodb
            .put_item()
            .table_name(&table)
            .item("id", s("claim"))
            .item("winner", n(client));
        let put = put.condition_expression("attribute_not_exists(id)");
        clients.spawn(async move { put.send().await.map(|_| client).map_err(|error| code(&error)) });
    }
    let (won, lost): (Vec<_>, Vec<_>) = clients.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1, "{won:?}");
    assert!(
        lost.iter()
            .all(|lost| lost == &Err("ConditionalCheckFailedException".to_owned())),
        "{lost:?}"
    );
}

#[tokio::test]
async fn an_index_answers_in_order_page_by_page() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    for at in [5, 1, 12, 3, 9, 7, 2, 100, 4] {
        let put = aws
            .dynamodb
            .put_item()
            .table_name(&table)
            .item("id", s(format!("event-{at}")));
        put.item("owner", s("corp")).item("at", n(at)).send().await.unwrap();
    }
    aws.put(&table, "without the index's key").await.unwrap();
    for (forward, expected) in [
        (true, vec!["1", "2", "3", "4", "5", "7", "9", "12", "100"]),
        (false, vec!["100", "12", "9", "7", "5", "4", "3", "2", "1"]),
    ] {
        let query = aws
            .dynamodb
            .query()
            .table_name(&table)
            .index_name("by_owner")
            .scan_index_forward(forward);
        let query = query
            .key_condition_expression("#o = :o")
            .expression_attribute_names("#o", "owner");
        let query = query.expression_attribute_values(":o", s("corp")).limit(4);
        let (mut seen, mut pages, mut from) = (Vec::new(), 0, None);
        loop {
            let page = query.clone().set_exclusive_start_key(from).send().await.unwrap();
            seen.extend(page.items().iter().map(|item| item["at"].as_n().unwrap().clone()));
            pages += 1;
            from = page.last_evaluated_key().cloned();
            if from.is_none() {
                break;
            }
        }
        assert_eq!((seen, pages), (expected.into_iter().map(str::to_owned).collect(), 3));
    }
}

#[tokio::test]
async fn an_index_sees_an_item_leave() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    let put = aws
        .dynamodb
        .put_item()
        .table_name(&table)
        .item("id", s("a"))
        .item("owner", s("corp"))
        .item("at", n(1));
    put.send().await.unwrap();
    let query = aws
        .dynamodb
        .query()
        .table_name(&table)
        .index_name("by_owner")
        .key_condition_expression("#o = :o");
    let query = query
        .expression_attribute_names("#o", "owner")
        .expression_attribute_values(":o", s("corp"));
    assert_eq!(query.clone().send().await.unwrap().count(), 1);
    let update = aws
        .dynamodb
        .update_item()
        .table_name(&table)
        .key("id", s("a"))
        .update_expression("REMOVE #o");
    update.expression_attribute_names("#o", "owner").send().await.unwrap();
    assert_eq!(query.send().await.unwrap().count(), 0);
}

#[tokio::test]
async fn a_consistent_read_of_an_index_is_refused() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    let query = aws
        .dynamodb
        .query()
        .table_name(&table)
        .index_name("by_owner")
        .consistent_read(true);
    let query = query
        .key_condition_expression("#o = :o")
        .expression_attribute_names("#o", "owner");
    let refused = query
        .expression_attribute_values(":o", s("corp"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&refused), "ValidationException");
}

#[tokio::test]
async fn an_item_over_400_kilobytes_is_refused() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    let put = aws
        .dynamodb
        .put_item()
        .table_name(&table)
        .item("id", s("a"))
        .item("body", s("x".repeat(400 * 1024)));
    assert_eq!(code(&put.send().await.unwrap_err()), "ValidationException");
}

/// Each of these is refused by another part of the engine.
#[tokio::test]
async fn a_malformed_request_is_refused_in_the_words_of_dynamodb() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    for (target, input, code, message) in [
        (
            "PutItem",
            json!({"TableName": table, "Item": {"id": {"S": true}}}),
            "SerializationException",
            "TRUE_VALUE cannot be converted to String",
        ),
        (
            "PutItem",
            json!({"TableName": table, "Item": {"other": {"S": "a"}}}),
            "ValidationException",
            "One or more parameter values were invalid: Missing the key id in the item",
        ),
        (
            "GetItem",
            json!({"TableName": table, "Key": {"id": {"S": "a"}}, "ConsistentRead": "perhaps"}),
            "SerializationException",
            "Unexpected token received from parser",
        ),
    ] {
        let target = format!("DynamoDB_20120810.{target}");
        let headers = [
            ("x-amz-target", target.as_str()),
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-date", "20261128T000000Z"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=LOCAL/20261128/eu-central-1/dynamodb/aws4_request, \
                 SignedHeaders=host, Signature=00",
            ),
        ];
        let (status, answer) = aws.raw("POST", "/", &headers, &input.to_string()).await;
        let told = |member: &str| answer[member].as_str().unwrap_or_default().to_owned();
        assert_eq!(status, 400, "{answer}");
        assert!(told("__type").ends_with(code), "{answer}");
        assert_eq!(told("message") + &told("Message"), message, "{answer}");
    }
}

#[tokio::test]
async fn every_answer_has_an_id_that_a_log_can_name() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    let put = aws.dynamodb.put_item().table_name(&table).item("id", s("a"));
    let put = put.condition_expression("attribute_not_exists(id)");
    let stored = put.clone().send().await.unwrap();
    let refused = put.send().await.unwrap_err();
    let ids = [stored.request_id(), refused.request_id()].map(Option::unwrap);
    assert!(ids[0] != ids[1] && ids.iter().all(|id| id.len() >= 32), "{ids:?}");
}

#[tokio::test]
async fn a_missing_table_is_not_found() {
    let aws = Aws::any().await;
    assert_eq!(
        aws.put("no-such-table", "a").await,
        Err("ResourceNotFoundException".to_owned())
    );
}

#[tokio::test]
async fn the_sweep_deletes_what_has_expired_and_nothing_else() {
    let aws = Aws::ours().await;
    let table = with_time_to_live(&aws).await;
    aws.devstack().sweep_expired_items();
    assert_eq!(
        remaining(&aws, &table).await,
        ["expires in the future", "never expires", "no number"]
    );
}

#[tokio::test]
async fn the_sweep_runs_by_itself() {
    let aws = Aws::ours().await;
    let table = with_time_to_live(&aws).await;
    for _ in 0..200 {
        if remaining(&aws, &table).await.len() == 3 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the expired item is still there");
}

async fn with_time_to_live(aws: &Aws) -> String {
    let table = aws.table().await;
    crate::provisioning::time_to_live(aws, &table, "expires", true)
        .await
        .unwrap();
    for (id, expires) in [
        ("expired", n(1_600_000_000)),
        ("expires in the future", n(4_000_000_000_i64)),
        ("no number", s("1600000000")),
        ("never expires", AttributeValue::Null(true)),
    ] {
        let put = aws
            .dynamodb
            .put_item()
            .table_name(&table)
            .item("id", s(id))
            .item("expires", expires);
        put.send().await.unwrap();
    }
    table
}

async fn remaining(aws: &Aws, table: &str) -> Vec<String> {
    let scan = aws.dynamodb.scan().table_name(table).send().await.unwrap();
    let mut ids = scan
        .items()
        .iter()
        .map(|item| item["id"].as_s().unwrap().clone())
        .collect::<Vec<_>>();
    ids.sort();
    ids
}
