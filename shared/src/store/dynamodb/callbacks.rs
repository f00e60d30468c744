use aws_sdk_dynamodb::{
    error::SdkError, operation::update_item::UpdateItemError, types::ReturnValuesOnConditionCheckFailure,
};
use jiff::Timestamp;

use super::{
    DynamoDb, condition_failed,
    keys::{Key, from_item, to_attribute},
    store_error,
};
use crate::{
    audit::AuditEntry,
    authorization::{Callback, Refusal, Rejection},
    ids::CallbackId,
    store::{Change, CommitError, EventGap, StateChange, StoreError},
};

/// Outcome of writing a note on a callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noted {
    /// The note was written.
    Stored,
    /// Others had been stored since the record was read; this is the newest.
    Changed(Box<Callback>),
    /// The callback no longer exists.
    Removed,
}

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
        gap: Option<EventGap>,
        entry: AuditEntry,
    ) -> Result<(), CommitError> {
        let mut changes = vec![
            Change::Audit(callback.tenant_id.clone(), entry),
            Change::SaveCallback(Box::new(callback)),
        ];
        changes.extend(notifications.into_iter().map(Change::Notify));
        changes.extend(gap.map(Change::NotifyGap));
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

    /// Stores refused requests on their callback, of which `seen` was read, unless others were stored since.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_refusals(&self, seen: &Callback, refusals: &[Refusal]) -> Result<Noted, StoreError> {
        let last = refusals.first().map(|newest| Rejection {
            at: newest.at,
            reason: newest.reason,
        });
        let update = self
            .client
            .update_item()
            .table_name(&self.authorization_table)
            .set_key(Some(Key::callback(&seen.callback_id).into_item()))
            .update_expression("SET last_rejection = :last, refusals = :refusals")
            .expression_attribute_values(":last", to_attribute(&last)?)
            .expression_attribute_values(":refusals", to_attribute(&refusals)?)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update = if seen.refusals.is_empty() {
            // Records of earlier versions have none.
            update.condition_expression("attribute_exists(pk) AND attribute_not_exists(refusals)")
        } else {
            update
                .condition_expression("refusals = :seen")
                .expression_attribute_values(":seen", to_attribute(&seen.refusals)?)
        };
        match update.send().await {
            Ok(_) => Ok(Noted::Stored),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                let UpdateItemError::ConditionalCheckFailedException(mut failed) = error.into_err() else {
                    return Ok(Noted::Removed);
                };
                match failed.item.take() {
                    Some(item) => Ok(Noted::Changed(Box::new(from_item(item)?))),
                    None => Ok(Noted::Removed),
                }
            }
            Err(error) => Err(store_error(error)),
        }
    }
}
