//! The functions that are invoked rather than routed: by the platform's other services, with IAM for a lock, by a schedule, and
//! by Secrets Manager.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use lambda_runtime::Diagnostic;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    audit::Actor,
    error::StepError,
    http::Problem,
    ids::{BindingId, TenantId},
    platform::Platform,
    sealing::Recipient,
    steps::{
        CheckHealth, ExportBindings, Exported, ImportBindings, IssueAccessToken, LineOutcome, LineReport,
        ReconcileSecrets, RotateSealingKey, RotationStep, RunReplays, TokenKind,
    },
};

/// The input of `issue-access-token`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    tenant_id: String,
    /// One of the tenant's bindings; without it, the first.
    binding_id: Option<String>,
    kind: String,
    /// A token that WeCom refused (40014, 42001), so that it is not issued again.
    rejected_access_token: Option<SecretString>,
}

/// The failure of an invocation. Lambda returns its code to the caller as `errorType`, its title as `errorMessage`.
#[derive(Debug)]
pub struct InvocationError {
    code: &'static str,
    title: &'static str,
}

impl From<Problem> for InvocationError {
    fn from(problem: Problem) -> Self {
        Self {
            code: problem.code(),
            title: problem.title(),
        }
    }
}

impl From<InvocationError> for Diagnostic {
    fn from(error: InvocationError) -> Self {
        Self {
            error_type: error.code.to_owned(),
            error_message: error.title.to_owned(),
        }
    }
}

/// `issue-access-token`: `{tenant_id, binding_id?, kind: contacts|external_contacts|installation|customized_app}` →
/// `{access_token, expires_at}`.
///
/// # Errors
/// The contract's codes.
pub async fn issue_access_token(platform: &Platform, request: Value) -> Result<Value, InvocationError> {
    let now = platform.clock.now();
    let failed = |error: StepError| InvocationError::from(Problem::from_step(&error, now));
    let malformed = |detail| InvocationError::from(Problem::malformed_request(detail));
    // The parser's own message might quote a token.
    let request: TokenRequest = serde_json::from_value(request)
        .map_err(|_| malformed("The input is {tenant_id, binding_id?, kind, rejected_access_token?}."))?;
    let tenant_id = TenantId::of_tenant(&request.tenant_id).map_err(|_| malformed("The tenant id is malformed."))?;
    let binding_id = request
        .binding_id
        .as_deref()
        .map_or(Ok(BindingId::first()), BindingId::parse);
    let tenant_id = tenant_id.binding(&binding_id.map_err(|_| malformed("The binding id is malformed."))?);
    let kind = TokenKind::parse(&request.kind)
        .ok_or_else(|| malformed("The kind is contacts, external_contacts, installation or customized_app."))?;
    let step = IssueAccessToken {
        suite: platform.suite(),
        vault: &platform.vault,
    };
    let actor = Actor::system();
    let issued = step
        .run(
            &tenant_id,
            kind,
            request.rejected_access_token,
            platform.context(&actor),
        )
        .await
        .map_err(failed)?;
    Ok(json!({"access_token": issued.token.expose_secret(), "expires_at": issued.expires_at}))
}

/// The input of `import-bindings`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ImportRequest {
    /// Lines of a file, as they are (docs/importing.md).
    lines: Vec<SecretString>,
    #[serde(default)]
    dry_run: bool,
}

/// A run of `import-bindings` begins no line after this time. The function's timeout is longer by the duration of a line, and shorter than
/// the plan to write a Secret lasts.
const IMPORT: SignedDuration = SignedDuration::from_mins(1);

/// `import-bindings`: `{lines, dry_run?}` → `{counts, lines: [{line, tenant_id?, outcome, code?, field?}]}`.
///
/// # Errors
/// `malformed_request`. What is wrong with a line is part of the answer.
pub async fn import_bindings(platform: &Platform, request: Value) -> Result<Value, InvocationError> {
    // The parser's own message might quote a Secret.
    let request: ImportRequest = serde_json::from_value(request)
        .map_err(|_| InvocationError::from(Problem::malformed_request("The input is {lines, dry_run?}.")))?;
    let now = platform.clock.now();
    let step = ImportBindings {
        import: platform.import(),
    };
    let actor = Actor::system();
    let reports = step
        .run(&request.lines, request.dry_run, now + IMPORT, platform.context(&actor))
        .await;
    let mut counts = BTreeMap::<&str, usize>::new();
    let mut lines = Vec::new();
    for (number, LineReport { tenant_id, outcome }) in (1..).zip(reports) {
        let (word, code, field) = match &outcome {
            LineOutcome::Imported => ("imported", None, None),
            LineOutcome::Already => ("already", None, None),
            LineOutcome::Importable => ("importable", None, None),
            LineOutcome::Refused((fault, field)) => ("refused", Some(json!(fault)), *field),
            LineOutcome::Failed(error) => {
                let problem = Problem::from_step(error, platform.clock.now());
                ("failed", Some(json!(problem.code())), None)
            }
            LineOutcome::NotBegun => ("not_begun", None, None),
        };
        *counts.entry(word).or_default() += 1;
        let mut report = json!({"line": number, "outcome": word});
        for (name, value) in [
            (
                "tenant_id",
                tenant_id.as_ref().map(|tenant_id| json!(tenant_id.tenant())),
            ),
            ("binding_id", tenant_id.as_ref().and_then(further)),
            ("code", code),
            ("field", field.map(|field| json!(field))),
        ] {
            if let (Some(value), Some(report)) = (value, report.as_object_mut()) {
                report.insert(name.to_owned(), value);
            }
        }
        lines.push(report);
    }
    tracing::info!(?counts, dry_run = request.dry_run, "bindings imported");
    Ok(json!({"counts": counts, "lines": lines}))
}

