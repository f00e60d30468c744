//! The adapter for DynamoDB. Each item's keys and attributes are documented in docs/architecture.md.

mod attempts;
mod audit;
mod authorizations;
mod callbacks;
mod events;
mod sealed;
mod sessions;
mod suite;
mod transactions;

use std::collections::HashMap;

use aws_sdk_dynamodb::{Client, operation::put_item::PutItemError, types::AttributeValue};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, de::DeserializeOwned};

use super::{StoreError, sdk::store_error};
use crate::ids::EventId;

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

    /// Opens a connection, so that the next call finds one: asks for an item that is never there.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn connect(&self) -> Result<(), StoreError> {
        let nothing = Key::new("CONNECTION", "", "CONNECTION");
        self.item::<serde::de::IgnoredAny>(nothing).await.map(drop)
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

/// Orders items by time: the digits of a fraction are always three.
fn time_key(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// The cursor for a position: a time, `#` and an id.
fn encode_cursor(position: &str) -> String {
    URL_SAFE_NO_PAD.encode(position)
}

/// The position that a cursor of ours holds; any other text could not be compared with one.
fn decode_cursor(cursor: &str) -> Option<String> {
    let position = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (at, id) = position.split_once('#')?;
    let is_ours = at.parse().is_ok_and(|time| time_key(time) == at) && EventId::parse(id).is_ok();
    is_ours.then_some(position)
}

/// The time at which DynamoDB may remove an item.
fn time_to_live(at: Timestamp) -> AttributeValue {
    number(at.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_cursor_that_is_not_ours() {
        let ours = format!("{}#{}", time_key(Timestamp::UNIX_EPOCH), "0".repeat(32));
        assert_eq!(decode_cursor(&encode_cursor(&ours)), Some(ours));
        for position in ["", "x", "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00Z#x", "#"] {
            assert_eq!(decode_cursor(&encode_cursor(position)), None, "{position}");
        }
        assert_eq!(decode_cursor("***"), None);
    }
}
