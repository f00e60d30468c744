//! Webhooks: what the deployment's receiver gets, and what becomes of what it does not take.

use std::{
    collections::BTreeSet,
    io::Write as _,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header::LOCATION},
};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;
use wecom_authorization::{
    entropy::SystemEntropy,
    probe::{Probe, Unreachable},
    steps::RETRY_AFTER_SECONDS,
    store::SecretName,
    webhook::{SigningSecrets, Webhook},
};

use crate::{
    event_schema::{holds, published},
    faults::harness::{Harness, WEBHOOK_QUEUE, WEBHOOK_SECRET},
    support::{CORP, Scope, World, eventually, letter},
    template::{resources, root, template},
};

/// A platform's service that takes webhooks.
pub(crate) struct Receiver {
    pub(crate) url: Url,
    desk: Desk,
}

#[derive(Clone, Default)]
struct Desk {
    status: Arc<AtomicU16>,
    received: Arc<Mutex<Vec<Received>>>,
}

/// A webhook as it came.
#[derive(Debug, Clone)]
struct Received {
    headers: Value,
    body: String,
}

impl Received {
    fn id(&self) -> &str {
        self.headers["webhook-id"].as_str().unwrap()
    }

    fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn is_event(&self) -> bool {
        self.event()["detail-type"] == "wecom.event"
    }
}

impl Receiver {
    /// Starts one that answers 204.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let desk = Desk::default();
        desk.status.store(204, Ordering::Relaxed);
        let router = Router::new().fallback(take).with_state(desk.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            url: url.parse().unwrap(),
            desk,
        }
    }

    /// What it answers from now on.
    pub(crate) fn answer(&self, status: u16) {
        self.desk.status.store(status, Ordering::Relaxed);
    }

    /// What it has received so far and [`Self::received`] has not taken.
    fn seen(&self) -> Vec<Received> {
        self.desk.received.lock().unwrap().clone()
    }

    /// What it has received and not been asked for yet.
    fn received(&self) -> Vec<Received> {
        std::mem::take(&mut self.desk.received.lock().unwrap())
    }
}

async fn take(State(desk): State<Desk>, headers: HeaderMap, body: String) -> (StatusCode, HeaderMap) {
    let headers: serde_json::Map<_, _> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()))
        .collect();
    let headers = headers.into();
    desk.received.lock().unwrap().push(Received { headers, body });
    let status = StatusCode::from_u16(desk.status.load(Ordering::Relaxed)).unwrap();
    // A redirect would lead to itself.
    let location = status.is_redirection().then(|| (LOCATION, "/hooks".parse().unwrap()));
    (status, location.into_iter().collect())
}

fn event(id: &str) -> Value {
    json!({"detail-type": "wecom.event", "source": "wecom.authorization", "detail": {"event_id": id}})
}

/// What a client's example says about a webhook; nothing when this machine lacks what runs it. With `CI` set nothing may be
/// missing.
fn said_by(client: &str, webhook: &Received, secret: &str) -> Option<(bool, String)> {
    let folder = root().join("clients").join(client);
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    let python = target.join("tools/python-client/bin/python");
    let (program, arguments, missing) = if client == "typescript" {
        let missing = ["node_modules/standardwebhooks", "dist/index.js"].map(|path| folder.join(path));
        (
            "node".into(),
            vec!["examples/webhook.mjs", "-", secret],
            missing.iter().any(|path| !path.exists()),
        )
    } else {
        (python.clone(), vec!["examples/webhook.py", secret], !python.exists())
    };
    if missing {
        assert!(
            std::env::var_os("CI").is_none(),
            "the libraries of {client} are missing"
        );
        eprintln!("SKIPPED: the example in {} needs its libraries", folder.display());
        return None;
    }
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(&folder)
        .env("PYTHONPATH", "src")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let input = json!({"headers": webhook.headers, "body": webhook.body}).to_string();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Some((output.status.success(), String::from_utf8(output.stdout).unwrap()))
}

