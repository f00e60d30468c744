//! The deletion of a tenant's events and tokens, counted in the transactions that delete them: an attempt that dies, or is
//! repeated because its answer was lost, counts nothing twice.

use std::time::Duration;

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, Update};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{
    DynamoDb,
    events::part_id,
    keys::{Key, from_item, number, text, time_to_live},
    store_error,
    suite::token_key,
    timeline::timeline,
    transactions::TransactionError,
};
use crate::{
    authorization::Deleted,
    ids::{EventId, TenantId, TokenName},
    position::time_key,
    store::{StoreError, tables::TIMELINE},
};

/// Items of one transaction: DynamoDB takes 100, and one is the count.
const ITEMS_AT_ONCE: usize = 99;

/// Events that are read at once in each of the four partitions of the index: together they fill ten transactions.
const READ_AT_ONCE: i32 = 247;

/// The shortest time from one of several transactions to the next: 700 events a second at most take 1,400 write units of the 4,000 that
/// a new table has, so that new events are stored beside that.
const PACE: Duration = Duration::from_millis(150);

/// How long a count is kept if the clean-up never ends.
const KEEP_COUNT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What deleting an event needs to know.
#[derive(Deserialize)]
struct Entry {
    event_id: EventId,
    parts: usize,
}

fn count_key(tenant_id: &TenantId) -> Key {
    Key::new("DELETED", tenant_id.as_str(), "COUNT")
}

