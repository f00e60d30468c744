//! What every error means over HTTP: status, code and words (RFC 9457).

use std::error::Error as StdError;

use jiff::Timestamp;
use lambda_http::{
    Body, Response,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
};
use serde_json::{Map, Value, json};
use wecom_client::Refusal;

use super::Answer;
use crate::steps::{SecretKind, StepError};

/// Every code of the contract with its status, for tests and documents to be held against.
pub const CODES: [(&str, u16); 25] = [
    ("malformed_request", 400),
    ("malformed_callback", 400),
    ("unauthenticated", 401),
    ("forbidden", 403),
    ("callback_rejected", 403),
    ("not_found", 404),
    ("not_installed", 409),
    ("corp_mismatch", 409),
    ("member_authorization", 409),
    ("steps_missing", 409),
    ("state_changed", 409),
    ("install_link_expired", 410),
    ("body_too_large", 413),
    ("unsupported_media_type", 415),
    ("secret_rejected", 422),
    ("wrong_secret_kind", 422),
    ("unknown_corp_id", 422),
    ("invalid_field", 422),
    ("too_many_attempts", 429),
    ("internal_error", 500),
    ("wecom_error", 502),
    ("suite_ticket_missing", 502),
    ("temporarily_unavailable", 503),
    ("wecom_ban", 503),
    ("wecom_timeout", 504),
];

