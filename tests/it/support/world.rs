//! A running product with a simulated WeCom, and the steps of its setup.

use std::{
    collections::BTreeMap,
    future::Future,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use devstack::Devstack;
use local::{Announcement, Local, Options};
use serde_json::{Value, json};
use simulator::{AuthMode, CallbackForm, CheckOutcome, Control, EventRequest, InstallRequest};
use tokio::runtime::Runtime;
use url::Url;
use wecom_authorization::{
    entropy::SystemEntropy,
    sealing::{KeyRing, SealingKeys},
    store::{DynamoDb, SecretsManager},
    suite::Tokens,
};

use super::{Admin, Browser, Letter, Reply, capture};
use crate::openapi::Asked;

/// The simulator's first corporation, which the walk binds.
pub(crate) const CORP: &str = "ww0a1b2c3d4e5f6071";
/// Its second.
pub(crate) const OTHER_CORP: &str = "ww9f8e7d6c5b4a3021";

pub(crate) use simulator::Scope;

/// The values that an admin pastes into WeCom's form.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) encoding_aes_key: String,
}

impl Credentials {
    /// From an answer that shows credentials.
    #[track_caller]
    pub(crate) fn of(answer: &Value) -> Self {
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        Self {
            url: text("url"),
            token: text("token"),
            encoding_aes_key: text("encoding_aes_key"),
        }
    }

    /// The same, as the protocol takes them.
    pub(crate) fn pair(&self) -> wecom_callback::Credentials {
        wecom_callback::Credentials {
            token: wecom_callback::Token::parse(&self.token).unwrap(),
            encoding_aes_key: wecom_callback::EncodingAesKey::parse(&self.encoding_aes_key).unwrap(),
        }
    }
}

/// One instance of the whole product. Dropping it asserts that none of its secrets was logged or answered.
pub(crate) struct World {
    data: tempfile::TempDir,
    listen: Option<SocketAddr>,
    webhook_url: Option<Url>,
    running: Option<Running>,
    announcement: Announcement,
    http: reqwest::Client,
    log_begins: usize,
    pub(super) said: Mutex<Said>,
}

/// The product runs in its own runtime, so that it can be killed with everything in progress.
struct Running {
    local: Local,
    runtime: Runtime,
}

/// The secrets that must not be seen, and all answers.
#[derive(Default)]
pub(super) struct Said {
    /// Secret value, with its description and whether the answer of a credentials route may contain it.
    secrets: BTreeMap<String, (&'static str, bool)>,
    /// All answers, each with whether a credentials route gave it.
    answers: Vec<(bool, Reply)>,
}

impl World {
    /// Starts an empty instance.
    pub(crate) async fn start() -> Self {
        Self::with_webhooks(None).await
    }

    /// Starts an empty instance that sends webhooks to this URL.
    pub(crate) async fn with_webhooks(webhook_url: Option<Url>) -> Self {
        capture::begin();
        let log_begins = capture::position();
        let data = tempfile::tempdir().unwrap();
        let running = Running::start(data.path(), Some(any_port()), webhook_url.clone()).await;
        let announcement = running.local.announcement().clone();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // No connection outlives its request, so a server that stops need not wait for the client.
            .pool_max_idle_per_host(0)
            .build()
            .unwrap();
        let world = Self {
            data,
            listen: address_of(&announcement.base_url),
            webhook_url,
            running: Some(running),
            announcement,
            http,
            log_begins,
            said: Mutex::default(),
        };
        world.learn_the_suites_secrets().await;
        world.learn_wecoms_secrets();
        world
    }

    /// Stops as Ctrl-C does.
    pub(crate) async fn stop(&mut self) {
        self.learn_wecoms_secrets();
        let Running { local, runtime } = self.running.take().unwrap();
        runtime.spawn(local.shutdown()).await.unwrap();
        end(runtime).await;
    }

    /// Stops as a power cut does: nothing in progress is finished.
    pub(crate) async fn kill(&mut self) {
        self.learn_wecoms_secrets();
        let Running { local, runtime } = self.running.take().unwrap();
        end(runtime).await;
        drop(local);
    }

