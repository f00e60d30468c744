//! One request, as far as the front reads it: which service and operation, and who asks.

use bytes::Bytes;
use http::{HeaderMap, request::Parts};
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    DynamoDb,
    SecretsManager,
}

pub(crate) struct Call {
    pub(crate) service: Service,
    pub(crate) operation: String,
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
    /// The body as JSON; `Null` when it is none.
    pub(crate) input: Value,
}

impl Call {
    /// `None` when the target names none of the services.
    pub(crate) fn read(parts: &Parts, body: &Bytes) -> Option<Self> {
        let target = parts.headers.get("x-amz-target")?.to_str().ok()?;
        let (prefix, operation) = target.split_once('.')?;
        let service = match prefix {
            "DynamoDB_20120810" | "DynamoDBStreams_20120810" => Service::DynamoDb,
            "secretsmanager" => Service::SecretsManager,
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

    /// A member of the input that is text.
    pub(crate) fn text(&self, member: &str) -> Option<&str> {
        self.input.get(member)?.as_str()
    }

    /// Whether the operation changes what is stored; the ones that `crash_after_writes` counts.
    pub(crate) fn is_write(&self) -> bool {
        WRITES.contains(&self.operation.as_str())
    }

    /// What is missing of the authentication, as the answer's body; the signature itself is not checked.
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
    "UpdateSecret",
    "UpdateSecretVersionStage",
    "DeleteSecret",
    "RestoreSecret",
    "RotateSecret",
];
