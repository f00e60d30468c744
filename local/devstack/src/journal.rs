//! Permissions that requests used, in IAM's terms, so that a function's policy can be checked against what it did.
//!
//! IAM has no action for `TransactWriteItems`: it checks the action of each item. One request therefore makes one entry for
//! each distinct combination of action, resource and leading key.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::Value;

use crate::call::{Call, Service};

/// A permission that a request used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Operation that was called, such as `TransactWriteItems`.
    pub operation: String,
    /// IAM action, such as `dynamodb:ConditionCheckItem`.
    pub action: String,
    /// Name of the table or secret; `*` where the operation has none.
    pub resource: String,
    /// Index that was queried, which is a resource of its own in IAM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// Partition key (attribute `pk`) of the item: IAM's condition key `dynamodb:LeadingKeys`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leading_key: Option<String>,
    /// Access key of the caller; tests give each function its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key: Option<String>,
}

/// The newest [`MAX_ENTRIES`] entries.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: Mutex<VecDeque<Entry>>,
}

/// A permission that a request uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) index: Option<String>,
    pub(crate) leading_key: Option<String>,
}

impl Journal {
    pub(crate) fn record(&self, call: &Call, uses: Vec<Use>) {
        let access_key = call.credential().map(|(access_key, _)| access_key.to_owned());
        let mut entries = self.lock();
        for Use {
            action,
            resource,
            index,
            leading_key,
        } in uses
        {
            if entries.len() == MAX_ENTRIES {
                entries.pop_front();
            }
            let operation = call.operation.clone();
            entries.push_back(Entry {
                operation,
                action,
                resource,
                index,
                leading_key,
                access_key: access_key.clone(),
            });
        }
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.lock().iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The permissions that a call uses. `secret_name` turns what names a secret into its name.
pub(crate) fn uses(call: &Call, secret_name: impl Fn(&str) -> String) -> Vec<Use> {
    let mut uses = match (call.service, call.operation.as_str()) {
        (Service::SecretsManager, operation) => {
            let resource = call
                .text("SecretId")
                .map(secret_name)
                .or_else(|| call.text("Name").map(str::to_owned));
            vec![used(&format!("secretsmanager:{operation}"), resource.as_deref())]
        }
        (Service::EventBridge, operation) => {
            let entries = call.input.get("Entries").and_then(Value::as_array);
            let buses = entries.into_iter().flatten().map(|entry| entry.get("EventBusName"));
            let action = format!("events:{operation}");
            buses.map(|bus| used(&action, bus.and_then(Value::as_str))).collect()
        }
        (Service::Sqs, operation) => {
            let queue = call.text("QueueUrl").and_then(|url| url.rsplit('/').next());
            // IAM has no action for a batch.
            let operation = operation.trim_end_matches("Batch");
            vec![used(&format!("sqs:{operation}"), queue)]
        }
        // Put, Update, Delete and ConditionCheck.
        (Service::DynamoDb, "TransactWriteItems") => transacted(&call.input, |kind| format!("dynamodb:{kind}Item")),
        (Service::DynamoDb, "TransactGetItems") => transacted(&call.input, |_| "dynamodb:GetItem".to_owned()),
        (Service::DynamoDb, operation @ ("BatchWriteItem" | "BatchGetItem")) => {
            let tables = call.input.get("RequestItems").and_then(Value::as_object);
            let action = format!("dynamodb:{operation}");
            let requests = tables.into_iter().flatten();
            requests
                .flat_map(|(table, requested)| of_batch(&action, table, requested))
                .collect()
        }
        (Service::DynamoDb, operation) => {
            let action = format!("dynamodb:{operation}");
            let table = ["TableName", "StreamArn", "ResourceArn"]
                .iter()
                .find_map(|member| call.text(member));
            let streamed = call.text("ShardIterator").and_then(table_of_iterator);
            let index = call.text("IndexName").map(str::to_owned);
            vec![Use {
                index,
                leading_key: leading_key(&call.input),
                ..used(&action, table.map(table_name).or(streamed.as_deref()))
            }]
        }
    };
    let mut seen = Vec::with_capacity(uses.len());
    uses.retain(|used| {
        let key = (used.action.clone(), used.resource.clone(), used.leading_key.clone());
        !seen.contains(&key) && {
            seen.push(key);
            true
        }
    });
    uses
}

fn transacted(input: &Value, action: impl Fn(&str) -> String) -> Vec<Use> {
    let items = input.get("TransactItems").and_then(Value::as_array);
    let actions = items.into_iter().flatten().filter_map(Value::as_object).flatten();
    actions
        .map(|(kind, item)| Use {
            leading_key: leading_key(item),
            ..used(
                &action(kind),
                item.get("TableName").and_then(Value::as_str).map(table_name),
            )
        })
        .collect()
}

/// What a batch asks of one table: each key that it reads, or the table.
fn of_batch(action: &str, table: &str, requested: &Value) -> Vec<Use> {
    let table = used(action, Some(table_name(table)));
    let Some(keys) = requested.get("Keys").and_then(Value::as_array) else {
        return vec![table];
    };
    let of_key = |key: &Value| Use {
        leading_key: partition_key(key),
        ..table.clone()
    };
    keys.iter().map(of_key).collect()
}

fn used(action: &str, resource: Option<&str>) -> Use {
    Use {
        action: action.to_owned(),
        resource: resource.unwrap_or("*").to_owned(),
        index: None,
        leading_key: None,
    }
}

/// Partition key of the item that a request reads or writes, or of its query.
fn leading_key(input: &Value) -> Option<String> {
    let of_item = ["Key", "Item"]
        .iter()
        .find_map(|member| partition_key(input.get(member)?));
    let of_query = || {
        let condition = input.get("KeyConditionExpression")?.as_str()?;
        let name = condition.strip_prefix("pk = ")?.split(' ').next()?;
        text(input.get("ExpressionAttributeValues")?.get(name)?)
    };
    of_item.or_else(of_query)
}

/// The attribute `pk` of a key or an item.
fn partition_key(attributes: &Value) -> Option<String> {
    text(attributes.get("pk")?)
}

fn text(attribute: &Value) -> Option<String> {
    Some(attribute.get("S")?.as_str()?.to_owned())
}

/// Name of a table that is given by its name, its ARN or the ARN of its stream.
fn table_name(name_or_arn: &str) -> &str {
    match name_or_arn.split_once(":table/") {
        Some((_, rest)) => rest.split('/').next().unwrap_or(rest),
        None => name_or_arn,
    }
}

/// Name of the table that `dynoxide-rs` 3.2 encodes in a shard iterator; `None` (an entry with `*`) for another format.
fn table_of_iterator(iterator: &str) -> Option<String> {
    let iterator: Value = serde_json::from_slice(&STANDARD.decode(iterator).ok()?).ok()?;
    Some(iterator.get("table_name")?.as_str()?.to_owned())
}

const MAX_ENTRIES: usize = 50_000;
