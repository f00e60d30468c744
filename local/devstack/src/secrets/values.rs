//! GetSecretValue, PutSecretValue and UpdateSecretVersionStage.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{
    Context, Outcome, describe,
    output::Output,
    refusal::Refusal,
    request::{NewValue, check_length},
    secret::{CURRENT, Content, Secret, Version},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Read {
    #[serde(default)]
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

pub(super) fn read(context: &Context<'_>, input: &Read) -> Outcome {
    let secret = context.vault.require(&input.secret_id)?.in_use()?;
    let version = find(&secret, input.version_id.as_deref(), input.version_stage.as_deref())?;
    let (member, value) = match &version.content {
        Content::Text(text) => ("SecretString", text),
        Content::Binary(binary) => ("SecretBinary", binary),
        Content::None => return Err(Refusal::value_not_found(&format!("VersionId: {}", version.id))),
    };
    Ok(Output::of(&secret)
        .with("VersionId", version.id.as_str())
        .with(member, value.as_str())
        .with_some("VersionStages", version.labels())
        .with("CreatedDate", describe::epoch(version.created)))
}

fn find<'a>(secret: &'a Secret, id: Option<&str>, stage: Option<&str>) -> Result<&'a Version, Refusal> {
    let Some(id) = id else {
        let stage = stage.unwrap_or(CURRENT);
        return secret
            .staged(stage)
            .ok_or_else(|| Refusal::value_not_found(&format!("staging label: {stage}")));
    };
    let version = secret
        .version(id)
        .ok_or_else(|| Refusal::value_not_found(&format!("VersionId: {id}")))?;
    if stage.is_some_and(|stage| !version.stages.contains(stage)) {
        let message = "You provided a VersionStage that is not associated to the provided VersionId.";
        return Err(Refusal::invalid_request(message));
    }
    Ok(version)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Put {
    #[serde(default)]
    secret_id: String,
    version_stages: Option<BTreeSet<String>>,
    #[serde(flatten)]
    value: NewValue,
}

pub(super) fn put(context: &Context<'_>, input: Put) -> Outcome {
    let Some((token, value)) = input.value.check()? else {
        return Err(Refusal::invalid_request(
            "You must provide either SecretString or SecretBinary.",
        ));
    };
    if let Some(stages) = &input.version_stages {
        check_length("versionStages", stages.len(), 20)?;
        stages
            .iter()
            .try_for_each(|stage| check_length("versionStages", stage.len(), 256))?;
    }
    let mut secret = context.vault.require(&input.secret_id)?.in_use()?;
    secret.add_version(&token, value, input.version_stages.as_ref(), context.now)?;
    context.vault.save(&secret)?;
    let labels = secret.version(&token).and_then(Version::labels);
    Ok(Output::of(&secret)
        .with("VersionId", token)
        .with_some("VersionStages", labels))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MoveStage {
    #[serde(default)]
    secret_id: String,
    #[serde(default)]
    version_stage: String,
    remove_from_version_id: Option<String>,
    move_to_version_id: Option<String>,
}

pub(super) fn move_stage(context: &Context<'_>, input: &MoveStage) -> Outcome {
    check_length("versionStage", input.version_stage.len(), 256)?;
    let mut secret = context.vault.require(&input.secret_id)?.in_use()?;
    let (from, to) = (
        input.remove_from_version_id.as_deref(),
        input.move_to_version_id.as_deref(),
    );
    secret.move_stage(&input.version_stage, from, to)?;
    secret.changed = context.now;
    context.vault.save(&secret)?;
    Ok(Output::of(&secret))
}
