//! CreateSecret.

use serde::Deserialize;
use serde_json::Value;

use super::{
    Context, Outcome, key,
    output::Output,
    refusal::Refusal,
    request::{NewValue, check_name},
    secret::{Content, Secret},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    #[serde(default)]
    name: String,
    description: Option<String>,
    kms_key_id: Option<String>,
    #[serde(default)]
    tags: Vec<Value>,
    #[serde(default)]
    add_replica_regions: Vec<Value>,
    #[serde(flatten)]
    value: NewValue,
}

/// Creates a secret. A request with the same token and value is the same creation, so that a client can retry.
pub(super) fn create(context: &Context<'_>, input: Create) -> Outcome {
    check_name(&input.name)?;
    if !input.add_replica_regions.is_empty() || !input.tags.is_empty() {
        return Err(Refusal::invalid_request(
            "Replication and tags are not supported by the local endpoint.",
        ));
    }
    let value = input.value.check()?;
    if let Some(existing) = context.vault.named(&input.name)? {
        return recreate(&existing, value);
    }
    let mut secret = Secret {
        arn: format!(
            "arn:aws:secretsmanager:{}:{ACCOUNT}:secret:{}-{}",
            context.region,
            input.name,
            key::random_suffix()
        ),
        name: input.name,
        description: input.description.filter(|text| !text.is_empty()),
        kms_key_id: input.kms_key_id,
        created: context.now,
        changed: context.now,
        deletion: None,
        rotated_by: None,
        versions: Vec::new(),
    };
    let mut created = None;
    if let Some((version_id, content)) = value {
        secret.add_version(&version_id, content, None, context.now)?;
        created = Some(version_id);
    }
    context.vault.save(&secret)?;
    Ok(Output::of(&secret).with_some("VersionId", created))
}

fn recreate(existing: &Secret, value: Option<(String, Content)>) -> Outcome {
    if existing.deletion.is_some() {
        return Err(Refusal::invalid_request(
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        ));
    }
    let (token, content) = value.ok_or_else(|| Refusal::name_exists(&existing.name))?;
    match existing.version(&token) {
        None => Err(Refusal::name_exists(&existing.name)),
        Some(version) if version.content == content => Ok(Output::of(existing).with("VersionId", token)),
        Some(_) => Err(Refusal::token_in_use(&token, &existing.arn)),
    }
}

const ACCOUNT: &str = "000000000000";
