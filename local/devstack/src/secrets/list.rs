//! ListSecrets: filters, order, pages.

use serde::Deserialize;
use serde_json::Value;

use super::{Context, Outcome, describe, output::Output, refusal::Refusal, request::page, secret::Secret};

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

/// All filters must hold; of a filter's values any. A value that begins with `!` must not hold.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    #[serde(default)]
    key: String,
    #[serde(default)]
    values: Vec<String>,
}

pub(super) fn list(context: &Context<'_>, input: &List) -> Outcome {
    if let Some(filter) = input
        .filters
        .iter()
        .find(|filter| !FILTER_KEYS.contains(&filter.key.as_str()))
    {
        return Err(Refusal::constraint(
            &format!("filters.{}", filter.key),
            "satisfy enum value set",
        ));
    }
    let mut secrets = context.vault.all()?;
    secrets.retain(|secret| {
        (input.include_planned_deletion || secret.deletion.is_none())
            && input.filters.iter().all(|filter| filter.matches(secret))
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

impl Filter {
    fn matches(&self, secret: &Secret) -> bool {
        self.values.iter().any(|value| match value.strip_prefix('!') {
            Some(value) => !self.holds(secret, value),
            None => self.holds(secret, value),
        })
    }

    fn holds(&self, secret: &Secret, value: &str) -> bool {
        let name = secret.name.starts_with(value);
        let description = || {
            let description = secret.description.as_deref().unwrap_or_default().to_lowercase();
            description
                .split_whitespace()
                .any(|word| word.starts_with(&value.to_lowercase()))
        };
        let tag_key = || secret.tags.iter().any(|tag| tag.key.starts_with(value));
        let tag_value = || secret.tags.iter().any(|tag| tag.value.starts_with(value));
        match self.key.as_str() {
            "name" => name,
            "description" => description(),
            "tag-key" => tag_key(),
            "tag-value" => tag_value(),
            "all" => name || description() || tag_key() || tag_value(),
            // Nothing here has a primary region elsewhere, or belongs to another service.
            _ => false,
        }
    }
}

const FILTER_KEYS: [&str; 7] = [
    "all",
    "description",
    "name",
    "owning-service",
    "primary-region",
    "tag-key",
    "tag-value",
];
