//! HTTP status, code and text of every error (RFC 9457).

use std::{borrow::Cow, error::Error as StdError};

use jiff::Timestamp;
use lambda_http::{
    Body, Response,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
};
use serde::Serialize;
use wecom_client::Refusal;

use super::Answer;
use crate::{
    authorization::NextStep,
    error::{FieldCode, SecretKind, StepError},
};

/// A kind of problem: a row of the contract's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Stable code, which a front end switches on.
    pub code: &'static str,
    /// HTTP status code of the answer.
    pub status: u16,
    /// Title for people, the same for every problem of the kind.
    pub title: &'static str,
    /// Advice for people on what to do next.
    pub detail: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $status:literal $code:literal, $title:literal, $detail:literal;)+) => {
        pub(super) mod kinds {
            use super::Kind;
            $(pub(crate) const $name: Kind = Kind { code: $code, status: $status, title: $title, detail: $detail };)+
        }
        /// Every kind of problem, ordered by status.
        pub const CODES: &[Kind] = &[$(kinds::$name),+];
    };
}

kinds! {
    MALFORMED_REQUEST = 400 "malformed_request", "The request is malformed",
        "The body or a parameter does not have the form that this route expects.";
    MALFORMED_CALLBACK = 400 "malformed_callback", "Malformed", "Malformed";
    UNAUTHENTICATED = 401 "unauthenticated", "Not authenticated", "The request needs a valid token that names a tenant.";
    FORBIDDEN = 403 "forbidden", "Forbidden", "The token names a tenant whose id is not valid, or is not an operator's.";
    CALLBACK_REJECTED = 403 "callback_rejected", "Rejected", "Rejected";
    NOT_FOUND = 404 "not_found", "Not found", "There is no such resource.";
    NOT_INSTALLED = 409 "not_installed", "The app is not installed", "Install the app in WeCom first.";
    CORP_MISMATCH = 409 "corp_mismatch", "Another corporation",
        "The app is installed in another corporation for this binding, or another tenant or binding has bound this corporation.";
    MEMBER_AUTHORIZATION = 409 "member_authorization", "Installed by a member, not an administrator",
        "An administrator of the corporation must install the app.";
    STEPS_MISSING = 409 "steps_missing", "Steps are missing", "Complete the steps that `missing` lists first.";
    STATE_CHANGED = 409 "state_changed", "The state has changed",
        "Someone else changed it in the meantime. Reload and try again.";
    TOO_MANY_BINDINGS = 409 "too_many_bindings", "Too many bindings",
        "A tenant binds fifty corporations at most. Disconnect one that is no longer needed.";
    REPLAY_RUNNING = 409 "replay_running", "Another replay is running",
        "One at a time: wait until it has ended, or stop it.";
    INSTALL_LINK_EXPIRED = 410 "install_link_expired", "The install link is no longer valid",
        "Create a new link and open it in the browser that will finish the installation.";
    ASSIST_LINK_EXPIRED = 410 "assist_link_expired", "The assist link is no longer valid",
        "It was opened, has expired or was revoked. Ask for a new one.";
    BODY_TOO_LARGE = 413 "body_too_large", "The body is too large",
        "The limit is 64 KiB on admin routes and 1 MiB on callbacks.";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported_media_type", "Unsupported media type", "The body must be application/json.";
    SECRET_REJECTED = 422 "secret_rejected", "WeCom rejected the Secret",
        "It does not belong to this corporation, or it has been reset.";
    WRONG_SECRET_KIND = 422 "wrong_secret_kind", "Wrong kind of Secret",
        "This Secret belongs to another part of WeCom's console. `looks_like` says which, if that could be determined.";
    UNKNOWN_CORP_ID = 422 "unknown_corp_id", "WeCom does not know this 企业ID",
        "Copy it from the bottom of 我的企业 → 企业信息.";
    INVALID_FIELD = 422 "invalid_field", "A field is invalid", "`errors` names the field.";
    TOO_MANY_ATTEMPTS = 429 "too_many_attempts", "Too many attempts",
        "WeCom was asked too often in a short time, or about too many wrong Secrets, for which it bans us. Wait, then try again.";
    TOO_MANY_ASSIST_LINKS = 429 "too_many_assist_links", "Too many assist links",
        "Five links that have not ended are the limit. Revoke one, or wait until one expires.";
    INTERNAL_ERROR = 500 "internal_error", "Internal error", "This is a bug in the service. It has been logged.";
    WECOM_ERROR = 502 "wecom_error", "WeCom returned an error",
        "WeCom refused the request for a reason that cannot be changed here.";
    SUITE_TICKET_MISSING = 502 "suite_ticket_missing", "WeCom has sent no valid suite ticket",
        "WeCom sends one every ten minutes. Try again later. If the error persists, contact the platform's operator.";
    TEMPORARILY_UNAVAILABLE = 503 "temporarily_unavailable", "Temporarily unavailable", "Try again in a moment.";
    WECOM_BAN = 503 "wecom_ban", "WeCom is blocking our address",
        "WeCom blocks an address for an hour after repeated wrong Secrets. Nothing needs to be changed: try again later.";
    WECOM_TIMEOUT = 504 "wecom_timeout", "WeCom did not answer in time", "Try again.";
}

