use jiff::{SignedDuration, Timestamp};

use super::{
    DynamoDb, condition_failed,
    keys::{Key, text, to_attribute},
    store_error,
};
use crate::{
    audit::AuditEntry,
    authorization::{Callback, Rejection},
    ids::CallbackId,
    store::{Change, CommitError, StateChange, StoreError},
};

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
