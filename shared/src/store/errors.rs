//! Errors of the stores, and which of the AWS SDK's errors become which.

use std::error::Error as StdError;

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};

/// DynamoDB or Secrets Manager failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is unreachable or overloaded. A retry may succeed.
    #[error("the store is out of reach")]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),
    /// A page of a list was asked for at a position that is not one of the list.
    #[error("a position is not one of the list")]
    UnknownPosition,
    /// It refused the request or answered something unexpected. A retry will not succeed.
    #[error("the store refused")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

/// A commit was not carried out; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// One of the records was changed since it was read.
    #[error("a record was changed in the meantime")]
    Stale,
    /// The corporation is bound to another tenant.
    #[error("the corporation is bound to another tenant")]
    CorpBoundElsewhere,
    /// The store failed; whether the commit was carried out is unknown.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<BuildError> for StoreError {
    fn from(error: BuildError) -> Self {
        Self::Internal(Box::new(error))
    }
}

impl From<serde_dynamo::Error> for StoreError {
    fn from(error: serde_dynamo::Error) -> Self {
        Self::Internal(Box::new(error))
    }
}

/// Whether a write was refused because its condition did not hold.
pub(super) fn condition_failed<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code() == Some("ConditionalCheckFailedException")
}

/// The text of an SDK error. The error itself holds AWS's whole response, which may contain a secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failure(String);

/// Separates errors that may pass from those that will not.
#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` wants")]
pub(super) fn store_error<E>(error: SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    const PASSING: [&str; 10] = [
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "InternalServerError",
        "InternalServiceError",
        "InternalServiceErrorException",
        "ServiceUnavailable",
        "LimitExceededException",
        "TransactionConflictException",
        "TransactionInProgressException",
    ];
    let passing = match &error {
        SdkError::ServiceError(service) => {
            service.raw().status().is_server_error() || service.err().code().is_some_and(|code| PASSING.contains(&code))
        }
        SdkError::ConstructionFailure(_) => false,
        _ => true,
    };
    if passing { unavailable(&error) } else { internal(&error) }
}

/// [`StoreError::Unavailable`], whatever the error is.
pub(super) fn unavailable<E: ProvideErrorMetadata + StdError + 'static>(error: &SdkError<E>) -> StoreError {
    StoreError::Unavailable(Box::new(Failure(words(error))))
}

/// [`StoreError::Internal`], whatever the error is.
pub(super) fn internal<E: ProvideErrorMetadata + StdError + 'static>(error: &SdkError<E>) -> StoreError {
    StoreError::Internal(Box::new(Failure(words(error))))
}

fn words<E: ProvideErrorMetadata + StdError + 'static>(error: &SdkError<E>) -> String {
    if let SdkError::ServiceError(service) = error {
        let header = |name| service.raw().headers().get(name);
        let (code, message) = (service.err().code(), service.err().message());
        return format!(
            "{} ({}, request {}): {}",
            code.unwrap_or("an error without a code"),
            service.raw().status().as_u16(),
            header("x-amzn-requestid")
                .or(header("x-amz-request-id"))
                .unwrap_or("unknown"),
            message.unwrap_or("no message"),
        );
    }
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        next = cause.source();
    }
    words
}