#[tokio::test]
async fn the_reference_libraries_verify_what_comes_and_refuse_what_was_changed() {
    let receiver = Receiver::start().await;
    let world = World::with_webhooks(Some(receiver.url.clone())).await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    let delivered = world
        .deliver(&credentials, &letter::member_created(CORP, "wangfang"))
        .await;
    assert_eq!(delivered.status, 200);
    let webhook = eventually("the event comes", async || {
        receiver.seen().into_iter().find(Received::is_event)
    })
    .await;
    let seen = receiver.received();
    for received in &seen {
        holds(&received.event());
        assert_eq!(received.headers["content-type"], "application/json");
    }
    assert!(
        seen.iter().filter(|received| !received.is_event()).count() >= 3,
        "{seen:#?}"
    );
    assert_eq!(webhook.event()["detail"]["event_id"], webhook.id());

    let secret = &world.announcement().webhook_secret;
    let mut changed = webhook.clone();
    changed.body = changed.body.replace("wangfang", "chenlei2");
    let expected = format!("{} wangfang\n", webhook.id());
    for client in ["typescript", "python"] {
        let Some(said) = said_by(client, &webhook, secret) else {
            continue;
        };
        assert_eq!(said, (true, expected.clone()), "{client}");
        for (webhook, secret) in [(&changed, secret.as_str()), (&webhook, WEBHOOK_SECRET)] {
            let (is_accepted, said) = said_by(client, webhook, secret).unwrap();
            assert!(!is_accepted && said.is_empty(), "{client}: {said}");
        }
    }
}

/// A receiver that is down loses nothing, and what is sent again has the id that it had.
#[tokio::test]
async fn what_is_refused_comes_again_and_what_was_taken_does_not() {
    let receiver = Receiver::start().await;
    let world = World::with_webhooks(Some(receiver.url.clone())).await;
    receiver.answer(503);
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    let message = letter::member_created(CORP, "wangfang");
    assert_eq!(world.deliver(&credentials, &message).await.status, 200);
    let queues = world.devstack().queues();
    let soon = || Instant::now() + Duration::from_secs(1);
    eventually("what was tried waits", async || {
        let waits = queues.next_visible("webhooks")? > soon();
        (waits && receiver.seen().len() >= 5).then_some(())
    })
    .await;
    let failed = receiver.received();

    receiver.answer(204);
    // The breaker has opened, and the operator says that the receiver is there again.
    let base_url = &world.announcement().base_url;
    let enable = format!("{base_url}/2015-03-31/functions/deliver-webhooks/invocations");
    let enabled = world.http().post(&enable).json(&json!({"enable": true})).send();
    assert_eq!(
        enabled.await.unwrap().json::<Value>().await.unwrap(),
        json!({"enabled": true})
    );
    queues.make_visible("webhooks");
    eventually("everything is delivered", async || {
        let is_there = receiver.seen().iter().any(Received::is_event);
        (is_there && queues.len("webhooks") == 0).then_some(())
    })
    .await;
    let taken = receiver.received();
    let ids: BTreeSet<_> = taken.iter().map(Received::id).collect();
    assert_eq!(ids.len(), taken.len(), "each came once");
    for first in &failed {
        assert!(ids.contains(first.id()), "{first:?}");
    }
}

async fn harness(receiver: &Receiver) -> Harness {
    let harness = Harness::start(false).await;
    harness.stop_clock();
    harness.webhooks_go_to(&receiver.url).await;
    harness
}

fn failures(answer: &Value) -> usize {
    answer["batchItemFailures"].as_array().unwrap().len()
}

