//! Runs every function as its own process against embedded stores and a simulated WeCom; nothing happens by itself.
//!
//! [`World`](crate::support::World) is the product as it runs. Here a test decides when a function is invoked, so that it
//! can count writes: no stream is read, no ticket is pushed unless the test says so. Each function has its own clients and an
//! access key by its own name, so that the journal tells them apart.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sdk_dynamodb::types::{StreamSpecification, StreamViewType};
use aws_sdk_dynamodbstreams::types::{AttributeValue, Record, ShardIteratorType};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use devstack::{Devstack, Entry, QueueSettings, Rotation};
use jiff::{SignedDuration, Timestamp};
use lambda_http::{Body, Response};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use simulator::{AuthMode, Control, InstallRequest, Simulator, Suite};
use tokio::sync::mpsc;
use url::Url;
use wecom_authorization::{
    authorization::Authorization,
    clock::{Clock, SystemClock},
    config::Config,
    entropy::SystemEntropy,
    entry::{aws_config, invoked, queues, streams},
    http,
    ids::CorpId,
    platform::Platform,
    sealing::KeyRing,
    store::{DynamoDb, SecretName, SecretsManager, tables},
};

use crate::{
    contract::endpoint::patient,
    support::{
        CORP, Credentials, Reply, Scope,
        letter::{self, Check, Letter},
    },
};

/// The tenant of these tests.
pub(crate) const TENANT: &str = "acme";
pub(crate) const AUTHORIZATION_TABLE: &str = "authorization";
pub(crate) const EVENT_TABLE: &str = "events";
pub(crate) const EVENT_BUS: &str = "bus";
pub(crate) const PREFIX: &str = "prefix";
pub(crate) const WEBHOOK_QUEUE: &str = "webhooks";
pub(crate) const EVENT_QUEUE: &str = "events.fifo";
pub(crate) const DEAD_LETTERS: &str = "dead-letters";
/// Access key of the tests themselves, which the journal leaves out.
const OBSERVER: &str = "observer";
/// What webhooks are signed with.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BASE_URL: &str = "https://callbacks.example.com";

/// Cookies of a browser, as it sends them.
pub(crate) type Cookies = String;

pub(crate) struct Harness {
    devstack: Devstack,
    simulator: Arc<Simulator>,
    config: Config,
    webhook_url: Mutex<Option<Url>>,
    event_queue: Mutex<Option<String>>,
    suite: Credentials,
    suite_id: String,
    clock: Arc<AdjustedClock>,
    processes: Mutex<BTreeMap<&'static str, Arc<Platform>>>,
    streams: Mutex<BTreeMap<&'static str, Reading>>,
    posts: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Letter>>>,
}

/// A function's position in its stream, and its next batch.
#[derive(Clone, Default)]
struct Reading {
    positions: BTreeMap<String, String>,
    batch: Vec<Value>,
}

/// The machine's time plus what a test has added; it can be stopped.
#[derive(Default)]
struct AdjustedClock {
    added_seconds: AtomicI64,
    stopped_at: OnceLock<Timestamp>,
}

impl Clock for AdjustedClock {
    fn now(&self) -> Timestamp {
        let now = self.stopped_at.get().copied().unwrap_or_else(|| SystemClock.now());
        now + SignedDuration::from_secs(self.added_seconds.load(Ordering::Relaxed))
    }
}

struct SharedClock(Arc<AdjustedClock>);

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

impl Harness {
    /// Starts a deployment that has received its first suite ticket. `is_thorough`: a disconnect deletes the events.
    pub(crate) async fn start(is_thorough: bool) -> Self {
        Self::with_key_ring(is_thorough, &KeyRing::generate(&SystemEntropy)).await
    }

    /// The same for a deployment whose suite is a template of customised apps.
    pub(crate) async fn of_template(is_thorough: bool) -> Self {
        Self::of_suite(true, is_thorough, &KeyRing::generate(&SystemEntropy)).await
    }

    /// [`Self::start`] with this key ring.
    pub(crate) async fn with_key_ring(is_thorough: bool, ring: &SecretString) -> Self {
        Self::of_suite(false, is_thorough, ring).await
    }

