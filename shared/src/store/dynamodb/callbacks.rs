use aws_sdk_dynamodb::{
    error::SdkError,
    operation::update_item::UpdateItemError,
    types::{Put, TransactWriteItem, Update},
};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::{
    DynamoDb, Key, authorizations::callback_key, number, store_error, text, time_to_live, to_attribute,
    transactions::Refused,
};
use crate::{
    audit::AuditEntry,
    authorization::{Callback, Rejection},
    entropy::hex,
    ids::CallbackId,
    store::{
        Announcement, Authorizations as _, CallbackCount, Callbacks, Change, CommitError, CountEvents, StoreError,
    },
};

/// The same refusal again within this time is not noted again.
const SAME_REJECTION: SignedDuration = SignedDuration::from_secs(10);

impl Callbacks for DynamoDb {
    async fn callback(&self, id: &CallbackId) -> Result<Option<Callback>, StoreError> {
        self.item(callback_key(id)).await
    }

    async fn promote(&self, callback: Callback, told: Vec<Announcement>, entry: AuditEntry) -> Result<(), CommitError> {
        let mut changes = vec![
            Change::Audit(callback.tenant_id.clone(), entry),
            Change::SaveCallback(Box::new(callback)),
        ];
        changes.extend(told.into_iter().map(Change::Announce));
        self.commit(changes).await
    }

    async fn note_old_credentials(&self, id: &CallbackId, since: Option<Timestamp>) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.authorization_table)
            .set_key(Some(callback_key(id).into_item()))
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
            Err(error) if is_condition(&error) => Ok(()),
            Err(error) => Err(store_error(error)),
        }
    }

    async fn note_rejection(&self, id: &CallbackId, rejection: Rejection) -> Result<bool, StoreError> {
        let written = self
            .client
            .update_item()
            .table_name(&self.authorization_table)
            .set_key(Some(callback_key(id).into_item()))
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
            Err(error) if is_condition(&error) => Ok(false),
            Err(error) => Err(store_error(error)),
        }
    }
}

/// How long it is remembered what has been counted: longer than the stream hands a batch in again (its records live a day).
const REMEMBER_COUNTED: SignedDuration = SignedDuration::from_hours(48);

impl CountEvents for DynamoDb {
    /// One transaction for each callback: one that was removed in the meantime must not come back as a counter, and must not
    /// keep the others from being counted. A note in the transaction says that it was carried out; DynamoDB's own
    /// `ClientRequestToken` does so for ten minutes only.
    async fn count(&self, counts: Vec<CallbackCount>, batch: &str, now: Timestamp) -> Result<(), StoreError> {
        for count in counts {
            let items = vec![self.add(&count)?, self.note_counted(batch, &count.callback_id, now)?];
            match self.transact(items).await {
                Ok(()) => {}
                Err(Refused::Conditions(failed)) if failed.last() == Some(&true) => {
                    tracing::info!(callback.id = %count.callback_id, "counted before");
                }
                Err(Refused::Conditions(_)) => {
                    tracing::info!(callback.id = %count.callback_id, "events of a callback that was removed: not counted");
                }
                Err(Refused::Store(error)) => return Err(error),
            }
        }
        Ok(())
    }
}

impl DynamoDb {
    fn add(&self, count: &CallbackCount) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.authorization_table)
            .set_key(Some(callback_key(&count.callback_id).into_item()))
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":received", number(count.received))
            .expression_attribute_values(":duplicates", number(count.duplicates));
        let update = match count.last_event_at {
            None => update.update_expression("ADD events_received :received, duplicates :duplicates"),
            Some(at) => update
                .update_expression("ADD events_received :received, duplicates :duplicates SET last_event_at = :at")
                .expression_attribute_values(":at", to_attribute(&at)?),
        };
        let update = update.build().map_err(|error| StoreError::Internal(Box::new(error)))?;
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
            .build();
        let put = put.map_err(|error| StoreError::Internal(Box::new(error)))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

pub(super) fn is_condition(error: &SdkError<UpdateItemError>) -> bool {
    matches!(error, SdkError::ServiceError(service)
        if matches!(service.err(), UpdateItemError::ConditionalCheckFailedException(_)))
}
