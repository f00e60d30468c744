use aws_sdk_dynamodb::types::{Delete, ReturnValue, TransactWriteItem, Update};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    DynamoDb,
    keys::{Key, from_item, number, to_attribute},
    store_error,
    transactions::TransactionError,
};
use crate::{
    ids::Fingerprint,
    store::{ReceiverChange, StoreError},
};

/// A receiver of webhooks that has failed since it last succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FailingReceiver {
    /// Number of attempts that have failed.
    pub failures: u32,
    /// Time of the first of them.
    pub failing_since: Timestamp,
    /// Time of the last of them.
    pub failed_at: Timestamp,
    /// Whether it has answered 410 (Gone).
    #[serde(default)]
    pub is_gone: bool,
    /// When other services were notified that it is disabled.
    #[serde(default)]
    pub disabled_at: Option<Timestamp>,
}

fn receiver_key(receiver: &Fingerprint) -> Key {
    Key::new("WEBHOOK", receiver.as_str(), "RECEIVER")
}

/// The receivers of webhooks, by the fingerprints of their URLs.
impl DynamoDb {
    /// The failures of a receiver; `None` when its last attempt succeeded, or there was none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn failing_receiver(&self, receiver: &Fingerprint) -> Result<Option<FailingReceiver>, StoreError> {
        self.item(receiver_key(receiver)).await
    }

    /// Stores that an attempt has failed. Returns all failures with it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn receiver_failed(
        &self,
        receiver: &Fingerprint,
        is_gone: bool,
        now: Timestamp,
    ) -> Result<FailingReceiver, StoreError> {
        let gone = if is_gone { ", is_gone = :gone" } else { "" };
        let update =
            format!("ADD failures :one SET failing_since = if_not_exists(failing_since, :now), failed_at = :now{gone}");
        let request = self
            .client
            .update_item()
            .table_name(&self.authorization_table)
            .set_key(Some(receiver_key(receiver).into_item()))
            .update_expression(update)
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", to_attribute(&now)?)
            .return_values(ReturnValue::AllNew);
        let request = if is_gone {
            request.expression_attribute_values(":gone", to_attribute(&true)?)
        } else {
            request
        };
        let written = request.send().await.map_err(store_error)?;
        from_item(written.attributes.unwrap_or_default())
    }

    /// Forgets the failures of a receiver, which is then tried again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn receiver_succeeded(&self, receiver: &Fingerprint) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.authorization_table)
            .set_key(Some(receiver_key(receiver).into_item()))
            .send()
            .await
            .map_err(store_error)?;
        Ok(())
    }

    /// Notes that a receiver is disabled, with the notification of other services. Nothing is written a second time, or when it has
    /// no failures any more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn disable_receiver(&self, receiver: &Fingerprint, change: &ReceiverChange) -> Result<(), StoreError> {
        let note = Update::builder()
            .table_name(&self.authorization_table)
            .set_key(Some(receiver_key(receiver).into_item()))
            .update_expression("SET disabled_at = :at")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(disabled_at)")
            .expression_attribute_values(":at", to_attribute(&change.at)?)
            .build()?;
        self.change_receiver(TransactWriteItem::builder().update(note).build(), change)
            .await
    }

    /// Forgets the failures of a receiver that is disabled, with the notification of other services. Nothing is written a second
    /// time.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn enable_receiver(&self, receiver: &Fingerprint, change: &ReceiverChange) -> Result<(), StoreError> {
        let forget = Delete::builder()
            .table_name(&self.authorization_table)
            .set_key(Some(receiver_key(receiver).into_item()))
            .condition_expression("attribute_exists(disabled_at)")
            .build()?;
        self.change_receiver(TransactWriteItem::builder().delete(forget).build(), change)
            .await
    }

    async fn change_receiver(&self, write: TransactWriteItem, change: &ReceiverChange) -> Result<(), StoreError> {
        let notification = self.notification(&change.announcement_id, change.at, change)?;
        let items = vec![write, TransactWriteItem::builder().put(notification).build()];
        match self.transact(items).await {
            Ok(()) | Err(TransactionError::Conditions(_)) => Ok(()),
            Err(TransactionError::Store(error)) => Err(error),
        }
    }
}