/// The binding's id, unless it is the tenant's first.
fn further(tenant_id: &TenantId) -> Option<Value> {
    tenant_id.is_further().then(|| json!(tenant_id.binding_id()))
}

/// The input of `export-bindings`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportRequest {
    /// The key that the lines are sealed to.
    recipient: String,
    /// Who exports, for the audit trail.
    exported_by: String,
    /// The tenants; absent: all.
    tenants: Option<Vec<String>>,
    /// About how many bindings a page has, up to 300, which it has without.
    limit: Option<usize>,
    /// Of the answer before.
    cursor: Option<String>,
}

/// A run of `export-bindings` begins nothing after this time. The function's timeout is longer by the duration of a hundred bindings.
const EXPORT: SignedDuration = SignedDuration::from_mins(1);
/// The number of bindings of a page. It is less than Lambda's 6 MB: a page of Secrets Manager's list has up to a hundred more,
/// and a line up to 3 KiB.
const PAGE: usize = 300;
/// Greatest length of the name of who exports: an ARN has fewer characters.
const MOST_NAME_CHARS: usize = 512;
/// Most tenants of one invocation.
const MOST_TENANTS: usize = 1000;

/// `export-bindings`: `{recipient, exported_by, tenants?, limit?, cursor?}` → `{exported, left_out: [{tenant_id, binding_id?,
/// code, field?}], sealed,
/// next_cursor}`.
///
/// # Errors
/// `malformed_request`, `malformed_recipient`, `malformed_tenant_id`, `malformed_name`, or the contract's codes. The same page can be
/// asked for again.
pub async fn export_bindings(platform: &Platform, request: Value) -> Result<Value, InvocationError> {
    let malformed = |code, title| InvocationError { code, title };
    let request: ExportRequest = serde_json::from_value(request)
        .map_err(|_| Problem::malformed_request("The input is {recipient, exported_by, tenants?, limit?, cursor?}."))?;
    // The text is not repeated: it may be a private key.
    let recipient = Recipient::parse(&request.recipient).map_err(|_| {
        malformed(
            "malformed_recipient",
            "The recipient is not an X25519 public key of age (age1...)",
        )
    })?;
    let is_name = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    let by =
        Some(request.exported_by).filter(|by| (1..=MOST_NAME_CHARS).contains(&by.len()) && by.bytes().all(is_name));
    let by = by.ok_or(malformed(
        "malformed_name",
        "exported_by has 1 to 512 printable ASCII characters",
    ))?;
    let tenant = |text: &String| TenantId::of_tenant(text);
    let malformed_tenant = |_| malformed("malformed_tenant_id", "A tenant id is malformed");
    let exported = match request.tenants {
        None => Exported::All(request.cursor),
        Some(tenants) if tenants.is_empty() || tenants.len() > MOST_TENANTS => {
            return Err(Problem::malformed_request("There are 1 to 1000 tenants.").into());
        }
        Some(tenants) => {
            let tenants = tenants
                .iter()
                .map(tenant)
                .collect::<Result<_, _>>()
                .map_err(malformed_tenant)?;
            let from = request.cursor.as_deref().map(TenantId::parse).transpose();
            Exported::Of(
                tenants,
                from.map_err(|_| Problem::malformed_request("The cursor is another's."))?,
            )
        }
    };
    let limit = request.limit.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&limit) {
        return Err(Problem::malformed_request("The limit is 1 to 300.").into());
    }
    let step = ExportBindings {
        export: platform.export(),
        limit,
    };
    let actor = Actor::operator(&by);
    let page = step
        .run(
            exported,
            &recipient,
            platform.clock.now() + EXPORT,
            platform.context(&actor),
        )
        .await
        .map_err(|error| Problem::from_step(&error, platform.clock.now()))?;
    let left_out = page.left_out.iter().map(|left_out| {
        let mut line = json!({"tenant_id": left_out.tenant_id.tenant(), "code": left_out.code});
        let field = left_out.field.map(|field| json!(field));
        for (name, value) in [("binding_id", further(&left_out.tenant_id)), ("field", field)] {
            if let (Some(value), Some(line)) = (value, line.as_object_mut()) {
                line.insert(name.to_owned(), value);
            }
        }
        line
    });
    let left_out: Vec<_> = left_out.collect();
    // The alarm counts the function's invocations (template.yaml).
    tracing::warn!(
        exported = page.exported,
        left_out = left_out.len(),
        by,
        recipient = recipient.as_str(),
        "bindings exported"
    );
    Ok(json!({
        "exported": page.exported, "left_out": left_out, "sealed": page.sealed, "next_cursor": page.next,
    }))
}

