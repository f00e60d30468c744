//! What `dynoxide-rs` 3.2 leaves undone about streams.

use std::path::Path;

use http::{
    StatusCode,
    header::{CONTENT_LENGTH, HeaderName},
};
use http_body_util::{BodyExt as _, Collected, Full};
use rusqlite::Connection;
use serde_json::Value;

use crate::{answer::Answer, clock};

/// Mends what the engine answers to an operation of Streams.
pub(crate) async fn mend(operation: &str, answer: Answer) -> Answer {
    let mending: fn(&mut Value) = match operation {
        "DescribeStream" => leave_shards_open,
        "GetRecords" => mend_records,
        _ => return answer,
    };
    let (mut parts, body) = answer.into_parts();
    let Ok(body) = body.collect().await.map(Collected::to_bytes);
    match serde_json::from_slice::<Value>(&body) {
        Ok(mut output) if parts.status == StatusCode::OK => {
            mending(&mut output);
            parts.headers.remove(CONTENT_LENGTH);
            parts.headers.remove(HeaderName::from_static("x-amz-crc32"));
            Answer::from_parts(parts, Full::new(output.to_string().into()))
        }
        _ => Answer::from_parts(parts, Full::new(body)),
    }
}

/// A shard that has an `EndingSequenceNumber` is closed, and a reader that follows DynamoDB's rules leaves a closed
/// shard at its end. The engine's only shard never closes.
fn leave_shards_open(output: &mut Value) {
    let shards = output
        .pointer_mut("/StreamDescription/Shards")
        .and_then(Value::as_array_mut);
    for shard in shards.into_iter().flatten() {
        if let Some(range) = shard.get_mut("SequenceNumberRange").and_then(Value::as_object_mut) {
            range.remove("EndingSequenceNumber");
        }
    }
}

/// A write that changes nothing makes no record; the engine makes one. That can be seen where a record has both images.
/// And the service that expires an item is written as Streams writes it, not as an event of Lambda does.
fn mend_records(output: &mut Value) {
    let Some(records) = output.get_mut("Records").and_then(Value::as_array_mut) else {
        return;
    };
    records.retain(|record| {
        match (
            record.pointer("/dynamodb/OldImage"),
            record.pointer("/dynamodb/NewImage"),
        ) {
            (Some(old), Some(new)) => old != new,
            _ => true,
        }
    });
    for identity in records
        .iter_mut()
        .filter_map(|record| record.get_mut("userIdentity")?.as_object_mut())
    {
        for (engines, streams) in [("type", "Type"), ("principalId", "PrincipalId")] {
            if let Some(value) = identity.remove(engines) {
                identity.insert(streams.to_owned(), value);
            }
        }
    }
}

/// Keeps a developer's writes from getting slower by the week: the engine keeps its records for ever, and reads all of a
/// table's to number the next. So those older than a day go, as on DynamoDB, and the rest get an index.
///
/// Runs before the engine serves. In memory, where only the engine can reach them, the records stay as they are.
pub(crate) fn tend(path: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    let oldest = clock::now().as_second() - RETENTION_SECONDS;
    connection.execute("DELETE FROM _stream_records WHERE created_at < ?1", [oldest])?;
    connection.execute_batch(
        "CREATE INDEX IF NOT EXISTS devstack_stream_order
         ON _stream_records (table_name, CAST(sequence_number AS INTEGER));",
    )
}

const RETENTION_SECONDS: i64 = 24 * 60 * 60;
