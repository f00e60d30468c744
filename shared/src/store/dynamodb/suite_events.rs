use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    AtRest, DynamoDb, condition_failed,
    keys::{Key, text, time_to_live, to_attribute},
    store_error,
};
use crate::{
    ids::EventId,
    store::{AppendOutcome, StoreError},
};

/// Long enough to look into one, and to recognize a repeated one.
const RETENTION: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The kind of the items.
const KIND: &str = "SUITEEVENT";

/// An event of the suite as it is stored, and as the stream delivers it.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Attributes")]
pub struct StoredSuiteEvent {
    /// Hash of the suite and the plaintext or auth_code ([`EventId::of`]).
    pub event_id: EventId,
    /// The id of the suite (`suite_id`).
    pub suite_id: String,
    /// The type of the event (`InfoType`); empty when there is none.
    pub info_type: String,
    /// The time at which WeCom created it (`TimeStamp`), if it is given.
    pub created_at: Option<Timestamp>,
    /// The time at which it arrived.
    pub received_at: Timestamp,
    /// The decrypted XML as JSON. It contains tickets and codes.
    pub payload: AtRest,
}

#[derive(Deserialize)]
struct Attributes {
    pk: String,
    suite_id: String,
    event: String,
    created_at: Option<Timestamp>,
    received_at: Timestamp,
    sealed: Option<String>,
    #[serde(rename = "payload")]
    plain: Option<SecretString>,
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
            created_at: item.created_at,
            received_at: item.received_at,
            payload: AtRest::from_attributes(item.sealed, item.plain).ok_or("no payload")?,
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
        let written = self
            .client
            .put_item()
            .table_name(&self.authorization_table)
            .set_item(Some(key(&event.event_id).into_item()))
            .item("suite_id", text(&event.suite_id))
            .item("event", text(&event.info_type))
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
