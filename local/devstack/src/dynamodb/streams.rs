//! Corrections of the answers of `dynoxide-rs` 3.2 about streams.

use std::path::Path;

use http::{
    StatusCode,
    header::{CONTENT_LENGTH, HeaderName},
};
use http_body_util::{BodyExt as _, Collected, Full};
use rusqlite::Connection;
use serde_json::Value;

use crate::{answer::Answer, clock};

/// Corrects the engine's answer to an operation of Streams.
pub(crate) async fn correct(operation: &str, answer: Answer) -> Answer {
    let correction: fn(&mut Value) = match operation {
        "DescribeStream" => leave_shards_open,
        "GetRecords" => correct_records,
        _ => return answer,
    };
    let (mut parts, body) = answer.into_parts();
    let Ok(body) = body.collect().await.map(Collected::to_bytes);
    match serde_json::from_slice::<Value>(&body) {
        Ok(mut output) if parts.status == StatusCode::OK => {
            correction(&mut output);
            parts.headers.remove(CONTENT_LENGTH);
            parts.headers.remove(HeaderName::from_static("x-amz-crc32"));
            Answer::from_parts(parts, Full::new(output.to_string().into()))
        }
        _ => Answer::from_parts(parts, Full::new(body)),
    }
}

/// Removes `EndingSequenceNumber`: in DynamoDB it marks a closed shard, which readers leave at its end. The engine's only
/// shard never closes.
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

/// Removes the records of writes that changed nothing, which DynamoDB does not make (recognizable where a record has both
/// images), and spells the members of `userIdentity` as Streams does, not as a Lambda event does.
fn correct_records(output: &mut Value) {
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

/// Deletes the stream records older than a day, as DynamoDB does, and adds an index to the others. Without this, writes get
/// slower over time: the engine keeps all records, and reads all records of a table to number the next.
///
/// Runs before the engine starts. Records in memory are out of reach and stay.
pub(crate) fn prepare(path: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    let oldest = clock::now().as_second() - RETENTION_SECONDS;
    connection.execute("DELETE FROM _stream_records WHERE created_at < ?1", [oldest])?;
    connection.execute_batch(
        "CREATE INDEX IF NOT EXISTS devstack_stream_order
         ON _stream_records (table_name, CAST(sequence_number AS INTEGER));",
    )
}

const RETENTION_SECONDS: i64 = 24 * 60 * 60;
