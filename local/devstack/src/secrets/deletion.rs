//! DeleteSecret and RestoreSecret.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{Context, Outcome, describe, key, output::Output, refusal::Refusal, request::OfSecret, secret::Deletion};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Delete {
    #[serde(default)]
    secret_id: String,
    recovery_window_in_days: Option<i64>,
    #[serde(default)]
    force_delete_without_recovery: bool,
}

/// Schedules the deletion, or deletes at once when forced. A forced deletion of a secret that does not exist succeeds.
pub(super) fn delete(context: &Context<'_>, input: &Delete) -> Outcome {
    let window = input.recovery_window_in_days;
    if input.force_delete_without_recovery {
        if window.is_some() {
            let message = "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.";
            return Err(Refusal::invalid_parameter(message));
        }
        return force(context, &input.secret_id);
    }
    let days = window.unwrap_or(DEFAULT_WINDOW_DAYS);
    if !(7..=30).contains(&days) {
        let message = "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).";
        return Err(Refusal::invalid_parameter(message));
    }
    let mut secret = context.vault.require(&input.secret_id)?;
    if secret.deletion.is_some() {
        return Err(Refusal::invalid_request(
            "You can't perform this operation on the secret because it was already scheduled for deletion.",
        ));
    }
    let due = context
        .now
        .checked_add(SignedDuration::from_hours(24 * days))
        .unwrap_or(Timestamp::MAX);
    secret.deletion = Some(Deletion {
        requested: context.now,
        due,
    });
    context.vault.save(&secret)?;
    Ok(Output::of(&secret).with("DeletionDate", describe::epoch(due)))
}

fn force(context: &Context<'_>, id: &str) -> Outcome {
    let output = match context.vault.find(id)? {
        Some(secret) => {
            context.vault.remove(&secret.name)?;
            Output::of(&secret)
        }
        None if id.starts_with("arn:") => Output::default()
            .with("ARN", id)
            .with_some("Name", id.rsplit(':').next()),
        None => {
            let suffix = key::random_suffix();
            let arn = format!(
                "arn:aws:secretsmanager:{}:000000000000:secret:{id}-{suffix}",
                context.region
            );
            Output::default().with("ARN", arn).with("Name", id)
        }
    };
    Ok(output.with("DeletionDate", describe::epoch(context.now)))
}

/// Cancels a deletion. A secret without a scheduled deletion stays as it is.
pub(super) fn restore(context: &Context<'_>, input: &OfSecret) -> Outcome {
    let mut secret = context.vault.require(&input.secret_id)?;
    secret.deletion = None;
    context.vault.save(&secret)?;
    Ok(Output::of(&secret))
}

const DEFAULT_WINDOW_DAYS: i64 = 30;
