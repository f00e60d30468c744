use aws_sdk_dynamodb::types::{AttributeValue, Update};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    AtRest, DynamoDb, condition_failed,
    keys::{Key, from_item, number, text, time_to_live, to_attribute},
    store_error,
};
use crate::{
    ids::{CorpId, EventId},
    position::time_key,
    store::{AppendOutcome, StoreError},
};

/// Long enough to look into one, and to recognize a repeated one.
pub(in crate::store) const RETENTION: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The kind of the items.
const KIND: &str = "SUITEEVENT";

/// The partition of the index `due` that contains parked events; tenants are in others.
const PARKED_SHARD: &str = "suite-events";

/// An event of the suite as it is stored, and as the stream delivers it.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Attributes")]
pub struct StoredSuiteEvent {
    /// Hash of the suite and the plaintext or auth_code ([`EventId::of`]).
    pub event_id: EventId,
    /// The id of the suite (`suite_id`).
    pub suite_id: String,
    /// The type of the event (`InfoType`); empty when there is none. Of an event of a corporation its `Event`.
    pub info_type: String,
    /// The corporation as the app sees it, if it is an event of a corporation, which arrived at the same callback.
    pub corp_id: Option<CorpId>,
    /// Whether the message was not well-formed.
    pub damaged: bool,
    /// The time at which WeCom created it (`TimeStamp`), if it is given.
    pub created_at: Option<Timestamp>,
    /// The time at which it arrived.
    pub received_at: Timestamp,
    /// The decrypted XML as JSON. It contains tickets and codes.
    pub payload: AtRest,
    /// How many times it was parked until then.
    pub parkings: u64,
}

#[derive(Deserialize)]
struct Attributes {
    pk: String,
    suite_id: String,
    event: String,
    corp_id: Option<CorpId>,
    #[serde(default)]
    damaged: bool,
    created_at: Option<Timestamp>,
    received_at: Timestamp,
    sealed: Option<String>,
    #[serde(rename = "payload")]
    plain: Option<SecretString>,
    #[serde(default)]
    parkings: u64,
}

impl TryFrom<Attributes> for StoredSuiteEvent {
    type Error = &'static str;

    fn try_from(item: Attributes) -> Result<Self, Self::Error> {
        let id = item.pk.strip_prefix(KIND).and_then(|id| id.strip_prefix('#'));
        let id = id.and_then(|id| EventId::parse(id).ok());
        Ok(Self {
            event_id: id.ok_or("no event of the suite")?,
            suite_id: item.suite_id,
            info_type: item.event,
            corp_id: item.corp_id,
            damaged: item.damaged,
            created_at: item.created_at,
            received_at: item.received_at,
            payload: AtRest::from_attributes(item.sealed, item.plain).ok_or("no payload")?,
            parkings: item.parkings,
        })
    }
}

fn key(id: &EventId) -> Key {
    Key::new(KIND, id.as_str(), "EVENT")
}

/// Events of the suite carry tickets and codes. They are stored in the authorization table, whose stream feeds
/// `process-suite-event` alone, and never meet what leaves for other services. (A stream takes two readers; the event table's
/// has two.)
impl DynamoDb {
    /// Stores an event of the suite, unless it is stored already.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_suite_event(&self, event: &StoredSuiteEvent) -> Result<AppendOutcome, StoreError> {
        let (name, payload) = event.payload.attribute("payload");
        let corp_id = event
            .corp_id
            .as_ref()
            .map(|id| ("corp_id".to_owned(), text(id.as_str())));
        let mut item = key(&event.event_id).into_item();
        item.extend(corp_id);
        let written = self
            .client
            .put_item()
            .table_name(&self.authorization_table)
            .set_item(Some(item))
            .item("suite_id", text(&event.suite_id))
            .item("event", text(&event.info_type))
            .item("damaged", AttributeValue::Bool(event.damaged))
            .item("created_at", to_attribute(&event.created_at)?)
            .item("received_at", to_attribute(&event.received_at)?)
            .item(name, payload)
            .item("ttl", time_to_live(event.received_at + RETENTION))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match written {
            Ok(_) => Ok(AppendOutcome::Stored),
            Err(error) if condition_failed(&error) => Ok(AppendOutcome::Duplicate),
            Err(error) => Err(store_error(error)),
        }
    }
}

#[derive(Deserialize)]
struct Parked {
    #[serde(default)]
    parkings: u64,
    due_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Due {
    pk: String,
}

/// Parked events: what waits until WeCom takes the suite's calls again. Only the owner of an event acts on it: the stream's record
/// of its arrival until it is parked for the first time, then the record of the latest release.
impl DynamoDb {
    /// Whether a record of the stream, in which the event was parked `parkings` times, still owns it. An event that is no
    /// longer stored has no other owner.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn owns_suite_event(&self, id: &EventId, parkings: u64) -> Result<bool, StoreError> {
        let now: Option<Parked> = self.item(key(id)).await?;
        Ok(now.is_none_or(|now| now.parkings == parkings && now.due_at.is_none()))
    }

    /// Parks an event until `until`, for the owner that has seen it parked `parkings` times. Parking it twice, because the first
    /// answer was lost, changes nothing.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn park_suite_event(&self, id: &EventId, parkings: u64, until: Timestamp) -> Result<(), StoreError> {
        let park = Update::builder()
            .set_key(Some(key(id).into_item()))
            .update_expression("SET parkings = :next, due_shard = :shard, due_at = :until REMOVE released")
            .condition_expression(
                "attribute_exists(pk) AND attribute_not_exists(due_at) \
                 AND (parkings = :seen OR (attribute_not_exists(parkings) AND :seen = :never))",
            )
            .expression_attribute_values(":next", number(parkings.saturating_add(1)))
            .expression_attribute_values(":seen", number(parkings))
            .expression_attribute_values(":never", number(0))
            .expression_attribute_values(":shard", text(PARKED_SHARD))
            .expression_attribute_values(":until", text(time_key(until)));
        // Not claimed: another delivery of the same record has parked it.
        self.claim(park).await.map(drop)
    }

    /// Up to `limit` parked events that are due at `now`, the longest overdue first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn due_suite_events(&self, now: Timestamp, limit: usize) -> Result<Vec<EventId>, StoreError> {
        let mut due = Vec::new();
        for item in self.due(PARKED_SHARD, now, limit, None).await? {
            let Due { pk } = from_item(item)?;
            let id = pk.strip_prefix(KIND).and_then(|id| id.strip_prefix('#'));
            due.extend(id.and_then(|id| EventId::parse(id).ok()));
        }
        Ok(due)
    }

    /// Releases a parked event that is due at `now`: the stream delivers it again, with all its attempts. One that is not parked
    /// any longer is left unchanged.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn release_suite_event(&self, id: &EventId, now: Timestamp) -> Result<(), StoreError> {
        let release = Update::builder()
            .set_key(Some(key(id).into_item()))
            .update_expression("SET released = :yes REMOVE due_shard, due_at")
            .condition_expression("due_at <= :now")
            .expression_attribute_values(":yes", text("true"))
            .expression_attribute_values(":now", text(time_key(now)));
        self.claim(release).await.map(drop)
    }
}
