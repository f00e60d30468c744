//! No secret is in a log line, even at TRACE, or in an answer that does not exist to show it.
//!
//! Every test ends with this scan for the secrets of its own world (`World::scan`, called on drop). This one goes
//! through everything that uses a secret in one world, registers the short-lived ones as well, and shows that the scan has
//! something to find.

use std::collections::BTreeSet;

use serde_json::json;
use simulator::{AuthMode, EventRequest, Fault, SecretKind, Spoil, SuiteEventRequest};

use crate::support::{CORP, Credentials, OTHER_CORP, Scope, World};

#[tokio::test]
async fn no_secret_is_logged_or_answered_in_the_walk_the_mistakes_the_rotation_and_the_end() {
    let world = World::start().await;
    let [contacts, external_contacts] = world.walk().await;
    world.learn_what_is_stored().await;
    let member = "<xml><MsgType>event</MsgType><Event>change_contact</Event><Mobile>13900139000</Mobile></xml>";
    assert_eq!(world.deliver(&contacts, member).await.text(), "success");
    mistakes(&world).await;
    rotation(&world, &contacts).await;
    rotation_of_the_sealing_key(&world).await;
    failures(&world, &external_contacts).await;
    endings(&world).await;
    world.learn_what_is_stored().await;
    world.learn_wecoms_tokens().await;

    let scanned = world.scan();
    assert!(scanned.found.is_empty(), "{:#?}", scanned.found);
    let stored = world.scan_tables().await;
    assert!(stored.is_empty(), "{stored:#?}");

    assert!(!scanned.log.contains("13900139000"), "a member's data are logged");

    // It searched real output for each kind of secret.
    let kinds: BTreeSet<_> = scanned.kinds.iter().copied().collect();
    let expected = [
        "a Secret",
        "a Token",
        "a permanent code",
        "a sealing key",
        "a suite ticket",
        "an EncodingAESKey",
        "an access token",
        "an admin's token",
        "an auth_code",
        "the provider's secret",
        "a suite's EncodingAESKey",
        "a suite's Token",
        "a suite's secret",
    ];
    assert_eq!(kinds, BTreeSet::from(expected));
    assert!(scanned.answers > 30, "{}", scanned.answers);
    for target in [
        "wecom_authorization::http",
        "wecom_authorization::steps",
        "wecom_client",
        "local::gateway",
    ] {
        assert!(scanned.log.contains(target), "nothing was heard of {target}");
    }
    assert!(
        scanned.log.contains("/cgi-bin/gettoken"),
        "the calls that carry a Secret are logged"
    );
    assert!(scanned.log.contains("/cgi-bin/service/v2/get_permanent_code"));
}

#[tokio::test]
async fn the_scan_finds_what_is_there() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.register(Scope::Contacts).await;
    let (name, token) = ("云帆科技有限公司", credentials.token.as_str());
    let found = |value: &str, may_be_shown| world.look_for("a sample", value, may_be_shown);
    // In an answer, in the log, in a header.
    assert!(
        found(name, false)
            .iter()
            .any(|place| place.contains("GET /authorization"))
    );
    assert!(
        found("local-00000001", false)
            .iter()
            .any(|place| place.contains("the log"))
    );
    assert!(
        found("wecom_installation", false)
            .iter()
            .any(|place| place.contains("/installation/start"))
    );
    // Where credentials are shown, and nowhere else.
    assert!(found(token, false).iter().any(|place| place.contains("/secret")));
    assert!(found(token, true).is_empty());
}

async fn mistakes(world: &World) {
    for (scope, secret) in [
        (Scope::Contacts, "mistyped-0123456789".to_owned()),
        (Scope::Contacts, world.secret_of(Scope::ExternalContacts)),
        (Scope::ExternalContacts, world.secret_of(Scope::Contacts)),
        (
            Scope::Contacts,
            world.wecom().secret(OTHER_CORP, SecretKind::Contacts).unwrap().secret,
        ),
        (Scope::Contacts, "with a space in it".to_owned()),
    ] {
        world.secret("a Secret", &secret, false);
        world.enter(scope, &secret).await.refused(422, code_of(&secret, world));
    }
    let right = world.secret_of(Scope::Contacts);
    let put = async |body| world.admin().put("/authorization/contacts/secret", body).await;
    put(json!({"secret": right, "corp_id": OTHER_CORP}))
        .await
        .refused(409, "corp_mismatch");
    put(json!({"secret": right, "surprise": right}))
        .await
        .refused(400, "malformed_request");
    put(json!({"secret": [right]})).await.refused(400, "malformed_request");
    put(json!({"secret": right, "corp_id": [right]}))
        .await
        .refused(400, "malformed_request");
    let cut = format!("{{\"secret\": \"{right}\", ").into_bytes();
    let body = Some(("application/json", cut));
    let reply = world
        .admin()
        .raw(reqwest::Method::PUT, "/authorization/contacts/secret", body)
        .await;
    reply.refused(400, "malformed_request");
    // In the wrong place altogether.
    let reply = world.admin().get(&format!("/authorization/events?event={right}")).await;
    reply.with_status(200);
    let reply = world.admin().get(&format!("/authorization/events?since={right}")).await;
    reply.refused(400, "malformed_request");
}

