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
use crate::error::{SecretKind, StepError};

/// A kind of problem: a row of the contract's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Stable; what a front end switches on.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// For people, the same each time.
    pub title: &'static str,
    /// For people: what to do about it.
    pub detail: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $status:literal $code:literal, $title:literal, $detail:literal;)+) => {
        $(const $name: Kind = Kind { code: $code, status: $status, title: $title, detail: $detail };)+
        /// Every kind of problem, for tests and documents to be held against.
        pub const CODES: &[Kind] = &[$($name),+];
    };
}

kinds! {
    MALFORMED_REQUEST = 400 "malformed_request", "The request is malformed", "The body or a parameter is not of this route's form.";
    MALFORMED_CALLBACK = 400 "malformed_callback", "Malformed", "Malformed";
    UNAUTHENTICATED = 401 "unauthenticated", "Not authenticated", "The request needs a valid token that names a tenant.";
    FORBIDDEN = 403 "forbidden", "Forbidden", "The token's tenant is not of a valid form.";
    CALLBACK_REJECTED = 403 "callback_rejected", "Rejected", "Rejected";
    NOT_FOUND = 404 "not_found", "Not found", "There is no such thing here.";
    NOT_INSTALLED = 409 "not_installed", "The app is not installed", "Install the app in WeCom first.";
    CORP_MISMATCH = 409 "corp_mismatch", "Another corporation",
        "This is not the corporation that the app was installed in for this tenant.";
    MEMBER_AUTHORIZATION = 409 "member_authorization", "Installed by a member, not an administrator",
        "An administrator of the corporation must install the app.";
    STEPS_MISSING = 409 "steps_missing", "Steps are missing", "Do the steps that `missing` names first.";
    STATE_CHANGED = 409 "state_changed", "The state was changed meanwhile",
        "Somebody else changed it: reload and try again.";
    INSTALL_LINK_EXPIRED = 410 "install_link_expired", "The install link is no longer good",
        "Make a new link and open it in the browser that will finish the installation.";
    BODY_TOO_LARGE = 413 "body_too_large", "The body is too large", "An admin's body may have 64 KiB, a callback's 1 MiB.";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported_media_type", "Unsupported media type", "The body must be application/json.";
    SECRET_REJECTED = 422 "secret_rejected", "WeCom refused the Secret",
        "It does not belong to this corporation, or was reset.";
    WRONG_SECRET_KIND = 422 "wrong_secret_kind", "Another kind of Secret",
        "This Secret belongs to another place in WeCom's console; `looks_like` says which, where that could be found out.";
    UNKNOWN_CORP_ID = 422 "unknown_corp_id", "WeCom does not know this 企业ID",
        "Copy it from the bottom of 我的企业 → 企业信息.";
    INVALID_FIELD = 422 "invalid_field", "A field is invalid", "`errors` names the field.";
    TOO_MANY_ATTEMPTS = 429 "too_many_attempts", "Too many wrong Secrets",
        "Trying on would make WeCom ban us. Wait, then try again.";
    INTERNAL_ERROR = 500 "internal_error", "Internal error", "This is a defect of ours. It has been logged.";
    WECOM_ERROR = 502 "wecom_error", "WeCom refused", "WeCom refused for a reason that cannot be changed here.";
    SUITE_TICKET_MISSING = 502 "suite_ticket_missing", "WeCom has sent no usable suite ticket",
        "WeCom sends one every ten minutes. Try again; if it lasts, the platform's operator must look.";
    TEMPORARILY_UNAVAILABLE = 503 "temporarily_unavailable", "Temporarily unavailable", "Try again in a moment.";
    WECOM_BAN = 503 "wecom_ban", "WeCom does not answer us for a while",
        "WeCom bans an address that repeats wrong Secrets for an hour. Nothing to change; try again then.";
    WECOM_TIMEOUT = 504 "wecom_timeout", "WeCom did not answer in time", "Try again.";
}

/// A problem document.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem(Box<Inner>);

