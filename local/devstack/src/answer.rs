//! HTTP answers in AWS's JSON protocols.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use serde_json::{Map, Value};

pub(crate) type Answer = Response<Full<Bytes>>;

/// An error answer; `members` are the exception's further members.
///
/// It has the message in both spellings: DynamoDB writes `message`, Secrets Manager `Message`.
pub(crate) fn error(status: StatusCode, code: &str, message: &str, members: &Map<String, Value>) -> Answer {
    let mut body = Map::new();
    body.insert("__type".to_owned(), code.into());
    body.insert("message".to_owned(), message.into());
    body.insert("Message".to_owned(), message.into());
    body.extend(members.clone());
    json(status, &Value::Object(body))
}

pub(crate) fn json(status: StatusCode, body: &Value) -> Answer {
    raw(status, "application/x-amz-json-1.1", body.to_string())
}

pub(crate) fn raw(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}
