use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, Update};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    DynamoDb,
    keys::{Key, number, time_to_live, to_attribute},
    store_error,
};
use crate::{ids::BreakerName, store::StoreError};

/// A circuit breaker that was opened, and may be closed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// The time until which it blocks calls.
    pub until: Timestamp,
    /// The pause that it was opened with, in seconds: the next one, if it follows soon, is twice as long.
    #[serde(default)]
    pub pause_seconds: i64,
    /// The corporation whose call opened it; `None` for a call of the suite or the provider.
    #[serde(default)]
    pub opened_by: Option<String>,
}

impl Breaker {
    /// Whether it blocks calls at `now`.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        now < self.until
    }
}

/// A breaker is remembered for this long after it closed, so that the next pause is longer.
const REMEMBER: SignedDuration = SignedDuration::from_hours(1);

pub(super) fn breaker_key(name: &BreakerName) -> Key {
    Key::new("BAN", name.as_str(), "BAN")
}

/// The corporations whose `gettoken` was refused in the minute of `at`.
fn refused_key(at: Timestamp) -> Key {
    Key::new("BAN", &format!("gettoken/{}", at.as_second().div_euclid(60)), "CORPS")
}

#[derive(Deserialize)]
struct RefusedCorps {
    corps: std::collections::BTreeSet<String>,
}

/// The circuit breakers for WeCom.
impl DynamoDb {
    /// A breaker that is open, or was open within the last hour.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn breaker(&self, name: &BreakerName) -> Result<Option<Breaker>, StoreError> {
        self.item(breaker_key(name)).await
    }

    /// Opens a breaker, or closes it when `until` has passed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_breaker(&self, name: &BreakerName, breaker: &Breaker) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.authorization_table)
            .set_item(Some(breaker_key(name).into_item()))
            .item("until", to_attribute(&breaker.until)?)
            .item("pause_seconds", number(breaker.pause_seconds))
            .item("opened_by", to_attribute(&breaker.opened_by)?)
            .item("ttl", time_to_live(breaker.until + REMEMBER))
            .send()
            .await
            .map_err(store_error)?;
        Ok(())
    }

    /// Claims the one call that may pass an open breaker until `next`. Returns whether it was claimed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn claim_probe(&self, name: &BreakerName, now: Timestamp, next: Timestamp) -> Result<bool, StoreError> {
        let claim = Update::builder()
            .set_key(Some(breaker_key(name).into_item()))
            .update_expression("SET next_probe_ms = :next")
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(next_probe_ms) OR next_probe_ms <= :now)",
            )
            .expression_attribute_values(":next", number(next.as_millisecond()))
            .expression_attribute_values(":now", number(now.as_millisecond()));
        self.claim(claim).await
    }

    /// Stores that `gettoken` of a corporation was refused as too frequent. Returns how many corporations were refused in
    /// this minute and the one before.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_refused_corp(&self, corp_id: &str, now: Timestamp) -> Result<usize, StoreError> {
        let written = self
            .client
            .update_item()
            .table_name(&self.authorization_table)
            .set_key(Some(refused_key(now).into_item()))
            .update_expression("ADD corps :corp SET #ttl = :ttl")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":corp", AttributeValue::Ss(vec![corp_id.to_owned()]))
            .expression_attribute_values(":ttl", time_to_live(now + REMEMBER))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(store_error)?;
        let mut corps = match written.attributes.and_then(|mut item| item.remove("corps")) {
            Some(AttributeValue::Ss(corps)) => corps,
            _ => Vec::new(),
        };
        let before = refused_key(now - SignedDuration::from_mins(1));
        if let Some(before) = self.item::<RefusedCorps>(before).await? {
            corps.extend(before.corps);
        }
        corps.sort_unstable();
        corps.dedup();
        Ok(corps.len())
    }
}
