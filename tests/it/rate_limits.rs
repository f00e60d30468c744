//! WeCom refuses calls as too frequent (45009): what pauses, for whom, and for how long.

use serde_json::{Value, json};
use simulator::{Fault, NewCorporation, SuiteEventRequest};

use crate::{
    faults::harness::{Harness, TENANT},
    support::{CORP, Reply, Scope},
};

const GETTOKEN: &str = "/cgi-bin/gettoken";
const LIST_ID: &str = "/cgi-bin/user/list_id";

/// Corporations that have not installed the app.
const CORPS: [&str; 4] = [
    "ww1111111111111111",
    "ww2222222222222222",
    "ww3333333333333333",
    "ww4444444444444444",
];

fn too_frequent(path: &str) -> Fault {
    Fault {
        path: Some(path.to_owned()),
        errcode: Some(45009),
        ..Fault::default()
    }
}

async fn issue(harness: &Harness, kind: &str) -> Result<String, String> {
    let issued = harness
        .invoke("issue-access-token", json!({"tenant_id": TENANT, "kind": kind}))
        .await;
    issued.map(|token| token["access_token"].as_str().unwrap().to_owned())
}

async fn enter_for(harness: &Harness, corp_id: &str) -> Reply {
    let body = json!({"secret": "a-secret-of-some-length-0123", "corp_id": corp_id});
    harness
        .admin("register-secret", "PUT", "/authorization/contacts/secret", &body)
        .await
}

#[track_caller]
fn pauses_for(reply: &Reply, seconds: i64) {
    let problem = reply.refused(503, "wecom_ban");
    let wait = problem["retry_after"].as_i64().unwrap();
    assert!((seconds - 20..=seconds).contains(&wait), "{problem}");
}

#[tokio::test]
async fn a_corporation_over_its_limit_of_one_api_pauses_that_api_for_that_corporation_alone() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let secret = harness.secret_of(Scope::Contacts);
    harness.wecom().add_faults([too_frequent(LIST_ID)]);
    pauses_for(&harness.enter(Scope::Contacts, &secret).await, 60);
    // Neither the corporation's other calls nor anybody else's are concerned.
    let other = harness.secret_of(Scope::ExternalContacts);
    harness.enter(Scope::ExternalContacts, &other).await.with_status(200);
    issue(&harness, "contacts").await.unwrap();
    issue(&harness, "installation").await.unwrap();
    harness.make_link().await.with_status(201);
    harness.wait(61);
    harness.enter(Scope::Contacts, &secret).await.with_status(200);

    let audit = harness
        .admin("read-authorization", "GET", "/authorization/audit", &Value::Null)
        .await;
    let audit = audit.with_status(200);
    let paused: Vec<&Value> = audit["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "calls_paused")
        .collect();
    assert_eq!(paused.len(), 1, "{audit}");
    assert_eq!(paused[0]["details"]["breaker"], format!("corp/{CORP}/user/list_id"));
}

#[tokio::test]
async fn a_pause_that_follows_soon_is_twice_as_long_and_never_longer_than_an_hour() {
    let harness = Harness::start(false).await;
    harness.install().await;
    let secret = harness.secret_of(Scope::Contacts);
    for seconds in [60, 120, 240, 480, 960, 1920, 3600, 3600] {
        harness.wecom().add_faults([too_frequent(LIST_ID)]);
        pauses_for(&harness.enter(Scope::Contacts, &secret).await, seconds);
        harness.wait(seconds + 1);
    }
    harness.enter(Scope::Contacts, &secret).await.with_status(200);
}

#[tokio::test]
async fn three_corporations_refused_within_a_minute_stop_unproven_secrets_and_no_others() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let secret = harness.secret_of(Scope::Contacts);
    for corp_id in CORPS {
        let new = NewCorporation {
            name: corp_id.to_owned(),
            corp_id: Some(corp_id.to_owned()),
            open_corp_id: None,
            members: 1,
            followers: 1,
        };
        harness.wecom().add_corporation(&new).unwrap();
    }
    for corp_id in &CORPS[..2] {
        harness.wecom().add_faults([too_frequent(GETTOKEN)]);
        pauses_for(&enter_for(&harness, corp_id).await, 60);
    }
    harness.enter(Scope::Contacts, &secret).await.with_status(200);
    harness.wecom().add_faults([too_frequent(GETTOKEN)]);
    pauses_for(&enter_for(&harness, CORPS[2]).await, 3600);
    let calls = harness.wecom().calls().len();
    pauses_for(&harness.enter(Scope::Contacts, &secret).await, 3600);
    assert_eq!(
        harness.wecom().calls().len(),
        calls + 1,
        "only the question whose corporation it is"
    );
    // Secrets that WeCom has accepted before are still used.
    issue(&harness, "contacts").await.unwrap();
    issue(&harness, "external_contacts").await.unwrap();

    // After a minute one unproven Secret is let through. Refused again, the others go on waiting.
    harness.wait(61);
    harness.wecom().add_faults([too_frequent(GETTOKEN)]);
    pauses_for(
        &harness
            .enter(Scope::ExternalContacts, &harness.secret_of(Scope::ExternalContacts))
            .await,
        3600,
    );
    pauses_for(&enter_for(&harness, CORPS[3]).await, 3600);
    // The first that is answered ends the ban for all.
    harness.wait(121);
    harness.enter(Scope::Contacts, &secret).await.with_status(200);
    harness.enter(Scope::Contacts, &secret).await.with_status(200);
}

