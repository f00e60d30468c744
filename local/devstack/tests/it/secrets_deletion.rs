//! Deletion of a secret: the window in which it can be had back, and what it refuses meanwhile.

use std::time::Duration;

use crate::clients::{Aws, code, unique};

const REFUSED: &str = "InvalidRequestException";

async fn deleted(aws: &Aws) -> String {
    let name = unique("deleted");
    aws.create_secret(&name, "s").await;
    aws.secrets
        .delete_secret()
        .secret_id(&name)
        .recovery_window_in_days(7)
        .send()
        .await
        .unwrap();
    name
}

#[tokio::test]
async fn a_secret_that_is_to_be_deleted_refuses_reads_and_writes() {
    let aws = Aws::any().await;
    let name = deleted(&aws).await;
    let version = "00000000-0000-0000-0000-000000000000";
    let aws = &aws.secrets;
    assert_eq!(
        code(&aws.get_secret_value().secret_id(&name).send().await.unwrap_err()),
        REFUSED
    );
    let put = aws.put_secret_value().secret_id(&name).secret_string("2").send().await;
    assert_eq!(code(&put.unwrap_err()), REFUSED);
    let stage = aws
        .update_secret_version_stage()
        .secret_id(&name)
        .version_stage("x")
        .move_to_version_id(version);
    assert_eq!(code(&stage.send().await.unwrap_err()), REFUSED);
    assert_eq!(
        code(&aws.delete_secret().secret_id(&name).send().await.unwrap_err()),
        REFUSED
    );
}

#[tokio::test]
async fn a_secret_that_is_to_be_deleted_keeps_its_name() {
    let aws = Aws::any().await;
    let name = deleted(&aws).await;
    let create = aws
        .secrets
        .create_secret()
        .name(&name)
        .secret_string("s")
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&create), REFUSED);
}

#[tokio::test]
async fn a_secret_that_is_to_be_deleted_is_described_and_listed_only_when_asked_for() {
    let aws = Aws::any().await;
    let name = deleted(&aws).await;
    let described = aws.describe_secret(&name).await;
    assert!(described.deleted_date().is_some());
    for (planned, expected) in [(false, 0), (true, 1)] {
        let filter = aws_sdk_secretsmanager::types::Filter::builder()
            .key("name".into())
            .values(&name)
            .build();
        let list = aws
            .secrets
            .list_secrets()
            .filters(filter)
            .include_planned_deletion(planned)
            .send()
            .await
            .unwrap();
        assert_eq!(list.secret_list().len(), expected, "{planned}");
    }
}

#[tokio::test]
async fn a_secret_is_had_back_as_it_was() {
    let aws = Aws::any().await;
    let name = unique("restored");
    let created = aws.create_secret(&name, "s").await;
    aws.secrets.delete_secret().secret_id(&name).send().await.unwrap();
    aws.secrets.restore_secret().secret_id(&name).send().await.unwrap();
    let read = aws.get_secret(&name).await;
    assert_eq!((read.secret_string(), read.arn()), (Some("s"), created.arn()));
    assert_eq!(read.version_id(), created.version_id());
    assert_eq!(aws.describe_secret(&name).await.deleted_date(), None);
}

#[tokio::test]
async fn the_window_is_thirty_days_unless_it_is_said_and_from_seven_to_thirty() {
    let aws = Aws::any().await;
    for (days, expected) in [(None, 30), (Some(7), 7), (Some(30), 30)] {
        let name = unique("window");
        aws.create_secret(&name, "s").await;
        let delete = aws
            .secrets
            .delete_secret()
            .secret_id(&name)
            .set_recovery_window_in_days(days);
        let due = delete.send().await.unwrap().deletion_date.unwrap().secs();
        let requested = aws.describe_secret(&name).await;
        let requested = requested.last_changed_date().unwrap().secs();
        assert!(((due - requested) - expected * 86_400).abs() < 60, "{days:?}");
    }
    let name = unique("window");
    aws.create_secret(&name, "s").await;
    for days in [6, 31] {
        let refused = aws
            .secrets
            .delete_secret()
            .secret_id(&name)
            .recovery_window_in_days(days)
            .send()
            .await;
        assert_eq!(code(&refused.unwrap_err()), "InvalidParameterException", "{days}");
    }
}

#[tokio::test]
async fn a_forced_deletion_frees_the_name_for_another_secret() {
    let aws = Aws::any().await;
    let name = unique("forced");
    let first = aws.create_secret(&name, "1").await;
    aws.secrets
        .delete_secret()
        .secret_id(&name)
        .force_delete_without_recovery(true)
        .send()
        .await
        .unwrap();
    let mut second = aws.secrets.create_secret().name(&name).secret_string("2").send().await;
    for _ in 0..30 {
        if second.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        second = aws.secrets.create_secret().name(&name).secret_string("2").send().await;
    }
    assert_ne!(second.unwrap().arn(), first.arn());
    let old = aws
        .secrets
        .get_secret_value()
        .secret_id(first.arn().unwrap())
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&old), "ResourceNotFoundException");
}

#[tokio::test]
async fn a_deletion_is_forced_once_more_and_without_a_secret() {
    let aws = Aws::any().await;
    let name = deleted(&aws).await;
    for _ in 0..2 {
        aws.secrets
            .delete_secret()
            .secret_id(&name)
            .force_delete_without_recovery(true)
            .send()
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_deletion_is_not_forced_and_given_a_window() {
    let aws = Aws::any().await;
    let name = unique("both");
    aws.create_secret(&name, "s").await;
    let delete = aws.secrets.delete_secret().secret_id(&name);
    let refused = delete
        .force_delete_without_recovery(true)
        .recovery_window_in_days(7)
        .send()
        .await;
    assert_eq!(code(&refused.unwrap_err()), "InvalidParameterException");
}
