//! The put of an event by hand: the request that DynamoDB gets, and what follows each of its answers. The SDK puts the event when there
//! is no answer, or one of another kind.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, future},
};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use wecom_authorization::{
    entry::aws_config,
    store::{AppendOutcome, DynamoDb, StoreError},
};

use super::events::event;

/// An answer to a put.
#[derive(Clone)]
enum Script {
    Answers(u16, Value),
    /// Nothing is answered, as when the answer to a write is lost.
    Hangs,
}

/// A put, as DynamoDB got it.
struct Put {
    headers: HeaderMap,
    body: Bytes,
}

impl Put {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The SDK says who it is.
    fn is_by_hand(&self) -> bool {
        !self.headers.contains_key("amz-sdk-invocation-id")
    }

    fn input(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Credentials that change with each look.
#[derive(Debug, Default)]
struct Refreshed(Mutex<u32>);

impl ProvideCredentials for Refreshed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let mut looks = self.0.lock().unwrap();
        *looks += 1;
        let token = Some(format!("token-{looks}"));
        let credentials = Credentials::new(format!("KEY{looks}"), format!("secret-{looks}"), token, None, "test");
        future::ProvideCredentials::ready(Ok(credentials))
    }
}

/// A DynamoDB that answers puts as it is told, and everything else with nothing.
struct Scripted {
    store: DynamoDb,
    puts: Arc<Mutex<Vec<Put>>>,
    url: String,
}

impl Scripted {
    /// Its store has made a connection.
    async fn start(answers: impl IntoIterator<Item = Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers = Arc::new(Mutex::new(answers.into_iter().collect::<VecDeque<_>>()));
        let puts = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&puts);
        let answer = move |headers: HeaderMap, body: Bytes| {
            let (answers, seen) = (Arc::clone(&answers), Arc::clone(&seen));
            async move {
                if headers["x-amz-target"] != "DynamoDB_20120810.PutItem" {
                    return said(200, &json!({}));
                }
                seen.lock().unwrap().push(Put { headers, body });
                let next = answers.lock().unwrap().pop_front();
                match next.expect("an answer for each put") {
                    Script::Answers(status, body) => said(status, &body),
                    Script::Hangs => pending().await,
                }
            }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        let credentials = Credentials::new("unused", "unused", None, None, "test");
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(500));
        let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
        let aws = aws_config("eu-central-1".to_owned(), credentials, Some(url.clone()))
            .to_builder()
            .timeout_config(timeouts.build())
            .retry_config(retries)
            .credentials_provider(SharedCredentialsProvider::new(Refreshed::default()))
            .build();
        let tables = ["authorizations", "events"].map(str::to_owned);
        let [authorizations, events] = tables;
        let store = DynamoDb::of(&aws, authorizations, events, SignedDuration::from_hours(24));
        store.connect().await.unwrap();
        Self { store, puts, url }
    }

    async fn append(&self, content: &str) -> Result<AppendOutcome, StoreError> {
        self.store.append_event(event(content, Timestamp::UNIX_EPOCH)).await
    }

    /// Which of the puts were made by hand.
    fn by_hand(&self) -> Vec<bool> {
        self.puts.lock().unwrap().iter().map(Put::is_by_hand).collect()
    }
}

fn said(status: u16, body: &Value) -> Response {
    let headers = [("content-type", "application/x-amz-json-1.0")];
    (StatusCode::from_u16(status).unwrap(), headers, body.to_string()).into_response()
}

fn stored() -> Script {
    Script::Answers(200, json!({}))
}

fn refused(status: u16, code: &str) -> Script {
    Script::Answers(
        status,
        json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "no"}),
    )
}

/// What DynamoDB says of an event that is there already, `None` without the item.
fn condition_failed(item: Option<Value>) -> Script {
    let mut body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "The conditional request failed",
    });
    if let Some(item) = item {
        body["Item"] = item;
    }
    Script::Answers(400, body)
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The signature that AWS computes: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.
fn expected_signature(put: &Put, secret: &str, signed_headers: &str) -> String {
    let mut request = "POST\n/\n\n".to_owned();
    for name in signed_headers.split(';') {
        writeln!(request, "{name}:{}", put.header(name)).unwrap();
    }
    write!(request, "\n{signed_headers}\n{}", hex(&Sha256::digest(&put.body))).unwrap();
    let at = put.header("x-amz-date");
    let (date, _) = at.split_once('T').unwrap();
    let scope = format!("{date}/eu-central-1/dynamodb/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{}", hex(&Sha256::digest(request)));
    let key = [date, "eu-central-1", "dynamodb", "aws4_request"]
        .iter()
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| hmac(&key, part));
    hex(&hmac(&key, &to_sign))
}

