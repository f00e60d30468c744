//! Replays: for each tenant, and for all together, the one that runs or ran last. `run-replays` finds those that run in the index
//! `due`, takes one by moving its time on, and keeps its position under that time: whoever has lost it stops.

use aws_sdk_dynamodb::types::{AttributeValue, Put, Select, TransactWriteItem, Update, builders::UpdateBuilder};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{
    DynamoDb,
    keys::{Item, Key, from_item, number, text, time_to_live, to_attribute, to_item},
    store_error,
    timeline::{Next, Timeline},
    transactions::TransactionError,
};
use crate::{
    audit::AuditEntry,
    ids::{EventId, EventScope, TenantId},
    position::time_key,
    store::{Replay, ReplayPage, ReplayStatus, ReplayedEvent, StoreError},
};

const KIND: &str = "REPLAY";
/// The partition of the index `due` that contains the replays that run.
const SHARD: &str = "replays";
/// In place of a tenant's id, which has no `*`.
const ALL: &str = "*all*";
/// How long a replay can be read after its last step.
const KEEP: SignedDuration = SignedDuration::from_hours(30 * 24);

fn replay_key(tenant_id: Option<&TenantId>) -> Key {
    Key::new(KIND, tenant_id.map_or(ALL, TenantId::as_str), KIND)
}

#[derive(Deserialize)]
struct Due {
    pk: String,
    due_at: Timestamp,
}

/// A replay that is to be taken further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueReplay {
    /// Whose it is; `None` stands for all tenants.
    pub tenant_id: Option<TenantId>,
    /// Since when it has waited.
    pub due_at: Timestamp,
}