    /// Starts again with the same data, at the same address.
    pub(crate) async fn start_again(&mut self) {
        let running = Running::start(self.data.path(), self.listen, self.webhook_url.clone()).await;
        self.announcement = running.local.announcement().clone();
        self.running = Some(running);
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.data.path().to_owned()
    }

    /// The running instance.
    pub(crate) fn local(&self) -> &Local {
        &self.running.as_ref().unwrap().local
    }

    /// DynamoDB and Secrets Manager: journal and faults.
    pub(crate) fn devstack(&self) -> &Devstack {
        self.local().devstack()
    }

    /// WeCom's side.
    pub(crate) fn wecom(&self) -> &Control {
        self.local().simulator().unwrap().control()
    }

    /// Addresses and tokens of the instance.
    pub(crate) fn announcement(&self) -> &Announcement {
        &self.announcement
    }

    /// The absolute URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.announcement.base_url)
        }
    }

    /// The configuration of AWS's SDKs for the embedded stores.
    pub(crate) fn aws(&self) -> aws_types::SdkConfig {
        local::aws(self.devstack().endpoint_url())
    }

    /// The tables, to look into them and to prepare them.
    pub(crate) fn store(&self) -> DynamoDb {
        let client = aws_sdk_dynamodb::Client::new(&self.aws());
        DynamoDb::new(
            client,
            "wecom-authorization".to_owned(),
            "wecom-events".to_owned(),
            jiff::SignedDuration::from_hours(24),
        )
    }

    /// The secrets.
    pub(crate) fn vault(&self) -> SecretsManager {
        let client = aws_sdk_secretsmanager::Client::new(&self.aws());
        SecretsManager::new(client, "wecom-authorization".to_owned())
    }

    /// The suite ticket that is stored, and the time at which WeCom issued it.
    pub(crate) async fn ticket(&self, suite_id: &str) -> Option<(secrecy::SecretString, jiff::Timestamp)> {
        let tokens = Tokens {
            store: &self.store(),
            keys: &SealingKeys::new(self.vault()),
            entropy: &SystemEntropy,
        };
        let now = jiff::Timestamp::UNIX_EPOCH;
        tokens.ticket(suite_id, now).await.unwrap()
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// The first tenant's admin.
    pub(crate) fn admin(&self) -> Admin<'_> {
        self.bearer(&self.announcement.admin_token)
    }

    /// The second tenant's admin.
    pub(crate) fn other_admin(&self) -> Admin<'_> {
        self.bearer(&self.announcement.second_tenant.admin_token)
    }

    /// A caller with this token.
    pub(crate) fn bearer<'a>(&'a self, token: &'a str) -> Admin<'a> {
        Admin {
            world: self,
            token: Some(token),
            binding_id: None,
        }
    }

    /// A caller without a token.
    pub(crate) fn nobody(&self) -> Admin<'_> {
        Admin {
            world: self,
            token: None,
            binding_id: None,
        }
    }

    /// A browser without a cookie.
    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser::new(self)
    }

    /// Sends a request to the product, checks it and its answer against `openapi.yaml`, and records the answer.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let request = request.build().unwrap();
        let asked = Asked::of(&request);
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = self.http.execute(request).await.unwrap();
        let reply = Reply {
            asked: format!("{method} {path}"),
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec(),
        };
        asked.hold(&reply);
        let of_credentials = path.ends_with("/credentials") || path.ends_with("/secret");
        if of_credentials && reply.status < 300 {
            let answer = reply.json();
            let shown = answer.get("credentials").unwrap_or(&answer);
            let shown = Credentials::of(shown);
            self.secret("a Token", &shown.token, true);
            self.secret("an EncodingAESKey", &shown.encoding_aes_key, true);
        }
        let is_opened = method == reqwest::Method::POST && path.starts_with("/assist/");
        let shows = of_credentials || is_opened || path == "/authorization/assist-links";
        self.said().answers.push((shows && reply.status < 300, reply.clone()));
        reply
    }
}

/// The setup, step by step; each step asserts its outcome.
impl World {
    /// The first tenant's state.
    pub(crate) async fn state(&self) -> Value {
        self.admin().get("/authorization").await.with_status(200)
    }

    /// Step 1 for the first tenant and [`CORP`]: from the link to 已安装. Returns the state.
    pub(crate) async fn install(&self) -> Value {
        self.install_for(&self.admin(), CORP, AuthMode::Admin).await
    }

