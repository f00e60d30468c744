use aws_sdk_dynamodb::{
    error::SdkError,
    operation::{transact_write_items::TransactWriteItemsError, update_item::UpdateItemError},
    types::{TransactWriteItem, Update},
};
use jiff::SignedDuration;

use super::{
    DynamoDb, Key,
    authorizations::{SAVE_CALLBACK, callback_key, callback_values},
    number, store_error, text, to_attribute,
};
use crate::{
    authorization::{Callback, Rejection},
    ids::CallbackId,
    store::{CallbackCount, Callbacks, CommitError, CountEvents, StoreError},
};

/// The same refusal again within this time is not noted again.
const SAME_REJECTION: SignedDuration = SignedDuration::from_secs(10);

impl Callbacks for DynamoDb {
    async fn callback(&self, id: &CallbackId) -> Result<Option<Callback>, StoreError> {
        self.item(callback_key(id)).await
    }

    async fn promote(&self, callback: Callback) -> Result<(), CommitError> {
        let written = self
            .client
            .update_item()
            .table_name(&self.authorization_table)
            .set_key(Some(callback_key(&callback.callback_id).into_item()))
            .update_expression(SAVE_CALLBACK)
            .condition_expression("version = :expected")
            .expression_attribute_names("#scope", "scope")
            .expression_attribute_names("#current", "current")
            .set_expression_attribute_values(Some(callback_values(&callback)?))
            .send()
            .await;
        match written {
            Ok(_) => Ok(()),
            Err(error) if is_condition(&error) => Err(CommitError::Stale),
            Err(error) => Err(CommitError::Store(store_error(error))),
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

impl CountEvents for DynamoDb {
    async fn count(&self, counts: Vec<CallbackCount>, batch: &str) -> Result<(), StoreError> {
        let mut request = self.client.transact_write_items().client_request_token(batch);
        for count in counts {
            let key: Key = callback_key(&count.callback_id);
            let update = Update::builder()
                .table_name(&self.authorization_table)
                .set_key(Some(key.into_item()))
                // A callback that was removed in the meantime must not come back as a counter.
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
            request = request.transact_items(TransactWriteItem::builder().update(update).build());
        }
        match request.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error))
                if matches!(
                    error.err(),
                    TransactWriteItemsError::IdempotentParameterMismatchException(_)
                ) =>
            {
                // The same batch, split otherwise than before: it was counted.
                Ok(())
            }
            Err(error) => Err(store_error(error)),
        }
    }
}

pub(super) fn is_condition(error: &SdkError<UpdateItemError>) -> bool {
    matches!(error, SdkError::ServiceError(service)
        if matches!(service.err(), UpdateItemError::ConditionalCheckFailedException(_)))
}
