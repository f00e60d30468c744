//! A simulator, a client, and a receiver that answers callbacks as the test asks.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use simulator::{AuthMode, CallbackForm, InstallRequest, Limits, Options, Scope, Simulator, Suite};
use url::Url;
use wecom_callback::{CallbackQuery, Credentials, EncodingAesKey, Token, envelope, verify};

pub(crate) const SUITE_ID: &str = "ww3f2a9c41d07be865";
pub(crate) const SUITE_SECRET: &str = "suite-secret-for-tests-only";
pub(crate) const PROVIDER_CORP: &str = "ww8d5e1f7a3c9b2046";
pub(crate) const PROVIDER_SECRET: &str = "provider-secret-for-tests-only";
pub(crate) const CORP: &str = "ww0a1b2c3d4e5f6071";
pub(crate) const OTHER_CORP: &str = "ww9f8e7d6c5b4a3021";

/// Credentials for tests only.
const SUITE_PAIR: (&str, &str) = ("suiteTokenForTests", "suiteKeyForTests0123456789abcdefghijklmnopA");
const CORP_PAIR: (&str, &str) = ("corpTokenForTests", "corpKeyForTests00123456789abcdefghijklmnopC");

pub(crate) fn suite() -> Suite {
    Suite {
        suite_id: SUITE_ID.into(),
        suite_secret: SUITE_SECRET.into(),
        token: SUITE_PAIR.0.into(),
        encoding_aes_key: SUITE_PAIR.1.into(),
        provider_corp_id: PROVIDER_CORP.into(),
        provider_secret: PROVIDER_SECRET.into(),
        is_template: false,
    }
}

/// Patient, so that a busy machine fails no test.
pub(crate) fn options() -> Options {
    Options {
        limits: Limits {
            url_check: Duration::from_secs(20),
            delivery: Duration::from_secs(20),
            authorization_event: Duration::from_secs(20),
            redelivery_pause: Duration::from_millis(1),
            ticket_retry: Duration::from_millis(10),
        },
        seed: Some(42),
        ..Options::new(suite())
    }
}

/// Longer than every limit.
pub(crate) const TOO_LATE: Duration = Duration::from_mins(1);

pub(crate) struct Stage {
    pub(crate) simulator: Simulator,
    pub(crate) receiver: Receiver,
    pub(crate) http: reqwest::Client,
}

impl Stage {
    /// With a suite callback that has accepted its first ticket.
    pub(crate) async fn start() -> Self {
        let receiver = Receiver::start().await;
        let options = Options {
            suite_callback_url: Some(receiver.url("/suite")),
            ..options()
        };
        let stage = Self::with(options, receiver).await;
        stage.receiver.wait_for(1).await;
        while stage.simulator.control().state().suite.ticket_accepted_at.is_none() {
            tokio::task::yield_now().await;
        }
        stage
    }

    /// With nothing known of the suite's callback.
    pub(crate) async fn without_suite_callback() -> Self {
        Self::with(options(), Receiver::start().await).await
    }

    /// With a limit that a test runs into.
    pub(crate) async fn impatient(limits: impl FnOnce(&mut Limits)) -> Self {
        let mut options = options();
        limits(&mut options.limits);
        Self::with(options, Receiver::start().await).await
    }

    pub(crate) async fn with(options: Options, receiver: Receiver) -> Self {
        let simulator = Simulator::start(options).await.unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            simulator,
            receiver,
            http,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.base_url())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        json_of(self.http.get(self.url(path)).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        json_of(self.http.post(self.url(path)).json(&body).send().await.unwrap()).await
    }

    /// The newest suite ticket that arrived.
    pub(crate) fn ticket(&self) -> String {
        let messages = self.receiver.messages("/suite");
        let newest = messages.iter().rev().find_map(|(xml, _)| element(xml, "SuiteTicket"));
        newest.expect("a ticket arrived")
    }

    pub(crate) async fn suite_token(&self) -> String {
        let body = json!({"suite_id": SUITE_ID, "suite_secret": SUITE_SECRET, "suite_ticket": self.ticket()});
        text(
            &self.post("/cgi-bin/service/get_suite_token", body).await,
            "suite_access_token",
        )
    }

    pub(crate) async fn provider_token(&self) -> String {
        let body = json!({"corpid": PROVIDER_CORP, "provider_secret": PROVIDER_SECRET});
        text(
            &self.post("/cgi-bin/service/get_provider_token", body).await,
            "provider_access_token",
        )
    }

