//! The stores are unavailable: every route says so in time, and works again afterwards.

use std::time::{Duration, Instant};

use devstack::Fault;
use local::gateway::routes::{Access, Function, ROUTES, Route};
use reqwest::Method;
use serde_json::{Value, json};

use super::harness::{Caller, Harness, TENANT, member_created};
use crate::support::{CORP, Check, Credentials, Letter, Reply, Scope, World, letter};

/// The longest that a caller waits: the SDK gives up after four seconds, and a function asks at most twice; the rest is for a busy
/// machine, because all routes are asked at once.
const PATIENCE: Duration = Duration::from_secs(14);

/// A request for each route, and the data that it needs.
struct Requests {
    link: String,
    callback: Credentials,
    suite: Credentials,
    event_id: String,
    /// Id of one assist link, and the secret of another.
    assist: [String; 2],
    /// Ids of a tenant's replay and of one for all, which run for minutes.
    replays: [String; 2],
}

impl Requests {
    async fn new(world: &World) -> Self {
        let [callback, _] = world.walk().await;
        for event in ["change_contact/create_user", "change_contact/delete_user"] {
            world.happens(Scope::Contacts, event).await;
        }
        let events = world.events("limit=1").await;
        let operator = world.bearer(&world.announcement().operator_token);
        let mut replays = Vec::new();
        for (client, path) in [
            (world.admin(), "/authorization/events/replays"),
            (operator, "/operator/replays"),
        ] {
            let started = client.post(path, a_replay()).await.with_status(202);
            replays.push(started["replay_id"].as_str().unwrap().to_owned());
        }
        let suite = suite_of(world);
        let mut links = Vec::new();
        for _ in 0..2 {
            let scope = json!({"scope": "contacts"});
            let made = world.admin().post("/authorization/assist-links", scope).await;
            links.push(made.with_status(201));
        }
        let secret = links[1]["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        Self {
            assist: [links[0]["id"].as_str().unwrap().to_owned(), secret],
            replays: replays.try_into().unwrap(),
            link: world.install_link(&world.admin()).await,
            callback,
            suite: Credentials {
                url: world.url("/suite/callback"),
                token: suite("token"),
                encoding_aes_key: suite("encoding_aes_key"),
            },
            event_id: events[0]["event_id"].as_str().unwrap().to_owned(),
        }
    }

    /// A valid request for the route.
    fn of(&self, world: &World, route: &Route) -> reqwest::RequestBuilder {
        let suite = suite_of(world);
        let path = route
            .path
            .replace("{binding_id}", "first")
            .replace("{scope}", "contacts")
            .replace("{suite_id}", &suite("suite_id"))
            .replace("{event_id}", &self.event_id)
            .replace("{nonce}", self.link.rsplit('/').next().unwrap())
            .replace("{callback_id+}", self.callback.url.rsplit('/').next().unwrap())
            .replace("{path+}", "wx/callback/1")
            .replace("{file+}", "page.js")
            .replace(
                "{replay_id}",
                &self.replays[usize::from(route.path.starts_with("/operator/"))],
            )
            .replace("{id}", &self.assist[0])
            .replace("{token}", &self.assist[1])
            .replace("{tenant_id}", &world.announcement().tenant_id)
            .replace("{claim_id}", &"0".repeat(32))
            .replace("{topic}", "corp-id")
            .replace("{rest+}", "");
        let method: Method = route.method.parse().unwrap();
        let is_post = method == Method::POST;
        let mut request = world.http().request(method, world.url(&path));
        if route.access == Access::Token {
            let announcement = world.announcement();
            request = request.bearer_auth(if path.starts_with("/operator/") {
                &announcement.operator_token
            } else {
                &announcement.admin_token
            });
        }
        let sealed = |credentials: &Credentials, event_for: &str, check_for: &str| {
            if is_post {
                let sent = Letter::sealed(credentials, event_for, &letter::member_created(CORP, "outage"));
                (sent.query, sent.body)
            } else {
                (
                    Check::sealed(credentials, check_for, "1616140317555161061").query(),
                    String::new(),
                )
            }
        };
        match route.function {
            Function::EventCallback | Function::SuiteCallback => {
                let (query, body) = if route.function == Function::EventCallback {
                    sealed(&self.callback, CORP, CORP)
                } else {
                    sealed(&self.suite, &suite("suite_id"), &suite("provider_corp_id"))
                };
                let url = format!("{}?{query}", world.url(&path));
                let request = world.http().request(route.method.parse().unwrap(), url);
                if is_post {
                    request.header("content-type", "text/xml").body(body)
                } else {
                    request
                }
            }
            Function::InstallationCallback if is_post => {
                request.json(&json!({"corp_id": "wpYunFanAAq7Zk3Xb9Tn5LcVd2Rg8MhSw"}))
            }
            Function::InstallationCallback => {
                let state = self.link.rsplit('/').next().unwrap();
                request.query(&[("auth_code", "an-auth-code"), ("expires_in", "600"), ("state", state)])
            }
            Function::RegisterSecret => {
                let secret = world.secret_of(Scope::Contacts);
                request.json(&json!({"secret": secret, "corp_id": CORP}))
            }
            Function::ReplayEvent if path.ends_with("/replays") => request.json(&a_replay()),
            Function::FindPerson => request.json(&json!({"kind": "user_id", "id": "zhangsan"})),
            Function::ShareCredentials if is_post => request.json(&json!({"scope": "contacts"})),
            Function::UpdateSettings => request.json(&json!({"callback_base_url": null})),
            Function::ActOnTenant if path.ends_with("/assignment") => request.json(&json!({"tenant_id": "acme"})),
            _ if is_post => request.json(&json!({})),
            _ => request,
        }
    }
}

