//! Faults: each kind, from Rust and over HTTP.

use std::time::{Duration, Instant};

use devstack::Fault;
use serde_json::json;

use crate::clients::{Aws, code, s};

#[tokio::test]
async fn an_error_code_is_answered_as_often_as_it_was_ordered() {
    let aws = Aws::ours().await;
    let table = aws.table().await;
    let throttled = "ProvisionedThroughputExceededException";
    aws.devstack()
        .faults()
        .add(Fault::on("PutItem").answer(throttled).times(2));
    assert_eq!(aws.put(&table, "a").await, Err(throttled.to_owned()));
    assert!(!aws.has(&table, "a").await, "the fault came before the write");
    assert_eq!(aws.put(&table, "a").await, Err(throttled.to_owned()));
    assert_eq!(aws.put(&table, "a").await, Ok(()));
    assert_eq!(aws.devstack().faults().list(), json!([]));
}

#[tokio::test]
async fn a_client_that_retries_gets_through_two_throttles() {
    let aws = Aws::ours().await;
    let table = aws.table().await;
    aws.devstack()
        .faults()
        .add(Fault::on("PutItem").answer("ThrottlingException").times(2));
    let patient = Aws::at(&aws.endpoint_url, "LOCAL", 3);
    assert_eq!(patient.put(&table, "a").await, Ok(()));
}

#[tokio::test]
async fn a_fault_of_one_operation_leaves_the_others_alone() {
    let aws = Aws::ours().await;
    let table = aws.table().await;
    aws.devstack()
        .faults()
        .add(Fault::on("DeleteItem").answer("ThrottlingException"));
    assert_eq!(aws.put(&table, "a").await, Ok(()));
    let delete = aws.dynamodb.delete_item().table_name(&table).key("id", s("a"));
    assert_eq!(code(&delete.send().await.unwrap_err()), "ThrottlingException");
}

#[tokio::test]
async fn a_fault_of_one_table_or_secret_leaves_the_others_alone() {
    let aws = Aws::ours().await;
    let (struck, spared) = (aws.table().await, aws.table().await);
    aws.devstack()
        .faults()
        .add(Fault::on("PutItem").of(&struck).answer("ThrottlingException"));
    assert_eq!(aws.put(&spared, "a").await, Ok(()));
    assert_eq!(aws.put(&struck, "a").await, Err("ThrottlingException".to_owned()));
    let arn = aws.create_secret("a", "s").await.arn.unwrap();
    aws.devstack()
        .faults()
        .add(Fault::on("GetSecretValue").of("a").answer("DecryptionFailure"));
    assert_eq!(
        code(&aws.secrets.get_secret_value().secret_id(arn).send().await.unwrap_err()),
        "DecryptionFailure"
    );
}

#[tokio::test]
async fn a_fault_of_everything_strikes_both_services() {
    let aws = Aws::ours().await;
    aws.devstack().faults().add(Fault::on("*").status(503));
    assert_eq!(
        code(&aws.dynamodb.list_tables().send().await.unwrap_err()),
        "InternalServerError"
    );
    let refused = aws.secrets.list_secrets().send().await.unwrap_err();
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 503);
}

#[tokio::test]
async fn a_failure_of_the_service_is_a_500() {
    let aws = Aws::ours().await;
    aws.devstack()
        .faults()
        .add(Fault::on("GetSecretValue").answer("InternalServiceError"));
    let failed = aws.secrets.get_secret_value().secret_id("a").send().await.unwrap_err();
    assert_eq!(failed.raw_response().unwrap().status().as_u16(), 500);
}

#[tokio::test]
async fn an_applied_write_whose_answer_is_an_error_is_there() {
    let aws = Aws::ours().await;
    let table = aws.table().await;
    aws.devstack().faults().add(
        Fault::on("PutItem")
            .answer("InternalServerError")
            .times(1)
            .after_applying(),
    );
    assert_eq!(aws.put(&table, "a").await, Err("InternalServerError".to_owned()));
    assert!(aws.has(&table, "a").await);
}

#[tokio::test]
async fn a_dropped_connection_is_no_answer_and_no_write() {
    let aws = Aws::ours().await;
    let table = aws.table().await;
    aws.devstack()
        .faults()
        .add(Fault::on("PutItem").drop_connection().times(1));
    assert_eq!(aws.put(&table, "a").await, Err("no answer".to_owned()));
    assert!(!aws.has(&table, "a").await);
}

#[tokio::test]
async fn a_connection_dropped_after_the_write_is_no_answer_and_a_write() {
    let aws = Aws::ours().await;
    let table = aws.table().await;
    aws.devstack()
        .faults()
        .add(Fault::on("PutItem").drop_connection().times(1).after_applying());
    assert_eq!(aws.put(&table, "a").await, Err("no answer".to_owned()));
    assert!(aws.has(&table, "a").await);
}

#[tokio::test]
async fn a_secret_whose_answer_was_lost_is_created_once_by_a_client_that_retries() {
    let aws = Aws::ours().await;
    aws.devstack()
        .faults()
        .add(Fault::on("CreateSecret").drop_connection().times(1).after_applying());
    let patient = Aws::at(&aws.endpoint_url, "LOCAL", 3);
    patient
        .secrets
        .create_secret()
        .name("a")
        .secret_string("s")
        .send()
        .await
        .unwrap();
    let versions = aws.describe_secret("a").await.version_ids_to_stages.unwrap();
    assert_eq!(versions.len(), 1);
}

