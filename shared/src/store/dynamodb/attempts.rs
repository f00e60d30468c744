use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{
    DynamoDb, condition_failed,
    keys::{Key, number, time_to_live, to_attribute},
    store_error,
};
use crate::store::StoreError;

#[derive(Deserialize)]
struct Ban {
    until: Timestamp,
}

fn ban_key() -> Key {
    Key::new("BAN", "WECOM", "BAN")
}

/// The window that `now` falls into: its key, and its end.
fn window_of(counter: &str, window: SignedDuration, now: Timestamp) -> (Key, Timestamp) {
    let length = window.as_secs().max(1);
    let start = now.as_second().div_euclid(length) * length;
    let end = Timestamp::from_second(start + length).unwrap_or(now);
    (Key::new("ATTEMPTS", counter, &start.to_string()), end)
}

/// Wrong Secrets, counted, because WeCom bans our address for an hour when they repeat (developer document 90313).
impl DynamoDb {
    /// Takes one of the `limit` attempts of `counter` in the current window. The inner error is the end of the window, when
    /// none is left.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn take_attempt(
        &self,
        counter: &str,
        limit: u32,
        window: SignedDuration,
        now: Timestamp,
    ) -> Result<Result<(), Timestamp>, StoreError> {
        let (key, end) = window_of(counter, window, now);
        let written = self
            .client
            .update_item()
            .table_name(&self.authorization_table)
            .set_key(Some(key.into_item()))
            .update_expression("ADD attempts :one SET #ttl = :ttl")
            .condition_expression("attribute_not_exists(attempts) OR attempts < :limit")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":limit", number(limit))
            .expression_attribute_values(":ttl", time_to_live(end))
            .send()
            .await;
        match written {
            Ok(_) => Ok(Ok(())),
            Err(error) if condition_failed(&error) => Ok(Err(end)),
            Err(error) => Err(store_error(error)),
        }
    }

    /// Returns an attempt that was not a mistake after all.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn return_attempt(
        &self,
        counter: &str,
        window: SignedDuration,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (key, _) = window_of(counter, window, now);
        let written = self
            .client
            .update_item()
            .table_name(&self.authorization_table)
            .set_key(Some(key.into_item()))
            .update_expression("ADD attempts :less")
            .condition_expression("attempts > :zero")
            .expression_attribute_values(":less", number(-1))
            .expression_attribute_values(":zero", number(0))
            .send()
            .await;
        match written {
            Ok(_) => Ok(()),
            // The window ended in the meantime: there is nothing to give back.
            Err(error) if condition_failed(&error) => Ok(()),
            Err(error) => Err(store_error(error)),
        }
    }
}

/// The circuit breaker for WeCom: the time until which outbound calls are blocked.
impl DynamoDb {
    /// The end of WeCom's ban of our address; `None` when there is none at `now`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn ban(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let ban: Option<Ban> = self.item(ban_key()).await?;
        Ok(ban.map(|ban| ban.until).filter(|until| now < *until))
    }

    /// Stores that WeCom bans our address until then.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_ban(&self, until: Timestamp) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.authorization_table)
            .set_item(Some(ban_key().into_item()))
            .item("until", to_attribute(&until)?)
            .item("ttl", time_to_live(until))
            .send()
            .await
            .map_err(store_error)?;
        Ok(())
    }
}