const AUTH_INFO: &str = "/cgi-bin/service/v2/get_auth_info";

/// The corporation's authorization changed, at WeCom and here: the stream has the event next.
async fn authorization_changes(harness: &Harness) {
    let request = SuiteEventRequest {
        event: Some("change_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        visible_departments: Some(vec![2]),
        silent: true,
        ..SuiteEventRequest::default()
    };
    harness.wecom().send_suite_event(&request).await.unwrap();
    let corps = harness.wecom().state().corps;
    let corp = corps.iter().find(|corp| corp.corp_id == CORP).unwrap();
    let about = format!("<AuthCorpId><![CDATA[{}]]></AuthCorpId>", corp.open_corp_id);
    harness.suite_event_arrives("change_auth", &about).await;
}

/// The entries of the audit trail about a changed authorization.
async fn changes(harness: &Harness) -> usize {
    let audit = harness
        .admin("read-authorization", "GET", "/authorization/audit", &Value::Null)
        .await
        .with_status(200);
    let entries = audit["entries"].as_array().unwrap().iter();
    entries
        .filter(|entry| entry["action"] == "authorization_changed")
        .count()
}

fn asked_for_auth_info(harness: &Harness) -> usize {
    let calls = harness.wecom().calls();
    calls.iter().filter(|call| call.path == AUTH_INFO).count()
}

#[tokio::test]
async fn an_event_of_the_suite_waits_for_the_end_of_a_pause_and_uses_up_no_delivery() {
    let harness = Harness::start(false).await;
    harness.install().await;
    harness.fetch("process-suite-event").await;
    harness.stream("process-suite-event").await.unwrap();
    let before = changes(&harness).await;
    authorization_changes(&harness).await;
    harness.wecom().add_faults([too_frequent(AUTH_INFO)]);
    harness.fetch("process-suite-event").await;
    let arrived = harness.batch("process-suite-event");
    harness.stream("process-suite-event").await.unwrap();
    let asked = asked_for_auth_info(&harness);

    // Nothing is tried before the pause is over, by any caller: neither the schedule, nor the same record once more.
    harness.wait(58);
    harness.release_parked().await;
    harness.fetch("process-suite-event").await;
    assert_eq!(harness.batch("process-suite-event"), Vec::<Value>::new());
    harness.hand_in_again("process-suite-event", arrived.clone());
    harness.stream("process-suite-event").await.unwrap();
    assert_eq!(
        (asked_for_auth_info(&harness), changes(&harness).await),
        (asked, before)
    );

    // It is refused once more, and parked for the next, longer pause.
    harness.wait(3);
    harness.wecom().add_faults([too_frequent(AUTH_INFO)]);
    harness.release_parked().await;
    harness.stream("process-suite-event").await.unwrap();
    assert_eq!(asked_for_auth_info(&harness), asked + 1);
    harness.wait(61);
    harness.release_parked().await;
    harness.fetch("process-suite-event").await;
    assert_eq!(harness.batch("process-suite-event"), Vec::<Value>::new());

    harness.wait(60);
    harness.release_parked().await;
    harness.fetch("process-suite-event").await;
    let released = harness.batch("process-suite-event");
    assert_eq!(released.len(), 1);
    harness.stream("process-suite-event").await.unwrap();
    assert_eq!(
        (asked_for_auth_info(&harness), changes(&harness).await),
        (asked + 2, before + 1)
    );
    // The record of its arrival is no longer responsible, and a second run has nothing to release.
    harness.hand_in_again("process-suite-event", arrived);
    harness.stream("process-suite-event").await.unwrap();
    harness.release_parked().await;
    harness.fetch("process-suite-event").await;
    assert_eq!(harness.batch("process-suite-event"), Vec::<Value>::new());
    assert_eq!(
        (asked_for_auth_info(&harness), changes(&harness).await),
        (asked + 2, before + 1)
    );
}

/// Each write of parking and releasing fails, or is made and its answer lost.
#[tokio::test]
async fn a_parked_event_is_neither_lost_nor_doubled_whatever_the_store_does() {
    for lost in [false, true] {
        let harness = Harness::start(false).await;
        harness.install().await;
        harness.fetch("process-suite-event").await;
        harness.stream("process-suite-event").await.unwrap();
        let before = changes(&harness).await;
        let fault = || {
            let fault = devstack::Fault::on("TransactWriteItems");
            if lost {
                fault.after_applying().drop_connection().times(1)
            } else {
                fault.answer("InternalServerError").times(3)
            }
        };
        authorization_changes(&harness).await;
        harness.wecom().add_faults([too_frequent(AUTH_INFO)]);
        harness.fetch("process-suite-event").await;
        harness.devstack().faults().add(fault());
        while harness.stream("process-suite-event").await.is_err() {}
        harness.wait(61);
        harness.devstack().faults().add(fault());
        harness.release_parked().await;
        harness.release_parked().await;
        harness.fetch("process-suite-event").await;
        assert_eq!(harness.batch("process-suite-event").len(), 1, "lost: {lost}");
        harness.stream("process-suite-event").await.unwrap();
        assert_eq!(changes(&harness).await, before + 1, "lost: {lost}");
    }
}
