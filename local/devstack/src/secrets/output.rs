//! Answers of operations.

use serde_json::{Map, Value};

use super::secret::Secret;

/// The members of an answer, in order.
#[derive(Debug, Default)]
pub(super) struct Output(Map<String, Value>);

impl Output {
    /// ARN and name of the secret, with which most answers begin.
    pub(super) fn of(secret: &Secret) -> Self {
        Self::default()
            .with("ARN", secret.arn.as_str())
            .with("Name", secret.name.as_str())
    }

    pub(super) fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.0.insert(member.to_owned(), value.into());
        self
    }

    /// Omits the member when there is no value, as AWS does.
    pub(super) fn with_some(self, member: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(member, value),
            None => self,
        }
    }
}

impl From<Output> for Value {
    fn from(output: Output) -> Self {
        Self::Object(output.0)
    }
}
