//! The function that the platform's other services invoke, with IAM for a lock.

use lambda_runtime::Diagnostic;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    audit::Actor,
    http::Problem,
    ids::TenantId,
    startup::Platform,
    steps::{IssueAccessToken, Occasion, StepError, SuiteAccess, TokenKind},
};

/// What `issue-access-token` is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    tenant_id: String,
    kind: String,
    /// A token that WeCom refused (40014, 42001), so that it is not handed out again.
    rejected_access_token: Option<SecretString>,
}

/// Why an invocation failed: Lambda hands `code` to the caller as the error's type.
#[derive(Debug)]
pub struct InvocationError(Problem);

impl From<InvocationError> for Diagnostic {
    fn from(error: InvocationError) -> Self {
        Self {
            error_type: error.0.code().to_owned(),
            error_message: error.0.title().to_owned(),
        }
    }
}

/// `issue-access-token`: `{tenant_id, kind: contacts|external_contacts|installation}` → `{access_token, expires_at}`.
///
/// # Errors
/// The contract's codes.
pub async fn issue_access_token(platform: &Platform, request: Value) -> Result<Value, InvocationError> {
    let now = platform.clock.now();
    let failed = |error: StepError| InvocationError(Problem::from_step(&error, now));
    let malformed = |detail| InvocationError(Problem::malformed_request(detail));
    // The parser's own message might quote a token.
    let request: TokenRequest = serde_json::from_value(request)
        .map_err(|_| malformed("The input is {tenant_id, kind, rejected_access_token?}."))?;
    let tenant_id = TenantId::parse(&request.tenant_id).map_err(|_| malformed("The tenant id is malformed."))?;
    let kind = TokenKind::parse(&request.kind)
        .ok_or_else(|| malformed("The kind is contacts, external_contacts or installation."))?;
    let access = SuiteAccess {
        store: &platform.store,
        suite: &platform.suite,
        wecom: platform.wecom(),
    };
    let step = IssueAccessToken {
        access,
        vault: &platform.vault,
    };
    let actor = Actor::system();
    let occasion = Occasion {
        actor: &actor,
        clock: &*platform.clock,
        entropy: &*platform.entropy,
    };
    let issued = step
        .run(&tenant_id, kind, request.rejected_access_token, occasion)
        .await
        .map_err(failed)?;
    Ok(json!({"access_token": issued.access_token.expose_secret(), "expires_at": issued.expires_at}))
}
