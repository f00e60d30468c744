//! What Lambda's event source mapping is on AWS: reads a table's stream and hands batches to the functions that are
//! subscribed to it. What a function reports as failed is handed in again a few times, then written to `dead-letters.jsonl`.

use std::{collections::BTreeMap, io::Write as _, sync::Arc, time::Duration};

use aws_sdk_dynamodbstreams::{
    Client,
    types::{AttributeValue, Record, ShardIteratorType},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::Notify;
use wecom_authorization::{
    entry::streams::{self, BatchAnswer, Changes},
    platform::Platform,
};

use crate::directory::Directory;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A function that is subscribed to the stream.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subscriber {
    ProcessSuiteEvent,
    CountEvents,
}

impl Subscriber {
    pub(crate) const ALL: [Self; 2] = [Self::ProcessSuiteEvent, Self::CountEvents];

    fn name(self) -> &'static str {
        match self {
            Self::ProcessSuiteEvent => "process-suite-event",
            Self::CountEvents => "count-events",
        }
    }

    fn table(self) -> &'static str {
        match self {
            Self::ProcessSuiteEvent => crate::deployment::AUTHORIZATION_TABLE,
            Self::CountEvents => crate::deployment::EVENT_TABLE,
        }
    }

    async fn invoke(self, platform: &Platform, changes: Changes) -> BatchAnswer {
        match self {
            Self::ProcessSuiteEvent => streams::process_suite_event(platform, changes).await,
            Self::CountEvents => streams::count_events(platform, changes).await,
        }
    }
}

pub(crate) struct Pump {
    pub(crate) client: Client,
    pub(crate) platform: Arc<Platform>,
    pub(crate) subscriber: Subscriber,
    pub(crate) bell: Arc<Notify>,
    pub(crate) directory: Directory,
}

const ATTEMPTS: u32 = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
const BATCH: i32 = 100;

/// How far a shard has been read, kept across restarts.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// The last record that was handed in.
    done: Option<String>,
    /// The last record of the batch that is being handed in. A batch that is handed in again after a restart must be the
    /// same one: Lambda does not change a batch either, and a function may know it by what is in it.
    in_hand: Option<String>,
}

type Positions = BTreeMap<String, Position>;

impl Pump {
    /// Runs until it is dropped.
    pub(crate) async fn run(self) {
        let mut positions: Positions = self.directory.read(&self.file()).ok().flatten().unwrap_or_default();
        loop {
            let rung = self.bell.notified();
            match self.look(&mut positions).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(subscriber = self.subscriber.name(), %error, "the stream could not be read");
                }
            }
            tokio::select! { () = rung => {}, () = tokio::time::sleep(BETWEEN_LOOKS) => {} }
        }
    }

    fn file(&self) -> String {
        format!("{}.position.json", self.subscriber.name())
    }

    /// Hands on what is new in each shard. Answers whether anything was.
    async fn look(&self, positions: &mut Positions) -> Result<bool, Error> {
        let streams = self
            .client
            .list_streams()
            .table_name(self.subscriber.table())
            .send()
            .await?;
        let mut any = false;
        for stream in streams.streams() {
            let Some(arn) = stream.stream_arn() else {
                continue;
            };
            let description = self.client.describe_stream().stream_arn(arn).send().await?;
            for shard in description
                .stream_description()
                .map(aws_sdk_dynamodbstreams::types::StreamDescription::shards)
                .unwrap_or_default()
            {
                let Some(shard_id) = shard.shard_id() else {
                    continue;
                };
                any |= self.look_at(arn, shard_id, positions).await?;
            }
        }
        Ok(any)
    }

    async fn look_at(&self, arn: &str, shard_id: &str, positions: &mut Positions) -> Result<bool, Error> {
        let position = positions.entry(shard_id.to_owned()).or_default();
        let iterator = self.client.get_shard_iterator().stream_arn(arn).shard_id(shard_id);
        let iterator = match &position.done {
            None => iterator.shard_iterator_type(ShardIteratorType::TrimHorizon),
            Some(done) => iterator
                .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                .sequence_number(done),
        };
        let iterator = iterator.send().await?.shard_iterator.ok_or("no shard iterator")?;
        let records = self
            .client
            .get_records()
            .shard_iterator(iterator)
            .limit(BATCH)
            .send()
            .await?;
        let mut records = records.records.unwrap_or_default();
        if let Some(in_hand) = &position.in_hand
            && let Some(end) = records
                .iter()
                .position(|record| sequence_number(record) == Some(in_hand))
        {
            records.truncate(end + 1);
        }
        let Some(last) = records.last().and_then(sequence_number) else {
            return Ok(false);
        };
        position.in_hand = Some(last.to_owned());
        self.directory.write_json(&self.file(), positions)?;
        self.hand_in(&records).await?;
        let position = positions.entry(shard_id.to_owned()).or_default();
        position.done = position.in_hand.take();
        self.directory.write_json(&self.file(), positions)?;
        Ok(true)
    }

    /// Hands a batch in, then again what failed, from the first that did, as Lambda does.
    async fn hand_in(&self, records: &[Record]) -> Result<(), Error> {
        let mut rest = records;
        for attempt in 1..=ATTEMPTS {
            let event = json!({"Records": rest.iter().map(record_event).collect::<Vec<_>>()});
            let answer = self
                .subscriber
                .invoke(&self.platform, serde_json::from_value(event)?)
                .await;
            let failed = rest.iter().position(|record| {
                answer
                    .batch_item_failures
                    .iter()
                    .any(|f| f.item_identifier.as_deref() == sequence_number(record))
            });
            let Some(failed) = failed else { return Ok(()) };
            rest = rest.get(failed..).unwrap_or_default();
            if attempt < ATTEMPTS {
                tokio::time::sleep(BETWEEN_LOOKS * attempt).await;
            }
        }
        self.bury(rest)
    }

    fn bury(&self, records: &[Record]) -> Result<(), Error> {
        tracing::error!(subscriber = self.subscriber.name(), records = records.len(), "given up");
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

/// A record as Lambda hands it to a function.
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
        // The tables hold no binary sets; what is left is null.
        _ => json!({"NULL": true}),
    }
}