    async fn of_suite(is_template: bool, is_thorough: bool, ring: &SecretString) -> Self {
        let devstack = Devstack::start(devstack::Options::default()).await.unwrap();
        let dead_letters = QueueSettings {
            visibility_timeout: Duration::from_secs(30),
            redrive: None,
        };
        devstack.queues().create(DEAD_LETTERS, dead_letters);
        let (suite_url, posts) = post_box().await;
        let suite = Credentials {
            url: suite_url,
            token: "TokenOfTheSuite".to_owned(),
            encoding_aes_key: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG".to_owned(),
        };
        let suite_id = if is_template {
            "dk8c01f5e9a37b2d46"
        } else {
            "ww3f2a9c41d07be865"
        };
        let suite_id = suite_id.to_owned();
        let mut options = simulator::Options::new(Suite {
            suite_id: suite_id.clone(),
            suite_secret: "SecretOfTheSuite".to_owned(),
            token: suite.token.clone(),
            encoding_aes_key: suite.encoding_aes_key.clone(),
            provider_corp_id: "ww8d5e1f7a3c9b2046".to_owned(),
            provider_secret: "SecretOfTheProvider".to_owned(),
            is_template,
        });
        options.suite_callback_url = Some(suite.url.parse().unwrap());
        // The same Secrets each time, so that two runs can be compared.
        options.seed = Some(7);
        // None but those that `sleep` makes due: a test that runs for long would find an old one before its own.
        options.ticket_interval = Duration::from_hours(1);
        let simulator = Simulator::start(options).await.unwrap();
        let config = config(simulator.base_url(), is_thorough);
        let harness = Self {
            devstack,
            simulator: Arc::new(simulator),
            config,
            webhook_url: Mutex::default(),
            event_queue: Mutex::default(),
            suite,
            suite_id,
            clock: Arc::default(),
            processes: Mutex::default(),
            streams: Mutex::default(),
            posts: Arc::new(tokio::sync::Mutex::new(posts)),
        };
        harness.set_up(ring).await;
        harness.take_ticket().await;
        harness
    }

    /// Another deployment for the same suite, in another region or account: with tables, secrets and a key ring of its own. The suite's
    /// 指令回调URL leads to it from now on, and it has received a ticket.
    pub(crate) async fn successor(&self) -> Self {
        let harness = Self {
            devstack: Devstack::start(devstack::Options::default()).await.unwrap(),
            simulator: Arc::clone(&self.simulator),
            config: self.config.clone(),
            webhook_url: Mutex::default(),
            event_queue: Mutex::default(),
            suite: self.suite.clone(),
            suite_id: self.suite_id.clone(),
            clock: Arc::clone(&self.clock),
            processes: Mutex::default(),
            streams: Mutex::default(),
            posts: Arc::clone(&self.posts),
        };
        harness.set_up(&KeyRing::generate(&SystemEntropy)).await;
        harness.wecom().push_ticket().await.unwrap();
        harness.take_ticket().await;
        harness
    }

    /// Receives and processes the suite ticket that WeCom has pushed.
    async fn take_ticket(&self) {
        let ticket = self.posts.lock().await.recv().await.unwrap();
        self.suite_callback(&ticket).await.with_success();
        self.stream("process-suite-event").await.unwrap();
    }

    /// Creates tables and secrets.
    async fn set_up(&self, ring: &SecretString) {
        let aws = self.aws(OBSERVER);
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
        let create = async |table: tables::TableDefinition, name| table.create(&dynamodb, name).await.unwrap();
        create(tables::AUTHORIZATION_TABLE, AUTHORIZATION_TABLE).await;
        create(tables::EVENT_TABLE, EVENT_TABLE).await;
        let is_template = self.suite_id.starts_with("dk");
        let suite = json!({
            "suite_id": self.suite_id,
            "kind": if is_template { "customized" } else { "third_party" },
            "suite_secret": "SecretOfTheSuite",
            "token": self.suite.token,
            "encoding_aes_key": self.suite.encoding_aes_key,
            "provider_corp_id": "ww8d5e1f7a3c9b2046",
            "provider_secret": "SecretOfTheProvider",
        });
        let suite = SecretString::from(suite.to_string());
        self.vault().put(&SecretName::Suite, &suite).await.unwrap();
        self.vault().put(&SecretName::SealingKey, ring).await.unwrap();
    }

    pub(crate) fn devstack(&self) -> &Devstack {
        &self.devstack
    }

