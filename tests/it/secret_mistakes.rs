//! Mistakes in steps 2 and 3: the answer says which value they pasted, and nothing is changed.

use serde_json::{Value, json};
use simulator::{AuthMode, Fault, SecretKind, SettingsPatch, SwitchesPatch};
use wecom_authorization::authorization::SecretStatus;

use crate::{
    faults::harness::Harness,
    install_mistakes::calls,
    support::{CORP, Credentials, OTHER_CORP, Reply, Scope, World},
};

const GETTOKEN: &str = "/cgi-bin/gettoken";

#[tokio::test]
async fn a_secret_that_wecom_does_not_know_is_rejected_once_and_never_tried_again() {
    let world = World::start().await;
    let before = world.install().await;
    let problem = world
        .enter(Scope::Contacts, "mistyped-0123456789")
        .await
        .refused(422, "secret_rejected");
    assert_eq!(problem["wecom"]["errcode"], 40001);
    assert_eq!(calls(&world, GETTOKEN), [Some(40001)]);
    assert_eq!(world.state().await, before);
}

#[tokio::test]
async fn the_secret_of_another_corporation_is_rejected_with_whichever_code_wecom_has_for_it() {
    let world = World::start().await;
    world.install().await;
    let theirs = world.wecom().secret(OTHER_CORP, SecretKind::Contacts).unwrap().secret;
    for errcode in [40001, 40091] {
        let setting = SettingsPatch {
            foreign_secret_errcode: Some(errcode),
            ..SettingsPatch::default()
        };
        world.wecom().set_settings(setting).unwrap();
        let problem = world
            .enter(Scope::Contacts, &theirs)
            .await
            .refused(422, "secret_rejected");
        assert_eq!(problem["wecom"]["errcode"], errcode);
    }
    assert_eq!(calls(&world, GETTOKEN), [Some(40001), Some(40091)]);
}

/// Whether `gettoken` itself asks for a trusted address is not documented.
#[tokio::test]
async fn a_secret_is_taken_where_gettoken_does_not_trust_our_address() {
    let world = World::start().await;
    world.install().await;
    world.wecom().add_faults([Fault {
        path: Some(GETTOKEN.to_owned()),
        errcode: Some(60020),
        ..Fault::default()
    }]);
    let right = world.secret_of(Scope::Contacts);
    let answer = world.enter(Scope::Contacts, &right).await.with_status(200);
    assert_eq!(answer["scope"]["secret"]["kind_check"], "ip_not_trusted");
}

/// Trying one 企业ID after the other would reveal which exist, at the expense of all tenants.
#[tokio::test]
async fn corporations_that_are_not_the_installed_one_count_as_attempts() {
    let world = World::start().await;
    world.install().await;
    let mut tried = 0;
    loop {
        let body = json!({"secret": "guessed-0123456789", "corp_id": format!("ww{tried:016x}")});
        let reply = world.admin().put("/authorization/contacts/secret", body).await;
        if reply.status == 429 {
            break;
        }
        reply.refused(422, "unknown_corp_id");
        tried += 1;
        // Ten within an hour by the clock, which may have ended in the meantime.
        assert!(tried <= 20);
    }
    assert!(tried >= 10, "{tried}");
    let asked = world.wecom().calls().len();
    let right = world.secret_of(Scope::Contacts);
    world
        .enter(Scope::Contacts, &right)
        .await
        .refused(429, "too_many_attempts");
    assert_eq!(world.wecom().calls().len(), asked, "WeCom hears nothing of it");
}

#[tokio::test]
async fn a_secret_of_the_wrong_kind_is_named() {
    let world = World::start().await;
    let before = world.install().await;
    for (scope, pasted, looks_like) in [
        (Scope::Contacts, SecretKind::ExternalContacts, "external_contacts"),
        (Scope::Contacts, SecretKind::ListedApp, "external_contacts"),
        (Scope::Contacts, SecretKind::OtherApp, "other_app"),
        (Scope::ExternalContacts, SecretKind::Contacts, "contacts"),
        (Scope::ExternalContacts, SecretKind::OtherApp, "other_app"),
    ] {
        let secret = world.wecom().secret(CORP, pasted).unwrap().secret;
        let problem = world.enter(scope, &secret).await.refused(422, "wrong_secret_kind");
        assert_eq!(problem["looks_like"], looks_like, "{scope:?} {pasted:?}");
        assert_eq!(problem["wecom"]["errcode"], 48002);
    }
    assert_eq!(world.state().await, before);
}