fn code_of(secret: &str, world: &World) -> &'static str {
    let own = |kind| world.wecom().secret(CORP, kind).unwrap().secret == secret;
    if secret.contains(' ') {
        "invalid_field"
    } else if SecretKind::ALL.into_iter().any(own) {
        "wrong_secret_kind"
    } else {
        "secret_rejected"
    }
}

async fn rotation(world: &World, contacts: &Credentials) {
    let path = "/authorization/contacts/credentials";
    let made = world.admin().post(path, json!({"rotate": true})).await.with_status(201);
    world.verify(Scope::Contacts, &Credentials::of(&made)).await;
    world.admin().get(path).await.with_status(200);
    let reply = world
        .deliver(contacts, "<xml><MsgType>event</MsgType><Event>late</Event></xml>")
        .await;
    assert_eq!(reply.text(), "success");
    let reset = world.wecom().reset_secret(CORP, SecretKind::Contacts).unwrap().secret;
    world.secret("a Secret", &reset, false);
    world.enter(Scope::Contacts, &reset).await.with_status(200);
}

async fn rotation_of_the_sealing_key(world: &World) {
    aws_sdk_secretsmanager::Client::new(&world.aws())
        .rotate_secret()
        .secret_id("wecom-authorization/sealing-key")
        .rotation_lambda_arn("arn:aws:lambda:us-east-1:000000000000:function:rotate-sealing-key")
        .send()
        .await
        .unwrap();
    crate::support::eventually("the next ring is in force", async || {
        (world.learn_the_sealing_keys().await == 2).then_some(())
    })
    .await;
}

/// WeCom fails on requests that contain a secret, and callbacks are refused.
async fn failures(world: &World, external_contacts: &Credentials) {
    for fault in [
        Fault {
            drop: true,
            ..Fault::default()
        },
        Fault {
            http_status: Some(500),
            ..Fault::default()
        },
        Fault {
            errcode: Some(-1),
            times: 3,
            ..Fault::default()
        },
        // WeCom quotes the secret.
        Fault {
            errcode: Some(40058),
            errmsg: Some(format!("invalid corpsecret {}", world.secret_of(Scope::Contacts))),
            ..Fault::default()
        },
    ] {
        let path = Some("/cgi-bin/gettoken".to_owned());
        world.wecom().add_faults([Fault { path, ..fault }]);
        let reply = world.enter(Scope::Contacts, &world.secret_of(Scope::Contacts)).await;
        reply.refused(502, "wecom_error");
    }
    for spoil in [Spoil::Key, Spoil::Signature, Spoil::ReceiveId] {
        let request = EventRequest {
            event: Some("change_external_chat/create".to_owned()),
            spoil: Some(spoil),
            ..EventRequest::default()
        };
        world
            .wecom()
            .send_events(CORP, Scope::ExternalContacts, &request)
            .await
            .unwrap();
    }
    world
        .browser()
        .open(&external_contacts.url)
        .await
        .refused(400, "malformed_callback");
    // The store fails on requests that contain secrets.
    let fault = devstack::Fault::on("PutSecretValue")
        .answer("InternalServiceError")
        .times(3);
    world.devstack().faults().add(fault);
    let reply = world.enter(Scope::Contacts, &world.secret_of(Scope::Contacts)).await;
    reply.refused(503, "temporarily_unavailable");
    world.devstack().faults().clear();
}

async fn endings(world: &World) {
    let browser = world.browser();
    let theirs = world.other_admin();
    let wecom_url = browser.set_out(&world.install_link(&theirs).await).await.redirect();
    let redirect_url = world.confirm(&wecom_url, CORP, AuthMode::Admin);
    browser.open(&redirect_url).await.redirect();
    world.browser().open(&redirect_url).await.redirect();
    for event in ["reset_permanent_code", "change_auth", "cancel_auth"] {
        let request = SuiteEventRequest {
            event: Some(event.to_owned()),
            corp_id: Some(CORP.to_owned()),
            ..SuiteEventRequest::default()
        };
        let sent = world.wecom().send_suite_event(&request).await.unwrap();
        if let Some(code) = sent.auth_code {
            world.secret("an auth_code", &code, false);
        }
    }
    crate::support::eventually("the end is processed", async || {
        (world.state().await["installation"]["status"] == "cancelled").then_some(())
    })
    .await;
}
