//! The adapter for DynamoDB. Each item's keys and attributes are documented in docs/architecture.md.

mod attempts;
mod audit;
mod authorizations;
mod callbacks;
mod events;
mod sessions;
mod suite;
mod transactions;

use std::collections::HashMap;

use aws_sdk_dynamodb::{Client, operation::put_item::PutItemError, types::AttributeValue};
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, de::DeserializeOwned};

use super::{StoreError, sdk::store_error};

/// The two tables.
#[derive(Debug, Clone)]
pub struct DynamoDb {
    client: Client,
    authorization_table: String,
    event_table: String,
    event_retention: SignedDuration,
}

type Item = HashMap<String, AttributeValue>;

impl DynamoDb {
    /// Uses the tables of these names. Events end after `event_retention`.
    #[must_use]
    pub fn new(
        client: Client,
        authorization_table: String,
        event_table: String,
        event_retention: SignedDuration,
    ) -> Self {
        Self {
            client,
            authorization_table,
            event_table,
            event_retention,
        }
    }

    /// Reads an item of the authorization table, with strong consistency.
    async fn item<T: DeserializeOwned>(&self, key: Key) -> Result<Option<T>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.authorization_table)
            .set_key(Some(key.into_item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        answer.item.map(from_item).transpose()
    }

    /// Writes an item of the authorization table whose key holds 128 random bits. If there is one already, it is this one,
    /// written by an attempt whose answer was lost.
    async fn put_once(&self, item: Item) -> Result<(), StoreError> {
        let written = self
            .client
            .put_item()
            .table_name(&self.authorization_table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match written {
            Err(error)
                if !error
                    .as_service_error()
                    .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Err(store_error(error))
            }
            _ => Ok(()),
        }
    }
}

/// The key of an item of the authorization table.
#[derive(Debug, Clone)]
struct Key {
    pk: String,
    sk: String,
}

impl Key {
    fn new(kind: &str, id: &str, sk: &str) -> Self {
        Self {
            pk: format!("{kind}#{id}"),
            sk: sk.to_owned(),
        }
    }

    fn into_item(self) -> Item {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk)),
            ("sk".to_owned(), AttributeValue::S(self.sk)),
        ])
    }
}

fn to_item<T: Serialize>(value: &T) -> Result<Item, StoreError> {
    serde_dynamo::to_item(value).map_err(|error| StoreError::Internal(Box::new(error)))
}

fn to_attribute<T: Serialize>(value: &T) -> Result<AttributeValue, StoreError> {
    serde_dynamo::to_attribute_value(value).map_err(|error| StoreError::Internal(Box::new(error)))
}

fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    serde_dynamo::from_item(item).map_err(|error| StoreError::Internal(Box::new(error)))
}

fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// The time at which DynamoDB may remove an item.
fn time_to_live(at: Timestamp) -> AttributeValue {
    number(at.as_second())
}
