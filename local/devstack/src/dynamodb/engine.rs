//! The operations of items and of streams, called in `dynoxide-rs` directly.

use dynoxide::{Database, DynoxideError};
use http::{HeaderName, HeaderValue, StatusCode};
use rand::{TryRng as _, rngs::SysRng};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    answer::{self, Answer},
    call::Call,
};

/// The answer to an operation that a request to the product is made of.
///
/// `None` for any other operation, and where the engine refuses the request for another reason than a condition: nothing has been
/// written then, and the engine's own HTTP server, which words refusals as DynamoDB does, may be asked the same.
pub(super) fn answer(database: &Database, call: &Call) -> Option<Answer> {
    let body = &call.body;
    let answered = match call.operation.as_str() {
        "DeleteItem" => run(body, |request| database.delete_item(request)),
        "GetItem" => run(body, |request| database.get_item(request)),
        "GetRecords" => run(body, |request| database.get_records(request)),
        "PutItem" => run(body, |request| database.put_item(request)),
        "Query" => run(body, |request| database.query(request)),
        "TransactWriteItems" => run(body, |request| database.transact_write_items(request)),
        "UpdateItem" => run(body, |request| database.update_item(request)),
        _ => return None,
    };
    let (status, body) = answered?;
    let mut answer = answer::raw(status, "application/x-amz-json-1.0", body);
    let mut id = [0; 16];
    SysRng.try_fill_bytes(&mut id).ok()?;
    let id = HeaderValue::try_from(format!("{:032X}", u128::from_be_bytes(id))).ok()?;
    answer
        .headers_mut()
        .insert(HeaderName::from_static("x-amzn-requestid"), id);
    Some(answer)
}

fn run<I, O>(body: &[u8], operation: impl FnOnce(I) -> dynoxide::Result<O>) -> Option<(StatusCode, String)>
where
    I: DeserializeOwned,
    O: Serialize,
{
    match operation(serde_json::from_slice(body).ok()?) {
        Ok(output) => Some((StatusCode::OK, serde_json::to_string(&output).ok()?)),
        Err(
            refused @ (DynoxideError::ConditionalCheckFailedException(..)
            | DynoxideError::TransactionCanceledException(..)),
        ) => Some((StatusCode::BAD_REQUEST, refused.to_json())),
        Err(_) => None,
    }
}
