//! CreateSecret and UpdateSecret.

use serde::Deserialize;
use serde_json::Value;

use super::{
    Context, Outcome, key,
    output::Output,
    refusal::Refusal,
    request::{NewValue, check_name, check_tags},
    secret::{Content, Secret, Tag},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    #[serde(default)]
    name: String,
    description: Option<String>,
    kms_key_id: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    add_replica_regions: Vec<Value>,
    #[serde(flatten)]
    value: NewValue,
}

/// Creates a secret. The same token with the same value again is the same creation, so a lost answer can be retried.
pub(super) fn create(context: &Context<'_>, input: Create) -> Outcome {
    check_name(&input.name)?;
    check_tags(&input.tags)?;
    if !input.add_replica_regions.is_empty() {
        return Err(Refusal::invalid_request(
            "Replication is not supported by the local endpoint.",
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
        accessed: None,
        deletion: None,
        tags: input.tags,
        rotated_by: None,
        versions: Vec::new(),
    };
    let version_id = add_current(&mut secret, value, context)?;
    context.vault.save(&secret)?;
    Ok(Output::of(&secret).with_some("VersionId", version_id))
}

/// Adds a current version when there is a value, and says which.
fn add_current(
    secret: &mut Secret,
    value: Option<(String, Content)>,
    context: &Context<'_>,
) -> Result<Option<String>, Refusal> {
    let Some((version_id, value)) = value else {
        return Ok(None);
    };
    secret.add_version(&version_id, value, None, context.now)?;
    Ok(Some(version_id))
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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Update {
    #[serde(default)]
    secret_id: String,
    description: Option<String>,
    kms_key_id: Option<String>,
    #[serde(flatten)]
    value: NewValue,
}

/// Changes the description or the key, and makes a new current version when there is a value.
pub(super) fn update(context: &Context<'_>, input: Update) -> Outcome {
    let value = input.value.check()?;
    let mut secret = context.vault.require(&input.secret_id)?.in_use()?;
    let version_id = add_current(&mut secret, value, context)?;
    if let Some(description) = input.description {
        secret.description = Some(description).filter(|text| !text.is_empty());
    }
    secret.kms_key_id = input.kms_key_id.or(secret.kms_key_id);
    secret.changed = context.now;
    context.vault.save(&secret)?;
    Ok(Output::of(&secret).with_some("VersionId", version_id))
}

const ACCOUNT: &str = "000000000000";
