//! DescribeSecret and ListSecretVersionIds, and how a secret's metadata is written.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Context, Outcome,
    output::Output,
    request::{OfSecret, page},
    secret::Secret,
};

pub(super) fn describe(context: &Context<'_>, input: &OfSecret) -> Outcome {
    let secret = context.vault.require(&input.secret_id)?;
    Ok(metadata(&secret, "VersionIdsToStages"))
}

/// The metadata. `DescribeSecret` and `ListSecrets` call the map of versions differently. What is not set is left out.
pub(super) fn metadata(secret: &Secret, versions_member: &str) -> Output {
    Output::of(secret)
        .with_some("Description", secret.description.as_deref())
        .with_some("KmsKeyId", secret.kms_key_id.as_deref())
        .with("CreatedDate", epoch(secret.created))
        .with("LastChangedDate", epoch(secret.changed))
        .with_some("LastAccessedDate", secret.accessed.map(epoch))
        .with_some(
            "DeletedDate",
            secret.deletion.as_ref().map(|deletion| epoch(deletion.requested)),
        )
        .with_some("RotationEnabled", secret.rotated_by.as_ref().map(|_| true))
        .with_some("RotationLambdaARN", secret.rotated_by.as_deref())
        .with_some("Tags", (!secret.tags.is_empty()).then(|| json!(secret.tags)))
        .with_some(versions_member, staged_versions(secret))
}

fn staged_versions(secret: &Secret) -> Option<Map<String, Value>> {
    let labelled = secret
        .versions
        .iter()
        .filter_map(|version| Some((version.id.clone(), version.labels()?.into())));
    Some(labelled.collect::<Map<_, _>>()).filter(|map| !map.is_empty())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListVersions {
    #[serde(default)]
    secret_id: String,
    #[serde(default)]
    include_deprecated: bool,
    max_results: Option<usize>,
    next_token: Option<String>,
}

pub(super) fn list_versions(context: &Context<'_>, input: &ListVersions) -> Outcome {
    let secret = context.vault.require(&input.secret_id)?;
    let listed = secret
        .versions
        .iter()
        .filter(|version| input.include_deprecated || !version.stages.is_empty());
    let token = input.next_token.as_deref();
    let (versions, next_token) = page(listed.collect(), input.max_results, token, |version| &version.id)?;
    let key = secret.kms_key_id.as_deref().unwrap_or("DefaultEncryptionKey");
    let versions = versions.into_iter().map(|version| {
        Output::default()
            .with("VersionId", version.id.as_str())
            .with_some("VersionStages", version.labels())
            .with("CreatedDate", epoch(version.created))
            .with_some("LastAccessedDate", version.accessed.map(epoch))
            .with("KmsKeyIds", vec![key])
    });
    Ok(Output::of(&secret)
        .with("Versions", versions.map(Value::from).collect::<Value>())
        .with_some("NextToken", next_token))
}

/// AWS's JSON writes a time as seconds with a fraction.
pub(super) fn epoch(time: Timestamp) -> Value {
    time.as_duration().as_secs_f64().into()
}
