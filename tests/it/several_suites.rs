//! Several suites in one deployment (docs/adr/0030-several-suites.md): the first and, from `cargo run`, one to test
//! with.

use aws_sdk_dynamodb::types::AttributeValue;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use simulator::{AuthMode, Fault, Outcome, SuiteEventRequest};
use wecom_authorization::{
    ids::{SuiteId, TenantId},
    store::SecretName,
};

use crate::{
    install_mistakes::calls,
    support::{Admin, CORP, Check, Credentials, Letter, OTHER_CORP, Scope, World, eventually},
};

const SESSION_INFO: &str = "/cgi-bin/service/set_session_info";

/// Token, EncodingAESKey and id of a suite: `suite` or `test_suite`.
fn suite(world: &World, name: &str) -> (Credentials, String) {
    let suite = &world.settings()[name];
    let text = |field: &str| suite[field].as_str().unwrap().to_owned();
    let credentials = Credentials {
        url: String::new(),
        token: text("token"),
        encoding_aes_key: text("encoding_aes_key"),
    };
    (credentials, text("suite_id"))
}

fn path(suite_id: &str) -> String {
    format!("/suite/{suite_id}/callback")
}

/// An event of the test suite.
fn of_test_suite(world: &World, event: &str) -> SuiteEventRequest {
    SuiteEventRequest {
        event: Some(event.to_owned()),
        suite_id: Some(world.test_suite_id()),
        corp_id: Some(CORP.to_owned()),
        ..SuiteEventRequest::default()
    }
}

async fn send(world: &World, request: &SuiteEventRequest) {
    let sent = world.wecom().send_suite_event(request).await.unwrap();
    if let Some(code) = &sent.auth_code {
        world.secret("an auth_code", code, false);
    }
    for delivery in sent.deliveries {
        assert_eq!(delivery.outcome, Outcome::Accepted, "{delivery:?}");
    }
}

/// Step 1 with the test suite. Returns where the browser is sent back to.
async fn install_test_suite(world: &World, admin: &Admin<'_>, corp_id: &str) -> String {
    let request = json!({"suite_id": world.test_suite_id()});
    let link = world.install_link_with(admin, request).await;
    let browser = world.browser();
    let wecom_url = browser.set_out(&link).await.redirect();
    let suite_id = format!("suite_id={}&", world.test_suite_id());
    assert!(wecom_url.contains(&suite_id), "{wecom_url}");
    let redirect_url = world.confirm(&wecom_url, corp_id, AuthMode::Admin);
    let back = browser.open(&redirect_url).await.redirect();
    world.learn_wecoms_secrets();
    back.split_once("?installation=").unwrap().1.to_owned()
}

async fn installation_becomes(world: &World, status: &str) -> Value {
    eventually("the installation changes", async || {
        let state = world.state().await;
        (state["installation"]["status"] == status).then_some(state)
    })
    .await
}

