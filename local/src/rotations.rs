//! Rotations of secrets: after `RotateSecret`, the function is invoked with its four steps, one after the other, until one
//! fails. Unlike Secrets Manager, it does not retry, and has no schedule.

use std::sync::Arc;

use devstack::Rotation;
use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;
use wecom_authorization::{entry::invoked, platform::Platform};

/// Runs the rotations of the sealing key as they start.
pub(crate) async fn run(platform: Arc<Platform>, mut rotations: UnboundedReceiver<Rotation>) {
    while let Some(rotation) = rotations.recv().await {
        if rotation.function_arn.ends_with("rotate-sealing-key") {
            carry_out(&platform, &rotation).await;
        } else {
            tracing::warn!(function = %rotation.function_arn, "unknown rotation function");
        }
    }
}

async fn carry_out(platform: &Platform, rotation: &Rotation) {
    for step in ["createSecret", "setSecret", "testSecret", "finishSecret"] {
        let request = json!({
            "Step": step,
            "SecretId": rotation.secret_arn,
            "ClientRequestToken": rotation.version_id,
        });
        // An error is logged where it occurs.
        if invoked::rotate_sealing_key(platform, request).await.is_err() {
            break;
        }
    }
}
