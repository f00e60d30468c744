//! Customised apps (代开发): an administrator scans the QR code of a template, and the tenant's admin confirms the corporation
//! (docs/adr/0005-who-may-bind-a-corporation.md).

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use simulator::{AuthMode, Licence, ScanRequest, SuiteEventRequest};
use wecom_authorization::{
    audit::Actor,
    authorization::InstallSession,
    clock::{Clock as _, SystemClock},
    ids::{CorpId, InstallState, SuiteId, TenantId},
    store::SecretName,
};

use crate::{
    install_mistakes::calls,
    support::{Admin, CORP, Check, OTHER_CORP, Scope, World, eventually},
};

const EXCHANGE: &str = "/cgi-bin/service/v2/get_permanent_code";
const CONFIRMATION: &str = "/authorization/installation/confirmation";

/// A QR code for the template of `cargo run`. Returns its text.
pub(crate) async fn qr_code(world: &World, admin: &Admin<'_>) -> String {
    let request = json!({"suite_id": world.template_id()});
    let made = admin
        .post("/authorization/installation", request)
        .await
        .with_status(201);
    assert_eq!(made.get("install_url"), None, "{made}");
    made["qr_code_text"].as_str().unwrap().to_owned()
}

/// An administrator of a corporation scans it and confirms.
async fn scan(world: &World, request: ScanRequest) {
    let scanned = world.wecom().scan(&request).await.unwrap();
    world.secret("an auth_code", &scanned.auth_code.unwrap(), false);
    for delivery in scanned.deliveries {
        assert_eq!(delivery.answer, "success", "{delivery:?}");
    }
}

fn by(corp_id: &str, text: String) -> ScanRequest {
    ScanRequest {
        text,
        corp_id: corp_id.to_owned(),
        ..ScanRequest::default()
    }
}

async fn becomes(world: &World, admin: &Admin<'_>, status: &str) -> Value {
    eventually("the installation changes", async || {
        let state = admin.get("/authorization").await.with_status(200);
        world.learn_wecoms_secrets();
        (state["installation"]["status"] == status).then_some(state)
    })
    .await
}

/// From the QR code to the corporation that waits to be confirmed. Returns its encrypted id.
async fn wait_for_confirmation(world: &World, admin: &Admin<'_>, corp_id: &str) -> String {
    let text = qr_code(world, admin).await;
    scan(world, by(corp_id, text)).await;
    let state = becomes(world, admin, "awaiting_confirmation").await;
    state["installation"]["corp_id"].as_str().unwrap().to_owned()
}

pub(crate) async fn confirm(admin: &Admin<'_>, corp_id: &str) -> crate::support::Reply {
    admin.post(CONFIRMATION, json!({"corp_id": corp_id})).await
}

/// The customised app of a corporation is a tenant's.
pub(crate) async fn install(world: &World, admin: &Admin<'_>, corp_id: &str) {
    let shown = wait_for_confirmation(world, admin, corp_id).await;
    assert_eq!(confirm(admin, &shown).await.status, 204);
}

/// [`scan`] by this corporation, once.
pub(crate) async fn scan_by(world: &World, corp_id: &str, text: String) {
    scan(world, by(corp_id, text)).await;
}

/// An event of the template.
async fn happens(world: &World, event: &str, state: Option<&InstallState>, corp_id: &str) {
    let request = SuiteEventRequest {
        event: Some(event.to_owned()),
        suite_id: Some(world.template_id()),
        corp_id: Some(corp_id.to_owned()),
        state: state.map(|state| state.as_str().to_owned()),
        ..SuiteEventRequest::default()
    };
    let sent = world.wecom().send_suite_event(&request).await.unwrap();
    if let Some(code) = &sent.auth_code {
        world.secret("an auth_code", code, false);
    }
    assert_eq!(sent.deliveries[0].answer, "success");
}

async fn exchanged(world: &World, times: usize) {
    eventually("the codes are exchanged", async || {
        (calls(world, EXCHANGE).len() == times).then_some(())
    })
    .await;
    world.learn_wecoms_secrets();
}

async fn version(world: &World) -> String {
    let stored = world.store().authorization(&demo()).await.unwrap();
    stored.installation.unwrap().version_id
}

fn demo() -> TenantId {
    TenantId::parse("demo").unwrap()
}

