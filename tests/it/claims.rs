//! Claims: what a corporation installed without a link of a tenant waits for an operator, or for a link of a tenant.

use serde_json::{Value, json};
use simulator::{AuthMode, SuiteEventRequest};
use wecom_authorization::ids::ClaimId;

use crate::{
    faults::harness::{Caller, Harness, TENANT},
    support::{CORP, OTHER_CORP, Reply},
    who_may_bind::{Attempt, install},
};

const CLAIMS: &str = "/operator/claims";
const WEEK_IN_SECONDS: i64 = 7 * 24 * 3600;

/// The corporation installs the app from WeCom's app market. Returns its auth_code; its event has arrived.
pub(crate) async fn arrives_from_the_market(harness: &Harness, auth_mode: AuthMode) -> String {
    let request = SuiteEventRequest {
        event: Some("create_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        auth_mode: Some(auth_mode),
        silent: true,
        ..SuiteEventRequest::default()
    };
    let code = harness
        .wecom()
        .send_suite_event(&request)
        .await
        .unwrap()
        .auth_code
        .unwrap();
    let rest = format!("<AuthCode><![CDATA[{code}]]></AuthCode>");
    harness.suite_event_arrives("create_auth", &rest).await;
    code
}

/// The same, and its event is acted on.
pub(crate) async fn installs_from_the_market(harness: &Harness) {
    arrives_from_the_market(harness, AuthMode::Admin).await;
    harness.stream("process-suite-event").await.unwrap();
}

/// The corporation removes the app; WeCom's event arrives and is acted on, or is lost.
async fn leaves(harness: &Harness, is_lost: bool) {
    let request = SuiteEventRequest {
        event: Some("cancel_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        silent: true,
        ..SuiteEventRequest::default()
    };
    harness.wecom().send_suite_event(&request).await.unwrap();
    if !is_lost {
        let about = format!("<AuthCorpId><![CDATA[{}]]></AuthCorpId>", open_corp_id(harness, CORP));
        harness.suite_event_arrives("cancel_auth", &about).await;
        harness.stream("process-suite-event").await.unwrap();
    }
}

fn open_corp_id(harness: &Harness, corp_id: &str) -> String {
    let corps = harness.wecom().state().corps;
    corps
        .into_iter()
        .find(|corp| corp.corp_id == corp_id)
        .unwrap()
        .open_corp_id
}

/// The claims that wait.
pub(crate) async fn claims(harness: &Harness) -> Vec<Value> {
    let page = harness.operator("read-tenants", "GET", CLAIMS).await.with_status(200);
    page["claims"].as_array().unwrap().clone()
}

/// The id of the only claim.
pub(crate) async fn claim_id(harness: &Harness) -> String {
    let claims = claims(harness).await;
    assert_eq!(claims.len(), 1, "{claims:?}");
    claims[0]["claim_id"].as_str().unwrap().to_owned()
}

pub(crate) async fn assign(harness: &Harness, claim_id: &str, tenant_id: &str) -> Reply {
    let target = format!("{CLAIMS}/{claim_id}/assignment");
    let body = json!({"tenant_id": tenant_id}).to_string();
    harness.operate("act-on-tenant", "POST", &target, Some(&body)).await
}

async fn installation(harness: &Harness, tenant_id: &str) -> Value {
    let caller = Caller::Admin(tenant_id);
    let state = harness
        .call("read-authorization", caller, "GET", "/authorization", None)
        .await;
    state.with_status(200)["installation"].clone()
}

/// The types of the tenant's events, after the parked ones that are due.
async fn events(harness: &Harness) -> Vec<String> {
    harness.wait(3601);
    harness.release_parked().await;
    harness.stream("process-suite-event").await.unwrap();
    let page = harness
        .admin("read-authorization", "GET", "/authorization/events", &Value::Null)
        .await
        .with_status(200);
    let events = page["events"].as_array().unwrap().iter();
    events
        .map(|event| event["event"].as_str().unwrap().to_owned())
        .collect()
}

/// A member opens the app, and nobody has bound the corporation.
async fn a_member_enters(harness: &Harness) {
    harness
        .app_event_arrives("<Event><![CDATA[enter_agent]]></Event>")
        .await;
    harness.stream("process-suite-event").await.unwrap();
}

#[tokio::test]
async fn an_installation_that_names_no_tenant_waits_until_an_operator_assigns_it() {
    let harness = Harness::start(false).await;
    installs_from_the_market(&harness).await;
    let corp_id = open_corp_id(&harness, CORP);
    let answer = harness.operator("read-tenants", "GET", CLAIMS).await;
    let claim = answer.with_status(200)["claims"][0].clone();
    assert_eq!(
        (&claim["corp_id"], &claim["corp_name"], &claim["suite_id"]),
        (
            &json!(corp_id),
            &json!("云帆科技有限公司"),
            &json!("ww3f2a9c41d07be865")
        )
    );
    let corps = harness.wecom().state().corps;
    let code = corps
        .into_iter()
        .find_map(|corp| corp.installation)
        .unwrap()
        .permanent_code;
    assert!(!answer.text().contains(&code), "the permanent code is not shown");
    assert_eq!(installation(&harness, TENANT).await["status"], "not_installed");

    let id = claim["claim_id"].as_str().unwrap();
    let state = assign(&harness, id, TENANT).await.with_status(200);
    assert_eq!(
        (&state["tenant_id"], &state["next_step"]),
        (&json!(TENANT), &json!("contacts_secret"))
    );
    assert_eq!(state, harness.state().await);
    let input = json!({"tenant_id": TENANT, "kind": "installation"});
    harness.invoke("issue-access-token", input).await.unwrap();
    assert!(claims(&harness).await.is_empty());
    // Whoever did not get the answer asks again; nobody else gets the corporation.
    assert_eq!(assign(&harness, id, TENANT).await.with_status(200)["tenant_id"], TENANT);
    assign(&harness, id, "rival").await.refused(404, "not_found");
    let trail = harness
        .admin("read-authorization", "GET", "/authorization/audit", &Value::Null)
        .await
        .with_status(200);
    let entry = &trail["entries"][0];
    assert_eq!(
        (&entry["action"], &entry["actor"]["kind"], &entry["actor"]["id"]),
        (&json!("installed"), &json!("operator"), &json!("operator-1"))
    );
}

#[tokio::test]
async fn what_happened_while_a_claim_waited_is_the_tenants_then() {
    let harness = Harness::start(false).await;
    installs_from_the_market(&harness).await;
    a_member_enters(&harness).await;
    harness.sleep(1).await;
    let id = claim_id(&harness).await;
    assign(&harness, &id, TENANT).await.with_status(200);
    assert_eq!(events(&harness).await, ["enter_agent"]);
    // The corporation's range has not changed since.
    assert_eq!(harness.state().await["findings"], json!([]));
}

#[tokio::test]
async fn a_link_of_a_tenant_in_the_same_corporation_takes_the_claim() {
    let harness = Harness::start(false).await;
    installs_from_the_market(&harness).await;
    a_member_enters(&harness).await;
    let id = claim_id(&harness).await;
    harness.sleep(1).await;
    harness.install().await;
    assert!(claims(&harness).await.is_empty());
    assign(&harness, &id, "rival").await.refused(404, "not_found");
    assert_eq!(events(&harness).await, ["enter_agent"]);
}

#[tokio::test]
async fn a_scan_that_is_confirmed_takes_the_claim_and_one_that_waits_does_not() {
    let harness = Harness::of_template(false).await;
    installs_from_the_market(&harness).await;
    let id = claim_id(&harness).await;
    harness.scan().await;
    harness.stream("process-suite-event").await.unwrap();
    assert_eq!(claim_id(&harness).await, id);
    assert_eq!(harness.confirm_installation().await.status, 204);
    assert!(claims(&harness).await.is_empty());
}

/// WeCom's event came without the state that its redirect has.
#[tokio::test]
async fn a_redirect_gets_the_permanent_code_that_its_event_was_exchanged_for() {
    let harness = Harness::start(false).await;
    for (minutes, outcome) in [(11, "failed&code=install_link_expired"), (9, "installed")] {
        let attempt = Attempt::begin(&harness, TENANT, AuthMode::Admin).await;
        let code = attempt.parameter("auth_code");
        let rest = format!("<AuthCode><![CDATA[{code}]]></AuthCode>");
        harness.suite_event_arrives("create_auth", &rest).await;
        harness.stream("process-suite-event").await.unwrap();
        assert_eq!(claims(&harness).await.len(), 1);
        harness.wait(minutes * 60);
        assert_eq!(attempt.come_back(&harness).await, outcome, "after {minutes} minutes");
    }
    assert!(claims(&harness).await.is_empty());
    let input = json!({"tenant_id": TENANT, "kind": "installation"});
    harness.invoke("issue-access-token", input).await.unwrap();
}

#[tokio::test]
async fn a_corporation_that_its_links_tenant_cannot_have_waits_as_a_claim() {
    let harness = Harness::start(false).await;
    let (redirect, cookies) = harness.set_out(OTHER_CORP).await;
    harness.come_back(&redirect, &cookies).await.redirect();
    assert_eq!(
        install(&harness, TENANT, AuthMode::Admin).await,
        "failed&code=corp_mismatch"
    );
    let id = claim_id(&harness).await;
    assign(&harness, &id, TENANT).await.refused(409, "corp_mismatch");
    assert_eq!(claim_id(&harness).await, id);
    assign(&harness, &id, "rival").await.with_status(200);
    assert_eq!(
        installation(&harness, "rival").await["corp_id"],
        open_corp_id(&harness, CORP)
    );
}

#[tokio::test]
async fn a_corporation_that_is_bound_leaves_no_claim() {
    let harness = Harness::start(false).await;
    harness.install().await;
    assert_eq!(
        install(&harness, "rival", AuthMode::Admin).await,
        "failed&code=corp_mismatch"
    );
    installs_from_the_market(&harness).await;
    assert!(claims(&harness).await.is_empty());
}

#[tokio::test]
async fn what_a_member_installed_is_assigned_to_nobody() {
    let harness = Harness::start(false).await;
    arrives_from_the_market(&harness, AuthMode::Member).await;
    harness.stream("process-suite-event").await.unwrap();
    let id = claim_id(&harness).await;
    assign(&harness, &id, TENANT).await.refused(409, "member_authorization");
    assert_eq!(installation(&harness, TENANT).await["status"], "not_installed");
    assert_eq!(claim_id(&harness).await, id);
}

#[tokio::test]
async fn a_claim_ends_when_the_corporation_removes_the_app() {
    let harness = Harness::start(false).await;
    installs_from_the_market(&harness).await;
    leaves(&harness, false).await;
    assert!(claims(&harness).await.is_empty());
    // WeCom's event was lost: whoever assigns it finds out.
    installs_from_the_market(&harness).await;
    let id = claim_id(&harness).await;
    leaves(&harness, true).await;
    assign(&harness, &id, TENANT).await.refused(409, "not_installed");
    assert!(claims(&harness).await.is_empty());
    assert_eq!(installation(&harness, TENANT).await["status"], "not_installed");
}

#[tokio::test]
async fn a_removal_that_was_followed_by_an_installation_ends_no_claim() {
    let harness = Harness::start(false).await;
    installs_from_the_market(&harness).await;
    let about = format!("<AuthCorpId><![CDATA[{}]]></AuthCorpId>", open_corp_id(&harness, CORP));
    harness.suite_event_arrives("cancel_auth", &about).await;
    harness.stream("process-suite-event").await.unwrap();
    assert_eq!(claims(&harness).await.len(), 1);
}

/// WeCom has refused the code before, and the corporation has installed the app again in the meantime.
#[tokio::test]
async fn a_claim_is_not_ended_with_a_code_that_it_no_longer_has() {
    let harness = Harness::start(false).await;
    installs_from_the_market(&harness).await;
    let id = ClaimId::parse(&claim_id(&harness).await).unwrap();
    let store = harness.store();
    let before = store.claim_of(&id, harness.now()).await.unwrap().unwrap();
    installs_from_the_market(&harness).await;
    store.forget_claim(&id, &before.code()).await.unwrap();
    let now = store.claim_of(&id, harness.now()).await.unwrap().unwrap();
    store.forget_claim(&id, &now.code()).await.unwrap();
    assert!(store.claim_of(&id, harness.now()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_claim_ends_after_a_week() {
    let harness = Harness::start(false).await;
    installs_from_the_market(&harness).await;
    let id = claim_id(&harness).await;
    harness.wait(WEEK_IN_SECONDS - 1);
    assert_eq!(claim_id(&harness).await, id);
    harness.wait(1);
    assert!(claims(&harness).await.is_empty());
    assign(&harness, &id, TENANT).await.refused(404, "not_found");
}

#[tokio::test]
async fn claims_are_the_operators_and_nothing_else_names_one() {
    let harness = Harness::start(false).await;
    installs_from_the_market(&harness).await;
    let id = claim_id(&harness).await;
    let target = format!("{CLAIMS}/{id}/assignment");
    let body = json!({"tenant_id": TENANT}).to_string();
    for (caller, status, code) in [
        (Caller::Admin(TENANT), 403, "forbidden"),
        (Caller::Browser(""), 401, "unauthenticated"),
    ] {
        let listed = harness.call("read-tenants", caller, "GET", CLAIMS, None).await;
        listed.refused(status, code);
        let assigned = harness.call("act-on-tenant", caller, "POST", &target, Some(&body));
        assigned.await.refused(status, code);
    }
    for id in ["0".repeat(32).as_str(), "..", "%00", "waiting"] {
        assign(&harness, id, TENANT).await.refused(404, "not_found");
    }
    for body in [
        r#"{"tenant_id":"a/b"}"#,
        r#"{"tenant_id":""}"#,
        "{}",
        r#"{"tenant_id":"acme","corp_id":"x"}"#,
        "",
    ] {
        let refused = harness.operate("act-on-tenant", "POST", &target, Some(body)).await;
        assert_eq!(refused.status, 400, "{body}: {}", refused.text());
    }
    for query in ["?cursor=AAAA", "?limit=0", "?tenant=acme"] {
        let refused = harness
            .operator("read-tenants", "GET", &format!("{CLAIMS}{query}"))
            .await;
        refused.refused(400, "malformed_request");
    }
    assert_eq!(claim_id(&harness).await, id);
}
