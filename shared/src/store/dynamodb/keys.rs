//! Keys and attribute values of items.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    ids::{CallbackId, CorpId, EventId, InstallState, TenantId},
    store::StoreError,
};

pub(super) type Item = HashMap<String, AttributeValue>;

/// The key of an item of the authorization table.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pk: String,
    sk: String,
}

impl Key {
    pub(super) fn new(kind: &str, id: &str, sk: &str) -> Self {
        Self {
            pk: format!("{kind}#{id}"),
            sk: sk.to_owned(),
        }
    }

    pub(super) fn authorization(tenant_id: &TenantId) -> Self {
        Self::new("TENANT", tenant_id.as_str(), "AUTHORIZATION")
    }

    pub(super) fn callback(id: &CallbackId) -> Self {
        Self::new("CALLBACK", id.as_str(), "CALLBACK")
    }

    pub(super) fn corp(corp_id: &CorpId) -> Self {
        Self::new("CORP", corp_id.as_str(), "CORP")
    }

    pub(super) fn session(state: &InstallState) -> Self {
        Self::new("STATE", state.as_str(), "SESSION")
    }

    pub(super) fn into_item(self) -> Item {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk)),
            ("sk".to_owned(), AttributeValue::S(self.sk)),
        ])
    }
}

pub(super) fn to_item<T: Serialize>(value: &T) -> Result<Item, StoreError> {
    Ok(serde_dynamo::to_item(value)?)
}

pub(super) fn to_attribute<T: Serialize>(value: &T) -> Result<AttributeValue, StoreError> {
    Ok(serde_dynamo::to_attribute_value(value)?)
}

pub(super) fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    Ok(serde_dynamo::from_item(item)?)
}

pub(super) fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// RFC 3339 with exactly three digits of fraction, so that texts sort by time.
pub(super) fn time_key(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// The time at which DynamoDB may remove an item, in seconds since 1970.
pub(super) fn time_to_live(at: Timestamp) -> AttributeValue {
    number(at.as_second())
}

/// The cursor for a position: a time, `#` and an id.
pub(super) fn encode_cursor(position: &str) -> String {
    URL_SAFE_NO_PAD.encode(position)
}

/// The position in a cursor of [`encode_cursor`]; `None` for any other text.
pub(super) fn decode_cursor(cursor: &str) -> Option<String> {
    let position = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (at, id) = position.split_once('#')?;
    let is_ours = at.parse().is_ok_and(|time| time_key(time) == at) && EventId::parse(id).is_ok();
    is_ours.then_some(position)
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
