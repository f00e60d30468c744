use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    DynamoDb,
    keys::{Key, to_item},
    store_error,
};
use crate::store::StoreError;

/// What a run of `check-health` saw, for the platform's operators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(rename = "HealthRun"))]
pub struct HealthRunNote {
    /// When it began.
    pub at: Timestamp,
    /// Number of tenants that were checked.
    pub checked: usize,
    /// Number of tenants that could not be checked.
    pub failed: usize,
    /// The suites' tickets, the first suite first.
    pub suites: Vec<SuiteNote>,
    /// Since when the newest sealing key is used, which for a day after a rotation is in the future; `null` before the first rotation.
    #[serde(default)]
    pub sealing_key_since: Option<Timestamp>,
    /// The queues of what was given up and waits for `scripts/redrive`, by name.
    #[serde(default)]
    pub dead_letters: Vec<DeadLetterNote>,
}

/// What a run of `check-health` saw of a queue of dead letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(rename = "DeadLetters"))]
pub struct DeadLetterNote {
    /// What its messages were about: `events`, `suite_events` or `webhooks`.
    pub queue: String,
    /// Number of messages, about; `null` when the queue did not answer.
    pub messages: Option<u64>,
}

/// What a run of `check-health` saw of a suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(rename = "SuiteTicket"))]
pub struct SuiteNote {
    /// Id of the suite.
    pub suite_id: String,
    /// When WeCom issued the newest ticket, which it does every ten minutes; `null` when there is none.
    pub ticket_issued_at: Option<Timestamp>,
}

fn run_key() -> Key {
    Key::new("RUN", "check-health", "RUN")
}

impl DynamoDb {
    /// Stores what a run saw, in place of the last one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_health_run(&self, run: &HealthRunNote) -> Result<(), StoreError> {
        let mut item = run_key().into_item();
        item.extend(to_item(run)?);
        self.client
            .put_item()
            .table_name(&self.authorization_table)
            .set_item(Some(item))
            .send()
            .await
            .map_err(store_error)?;
        Ok(())
    }

    /// What the last run saw; `None` before the first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn last_health_run(&self) -> Result<Option<HealthRunNote>, StoreError> {
        self.item(run_key()).await
    }
}
