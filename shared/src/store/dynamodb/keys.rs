//! Keys and attribute values of items.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    ids::{CallbackId, CorpId, Fingerprint, InstallState, TenantId},
    store::StoreError,
};

pub(super) type Item = HashMap<String, AttributeValue>;

/// The key of an item of the authorization table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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

    pub(super) fn bindings(tenant_id: &TenantId) -> Self {
        Self::new("TENANT", tenant_id.tenant().as_str(), "BINDINGS")
    }

    pub(super) fn callback(id: &CallbackId) -> Self {
        Self::new("CALLBACK", id.as_str(), "CALLBACK")
    }

    pub(super) fn event_counts(id: &CallbackId) -> Self {
        Self::new("CALLBACK", id.as_str(), "COUNTS")
    }

    pub(super) fn corp(corp_id: &CorpId) -> Self {
        Self::new("CORP", corp_id.as_str(), "CORP")
    }

    pub(super) fn member(corp_id: &CorpId) -> Self {
        Self::new("CORP", corp_id.as_str(), "MEMBER")
    }

    pub(super) fn assist_link(secret: &Fingerprint) -> Self {
        Self::new("ASSIST", secret.as_str(), "LINK")
    }

    pub(super) fn recoverable(tenant_id: &TenantId) -> Self {
        Self::new("RECOVERABLE", tenant_id.as_str(), "RECOVERABLE")
    }

    pub(super) fn session(state: &InstallState) -> Self {
        Self::new("STATE", state.as_str(), "SESSION")
    }

    /// The key of an item that was read.
    pub(super) fn of(item: &Item) -> Option<Self> {
        let part = |name| item.get(name)?.as_s().ok().cloned();
        let (pk, sk) = (part("pk")?, part("sk")?);
        Some(Self { pk, sk })
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

/// The time at which DynamoDB may remove an item, in seconds since 1970.
pub(super) fn time_to_live(at: Timestamp) -> AttributeValue {
    number(at.as_second())
}
