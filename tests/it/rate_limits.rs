//! WeCom refuses calls as too frequent (45009): what pauses, for whom, and for how long.

use serde_json::{Value, json};
use simulator::{Fault, NewCorporation};

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
