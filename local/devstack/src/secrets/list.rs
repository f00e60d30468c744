//! ListSecrets: filter by name, order, pages.

use serde::Deserialize;
use serde_json::Value;

use super::{Context, Outcome, describe, output::Output, refusal::Refusal, request::page};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    #[serde(default)]
    filters: Vec<Filter>,
    #[serde(default)]
    include_planned_deletion: bool,
    max_results: Option<usize>,
    next_token: Option<String>,
    sort_order: Option<String>,
}

/// Secrets whose name begins with one of the values. AWS has other keys, and negated values; both are refused here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    key: String,
    values: Vec<String>,
}

pub(super) fn list(context: &Context<'_>, input: &List) -> Outcome {
    let is_supported =
        |filter: &Filter| filter.key == "name" && filter.values.iter().all(|value| !value.starts_with('!'));
    if !input.filters.iter().all(is_supported) {
        return Err(Refusal::invalid_request(
            "The local endpoint filters by the beginning of the name only.",
        ));
    }
    let mut secrets = context.vault.all()?;
    secrets.retain(|secret| {
        let begins = |filter: &Filter| filter.values.iter().any(|value| secret.name.starts_with(value));
        (input.include_planned_deletion || secret.deletion.is_none()) && input.filters.iter().all(begins)
    });
    secrets.sort_by(|a, b| (a.created, &a.name).cmp(&(b.created, &b.name)));
    if input.sort_order.as_deref() == Some("desc") {
        secrets.reverse();
    }
    let (secrets, token) = page(secrets, input.max_results, input.next_token.as_deref(), |secret| {
        &secret.name
    })?;
    let list = secrets
        .iter()
        .map(|secret| Value::from(describe::metadata(secret, "SecretVersionsToStages")));
    Ok(Output::default()
        .with("SecretList", list.collect::<Value>())
        .with_some("NextToken", token))
}