#[tokio::test]
async fn one_that_fails_holds_up_no_other_and_waits_its_time() {
    let receiver = Receiver::start().await;
    let harness = harness(&receiver).await;
    let queues = harness.devstack().queues();
    for status in [500, 404, 301, 429] {
        receiver.answer(status);
        let answer = harness.deliver_webhooks(&[event("a")]).await;
        assert_eq!(failures(&answer), 1, "{status}");
        assert_eq!(receiver.received().len(), 1, "a redirect is not followed");
        // Ten seconds, as after every first attempt, instead of the queue's eighteen minutes.
        let due = queues.next_visible(WEBHOOK_QUEUE).unwrap() - Instant::now();
        assert!((5..=10).contains(&due.as_secs()), "{due:?}");
        receiver.answer(204);
        assert_eq!(failures(&harness.deliver_webhooks(&[event("b")]).await), 0);
        assert_eq!(receiver.received()[0].id(), "b");
        queues.make_visible(WEBHOOK_QUEUE);
        assert_eq!(failures(&harness.deliver_webhooks(&[]).await), 0);
        assert_eq!(receiver.received()[0].id(), "a");
        assert_eq!(queues.len(WEBHOOK_QUEUE), 0);
    }
}

#[tokio::test]
async fn a_receiver_that_fails_is_left_alone_for_a_while_and_then_tried_once() {
    let receiver = Receiver::start().await;
    let harness = harness(&receiver).await;
    receiver.answer(500);
    let events: Vec<_> = (0..8).map(|n| event(&n.to_string())).collect();
    assert_eq!(failures(&harness.deliver_webhooks(&events).await), 8);
    assert_eq!(receiver.received().len(), 5, "the breaker opens with the fifth");
    let again = async || {
        harness.devstack().queues().make_visible(WEBHOOK_QUEUE);
        failures(&harness.deliver_webhooks(&[]).await)
    };
    harness.wait(29);
    assert_eq!((again().await, receiver.received().len()), (8, 0));
    harness.wait(1);
    assert_eq!((again().await, receiver.received().len()), (8, 1));
    // The next pause is twice as long.
    harness.wait(59);
    assert_eq!((again().await, receiver.received().len()), (8, 0));
    harness.wait(1);
    receiver.answer(200);
    assert_eq!((again().await, receiver.received().len()), (0, 8));
}

