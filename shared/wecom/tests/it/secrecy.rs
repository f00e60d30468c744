//! No secret of a call or an answer occurs in an error, in `Debug` output or in a log line.

use std::{
    fmt::Debug,
    io,
    sync::{Arc, Mutex, Once},
    time::Duration,
};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;
use wecom_client::{Client, Error};

use crate::wecom::{WeCom, a_token, config, json_answer, raw_answer, refusal, secret};

const SECRETS: [&str; 4] = [
    "toKEN/in+the=query",
    "seCRET/of+the=call",
    "seCRET/of+another",
    "giVEN/by+wecom=",
];
const QUERY: &str = SECRETS[0];
const FIELD: &str = SECRETS[1];
const SECOND_FIELD: &str = SECRETS[2];
const GIVEN: &str = SECRETS[3];

/// Log of this thread, including TRACE of the dependencies and of those that log through `log`.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn capture() -> (Self, DefaultGuard) {
        static BRIDGE: Once = Once::new();
        BRIDGE.call_once(|| tracing_log::LogTracer::init().unwrap());
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn calls(&self) -> Vec<String> {
        let lines = self.text();
        let calls = lines.lines().filter(|line| line.contains("called WeCom"));
        calls.map(str::to_owned).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn assert_keeps_secrets(text: &str) {
    for secret in SECRETS {
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        // The distinctive beginning of each, so that one that was cut or escaped shows as well.
        for trace in [secret, encoded.as_str(), &secret[..5]] {
            assert!(!text.contains(trace), "{trace} in {text}");
        }
    }
}

fn assert_result_keeps_secrets<T: Debug>(result: &Result<T, Error>) {
    assert_keeps_secrets(&format!("{result:?} {result:#?}"));
    if let Err(error) = result {
        assert_keeps_secrets(&error.to_string());
        let mut source = std::error::Error::source(error);
        while let Some(deeper) = source {
            assert_keeps_secrets(&format!("{deeper} {deeper:?}"));
            source = deeper.source();
        }
    }
}

/// Makes each call once.
async fn call_everything(client: &Client) {
    let (token, code, other) = (secret(QUERY), secret(FIELD), secret(SECOND_FIELD));
    assert_keeps_secrets(&format!("{client:?}"));
    assert_result_keeps_secrets(&client.suite_access_token("ww3f2a", &code, &other).await);
    assert_result_keeps_secrets(&client.pre_auth_code(&token).await);
    assert_result_keeps_secrets(&client.set_session_info(&token, &code, true).await);
    assert_result_keeps_secrets(&client.permanent_code(&token, &code).await);
    assert_result_keeps_secrets(&client.auth_info(&token, "wpAbC", &code).await);
    assert_result_keeps_secrets(&client.corp_access_token(&token, "wpAbC", &code).await);
    assert_result_keeps_secrets(&client.provider_access_token("ww1", &code).await);
    assert_result_keeps_secrets(&client.open_corp_id(&token, "ww1").await);
    assert_result_keeps_secrets(&client.access_token("ww1", &code).await);
    assert_result_keeps_secrets(&client.customized_auth_url(&token, "t42n9K", &["dk1"]).await);
    assert_result_keeps_secrets(&client.app_permissions(&token).await);
    assert_result_keeps_secrets(&client.agent(&token, 1_000_005).await);
    assert_result_keeps_secrets(&client.app_license(&token, "wpAbC", "dk1").await);
    assert_result_keeps_secrets(&client.probe_contacts(&token).await);
    assert_result_keeps_secrets(&client.probe_external_contacts(&token).await);
}

const CALLS: usize = 15;

/// Log of every call to a server that gives each the same answer.
async fn log_of_everything_answered(answer: impl Fn() -> Response) -> Log {
    let (log, _guard) = Log::capture();
    let wecom = WeCom::answering((0..CALLS).map(|_| answer())).await;
    call_everything(&wecom.client()).await;
    assert_eq!(wecom.requests().len(), CALLS);
    log
}

fn assert_one_event_per_call(log: &Log, outcome: &str) {
    let calls = log.calls();
    assert_eq!(calls.len(), CALLS, "{calls:#?}");
    for call in &calls {
        assert!(call.contains(&format!("outcome=\"{outcome}\"")), "{call}");
        assert!(!call.contains('?'), "{call}");
    }
    assert_keeps_secrets(&log.text());
}

fn everything_given() -> Response {
    json_answer(&json!({
        "errcode": 0, "errmsg": "ok", "expires_in": 7200,
        "access_token": GIVEN, "suite_access_token": GIVEN, "provider_access_token": GIVEN,
        "pre_auth_code": GIVEN, "permanent_code": GIVEN, "open_corpid": "wpAbC",
        "auth_corp_info": { "corpid": "wpAbC", "corp_name": "示例公司" },
        "qrcode_url": GIVEN, "app_permissions": [], "agentid": 1_000_005, "license_status": 1,
        "dept_user": [], "follow_user": [],
    }))
}

#[tokio::test]
async fn a_success_is_kept() {
    let log = log_of_everything_answered(everything_given).await;
    assert_one_event_per_call(&log, "ok");
    // Otherwise this file would prove nothing about the dependencies.
    assert!(log.text().contains("starting new connection"), "{}", log.text());
}

#[tokio::test]
async fn a_refusal_that_quotes_the_secrets_of_its_call_is_kept() {
    let (log, _guard) = Log::capture();
    let encoded: String = url::form_urlencoded::byte_serialize(QUERY.as_bytes()).collect();
    let wecom = WeCom::saying([
        refusal(40085, &format!("bad {FIELD} or {SECOND_FIELD}")),
        refusal(40084, &format!("bad {FIELD} with access_token={encoded} ({QUERY})")),
    ])
    .await;
    let (client, token, code) = (wecom.client(), secret(QUERY), secret(FIELD));
    let suite = client.suite_access_token("ww3f2a", &code, &secret(SECOND_FIELD)).await;
    assert_result_keeps_secrets(&suite);
    let info = client.auth_info(&token, "wpAbC", &code).await;
    assert_result_keeps_secrets(&info);
    assert_keeps_secrets(&log.text());
    assert!(log.calls()[0].contains("bad [redacted] or [redacted]"));
}

#[tokio::test]
async fn an_answer_that_is_not_wecoms_and_quotes_the_secrets_is_kept() {
    let page = format!("<html>{QUERY} {FIELD} {SECOND_FIELD}</html>");
    let log = log_of_everything_answered(|| raw_answer("text/html", page.clone())).await;
    assert_one_event_per_call(&log, "unintelligible");
    assert!(log.calls()[0].contains("not a JSON object"));

    let odd = json!({ "errcode": QUERY, FIELD: SECOND_FIELD });
    let log = log_of_everything_answered(|| json_answer(&odd)).await;
    assert_one_event_per_call(&log, "unintelligible");

    let missing = || (StatusCode::NOT_FOUND, page.clone()).into_response();
    let log = log_of_everything_answered(missing).await;
    assert_one_event_per_call(&log, "unintelligible");
    assert!(log.calls()[0].contains("HTTP status 404"));
}

#[tokio::test]
async fn a_redirect_to_a_place_with_the_secrets_in_it_is_kept() {
    let place = format!("/elsewhere?access_token={QUERY}&corpsecret={FIELD}");
    let moved = || (StatusCode::FOUND, [("location", place.clone())]).into_response();
    let log = log_of_everything_answered(moved).await;
    assert_one_event_per_call(&log, "unintelligible");
}

#[tokio::test]
async fn a_time_out_is_kept() {
    let (log, _guard) = Log::capture();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(listener.local_addr().unwrap());
    config.request_timeout = Duration::from_millis(20);
    call_everything(&Client::new(config).unwrap()).await;
    assert_one_event_per_call(&log, "timed_out");
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_is_kept_and_was_tried_twice() {
    let (log, _guard) = Log::capture();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = config(listener.local_addr().unwrap());
    drop(listener);
    call_everything(&Client::new(config).unwrap()).await;
    assert_one_event_per_call(&log, "not_connected");
    for call in log.calls() {
        assert!(call.contains("attempt=2"), "{call}");
        assert!(call.contains("Connection refused"), "{call}");
    }
}

#[tokio::test]
async fn an_event_tells_what_was_called_how_it_ended_and_how_long_it_took() {
    let (log, _guard) = Log::capture();
    let busy = || refusal(-1, "system busy");
    let wecom = WeCom::saying([
        busy(),
        busy(),
        a_token(),
        refusal(60020, "not allowed"),
        refusal(40001, "bad"),
    ])
    .await;
    let client = wecom.client();
    for _ in 0..3 {
        let _ = client.access_token("ww1", &secret(FIELD)).await;
    }
    let calls = log.calls();
    assert_eq!(calls.len(), 3, "{calls:#?}");
    for (call, (level, errcode, attempt)) in calls
        .iter()
        .zip([("INFO", 0, 3), ("WARN", 60020, 1), ("INFO", 40001, 1)])
    {
        assert!(call.contains(level), "{call}");
        assert!(call.contains("path=\"/cgi-bin/gettoken\""), "{call}");
        assert!(call.contains(&format!("errcode={errcode}")), "{call}");
        assert!(call.contains(&format!("attempt={attempt}")), "{call}");
        assert!(call.contains("duration_ms="), "{call}");
    }
    assert_keeps_secrets(&log.text());
}