    /// Step 1 for any admin, corporation and mode.
    pub(crate) async fn install_for(&self, admin: &Admin<'_>, corp_id: &str, auth_mode: AuthMode) -> Value {
        let browser = self.browser();
        let link = self.install_link(admin).await;
        let wecom_url = browser.set_out(&link).await.redirect();
        let redirect_url = self.confirm(&wecom_url, corp_id, auth_mode);
        let back = browser.open(&redirect_url).await.redirect();
        if auth_mode == AuthMode::Admin {
            assert!(back.ends_with("?installation=installed"), "{back}");
        }
        self.learn_wecoms_secrets();
        admin.get("/authorization").await.with_status(200)
    }

    /// 安装到企业微信: creates an install link.
    pub(crate) async fn install_link(&self, admin: &Admin<'_>) -> String {
        self.install_link_with(admin, json!({})).await
    }

    /// An install link for what the request says.
    pub(crate) async fn install_link_with(&self, admin: &Admin<'_>, request: Value) -> String {
        let answer = admin.post("/authorization/installation", request).await;
        let answer = answer.with_status(201);
        answer["install_url"].as_str().unwrap().to_owned()
    }

    /// The id of the suite other than the first, an app that is not published.
    pub(crate) fn test_suite_id(&self) -> String {
        self.settings()["test_suite"]["suite_id"].as_str().unwrap().to_owned()
    }

    /// The id of the template of customised apps (代开发).
    pub(crate) fn template_id(&self) -> String {
        self.settings()["template"]["suite_id"].as_str().unwrap().to_owned()
    }

    /// What `cargo run` generated at its first start.
    pub(crate) fn settings(&self) -> Value {
        let settings = std::fs::read_to_string(self.data().join("settings.json")).unwrap();
        serde_json::from_str(&settings).unwrap()
    }

    /// 确认安装 on WeCom's page. Returns the URL that WeCom redirects to.
    pub(crate) fn confirm(&self, wecom_url: &str, corp_id: &str, auth_mode: AuthMode) -> String {
        let request = InstallRequest {
            url: wecom_url.to_owned(),
            corp_id: corp_id.to_owned(),
            auth_mode,
        };
        let redirect_url = self.wecom().install(&request).unwrap().redirect_url;
        let parsed = Url::parse(&redirect_url).unwrap();
        let code = parsed.query_pairs().find(|(name, _)| name == "auth_code");
        self.secret("an auth_code", &code.unwrap().1, false);
        redirect_url
    }

    /// The right Secret of [`CORP`] for a scope.
    pub(crate) fn secret_of(&self, scope: Scope) -> String {
        let kind = match scope {
            Scope::Contacts => simulator::SecretKind::Contacts,
            Scope::ExternalContacts => simulator::SecretKind::ExternalContacts,
        };
        self.wecom().secret(CORP, kind).unwrap().secret
    }

    /// Enters a Secret for the first tenant, with the 企业ID of [`CORP`].
    pub(crate) async fn enter(&self, scope: Scope, secret: &str) -> Reply {
        let path = format!("/authorization/{}/secret", scope.slug());
        let body = json!({"secret": secret, "corp_id": CORP});
        self.admin().put(&path, body).await
    }

    /// Steps 2 and 3, first half: enters the right Secret. Returns the credentials to paste.
    pub(crate) async fn register(&self, scope: Scope) -> Credentials {
        let answer = self.enter(scope, &self.secret_of(scope)).await;
        let answer = answer.with_status(200);
        assert_eq!(answer["scope"]["secret"]["status"], "accepted", "{answer}");
        Credentials::of(&answer["credentials"])
    }

    /// Steps 2 and 3, second half: pastes the credentials into WeCom's form of [`CORP`] and presses 保存.
    pub(crate) async fn verify(&self, scope: Scope, credentials: &Credentials) {
        let outcome = self.save(scope, credentials).await;
        assert!(outcome.saved, "{outcome:?}");
    }