#[tokio::test]
async fn a_self_built_app_that_may_call_the_customer_api_is_as_good_as_the_customer_secret() {
    let world = World::start().await;
    world.install().await;
    let withdrawn = SwitchesPatch {
        customer_secret_withdrawn: Some(true),
        ..SwitchesPatch::default()
    };
    world.wecom().set_switches(CORP, withdrawn).unwrap();
    let old = world.secret_of(Scope::ExternalContacts);
    world
        .enter(Scope::ExternalContacts, &old)
        .await
        .refused(422, "wrong_secret_kind");
    let app = world.wecom().secret(CORP, SecretKind::ListedApp).unwrap().secret;
    let body = json!({"secret": app, "corp_id": CORP, "agent_id": 1_000_002});
    let answer = world
        .admin()
        .put("/authorization/external-contacts/secret", body)
        .await
        .with_status(200);
    assert_eq!(answer["scope"]["secret"]["kind_check"], "confirmed");
}

#[tokio::test]
async fn a_corp_id_that_is_nobodys_missing_or_malformed_is_said_so() {
    let world = World::start().await;
    world.install().await;
    let secret = world.secret_of(Scope::Contacts);
    let problem = enter_for(&world, "ww00000000000000ff", &secret)
        .await
        .refused(422, "unknown_corp_id");
    assert_eq!(problem["wecom"]["errcode"], 40013);

    for malformed in ["ww", "云帆科技", "ww0a1b2c3d4e5f6071/..", "", " "] {
        let problem = enter_for(&world, malformed, &secret)
            .await
            .refused(422, "invalid_field");
        assert_eq!(problem["errors"], json!([{"field": "corp_id", "code": "malformed"}]));
    }
    let path = "/authorization/contacts/secret";
    let problem = world
        .admin()
        .put(path, json!({"secret": secret}))
        .await
        .refused(422, "invalid_field");
    assert_eq!(problem["errors"], json!([{"field": "corp_id", "code": "missing"}]));

    // Copied with a space, or in other letters, it is the right one.
    enter_for(&world, &format!(" {} ", CORP.to_uppercase()), &secret)
        .await
        .with_status(200);
}

#[tokio::test]
async fn a_secret_that_cannot_be_one_is_not_even_tried() {
    let world = World::start().await;
    world.install().await;
    for (secret, code) in [
        ("", "missing"),
        ("   ", "missing"),
        ("two words", "malformed"),
        ("密钥", "malformed"),
        (&"x".repeat(257), "malformed"),
    ] {
        let problem = world.enter(Scope::Contacts, secret).await.refused(422, "invalid_field");
        assert_eq!(problem["errors"], json!([{"field": "secret", "code": code}]));
    }
    assert!(calls(&world, GETTOKEN).is_empty());
    // Spaces and line ends around it come with copying.
    let copied = format!(" {}\n", world.secret_of(Scope::Contacts));
    world.enter(Scope::Contacts, &copied).await.with_status(200);
}

