//! What a deployment sets on a table.

use aws_sdk_dynamodb::types::{PointInTimeRecoverySpecification, TimeToLiveSpecification};

use crate::clients::{Aws, code};

pub(crate) async fn time_to_live(aws: &Aws, table: &str, attribute: &str, enabled: bool) -> Result<(), String> {
    let wanted = TimeToLiveSpecification::builder()
        .attribute_name(attribute)
        .enabled(enabled)
        .build()
        .unwrap();
    let update = aws
        .dynamodb
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(wanted);
    update.send().await.map(|_| ()).map_err(|error| code(&error))
}

async fn recovery(aws: &Aws, table: &str) -> String {
    let described = aws
        .dynamodb
        .describe_continuous_backups()
        .table_name(table)
        .send()
        .await
        .unwrap();
    let description = described
        .continuous_backups_description
        .unwrap()
        .point_in_time_recovery_description
        .unwrap();
    description.point_in_time_recovery_status.unwrap().as_str().to_owned()
}

async fn set_recovery(aws: &Aws, table: &str, enabled: bool) -> Result<(), String> {
    let wanted = PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(enabled)
        .build()
        .unwrap();
    let update = aws
        .dynamodb
        .update_continuous_backups()
        .table_name(table)
        .point_in_time_recovery_specification(wanted);
    update.send().await.map(|_| ()).map_err(|error| code(&error))
}

#[tokio::test]
async fn time_to_live_is_switched_on_once() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    time_to_live(&aws, &table, "expires", true).await.unwrap();
    assert_eq!(
        time_to_live(&aws, &table, "expires", true).await,
        Err("ValidationException".to_owned())
    );
    let described = aws
        .dynamodb
        .describe_time_to_live()
        .table_name(&table)
        .send()
        .await
        .unwrap();
    assert_eq!(
        described.time_to_live_description().unwrap().attribute_name(),
        Some("expires")
    );
}

#[tokio::test]
async fn time_to_live_that_is_off_is_not_switched_off() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    assert_eq!(
        time_to_live(&aws, &table, "expires", false).await,
        Err("ValidationException".to_owned())
    );
}

#[tokio::test]
async fn point_in_time_recovery_is_off_until_it_is_switched_on() {
    let aws = Aws::any().await;
    let table = aws.table().await;
    assert_eq!(recovery(&aws, &table).await, "DISABLED");
    set_recovery(&aws, &table, true).await.unwrap();
    assert_eq!(recovery(&aws, &table).await, "ENABLED");
    set_recovery(&aws, &table, false).await.unwrap();
    assert_eq!(recovery(&aws, &table).await, "DISABLED");
}

#[tokio::test]
async fn point_in_time_recovery_needs_a_table() {
    let aws = Aws::any().await;
    assert_eq!(
        set_recovery(&aws, "no-such-table", true).await,
        Err("TableNotFoundException".to_owned())
    );
}

#[tokio::test]
async fn point_in_time_recovery_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let aws = Aws::kept_in(directory.path()).await;
    let table = aws.table().await;
    set_recovery(&aws, &table, true).await.unwrap();
    aws.shutdown().await;
    assert_eq!(recovery(&Aws::kept_in(directory.path()).await, &table).await, "ENABLED");
}