    /// Presses 保存 in [`CORP`], and again if this machine was too busy for WeCom's one second.
    pub(crate) async fn save(&self, scope: Scope, credentials: &Credentials) -> CheckOutcome {
        let form = CallbackForm {
            url: credentials.url.clone(),
            token: credentials.token.clone(),
            encoding_aes_key: credentials.encoding_aes_key.clone(),
        };
        let mut outcome = None;
        for _ in 0..5 {
            let tried = self.wecom().save_callback(CORP, scope, form.clone()).await;
            let tried = tried.unwrap();
            let answered = tried.status.is_some();
            outcome = Some(tried);
            if answered {
                break;
            }
        }
        outcome.unwrap()
    }

    /// Registers a scope and has WeCom verify it. Returns the credentials.
    pub(crate) async fn bind(&self, scope: Scope) -> Credentials {
        let credentials = self.register(scope).await;
        self.verify(scope, &credentials).await;
        credentials
    }

    /// 完成配置. Returns the state.
    pub(crate) async fn complete(&self) -> Value {
        let answer = self.admin().post("/authorization/completion", json!({})).await;
        answer.with_status(200)
    }

    /// The whole setup in the wizard's order. Returns the credentials of both scopes, contacts first.
    pub(crate) async fn walk(&self) -> [Credentials; 2] {
        self.install().await;
        let contacts = self.bind(Scope::Contacts).await;
        let external_contacts = self.bind(Scope::ExternalContacts).await;
        let state = self.complete().await;
        assert_eq!(state["next_step"], "done", "{state}");
        [contacts, external_contacts]
    }

    /// WeCom sends an event of [`CORP`], by its name in the simulator's catalogue; it must be accepted.
    pub(crate) async fn happens(&self, scope: Scope, event: &str) {
        let request = EventRequest {
            event: Some(event.to_owned()),
            ..EventRequest::default()
        };
        self.happen(scope, &request).await;
    }

    /// WeCom sends events; all of them must be accepted.
    pub(crate) async fn happen(&self, scope: Scope, request: &EventRequest) {
        let sent = self.wecom().send_events(CORP, scope, request).await;
        for delivery in sent.unwrap().deliveries {
            assert_eq!(delivery.answer, "success", "{delivery:?}");
        }
    }

    /// Posts a letter to a callback's URL, or to any path.
    pub(crate) async fn post_letter(&self, url: &str, letter: &Letter) -> Reply {
        let url = format!("{}?{}", self.url(url), letter.query);
        let request = self.http.post(url).header("content-type", "text/xml");
        self.send(request.body(letter.body.clone())).await
    }

    /// Delivers an event of [`CORP`] to the callback of these credentials.
    pub(crate) async fn deliver(&self, credentials: &Credentials, message: &str) -> Reply {
        let letter = Letter::sealed(credentials, CORP, message);
        self.post_letter(&credentials.url, &letter).await
    }

    /// Sends a `GET` to a callback's URL, as WeCom does.
    pub(crate) async fn ask(&self, url: &str, query: &str) -> Reply {
        let request = self.http.get(format!("{}?{query}", self.url(url)));
        self.send(request).await
    }

    /// The callback of a scope in the first tenant's state.
    pub(crate) async fn callback(&self, scope: Scope) -> Value {
        self.scope(scope).await["callback"].clone()
    }

    /// A scope in the first tenant's state.
    pub(crate) async fn scope(&self, scope: Scope) -> Value {
        let name = scope.slug().replace('-', "_");
        self.state().await[name.as_str()].clone()
    }

    /// The first tenant's events, newest first; `query` is the query string.
    pub(crate) async fn events(&self, query: &str) -> Vec<Value> {
        let answer = self.admin().get(&format!("/authorization/events?{query}")).await;
        let answer = answer.with_status(200);
        answer["events"].as_array().unwrap().clone()
    }
}

/// The scan for secrets.
impl World {
    /// Registers a value that must not be in the log, and in an answer only if it `may_be_shown` by a route that
    /// exists to show it.
    pub(crate) fn secret(&self, what: &'static str, value: &str, may_be_shown: bool) {
        assert!(value.len() >= 8, "too short to look for: {what}");
        self.said().secrets.insert(value.to_owned(), (what, may_be_shown));
    }

    /// Registers the secrets of the simulated WeCom: every corporation's Secrets and permanent codes.
    pub(crate) fn learn_wecoms_secrets(&self) {
        for corp in self.wecom().state().corps {
            for kind in simulator::SecretKind::ALL {
                self.secret("a Secret", corp.secrets.of(kind), false);
            }
            for installation in corp.installation.iter().chain(corp.other_installations.values()) {
                self.secret("a permanent code", &installation.permanent_code, false);
            }
        }
    }

