//! RotateSecret: the start of a rotation. It needs a registered handler ([`Devstack::rotations`](crate::Devstack::rotations)).

use serde::Deserialize;
use tokio::sync::mpsc;

use super::{
    Context, Outcome,
    output::Output,
    refusal::Refusal,
    secret::{CURRENT, Content, PENDING},
};

/// A rotation that has started. Secrets Manager then invokes the function with its four steps, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// ARN of the function (`RotationLambdaARN`).
    pub function_arn: String,
    /// ARN of the secret (`SecretId` of the steps).
    pub secret_arn: String,
    /// Id of the new version (`ClientRequestToken` of the steps).
    pub version_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Rotate {
    #[serde(default)]
    secret_id: String,
    client_request_token: Option<String>,
    #[serde(rename = "RotationLambdaARN")]
    rotation_lambda_arn: Option<String>,
    #[serde(rename = "RotateImmediately")]
    immediately: Option<bool>,
}

/// Creates a pending version without a value, and passes the rotation to its handler. The same token is the same rotation.
pub(super) fn rotate(context: &Context<'_>, input: Rotate, started: &mpsc::UnboundedSender<Rotation>) -> Outcome {
    if input.immediately == Some(false) {
        return Err(Refusal::invalid_request(
            "RotateImmediately=false is not supported by the local endpoint.",
        ));
    }
    let mut secret = context.vault.require(&input.secret_id)?.in_use()?;
    let function_arn = input.rotation_lambda_arn.or(secret.rotated_by.take());
    let Some(function_arn) = function_arn else {
        let message = "No Lambda rotation function ARN is associated with this secret.";
        return Err(Refusal::invalid_request(message));
    };
    let Some(version_id) = input.client_request_token else {
        let message = "You must provide a ClientRequestToken value. We recommend a UUID-type value.";
        return Err(Refusal::invalid_request(message));
    };
    let unfinished = secret
        .staged(PENDING)
        .is_some_and(|version| version.id != version_id && !version.stages.contains(CURRENT));
    if unfinished {
        return Err(Refusal::invalid_request("A previous rotation isn't complete."));
    }
    secret.rotated_by = Some(function_arn.clone());
    if secret.version(&version_id).is_none() {
        let stages = [PENDING.to_owned()].into();
        secret.add_version(&version_id, Content::None, Some(&stages), context.now)?;
    }
    context.vault.save(&secret)?;
    // Without a handler the rotation stays unfinished, as with a function that has been deleted.
    let _ = started.send(Rotation {
        function_arn,
        secret_arn: secret.arn.clone(),
        version_id: version_id.clone(),
    });
    Ok(Output::of(&secret).with("VersionId", version_id))
}