#[derive(Debug, Clone, PartialEq)]
struct Inner {
    kind: Kind,
    detail: &'static str,
    extensions: Map<String, Value>,
    retry_after: Option<i64>,
}

impl Problem {
    fn new(kind: Kind) -> Self {
        Self(Box::new(Inner {
            kind,
            detail: kind.detail,
            extensions: Map::new(),
            retry_after: None,
        }))
    }

    /// No valid token that names a tenant.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(UNAUTHENTICATED)
    }

    /// No such route or thing.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(NOT_FOUND)
    }

    pub(super) fn forbidden() -> Self {
        Self::new(FORBIDDEN)
    }

    pub(super) fn internal() -> Self {
        Self::new(INTERNAL_ERROR)
    }

    pub(super) fn body_too_large() -> Self {
        Self::new(BODY_TOO_LARGE)
    }

    pub(super) fn unsupported_media_type() -> Self {
        Self::new(UNSUPPORTED_MEDIA_TYPE)
    }

    pub(crate) fn malformed_request(detail: &'static str) -> Self {
        Self::new(MALFORMED_REQUEST).detail(detail)
    }

    pub(super) fn unknown_field(field: &str) -> Self {
        Self::malformed_request("The request has a field that this route does not know.").field(field, "unknown")
    }

    pub(super) fn wrong_type(field: &str) -> Self {
        Self::malformed_request("A field has a value of the wrong type or form.").field(field, "wrong_type")
    }

    pub(super) fn missing_field(field: &str) -> Self {
        Self::malformed_request("A required field is missing.").field(field, "missing")
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.kind.code
    }

    pub(crate) fn title(&self) -> &'static str {
        self.0.kind.title
    }

    fn detail(mut self, detail: &'static str) -> Self {
        self.0.detail = detail;
        self
    }

    fn extension(mut self, name: &str, value: Value) -> Self {
        self.0.extensions.insert(name.to_owned(), value);
        self
    }

    fn field(self, field: &str, code: &str) -> Self {
        self.extension("errors", json!([{"field": field, "code": code}]))
    }

    fn wecom(self, refusal: &Refusal) -> Self {
        self.extension("wecom", json!({"errcode": refusal.errcode.0, "errmsg": refusal.errmsg}))
    }

    fn retry_after(mut self, seconds: i64) -> Self {
        self.0.retry_after = Some(seconds);
        self.extension("retry_after", json!(seconds))
    }

    /// What a step's error means at `now`. Logs it, once: here, where it leaves the product.
    pub(crate) fn from_step(error: &StepError, now: Timestamp) -> Self {
        let problem = Self::new(kind_of(error)).with_particulars(error, now);
        if problem.0.kind.status >= 500 {
            tracing::error!(code = problem.code(), error = %error, causes = %causes(error), "refused");
        } else {
            tracing::info!(code = problem.code(), error = %error, "refused");
        }
        problem
    }

    /// What there is to say of this one error, beyond its kind.
    fn with_particulars(self, error: &StepError, now: Timestamp) -> Self {
        let seconds_until = |until: &Timestamp| until.duration_since(now).as_secs().max(1);
        match error {
            StepError::StepsMissing(missing) => self.extension("missing", json!(missing)),
            StepError::SecretRejected(Some(refusal))
            | StepError::UnknownCorpId(refusal)
            | StepError::WecomRefused(Some(refusal))
            | StepError::WrongSecretKind {
                looks_like: None,
                refusal,
            } => self.wecom(refusal),
            StepError::WrongSecretKind {
                looks_like: Some(kind),
                refusal,
            } => self.wecom(refusal).extension("looks_like", json!(kind.as_str())),
            StepError::InvalidField(field) => self.detail(field.detail).field(field.field, field.code),
            StepError::TooManyAttempts { until } | StepError::WecomBan { until } => {
                self.retry_after(seconds_until(until))
            }
            StepError::Unavailable(_) => self.retry_after(1),
            _ => self,
        }
    }

    /// The answer that carries it.
    ///
    /// # Panics
    /// Never: the statuses are literals, and a problem serialises.
    #[must_use]
    pub fn into_response(self, request_id: &str) -> Response<Body> {
        let Inner {
            kind,
            detail,
            extensions,
            retry_after,
        } = *self.0;
        let mut document = Map::from_iter([
            (
                "type".to_owned(),
                json!(format!("urn:wecom-authorization:problem:{}", kind.code)),
            ),
            ("title".to_owned(), json!(kind.title)),
            ("status".to_owned(), json!(kind.status)),
            ("detail".to_owned(), json!(detail)),
            ("code".to_owned(), json!(kind.code)),
            ("request_id".to_owned(), json!(request_id)),
        ]);
        document.extend(extensions);
        let status = StatusCode::from_u16(kind.status).expect("the table holds HTTP statuses");
        let mut answer =
            Answer::json(status, &document).with(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            answer = answer.with(RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer.0
    }
}

/// The one place that says which error is which kind of problem.
fn kind_of(error: &StepError) -> Kind {
    match error {
        StepError::NotInstalled => NOT_INSTALLED,
        StepError::MemberAuthorization => MEMBER_AUTHORIZATION,
        StepError::CorpMismatch => CORP_MISMATCH,
        StepError::StepsMissing(_) => STEPS_MISSING,
        StepError::StateChanged => STATE_CHANGED,
        StepError::InstallLinkExpired => INSTALL_LINK_EXPIRED,
        StepError::SecretRejected(_) => SECRET_REJECTED,
        StepError::WrongSecretKind { .. } => WRONG_SECRET_KIND,
        StepError::UnknownCorpId(_) => UNKNOWN_CORP_ID,
        StepError::InvalidField(_) => INVALID_FIELD,
        StepError::TooManyAttempts { .. } => TOO_MANY_ATTEMPTS,
        StepError::WecomBan { .. } => WECOM_BAN,
        StepError::WecomRefused(_) => WECOM_ERROR,
        StepError::WecomTimeout => WECOM_TIMEOUT,
        StepError::SuiteTicketMissing => SUITE_TICKET_MISSING,
        StepError::NotFound => NOT_FOUND,
        StepError::MalformedCallback => MALFORMED_CALLBACK,
        StepError::CallbackRejected => CALLBACK_REJECTED,
        StepError::Unavailable(_) => TEMPORARILY_UNAVAILABLE,
        StepError::Internal(_) => INTERNAL_ERROR,
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn gives_every_kind_a_code_of_its_own_and_an_http_status() {
        let codes: HashSet<&str> = CODES.iter().map(|kind| kind.code).collect();
        assert_eq!(codes.len(), CODES.len());
        assert!(
            CODES
                .iter()
                .all(|kind| StatusCode::from_u16(kind.status).is_ok_and(|status| !status.is_success()))
        );
    }

    #[test]
    fn tells_an_attacker_nothing_of_why_a_callback_was_refused() {
        for error in [StepError::CallbackRejected, StepError::MalformedCallback] {
            let problem = Problem::from_step(&error, Timestamp::UNIX_EPOCH);
            assert!(problem.0.extensions.is_empty());
            assert_eq!(problem.0.detail, problem.0.kind.title);
        }
    }

    #[test]
    fn keeps_the_cause_of_a_5xx_to_itself() {
        let error = StepError::Internal("the table is called t-17".into());
        let body = Problem::from_step(&error, Timestamp::UNIX_EPOCH)
            .into_response("r")
            .into_body();
        assert!(!String::from_utf8_lossy(&body).contains("t-17"));
    }

    #[test]
    fn says_when_to_come_back_in_body_and_header() {
        let error = StepError::WecomBan {
            until: Timestamp::from_second(90).unwrap(),
        };
        let response = Problem::from_step(&error, Timestamp::from_second(30).unwrap()).into_response("r");
        assert_eq!(response.headers()[RETRY_AFTER], "60");
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!((&body["retry_after"], &body["code"]), (&json!(60), &json!("wecom_ban")));
    }
}