    pub(crate) async fn pre_auth_code(&self) -> String {
        let path = format!(
            "/cgi-bin/service/get_pre_auth_code?suite_access_token={}",
            self.suite_token().await
        );
        text(&self.get(&path).await, "pre_auth_code")
    }

    /// A call with the suite's token.
    pub(crate) async fn service(&self, name: &str, body: Value) -> Value {
        let token = self.suite_token().await;
        self.post(&format!("/cgi-bin/service/{name}?suite_access_token={token}"), body)
            .await
    }

    pub(crate) async fn install_link(&self) -> Url {
        Url::parse_with_params(
            &self.url("/3rdapp/install"),
            [
                ("suite_id", SUITE_ID),
                ("pre_auth_code", &self.pre_auth_code().await),
                ("redirect_uri", "https://product.example/installation/callback?lang=zh"),
                ("state", "t42n9K"),
            ],
        )
        .unwrap()
    }

    /// An auth code from a confirmed installation.
    pub(crate) async fn auth_code(&self, corp_id: &str, auth_mode: AuthMode) -> String {
        let request = InstallRequest {
            url: self.install_link().await.into(),
            corp_id: corp_id.into(),
            auth_mode,
        };
        let redirect = Url::parse(&self.simulator.control().install(&request).unwrap().redirect_url).unwrap();
        parameter(&redirect, "auth_code")
    }

    /// Installs the app, and gives encrypted corporation id and permanent code.
    pub(crate) async fn installed(&self, corp_id: &str, auth_mode: AuthMode) -> (String, String) {
        let code = self.auth_code(corp_id, auth_mode).await;
        let answer = self.service("v2/get_permanent_code", json!({"auth_code": code})).await;
        let corp = answer["auth_corp_info"]["corpid"].as_str().unwrap().to_owned();
        (corp, text(&answer, "permanent_code"))
    }

    /// A token of one of a corporation's Secrets.
    pub(crate) async fn corp_token(&self, corp_id: &str, kind: simulator::SecretKind) -> String {
        let secret = self.simulator.control().secret(corp_id, kind).unwrap().secret;
        text(&self.gettoken(corp_id, &secret).await, "access_token")
    }

    pub(crate) async fn gettoken(&self, corp_id: &str, secret: &str) -> Value {
        self.get(&format!("/cgi-bin/gettoken?corpid={corp_id}&corpsecret={secret}"))
            .await
    }

    /// A receive-event form that leads to the receiver.
    pub(crate) fn form(&self) -> CallbackForm {
        CallbackForm {
            url: self.receiver.url("/corp").into(),
            token: CORP_PAIR.0.into(),
            encoding_aes_key: CORP_PAIR.1.into(),
        }
    }

    pub(crate) async fn save(&self, scope: Scope) {
        let outcome = self
            .simulator
            .control()
            .save_callback(CORP, scope, self.form())
            .await
            .unwrap();
        assert!(outcome.saved, "{outcome:?}");
    }

    pub(crate) async fn advance(&self, seconds: u64) {
        let request = simulator::ClockRequest {
            advance_seconds: seconds,
        };
        self.simulator.control().advance_clock(request).await.unwrap();
    }
}

/// What the receiver does with a request.
#[derive(Clone)]
pub(crate) enum Manner {
    /// As a good callback: gives back the plaintext, or says `success`.
    Proper,
    Answer(u16, &'static str),
    Late,
    Redirect,
}

#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) raw_query: String,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Bytes,
}

#[derive(Clone, Default)]
struct Inbox {
    received: Arc<Mutex<Vec<Received>>>,
    manners: Arc<Mutex<VecDeque<Manner>>>,
}

pub(crate) struct Receiver {
    base: String,
    inbox: Inbox,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let inbox = Inbox::default();
        let router = Router::new().fallback(receive).with_state(inbox.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base, inbox }
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("{}{path}", self.base)).unwrap()
    }

    /// What to do with the next requests, one after the other; properly after that.
    pub(crate) fn will(&self, manners: impl IntoIterator<Item = Manner>) {
        self.inbox.manners.lock().unwrap().extend(manners);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.inbox.received.lock().unwrap().clone()
    }

    pub(crate) fn forget(&self) {
        self.inbox.received.lock().unwrap().clear();
    }

    pub(crate) async fn wait_for(&self, requests: usize) {
        let arrived = async {
            while self.received().len() < requests {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), arrived)
            .await
            .expect("the requests arrive");
    }

    /// The decrypted events on this path, with their receive ids.
    pub(crate) fn messages(&self, path: &str) -> Vec<(String, String)> {
        self.received()
            .iter()
            .filter(|request| request.method == Method::POST && request.path == path)
            .map(opened)
            .collect()
    }
}