    /// WeCom's side.
    pub(crate) fn wecom(&self) -> &Control {
        self.simulator.control()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Advances the product's clock, in seconds.
    pub(crate) fn wait(&self, seconds: i64) {
        self.clock.added_seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Stops the product's clock; it then changes only by [`Self::wait`].
    pub(crate) fn stop_clock(&self) {
        let _ = self.clock.stopped_at.set(SystemClock.now());
    }

    /// Advances the clocks of the product and of WeCom by hours. WeCom then pushes a suite ticket.
    pub(crate) async fn sleep(&self, hours: i64) {
        let seconds = hours * 3600;
        self.wait(seconds);
        let advance_seconds = seconds.try_into().unwrap();
        let request = simulator::ClockRequest { advance_seconds };
        self.wecom().advance_clock(request).await.unwrap();
        self.take_ticket().await;
    }

    /// Ends every process; the next ones start with empty caches.
    pub(crate) fn end_processes(&self) {
        self.processes.lock().unwrap().clear();
    }

    /// The functions' calls to AWS since the start, or since the journal was cleared.
    pub(crate) fn journal(&self) -> Vec<Entry> {
        let mut entries = self.devstack.journal();
        entries.retain(|entry| entry.access_key.as_deref() != Some(OBSERVER));
        entries
    }

    fn aws(&self, access_key: &str) -> aws_types::SdkConfig {
        let credentials = AwsCredentials::new(access_key, "secret", None, None, "test");
        let endpoint = self.devstack.endpoint_url().to_owned();
        patient(&aws_config("us-east-1".to_owned(), credentials, Some(endpoint)))
    }

    /// Starts the processes of both callbacks, with what they do before their first invocation.
    pub(crate) async fn prepare_callbacks(&self) {
        let (event_callback, suite_callback) = (self.process("event-callback"), self.process("suite-callback"));
        tokio::join!(
            Box::pin(event_callback.prepare_event_callback()),
            Box::pin(suite_callback.prepare_suite_callback())
        );
    }

    fn process(&self, function: &'static str) -> Arc<Platform> {
        let mut processes = self.processes.lock().unwrap();
        let process = processes.entry(function).or_insert_with(|| {
            let mut config = self.config.clone();
            config.webhook_url.clone_from(&self.webhook_url.lock().unwrap());
            config.event_queue_url.clone_from(&self.event_queue.lock().unwrap());
            let mut platform = Platform::new(config, &self.aws(function));
            platform.local_webhooks = true;
            platform.clock = Box::new(SharedClock(Arc::clone(&self.clock)));
            platform.known_domains = Some(vec!["example".to_owned(), "example.com".to_owned()]);
            Arc::new(platform)
        });
        Arc::clone(process)
    }
}

fn config(wecom_url: &str, is_thorough: bool) -> Config {
    let install_url = format!("{wecom_url}/3rdapp/install");
    let variables = BTreeMap::from([
        ("AUTHORIZATION_TABLE", AUTHORIZATION_TABLE),
        ("EVENT_TABLE", EVENT_TABLE),
        ("EVENT_BUS", EVENT_BUS),
        ("SECRET_PREFIX", PREFIX),
        ("WEBHOOK_QUEUE_URL", "http://sqs.test/webhooks"),
        (
            "DEAD_LETTER_QUEUE_URLS",
            "events=http://sqs.test/dead-letters,webhooks=http://sqs.test/gone",
        ),
        ("BASE_URL", BASE_URL),
        ("WECOM_API_URL", wecom_url),
        ("WECOM_INSTALL_URL", &install_url),
        ("OPERATOR_CLAIM", "operator"),
        ("EVENTS_ON_DISCONNECT", if is_thorough { "delete" } else { "keep" }),
    ]);
    Config::from_lookup(|name| variables.get(name).map(|value| (*value).to_owned())).unwrap()
}

/// A server that receives the suite's events from WeCom, for a test to fetch.
async fn post_box() -> (String, mpsc::UnboundedReceiver<Letter>) {
    let (sender, posts) = mpsc::unbounded_channel();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = axum::Router::new().fallback(move |uri: axum::http::Uri, body: String| {
        let query = uri.query().unwrap_or_default().to_owned();
        let _ = sender.send(Letter { query, body });
        async { "success" }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, posts)
}

/// Begins an answer. A function of its own, so that the stack of its caller has no room for every handler at once.
fn begin<'a, A: Future<Output = Response<Body>> + Send + 'a>(
    handler: impl FnOnce(&'a Platform, http::Request) -> A,
    platform: &'a Platform,
    request: http::Request,
) -> Pin<Box<dyn Future<Output = Response<Body>> + Send + 'a>> {
    Box::pin(handler(platform, request))
}

/// A function of its own, so that the stack of every other invocation has no room for it.
fn webhooks(
    platform: &Platform,
    input: Value,
) -> Pin<Box<dyn Future<Output = Result<Value, invoked::InvocationError>> + Send + '_>> {
    Box::pin(queues::deliver_webhooks(platform, input))
}

/// The caller of an HTTP request.
#[derive(Clone, Copy)]
pub(crate) enum Caller<'a> {
    /// An admin of a tenant.
    Admin(&'a str),
    /// An operator of the platform.
    Operator,
    /// A browser with these cookies.
    Browser(&'a str),
    /// WeCom.
    Wecom,
}

/// Invoking functions.
impl Harness {
    /// Invokes a function with an HTTP request, as API Gateway does.
    pub(crate) async fn call(
        &self,
        function: &'static str,
        caller: Caller<'_>,
        method: &str,
        target: &str,
        body: Option<&str>,
    ) -> Reply {
        let request = request(caller, method, target, body);
        // Boxed, here and below: a test's stack has no room for every function at once.
        let (parts, body) = Box::pin(self.answer(function, request)).await.into_parts();
        Reply {
            asked: format!("{method} {target}"),
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.to_vec(),
        }
    }

    async fn answer(&self, function: &'static str, request: http::Request) -> Response<Body> {
        let platform = self.process(function);
        let answer = match function {
            "start-installation" => begin(http::start_installation, &platform, request),
            "installation-callback" => begin(http::installation_callback, &platform, request),
            "suite-callback" => begin(http::suite_callback, &platform, request),
            "register-secret" => begin(http::register_secret, &platform, request),
            "generate-credentials" => begin(http::generate_credentials, &platform, request),
            "event-callback" => begin(http::event_callback, &platform, request),
            "test-callback" => begin(http::test_callback, &platform, request),
            "complete-authorization" => begin(http::complete_authorization, &platform, request),
            "update-settings" => begin(http::update_settings, &platform, request),
            "disconnect" => begin(http::disconnect, &platform, request),
            "read-authorization" => begin(http::read_authorization, &platform, request),
            "check-authorization" => begin(http::check_authorization, &platform, request),
            "share-credentials" => begin(http::share_credentials, &platform, request),
            "replay-event" => begin(http::replay_event, &platform, request),
            "find-person" => begin(http::find_person, &platform, request),
            "act-on-tenant" => begin(http::act_on_tenant, &platform, request),
            "read-tenants" => begin(http::read_tenants, &platform, request),
            "console" => begin(http::console, &platform, request),
            other => panic!("{other} does not answer HTTP requests"),
        };
        answer.await
    }

    /// Sends a request as the tenant's admin.
    pub(crate) async fn admin(&self, function: &'static str, method: &str, target: &str, body: &Value) -> Reply {
        let body = (!body.is_null()).then(|| body.to_string());
        self.call(function, Caller::Admin(TENANT), method, target, body.as_deref())
            .await
    }

    /// Sends a request as an operator. A task answers it, because it is polled without the test below it on the stack.
    pub(crate) async fn operator(&self, function: &'static str, method: &str, target: &str) -> Reply {
        self.operate(function, method, target, None).await
    }

    /// The same with a body.
    pub(crate) async fn operate(
        &self,
        function: &'static str,
        method: &str,
        target: &str,
        body: Option<&str>,
    ) -> Reply {
        let (platform, request) = (self.process(function), request(Caller::Operator, method, target, body));
        let answer = tokio::spawn(async move {
            match function {
                "act-on-tenant" => http::act_on_tenant(&platform, request).await,
                _ => http::read_tenants(&platform, request).await,
            }
        });
        let (parts, body) = answer.await.unwrap().into_parts();
        Reply {
            asked: format!("{method} {target}"),
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.to_vec(),
        }
    }

    /// Invokes a function that is not routed.
    pub(crate) async fn invoke(&self, function: &'static str, input: Value) -> Result<Value, String> {
        let platform = self.process(function);
        let answer = match function {
            "issue-access-token" => Box::pin(invoked::issue_access_token(&platform, input)).await,
            "export-bindings" => Box::pin(invoked::export_bindings(&platform, input)).await,
            "import-bindings" => Box::pin(invoked::import_bindings(&platform, input)).await,
            "check-health" => Box::pin(invoked::check_health(&platform, input)).await,
            "deliver-webhooks" => webhooks(&platform, input).await,
            "reconcile-secrets" => Box::pin(invoked::reconcile_secrets(&platform, input)).await,
            "run-replays" => Box::pin(invoked::run_replays(&platform, input)).await,
            "rotate-sealing-key" => invoked::rotate_sealing_key(&platform, input).await,
            other => panic!("{other} is not invoked"),
        };
        answer.map_err(|error| lambda_http::lambda_runtime::Diagnostic::from(error).error_type)
    }

    /// Sends webhooks to this URL from now on, and creates their queue and their secret.
    pub(crate) async fn webhooks_go_to(&self, url: &Url) {
        let settings = QueueSettings {
            visibility_timeout: Duration::from_mins(18),
            redrive: None,
        };
        self.devstack.queues().create(WEBHOOK_QUEUE, settings);
        let secret = SecretString::from(WEBHOOK_SECRET);
        self.vault().put(&SecretName::Webhook, &secret).await.unwrap();
        *self.webhook_url.lock().unwrap() = Some(url.clone());
        self.processes.lock().unwrap().remove("deliver-webhooks");
    }

    /// Sends events to a FIFO queue from now on, and creates it.
    pub(crate) fn events_go_to_a_queue(&self) {
        let settings = QueueSettings {
            visibility_timeout: Duration::from_secs(30),
            redrive: None,
        };
        self.devstack.queues().create(EVENT_QUEUE, settings);
        *self.event_queue.lock().unwrap() = Some(format!("http://sqs.test/{EVENT_QUEUE}"));
        self.processes.lock().unwrap().remove("publish-events");
    }

    /// Puts events into the queue, and invokes `deliver-webhooks` with what is in it; what it has delivered is deleted.
    pub(crate) async fn deliver_webhooks(&self, events: &[Value]) -> Value {
        let queues = self.devstack.queues();
        for event in events {
            queues.send(WEBHOOK_QUEUE, event.to_string());
        }
        let batch = queues.receive(WEBHOOK_QUEUE, 10);
        let records: Vec<_> = batch
            .iter()
            .map(|message| {
                json!({
                    "messageId": message.id,
                    "receiptHandle": message.receipt_handle,
                    "body": message.body,
                    "attributes": {"ApproximateReceiveCount": message.receives.to_string()},
                })
            })
            .collect();
        let invoked = self.invoke("deliver-webhooks", json!({"Records": records}));
        let answer = Box::pin(invoked).await.unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap();
        for message in batch {
            if !failures.iter().any(|failure| failure["itemIdentifier"] == message.id) {
                queues.delete(WEBHOOK_QUEUE, &message.receipt_handle);
            }
        }
        answer
    }

    /// Fetches a function's next batch from its stream.
    pub(crate) async fn fetch(&self, function: &'static str) {
        let (table, is_wanted): (_, fn(&Value) -> bool) = match function {
            "process-suite-event" => (AUTHORIZATION_TABLE, |record| {
                let key = record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap_or_default();
                let is_released = record["dynamodb"]["NewImage"]["released"]["S"] == "true";
                key.starts_with("SUITEEVENT#") && (record["eventName"] == "INSERT" || is_released)
            }),
            "publish-events" => (EVENT_TABLE, |_| true),
            "publish-changes" => (AUTHORIZATION_TABLE, |record| {
                let key = record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap_or_default();
                let is_new = record["eventName"] == "INSERT";
                (is_new && key.starts_with("CHANGED#"))
                    || (record["eventName"] != "REMOVE" && key.starts_with("TENANT#"))
            }),
            other => panic!("{other} reads no stream"),
        };
        let before = self.streams.lock().unwrap().get(function).cloned().unwrap_or_default();
        let mut reading = self.read_stream(table, before).await;
        reading.batch.retain(is_wanted);
        self.streams.lock().unwrap().insert(function, reading);
    }

    /// Invokes a function with its next batch. A batch that it reports as failed is redelivered unchanged the next time.
    pub(crate) async fn stream(&self, function: &'static str) -> Result<(), String> {
        let fetched = self.streams.lock().unwrap().get(function).cloned().unwrap_or_default();
        if fetched.batch.is_empty() {
            self.fetch(function).await;
        }
        let batch = self.streams.lock().unwrap()[function].batch.clone();
        let mut changes = json!({ "Records": batch });
        if function == "publish-events" {
            changes["shardId"] = "the-shard".into();
        }
        let changes = serde_json::from_value(changes).unwrap();
        // `publish-events` reads two streams.
        let process = if function == "publish-changes" {
            "publish-events"
        } else {
            function
        };
        let platform = self.process(process);
        let answer = match function {
            "process-suite-event" => Box::pin(streams::process_suite_event(&platform, changes)).await,
            // A task, because it is polled without the test below it on the stack.
            _ => tokio::spawn(async move { streams::publish_events(&platform, changes).await })
                .await
                .unwrap(),
        };
        if answer.batch_item_failures.is_empty() {
            let mut streams = self.streams.lock().unwrap();
            streams.get_mut(function).unwrap().batch.clear();
            Ok(())
        } else {
            Err(format!("{} to be redelivered", answer.batch_item_failures.len()))
        }
    }

    /// The schedule of `process-suite-event`.
    pub(crate) async fn release_parked(&self) {
        let platform = self.process("process-suite-event");
        let nothing = serde_json::from_value(json!({"source": "aws.events"})).unwrap();
        Box::pin(streams::process_suite_event(&platform, nothing)).await;
    }

    /// A function's next batch.
    pub(crate) fn batch(&self, function: &'static str) -> Vec<Value> {
        self.streams.lock().unwrap()[function].batch.clone()
    }

    /// Makes a batch the next one again, whatever the function reported.
    pub(crate) fn hand_in_again(&self, function: &'static str, batch: Vec<Value>) {
        self.streams.lock().unwrap().get_mut(function).unwrap().batch = batch;
    }

    /// Reads all records after the positions.
    async fn read_stream(&self, table: &str, mut reading: Reading) -> Reading {
        let client = aws_sdk_dynamodbstreams::Client::new(&self.aws(OBSERVER));
        let listed = client.list_streams().table_name(table).send().await.unwrap();
        let arn = listed.streams()[0].stream_arn().unwrap();
        let described = client.describe_stream().stream_arn(arn).send().await.unwrap();
        for shard in described.stream_description().unwrap().shards() {
            let shard_id = shard.shard_id().unwrap();
            loop {
                let iterator = client.get_shard_iterator().stream_arn(arn).shard_id(shard_id);
                let iterator = match reading.positions.get(shard_id) {
                    None => iterator.shard_iterator_type(ShardIteratorType::TrimHorizon),
                    Some(position) => iterator
                        .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                        .sequence_number(position),
                };
                let iterator = iterator.send().await.unwrap().shard_iterator.unwrap();
                let read = client.get_records().shard_iterator(iterator).send().await.unwrap();
                let Some(last) = read.records().last() else { break };
                let last = last.dynamodb().unwrap().sequence_number().unwrap();
                reading.positions.insert(shard_id.to_owned(), last.to_owned());
                reading.batch.extend(read.records().iter().map(record));
            }
        }
        reading
    }
}

fn request(caller: Caller<'_>, method: &str, target: &str, body: Option<&str>) -> http::Request {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (claims, cookies) = match caller {
        Caller::Admin(tenant) => (Some(json!({"tenant_id": tenant, "sub": "user-1"})), ""),
        Caller::Operator => (Some(json!({"operator": "true", "sub": "operator-1"})), ""),
        Caller::Browser(cookies) => (None, cookies),
        Caller::Wecom => (None, ""),
    };
    let content_type = if claims.is_some() {
        "application/json"
    } else {
        "text/xml"
    };
    let cookies: Vec<&str> = cookies.split("; ").filter(|cookie| !cookie.is_empty()).collect();
    let claims = claims.map(|claims| json!({"jwt": {"claims": claims, "scopes": null}}));
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"content-type": content_type, "host": "callbacks.example.com"},
        "cookies": cookies,
        "body": body,
        "isBase64Encoded": false,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "stage",
            "domainName": "callbacks.example.com",
            "requestId": "request-1",
            "stage": "$default",
            "routeKey": "$default",
            "timeEpoch": 0,
            "authorizer": claims,
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7"},
        },
    });
    let request: http::Request = serde_json::from_value(event).unwrap();
    request.with_id("request-1".to_owned())
}