/// Problem document as RFC 9457 defines it, with our stable `code`.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem(Box<Inner>);

#[derive(Debug, Clone, PartialEq)]
struct Inner {
    kind: Kind,
    detail: Cow<'static, str>,
    members: Members,
}

/// Members of a problem document that only some kinds have.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub(super) struct Members {
    /// The fields or parameters that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "contract", schemars(length(min = 1)))]
    errors: Vec<InvalidField>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wecom: Option<WecomRefusal>,
    /// The kind of the Secret, if it could be determined.
    #[serde(skip_serializing_if = "Option::is_none")]
    looks_like: Option<SecretKind>,
    /// The steps that are not done, in the wizard's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "contract", schemars(length(min = 1), extend("uniqueItems" = true)))]
    missing: Vec<NextStep>,
    /// Seconds to wait; the same as the header `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "contract", schemars(range(min = 1)))]
    retry_after: Option<i64>,
}

/// A field of the body or a parameter of the query that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct InvalidField {
    /// Name of the field in the request, a JSON path.
    field: String,
    code: FieldCode,
}

/// WeCom's own error, for support. WeCom documents the codes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct WecomRefusal {
    errcode: i64,
    errmsg: String,
}

/// The members that every problem document has (RFC 9457, and `code` and `request_id`).
#[derive(Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(rename = "Problem"))]
pub(super) struct Common<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    /// Text for people. It may change; `code` does not.
    detail: &'a str,
    code: &'a str,
    /// Id of the request, for support.
    request_id: &'a str,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    common: Common<'a>,
    #[serde(flatten)]
    members: Members,
}

impl Problem {
    pub(super) fn new(kind: Kind) -> Self {
        Self(Box::new(Inner {
            kind,
            detail: Cow::Borrowed(kind.detail),
            members: Members::default(),
        }))
    }