impl DynamoDb {
    /// The number of items that were deleted for a tenant since its authorization ended.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn deleted(&self, tenant_id: &TenantId) -> Result<Deleted, StoreError> {
        Ok(self.item(count_key(tenant_id)).await?.unwrap_or_default())
    }

    /// Deletes up to a thousand of a tenant's events that arrived before then, and counts them. Returns whether there may be more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_some_events(
        &self,
        tenant_id: &TenantId,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let read = |shard| self.oldest_events(tenant_id, shard, before);
        let (one, two, three, four) = tokio::try_join!(read(0), read(1), read(2), read(3))?;
        let partitions = [one, two, three, four];
        let more = partitions.iter().any(|(_, more)| *more);
        let mut partitions = partitions.map(|(events, _)| events.into_iter());
        // In turn, so that each transaction is spread over the partitions of the index.
        let mut events = Vec::new();
        for _ in 0..READ_AT_ONCE {
            events.extend(partitions.iter_mut().filter_map(Iterator::next));
        }
        let count = |events| self.counted(tenant_id, Deleted { events, tokens: 0 }, now);
        self.delete_events(events, count).await?;
        Ok(more)
    }

    /// The first events of a partition of the index by time that arrived before then, each with its number of parts, and whether there
    /// are more.
    async fn oldest_events(
        &self,
        tenant_id: &TenantId,
        shard: u8,
        before: Timestamp,
    ) -> Result<(Vec<(EventId, usize)>, bool), StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.event_table)
            .index_name(TIMELINE)
            .key_condition_expression("timeline = :timeline AND timeline_at < :before")
            .expression_attribute_values(":timeline", text(timeline(tenant_id, shard)))
            .expression_attribute_values(":before", text(time_key(before)))
            .projection_expression("event_id, parts")
            .limit(READ_AT_ONCE)
            .send()
            .await
            .map_err(store_error)?;
        let events = answer.items.unwrap_or_default().into_iter().map(|item| {
            let Entry { event_id, parts } = from_item(item)?;
            Ok((event_id, parts))
        });
        Ok((
            events.collect::<Result<_, StoreError>>()?,
            answer.last_evaluated_key.is_some(),
        ))
    }

    /// Deletes events, each with its number of parts, in transactions of [`ITEMS_AT_ONCE`] items, each with what `noted` makes of the
    /// number of its events. Returns how many there were: an index may still show some that are gone.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn delete_events(
        &self,
        events: Vec<(EventId, usize)>,
        noted: impl Fn(u64) -> Result<TransactWriteItem, StoreError>,
    ) -> Result<u64, StoreError> {
        let (mut deleted, mut batch, mut items) = (0, Vec::new(), 0);
        for (id, parts) in events {
            if items + 1 + parts > ITEMS_AT_ONCE {
                let full = self.delete_at_once(std::mem::take(&mut batch), &noted);
                let (number, ()) = tokio::join!(full, tokio::time::sleep(PACE));
                deleted += number?;
                items = 0;
            }
            items += 1 + parts;
            batch.push((id, parts));
        }
        Ok(deleted + self.delete_at_once(batch, &noted).await?)
    }

    async fn delete_at_once(
        &self,
        mut events: Vec<(EventId, usize)>,
        noted: impl Fn(u64) -> Result<TransactWriteItem, StoreError>,
    ) -> Result<u64, StoreError> {
        while !events.is_empty() {
            let number = u64::try_from(events.len()).unwrap_or_default();
            match self.delete_with(self.event_deletes(&events)?, noted(number)?).await? {
                None => return Ok(number),
                Some(gone) => {
                    let mut flags = gone.into_iter();
                    events.retain(|(_, parts)| {
                        let is_gone = flags.next().unwrap_or_default();
                        flags.by_ref().take(*parts).for_each(drop);
                        !is_gone
                    });
                }
            }
        }
        Ok(0)
    }

    /// Removes a token that was obtained for a tenant, and counts it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_token(&self, tenant_id: &TenantId, name: &TokenName, now: Timestamp) -> Result<(), StoreError> {
        let delete = Delete::builder()
            .table_name(&self.authorization_table)
            .set_key(Some(token_key(name).into_item()))
            .condition_expression("attribute_exists(expires_at)")
            .build()?;
        let one = Deleted { events: 0, tokens: 1 };
        let count = self.counted(tenant_id, one, now)?;
        if self.delete_with(vec![delete], count).await?.is_none() {
            return Ok(());
        }
        // There is none, or only the lease of an attempt to get one.
        self.drop_token(name).await
    }

    /// An event's own item must be there, so that it is counted once; its parts end with it.
    fn event_deletes(&self, events: &[(EventId, usize)]) -> Result<Vec<Delete>, StoreError> {
        let mut requests = Vec::new();
        for (id, parts) in events {
            let own = self.event_delete(id.to_string());
            requests.push(own.condition_expression("attribute_exists(event_id)").build()?);
            for index in 0..*parts {
                requests.push(self.event_delete(part_id(id, index)).build()?);
            }
        }
        Ok(requests)
    }

    fn event_delete(&self, id: String) -> aws_sdk_dynamodb::types::builders::DeleteBuilder {
        Delete::builder()
            .table_name(&self.event_table)
            .key("event_id", text(id))
    }

    /// Carries out all deletions together with what notes them. Returns nothing if that was done, and otherwise for each deletion
    /// whether its item was missing.
    async fn delete_with(
        &self,
        requests: Vec<Delete>,
        noted: TransactWriteItem,
    ) -> Result<Option<Vec<bool>>, StoreError> {
        let requests = requests
            .into_iter()
            .map(|delete| TransactWriteItem::builder().delete(delete).build());
        match self.transact(requests.chain([noted]).collect()).await {
            Ok(()) => Ok(None),
            Err(TransactionError::Conditions(gone)) => Ok(Some(gone)),
            Err(TransactionError::Store(error)) => Err(error),
        }
    }

    /// Counts what is deleted in the same transaction.
    fn counted(&self, tenant_id: &TenantId, deleted: Deleted, now: Timestamp) -> Result<TransactWriteItem, StoreError> {
        let count = Update::builder()
            .table_name(&self.authorization_table)
            .set_key(Some(count_key(tenant_id).into_item()))
            .update_expression("ADD events :events, tokens :tokens SET #ttl = :ttl")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":events", number(deleted.events))
            .expression_attribute_values(":tokens", number(deleted.tokens))
            .expression_attribute_values(":ttl", time_to_live(now + KEEP_COUNT))
            .build()?;
        Ok(TransactWriteItem::builder().update(count).build())
    }

    /// The removal of a count that is still `counted`.
    pub(super) fn forget_deleted(&self, tenant_id: &TenantId, counted: Deleted) -> Result<Delete, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.authorization_table)
            .set_key(Some(count_key(tenant_id).into_item()));
        let delete = if counted == Deleted::default() {
            delete.condition_expression("attribute_not_exists(pk)")
        } else {
            delete
                .condition_expression("events = :events AND tokens = :tokens")
                .expression_attribute_values(":events", number(counted.events))
                .expression_attribute_values(":tokens", number(counted.tokens))
        };
        Ok(delete.build()?)
    }
}