/// A stream record in the form in which Lambda passes it to a function.
fn record(record: &Record) -> Value {
    let change = record.dynamodb().unwrap();
    let image = |item: Option<&std::collections::HashMap<String, AttributeValue>>| item.map_or(Value::Null, object);
    json!({
        "awsRegion": "us-east-1",
        "eventID": record.event_id(),
        "eventName": record.event_name().unwrap().as_str(),
        "eventSource": "aws:dynamodb",
        "eventVersion": "1.1",
        "dynamodb": {
            "ApproximateCreationDateTime": 0,
            "Keys": image(change.keys()),
            "NewImage": image(change.new_image()),
            "OldImage": image(change.old_image()),
            "SequenceNumber": change.sequence_number(),
            "SizeBytes": change.size_bytes().unwrap_or_default(),
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    })
}

fn object(item: &std::collections::HashMap<String, AttributeValue>) -> Value {
    let fields = item.iter().map(|(name, value)| (name.clone(), attribute(value)));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn attribute(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(truth) => json!({ "BOOL": truth }),
        AttributeValue::Null(_) => json!({"NULL": true}),
        AttributeValue::Ss(texts) => json!({ "SS": texts }),
        AttributeValue::L(list) => json!({"L": list.iter().map(attribute).collect::<Vec<_>>()}),
        AttributeValue::M(map) => json!({ "M": object(map) }),
        AttributeValue::B(bytes) => json!({"B": STANDARD.encode(bytes)}),
        other => panic!("no table holds such a value: {other:?}"),
    }
}

/// The steps of a rotation, in Secrets Manager's order.
pub(crate) const ROTATION_STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

/// Rotating the sealing key, as Secrets Manager does.
impl Harness {
    /// `RotateSecret`: creates the pending version, without a value.
    pub(crate) async fn begin_rotation(&self) -> Rotation {
        let mut started = self.devstack.rotations();
        self.secrets()
            .rotate_secret()
            .secret_id(format!("{PREFIX}/sealing-key"))
            .rotation_lambda_arn("arn:aws:lambda:us-east-1:000000000000:function:rotate-sealing-key")
            .send()
            .await
            .unwrap();
        started.recv().await.unwrap()
    }

    /// One of the four steps.
    pub(crate) async fn rotation_step(&self, rotation: &Rotation, step: &str) -> Result<(), String> {
        let input = json!({
            "Step": step,
            "SecretId": rotation.secret_arn,
            "ClientRequestToken": rotation.version_id,
        });
        self.invoke("rotate-sealing-key", input)
            .await
            .map(|answer| assert_eq!(answer, Value::Null))
    }

    /// All of them.
    pub(crate) async fn rotate_sealing_key(&self) {
        let rotation = self.begin_rotation().await;
        for step in ROTATION_STEPS {
            self.rotation_step(&rotation, step).await.unwrap();
        }
    }
}

/// Reading what is stored, with the access key of the tests.
impl Harness {
    pub(crate) fn store(&self) -> DynamoDb {
        let client = aws_sdk_dynamodb::Client::new(&self.aws(OBSERVER));
        let (authorization, events) = (AUTHORIZATION_TABLE.to_owned(), EVENT_TABLE.to_owned());
        DynamoDb::new(client, authorization, events, SignedDuration::from_hours(24))
    }

    pub(crate) fn vault(&self) -> SecretsManager {
        let client = aws_sdk_secretsmanager::Client::new(&self.aws(OBSERVER));
        SecretsManager::new(client, PREFIX.to_owned())
    }

    pub(crate) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.aws(OBSERVER))
    }

    pub(crate) fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.aws(OBSERVER))
    }

    /// Ends a table's stream, which makes the embedded DynamoDB slower with each record that it has in memory: for what is stored in
    /// numbers.
    pub(crate) async fn end_stream(&self, table: &str) {
        let none = StreamSpecification::builder().stream_enabled(false).build().unwrap();
        let update = self.dynamodb().update_table().table_name(table);
        update.stream_specification(none).send().await.unwrap();
    }

    /// Begins a new stream of a table whose stream was ended.
    pub(crate) async fn begin_stream(&self, table: &str) {
        let images = StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(StreamViewType::NewAndOldImages)
            .build()
            .unwrap();
        let update = self.dynamodb().update_table().table_name(table);
        update.stream_specification(images).send().await.unwrap();
    }

    pub(crate) async fn authorization(&self) -> Authorization {
        let tenant = TENANT.to_owned().try_into().unwrap();
        self.store().authorization(&tenant).await.unwrap()
    }
}