#[tokio::test]
async fn what_copying_adds_is_dropped_and_any_other_character_is_named_and_never_corrected() {
    let world = World::start().await;
    world.install().await;
    let right = world.secret_of(Scope::Contacts);
    let (start, end) = right.split_at(4);
    for (pasted, named) in [
        (
            format!("{start}\u{200B}{end}"),
            "Character 5 is U+200B, which is invisible.",
        ),
        (format!("{start}\n{end}"), "Character 5 is U+000A, a line break."),
        (format!("{start} {end}"), "Character 5 is U+0020, white space."),
        (format!("\"{right}\""), "Character 1 is U+0022, a quotation mark."),
        (format!("“{right}”"), "Character 1 is U+201C, a quotation mark."),
        (format!("Ａ{right}"), "Character 1 is U+FF21, a full-width character."),
    ] {
        let problem = world
            .enter(Scope::Contacts, &pasted)
            .await
            .refused(422, "invalid_field");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with(named), "{detail}");
    }
    let problem = enter_for(&world, "ww0a1b\u{200E}2c3d", &right)
        .await
        .refused(422, "invalid_field");
    assert!(
        problem["detail"].as_str().unwrap().starts_with("Character 7 is U+200E"),
        "{problem}"
    );
    assert!(
        calls(&world, GETTOKEN).is_empty(),
        "WeCom hears nothing of a value that cannot be right"
    );

    let around = "\u{FEFF}\u{200B} \u{200E}\u{2060}\n";
    let pasted = |text: &str| format!("{around}{text}{around}");
    enter_for(&world, &pasted(CORP), &pasted(&right)).await.with_status(200);
    let address = pasted("https://wecom.example.com");
    let answer = world
        .admin()
        .put("/authorization/settings", json!({"callback_base_url": address}))
        .await;
    assert_eq!(
        answer.with_status(200),
        json!({"callback_base_url": "https://wecom.example.com"})
    );
}

#[tokio::test]
async fn another_corporations_id_is_a_mismatch_whether_it_has_installed_the_app_or_not() {
    let world = World::start().await;
    let before = world.install().await;
    let theirs = world.wecom().secret(OTHER_CORP, SecretKind::Contacts).unwrap().secret;
    let wrong = "mistyped-0123456789";
    for secret in [theirs.as_str(), wrong] {
        enter_for(&world, OTHER_CORP, secret)
            .await
            .refused(409, "corp_mismatch");
    }
    world
        .install_for(&world.other_admin(), OTHER_CORP, AuthMode::Admin)
        .await;
    let asked = calls(&world, GETTOKEN).len();
    for secret in [theirs.as_str(), wrong] {
        enter_for(&world, OTHER_CORP, secret)
            .await
            .refused(409, "corp_mismatch");
    }
    assert_eq!(
        calls(&world, GETTOKEN).len(),
        asked,
        "certainly another one: the Secret is not tried"
    );
    assert_eq!(world.state().await, before);
}

#[tokio::test]
async fn an_address_that_is_not_trusted_is_accepted_and_explained() {
    let world = World::start().await;
    world.install().await;
    let untrusted = SwitchesPatch {
        contacts_ip_untrusted: Some(true),
        ..SwitchesPatch::default()
    };
    world.wecom().set_switches(CORP, untrusted).unwrap();
    let contacts = world.register(Scope::Contacts).await;
    let state = world.state().await;
    assert_eq!(state["contacts"]["secret"]["status"], "accepted");
    assert_eq!(state["contacts"]["secret"]["kind_check"], "ip_not_trusted");
    assert_eq!(state["health"], "attention");
    let finding = &state["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["scope"], &finding["severity"]),
        (&json!("ip_not_trusted"), &json!("contacts"), &json!("warning"))
    );

    // It does not stand in the way.
    world.verify(Scope::Contacts, &contacts).await;
    world.bind(Scope::ExternalContacts).await;
    assert_eq!(world.complete().await["health"], "attention");
    // Once the address is trusted, the same Secret is confirmed.
    let trusted = SwitchesPatch {
        contacts_ip_untrusted: Some(false),
        ..SwitchesPatch::default()
    };
    world.wecom().set_switches(CORP, trusted).unwrap();
    world.register(Scope::Contacts).await;
    assert_eq!(world.state().await["health"], "ok");
}

#[tokio::test]
async fn a_ban_is_said_so_with_its_end_and_nobody_asks_wecom_again_before() {
    let world = World::start().await;
    world.install().await;
    world
        .install_for(&world.other_admin(), OTHER_CORP, AuthMode::Admin)
        .await;
    let strict = SettingsPatch {
        wrong_secret_limit: Some(1),
        ..SettingsPatch::default()
    };
    world.wecom().set_settings(strict).unwrap();
    world
        .enter(Scope::Contacts, "mistyped-0123456789")
        .await
        .refused(422, "secret_rejected");

    let right = world.secret_of(Scope::Contacts);
    banned(&world.enter(Scope::Contacts, &right).await);
    let asked = calls(&world, GETTOKEN);
    assert_eq!(asked, [Some(40001), Some(45009)]);
    banned(&world.enter(Scope::Contacts, &right).await);
    assert_eq!(calls(&world, GETTOKEN), asked);
}

