//! Errors of the service: code, status and AWS's message.

use http::StatusCode;

/// An error answer. It never contains a secret value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn not_found() -> Self {
        Self::new(
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret.",
        )
    }

    /// `what` is `staging label: X` or `VersionId: X`.
    pub(super) fn value_not_found(what: &str) -> Self {
        let message = format!("Secrets Manager can't find the specified secret value for {what}");
        Self::new("ResourceNotFoundException", message)
    }

    pub(super) fn name_exists(name: &str) -> Self {
        Self::new(
            "ResourceExistsException",
            format!("The operation failed because the secret {name} already exists."),
        )
    }

    pub(super) fn token_in_use(token: &str, arn: &str) -> Self {
        let message = format!(
            "You can't use ClientRequestToken {token} because that value is already in use for a version of secret {arn}."
        );
        Self::new("ResourceExistsException", message)
    }

    pub(super) fn marked_for_deletion() -> Self {
        Self::invalid_request("You can't perform this operation on the secret because it was marked for deletion.")
    }

    pub(super) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new("InvalidRequestException", message)
    }

    pub(super) fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterException", message)
    }

    pub(super) fn invalid_next_token() -> Self {
        Self::new("InvalidNextTokenException", "Invalid pagination token")
    }

    pub(super) fn limit_exceeded(message: impl Into<String>) -> Self {
        Self::new("LimitExceededException", message)
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// A member that violates a constraint of the API model.
    pub(super) fn constraint(member: &str, constraint: &str) -> Self {
        Self::validation(format!(
            "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must {constraint}"
        ))
    }

    pub(super) fn malformed() -> Self {
        Self::new(
            "SerializationException",
            "the input does not have the operation's shape",
        )
    }

    pub(super) fn unknown_operation() -> Self {
        Self::new("UnknownOperationException", "")
    }

    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            message: message.into(),
        }
    }
}

/// An error of the store, such as a full disk or a damaged row.
impl<E: std::error::Error> From<E> for Refusal {
    fn from(error: E) -> Self {
        let message = format!("the local endpoint's store failed: {error}");
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "InternalServiceError",
            message,
        }
    }
}