/// The product's scope for a scope of the simulator.
pub(crate) fn ours(scope: Scope) -> wecom_authorization::ids::Scope {
    wecom_authorization::ids::Scope::from_path(scope.slug()).unwrap()
}

/// The setup, function by function.
impl Harness {
    /// `POST /authorization/installation`.
    pub(crate) async fn make_link(&self) -> Reply {
        let target = "/authorization/installation";
        self.admin("start-installation", "POST", target, &Value::Null).await
    }

    /// The path of an install link.
    pub(crate) fn path_of(link: &Reply) -> String {
        let link = link.with_status(201);
        let url = link["install_url"].as_str().unwrap();
        url.strip_prefix(BASE_URL).unwrap().to_owned()
    }

    /// A browser presses the button behind a link.
    pub(crate) async fn open_link(&self, path: &str, cookies: &str) -> Reply {
        let caller = Caller::Browser(cookies);
        self.call("start-installation", caller, "POST", path, None).await
    }

    /// The cookie that an answer sets.
    pub(crate) fn cookie(reply: &Reply) -> Cookies {
        let cookie = reply.header("set-cookie");
        cookie.split(';').next().unwrap().to_owned()
    }

    /// Confirms the installation as the corporation's admin. Returns the path that WeCom redirects to.
    pub(crate) fn confirm(&self, wecom_url: &str, corp_id: &str) -> String {
        let request = InstallRequest {
            url: wecom_url.to_owned(),
            corp_id: corp_id.to_owned(),
            auth_mode: AuthMode::Admin,
        };
        let redirect_url = self.wecom().install(&request).unwrap().redirect_url;
        redirect_url.strip_prefix(BASE_URL).unwrap().to_owned()
    }

