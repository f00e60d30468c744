//! The operators' routes (`/operator/…`) in a terminal: tables for people, JSON for programs.

mod api;
mod arguments;
mod print;

use std::{
    io::{self, BufRead, Write},
    time::Duration,
};

use indicatif::ProgressBar;
use reqwest::Method;
use serde_json::{Value, json};

pub use self::arguments::Arguments;
use self::{
    api::{Api, segment},
    arguments::{Command, Filter, ReplayCommand, Tenant},
    print::{Printer, replay_sentence, text},
};

/// Seconds between two looks at a replay, which moves once a minute.
const WATCH_EVERY: Duration = Duration::from_secs(5);

/// Reason why a command fails, worded for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// It is not said where the deployment is, or who asks.
    #[error("{0}")]
    Usage(String),
    /// The deployment can't be reached, or its answer can't be read.
    #[error("the deployment does not answer: {0}")]
    Unreachable(#[from] reqwest::Error),
    /// The deployment refused the request.
    #[error("{status} {code}{}{detail}", if .code.is_empty() { "" } else { ": " })]
    Refused {
        /// HTTP status.
        status: u16,
        /// Code of the error (docs/errors.md); empty where API Gateway or a proxy refused.
        code: String,
        /// What the deployment says about it.
        detail: String,
    },
    /// Some of the tenants could not be checked.
    #[error("{failed} of {asked} could not be checked")]
    SomeFailed {
        /// Number of tenants that could not be checked.
        failed: usize,
        /// Number of tenants.
        asked: usize,
    },
    /// The output is closed.
    #[error("{0}")]
    Output(#[from] io::Error),
}

/// Runs a command. `input` answers its questions, and `output` is where its result goes.
///
/// # Errors
/// [`OperatorError`].
pub async fn run(arguments: Arguments, input: &mut dyn BufRead, output: &mut dyn Write) -> Result<(), OperatorError> {
    let api = Api::new(&arguments.deployment)?;
    let mut printer = Printer {
        output,
        is_json: arguments.json,
    };
    match arguments.command {
        Command::Summary => printer.summary(&api.get("/operator/summary").await?)?,
        Command::Tenants { filter, most, all } => {
            let most = if all { usize::MAX } else { most };
            printer.tenants(&tenants(&api, &filter, most).await?)?;
        }
        Command::Tenant(tenant) => printer.tenant(&api.get(&path(&tenant, "")).await?)?,
        Command::Check { tenants, filter } => check(&api, tenants, &filter, &mut printer).await?,
        Command::Disconnect { tenant, yes } => {
            if !yes && !is_confirmed(&tenant, input)? {
                return Err(OperatorError::Usage("nothing was disconnected".to_owned()));
            }
            api.send(Method::POST, &path(&tenant, "/disconnect"), Some(&json!({})))
                .await?;
            printer.say(
                &format!("{} is disconnected", tenant.name()),
                &json!({"tenant_id": tenant.tenant_id}),
            )?;
        }
        Command::Claims => {
            let claims = pages(&api, "/operator/claims?limit=100", "claims", usize::MAX).await?;
            printer.claims(&claims)?;
        }
        Command::Assign { claim_id, tenant_id } => {
            let path = format!("/operator/claims/{}/assignment", segment(&claim_id));
            let state = api
                .send(Method::POST, &path, Some(&json!({"tenant_id": tenant_id})))
                .await?;
            let corporation = text(&state, "/installation/corp_name");
            printer.say(&format!("{corporation} is bound to {tenant_id}"), &state)?;
        }
        Command::Replay(replay) => self::replay(&api, replay, &mut printer).await?,
    }
    Ok(())
}

/// The path of a tenant's route.
fn path(tenant: &Tenant, verb: &str) -> String {
    let binding = tenant.binding.as_deref();
    let query = binding
        .map(|id| format!("?binding_id={}", segment(id)))
        .unwrap_or_default();
    format!("/operator/tenants/{}{verb}{query}", segment(&tenant.tenant_id))
}

async fn tenants(api: &Api, filter: &Filter, most: usize) -> Result<Vec<Value>, OperatorError> {
    let mut path = format!("/operator/tenants?limit={}", most.clamp(1, 100));
    path.extend(
        filter
            .fields()
            .map(|(name, value)| format!("&{name}={}", segment(value))),
    );
    pages(api, &path, "tenants", most).await
}

/// The rows of a list, from as many pages as that takes.
async fn pages(api: &Api, path: &str, rows: &str, most: usize) -> Result<Vec<Value>, OperatorError> {
    let progress = ProgressBar::new_spinner();
    let mut all: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    loop {
        let mut page = api.get(&format!("{path}&cursor={}", segment(&cursor))).await?;
        if let Some(Value::Array(rows)) = page.get_mut(rows).map(Value::take) {
            all.extend(rows);
        }
        progress.set_message(format!("{} {rows}", all.len()));
        progress.tick();
        match page.get("next_cursor").and_then(Value::as_str) {
            Some(next) if all.len() < most => next.clone_into(&mut cursor),
            _ => break,
        }
    }
    progress.finish_and_clear();
    all.truncate(most);
    Ok(all)
}

/// Asks WeCom about tenants, one after the other. One that can't be checked does not keep the next from it, unless the token is refused or
/// the deployment does not answer.
async fn check(
    api: &Api,
    tenants: Vec<String>,
    filter: &Filter,
    printer: &mut Printer<'_>,
) -> Result<(), OperatorError> {
    let named = tenants.into_iter().map(|tenant_id| Tenant {
        tenant_id,
        binding: None,
    });
    let mut wanted: Vec<_> = named.collect();
    if !filter.is_empty() {
        for row in self::tenants(api, filter, usize::MAX).await? {
            wanted.push(Tenant {
                tenant_id: text(&row, "/tenant_id").to_owned(),
                binding: Some(text(&row, "/binding_id").to_owned()),
            });
        }
    } else if wanted.is_empty() {
        return Err(OperatorError::Usage(
            "name tenants, or a filter such as --health broken".to_owned(),
        ));
    }
    let progress = ProgressBar::new(u64::try_from(wanted.len()).unwrap_or(u64::MAX));
    let (mut checked, mut failed, mut ended) = (Vec::new(), 0, Ok(()));
    for tenant in &wanted {
        match api.send(Method::POST, &path(tenant, "/check"), Some(&json!({}))).await {
            Ok(state) => checked.push(state),
            Err(OperatorError::Refused { status, code, detail }) if !matches!(status, 401 | 403) => {
                failed += 1;
                checked.push(json!({
                    "tenant_id": tenant.tenant_id,
                    "binding_id": tenant.binding,
                    "status": status,
                    "code": Some(code).filter(|code| !code.is_empty()),
                    "detail": detail,
                }));
            }
            Err(error) => {
                ended = Err(error);
                break;
            }
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    printer.checked(&checked)?;
    ended?;
    if failed > 0 {
        let asked = wanted.len();
        return Err(OperatorError::SomeFailed { failed, asked });
    }
    Ok(())
}

/// Whether the person types the tenant's id again.
fn is_confirmed(tenant: &Tenant, input: &mut dyn BufRead) -> Result<bool, OperatorError> {
    eprint!(
        "This deletes the credentials and events of {}. Type the tenant's id to go on: ",
        tenant.name()
    );
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(line.trim() == tenant.tenant_id)
}

async fn replay(api: &Api, command: ReplayCommand, printer: &mut Printer<'_>) -> Result<(), OperatorError> {
    let of = |id: &str| format!("/operator/replays/{}", segment(id));
    match command {
        ReplayCommand::Start(wanted) => {
            let replay = api
                .send(Method::POST, "/operator/replays", Some(&wanted.body()))
                .await?;
            printer.replay(&replay)?;
        }
        ReplayCommand::Show { replay_id, watch } => {
            let progress = ProgressBar::new_spinner();
            let replay = loop {
                let replay = api.get(&of(&replay_id)).await?;
                if !watch || text(&replay, "/status") != "running" {
                    break replay;
                }
                progress.set_message(replay_sentence(&replay));
                progress.tick();
                tokio::time::sleep(WATCH_EVERY).await;
            };
            progress.finish_and_clear();
            printer.replay(&replay)?;
        }
        ReplayCommand::Stop { replay_id } => {
            printer.replay(&api.send(Method::DELETE, &of(&replay_id), None).await?)?;
        }
    }
    Ok(())
}
