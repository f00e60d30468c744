//! What the AWS SDK's errors mean for us, for every service alike.

use std::error::Error as StdError;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::StoreError;

/// What is kept of an error: its words. The error itself holds AWS's whole answer, and with it perhaps a secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failure(String);

/// Tells what may pass from what will not.
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

/// The store is out of reach, whatever the error is.
pub(super) fn unavailable<E: ProvideErrorMetadata + StdError + 'static>(error: &SdkError<E>) -> StoreError {
    StoreError::Unavailable(Box::new(Failure(words(error))))
}

/// The store refused, whatever the error is.
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