#[tokio::test]
async fn each_put_is_signed_with_the_credentials_of_the_moment() {
    let dynamodb = Scripted::start([stored(), stored()]).await;
    for content in ["a", "b"] {
        assert_eq!(dynamodb.append(content).await.unwrap(), AppendOutcome::Stored);
    }
    assert_eq!(dynamodb.by_hand(), [true, true]);
    let puts = dynamodb.puts.lock().unwrap();
    // The first look at the credentials was for the connection.
    for (put, look) in puts.iter().zip(2..) {
        let (start, signature) = put.header("authorization").split_once(", Signature=").unwrap();
        let (credential, signed_headers) = start.split_once(", SignedHeaders=").unwrap();
        assert!(
            credential.starts_with(&format!("AWS4-HMAC-SHA256 Credential=KEY{look}/")),
            "{credential}"
        );
        for needed in [
            "content-type",
            "host",
            "x-amz-date",
            "x-amz-security-token",
            "x-amz-target",
        ] {
            assert!(signed_headers.split(';').any(|name| name == needed), "{signed_headers}");
        }
        assert_eq!(put.header("x-amz-security-token"), format!("token-{look}"));
        assert_eq!(put.header("host"), dynamodb.url.trim_start_matches("http://"));
        assert_eq!(put.header("content-type"), "application/x-amz-json-1.0");
        let expected = expected_signature(put, &format!("secret-{look}"), signed_headers);
        assert_eq!(signature, expected);
    }
}

/// The second of the puts is the SDK's.
#[tokio::test]
async fn says_what_the_sdk_says() {
    let dynamodb = Scripted::start([refused(503, "ServiceUnavailable"), stored()]).await;
    let mut mine = event("a \"quoted\" 企业\u{1f600}\u{1}\n", Timestamp::UNIX_EPOCH);
    mine.change_type = None;
    dynamodb.store.append_event(mine).await.unwrap();
    assert_eq!(dynamodb.by_hand(), [true, false]);
    let puts = dynamodb.puts.lock().unwrap();
    assert_eq!(puts[0].input(), puts[1].input());
    assert_eq!(puts[0].input()["Item"]["change_type"], json!({"NULL": true}));
}

#[tokio::test]
async fn an_event_that_is_stored_already_is_recognised_by_what_is_stored() {
    let of = |delivery: &str, duplicates: &str| {
        condition_failed(Some(json!({
            "delivery_id": {"S": delivery}, "duplicates": {"N": duplicates}, "change_type": {"NULL": true},
            "tags": {"L": [{"M": {"a": {"BOOL": true}}}]},
        })))
    };
    for (answer, outcome) in [
        (of("first", "0"), AppendOutcome::Stored),
        (of("another", "0"), AppendOutcome::Duplicate),
        (of("another", "10"), AppendOutcome::OftenRepeated),
        (condition_failed(None), AppendOutcome::Duplicate),
    ] {
        let dynamodb = Scripted::start([answer]).await;
        assert_eq!(dynamodb.append("a").await.unwrap(), outcome);
        assert_eq!(dynamodb.by_hand(), [true]);
    }
}

#[tokio::test]
async fn the_sdk_puts_what_was_throttled_failed_or_not_answered() {
    for answer in [
        refused(400, "ProvisionedThroughputExceededException"),
        refused(400, "ThrottlingException"),
        refused(500, "InternalServerError"),
        Script::Answers(502, json!("no object")),
        Script::Hangs,
    ] {
        let dynamodb = Scripted::start([answer, refused(500, "InternalServerError"), stored()]).await;
        assert_eq!(dynamodb.append("a").await.unwrap(), AppendOutcome::Stored);
        assert_eq!(dynamodb.by_hand(), [true, false, false]);
    }
}

#[tokio::test]
async fn an_event_whose_answer_was_lost_was_stored_by_this_delivery() {
    let mine = condition_failed(Some(json!({"delivery_id": {"S": "first"}, "duplicates": {"N": "0"}})));
    let dynamodb = Scripted::start([Script::Hangs, mine]).await;
    assert_eq!(dynamodb.append("a").await.unwrap(), AppendOutcome::Stored);
    assert_eq!(dynamodb.by_hand(), [true, false]);
}

#[tokio::test]
async fn a_refusal_is_told_as_the_sdk_has_it() {
    for code in ["ExpiredTokenException", "AccessDeniedException", "ValidationException"] {
        let dynamodb = Scripted::start([refused(400, code), refused(400, code)]).await;
        let error = dynamodb.append("a").await.unwrap_err();
        assert!(matches!(error, StoreError::Internal(_)), "{error:?}");
        assert!(format!("{error:?}").contains(code), "{error:?}");
        assert_eq!(dynamodb.by_hand(), [true, false]);
    }
}