#[track_caller]
fn banned(reply: &Reply) {
    let problem = reply.refused(503, "wecom_ban");
    waits_for_at_most_an_hour(reply, &problem);
    assert!(problem["retry_after"].as_i64().unwrap() <= 60, "{problem}");
}

#[track_caller]
fn waits_for_at_most_an_hour(reply: &Reply, problem: &Value) {
    let seconds = problem["retry_after"].as_i64().unwrap();
    assert!((1..=3600).contains(&seconds), "{problem}");
    assert_eq!(reply.header("retry-after"), seconds.to_string());
}

#[tokio::test]
async fn after_ten_wrong_secrets_a_tenant_has_to_wait_and_the_others_do_not() {
    let world = World::start().await;
    world.install().await;
    world
        .install_for(&world.other_admin(), OTHER_CORP, AuthMode::Admin)
        .await;
    let patient = SettingsPatch {
        wrong_secret_limit: Some(100),
        ..SettingsPatch::default()
    };
    world.wecom().set_settings(patient).unwrap();
    let right = world.secret_of(Scope::Contacts);

    let mut wrong = 0;
    let reply = loop {
        // Right ones do not count.
        let reply = world.enter(Scope::Contacts, &right).await;
        if reply.status != 200 {
            break reply;
        }
        let reply = world
            .enter(Scope::ExternalContacts, &format!("mistyped-0123456789-{wrong}"))
            .await;
        reply.refused(422, "secret_rejected");
        wrong += 1;
        // Ten within an hour by the clock, which may have ended in the meantime.
        assert!(wrong <= 20);
    };
    assert!(wrong >= 10, "{wrong}");
    let problem = reply.refused(429, "too_many_attempts");
    waits_for_at_most_an_hour(&reply, &problem);
    let asked = calls(&world, GETTOKEN).len();
    world
        .enter(Scope::ExternalContacts, "mistyped-0123456789")
        .await
        .refused(429, "too_many_attempts");
    assert_eq!(calls(&world, GETTOKEN).len(), asked, "WeCom is not asked");

    let theirs = world.wecom().secret(OTHER_CORP, SecretKind::Contacts).unwrap().secret;
    let body = json!({"secret": theirs, "corp_id": OTHER_CORP});
    let answer = world.other_admin().put("/authorization/contacts/secret", body).await;
    answer.with_status(200);
}

#[tokio::test]
async fn wecom_being_busy_or_broken_while_a_secret_is_checked_changes_nothing() {
    let world = World::start().await;
    let before = world.install().await;
    let right = world.secret_of(Scope::Contacts);
    for path in [
        "/cgi-bin/service/corpid_to_opencorpid",
        GETTOKEN,
        "/cgi-bin/user/list_id",
    ] {
        let fault = |fault: Fault| Fault {
            path: Some(path.to_owned()),
            ..fault
        };
        world.wecom().add_faults([fault(Fault {
            errcode: Some(-1),
            times: 3,
            ..Fault::default()
        })]);
        let problem = world.enter(Scope::Contacts, &right).await.refused(502, "wecom_error");
        assert_eq!(problem["wecom"]["errcode"], -1, "{path}");
        world.wecom().add_faults([fault(Fault {
            http_status: Some(502),
            ..Fault::default()
        })]);
        world.enter(Scope::Contacts, &right).await.refused(502, "wecom_error");
        world.wecom().add_faults([fault(Fault {
            drop: true,
            ..Fault::default()
        })]);
        world.enter(Scope::Contacts, &right).await.refused(502, "wecom_error");
        assert_eq!(world.wecom().add_faults([]), [], "{path}: every fault was met");
    }
    assert_eq!(world.state().await, before);
    // Two busy answers go unnoticed.
    let busy = Fault {
        path: Some(GETTOKEN.to_owned()),
        errcode: Some(-1),
        times: 2,
        ..Fault::default()
    };
    world.wecom().add_faults([busy]);
    world.enter(Scope::Contacts, &right).await.with_status(200);
}