    /// Opens WeCom's redirect in a browser.
    pub(crate) async fn come_back(&self, path: &str, cookies: &str) -> Reply {
        let caller = Caller::Browser(cookies);
        self.call("installation-callback", caller, "GET", path, None).await
    }

    /// From the link to WeCom's redirect. Returns its path and the browser's cookies.
    pub(crate) async fn set_out(&self, corp_id: &str) -> (String, Cookies) {
        self.set_out_with(&self.make_link().await, corp_id).await
    }

    /// The same with this link.
    pub(crate) async fn set_out_with(&self, link: &Reply, corp_id: &str) -> (String, Cookies) {
        let opened = self.open_link(&Self::path_of(link), "").await;
        let cookies = Self::cookie(&opened);
        (self.confirm(&opened.redirect(), corp_id), cookies)
    }

    /// Step 1.
    pub(crate) async fn install(&self) {
        let (redirect, cookies) = self.set_out(CORP).await;
        let back = self.come_back(&redirect, &cookies).await.redirect();
        assert!(back.ends_with("?installation=installed"), "{back}");
    }

    /// Step 1 with a template: a QR code is scanned, and WeCom's `create_auth` is stored.
    pub(crate) async fn scan(&self) {
        let made = self.make_link().await.with_status(201);
        let request = simulator::ScanRequest {
            text: made["qr_code_text"].as_str().unwrap().to_owned(),
            corp_id: CORP.to_owned(),
            ..simulator::ScanRequest::default()
        };
        self.wecom().scan(&request).await.unwrap();
        let letter = self.posts.lock().await.recv().await.unwrap();
        self.suite_callback(&letter).await.with_success();
    }