/// The number of tenants that one run checks: with a run every five minutes and a check every twelve hours it is enough
/// for 100,000 tenants (694 per run).
const SHARE: usize = 800;
/// A run begins no check after this time. The function's timeout is longer by the duration of one check.
const RUN: SignedDuration = SignedDuration::from_mins(4);

/// `check-health`: checks the tenants that are due. The input is ignored.
///
/// # Errors
/// The contract's codes.
pub async fn check_health(platform: &Platform, _schedule: Value) -> Result<Value, InvocationError> {
    let now = platform.clock.now();
    let dead_letters = platform.dead_letters();
    let step = CheckHealth {
        lifecycle: platform.lifecycle(),
        keys: &platform.keys,
        dead_letters: &dead_letters,
    };
    let actor = Actor::system();
    let run = step
        .run(SHARE, now + RUN, platform.context(&actor))
        .await
        .map_err(|error| InvocationError::from(Problem::from_step(&error, platform.clock.now())))?;
    // The age of the first suite's ticket; the step has logged that of each suite.
    tracing::info!(
        health.checked = run.checked,
        health.failed = run.failed,
        suite.ticket_age_seconds = run.ticket_age_seconds.unwrap_or(i64::MAX),
        "health checked"
    );
    Ok(json!({"checked": run.checked, "failed": run.failed, "ticket_age_seconds": run.ticket_age_seconds}))
}

/// A run of `reconcile-secrets` begins no page after this time. The function's timeout is two minutes longer.
const RECONCILIATION: SignedDuration = SignedDuration::from_mins(13);

/// `reconcile-secrets`: compares the tenants' secrets with the records. The input is ignored.
///
/// # Errors
/// The contract's codes.
pub async fn reconcile_secrets(platform: &Platform, _schedule: Value) -> Result<Value, InvocationError> {
    let now = platform.clock.now();
    let step = ReconcileSecrets {
        store: &platform.store,
        vault: &platform.vault,
    };
    let actor = Actor::system();
    let run = step
        .run(now + RECONCILIATION, platform.context(&actor))
        .await
        .map_err(|error| InvocationError::from(Problem::from_step(&error, platform.clock.now())))?;
    tracing::info!(
        secrets.compared = run.compared,
        secrets.orphaned = run.orphaned,
        secrets.failed = run.failed,
        "secrets compared with the records"
    );
    Ok(json!({"compared": run.compared, "orphaned": run.orphaned, "failed": run.failed}))
}

/// A run of `run-replays` begins no batch after this time. The function's timeout is 15 seconds longer.
const REPLAYS: SignedDuration = SignedDuration::from_secs(45);

/// `run-replays`: takes the replays that run further by a minute's share. The input is ignored.
///
/// # Errors
/// The contract's codes.
pub async fn run_replays(platform: &Platform, _schedule: Value) -> Result<Value, InvocationError> {
    let now = platform.clock.now();
    let step = RunReplays { store: &platform.store };
    let actor = Actor::system();
    let run = step
        .run(now + REPLAYS, platform.context(&actor))
        .await
        .map_err(|error| InvocationError::from(Problem::from_step(&error, platform.clock.now())))?;
    Ok(json!({"replayed": run.replayed, "failed": run.failed}))
}

/// The input of a rotation function. Secrets Manager sends a `RotationToken`, too, which only a role of another account
/// needs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RotationRequest {
    step: String,
    secret_id: String,
    client_request_token: String,
}

/// `rotate-sealing-key`: one of the four steps of Secrets Manager, which ignores the output.
///
/// # Errors
/// The contract's codes; Secrets Manager only sees that there is one.
pub async fn rotate_sealing_key(platform: &Platform, request: Value) -> Result<Value, InvocationError> {
    let malformed = || {
        InvocationError::from(Problem::malformed_request(
            "The input is {Step, SecretId, ClientRequestToken}, as Secrets Manager sends it.",
        ))
    };
    let request: RotationRequest = serde_json::from_value(request).map_err(|_| malformed())?;
    let rotation_step = RotationStep::parse(&request.step).ok_or_else(malformed)?;
    let step = RotateSealingKey {
        store: &platform.store,
        vault: &platform.vault,
    };
    let actor = Actor::system();
    step.run(
        rotation_step,
        &request.secret_id,
        &request.client_request_token,
        platform.context(&actor),
    )
    .await
    .map_err(|error| InvocationError::from(Problem::from_step(&error, platform.clock.now())))?;
    Ok(Value::Null)
}