    /// No valid token that names a tenant.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(kinds::UNAUTHENTICATED)
    }

    /// No such route or thing.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(kinds::NOT_FOUND)
    }

    pub(super) fn forbidden() -> Self {
        Self::new(kinds::FORBIDDEN)
    }

    pub(super) fn internal() -> Self {
        Self::new(kinds::INTERNAL_ERROR)
    }

    pub(super) fn body_too_large() -> Self {
        Self::new(kinds::BODY_TOO_LARGE)
    }

    pub(super) fn unsupported_media_type() -> Self {
        Self::new(kinds::UNSUPPORTED_MEDIA_TYPE)
    }

    pub(crate) fn malformed_request(detail: &'static str) -> Self {
        Self::new(kinds::MALFORMED_REQUEST).detail(detail)
    }

    pub(super) fn unknown_field(field: &str) -> Self {
        Self::malformed_request("The request has a field that this route does not define.")
            .field(field, FieldCode::Unknown)
    }

    pub(super) fn wrong_type(field: &str) -> Self {
        Self::malformed_request("The value of a field has the wrong type or form.").field(field, FieldCode::WrongType)
    }

    pub(super) fn malformed_field(field: &str) -> Self {
        Self::malformed_request("The value of a field is malformed.").field(field, FieldCode::Malformed)
    }

    pub(super) fn missing_field(field: &str) -> Self {
        Self::malformed_request("A required field is missing.").field(field, FieldCode::Missing)
    }

    /// Stable code of the error, which clients compare.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.kind.code
    }

    pub(crate) fn title(&self) -> &'static str {
        self.0.kind.title
    }

    fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    fn field(mut self, field: &str, code: FieldCode) -> Self {
        let field = field.to_owned();
        self.0.members.errors.push(InvalidField { field, code });
        self
    }

    fn wecom(mut self, refusal: &Refusal) -> Self {
        self.0.members.wecom = Some(WecomRefusal {
            errcode: refusal.errcode.0,
            errmsg: refusal.errmsg.clone(),
        });
        self
    }

    fn missing(mut self, steps: Vec<NextStep>) -> Self {
        self.0.members.missing = steps;
        self
    }

    fn looks_like(mut self, kind: Option<SecretKind>) -> Self {
        self.0.members.looks_like = kind;
        self
    }

    fn retry_after(mut self, seconds: i64) -> Self {
        self.0.members.retry_after = Some(seconds);
        self
    }

    /// The problem for a step's error at `now`. Logs it: this is the one place where errors leave the product.
    pub(crate) fn from_step(error: &StepError, now: Timestamp) -> Self {
        let problem = Self::new(kind_of(error)).with_particulars(error, now);
        if problem.0.kind.status >= 500 {
            tracing::error!(code = problem.code(), error = %error, causes = %causes(error), "refused");
        } else {
            tracing::info!(code = problem.code(), error = %error, "refused");
        }
        problem
    }

    /// Adds the members that belong to this error alone.
    fn with_particulars(self, error: &StepError, now: Timestamp) -> Self {
        let seconds_until = |until: &Timestamp| until.duration_since(now).as_secs().max(1);
        match error {
            StepError::StepsMissing(missing) => self.missing(missing.clone()),
            StepError::SecretRejected(Some(refusal))
            | StepError::UnknownCorpId(refusal)
            | StepError::WecomRefused(Some(refusal)) => self.wecom(refusal),
            StepError::WrongSecretKind { looks_like, refusal } => self.wecom(refusal).looks_like(*looks_like),
            StepError::InvalidField(field) => self.detail(field.detail.clone()).field(field.field, field.code),
            StepError::TooManyAttempts { until }
            | StepError::TooManyAssistLinks { until }
            | StepError::WecomBan { until } => self.retry_after(seconds_until(until)),
            StepError::UnknownPosition => self.detail("The cursor is another's."),
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
        let Inner { kind, detail, members } = *self.0;
        let retry_after = members.retry_after;
        let document = Document {
            common: Common {
                r#type: kind.urn(),
                title: kind.title,
                status: kind.status,
                detail: &detail,
                code: kind.code,
                request_id,
            },
            members,
        };
        let status = StatusCode::from_u16(kind.status).expect("the table holds HTTP statuses");
        let mut answer =
            Answer::json(status, &document).with(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            answer = answer.with(RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer.0
    }
}

impl Kind {
    pub(super) fn urn(&self) -> String {
        format!("urn:wecom-authorization:problem:{}", self.code)
    }
}

/// The kind of problem that each error is.
fn kind_of(error: &StepError) -> Kind {
    match error {
        StepError::NotInstalled => kinds::NOT_INSTALLED,
        StepError::MemberAuthorization => kinds::MEMBER_AUTHORIZATION,
        StepError::CorpMismatch { .. } => kinds::CORP_MISMATCH,
        StepError::StepsMissing(_) => kinds::STEPS_MISSING,
        StepError::StateChanged => kinds::STATE_CHANGED,
        StepError::ReplayRunning => kinds::REPLAY_RUNNING,
        StepError::InstallLinkExpired { .. } => kinds::INSTALL_LINK_EXPIRED,
        StepError::AssistLinkExpired => kinds::ASSIST_LINK_EXPIRED,
        StepError::TooManyAssistLinks { .. } => kinds::TOO_MANY_ASSIST_LINKS,
        StepError::TooManyBindings => kinds::TOO_MANY_BINDINGS,
        StepError::SecretRejected(_) => kinds::SECRET_REJECTED,
        StepError::WrongSecretKind { .. } => kinds::WRONG_SECRET_KIND,
        StepError::UnknownCorpId(_) => kinds::UNKNOWN_CORP_ID,
        StepError::InvalidField(_) => kinds::INVALID_FIELD,
        StepError::TooManyAttempts { .. } => kinds::TOO_MANY_ATTEMPTS,
        StepError::WecomBan { .. } => kinds::WECOM_BAN,
        StepError::WecomRefused(_) => kinds::WECOM_ERROR,
        StepError::WecomTimeout | StepError::AttemptInProgress => kinds::WECOM_TIMEOUT,
        StepError::SuiteTicketMissing => kinds::SUITE_TICKET_MISSING,
        StepError::NotFound => kinds::NOT_FOUND,
        StepError::UnknownPosition => kinds::MALFORMED_REQUEST,
        StepError::MalformedCallback => kinds::MALFORMED_CALLBACK,
        StepError::CallbackRejected => kinds::CALLBACK_REJECTED,
        StepError::Unavailable(_) => kinds::TEMPORARILY_UNAVAILABLE,
        StepError::Internal(_) => kinds::INTERNAL_ERROR,
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

    use serde_json::{Value, json};

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
            assert_eq!(problem.0.members, Members::default());
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
