//! Lambda's event source mapping: reads a table's stream and delivers batches to the function that is subscribed.
//! Records that the function reports as failed are redelivered a few times, then written to `dead-letters.jsonl`.
//!
//! It does not poll: it reads when the store notifies a write to the table.

use std::{collections::BTreeMap, io::Write as _, sync::Arc, time::Duration};

use aws_sdk_dynamodbstreams::{
    Client,
    types::{AttributeValue, Record, ShardIteratorType, Stream},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use wecom_authorization::{
    entry::streams::{self, BatchAnswer, Changes},
    platform::Platform,
};

use crate::directory::Directory;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A function's subscription to a stream.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subscriber {
    ProcessSuiteEvent,
    PublishEvents,
    /// `publish-events` too: its other stream.
    PublishChanges,
}

impl Subscriber {
    pub(crate) const ALL: [Self; 3] = [Self::ProcessSuiteEvent, Self::PublishEvents, Self::PublishChanges];

    fn name(self) -> &'static str {
        match self {
            Self::ProcessSuiteEvent => "process-suite-event",
            Self::PublishEvents => "publish-events",
            Self::PublishChanges => "publish-changes",
        }
    }

    /// Table whose stream it reads.
    pub(crate) fn table(self) -> &'static str {
        match self {
            Self::ProcessSuiteEvent | Self::PublishChanges => crate::deployment::AUTHORIZATION_TABLE,
            Self::PublishEvents => crate::deployment::EVENT_TABLE,
        }
    }

    /// Delivers records of a shard, as Lambda's event has them.
    async fn invoke(
        self,
        platform: &Platform,
        shard: &str,
        records: Vec<Value>,
    ) -> Result<BatchAnswer, serde_json::Error> {
        let changes: Changes = serde_json::from_value(json!({"Records": records, "shardId": shard}))?;
        Ok(match self {
            Self::ProcessSuiteEvent => streams::process_suite_event(platform, changes).await,
            Self::PublishEvents | Self::PublishChanges => streams::publish_events(platform, changes).await,
        })
    }
}

/// Reads the stream of one subscriber's table.
pub(crate) struct Pump {
    pub(crate) client: Client,
    pub(crate) platform: Arc<Platform>,
    pub(crate) subscriber: Subscriber,
    /// Marked as changed after each write to the subscriber's table.
    pub(crate) writes: watch::Receiver<()>,
    pub(crate) directory: Directory,
}

/// Deliveries of a batch, the first included, before its records go to `dead-letters.jsonl`.
const ATTEMPTS: u32 = 5;
/// Pause after an error, and before the first redelivery; later ones wait longer.
const PAUSE: Duration = Duration::from_millis(250);
/// Most records of a batch, as in `template.yaml`.
const BATCH: i32 = 100;

/// Progress in a shard, kept across restarts.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// Sequence number of the last record of the last batch that was delivered.
    done: Option<String>,
    /// Sequence number of the last record of the batch that is being delivered. After a restart the same batch is delivered
    /// again: Lambda does not change a batch either, and a function may recognize one by its content.
    in_hand: Option<String>,
}

/// Positions by shard id.
type Positions = BTreeMap<String, Position>;

/// A shard, and the iterator for its next batch.
struct Shard {
    id: String,
    iterator: String,
}