    async fn learn_the_suites_secrets(&self) {
        use secrecy::ExposeSecret as _;
        use wecom_authorization::{ids::SuiteId, store::SecretName};
        let vault = self.vault();
        let read = async |name| vault.read(&name, None).await.unwrap().unwrap();
        let another = |id: String| SecretName::AnotherSuite(SuiteId::parse(&id).unwrap());
        let others = [another(self.test_suite_id()), another(self.template_id())];
        for suite in std::iter::once(SecretName::Suite).chain(others) {
            let suite = read(suite).await;
            let suite: Value = serde_json::from_str(suite.expose_secret()).unwrap();
            for (name, what) in [
                ("suite_secret", "a suite's secret"),
                ("provider_secret", "the provider's secret"),
                ("token", "a suite's Token"),
                ("encoding_aes_key", "a suite's EncodingAESKey"),
            ] {
                self.secret(what, suite[name].as_str().unwrap(), false);
            }
        }
        self.learn_the_sealing_keys().await;
        self.secret("an admin's token", &self.announcement.admin_token, false);
    }

    /// Registers the keys of the current ring, and returns their number.
    pub(crate) async fn learn_the_sealing_keys(&self) -> usize {
        use secrecy::ExposeSecret as _;
        use wecom_authorization::store::SecretName;
        let ring = self.vault().read(&SecretName::SealingKey, None).await.unwrap().unwrap();
        let ring: Value = serde_json::from_str(ring.expose_secret()).unwrap();
        let keys = ring["keys"].as_object().unwrap();
        for key in keys.values() {
            self.secret("a sealing key", key.as_str().unwrap(), false);
        }
        keys.keys().filter(|id| *id != "callback-ids").count()
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers the tokens, tickets and codes in the tables.
    pub(crate) async fn learn_what_is_stored(&self) {
        use secrecy::ExposeSecret as _;
        use wecom_authorization::store::SecretName;
        let ring = self.vault().read(&SecretName::SealingKey, None).await.unwrap().unwrap();
        let ring = KeyRing::parse(&ring).unwrap();
        let client = aws_sdk_dynamodb::Client::new(&self.aws());
        let answer = client.scan().table_name("wecom-authorization").send().await.unwrap();
        for item in answer.items.unwrap_or_default() {
            let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
            if let (Some(sealed), Some(key)) = (text("sealed"), text("pk")) {
                let (kind, name) = key.split_once('#').unwrap();
                let place = match kind {
                    "TOKEN" => format!("token|{name}"),
                    "SUITEEVENT" => format!("suite-event|{name}"),
                    _ => format!("ticket|{name}"),
                };
                let opened = ring.open_text(sealed, &place).unwrap();
                let opened = opened.expose_secret();
                match kind {
                    "TOKEN" => self.secret("an access token", opened, false),
                    "SUITEEVENT" => {
                        let payload: Value = serde_json::from_str(opened).unwrap();
                        for (name, what) in [("SuiteTicket", "a suite ticket"), ("AuthCode", "an auth_code")] {
                            if let Some(value) = payload[name].as_str() {
                                self.secret(what, value, false);
                            }
                        }
                    }
                    _ => self.secret("a suite ticket", opened, false),
                }
            }
        }
    }

    /// Searches the texts of both tables, at any depth, for every registered secret.
    pub(crate) async fn scan_tables(&self) -> Vec<String> {
        let client = aws_sdk_dynamodb::Client::new(&self.aws());
        let mut found = Vec::new();
        for table in ["wecom-authorization", "wecom-events"] {
            let mut pages = client.scan().table_name(table).into_paginator().items().send();
            while let Some(item) = pages.next().await {
                let item = item.unwrap();
                let texts = format!("{item:?}");
                let secrets = &self.said().secrets;
                let leaked = secrets.iter().filter(|(value, _)| texts.contains(value.as_str()));
                found.extend(leaked.map(|(_, (what, _))| format!("{what} in {:?}", item.get("pk"))));
            }
        }
        found
    }

    /// Registers the access tokens that WeCom issues for the Secrets of [`CORP`]: until they expire, they are the same for
    /// every caller.
    pub(crate) async fn learn_wecoms_tokens(&self) {
        let base_url = self.announcement.simulator_url.as_ref().unwrap();
        for kind in simulator::SecretKind::ALL {
            let secret = self.wecom().secret(CORP, kind).unwrap().secret;
            let url = format!("{base_url}/cgi-bin/gettoken?corpid={CORP}&corpsecret={secret}");
            let answer: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
            self.secret("an access token", answer["access_token"].as_str().unwrap(), false);
        }
    }

    /// Searches every log line and every answer of this world for every registered secret.
    pub(crate) fn scan(&self) -> Scanned {
        let log = self.log();
        let said = self.said();
        let found = said
            .secrets
            .iter()
            .flat_map(|(value, (what, may_be_shown))| places(&log, &said.answers, what, value, *may_be_shown));
        Scanned {
            found: found.collect(),
            kinds: said.secrets.values().map(|(what, _)| *what).collect(),
            answers: said.answers.len(),
            log,
        }
    }

    /// The places where the scan finds a value.
    pub(crate) fn look_for(&self, what: &str, value: &str, may_be_shown: bool) -> Vec<String> {
        places(&self.log(), &self.said().answers, what, value, may_be_shown)
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&capture::since(self.log_begins)).into_owned()
    }
}