/// A replay of everything, an event a minute.
fn a_replay() -> Value {
    json!({"since": "2026-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z", "per_minute": 1})
}

/// A suite setting from the announcement.
fn suite_of(world: &World) -> impl Fn(&str) -> String {
    let suite = json!(world.announcement())["suite"].clone();
    move |name| suite[name].as_str().unwrap().to_owned()
}

/// The answer of a route while the stores are unavailable.
#[track_caller]
fn expect(route: &Route, reply: &Reply) {
    match route.function {
        // Its files and texts are part of it.
        Function::Console => assert_eq!(reply.status, 200, "{}", reply.asked),
        // A browser is redirected to the page, which explains the error.
        Function::InstallationCallback if route.access == Access::Open => {
            let back = reply.redirect();
            assert!(
                back.ends_with("?installation=failed&code=temporarily_unavailable"),
                "{back}"
            );
        }
        // A process that has cached the suite's secret needs nothing else to answer WeCom's check.
        Function::SuiteCallback if route.method == "GET" && reply.status == 200 => {}
        _ => {
            let problem = reply.refused(503, "temporarily_unavailable");
            assert_eq!(problem["retry_after"], 1, "{problem}");
            assert_eq!(reply.header("retry-after"), "1", "{problem}");
        }
    }
}

async fn every_route_says_so_and_works_again(outage: Fault) {
    let world = World::start().await;
    let requests = Requests::new(&world).await;
    world.devstack().faults().add(outage);
    let started = Instant::now();
    let asked = ROUTES.iter().map(|route| async {
        let started = Instant::now();
        (world.send(requests.of(&world, route)).await, started.elapsed())
    });
    let replies = all(asked).await;
    let elapsed = started.elapsed();
    world.devstack().faults().clear();
    for (route, (reply, elapsed)) in ROUTES.iter().zip(&replies) {
        expect(route, reply);
        assert!(*elapsed < PATIENCE, "{}: {elapsed:?}", reply.asked);
    }
    assert_eq!(replies.len(), ROUTES.len());
    assert!(elapsed < PATIENCE * 2, "{elapsed:?}");

    let ends = |route: &&Route| route.function == Function::Disconnect || route.path.ends_with("/disconnect");
    for route in ROUTES.iter().filter(|route| !ends(route)) {
        let reply = world.send(requests.of(&world, route)).await;
        // This request has no cookie of the browser that opened the link.
        if route.path == "/assist/{token}/status" {
            assert_eq!(reply.status, 410, "{}", reply.asked);
            continue;
        }
        // Nothing waits to be claimed.
        if route.path.ends_with("/assignment") {
            assert_eq!(reply.status, 404, "{}", reply.asked);
            continue;
        }
        // Nothing was imported.
        if route.path.starts_with("/legacy/") {
            assert_eq!(reply.status, 404, "{}", reply.asked);
            continue;
        }
        // The redirect is made up: WeCom does not know its code.
        assert!(reply.status < 400, "afterwards: {}: {}", reply.asked, reply.status);
    }
    world.happens(Scope::Contacts, "change_contact/update_user").await;
    assert_eq!(world.state().await["health"], "ok");
}

/// Awaits all futures concurrently.
async fn all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut is_ready = true;
        for (future, answer) in &mut futures {
            if answer.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(ready) => *answer = Some(ready),
                    std::task::Poll::Pending => is_ready = false,
                }
            }
        }
        if is_ready {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    futures.into_iter().map(|(_, answer)| answer.unwrap()).collect()
}

#[tokio::test]
async fn when_no_connection_lasts() {
    every_route_says_so_and_works_again(Fault::on("*").drop_connection()).await;
}

#[tokio::test]
async fn when_every_answer_is_that_the_service_is_down() {
    every_route_says_so_and_works_again(Fault::on("*").status(503)).await;
}

#[tokio::test]
async fn when_nothing_is_answered_at_all() {
    every_route_says_so_and_works_again(Fault::on("*").delay(Duration::from_mins(1))).await;
}

#[tokio::test]
async fn when_everything_is_throttled() {
    let throttled = Fault::on("*").answer("ThrottlingException");
    every_route_says_so_and_works_again(throttled).await;
}

