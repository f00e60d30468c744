use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::{
    DynamoDb, condition_failed,
    keys::{Key, number, text, time_to_live, to_attribute},
    store_error,
    transactions::TransactionError,
};
use crate::{
    audit::AuditEntry,
    authorization::{Callback, Rejection},
    entropy::hex,
    ids::CallbackId,
    store::{Change, CommitError, StateChange, StoreError},
};

/// What one batch of stored events adds to the counters of one callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackCount {
    /// The callback that the counters belong to.
    pub callback_id: CallbackId,
    /// The number of new events.
    pub received: u64,
    /// The number of repeated deliveries.
    pub duplicates: u64,
    /// The arrival of the newest event.
    pub last_event_at: Option<Timestamp>,
}

/// The same refusal is not stored again within this time.
const SAME_REJECTION: SignedDuration = SignedDuration::from_secs(10);

/// Notes on a callback.
impl DynamoDb {
    /// Writes the generations of a callback, if its stored version is still the one it was read with, together with the
    /// notifications and an entry of the tenant's audit trail.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn promote(
        &self,
        callback: Callback,
        notifications: Vec<StateChange>,
        entry: AuditEntry,
    ) -> Result<(), CommitError> {
        let mut changes = vec![
            Change::Audit(callback.tenant_id.clone(), entry),
            Change::SaveCallback(Box::new(callback)),
        ];
        changes.extend(notifications.into_iter().map(Change::Notify));
        self.commit(changes).await
    }

    /// Stores since when WeCom uses credentials that were replaced; `None` when it no longer does.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_old_credentials(&self, id: &CallbackId, since: Option<Timestamp>) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.authorization_table)
            .set_key(Some(Key::callback(id).into_item()))
            .condition_expression("attribute_exists(pk)");
        let update = match since {
            Some(since) => update
                .update_expression("SET old_credentials_since = :since")
                .expression_attribute_values(":since", to_attribute(&since)?),
            None => update.update_expression("REMOVE old_credentials_since"),
        };
        match update.send().await {
            Ok(_) => Ok(()),
            // It was removed in the meantime.
            Err(error) if condition_failed(&error) => Ok(()),
            Err(error) => Err(store_error(error)),
        }
    }

    /// Stores a refused request on its callback, unless the same refusal was stored within the last ten seconds. Returns
    /// whether it was stored.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_rejection(&self, id: &CallbackId, rejection: Rejection) -> Result<bool, StoreError> {
        let written = self
            .client
            .update_item()
            .table_name(&self.authorization_table)
            .set_key(Some(Key::callback(id).into_item()))
            .update_expression("SET last_rejection = :rejection")
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(last_rejection) \
                 OR last_rejection.reason <> :reason OR last_rejection.#at < :before)",
            )
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":rejection", to_attribute(&rejection)?)
            .expression_attribute_values(":reason", text(rejection.reason.as_str()))
            .expression_attribute_values(":before", to_attribute(&(rejection.at - SAME_REJECTION))?)
            .send()
            .await;
        match written {
            Ok(_) => Ok(true),
            Err(error) if condition_failed(&error) => Ok(false),
            Err(error) => Err(store_error(error)),
        }
    }
}

/// How long the note that a batch was counted is stored: longer than the stream redelivers a batch (a day).
const REMEMBER_COUNTED: SignedDuration = SignedDuration::from_hours(48);

impl DynamoDb {
    /// Adds the counts, once for each `batch`, however often it is redelivered within two days.
    ///
    /// One transaction for each callback: one that was removed in the meantime must not come back as a counter, and must not
    /// keep the others from being counted. A note in the transaction says that it was carried out; DynamoDB's own
    /// `ClientRequestToken` does so for ten minutes only.
    ///
    /// # Errors
    /// When the store fails; the batch has to be redelivered.
    pub async fn count_events(
        &self,
        counts: Vec<CallbackCount>,
        batch: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for count in counts {
            let items = vec![self.add(&count)?, self.note_counted(batch, &count.callback_id, now)?];
            match self.transact(items).await {
                Ok(()) => {}
                Err(TransactionError::Conditions(failed)) if failed.last() == Some(&true) => {
                    tracing::info!(callback.id = %count.callback_id, "counted before");
                }
                Err(TransactionError::Conditions(_)) => {
                    tracing::info!(callback.id = %count.callback_id, "events of a callback that was removed: not counted");
                }
                Err(TransactionError::Store(error)) => return Err(error),
            }
        }
        Ok(())
    }
}

impl DynamoDb {
    fn add(&self, count: &CallbackCount) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.authorization_table)
            .set_key(Some(Key::callback(&count.callback_id).into_item()))
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":received", number(count.received))
            .expression_attribute_values(":duplicates", number(count.duplicates));
        let update = match count.last_event_at {
            None => update.update_expression("ADD events_received :received, duplicates :duplicates"),
            Some(at) => update
                .update_expression("ADD events_received :received, duplicates :duplicates SET last_event_at = :at")
                .expression_attribute_values(":at", to_attribute(&at)?),
        };
        let update = update.build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn note_counted(&self, batch: &str, id: &CallbackId, now: Timestamp) -> Result<TransactWriteItem, StoreError> {
        let digest = Sha256::new()
            .chain_update(batch)
            .chain_update([0])
            .chain_update(id.as_str())
            .finalize();
        let name = hex(digest.first_chunk::<16>().map_or(&[], |half| half.as_slice()));
        let put = Put::builder()
            .table_name(&self.authorization_table)
            .set_item(Some(Key::new("COUNTED", &name, "COUNTED").into_item()))
            .item("ttl", time_to_live(now + REMEMBER_COUNTED))
            .condition_expression("attribute_not_exists(pk)")
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}
