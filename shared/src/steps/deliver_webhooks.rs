//! Sends the events of the bus to the deployment's receiver, as signed webhooks.
//!
//! Tests: `tests/it/webhooks.rs`.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use url::Url;

use crate::{
    context::Context,
    entropy::random_id,
    error::StepError,
    ids::Fingerprint,
    probe::Probe,
    store::{DisabledBecause, DynamoDb, FailingReceiver, ReceiverChange, ReceiverState, SecretName, SecretsManager},
    webhook::{CachedSecrets, SigningSecrets, Webhook},
};

/// How long a webhook waits after each attempt that fails, in seconds; together a day and two hours. After the attempt that
/// follows the last of them the queue moves it to the dead letters (`maxReceiveCount` in `template.yaml`).
pub const RETRY_AFTER_SECONDS: [u32; 19] = [
    10, 30, 120, 300, 900, 1800, 3600, 7200, 7200, 7200, 7200, 7200, 7200, 7200, 7200, 7200, 7200, 7200, 7200,
];
/// Failures in a row after which the breaker opens.
const FAILURES: u32 = 5;
/// First pause of the breaker. Each failure after it doubles it, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(30);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(15);
/// A receiver that has failed for so long, without a success, is disabled.
const DISABLED_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);

/// Sends webhooks to the deployment's receiver.
#[derive(Debug)]
pub struct DeliverWebhooks<'a> {
    /// The table of states, which has the receiver's failures.
    pub store: &'a DynamoDb,
    /// The signing secrets.
    pub vault: &'a SecretsManager,
    /// The same, as this process has read them.
    pub secrets: &'a CachedSecrets,
    /// The receiver.
    pub url: &'a Url,
    /// Whether it may be on this machine.
    pub probe: Probe,
}

impl DeliverWebhooks<'_> {
    /// Sends the webhooks one after the other. Returns for each whether it was delivered; the others are to be sent again later.
    /// While the breaker is open, or the receiver disabled, nothing is sent. Other services are notified once when it is disabled.
    ///
    /// # Errors
    /// [`StepError::Internal`] when the secret is missing or malformed, or the failure of a store.
    pub async fn run(&self, webhooks: &[Webhook], context: Context<'_>) -> Result<Vec<bool>, StepError> {
        let receiver = Fingerprint::of(self.url.as_str());
        let mut failing = self.store.failing_receiver(&receiver).await?;
        let secrets = self.secrets(context.now()).await?;
        let mut delivered = Vec::with_capacity(webhooks.len());
        for webhook in webhooks {
            let now = context.now();
            if failing.as_ref().is_some_and(|failing| !is_tried(failing, now)) {
                delivered.push(false);
                continue;
            }
            let answer = Box::pin(webhook.send(self.url, &secrets, now, self.probe)).await;
            let status = answer.as_ref().map_or(0, |reached| reached.status);
            let is_delivered = (200..300).contains(&status);
            if is_delivered {
                if failing.take().is_some()
                    && let Err(error) = self.store.receiver_succeeded(&receiver).await
                {
                    // An error would have what was delivered sent again.
                    tracing::warn!(%error, "that a receiver works again was not stored");
                }
            } else {
                let error = answer.err().map(tracing::field::display);
                tracing::warn!(webhook.id, status, error, "a webhook was not delivered");
                match self.store.receiver_failed(&receiver, status == 410, now).await {
                    Ok(noted) => failing = Some(noted),
                    Err(error) => tracing::warn!(%error, "that a receiver failed was not stored"),
                }
            }
            delivered.push(is_delivered);
        }
        if let Some(failing) = failing.filter(|failing| is_disabled(failing, context.now())) {
            tracing::error!("the receiver of webhooks is disabled");
            if failing.disabled_at.is_none() {
                let change = self.change(&failing, ReceiverState::Disabled, context);
                // What is in the queue comes again, and with it this.
                if let Err(error) = self.store.disable_receiver(&receiver, &change).await {
                    tracing::warn!(%error, "other services were not notified that the receiver is disabled");
                }
            }
        }
        Ok(delivered)
    }

    /// Forgets the receiver's failures, so that it is tried again. Other services are notified if they were when it was disabled.
    ///
    /// # Errors
    /// The failure of the store.
    pub async fn enable(&self, context: Context<'_>) -> Result<(), StepError> {
        let receiver = Fingerprint::of(self.url.as_str());
        match self.store.failing_receiver(&receiver).await? {
            Some(failing) if failing.disabled_at.is_some() => {
                let change = self.change(&failing, ReceiverState::Enabled, context);
                Ok(self.store.enable_receiver(&receiver, &change).await?)
            }
            _ => Ok(self.store.receiver_succeeded(&receiver).await?),
        }
    }

    fn change(&self, failing: &FailingReceiver, to: ReceiverState, context: Context<'_>) -> ReceiverChange {
        let (from, reason) = match to {
            ReceiverState::Enabled => (ReceiverState::Disabled, None),
            ReceiverState::Disabled if failing.is_gone => (ReceiverState::Enabled, Some(DisabledBecause::Gone)),
            ReceiverState::Disabled => (ReceiverState::Enabled, Some(DisabledBecause::Failing)),
        };
        ReceiverChange {
            announcement_id: random_id(context.entropy),
            receiver: self.url.host_str().unwrap_or_default().to_owned(),
            from,
            to,
            at: context.now(),
            reason,
            failing_since: failing.failing_since,
        }
    }

    async fn secrets(&self, now: Timestamp) -> Result<SigningSecrets, StepError> {
        if let Some(secrets) = self.secrets.at(now) {
            return Ok(secrets);
        }
        let stored = self.vault.read(&SecretName::Webhook, None).await?;
        let stored = stored.ok_or_else(|| StepError::Internal("the secret of webhooks is missing".into()))?;
        let secrets =
            SigningSecrets::parse(stored.expose_secret()).map_err(|error| StepError::Internal(Box::new(error)))?;
        self.secrets.keep(secrets.clone(), now);
        Ok(secrets)
    }
}