    /// `POST /authorization/installation/confirmation` of the corporation that waits for it.
    pub(crate) async fn confirm_installation(&self) -> Reply {
        let corp_id = self.authorization().await.installation.unwrap().corp_id;
        self.confirm_corporation(&corp_id).await
    }

    /// The same for this one.
    pub(crate) async fn confirm_corporation(&self, corp_id: &CorpId) -> Reply {
        let target = "/authorization/installation/confirmation";
        let body = json!({ "corp_id": corp_id });
        self.admin("installation-callback", "POST", target, &body).await
    }

    /// The right Secret of [`CORP`].
    pub(crate) fn secret_of(&self, scope: Scope) -> String {
        let kind = match scope {
            Scope::Contacts => simulator::SecretKind::Contacts,
            Scope::ExternalContacts => simulator::SecretKind::ExternalContacts,
        };
        self.wecom().secret(CORP, kind).unwrap().secret
    }

    /// `PUT /authorization/{scope}/secret`.
    pub(crate) async fn enter(&self, scope: Scope, secret: &str) -> Reply {
        let target = format!("/authorization/{}/secret", scope.slug());
        let body = json!({"secret": secret, "corp_id": CORP});
        self.admin("register-secret", "PUT", &target, &body).await
    }

    /// Enters the right Secret.
    pub(crate) async fn register(&self, scope: Scope) -> Credentials {
        let answer = self.enter(scope, &self.secret_of(scope)).await;
        Credentials::of(&answer.with_status(200)["credentials"])
    }

