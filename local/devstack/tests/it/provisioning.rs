//! What a deployment sets on a table.

use aws_sdk_dynamodb::types::TimeToLiveSpecification;

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