#[tokio::test]
async fn a_corporation_that_scanned_the_qr_code_is_bound_when_the_admin_has_confirmed_its_name() {
    let world = World::start().await;
    let admin = world.admin();
    let request = json!({"suite_id": world.template_id()});
    let made = admin
        .post("/authorization/installation", request)
        .await
        .with_status(201);
    let expires_at: Timestamp = made["expires_at"].as_str().unwrap().parse().unwrap();
    let left = expires_at.duration_since(SystemClock.now());
    assert!(
        (SignedDuration::from_hours(239)..=SignedDuration::from_hours(240)).contains(&left),
        "{made}"
    );
    let text = made["qr_code_text"].as_str().unwrap().to_owned();
    scan(&world, by(CORP, text.clone())).await;

    let waiting = becomes(&world, &admin, "awaiting_confirmation").await;
    let shown = &waiting["installation"];
    assert_eq!(
        (&shown["corp_name"], &shown["is_customized_app"], &waiting["next_step"]),
        (&json!("云帆科技有限公司"), &json!(true), &json!("install"))
    );
    let secret = world.secret_of(Scope::Contacts);
    world
        .enter(Scope::Contacts, &secret)
        .await
        .refused(409, "not_installed");
    let named = CorpId::parse(shown["corp_id"].as_str().unwrap()).unwrap();
    assert_eq!(
        world.store().tenant_of(&named).await.unwrap(),
        None,
        "it keeps nobody out"
    );

    let corp_id = shown["corp_id"].as_str().unwrap();
    for _ in 0..2 {
        assert_eq!(confirm(&admin, corp_id).await.status, 204);
    }
    let state = world.state().await;
    assert_eq!(state["installation"]["status"], "installed");
    assert_eq!(
        state["next_step"], "complete",
        "it needs no Secret and no callback of the corporation"
    );
    let audit = admin.get("/authorization/audit?limit=10").await.with_status(200);
    let actions: Vec<_> = audit["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["action"])
        .collect();
    let expected = [
        "installation_confirmed",
        "secret_registered",
        "installed",
        "installation_started",
    ];
    assert_eq!(actions, expected, "the Secret was refused");
    assert!(calls(&world, "/cgi-bin/service/get_pre_auth_code").is_empty());
    let log_lines = world.look_for("the text of the QR code", &text, false);
    assert!(
        log_lines.iter().all(|place| !place.contains("in the log")),
        "{log_lines:?}"
    );
    // Its permanent code is in the vault, as the tenant's.
    let stored = world
        .vault()
        .read(&SecretName::Installation(demo()), None)
        .await
        .unwrap()
        .unwrap();
    let stored: Value = serde_json::from_str(stored.expose_secret()).unwrap();
    assert_eq!(stored["suite_id"], world.template_id().as_str());
    // The other steps work as they do for a third-party app.
    for scope in Scope::ALL {
        world.bind(scope).await;
    }
    assert_eq!(world.complete().await["next_step"], "done");
}

#[tokio::test]
async fn three_copies_of_the_event_exchange_the_code_once() {
    let world = World::start().await;
    let text = qr_code(&world, &world.admin()).await;
    let request = ScanRequest {
        copies: Some(3),
        concurrent: true,
        ..by(CORP, text)
    };
    scan(&world, request).await;
    becomes(&world, &world.admin(), "awaiting_confirmation").await;
    assert_eq!(calls(&world, EXCHANGE), [Some(0)]);
}

#[tokio::test]
async fn a_qr_code_takes_one_corporation_whoever_scans_it_next() {
    let world = World::start().await;
    let text = qr_code(&world, &world.admin()).await;
    scan(&world, by(CORP, text.clone())).await;
    let before = becomes(&world, &world.admin(), "awaiting_confirmation").await;
    scan(&world, by(OTHER_CORP, text.clone())).await;
    exchanged(&world, 2).await;
    assert_eq!(world.state().await, before);
    let shown = before["installation"]["corp_id"].as_str().unwrap();
    assert_eq!(confirm(&world.admin(), shown).await.status, 204);
    scan(&world, by(OTHER_CORP, text)).await;
    exchanged(&world, 3).await;
    assert_eq!(world.state().await["installation"]["corp_id"], shown);
}

#[tokio::test]
async fn a_qr_code_that_has_expired_or_is_unknown_binds_nothing() {
    let world = World::start().await;
    let entropy = wecom_authorization::entropy::SystemEntropy;
    let template = SuiteId::parse(&world.template_id()).unwrap();
    let old = InstallState::generate(&entropy);
    let expired_at = SystemClock.now() - SignedDuration::from_hours(24);
    let session = InstallSession::of_qr_code(old.clone(), demo(), expired_at, Actor::system()).of_suite(Some(template));
    world.store().create_session(&session).await.unwrap();
    // One of an install link of another suite is not the template's, either.
    let of_a_link = world.install_link(&world.admin()).await;
    let of_a_link = InstallState::parse(of_a_link.rsplit('/').next().unwrap()).unwrap();
    let unknown = InstallState::generate(&entropy);
    for (number, state) in [Some(&old), Some(&of_a_link), Some(&unknown), None]
        .into_iter()
        .enumerate()
    {
        happens(&world, "create_auth", state, CORP).await;
        exchanged(&world, number + 1).await;
    }
    assert_eq!(world.state().await["installation"]["status"], "not_installed");
}

#[tokio::test]
async fn the_state_of_a_qr_code_opens_no_install_page_and_takes_no_redirect() {
    let world = World::start().await;
    let state = InstallState::generate(&wecom_authorization::entropy::SystemEntropy);
    let template = SuiteId::parse(&world.template_id()).unwrap();
    let until = SystemClock.now() + SignedDuration::from_hours(1);
    let session = InstallSession::of_qr_code(state.clone(), demo(), until, Actor::system()).of_suite(Some(template));
    world.store().create_session(&session).await.unwrap();
    let path = format!("/installation/start/{state}");
    for method in [reqwest::Method::GET, reqwest::Method::POST] {
        let request = world.http().request(method, world.url(&path));
        world.send(request).await.refused(410, "install_link_expired");
    }
    let redirect = world.url(&format!(
        "/installation/callback?auth_code=a-code-of-theirs&expires_in=600&state={state}"
    ));
    let back = world.browser().open(&redirect).await.redirect();
    assert!(back.ends_with("failed&code=install_link_expired"), "{back}");
}

#[tokio::test]
async fn only_the_corporation_that_was_shown_is_confirmed() {
    let world = World::start().await;
    let admin = world.admin();
    confirm(&admin, "wpYunFanAAq7Zk3Xb9Tn5LcVd2Rg8MhSw")
        .await
        .refused(409, "not_installed");
    let first = wait_for_confirmation(&world, &admin, CORP).await;
    confirm(&world.other_admin(), &first)
        .await
        .refused(409, "not_installed");
    // Another corporation scans another QR code in the meantime.
    let text = qr_code(&world, &admin).await;
    scan(&world, by(OTHER_CORP, text)).await;
    exchanged(&world, 2).await;
    let second = eventually("the newer scan is shown", async || {
        let shown = world.state().await["installation"]["corp_id"]
            .as_str()
            .unwrap()
            .to_owned();
        (shown != first).then_some(shown)
    })
    .await;
    confirm(&admin, &first).await.refused(409, "state_changed");
    for (wrong, code) in [
        (json!({"corp_id": ""}), 400),
        (json!({}), 400),
        (json!({"corp_id": 5}), 400),
    ] {
        admin.post(CONFIRMATION, wrong).await.refused(code, "malformed_request");
    }
    assert_eq!(world.state().await["installation"]["status"], "awaiting_confirmation");
    assert_eq!(confirm(&admin, &second).await.status, 204);
    assert_eq!(world.state().await["installation"]["corp_name"], "青山茶业有限公司");
}

#[tokio::test]
async fn a_corporation_belongs_to_one_tenant_whichever_way_it_came() {
    let world = World::start().await;
    let [admin, other] = [world.admin(), world.other_admin()];
    let waiting = wait_for_confirmation(&world, &admin, CORP).await;
    // The other tenant's administrator is faster, with an install link.
    world.install_for(&other, CORP, AuthMode::Admin).await;
    confirm(&admin, &waiting).await.refused(409, "corp_mismatch");
    // And a scan for a corporation that is bound already shows nothing.
    assert_eq!(
        admin
            .request(reqwest::Method::DELETE, "/authorization", None)
            .await
            .status,
        204
    );
    let text = qr_code(&world, &admin).await;
    scan(&world, by(CORP, text)).await;
    let refused = eventually("the scan is refused", async || {
        let audit = admin.get("/authorization/audit?limit=1").await.with_status(200);
        let newest = audit["entries"][0].clone();
        (newest["outcome"] == "refused").then_some(newest)
    })
    .await;
    assert_eq!(
        (&refused["action"], &refused["code"]),
        (&json!("installed"), &json!("corp_mismatch"))
    );
    assert_eq!(world.state().await["installation"]["status"], "not_installed");
    assert_eq!(
        other.get("/authorization").await.json()["installation"]["status"],
        "installed"
    );
}

#[tokio::test]
async fn a_corporation_that_the_admin_refuses_is_forgotten_with_its_secret() {
    let world = World::start().await;
    wait_for_confirmation(&world, &world.admin(), CORP).await;
    let ended = world
        .admin()
        .request(reqwest::Method::DELETE, "/authorization", None)
        .await;
    assert_eq!(ended.status, 204);
    assert_eq!(world.state().await["installation"]["status"], "not_installed");
    let left = world
        .vault()
        .read(&SecretName::Installation(demo()), None)
        .await
        .unwrap();
    assert!(left.is_none(), "it is scheduled for deletion");
    let open_corp_id = world.wecom().state().corps.remove(0).open_corp_id.try_into().unwrap();
    assert_eq!(world.store().member_of(&open_corp_id).await.unwrap(), None);
    // Scanned again, it waits again.
    install(&world, &world.admin(), CORP).await;
    assert_eq!(world.state().await["installation"]["status"], "installed");
}

#[tokio::test]
async fn what_wecom_reports_reaches_a_corporation_that_waits_and_one_that_is_bound() {
    let world = World::start().await;
    let admin = world.admin();
    let waiting = wait_for_confirmation(&world, &admin, CORP).await;
    for status in ["awaiting_confirmation", "installed"] {
        let before = version(&world).await;
        happens(&world, "reset_permanent_code", None, CORP).await;
        eventually("the new code is kept", async || {
            (version(&world).await != before).then_some(())
        })
        .await;
        world.learn_wecoms_secrets();
        let state = becomes(&world, &admin, status).await;
        assert_eq!(state["installation"]["auth_mode"], "admin");
        assert_eq!(confirm(&admin, &waiting).await.status, 204);
    }
    happens(&world, "cancel_auth", None, CORP).await;
    becomes(&world, &admin, "cancelled").await;
    // One that only waits ends as well. Another corporation: the same event of the same second would be a redelivery.
    let waiting = wait_for_confirmation(&world, &admin, OTHER_CORP).await;
    happens(&world, "cancel_auth", None, OTHER_CORP).await;
    becomes(&world, &admin, "cancelled").await;
    confirm(&admin, &waiting).await.refused(409, "not_installed");
}

#[tokio::test]
async fn the_tenants_own_corporation_moves_to_the_customised_app_at_once() {
    let world = World::start().await;
    let [contacts, _] = world.walk().await;
    let before = version(&world).await;
    let text = qr_code(&world, &world.admin()).await;
    scan(&world, by(CORP, text)).await;
    eventually("the customised app is kept", async || {
        (version(&world).await != before).then_some(())
    })
    .await;
    world.learn_wecoms_secrets();
    let state = world.state().await;
    assert_eq!(
        (&state["next_step"], &state["installation"]["is_customized_app"]),
        (&json!("done"), &json!(true))
    );
    let check = Check::sealed(&contacts, CORP, "4561");
    assert_eq!(
        world.ask(&contacts.url, &check.query()).await.status,
        200,
        "callbacks go on"
    );
    // No event is lost on the way: the old callback and the app's lead to the same tenant.
    let message = crate::support::letter::member_created(CORP, "by the old way");
    assert_eq!(world.deliver(&contacts, &message).await.text(), "success");
    let sent = simulator::AppEventRequest {
        suite_id: Some(world.template_id()),
        corp_id: CORP.to_owned(),
        event: Some("change_contact/create_user".to_owned()),
        ..simulator::AppEventRequest::default()
    };
    let sent = world.wecom().send_app_events(&sent).await.unwrap();
    assert_eq!(sent.deliveries[0].answer, "success");
    let stored = crate::app_events::events(&world.admin(), 2).await;
    let named: std::collections::BTreeSet<_> = stored
        .iter()
        .map(|(scope, event)| (scope.as_str(), event["corp_id"].as_str().unwrap().to_owned()))
        .collect();
    let encrypted = crate::app_events::open_corp_id(&world, CORP);
    assert_eq!(named, [("contacts", encrypted), ("contacts", CORP.to_owned())].into());
    // The third-party app is removed afterwards, which ends nothing.
    let removal = SuiteEventRequest {
        event: Some("cancel_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        ..SuiteEventRequest::default()
    };
    world.wecom().send_suite_event(&removal).await.unwrap();
    let before = version(&world).await;
    happens(&world, "reset_permanent_code", None, CORP).await;
    eventually("what came before is processed", async || {
        (version(&world).await != before).then_some(())
    })
    .await;
    world.learn_wecoms_secrets();
    assert_eq!(world.state().await["installation"]["status"], "installed");
}

/// WeCom tells the template that the permissions in a corporation have changed.
async fn permissions_change(world: &World, permissions: &[&str]) {
    let request = SuiteEventRequest {
        event: Some("change_auth".to_owned()),
        suite_id: Some(world.template_id()),
        corp_id: Some(CORP.to_owned()),
        permissions: Some(permissions.iter().map(|name| (*name).to_owned()).collect()),
        ..SuiteEventRequest::default()
    };
    let sent = world.wecom().send_suite_event(&request).await.unwrap();
    assert_eq!(sent.deliveries[0].answer, "success");
}

#[tokio::test]
async fn a_permission_that_the_administrator_withdraws_is_found_and_its_confirmation_ends_the_finding() {
    let world = World::start().await;
    let admin = world.admin();
    install(&world, &admin, CORP).await;
    let checked = admin.post("/authorization/check", json!({})).await.with_status(200);
    assert_eq!(
        (&checked["findings"], &checked["installation"]["missing_permissions"]),
        (&json!([]), &json!([]))
    );
    let becomes = async |missing: Value| {
        eventually("the permissions are read", async || {
            let state = world.state().await;
            (state["installation"]["missing_permissions"] == missing).then_some(state)
        })
        .await
    };
    permissions_change(&world, &["contact:base:base", "customerservice:chat:manage"]).await;
    let state = becomes(json!(["externalcontact:base:base"])).await;
    assert_eq!(state["findings"][0]["code"], "permission_missing");
    assert_eq!(
        (&state["health"], &state["next_step"]),
        (&json!("attention"), &json!("complete"))
    );
    // Two notices of one second are the same event.
    let second = simulator::ClockRequest { advance_seconds: 1 };
    world.wecom().advance_clock(second).await.unwrap();
    permissions_change(&world, &["externalcontact:base:base", "contact:base:base"]).await;
    let state = becomes(json!([])).await;
    assert_eq!(state["findings"], json!([]));
    assert!(calls(&world, "/cgi-bin/service/get_corp_token").is_empty());
}

#[tokio::test]
async fn a_permission_that_ends_within_two_weeks_is_found() {
    let world = World::start().await;
    let admin = world.admin();
    install(&world, &admin, CORP).await;
    for (days, codes) in [(15, json!([])), (13, json!(["permission_expiring"]))] {
        let end = SystemClock.now() + SignedDuration::from_hours(24 * days);
        let mut authorization = world.store().authorization(&demo()).await.unwrap();
        let installation = authorization.installation.as_mut().unwrap();
        installation.permissions = Some(wecom_authorization::authorization::Permissions {
            missing: Vec::new(),
            missing_since: SystemClock.now(),
            expires_at: Some(end),
        });
        let change = wecom_authorization::store::Change::Save(Box::new(authorization));
        world.store().commit(vec![change]).await.unwrap();
        let state = world.state().await;
        let found: Vec<_> = state["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| &finding["code"])
            .collect();
        assert_eq!(json!(found), codes, "{days}");
    }
}

async fn codes(admin: &Admin<'_>) -> Value {
    let state = admin.post("/authorization/check", json!({})).await.with_status(200);
    let codes = state["findings"].as_array().unwrap().iter();
    let codes: Vec<_> = codes.map(|finding| finding["code"].clone()).collect();
    json!([codes, state["health"]])
}

#[tokio::test]
async fn an_app_that_is_not_online_and_a_licence_that_ends_or_is_missing_are_found_until_they_are_put_right() {
    let world = World::start().await;
    let admin = world.admin();
    install(&world, &admin, CORP).await;
    let switch = |patch: simulator::SwitchesPatch| world.wecom().set_switches(CORP, patch).unwrap();
    assert_eq!(codes(&admin).await, json!([[], "ok"]));
    for (in_development, found) in [
        (true, json!([["app_not_published"], "attention"])),
        (false, json!([[], "ok"])),
    ] {
        switch(simulator::SwitchesPatch {
            app_in_development: Some(in_development),
            ..simulator::SwitchesPatch::default()
        });
        assert_eq!(codes(&admin).await, found);
    }
    for (licence, found) in [
        (Licence::TrialEnding, json!([["licence_expiring"], "attention"])),
        (Licence::TrialOver, json!([["licence_missing"], "broken"])),
        (Licence::Bought, json!([[], "ok"])),
        (Licence::NotRequired, json!([[], "ok"])),
    ] {
        switch(simulator::SwitchesPatch {
            licence: Some(licence),
            ..simulator::SwitchesPatch::default()
        });
        assert_eq!(codes(&admin).await, found, "{licence:?}");
    }
}

#[tokio::test]
async fn an_app_that_the_corporation_disables_is_found_until_it_is_enabled_again() {
    let world = World::start().await;
    let admin = world.admin();
    install(&world, &admin, CORP).await;
    for (is_disabled, found) in [
        (true, json!([["customized_app_disabled"], "broken"])),
        (false, json!([[], "ok"])),
    ] {
        let switch = simulator::SwitchesPatch {
            app_disabled: Some(is_disabled),
            ..simulator::SwitchesPatch::default()
        };
        world.wecom().set_switches(CORP, switch).unwrap();
        happens(&world, "change_auth", None, CORP).await;
        eventually("WeCom is asked because of its event", async || {
            let state = admin.get("/authorization").await.with_status(200);
            let codes = state["findings"].as_array().unwrap().iter();
            let codes: Vec<_> = codes.map(|finding| finding["code"].clone()).collect();
            (json!([codes, state["health"]]) == found).then_some(())
        })
        .await;
        let second = simulator::ClockRequest { advance_seconds: 1 };
        world.wecom().advance_clock(second).await.unwrap();
    }
}

#[tokio::test]
async fn calls_that_are_refused_for_want_of_a_licence_make_the_licence_missing_and_no_secret_wrong() {
    let world = World::start().await;
    let admin = world.admin();
    install(&world, &admin, CORP).await;
    let switch = simulator::SwitchesPatch {
        licence: Some(Licence::TrialOver),
        ..simulator::SwitchesPatch::default()
    };
    world.wecom().set_switches(CORP, switch).unwrap();
    for path in ["/cgi-bin/agent/get", "/cgi-bin/agent/get_permissions"] {
        world.wecom().add_faults([simulator::Fault {
            path: Some(path.to_owned()),
            errcode: Some(701_008),
            ..simulator::Fault::default()
        }]);
    }
    happens(&world, "change_auth", None, CORP).await;
    let state = admin.post("/authorization/check", json!({})).await.with_status(200);
    assert_eq!(
        (&state["installation"]["status"], &state["next_step"]),
        (&json!("installed"), &json!("complete"))
    );
    world.wecom().clear_faults();
    assert_eq!(codes(&admin).await, json!([["licence_missing"], "broken"]));
    let url = world.url("/2015-03-31/functions/issue-access-token/invocations");
    let asked = json!({"tenant_id": "demo", "kind": "customized_app"});
    let issued = world.http().post(url).json(&asked).send().await.unwrap();
    let issued: Value = issued.json().await.unwrap();
    world.secret("an access token", issued["access_token"].as_str().unwrap(), false);
}

#[tokio::test]
async fn what_wecom_does_not_say_about_a_licence_keeps_nothing_else_from_being_read() {
    let world = World::start().await;
    let admin = world.admin();
    install(&world, &admin, CORP).await;
    for path in ["/cgi-bin/license/get_app_license_info", "/cgi-bin/agent/get"] {
        world.wecom().add_faults([simulator::Fault {
            path: Some(path.to_owned()),
            errcode: Some(48002),
            ..simulator::Fault::default()
        }]);
    }
    permissions_change(&world, &["contact:base:base"]).await;
    eventually("the permissions are read", async || {
        let state = admin.get("/authorization").await.with_status(200);
        (state["installation"]["missing_permissions"] == json!(["externalcontact:base:base"])).then_some(())
    })
    .await;
    assert_eq!(codes(&admin).await, json!([["permission_missing"], "attention"]));
}