    /// `POST /authorization/{scope}/credentials`.
    pub(crate) async fn generate(&self, scope: Scope, rotate: bool) -> Reply {
        let target = format!("/authorization/{}/credentials", scope.slug());
        self.admin("generate-credentials", "POST", &target, &json!({ "rotate": rotate }))
            .await
    }

    /// WeCom checks a URL with these credentials.
    pub(crate) async fn check(&self, credentials: &Credentials) -> Reply {
        let check = Check::sealed(credentials, CORP, "1616140317555161061");
        let target = format!("{}?{}", path_in(&credentials.url), check.query());
        self.call("event-callback", Caller::Wecom, "GET", &target, None).await
    }

    /// WeCom delivers an event to this URL.
    pub(crate) async fn deliver(&self, credentials: &Credentials, message: &str) -> Reply {
        self.deliver_letter(credentials, &Letter::sealed(credentials, CORP, message))
            .await
    }

    /// A letter arrives at the URL of these credentials.
    pub(crate) async fn deliver_letter(&self, credentials: &Credentials, letter: &Letter) -> Reply {
        let target = format!("{}?{}", path_in(&credentials.url), letter.query);
        self.call("event-callback", Caller::Wecom, "POST", &target, Some(&letter.body))
            .await
    }

    /// Steps 2 and 3.
    pub(crate) async fn bind(&self, scope: Scope) -> Credentials {
        let credentials = self.register(scope).await;
        self.check(&credentials).await.with_echo();
        credentials
    }

    /// Everything up to step 4.
    pub(crate) async fn bind_all(&self) -> [Credentials; 2] {
        self.install().await;
        [
            self.bind(Scope::Contacts).await,
            self.bind(Scope::ExternalContacts).await,
        ]
    }

    /// Delivers a request to the suite's callback.
    pub(crate) async fn suite_callback(&self, letter: &Letter) -> Reply {
        let target = format!("/suite/callback?{}", letter.query);
        self.call("suite-callback", Caller::Wecom, "POST", &target, Some(&letter.body))
            .await
    }

    /// A suite event; `rest` is the XML after id, type and time.
    pub(crate) fn suite_event(&self, info_type: &str, rest: &str) -> Letter {
        let message = format!(
            "<xml><SuiteId><![CDATA[{}]]></SuiteId><InfoType><![CDATA[{info_type}]]></InfoType>\
             <TimeStamp>{}</TimeStamp>{rest}</xml>",
            self.suite_id,
            self.now().as_second(),
        );
        Letter::sealed(&self.suite, &self.suite_id, &message)
    }

    /// A suite event that WeCom sent at this time.
    pub(crate) fn suite_event_sent_at(&self, time: Timestamp) -> Letter {
        let message = "<xml><InfoType>change_auth</InfoType><AuthCorpId>wpA</AuthCorpId></xml>";
        Letter::sent_at(&self.suite, &self.suite_id, message, time)
    }

    /// Stores a suite event without processing it.
    pub(crate) async fn suite_event_arrives(&self, info_type: &str, rest: &str) {
        let letter = self.suite_event(info_type, rest);
        self.suite_callback(&letter).await.with_success();
    }

    /// An event of [`CORP`] arrives at the callback of its app, which is the suite's; `rest` is the XML after the time.
    pub(crate) async fn app_event_arrives(&self, rest: &str) {
        let corps = self.wecom().state().corps;
        let open_corp_id = &corps.iter().find(|corp| corp.corp_id == CORP).unwrap().open_corp_id;
        let message = format!(
            "<xml><ToUserName><![CDATA[{open_corp_id}]]></ToUserName><CreateTime>{}</CreateTime>\
             <MsgType><![CDATA[event]]></MsgType>{rest}</xml>",
            self.now().as_second(),
        );
        let letter = Letter::sealed(&self.suite, open_corp_id, &message);
        self.suite_callback(&letter).await.with_success();
    }

    /// `GET /authorization`.
    pub(crate) async fn state(&self) -> Value {
        let state = self.admin("read-authorization", "GET", "/authorization", &Value::Null);
        state.await.with_status(200)
    }
}

fn path_in(url: &str) -> &str {
    url.strip_prefix(BASE_URL).unwrap()
}

/// An address-book event that differs for each member.
pub(crate) fn member_created(member: &str) -> String {
    letter::member_created(CORP, member)
}

impl Reply {
    /// Asserts the answer that acknowledges an event.
    #[track_caller]
    pub(crate) fn with_success(&self) {
        assert_eq!((self.status, self.text().as_str()), (200, "success"), "{}", self.asked);
    }

    /// Asserts that the answer is the plaintext of the URL check.
    #[track_caller]
    pub(crate) fn with_echo(&self) {
        let answer = (self.status, self.text());
        assert_eq!(answer, (200, "1616140317555161061".to_owned()), "{}", self.asked);
    }
}