#[tokio::test]
async fn wecom_not_answering_in_time_is_said_so() {
    let world = World::start().await;
    let before = world.install().await;
    let slow = Fault {
        path: Some(GETTOKEN.to_owned()),
        delay_ms: Some(8000),
        ..Fault::default()
    };
    world.wecom().add_faults([slow]);
    let right = world.secret_of(Scope::Contacts);
    world.enter(Scope::Contacts, &right).await.refused(504, "wecom_timeout");
    assert_eq!(world.state().await, before);
    world.enter(Scope::Contacts, &right).await.with_status(200);
}

#[tokio::test]
async fn completion_names_what_is_missing() {
    let world = World::start().await;
    let missing = async || {
        let answer = world.admin().post("/authorization/completion", json!({})).await;
        answer.refused(409, "steps_missing")["missing"].clone()
    };
    let all = json!([
        "install",
        "contacts_secret",
        "contacts_callback",
        "external_contacts_secret",
        "external_contacts_callback"
    ]);
    assert_eq!(missing().await, all);
    world.install().await;
    world.bind(Scope::ExternalContacts).await;
    assert_eq!(missing().await, json!(["contacts_secret", "contacts_callback"]));
    world.register(Scope::Contacts).await;
    assert_eq!(missing().await, json!(["contacts_callback"]));
    assert_eq!(world.state().await["completed_at"], Value::Null);
}

#[tokio::test]
async fn a_callback_domain_must_be_one_and_null_returns_to_the_default() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.register(Scope::Contacts).await;
    let path = "/authorization/settings";
    for address in [
        "http://wecom.example.com",
        "https://wecom.example.com/path",
        "https://wecom.example.com:8443",
        "https://user@wecom.example.com",
        "https://wecom.example.com?x",
        "https://10.0.0.1",
        "https://localhost",
        "javascript:alert(1)",
        "wecom.example.com",
        "",
    ] {
        let answer = world.admin().put(path, json!({"callback_base_url": address})).await;
        let problem = answer.refused(422, "invalid_field");
        assert_eq!(problem["errors"][0]["field"], "callback_base_url", "{address}");
    }
    assert_eq!(world.state().await["settings"], json!({"callback_base_url": null}));

    let own = "https://wecom.example.com";
    let answer = world
        .admin()
        .put(path, json!({"callback_base_url": format!("{own}/")}))
        .await;
    assert_eq!(answer.with_status(200), json!({"callback_base_url": own}));
    let callback = world.callback(Scope::Contacts).await;
    let own_path = credentials.url.strip_prefix(&world.announcement().base_url).unwrap();
    assert_eq!(callback["url"], format!("{own}{own_path}"));
    let shown = world
        .admin()
        .get("/authorization/contacts/credentials")
        .await
        .with_status(200);
    assert_eq!(shown["url"], format!("{own}{own_path}"));
    // The host never matters: the address that it had before goes on working.
    world.verify(Scope::Contacts, &credentials).await;

    let answer = world.admin().put(path, json!({"callback_base_url": null})).await;
    assert_eq!(answer.with_status(200), json!({"callback_base_url": null}));
    assert_eq!(world.callback(Scope::Contacts).await["url"], json!(credentials.url));
}

#[tokio::test]
async fn replacing_a_secret_leaves_url_token_and_key_alone() {
    let world = World::start().await;
    let [contacts, _] = world.walk().await;
    let before = world.scope(Scope::Contacts).await;
    let reset = world.wecom().reset_secret(CORP, SecretKind::Contacts).unwrap().secret;
    for secret in [&reset, &reset] {
        let answer = world.enter(Scope::Contacts, secret).await.with_status(200);
        let shown = Credentials::of(&answer["credentials"]);
        assert_eq!(shown.url, contacts.url);
        assert!(shown.token == contacts.token && shown.encoding_aes_key == contacts.encoding_aes_key);
        assert_eq!(answer["credentials"]["status"], "verified");
        assert_eq!(answer["scope"]["callback"], before["callback"]);
    }
    let after = world.scope(Scope::Contacts).await;
    assert!(reset.ends_with(after["secret"]["last_four"].as_str().unwrap()));
    assert_eq!(world.state().await["next_step"], "done");
    // A wrong one afterwards does not displace it.
    world
        .enter(Scope::Contacts, "mistyped-0123456789")
        .await
        .refused(422, "secret_rejected");
    assert_eq!(world.scope(Scope::Contacts).await, after);
}