async fn receive(
    State(inbox): State<Inbox>,
    method: Method,
    uri: Uri,
    headers: header::HeaderMap,
    body: Bytes,
) -> Response {
    let request = Received {
        method,
        path: uri.path().to_owned(),
        raw_query: uri.query().unwrap_or_default().to_owned(),
        content_type: headers
            .get(header::CONTENT_TYPE)
            .map(|value| value.to_str().unwrap().to_owned()),
        body,
    };
    inbox.received.lock().unwrap().push(request.clone());
    let manner = inbox.manners.lock().unwrap().pop_front().unwrap_or(Manner::Proper);
    match manner {
        Manner::Proper if request.method == Method::GET => opened(&request).0.into_response(),
        Manner::Proper => "success".into_response(),
        Manner::Answer(status, body) => (StatusCode::from_u16(status).unwrap(), body).into_response(),
        Manner::Late => {
            tokio::time::sleep(TOO_LATE).await;
            "success".into_response()
        }
        Manner::Redirect => (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response(),
    }
}

fn credentials(path: &str) -> Credentials {
    let (token, key) = if ["/suite", "/other"].contains(&path) {
        SUITE_PAIR
    } else {
        CORP_PAIR
    };
    Credentials {
        token: Token::parse(token).unwrap(),
        encoding_aes_key: EncodingAesKey::parse(key).unwrap(),
    }
}

/// The message of a request, and whom it was encrypted for. The signature has to be right.
pub(crate) fn opened(request: &Received) -> (String, String) {
    let credentials = credentials(&request.path);
    let query = CallbackQuery::parse(&request.raw_query).unwrap();
    let encrypt = match &query.echostr {
        Some(echostr) => echostr.clone(),
        None => envelope::encrypt_of(&request.body).unwrap().into_owned(),
    };
    let verified = verify(
        &credentials.token,
        &query.msg_signature,
        &query.timestamp,
        &query.nonce,
        &encrypt,
    )
    .unwrap();
    let message = verified.open(&credentials.encoding_aes_key).unwrap();
    let receive_id = message.receive_id().to_owned();
    (String::from_utf8(message.into_bytes()).unwrap(), receive_id)
}

/// The text of an element.
pub(crate) fn element(xml: &str, name: &str) -> Option<String> {
    let elements = wecom_callback::xml::to_json(xml.as_bytes()).unwrap();
    wecom_callback::xml::text(&elements, name).map(str::to_owned)
}

pub(crate) fn text(answer: &Value, field: &str) -> String {
    answer[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field} in {answer}"))
        .to_owned()
}

pub(crate) fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs()
        .find(|(key, _)| key == name)
        .unwrap_or_else(|| panic!("no {name} in {url}"))
        .1
        .into_owned()
}

pub(crate) async fn json_of(response: reqwest::Response) -> Value {
    response.json().await.unwrap()
}

/// The refusal, which has to be HTTP 200 and to read like WeCom's.
#[track_caller]
pub(crate) fn assert_refused(answer: &Value, errcode: i64) {
    assert_eq!(answer["errcode"], errcode, "{answer}");
    let errmsg = answer["errmsg"].as_str().unwrap();
    let ending =
        format!("], from ip: 203.0.113.9, more info at https://open.work.weixin.qq.com/devtool/query?e={errcode}");
    assert!(errmsg.contains(", hint: [") && errmsg.ends_with(&ending), "{errmsg}");
}

#[track_caller]
pub(crate) fn assert_ok(answer: &Value) {
    assert_eq!(
        (&answer["errcode"], &answer["errmsg"]),
        (&json!(0), &json!("ok")),
        "{answer}"
    );
}

/// The fields of an object, in order.
pub(crate) fn fields(answer: &Value) -> Vec<&str> {
    answer.as_object().unwrap().keys().map(String::as_str).collect()
}
