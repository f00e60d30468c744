//! A tenant's own callback domain: used when it leads to this deployment, pending until then.

use axum::{Router, http::StatusCode, response::Redirect, routing::get};
use serde_json::{Value, json};
use url::Url;
use wecom_authorization::{
    authorization::DomainFault,
    probe::{DEPLOYMENT_PATH, Probe},
};

use crate::{
    faults::harness::{AUTHORIZATION_TABLE, Harness},
    support::{Scope, World},
};

const SETTINGS: &str = "/authorization/settings";
const OURS: &str = "https://wecom.example.com";
const ID: &str = "0123456789abcdef0123456789abcdef";
const NOBODYS: &str = "https://callback.invalid";

async fn choose(world: &World, domain: Option<&str>) -> Value {
    let body = json!({"callback_base_url": domain});
    world.admin().put(SETTINGS, body).await.with_status(200)
}

#[tokio::test]
async fn a_domain_that_does_not_lead_here_is_pending_and_its_url_is_not_offered() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.register(Scope::Contacts).await;
    let settings = choose(&world, Some(NOBODYS)).await;
    assert_eq!(
        (&settings["callback_base_url"], &settings["pending_callback_base_url"]),
        (&Value::Null, &json!(NOBODYS))
    );
    let check = &settings["domain_check"];
    assert_eq!(
        (&check["missing"], &check["reason"]),
        (&json!("dns"), &json!("dns_not_found"))
    );
    assert_eq!(world.state().await["settings"], settings);
    let callback = world.callback(Scope::Contacts).await;
    assert_eq!(callback["url"], json!(credentials.url));

    // The platform's own again.
    assert_eq!(choose(&world, None).await, json!({"callback_base_url": null}));
}

#[tokio::test]
async fn a_domain_in_use_stays_in_use_while_the_next_one_is_pending() {
    let world = World::start().await;
    world.install().await;
    world.register(Scope::Contacts).await;
    assert_eq!(choose(&world, Some(OURS)).await, json!({"callback_base_url": OURS}));
    let settings = choose(&world, Some(NOBODYS)).await;
    assert_eq!(
        (&settings["callback_base_url"], &settings["pending_callback_base_url"]),
        (&json!(OURS), &json!(NOBODYS))
    );
    let callback = world.callback(Scope::Contacts).await;
    assert!(callback["url"].as_str().unwrap().starts_with(OURS), "{callback}");
    assert_eq!(choose(&world, Some(OURS)).await, json!({"callback_base_url": OURS}));
}

#[tokio::test]
async fn other_services_learn_which_domain_was_chosen_and_the_audit_trail_keeps_it_once() {
    let harness = Harness::start(false).await;
    let put = async |domain: Value| {
        let body = json!({"callback_base_url": domain});
        let reply = harness.admin("update-settings", "PUT", SETTINGS, &body).await;
        reply.with_status(200)
    };
    for _ in 0..2 {
        put(json!(NOBODYS)).await;
    }
    put(Value::Null).await;
    let stored = harness.dynamodb().scan().table_name(AUTHORIZATION_TABLE).send().await;
    let mut changed: Vec<_> = stored
        .unwrap()
        .items()
        .iter()
        .filter(|item| {
            item.get("what")
                .is_some_and(|what| what.as_s().unwrap() == "settings.callback_domain")
        })
        .map(|item| (item["from"].as_s().unwrap().clone(), item["to"].as_s().unwrap().clone()))
        .collect();
    changed.sort_unstable();
    let (default, chosen) = ("default".to_owned(), NOBODYS.to_owned());
    assert_eq!(changed, [(default.clone(), chosen.clone()), (chosen, default)]);
    let audit = harness
        .admin("read-authorization", "GET", "/authorization/audit", &Value::Null)
        .await
        .with_status(200);
    let pending: Vec<_> = audit["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["details"]["pending_callback_base_url"].clone())
        .collect();
    assert_eq!(pending, [Value::Null, json!(NOBODYS)]);
}

#[tokio::test]
async fn the_deployment_answers_its_id_under_the_path_of_callbacks() {
    let world = World::start().await;
    let reply = world.admin().get(DEPLOYMENT_PATH).await;
    assert_eq!(reply.status, 200);
    let id = reply.text();
    assert_eq!(id.len(), 32);
    let domain = Url::parse(&world.announcement().base_url).unwrap();
    let probe = Probe { local: true };
    assert_eq!(probe.fault_of_domain(domain.clone(), &id).await, None);
    let another = probe.fault_of_domain(domain, "another-deployments-id").await;
    assert_eq!(another, Some(DomainFault::AnsweredByAnother));
}

/// The address of a server that answers so.
async fn served(router: Router) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Url::parse(&format!("http://{address}")).unwrap()
}

#[tokio::test]
async fn says_which_of_name_certificate_and_answer_is_missing() {
    let probe = Probe { local: true };
    let answers = served(Router::new().route(DEPLOYMENT_PATH, get(async || ID))).await;
    assert_eq!(probe.fault_of_domain(answers.clone(), ID).await, None);
    for other in [
        Router::new().route(DEPLOYMENT_PATH, get(async || "<html>parked</html>")),
        Router::new().route(DEPLOYMENT_PATH, get(async || (StatusCode::FORBIDDEN, ID))),
        Router::new().route(DEPLOYMENT_PATH, get(async || Redirect::temporary("/"))),
        Router::new(),
    ] {
        let other = served(other).await;
        assert_eq!(
            probe.fault_of_domain(other, ID).await,
            Some(DomainFault::AnsweredByAnother)
        );
    }
    // It speaks no TLS.
    let mut plain = answers.clone();
    plain.set_scheme("https").unwrap();
    let fault = probe.fault_of_domain(plain, ID).await.unwrap();
    assert!(
        [DomainFault::CertificateRefused, DomainFault::ConnectionFailed].contains(&fault),
        "{fault:?}"
    );
    let closed = Url::parse("http://127.0.0.1:9").unwrap();
    assert_eq!(
        probe.fault_of_domain(closed, ID).await,
        Some(DomainFault::ConnectionFailed)
    );
    let nobodys = Url::parse(NOBODYS).unwrap();
    assert_eq!(probe.fault_of_domain(nobodys, ID).await, Some(DomainFault::DnsNotFound));
}

#[tokio::test]
async fn a_domain_that_resolves_into_a_private_network_is_not_called() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let inside = Url::parse(&format!("https://localhost:{port}")).unwrap();
    let fault = Probe { local: false }.fault_of_domain(inside, "id").await;
    assert_eq!(fault, Some(DomainFault::PrivateAddress));
    let called = tokio::time::timeout(std::time::Duration::ZERO, listener.accept()).await;
    assert!(called.is_err(), "it was called");
}

#[tokio::test]
async fn the_state_has_the_addresses_that_an_admin_enters_elsewhere() {
    let world = World::start().await;
    let platform = &world.state().await["platform"];
    assert_eq!(platform["cname_target"], "callbacks.platform.example");
    assert_eq!(platform["egress_addresses"], json!(["203.0.113.7", "203.0.113.8"]));
    let expected = format!("{}/suite/callback", world.announcement().base_url);
    assert_eq!(platform["app_callback_url"], json!(expected));
    let harness = Harness::start(false).await;
    let none = &harness.state().await["platform"];
    assert_eq!(
        (&none["cname_target"], &none["egress_addresses"]),
        (&Value::Null, &json!([]))
    );
}