/// Waits until the test suite's events that arrived so far have been acted on: they are acted on in their order.
async fn processed(world: &World) {
    let suite_id = world.test_suite_id();
    let issued = async || world.ticket(&suite_id).await.map(|(_, issued_at)| issued_at);
    let before = issued().await;
    let second = simulator::ClockRequest { advance_seconds: 1 };
    world.wecom().advance_clock(second).await.unwrap();
    send(world, &of_test_suite(world, "suite_ticket")).await;
    eventually("what came before is processed", async || {
        (issued().await > before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn each_suite_keeps_its_own_tickets() {
    let world = World::start().await;
    let (_, first) = suite(&world, "suite");
    let second = world.test_suite_id();
    let ticket = async |suite_id: &str| {
        let (ticket, _) = world.ticket(suite_id).await.unwrap();
        world.secret("a suite ticket", ticket.expose_secret(), false);
        ticket.expose_secret().to_owned()
    };
    let before = [ticket(&first).await, ticket(&second).await];
    assert_ne!(before[0], before[1]);
    processed(&world).await;
    assert_eq!(ticket(&first).await, before[0]);
    assert_ne!(ticket(&second).await, before[1]);
}

#[tokio::test]
async fn the_url_of_a_suite_takes_what_is_sealed_for_it_and_nothing_else() {
    let world = World::start().await;
    let (first, first_id) = suite(&world, "suite");
    let (second, second_id) = suite(&world, "test_suite");
    let provider = world.settings()["suite"]["provider_corp_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let message = "<xml><InfoType><![CDATA[what_comes_next_year]]></InfoType></xml>";

    // The first suite has its own URL, and the one with its id.
    for (credentials, url) in [
        (&first, path(&first_id)),
        (&second, path(&second_id)),
        (&second, format!("{}//", path(&second_id))),
    ] {
        let check = Check::sealed(credentials, &provider, "4561");
        let reply = world.ask(&url, &check.query()).await;
        assert_eq!((reply.status, reply.text().as_str()), (200, "4561"), "{url}");
    }
    for (credentials, receive_id, url) in [
        (&first, &first_id, path(&second_id)),
        (&second, &second_id, path(&first_id)),
        (&second, &second_id, "/suite/callback".to_owned()),
        (&second, &first_id, path(&second_id)),
        (&second, &provider, path(&second_id)),
    ] {
        let letter = Letter::sealed(credentials, receive_id, message);
        world.post_letter(&url, &letter).await.refused(403, "callback_rejected");
    }
    let letter = Letter::sealed(&second, &second_id, message);
    for unknown in ["ww00000000000000ff", "dk8c01f5e9a37b2d46", "contacts", "callback1"] {
        let reply = world.post_letter(&path(unknown), &letter).await;
        reply.refused(404, "not_found");
        let check = Check::sealed(&second, &provider, "4561");
        world
            .ask(&path(unknown), &check.query())
            .await
            .refused(404, "not_found");
    }
    let taken = world.post_letter(&path(&second_id), &letter).await;
    assert_eq!((taken.status, taken.text().as_str()), (200, "success"));
}

#[tokio::test]
async fn an_app_that_is_not_published_is_installed_as_a_test() {
    let world = World::start().await;
    world
        .install_for(&world.other_admin(), OTHER_CORP, AuthMode::Admin)
        .await;
    assert!(calls(&world, SESSION_INFO).is_empty(), "the first app is published");
    assert_eq!(install_test_suite(&world, &world.admin(), CORP).await, "installed");
    assert_eq!(calls(&world, SESSION_INFO), [Some(0)]);
    let state = world.state().await;
    assert_eq!(state["installation"]["status"], "installed");
    // Its token is the test app's, and the Secrets are found to be the corporation's.
    for scope in Scope::ALL {
        world.bind(scope).await;
    }
    assert_eq!(world.complete().await["next_step"], "done");
}

#[tokio::test]
async fn a_suite_that_the_deployment_does_not_have_is_refused() {
    let world = World::start().await;
    for suite_id in ["ww00000000000000ff", "dk8c01f5e9a37b2d46", "", "../suite"] {
        let request = json!({"suite_id": suite_id});
        let reply = world.admin().post("/authorization/installation", request).await;
        let problem = reply.refused(422, "invalid_field");
        assert_eq!(problem["errors"][0]["field"], "suite_id", "{suite_id}");
    }
    let wrong_type = json!({"suite_id": 5});
    let reply = world.admin().post("/authorization/installation", wrong_type).await;
    reply.refused(400, "malformed_request");
}

#[tokio::test]
async fn a_corporation_belongs_to_one_tenant_over_all_suites() {
    let world = World::start().await;
    let before = world.install().await;
    let back = install_test_suite(&world, &world.other_admin(), CORP).await;
    assert_eq!(back, "failed&code=corp_mismatch");
    assert_eq!(world.state().await, before);
    let theirs = world.other_admin().get("/authorization").await.with_status(200);
    assert_eq!(theirs["installation"]["status"], "not_installed");
}

#[tokio::test]
async fn another_suite_takes_over_from_the_one_before_whose_removal_then_ends_nothing() {
    let world = World::start().await;
    let [contacts, _] = world.walk().await;
    assert_eq!(install_test_suite(&world, &world.admin(), CORP).await, "installed");
    let state = world.state().await;
    assert_eq!(state["next_step"], "done", "Secrets and callbacks stay as they are");
    let check = Check::sealed(&contacts, CORP, "4561");
    assert_eq!(world.ask(&contacts.url, &check.query()).await.status, 200);

    // The first suite's app is removed, and its permanent code reset before.
    for event in ["reset_permanent_code", "cancel_auth"] {
        let request = SuiteEventRequest {
            suite_id: None,
            ..of_test_suite(&world, event)
        };
        send(&world, &request).await;
    }
    processed(&world).await;
    assert_eq!(world.state().await["installation"]["status"], "installed");
    // A new permanent code of the suite that is installed counts.
    let version = async || {
        world
            .store()
            .authorization(&demo())
            .await
            .unwrap()
            .installation
            .unwrap()
            .version_id
    };
    let before = version().await;
    send(&world, &of_test_suite(&world, "reset_permanent_code")).await;
    eventually("the new code is kept", async || {
        (version().await != before).then_some(())
    })
    .await;
    world.learn_wecoms_secrets();
    send(&world, &of_test_suite(&world, "cancel_auth")).await;
    installation_becomes(&world, "cancelled").await;
}

/// Versions before several suites named none, and meant the first.
#[tokio::test]
async fn what_names_no_suite_is_the_first_suites() {
    let world = World::start().await;
    world.walk().await;
    let name = SecretName::Installation(demo());
    let secret = world.vault().read(&name, None).await.unwrap().unwrap();
    let mut secret: Value = serde_json::from_str(secret.expose_secret()).unwrap();
    let (_, first) = suite(&world, "suite");
    assert_eq!(secret.as_object_mut().unwrap().remove("suite_id"), Some(first.into()));
    let version_id = world
        .vault()
        .put(&name, &SecretString::from(secret.to_string()))
        .await
        .unwrap();
    let client = aws_sdk_dynamodb::Client::new(&world.aws());
    client
        .update_item()
        .table_name("wecom-authorization")
        .key("pk", AttributeValue::S("TENANT#demo".to_owned()))
        .key("sk", AttributeValue::S("AUTHORIZATION".to_owned()))
        .update_expression("REMOVE installation.suite_id SET installation.version_id = :version")
        .condition_expression("attribute_exists(installation.suite_id)")
        .expression_attribute_values(":version", AttributeValue::S(version_id))
        .send()
        .await
        .unwrap();
    // Another suite's removal is none of this one.
    let open_corp_id = world.wecom().state().corps.remove(0).open_corp_id;
    let removal = format!(
        "<xml><SuiteId>{0}</SuiteId><InfoType>cancel_auth</InfoType><TimeStamp>1790000000</TimeStamp>\
         <AuthCorpId>{open_corp_id}</AuthCorpId></xml>",
        world.test_suite_id()
    );
    let (second, second_id) = suite(&world, "test_suite");
    let letter = Letter::sealed(&second, &second_id, &removal);
    assert_eq!(world.post_letter(&path(&second_id), &letter).await.status, 200);
    processed(&world).await;
    assert_eq!(world.state().await["installation"]["status"], "installed");
    let change = SuiteEventRequest {
        auth_mode: Some(AuthMode::Member),
        suite_id: None,
        ..of_test_suite(&world, "change_auth")
    };
    send(&world, &change).await;
    eventually("WeCom is asked as the first suite", async || {
        (world.state().await["installation"]["auth_mode"] == "member").then_some(())
    })
    .await;
}

#[tokio::test]
async fn one_suites_calls_pause_without_the_others() {
    let world = World::start().await;
    let fault: Fault = serde_json::from_value(json!({
        "path": "/cgi-bin/service/get_pre_auth_code", "errcode": 45009, "errmsg": "api freq out of limit", "times": 1,
    }))
    .unwrap();
    world.wecom().add_faults([fault]);
    for _ in 0..2 {
        let reply = world.admin().post("/authorization/installation", json!({})).await;
        reply.refused(503, "wecom_ban");
    }
    assert_eq!(install_test_suite(&world, &world.admin(), CORP).await, "installed");
}

#[tokio::test]
async fn both_suites_are_there_again_after_a_restart() {
    let mut world = World::start().await;
    let before = world.test_suite_id();
    world.stop().await;
    world.start_again().await;
    assert_eq!(world.test_suite_id(), before);
    assert_eq!(install_test_suite(&world, &world.admin(), CORP).await, "installed");
    let name = SecretName::AnotherSuite(SuiteId::parse(&before).unwrap());
    let secret = world.vault().read(&name, None).await.unwrap().unwrap();
    let secret: Value = serde_json::from_str(secret.expose_secret()).unwrap();
    assert_eq!(secret["test"], true);
}

fn demo() -> TenantId {
    TenantId::parse("demo").unwrap()
}