/// A problem document.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: Option<&'static str>,
    extensions: Map<String, Value>,
    retry_after: Option<i64>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self {
            status,
            code,
            title,
            detail: None,
            extensions: Map::new(),
            retry_after: None,
        }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    fn detail(self, detail: &'static str) -> Self {
        Self {
            detail: Some(detail),
            ..self
        }
    }

    fn extension(mut self, name: &str, value: Value) -> Self {
        self.extensions.insert(name.to_owned(), value);
        self
    }

    fn wecom(self, refusal: &Refusal) -> Self {
        self.extension(
            "wecom",
            json!({"errcode": refusal.errcode.0, "errmsg": refusal.errmsg}),
        )
    }

    fn retry_at(mut self, until: Timestamp, now: Timestamp) -> Self {
        let seconds = until.duration_since(now).as_secs().max(1);
        self.retry_after = Some(seconds);
        self.extension("retry_after", json!(seconds))
    }

    pub(super) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "Internal error",
        )
    }

    pub(super) fn malformed_request(detail: &'static str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "malformed_request",
            "The request is malformed",
        )
        .detail(detail)
    }

    pub(super) fn unknown_field(field: &str) -> Self {
        Self::malformed_request("The request has a field that this route does not know.")
            .extension("errors", json!([{"field": field, "code": "unknown"}]))
    }

    pub(super) fn wrong_type(field: &str) -> Self {
        Self::malformed_request("A field has a value of the wrong type.")
            .extension("errors", json!([{"field": field, "code": "wrong_type"}]))
    }

    pub(super) fn missing_field(field: &str) -> Self {
        Self::malformed_request("A required field is missing.")
            .extension("errors", json!([{"field": field, "code": "missing"}]))
    }

    /// No valid token that names a tenant.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "Not authenticated",
        )
        .detail("The request needs a valid token that names a tenant.")
    }

    pub(super) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Forbidden")
            .detail("The token's tenant is not of a valid form.")
    }

    /// No such route or thing.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found")
    }

    pub(super) fn body_too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "The body is too large",
        )
    }

    pub(super) fn unsupported_media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Unsupported media type",
        )
        .detail("The body must be application/json.")
    }

    /// What a step's error means at `now`. Logs it, once: here, where it leaves the product.
    pub(super) fn from_step(error: &StepError, now: Timestamp) -> Self {
        let problem = Self::of(error, now);
        if problem.status.is_server_error() {
            tracing::error!(code = problem.code, error = %error, causes = %causes(error), "refused");
        } else {
            tracing::info!(code = problem.code, error = %error, "refused");
        }
        problem
    }

    fn of(error: &StepError, now: Timestamp) -> Self {
        use StatusCode as S;
        match error {
            StepError::NotInstalled => {
                Self::new(S::CONFLICT, "not_installed", "The app is not installed")
                    .detail("Install the app in WeCom first.")
            }
            StepError::MemberAuthorization => Self::new(
                S::CONFLICT,
                "member_authorization",
                "Installed by a member, not an administrator",
            )
            .detail("An administrator of the corporation must install the app."),
            StepError::CorpMismatch => {
                Self::new(S::CONFLICT, "corp_mismatch", "Another corporation").detail(
                    "This is not the corporation that the app was installed in for this tenant.",
                )
            }
            StepError::StepsMissing(missing) => {
                Self::new(S::CONFLICT, "steps_missing", "Steps are missing")
                    .extension("missing", json!(missing))
            }
            StepError::StateChanged => Self::new(
                S::CONFLICT,
                "state_changed",
                "The state was changed meanwhile",
            )
            .detail("Somebody else changed it: reload and try again."),
            StepError::InstallLinkExpired => Self::new(
                S::GONE,
                "install_link_expired",
                "The install link is no longer good",
            )
            .detail(
                "Make a new link and open it in the browser that will finish the installation.",
            ),
            StepError::SecretRejected(refusal) => Self::new(
                S::UNPROCESSABLE_ENTITY,
                "secret_rejected",
                "WeCom refused the Secret",
            )
            .detail("It does not belong to this corporation, or was reset.")
            .wecom(refusal),
            StepError::WrongSecretKind {
                looks_like,
                refusal,
            } => {
                let problem = Self::new(
                    S::UNPROCESSABLE_ENTITY,
                    "wrong_secret_kind",
                    "Another kind of Secret",
                )
                .wecom(refusal);
                match looks_like {
                    None => problem,
                    Some(kind) => problem.extension("looks_like", json!(kind.as_str())),
                }
            }
            StepError::UnknownCorpId(refusal) => Self::new(
                S::UNPROCESSABLE_ENTITY,
                "unknown_corp_id",
                "WeCom does not know this 企业ID",
            )
            .wecom(refusal),
            StepError::InvalidField(field) => Self::new(
                S::UNPROCESSABLE_ENTITY,
                "invalid_field",
                "A field is invalid",
            )
            .detail(field.detail)
            .extension(
                "errors",
                json!([{"field": field.field, "code": field.code}]),
            ),
            StepError::TooManyAttempts { until } => Self::new(
                S::TOO_MANY_REQUESTS,
                "too_many_attempts",
                "Too many wrong Secrets",
            )
            .detail("Trying on would make WeCom ban us. Wait, then try again.")
            .retry_at(*until, now),
            StepError::WecomBan { until } => Self::new(
                S::SERVICE_UNAVAILABLE,
                "wecom_ban",
                "WeCom does not answer us for a while",
            )
            .retry_at(*until, now),
            StepError::WecomRefused(refusal) => {
                let problem = Self::new(S::BAD_GATEWAY, "wecom_error", "WeCom refused");
                match refusal {
                    None => problem,
                    Some(refusal) => problem.wecom(refusal),
                }
            }
            StepError::WecomTimeout => Self::new(
                S::GATEWAY_TIMEOUT,
                "wecom_timeout",
                "WeCom did not answer in time",
            ),
            StepError::SuiteTicketMissing => Self::new(
                S::BAD_GATEWAY,
                "suite_ticket_missing",
                "WeCom has sent no usable suite ticket",
            ),
            StepError::NotFound => Self::not_found(),
            StepError::MalformedCallback => {
                Self::new(S::BAD_REQUEST, "malformed_callback", "Malformed")
            }
            StepError::CallbackRejected => Self::new(S::FORBIDDEN, "callback_rejected", "Rejected"),
            StepError::Unavailable(_) => Self::new(
                S::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "Temporarily unavailable",
            )
            .extension("retry_after", json!(1))
            .after(1),
            StepError::Internal(_) => Self::internal(),
        }
    }

    fn after(self, seconds: i64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// The answer that carries it.
    #[must_use]
    pub fn into_response(self, request_id: &str) -> Response<Body> {
        let mut document = Map::new();
        document.insert(
            "type".to_owned(),
            json!(format!("urn:wecom-authorization:problem:{}", self.code)),
        );
        document.insert("title".to_owned(), json!(self.title));
        document.insert("status".to_owned(), json!(self.status.as_u16()));
        document.insert(
            "detail".to_owned(),
            json!(self.detail.unwrap_or(self.title)),
        );
        document.insert("code".to_owned(), json!(self.code));
        document.insert("request_id".to_owned(), json!(request_id));
        document.extend(self.extensions);
        let mut answer = Answer::json(self.status, &document).with(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after {
            answer = answer.with(RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer.0
    }
}

impl SecretKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::ExternalContacts => "external_contacts",
            Self::OtherApp => "other_app",
        }
    }
}

/// The chain of causes of an error, which `Display` leaves out.
fn causes(error: &dyn StdError) -> String {
    let mut text = String::new();
    let mut next = error.source();
    while let Some(cause) = next {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