#[tokio::test]
async fn values_pasted_into_another_corporations_form_are_found_out_when_the_secret_comes() {
    let world = World::start().await;
    world.install().await;
    let path = "/authorization/contacts/credentials";
    let pasted = Credentials::of(&world.admin().post(path, json!({})).await.with_status(201));
    let form = simulator::CallbackForm {
        url: pasted.url.clone(),
        token: pasted.token.clone(),
        encoding_aes_key: pasted.encoding_aes_key.clone(),
    };
    let saved = world
        .wecom()
        .save_callback(OTHER_CORP, Scope::Contacts, form)
        .await
        .unwrap();
    assert!(saved.saved, "nothing tells the corporation yet: {saved:?}");
    assert_eq!(world.callback(Scope::Contacts).await["status"], "verified");

    let known = world.register(Scope::Contacts).await;
    assert!(known.token == pasted.token && known.url == pasted.url);
    assert_eq!(world.callback(Scope::Contacts).await["status"], "awaiting_verification");
    world.verify(Scope::Contacts, &known).await;
    assert_eq!(world.callback(Scope::Contacts).await["status"], "verified");
}

#[tokio::test]
async fn a_check_by_another_corporation_counts_for_nothing_while_a_rotation_is_pending_either() {
    let world = World::start().await;
    world.install().await;
    let path = "/authorization/contacts/credentials";
    let pasted = Credentials::of(&world.admin().post(path, json!({})).await.with_status(201));
    let form = simulator::CallbackForm {
        url: pasted.url.clone(),
        token: pasted.token.clone(),
        encoding_aes_key: pasted.encoding_aes_key.clone(),
    };
    let saved = world.wecom().save_callback(OTHER_CORP, Scope::Contacts, form).await;
    assert!(saved.unwrap().saved);
    let rotated = world.admin().post(path, json!({"rotate": true})).await.with_status(201);
    let rotated = Credentials::of(&rotated);

    let known = world.register(Scope::Contacts).await;
    assert!(known.token == rotated.token, "the values to paste stay");
    let callback = world.callback(Scope::Contacts).await;
    assert_eq!(callback["status"], "awaiting_verification");
    assert_eq!(callback["verified_at"], Value::Null);
    world.bind(Scope::ExternalContacts).await;
    let refused = world.admin().post("/authorization/completion", json!({})).await;
    let missing = &refused.refused(409, "steps_missing")["missing"];
    assert_eq!(*missing, json!(["contacts_callback"]));

    world.verify(Scope::Contacts, &known).await;
    assert_eq!(world.complete().await["next_step"], "done");
}

/// Enters a contacts Secret with this 企业ID.
async fn enter_for(world: &World, corp_id: &str, secret: &str) -> Reply {
    let body = json!({"secret": secret, "corp_id": corp_id});
    world.admin().put("/authorization/contacts/secret", body).await
}

#[tokio::test]
async fn a_secret_that_wecom_refused_is_never_asked_about_again() {
    let harness = Harness::start(false).await;
    let _ = Box::pin(harness.bind_all()).await;
    harness.wecom().reset_secret(CORP, SecretKind::Contacts).unwrap();
    let refusals = || {
        let calls = harness.wecom().calls().into_iter();
        calls
            .filter(|call| call.path == GETTOKEN && call.errcode == Some(40001))
            .count()
    };
    for looks in 1..=4 {
        harness.sleep(14).await;
        let run = harness.invoke("check-health", json!({})).await.unwrap();
        assert_eq!((&run["checked"], &run["failed"]), (&json!(1), &json!(0)), "{run}");
        assert_eq!(refusals(), 1, "after {looks} looks");
    }
    let secret = harness.authorization().await.contacts.secret.unwrap();
    assert_eq!(secret.status, SecretStatus::Rejected);
}