impl Pump {
    /// Runs until the store is gone.
    pub(crate) async fn run(mut self) {
        let mut positions: Positions = self.directory.read(&self.file()).ok().flatten().unwrap_or_default();
        let mut shards = Vec::new();
        loop {
            // Before reading, so that a write during it wakes the next round.
            self.writes.mark_unchanged();
            match self.read(&mut shards, &mut positions).await {
                Ok(()) => {
                    if self.writes.changed().await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(subscriber = self.subscriber.name(), %error, "the stream could not be read");
                    shards.clear();
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn file(&self) -> String {
        format!("{}.position.json", self.subscriber.name())
    }

    /// Delivers everything that the stream has, shard by shard.
    async fn read(&self, shards: &mut Vec<Shard>, positions: &mut Positions) -> Result<(), Error> {
        if shards.is_empty() {
            *shards = self.open(positions).await?;
        }
        for shard in &mut *shards {
            while self.read_batch(shard, positions).await? {}
        }
        Ok(())
    }

    /// Finds the table's shards, and continues each after its last delivered record.
    async fn open(&self, positions: &Positions) -> Result<Vec<Shard>, Error> {
        let table = self.subscriber.table();
        let streams = self.client.list_streams().table_name(table).send().await?;
        let mut shards = Vec::new();
        for arn in streams.streams().iter().filter_map(Stream::stream_arn) {
            let described = self.client.describe_stream().stream_arn(arn).send().await?;
            let found = described.stream_description.and_then(|stream| stream.shards);
            for id in found.into_iter().flatten().filter_map(|shard| shard.shard_id) {
                let iterator = self.client.get_shard_iterator().stream_arn(arn).shard_id(&id);
                let iterator = match positions.get(&id).and_then(|position| position.done.as_ref()) {
                    None => iterator.shard_iterator_type(ShardIteratorType::TrimHorizon),
                    Some(done) => iterator
                        .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                        .sequence_number(done),
                };
                let iterator = iterator.send().await?.shard_iterator.ok_or("no shard iterator")?;
                shards.push(Shard { id, iterator });
            }
        }
        Ok(shards)
    }

    /// Delivers the shard's next batch. Answers whether there may be more.
    async fn read_batch(&self, shard: &mut Shard, positions: &mut Positions) -> Result<bool, Error> {
        let read = self.client.get_records().shard_iterator(&shard.iterator).limit(BATCH);
        let read = read.send().await?;
        // The local stream has one shard, which never closes.
        let next = read.next_shard_iterator.ok_or("the shard is closed")?;
        let records = read.records.unwrap_or_default();
        let position = positions.entry(shard.id.clone()).or_default();
        let interrupted = position.in_hand.as_deref();
        let end = interrupted.and_then(|last| records.iter().position(|record| sequence_number(record) == Some(last)));
        let (batch, rest) = records.split_at(end.map_or(records.len(), |end| end + 1));
        for batch in [batch, rest].into_iter().filter(|batch| !batch.is_empty()) {
            self.deliver_and_keep(batch, &shard.id, positions).await?;
        }
        let more = next != shard.iterator;
        shard.iterator = next;
        Ok(more)
    }

    async fn deliver_and_keep(&self, batch: &[Record], shard: &str, positions: &mut Positions) -> Result<(), Error> {
        let last = batch.last().and_then(sequence_number).map(ToOwned::to_owned);
        positions.entry(shard.to_owned()).or_default().in_hand.clone_from(&last);
        self.directory.write_json(&self.file(), positions)?;
        self.deliver(batch, shard).await?;
        let position = Position {
            done: last,
            in_hand: None,
        };
        positions.insert(shard.to_owned(), position);
        self.directory.write_json(&self.file(), positions)?;
        Ok(())
    }

    /// Delivers a batch, and redelivers it from the first failed record on, as Lambda does.
    async fn deliver(&self, records: &[Record], shard: &str) -> Result<(), Error> {
        let mut rest = records;
        for attempt in 1..=ATTEMPTS {
            let events = rest.iter().map(record_event).collect();
            let answer = self.subscriber.invoke(&self.platform, shard, events).await?;
            let failed = rest.iter().position(|record| {
                answer
                    .batch_item_failures
                    .iter()
                    .any(|f| f.item_identifier.as_deref() == sequence_number(record))
            });
            let Some(failed) = failed else { return Ok(()) };
            rest = rest.get(failed..).unwrap_or_default();
            if attempt < ATTEMPTS {
                tokio::time::sleep(PAUSE * attempt).await;
            }
        }
        self.give_up(rest)
    }

    fn give_up(&self, records: &[Record]) -> Result<(), Error> {
        tracing::error!(
            subscriber = self.subscriber.name(),
            records = records.len(),
            "records could not be processed"
        );
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.directory.path("dead-letters.jsonl"))?;
        for record in records {
            let letter = json!({"function": self.subscriber.name(), "sequence_number": sequence_number(record)});
            writeln!(file, "{letter}")?;
        }
        Ok(())
    }
}

fn sequence_number(record: &Record) -> Option<&str> {
    record.dynamodb().and_then(|change| change.sequence_number())
}

/// A record as in the event of Lambda.
fn record_event(record: &Record) -> Value {
    let change = record.dynamodb();
    let image = |image: Option<&std::collections::HashMap<String, AttributeValue>>| match image {
        None => Value::Null,
        Some(item) => Value::Object(
            item.iter()
                .map(|(name, value)| (name.clone(), attribute(value)))
                .collect(),
        ),
    };
    json!({
        "awsRegion": "local",
        "eventID": record.event_id(),
        "eventName": record.event_name().map(aws_sdk_dynamodbstreams::types::OperationType::as_str),
        "eventSource": "aws:dynamodb",
        "eventVersion": "1.1",
        "dynamodb": {
            "ApproximateCreationDateTime": 0,
            "Keys": image(change.and_then(|change| change.keys())),
            "NewImage": image(change.and_then(|change| change.new_image())),
            "OldImage": image(change.and_then(|change| change.old_image())),
            "SequenceNumber": sequence_number(record),
            "SizeBytes": change.and_then(aws_sdk_dynamodbstreams::types::StreamRecord::size_bytes).unwrap_or_default(),
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    })
}

fn attribute(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(number) => json!({"N": number}),
        AttributeValue::Bool(truth) => json!({"BOOL": truth}),
        AttributeValue::B(bytes) => json!({"B": STANDARD.encode(bytes)}),
        AttributeValue::L(list) => json!({"L": list.iter().map(attribute).collect::<Vec<_>>()}),
        AttributeValue::M(map) => {
            let map: Map<String, Value> = map
                .iter()
                .map(|(name, value)| (name.clone(), attribute(value)))
                .collect();
            json!({"M": map})
        }
        AttributeValue::Ss(texts) => json!({"SS": texts}),
        AttributeValue::Ns(numbers) => json!({"NS": numbers}),
        // The tables have no binary sets, so that this is null.
        _ => json!({"NULL": true}),
    }
}
