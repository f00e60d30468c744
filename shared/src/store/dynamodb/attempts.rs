use aws_sdk_dynamodb::types::Update;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{
    DynamoDb,
    keys::{Key, number, time_to_live},
};
use crate::store::StoreError;

/// A window of a counter: the one that contains `now`.
struct Window {
    start: i64,
    length: i64,
}

impl Window {
    fn at(length: SignedDuration, now: Timestamp) -> Self {
        let length = length.as_secs().max(1);
        let start = now.as_second().div_euclid(length) * length;
        Self { start, length }
    }

    fn key(&self, counter: &str) -> Key {
        Key::new("ATTEMPTS", counter, &self.start.to_string())
    }

    fn previous(&self) -> Self {
        Self {
            start: self.start - self.length,
            length: self.length,
        }
    }

    fn end(&self) -> i64 {
        self.start + self.length
    }
}

#[derive(Deserialize)]
struct Count {
    attempts: i64,
}

/// Wrong Secrets, counted, because WeCom bans our address for an hour when they repeat (developer document 90313).
///
/// The window slides: the attempts of the previous window count by the part of it that lies within one length of `now`.
impl DynamoDb {
    /// Takes one of the `limit` attempts that `counter` has within one length of `window`. The inner error is the time at
    /// which the next one is free, when none is.
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
        let window = Window::at(window, now);
        let before: Option<Count> = self.item(window.previous().key(counter)).await?;
        let before = before.map_or(0, |before| before.attempts);
        let left = window.end() - now.as_second();
        let carried = before * left / window.length;
        let free_at = if carried > 0 {
            window.end() - window.length * carried / before + 1
        } else {
            window.end() + 1
        };
        let refused = Ok(Err(Timestamp::from_second(free_at).unwrap_or(now)));
        let free = i64::from(limit) - carried;
        if free <= 0 {
            return refused;
        }
        // Until then the next window counts these.
        let ttl = Timestamp::from_second(window.end() + window.length).unwrap_or(now);
        let take = Update::builder()
            .set_key(Some(window.key(counter).into_item()))
            .update_expression("ADD attempts :one SET #ttl = :ttl")
            .condition_expression("attribute_not_exists(attempts) OR attempts < :free")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":free", number(free))
            .expression_attribute_values(":ttl", time_to_live(ttl));
        // A write whose answer was lost, and which the SDK sends again, counts once.
        if self.claim(take).await? { Ok(Ok(())) } else { refused }
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
        let key = Window::at(window, now).key(counter);
        let give_back = Update::builder()
            .set_key(Some(key.into_item()))
            .update_expression("ADD attempts :less")
            .condition_expression("attempts > :zero")
            .expression_attribute_values(":less", number(-1))
            .expression_attribute_values(":zero", number(0));
        // When the window ended in the meantime, there is nothing to give back.
        self.claim(give_back).await.map(drop)
    }
}