/// The contacts callback of a tenant that is all set up, and the id of the one event that it has received.
async fn bound_with_an_event(harness: &Harness) -> (Credentials, String) {
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    harness
        .deliver(&contacts, &member_created("before"))
        .await
        .with_success();
    let events = harness
        .admin("read-authorization", "GET", "/authorization/events", &Value::Null)
        .await;
    let event_id = events.with_status(200)["events"][0]["event_id"].clone();
    (contacts, event_id.as_str().unwrap().to_owned())
}

/// Processes that start during the outage have nothing cached.
#[tokio::test]
async fn when_every_process_is_new() {
    let harness = Harness::start(false).await;
    let (contacts, event_id) = bound_with_an_event(&harness).await;
    let link = Harness::path_of(&harness.make_link().await);
    let ticket = harness.suite_event("suite_ticket", "<SuiteTicket><![CDATA[a-ticket]]></SuiteTicket>");
    harness.suite_callback(&ticket).await.with_success();
    for function in ["process-suite-event", "publish-events", "publish-changes"] {
        harness.fetch(function).await;
    }
    let replay = format!("/authorization/events/{event_id}/replay");
    let settings = json!({"callback_base_url": "https://wecom.acme.example"});
    let person = json!({"kind": "user_id", "id": "zhangsan"});
    let ask = async |function, method, target: &str, body: &Value| harness.admin(function, method, target, body).await;
    let ask_all = async || {
        [
            harness.make_link().await,
            harness.open_link(&link, "").await,
            ask("read-authorization", "GET", "/authorization", &Value::Null).await,
            ask("read-authorization", "GET", "/authorization/events", &Value::Null).await,
            ask("read-authorization", "GET", "/authorization/audit", &Value::Null).await,
            harness
                .enter(Scope::Contacts, &harness.secret_of(Scope::Contacts))
                .await,
            harness.generate(Scope::Contacts, false).await,
            ask(
                "generate-credentials",
                "GET",
                "/authorization/contacts/credentials",
                &Value::Null,
            )
            .await,
            ask("test-callback", "POST", "/authorization/contacts/test", &Value::Null).await,
            ask(
                "complete-authorization",
                "POST",
                "/authorization/completion",
                &Value::Null,
            )
            .await,
            harness.operator("read-tenants", "GET", "/operator/tenants").await,
            harness.operator("read-tenants", "GET", "/operator/tenants/acme").await,
            harness.operator("read-tenants", "GET", "/operator/summary").await,
            harness.operator("read-tenants", "GET", "/operator/claims").await,
            harness
                .operator("act-on-tenant", "POST", "/operator/tenants/acme/check")
                .await,
            ask("update-settings", "PUT", "/authorization/settings", &settings).await,
            ask("replay-event", "POST", &replay, &Value::Null).await,
            ask("replay-event", "POST", "/authorization/events/replays", &a_replay()).await,
            ask("find-person", "POST", "/authorization/persons/deletion", &person).await,
            harness.check(&contacts).await,
            harness.deliver(&contacts, &member_created("during")).await,
            harness.suite_callback(&ticket).await,
            ask("disconnect", "DELETE", "/authorization", &Value::Null).await,
            harness
                .operator("act-on-tenant", "POST", "/operator/tenants/acme/disconnect")
                .await,
        ]
    };
    harness.end_processes();
    harness.devstack().faults().crash_after_writes(0);
    for reply in ask_all().await {
        let problem = reply.refused(503, "temporarily_unavailable");
        assert_eq!(reply.header("retry-after"), "1", "{problem}");
    }
    let caller = Caller::Browser("wecom_installation=x");
    let back = "/installation/callback?auth_code=c&expires_in=600&state=00000000000000000000000000000000";
    let back = harness
        .call("installation-callback", caller, "GET", back, None)
        .await
        .redirect();
    assert!(
        back.ends_with("?installation=failed&code=temporarily_unavailable"),
        "{back}"
    );
    let token = json!({"tenant_id": TENANT, "kind": "contacts"});
    let nothing = json!({});
    let functions = ["issue-access-token", "check-health", "reconcile-secrets", "run-replays"].into_iter();
    let invoked: Vec<_> = functions.zip([&token, &nothing, &nothing, &nothing]).collect();
    for (function, input) in &invoked {
        let refused = harness.invoke(function, (*input).clone()).await;
        assert_eq!(refused, Err("temporarily_unavailable".to_owned()), "{function}");
    }
    for function in ["process-suite-event", "publish-events", "publish-changes"] {
        assert!(
            harness.stream(function).await.is_err(),
            "{function}: what was not done is redelivered"
        );
    }

    harness.devstack().faults().clear();
    for function in ["process-suite-event", "publish-events", "publish-changes"] {
        harness.stream(function).await.unwrap();
    }
    for (function, input) in invoked {
        harness.invoke(function, input.clone()).await.unwrap();
    }
    for reply in ask_all().await {
        assert!(reply.status < 400, "afterwards: {}: {}", reply.asked, reply.status);
    }
}
