//! Server that plays WeCom: gives scripted answers and records the requests.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, State},
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;
use wecom_client::{Client, ClientConfig};

/// Request that was received.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: String,
    /// Client address, which tells connections apart.
    pub(crate) peer: SocketAddr,
}

pub(crate) struct WeCom {
    address: SocketAddr,
    state: Arc<Mutex<Script>>,
}

struct Script {
    answers: VecDeque<Response>,
    requests: Vec<Request>,
}

impl WeCom {
    /// Server that gives these answers, one after the other.
    pub(crate) async fn answering(answers: impl IntoIterator<Item = Response>) -> Self {
        let state = Arc::new(Mutex::new(Script {
            answers: answers.into_iter().collect(),
            requests: Vec::new(),
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&state))
            .into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, state }
    }

    /// Server that gives these answers in JSON, as WeCom does.
    pub(crate) async fn saying(answers: impl IntoIterator<Item = Value>) -> Self {
        Self::answering(answers.into_iter().map(|answer| json_answer(&answer))).await
    }

    pub(crate) fn client(&self) -> Client {
        client(self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }

    pub(crate) fn only_request(&self) -> Request {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }
}

async fn answer(
    State(state): State<Arc<Mutex<Script>>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut state = state.lock().unwrap();
    state.requests.push(Request {
        method,
        path: uri.path().to_owned(),
        query: uri.query().map(str::to_owned),
        content_type: headers
            .get("content-type")
            .map(|value| value.to_str().unwrap().to_owned()),
        body: String::from_utf8(body.to_vec()).unwrap(),
        peer,
    });
    state
        .answers
        .pop_front()
        .unwrap_or_else(|| (StatusCode::IM_A_TEAPOT, "nothing left to say").into_response())
}

pub(crate) fn json_answer(answer: &Value) -> Response {
    raw_answer("application/json; charset=UTF-8", answer.to_string())
}

pub(crate) fn raw_answer(content_type: &'static str, body: impl Into<Body>) -> Response {
    ([("content-type", content_type)], body.into()).into_response()
}

pub(crate) fn refusal(errcode: i64, errmsg: &str) -> Value {
    json!({ "errcode": errcode, "errmsg": errmsg })
}

pub(crate) fn a_token() -> Value {
    json!({ "errcode": 0, "errmsg": "ok", "access_token": "tok_corp", "expires_in": 7200 })
}

/// A client that does not wait between attempts, nor long for an answer.
pub(crate) fn client(address: SocketAddr) -> Client {
    Client::new(config(address)).unwrap()
}

pub(crate) fn config(address: SocketAddr) -> ClientConfig {
    let base_url = Url::parse(&format!("http://{address}")).unwrap();
    let mut config = ClientConfig::new(base_url);
    config.backoff = Duration::ZERO;
    config
}

pub(crate) fn secret(value: &str) -> SecretString {
    value.into()
}
