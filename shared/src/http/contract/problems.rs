//! Problem documents: a schema for each code, and examples, which are what the code answers.

use jiff::Timestamp;
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};
use wecom_client::{ErrorCode, Refusal};

use crate::{
    authorization::NextStep,
    error::{FieldCode, FieldError, SecretKind, StepError},
    http::problem::{Common, Kind, Members, Problem, kinds},
};

const REQUEST_ID: &str = "8f5f3a0e-6f0b-4f5e-9d0b-2b1c6a4f7d11";

/// The schema of a kind of problem: RFC 9457's members, and those that it has of its own.
pub(super) fn schema(kind: Kind, generator: &mut SchemaGenerator) -> Value {
    let common = generator.subschema_for::<Common<'_>>();
    let members = generator.root_schema_for::<Members>();
    let (required, optional) = own_members(kind);
    let mut properties = Map::from_iter([
        ("type".to_owned(), json!({"const": kind.urn()})),
        ("status".to_owned(), json!({"const": kind.status})),
        ("code".to_owned(), json!({"const": kind.code})),
    ]);
    for name in required.iter().chain(optional) {
        let mut member = members.pointer(&format!("/properties/{name}")).cloned();
        properties.insert((*name).to_owned(), member.take().expect("each is one of `Members`"));
    }
    let mut schema = json!({
        "description": kind.detail, "allOf": [common], "unevaluatedProperties": false, "properties": properties,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// The members beside those that all have: the required ones and the optional ones.
pub(super) fn own_members(kind: Kind) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        kinds::MALFORMED_REQUEST => (&[], &["errors"]),
        kinds::INVALID_FIELD => (&["errors"], &[]),
        kinds::STEPS_MISSING => (&["missing"], &[]),
        kinds::SECRET_REJECTED | kinds::UNKNOWN_CORP_ID => (&["wecom"], &[]),
        kinds::WRONG_SECRET_KIND => (&["wecom"], &["looks_like"]),
        kinds::WECOM_ERROR => (&[], &["wecom"]),
        kinds::TOO_MANY_ATTEMPTS | kinds::TOO_MANY_ASSIST_LINKS | kinds::TEMPORARILY_UNAVAILABLE | kinds::WECOM_BAN => {
            (&["retry_after"], &[])
        }
        _ => (&[], &[]),
    }
}

/// Problem documents of this kind, by name.
pub(super) fn examples(kind: Kind) -> Vec<(&'static str, Value)> {
    let mut examples: Vec<_> = all()
        .into_iter()
        .filter(|(_, problem)| problem.code() == kind.code)
        .collect();
    if examples.is_empty() {
        examples.push((kind.code, Problem::new(kind)));
    }
    let document = |problem: Problem| {
        let response = problem.into_response(REQUEST_ID);
        serde_json::from_slice(response.body()).expect("a problem document is JSON")
    };
    examples
        .into_iter()
        .map(|(name, problem)| (name, document(problem)))
        .collect()
}

/// The kinds that have members of their own, with such members.
fn all() -> Vec<(&'static str, Problem)> {
    let now = Timestamp::UNIX_EPOCH;
    let in_seconds = |seconds| now + jiff::SignedDuration::from_secs(seconds);
    let step = |error| Problem::from_step(&error, now);
    vec![
        (
            "malformed_request",
            Problem::malformed_request("The body is not a JSON object."),
        ),
        ("malformed_request_unknown_field", Problem::unknown_field("tenant_id")),
        ("malformed_request_wrong_type", Problem::wrong_type("since")),
        ("malformed_request_cursor", Problem::malformed_field("cursor")),
        (
            "steps_missing",
            step(StepError::StepsMissing(vec![
                NextStep::ContactsCallback,
                NextStep::ExternalContactsSecret,
                NextStep::ExternalContactsCallback,
            ])),
        ),
        (
            "secret_rejected",
            step(StepError::SecretRejected(Some(refusal(40001, "invalid credential")))),
        ),
        (
            "wrong_secret_kind",
            step(StepError::WrongSecretKind {
                looks_like: Some(SecretKind::ExternalContacts),
                refusal: refusal(48002, "api forbidden"),
            }),
        ),
        (
            "unknown_corp_id",
            step(StepError::UnknownCorpId(refusal(40013, "invalid corpid"))),
        ),
        (
            "invalid_field_corp_id",
            step(StepError::InvalidField(FieldError {
                field: "corp_id",
                code: FieldCode::Missing,
                detail: crate::steps::CORP_ID_NEEDED.into(),
            })),
        ),
        (
            "invalid_field_domain",
            step(StepError::InvalidField(crate::steps::NOT_A_DOMAIN)),
        ),
        (
            "invalid_field_until",
            step(StepError::InvalidField(crate::steps::UNTIL_IS_NOT_LATER)),
        ),
        ("replay_running", step(StepError::ReplayRunning)),
        (
            "too_many_attempts",
            step(StepError::TooManyAttempts {
                until: in_seconds(1742),
            }),
        ),
        (
            "too_many_assist_links",
            step(StepError::TooManyAssistLinks {
                until: in_seconds(1264),
            }),
        ),
        (
            "wecom_error",
            step(StepError::WecomRefused(Some(refusal(40082, "invalid suite_token")))),
        ),
        ("wecom_error_unintelligible", step(StepError::WecomRefused(None))),
        (
            "temporarily_unavailable",
            step(StepError::Unavailable("an example".into())),
        ),
        (
            "wecom_ban",
            step(StepError::WecomBan {
                until: in_seconds(3511),
            }),
        ),
    ]
}

/// An error of WeCom's, in its words.
fn refusal(errcode: i64, message: &str) -> Refusal {
    Refusal {
        errcode: ErrorCode(errcode),
        errmsg: format!(
            "{message}, hint: [1795362145299480_75_340a67f4f897b092a117c18bafd449ed], from ip: 203.0.113.9, \
             more info at https://open.work.weixin.qq.com/devtool/query?e={errcode}"
        ),
    }
}