/// At the times at which the queue hands them out.
#[tokio::test]
async fn a_receiver_that_is_down_for_an_hour_misses_nothing_and_gets_nothing_twice() {
    let receiver = Receiver::start().await;
    let harness = harness(&receiver).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    let mut bus = harness.devstack().events();
    for number in 0..25 {
        let message = letter::member_created(CORP, &number.to_string());
        harness.deliver(&contacts, &message).await.with_success();
    }
    harness.stream("publish-events").await.unwrap();
    let events = published(&mut bus);
    let expected: BTreeSet<_> = events
        .iter()
        .map(|event| event["detail"]["event_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(expected.len(), 25);
    let queues = harness.devstack().queues();
    for event in &events {
        queues.send(WEBHOOK_QUEUE, event.to_string());
    }
    let mut passed = 0;
    let mut taken = Vec::new();
    for wait in RETRY_AFTER_SECONDS {
        let is_down = passed < 3600;
        receiver.answer(if is_down { 503 } else { 204 });
        for _ in 0..3 {
            harness.deliver_webhooks(&[]).await;
        }
        let sent = receiver.received();
        if !is_down {
            taken.extend(sent);
        }
        passed += wait;
        harness.wait(i64::from(wait));
        queues.make_visible(WEBHOOK_QUEUE);
    }
    assert_eq!(queues.len(WEBHOOK_QUEUE), 0);
    let ids: BTreeSet<_> = taken.iter().map(|webhook| webhook.id().to_owned()).collect();
    assert_eq!((ids, taken.len()), (expected, 25));
}

#[tokio::test]
async fn a_receiver_that_fails_for_five_days_or_is_gone_is_disabled_until_it_is_enabled() {
    let receiver = Receiver::start().await;
    let harness = harness(&receiver).await;
    let tries = async |status| {
        receiver.answer(status);
        harness.deliver_webhooks(&[event("a")]).await;
        harness.devstack().queues().make_visible(WEBHOOK_QUEUE);
        receiver.received().len()
    };
    let enable = async || {
        harness
            .invoke("deliver-webhooks", json!({"enable": true}))
            .await
            .unwrap()
    };
    assert!(tries(500).await > 0);
    harness.wait(5 * 24 * 3600 - 1);
    assert!(tries(500).await > 0, "another day");
    harness.wait(1);
    assert_eq!(tries(204).await, 0);
    harness.wait(30 * 24 * 3600);
    assert_eq!(tries(204).await, 0, "time alone does not enable it");
    enable().await;
    assert!(tries(204).await > 0);
    assert!(tries(410).await > 0);
    harness.wait(3600);
    assert_eq!(tries(204).await, 0);
    enable().await;
    assert!(tries(204).await > 0);
}

/// Once for each transition, whatever is tried meanwhile and however the transaction ends.
#[tokio::test]
async fn the_bus_says_once_that_the_receiver_is_disabled_and_once_that_it_is_enabled() {
    let receiver = Receiver::start().await;
    let harness = harness(&receiver).await;
    let mut bus = harness.devstack().events();
    let mut told = async || {
        harness.stream("publish-changes").await.unwrap();
        let sent = published(&mut bus);
        sent.iter().for_each(holds);
        sent.into_iter()
            .filter(|sent| sent["detail-type"] == "webhooks.changed")
            .collect::<Vec<_>>()
    };
    let tries = async |status| {
        receiver.answer(status);
        harness.deliver_webhooks(&[event("a")]).await;
        harness.devstack().queues().make_visible(WEBHOOK_QUEUE);
    };
    let enable = async || {
        harness
            .invoke("deliver-webhooks", json!({"enable": true}))
            .await
            .unwrap()
    };
    let since = harness.now();
    tries(500).await;
    enable().await;
    assert_eq!(told().await, Vec::<Value>::new(), "it failed once and was not disabled");
    tries(500).await;
    harness.wait(5 * 24 * 3600);
    // The first time, the transaction fails.
    let throttled = devstack::Fault::on("TransactWriteItems").answer("ThrottlingException");
    harness.devstack().faults().add(throttled);
    tries(204).await;
    harness.devstack().faults().clear();
    assert_eq!(told().await.len(), 0);
    for _ in 0..3 {
        tries(204).await;
    }
    let disabled = told().await;
    assert_eq!(disabled.len(), 1, "{disabled:#?}");
    let at = harness.now();
    let expected = json!({"receiver": "127.0.0.1", "from": "enabled", "to": "disabled", "at": at, "reason": "failing",
                          "failing_since": since});
    assert_eq!(disabled[0]["detail"], expected);
    enable().await;
    enable().await;
    let enabled = told().await;
    assert_eq!(enabled.len(), 1, "{enabled:#?}");
    let expected =
        json!({"receiver": "127.0.0.1", "from": "disabled", "to": "enabled", "at": at, "failing_since": since});
    assert_eq!(enabled[0]["detail"], expected);
    assert_ne!(Webhook::of(&disabled[0]).id, Webhook::of(&enabled[0]).id);
    tries(410).await;
    assert_eq!(told().await[0]["detail"]["reason"], "gone");
}

#[tokio::test]
async fn a_new_secret_signs_beside_the_old_one_until_that_is_taken_away() {
    let receiver = Receiver::start().await;
    let harness = harness(&receiver).await;
    let new = SigningSecrets::generate(&SystemEntropy);
    let signed_with = async || {
        harness.deliver_webhooks(&[event("a")]).await;
        let webhook = receiver.received().pop().unwrap();
        webhook.headers["webhook-signature"]
            .as_str()
            .unwrap()
            .split(' ')
            .count()
    };
    let put = async |secrets: &str| {
        let secrets = SecretString::from(secrets);
        harness.vault().put(&SecretName::Webhook, &secrets).await.unwrap();
    };
    assert_eq!(signed_with().await, 1);
    put(&format!("{new} {WEBHOOK_SECRET}")).await;
    assert_eq!(signed_with().await, 1, "read five minutes ago at most");
    harness.wait(5 * 60);
    assert_eq!(signed_with().await, 2);
    // One that is malformed stops the webhooks, which wait.
    put("hunter2").await;
    harness.wait(5 * 60);
    assert_eq!(failures(&harness.deliver_webhooks(&[event("b")]).await), 1);
    assert_eq!(receiver.received().len(), 0);
    put(&new).await;
    assert_eq!(signed_with().await, 1);
}

/// The last attempt is made a day after the first, and the queue gives up after it.
#[tokio::test]
async fn what_is_never_taken_becomes_a_dead_letter() {
    let queues = devstack::Devstack::start(devstack::Options::default()).await.unwrap();
    let queues = queues.queues();
    let template = template();
    let queue = &resources(&template, "AWS::SQS::Queue")["WebhookQueue"]["Properties"];
    let max = queue["RedrivePolicy"]["maxReceiveCount"].as_u64().unwrap();
    assert_eq!(max, u64::try_from(RETRY_AFTER_SECONDS.len()).unwrap() + 1);
    let settings = |redrive| devstack::QueueSettings {
        visibility_timeout: Duration::from_secs(queue["VisibilityTimeout"].as_u64().unwrap()),
        redrive,
    };
    queues.create("q", settings(Some(("dead".to_owned(), max.try_into().unwrap()))));
    queues.create("dead", settings(None));
    queues.send("q", "x".to_owned());
    for attempt in 1..=max {
        let received = queues.receive("q", 10);
        assert_eq!((received.len(), u64::from(received[0].receives)), (1, attempt));
        queues.make_visible("q");
    }
    assert_eq!(queues.receive("q", 10), []);
    assert_eq!((queues.len("q"), queues.len("dead")), (0, 1));
}

#[tokio::test]
async fn what_is_no_event_is_never_sent_and_without_a_receiver_nothing_is_taken() {
    let receiver = Receiver::start().await;
    let harness = harness(&receiver).await;
    harness.devstack().queues().send(WEBHOOK_QUEUE, "no event".to_owned());
    assert_eq!(failures(&harness.deliver_webhooks(&[event("a")]).await), 1);
    assert_eq!(receiver.received().len(), 1);
    assert_eq!(harness.devstack().queues().len(WEBHOOK_QUEUE), 1);
    for input in [json!({}), json!({"Records": [{}]}), json!({"enable": "yes"})] {
        let refused = harness.invoke("deliver-webhooks", input).await;
        assert_eq!(refused, Err("malformed_request".to_owned()));
    }
    let without = Harness::start(false).await;
    let refused = without.invoke("deliver-webhooks", json!({"Records": []})).await;
    assert_eq!(refused, Err("malformed_request".to_owned()));
}

/// The operator's URL, too, may not lead into the network of the function.
#[tokio::test]
async fn a_receiver_in_a_private_network_or_without_tls_gets_nothing() {
    let receiver = Receiver::start().await;
    let secrets = SigningSecrets::parse(WEBHOOK_SECRET).unwrap();
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
    let send = async |url: &str, local| {
        let webhook = Webhook::of(&event("a"));
        let url = url.parse().unwrap();
        webhook
            .send(&url, &secrets, now, Probe { local })
            .await
            .map(|reached| reached.status)
    };
    let port = receiver.url.port().unwrap();
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "10.0.0.1",
        "169.254.169.254",
        "0x7f000001",
        "2130706433",
    ] {
        let url = format!("https://{host}:{port}/");
        assert_eq!(send(&url, false).await, Err(Unreachable::PrivateAddress), "{host}");
    }
    assert_eq!(send(receiver.url.as_str(), false).await, Err(Unreachable::NotAllowed));
    assert_eq!(receiver.received().len(), 0);
    assert_eq!(send(receiver.url.as_str(), true).await, Ok(204));
}