#[tokio::test]
async fn latency_is_felt_and_nothing_else_happens() {
    let aws = Aws::ours().await;
    let table = aws.table().await;
    aws.devstack()
        .faults()
        .add(Fault::on("PutItem").delay(Duration::from_millis(300)).times(1));
    let started = Instant::now();
    assert_eq!(aws.put(&table, "a").await, Ok(()));
    assert!(
        started.elapsed() >= Duration::from_millis(300),
        "{:?}",
        started.elapsed()
    );
}

/// As on AWS: who gives up waiting does not know, and the write goes on.
#[tokio::test]
async fn a_write_is_applied_though_its_client_has_gone() {
    let aws = Aws::ours().await;
    let table = aws.table().await;
    aws.devstack()
        .faults()
        .add(Fault::on("PutItem").delay(Duration::from_millis(200)).times(1));
    let put = tokio::time::timeout(Duration::from_millis(50), aws.put(&table, "a")).await;
    assert!(put.is_err());
    for _ in 0..100 {
        if aws.has(&table, "a").await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the write was cancelled with its client");
}

#[tokio::test]
async fn a_fault_may_carry_what_the_exception_carries() {
    let aws = Aws::ours().await;
    let reasons = json!([{ "Code": "TransactionConflict", "Message": "Transaction is ongoing for the item" }]);
    let conflict = Fault::on("TransactWriteItems").answer("TransactionCanceledException");
    aws.devstack()
        .faults()
        .add(conflict.with("CancellationReasons", reasons).times(1));
    let refused = aws
        .dynamodb
        .transact_write_items()
        .set_transact_items(Some(Vec::new()))
        .send()
        .await
        .unwrap_err();
    let refused = refused.into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        refused,
    ) = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!(refused.cancellation_reasons()[0].code(), Some("TransactionConflict"));
}

#[tokio::test]
async fn a_crash_lets_the_ordered_writes_through_and_nothing_after_them() {
    let aws = Aws::ours().await;
    let table = aws.table().await;
    aws.devstack().faults().crash_after_writes(2);
    assert!(!aws.has(&table, "a").await, "a read before the crash is answered");
    assert_eq!(aws.put(&table, "a").await, Ok(()));
    aws.create_secret("a", "s").await;
    let lost = Err("no answer".to_owned());
    assert_eq!(aws.put(&table, "b").await, lost);
    assert_eq!(
        code(&aws.secrets.get_secret_value().secret_id("a").send().await.unwrap_err()),
        "no answer"
    );
    let delete = aws.secrets.delete_secret().secret_id("a").send().await;
    assert_eq!(code(&delete.unwrap_err()), "no answer");
    aws.devstack().faults().clear();
    assert!(aws.has(&table, "a").await);
    assert!(!aws.has(&table, "b").await);
    assert!(aws.secrets.get_secret_value().secret_id("a").send().await.is_ok());
}

#[tokio::test]
async fn a_crash_after_no_write_is_at_once() {
    let aws = Aws::ours().await;
    aws.devstack().faults().crash_after_writes(0);
    assert_eq!(code(&aws.dynamodb.list_tables().send().await.unwrap_err()), "no answer");
    aws.devstack().faults().clear();
    assert!(aws.dynamodb.list_tables().send().await.is_ok());
}

#[tokio::test]
async fn a_write_that_a_fault_answered_does_not_count_towards_the_crash() {
    let aws = Aws::ours().await;
    let table = aws.table().await;
    aws.devstack()
        .faults()
        .add(Fault::on("PutItem").answer("ThrottlingException").times(1));
    aws.devstack().faults().crash_after_writes(1);
    assert_eq!(aws.put(&table, "a").await, Err("ThrottlingException".to_owned()));
    assert_eq!(aws.put(&table, "a").await, Ok(()));
    assert_eq!(aws.put(&table, "b").await, Err("no answer".to_owned()));
}

#[tokio::test]
async fn faults_are_ordered_listed_and_cleared_over_http() {
    let aws = Aws::ours().await;
    let table = aws.table().await;
    let order = r#"[{"target":"PutItem","code":"ProvisionedThroughputExceededException","times":2,"latency_ms":10},
                    {"crash_after_writes":3}]"#;
    assert_eq!(aws.raw("POST", "/_local/faults", &[], order).await.0, 200);
    assert_eq!(
        aws.put(&table, "a").await,
        Err("ProvisionedThroughputExceededException".to_owned())
    );
    let (_, listed) = aws.raw("GET", "/_local/faults", &[], "").await;
    let code = "ProvisionedThroughputExceededException";
    let left =
        json!([{ "target": "PutItem", "times": 1, "latency_ms": 10, "code": code }, { "crash_after_writes": 3 }]);
    assert_eq!(listed, left);
    assert_eq!(aws.raw("DELETE", "/_local/faults", &[], "").await.0, 204);
    assert_eq!(aws.raw("GET", "/_local/faults", &[], "").await.1, json!([]));
    assert_eq!(aws.put(&table, "a").await, Ok(()));
}

#[tokio::test]
async fn an_order_that_makes_no_sense_is_refused_whole() {
    let aws = Aws::ours().await;
    for order in [
        "{}",
        "nonsense",
        r#"[{"target":"PutItem"}]"#,
        r#"[{"target":"PutItem","code":"X","colour":"red"}]"#,
        r#"[{"target":"PutItem","status":200}]"#,
        r#"[{"target":"PutItem","drop":true},{"crash_after_writes":-1}]"#,
    ] {
        assert_eq!(aws.raw("POST", "/_local/faults", &[], order).await.0, 400, "{order}");
    }
    assert_eq!(aws.devstack().faults().list(), json!([]));
}
