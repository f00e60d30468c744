//! Transactions: all or nothing, to everybody, and once for each token.

use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata as _,
    operation::transact_write_items::TransactWriteItemsError,
    types::{ConditionCheck, Get, Put, TransactGetItem, TransactWriteItem, Update},
};
use tokio::task::JoinSet;

use crate::clients::{Aws, code, n, s, unique};

fn put(table: &str, id: &str) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(table)
        .item("id", s(id))
        .condition_expression("attribute_not_exists(id)");
    TransactWriteItem::builder().put(put.build().unwrap()).build()
}

fn add(table: &str, id: &str, amount: i64) -> TransactWriteItem {
    let update = Update::builder()
        .table_name(table)
        .key("id", s(id))
        .update_expression("ADD amount :amount");
    let update = update
        .expression_attribute_values(":amount", n(amount))
        .build()
        .unwrap();
    TransactWriteItem::builder().update(update).build()
}

async fn amount(aws: &Aws, table: &str, id: &str) -> i64 {
    let read = aws
        .dynamodb
        .get_item()
        .table_name(table)
        .key("id", s(id))
        .consistent_read(true)
        .send()
        .await
        .unwrap();
    read.item()
        .map_or(0, |item| item["amount"].as_n().unwrap().parse().unwrap())
}

#[tokio::test]
async fn a_transaction_that_one_condition_refuses_writes_nothing_and_says_which() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    aws.put(&table, "taken").await.unwrap();
    let transaction = aws.dynamodb.transact_write_items();
    let transaction = transaction
        .transact_items(put(&table, "new"))
        .transact_items(put(&table, "taken"));
    let refused = transaction.send().await.unwrap_err().into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(refused) = refused else {
        panic!("{refused:?}")
    };
    let reasons = refused
        .cancellation_reasons()
        .iter()
        .map(|reason| reason.code().unwrap())
        .collect::<Vec<_>>();
    assert_eq!(reasons, ["None", "ConditionalCheckFailed"]);
    assert!(!aws.has(&table, "new").await);
}

#[tokio::test]
async fn a_transaction_may_check_what_it_does_not_write() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    let check = ConditionCheck::builder().table_name(&table).key("id", s("tenant"));
    let check = check.condition_expression("attribute_exists(id)").build().unwrap();
    let check = TransactWriteItem::builder().condition_check(check).build();
    let transaction = aws
        .dynamodb
        .transact_write_items()
        .transact_items(check)
        .transact_items(put(&table, "corp"));
    assert_eq!(
        code(&transaction.clone().send().await.unwrap_err()),
        "TransactionCanceledException"
    );
    aws.put(&table, "tenant").await.unwrap();
    transaction.send().await.unwrap();
    assert!(aws.has(&table, "corp").await);
}

#[tokio::test]
async fn a_token_makes_a_transaction_happen_once() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    let token = unique("token");
    let transaction = aws.dynamodb.transact_write_items().client_request_token(&token);
    let transaction = transaction.transact_items(add(&table, "counter", 1));
    transaction.clone().send().await.unwrap();
    transaction.send().await.unwrap();
    assert_eq!(amount(&aws, &table, "counter").await, 1);
    let other = aws.dynamodb.transact_write_items().client_request_token(&token);
    let refused = other
        .transact_items(add(&table, "counter", 2))
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&refused), "IdempotentParameterMismatchException");
}

#[tokio::test]
async fn readers_never_see_half_a_transaction() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    let both = |left, right| {
        let transaction = aws.dynamodb.transact_write_items();
        transaction
            .transact_items(add(&table, "left", left))
            .transact_items(add(&table, "right", right))
    };
    both(1000, 0).send().await.unwrap();
    let mut tasks = JoinSet::new();
    for amount in 1..=20 {
        let transfer = both(-amount, amount);
        tasks.spawn(async move {
            // DynamoDB may refuse a transaction that meets another; then nothing was transferred, which is as good.
            if let Err(error) = transfer.send().await {
                assert_eq!(error.code(), Some("TransactionCanceledException"));
            }
        });
    }
    let get = |id| TransactGetItem::builder().get(Get::builder().table_name(&table).key("id", s(id)).build().unwrap());
    let read = aws
        .dynamodb
        .transact_get_items()
        .transact_items(get("left").build())
        .transact_items(get("right").build());
    for _ in 0..20 {
        if let Ok(read) = read.clone().send().await {
            let amounts = read
                .responses()
                .iter()
                .map(|got| got.item().unwrap()["amount"].as_n().unwrap());
            assert_eq!(amounts.map(|amount| amount.parse::<i64>().unwrap()).sum::<i64>(), 1000);
        }
    }
    tasks.join_all().await;
}