impl DynamoDb {
    /// The replay of a tenant, or of all tenants, that runs or ran last.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn replay(&self, tenant_id: Option<&TenantId>) -> Result<Option<Replay>, StoreError> {
        self.item(replay_key(tenant_id)).await
    }

    /// Starts a replay, in place of one that has ended, with its entry of the tenant's audit trail; one of all tenants gets into the
    /// trail of each by [`DynamoDb::record`], when it comes to the first of their events. Returns whether it was started: not while
    /// another runs.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn start_replay(&self, replay: &Replay) -> Result<bool, StoreError> {
        let mut item = replay_key(replay.tenant_id.as_ref()).into_item();
        item.extend(to_item(replay)?);
        item.extend([
            ("due_shard".to_owned(), text(SHARD)),
            ("due_at".to_owned(), text(time_key(replay.started_at))),
            ("ttl".to_owned(), time_to_live(replay.started_at + KEEP)),
        ]);
        let put = Put::builder()
            .table_name(&self.authorization_table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR #status <> :running")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":running", to_attribute(&ReplayStatus::Running)?)
            .build()?;
        let mut items = vec![TransactWriteItem::builder().put(put).build()];
        if let (Some(tenant_id), Some(entry)) = (&replay.tenant_id, replay.start_entry()) {
            let put = self.audit_put(tenant_id, &entry)?;
            items.push(TransactWriteItem::builder().put(put).build());
        }
        match self.transact(items).await {
            Ok(()) => Ok(true),
            Err(TransactionError::Conditions(_)) => Ok(false),
            Err(TransactionError::Store(error)) => Err(error),
        }
    }

    /// The replays that are due at `now`, those that have waited longest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn due_replays(&self, now: Timestamp, limit: usize) -> Result<Vec<DueReplay>, StoreError> {
        let mut due = Vec::new();
        for item in self.due(SHARD, now, limit, None).await? {
            let Due { pk, due_at } = from_item(item)?;
            let whose = pk.strip_prefix(KIND).and_then(|id| id.strip_prefix('#'));
            due.extend(whose.map(|whose| DueReplay {
                tenant_id: TenantId::parse(whose).ok(),
                due_at,
            }));
        }
        Ok(due)
    }

    /// Takes a replay that is due at `now` until `until`. Returns whether it was taken: not if another has taken it, or it has ended.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn take_replay(&self, replay: &Replay, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let take = of_running(replay)?
            .update_expression("SET due_at = :until")
            .condition_expression("replay_id = :id AND #status = :running AND due_at <= :now")
            .expression_attribute_values(":until", text(time_key(until)))
            .expression_attribute_values(":now", text(time_key(now)));
        self.claim(take).await
    }

    /// Keeps how far a replay is that was taken until `until`. Returns whether it goes on: not if it was stopped, or another has taken
    /// it since. With the status `done` it ends.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keep_replay(&self, replay: &Replay, until: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        let mut update =
            "SET #status = :status, #position = :position, replayed = :replayed, ended_at = :ended, #ttl = :ttl"
                .to_owned();
        if replay.status != ReplayStatus::Running {
            update.push_str(" REMOVE due_shard, due_at");
        }
        let keep = of_running(replay)?
            .update_expression(update)
            .condition_expression("replay_id = :id AND #status = :running AND due_at = :until")
            .expression_attribute_names("#position", "position")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":status", to_attribute(&replay.status)?)
            .expression_attribute_values(":position", to_attribute(&replay.position)?)
            .expression_attribute_values(":replayed", number(replay.replayed))
            .expression_attribute_values(":ended", to_attribute(&replay.ended_at)?)
            .expression_attribute_values(":ttl", time_to_live(now + KEEP))
            .expression_attribute_values(":until", text(time_key(until)));
        self.claim(keep).await
    }

    /// Stops a replay that runs, with its entry of the tenant's audit trail. One that has ended is left unchanged.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn stop_replay(&self, replay: &Replay, entry: &AuditEntry) -> Result<(), StoreError> {
        let stop = of_running(replay)?
            .table_name(&self.authorization_table)
            .update_expression("SET #status = :stopped, ended_at = :now REMOVE due_shard, due_at")
            .condition_expression("replay_id = :id AND #status = :running")
            .expression_attribute_values(":stopped", to_attribute(&ReplayStatus::Stopped)?)
            .expression_attribute_values(":now", to_attribute(&entry.at)?)
            .build()?;
        let mut items = vec![TransactWriteItem::builder().update(stop).build()];
        if let Some(tenant_id) = &replay.tenant_id {
            let put = self.audit_put(tenant_id, entry)?;
            items.push(TransactWriteItem::builder().put(put).build());
        }
        match self.transact(items).await {
            Ok(()) | Err(TransactionError::Conditions(_)) => Ok(()),
            Err(TransactionError::Store(error)) => Err(error),
        }
    }

    /// The next events of a replay, `limit` at most: of a tenant the newest first, of all tenants in no order.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn replay_page(&self, replay: &Replay, limit: usize) -> Result<ReplayPage, StoreError> {
        match &replay.tenant_id {
            Some(tenant_id) => self.replay_page_of(tenant_id, replay, limit).await,
            None => self.replay_page_of_all(replay, limit).await,
        }
    }

    async fn replay_page_of(
        &self,
        tenant_id: &TenantId,
        replay: &Replay,
        limit: usize,
    ) -> Result<ReplayPage, StoreError> {
        let filter = replay.filter();
        let [_, until] = filter.bounds();
        let before = replay.position.as_ref().unwrap_or(&until);
        let mut timeline = Timeline::new(self, tenant_id, &filter, limit, Some(before));
        let mut events = Vec::new();
        while events.len() < limit {
            match timeline.next().await? {
                Next::End => return Ok(ReplayPage { events, next: None }),
                Next::Paused(next) => {
                    return Ok(ReplayPage {
                        events,
                        next: Some(next),
                    });
                }
                Next::Event(stored) => events.push(ReplayedEvent {
                    event_id: stored.event_id,
                    tenant_id: stored.tenant_id,
                    position: stored.timeline_at,
                }),
            }
        }
        let next = events.last().map(|event| event.position.clone());
        Ok(ReplayPage { events, next })
    }

    /// A scan, because no index has the events of all tenants by time: it reads each once, and nothing that tenants do meanwhile moves
    /// one past it.
    async fn replay_page_of_all(&self, replay: &Replay, limit: usize) -> Result<ReplayPage, StoreError> {
        let filter = replay.filter();
        let [since, until] = filter.bounds();
        let start = |id: &String| Item::from([("event_id".to_owned(), text(id))]);
        let mut scan = self
            .client
            .scan()
            .table_name(&self.event_table)
            .select(Select::SpecificAttributes)
            .projection_expression("event_id, tenant_id")
            .set_exclusive_start_key(replay.position.as_ref().map(start))
            .expression_attribute_values(":since", text(since))
            .expression_attribute_values(":until", text(until));
        let mut conditions = "timeline_at >= :since AND timeline_at < :until".to_owned();
        let wanted = [
            ("scope", filter.scope.map(EventScope::as_str)),
            ("event", filter.event.as_deref()),
            ("change_type", filter.change_type.as_deref()),
        ];
        for (name, value) in wanted.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            conditions.extend([" AND #", name, " = :", name]);
            scan = scan
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), text(value));
        }
        let answer = scan.filter_expression(conditions).send().await.map_err(store_error)?;
        let mut events = Vec::new();
        for item in answer.items.unwrap_or_default() {
            let Owned { event_id, tenant_id } = from_item(item)?;
            let position = event_id.to_string();
            events.push(ReplayedEvent {
                event_id,
                tenant_id,
                position,
            });
        }
        if events.len() > limit {
            events.truncate(limit);
            let next = events.last().map(|event| event.position.clone());
            return Ok(ReplayPage { events, next });
        }
        let last = answer.last_evaluated_key.and_then(|mut key| key.remove("event_id"));
        let next = match last {
            Some(AttributeValue::S(id)) => Some(id),
            _ => None,
        };
        Ok(ReplayPage { events, next })
    }
}

/// Whose event it is.
#[derive(Deserialize)]
struct Owned {
    event_id: EventId,
    tenant_id: TenantId,
}

/// The beginning of a change of a replay that runs.
fn of_running(replay: &Replay) -> Result<UpdateBuilder, StoreError> {
    Ok(Update::builder()
        .set_key(Some(replay_key(replay.tenant_id.as_ref()).into_item()))
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":id", text(&replay.replay_id))
        .expression_attribute_values(":running", to_attribute(&ReplayStatus::Running)?))
}
