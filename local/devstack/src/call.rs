//! A request to AWS: service, operation, caller and input.

use bytes::Bytes;
use http::{HeaderMap, request::Parts};
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    DynamoDb,
    SecretsManager,
    EventBridge,
    Sqs,
}

pub(crate) struct Call {
    pub(crate) service: Service,
    pub(crate) operation: String,
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
    /// The body as JSON; `Null` when it is not JSON.
    pub(crate) input: Value,
}

impl Call {
    /// `None` when `X-Amz-Target` names none of the services.
    pub(crate) fn read(parts: &Parts, body: &Bytes) -> Option<Self> {
        let target = parts.headers.get("x-amz-target")?.to_str().ok()?;
        let (prefix, operation) = target.split_once('.')?;
        let service = match prefix {
            "DynamoDB_20120810" | "DynamoDBStreams_20120810" => Service::DynamoDb,
            "secretsmanager" => Service::SecretsManager,
            "AWSEvents" => Service::EventBridge,
            "AmazonSQS" => Service::Sqs,
            _ => return None,
        };
        Some(Self {
            service,
            operation: operation.to_owned(),
            parts: parts.clone(),
            body: body.clone(),
            input: serde_json::from_slice(body).unwrap_or_default(),
        })
    }

    /// A string member of the input.
    pub(crate) fn text(&self, member: &str) -> Option<&str> {
        self.input.get(member)?.as_str()
    }

    /// Whether the operation writes: these are counted by `crash_after_writes`.
    pub(crate) fn is_write(&self) -> bool {
        WRITES.contains(&self.operation.as_str())
    }

    /// Body of the error answer when the request lacks a part of its authentication. The signature is not verified.
    pub(crate) fn authentication_problem(&self) -> Option<String> {
        dynoxide::auth_material::validate(dynoxide::auth_material::AuthMaterial {
            authorization: header(&self.parts.headers, "authorization"),
            query: self.parts.uri.query().unwrap_or_default(),
            has_date_header: self.parts.headers.contains_key("x-amz-date") || self.parts.headers.contains_key("date"),
        })
    }

    /// Access key and region of the credential scope: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
    pub(crate) fn credential(&self) -> Option<(&str, &str)> {
        let (_, scope) = header(&self.parts.headers, "authorization")?.split_once("Credential=")?;
        let mut segments = scope.split(['/', ',', ' ']);
        Some((segments.next()?, segments.nth(1)?))
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

const WRITES: [&str; 12] = [
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "TransactWriteItems",
    "BatchWriteItem",
    "CreateSecret",
    "PutSecretValue",
    "UpdateSecretVersionStage",
    "DeleteSecret",
    "RestoreSecret",
    "RotateSecret",
    "PutEvents",
];
