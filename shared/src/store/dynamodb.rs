//! The two DynamoDB tables. The keys and attributes of each item are documented in docs/architecture.md.

mod ahead;
mod attempts;
mod audit;
mod authorizations;
mod breakers;
mod callbacks;
mod checks;
mod claims;
mod counting;
mod deletion;
mod events;
mod health_runs;
mod keys;
mod listings;
mod persons;
mod replays;
mod sealed;
mod sessions;
mod suite;
mod suite_events;
mod timeline;
mod transactions;
mod webhooks;
mod wire;

use aws_sdk_dynamodb::Client;
use aws_types::SdkConfig;
use jiff::SignedDuration;
use serde::de::DeserializeOwned;

pub(super) use self::suite_events::RETENTION as SUITE_EVENT_RETENTION;
use self::{
    ahead::Ahead,
    keys::{Item, Key, from_item},
    wire::Wire,
};
pub use self::{
    breakers::Breaker,
    callbacks::Noted,
    checks::CheckStatus,
    claims::{ClaimPage, StoredClaim},
    counting::EventChange,
    health_runs::{DeadLetterNote, HealthRunNote, SuiteNote},
    listings::{ListFilter, ListPage, StoredListing},
    replays::DueReplay,
    suite::{AtRest, StoredToken},
    suite_events::StoredSuiteEvent,
    webhooks::FailingReceiver,
};
use super::{
    StoreError,
    errors::{condition_failed, store_error},
};

/// The tables of states and events, as `store::tables` defines them.
#[derive(Debug, Clone)]
pub struct DynamoDb {
    client: Client,
    /// `None`: every event is put by the SDK.
    wire: Option<Wire>,
    authorization_table: String,
    event_table: String,
    event_retention: SignedDuration,
    /// Empty, but in what [`DynamoDb::read_ahead`] returns.
    ahead: Ahead,
}

impl DynamoDb {
    /// Uses the tables of these names. Events are removed after `event_retention`.
    #[must_use]
    pub fn new(
        client: Client,
        authorization_table: String,
        event_table: String,
        event_retention: SignedDuration,
    ) -> Self {
        Self {
            client,
            wire: None,
            authorization_table,
            event_table,
            event_retention,
            ahead: Ahead::default(),
        }
    }

    /// Like [`DynamoDb::new`], with a client of its own, over whose connection events are put by hand
    /// (docs/adr/0047-the-put-of-an-event-is-sent-by-hand.md).
    #[must_use]
    pub fn of(
        aws: &SdkConfig,
        authorization_table: String,
        event_table: String,
        event_retention: SignedDuration,
    ) -> Self {
        let (client, wire) = Wire::of(aws);
        Self {
            wire,
            ..Self::new(client, authorization_table, event_table, event_retention)
        }
    }

    /// Opens a connection ahead of the first request, by reading an item that does not exist.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn connect(&self) -> Result<(), StoreError> {
        let nothing = Key::new("CONNECTION", "", "CONNECTION");
        self.item::<serde::de::IgnoredAny>(nothing).await.map(drop)
    }

    /// Reads an item of the authorization table, with strong consistency.
    async fn item<T: DeserializeOwned>(&self, key: Key) -> Result<Option<T>, StoreError> {
        if let Some(item) = self.ahead.take(&key) {
            return (!item.is_empty()).then(|| from_item(item)).transpose();
        }
        let answer = self
            .client
            .get_item()
            .table_name(&self.authorization_table)
            .set_key(Some(key.into_item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        answer.item.map(from_item).transpose()
    }

    /// Writes an item of the authorization table whose key contains 128 random bits. If it exists already, it is this one,
    /// written by an attempt whose response was lost.
    async fn put_once(&self, item: Item) -> Result<(), StoreError> {
        let written = self
            .client
            .put_item()
            .table_name(&self.authorization_table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match written {
            Err(error) if !condition_failed(&error) => Err(store_error(error)),
            _ => Ok(()),
        }
    }
}
