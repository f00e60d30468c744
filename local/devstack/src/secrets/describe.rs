//! DescribeSecret, and the metadata of a secret in answers.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Context, Outcome, output::Output, request::OfSecret, secret::Secret};

pub(super) fn describe(context: &Context<'_>, input: &OfSecret) -> Outcome {
    let secret = context.vault.require(&input.secret_id)?;
    Ok(metadata(&secret, "VersionIdsToStages"))
}

/// The metadata that is set. `DescribeSecret` and `ListSecrets` have different names for the map of versions.
pub(super) fn metadata(secret: &Secret, versions_member: &str) -> Output {
    Output::of(secret)
        .with_some("Description", secret.description.as_deref())
        .with_some("KmsKeyId", secret.kms_key_id.as_deref())
        .with("CreatedDate", epoch(secret.created))
        .with("LastChangedDate", epoch(secret.changed))
        .with_some(
            "DeletedDate",
            secret.deletion.as_ref().map(|deletion| epoch(deletion.requested)),
        )
        .with_some("RotationEnabled", secret.rotated_by.as_ref().map(|_| true))
        .with_some("RotationLambdaARN", secret.rotated_by.as_deref())
        .with_some(versions_member, staged_versions(secret))
}

fn staged_versions(secret: &Secret) -> Option<Map<String, Value>> {
    let labelled = secret
        .versions
        .iter()
        .filter_map(|version| Some((version.id.clone(), version.labels()?.into())));
    Some(labelled.collect::<Map<_, _>>()).filter(|map| !map.is_empty())
}

/// A time in AWS's JSON: seconds since the epoch, with a fraction.
pub(super) fn epoch(time: Timestamp) -> Value {
    time.as_duration().as_secs_f64().into()
}