/// The places of a value, plain or percent-encoded: once in the log, and in each answer except those that may contain it.
fn places(log: &str, answers: &[(bool, Reply)], what: &str, value: &str, may_be_shown: bool) -> Vec<String> {
    let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let tells = |text: &str| text.contains(value) || (encoded != value && text.contains(&encoded));
    let mut found = Vec::new();
    if tells(log) {
        let line = log.lines().find(|line| tells(line)).unwrap_or_default();
        found.push(format!("{what} in the log: {line}"));
    }
    for (shows_credentials, answer) in answers {
        let body = String::from_utf8_lossy(&answer.body);
        let in_headers = answer
            .headers
            .values()
            .any(|value| tells(&String::from_utf8_lossy(value.as_bytes())));
        if (in_headers || tells(&body)) && !(may_be_shown && *shows_credentials) {
            found.push(format!("{what} in the answer to {}", answer.asked));
        }
    }
    found
}

/// What a scan searched, and what it found.
pub(crate) struct Scanned {
    pub(crate) found: Vec<String>,
    pub(crate) kinds: Vec<&'static str>,
    pub(crate) answers: usize,
    pub(crate) log: String,
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if self.running.is_some() {
            self.learn_wecoms_secrets();
        }
        let found = self.scan().found;
        if let Some(Running { local, runtime }) = self.running.take() {
            drop(local);
            runtime.shutdown_background();
        }
        assert!(found.is_empty(), "secrets were disclosed: {found:#?}");
    }
}

impl Running {
    async fn start(data: &Path, listen: Option<SocketAddr>, webhook_url: Option<Url>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("product")
            .enable_all()
            .build()
            .unwrap();
        let options = Options {
            listen,
            data: data.to_owned(),
            wecom_api: None,
            webhook_url,
            embed_origins: Vec::new(),
            callback_domains: vec!["example.com".to_owned()],
            cname_target: Some("callbacks.platform.example".to_owned()),
            egress_addresses: vec!["203.0.113.7".to_owned(), "203.0.113.8".to_owned()],
        };
        let local = runtime.spawn(Local::start(options)).await.unwrap().unwrap();
        Self { local, runtime }
    }
}

/// Ends a runtime and its tasks.
async fn end(runtime: Runtime) {
    tokio::task::spawn_blocking(|| runtime.shutdown_timeout(Duration::from_secs(5)))
        .await
        .unwrap();
}

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn address_of(base_url: &str) -> Option<SocketAddr> {
    base_url.strip_prefix("http://")?.parse().ok()
}

/// Waits until a condition holds: checks it every 20 ms, for at most a minute. The limit ends a test that
/// would never end; it is far above what a busy machine takes.
pub(crate) async fn eventually<T, F>(what: &str, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let started = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(
            started.elapsed() < Duration::from_mins(1),
            "did not happen within a minute: {what}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