/// How long a webhook waits that was received `receives` times; `None` after the last attempt.
#[must_use]
pub fn retry_after(receives: usize) -> Option<Duration> {
    let seconds = RETRY_AFTER_SECONDS.get(receives.checked_sub(1)?)?;
    Some(Duration::from_secs(u64::from(*seconds)))
}

/// Whether the next attempt may be made.
fn is_tried(failing: &FailingReceiver, now: Timestamp) -> bool {
    !is_disabled(failing, now) && now >= failing.failed_at + pause(failing.failures)
}

fn pause(failures: u32) -> SignedDuration {
    match failures.checked_sub(FAILURES) {
        None => SignedDuration::ZERO,
        // 30 s, 1, 2, 4, 8 minutes.
        Some(more) => FIRST_PAUSE
            .checked_mul(1 << more.min(5))
            .map_or(LONGEST_PAUSE, |pause| pause.min(LONGEST_PAUSE)),
    }
}

fn is_disabled(failing: &FailingReceiver, now: Timestamp) -> bool {
    failing.is_gone || now.duration_since(failing.failing_since) >= DISABLED_AFTER
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(failures: u32) -> FailingReceiver {
        FailingReceiver {
            failures,
            failing_since: Timestamp::UNIX_EPOCH,
            failed_at: Timestamp::UNIX_EPOCH,
            is_gone: false,
            disabled_at: None,
        }
    }

    #[test]
    fn waits_longer_each_time_and_a_day_in_all() {
        assert!(RETRY_AFTER_SECONDS.is_sorted());
        assert!(RETRY_AFTER_SECONDS.iter().sum::<u32>() >= 24 * 3600);
        assert_eq!(retry_after(0), None);
        assert_eq!(retry_after(1), Some(Duration::from_secs(10)));
        assert_eq!(retry_after(RETRY_AFTER_SECONDS.len() + 1), None);
    }

    #[test]
    fn the_breaker_pauses_longer_with_each_failure_up_to_a_quarter_of_an_hour() {
        let pauses = [0, 4, 5, 6, 9, 10, 11, u32::MAX].map(|failures| pause(failures).as_secs());
        assert_eq!(pauses, [0, 0, 30, 60, 480, 900, 900, 900]);
    }

    #[test]
    fn a_receiver_is_disabled_after_five_days_or_when_it_is_gone() {
        let at = |hours| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        assert!(is_tried(&failing(4), at(0)));
        assert!(!is_tried(&failing(5), at(0)));
        assert!(is_tried(&failing(99), at(119)));
        assert!(!is_tried(&failing(1), at(120)));
        assert!(!is_tried(
            &FailingReceiver {
                is_gone: true,
                ..failing(1)
            },
            at(1)
        ));
    }
}
