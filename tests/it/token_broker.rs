//! The token broker: one `gettoken` for everybody who asks, and no token that is known to be dead.

use serde_json::{Value, json};
use simulator::SecretKind;

use crate::{
    faults::harness::{Harness, TENANT},
    support::{CORP, Scope},
};

const GETTOKEN: &str = "/cgi-bin/gettoken";

async fn issue(harness: &Harness, kind: &str, rejected: Option<&str>) -> Result<String, String> {
    let input = json!({"tenant_id": TENANT, "kind": kind, "rejected_access_token": rejected});
    let issued = harness.invoke("issue-access-token", input).await?;
    Ok(issued["access_token"].as_str().unwrap().to_owned())
}

fn asked(harness: &Harness) -> usize {
    let calls = harness.wecom().calls();
    calls.iter().filter(|call| call.path == GETTOKEN).count()
}

/// The same from another process, because a running one has cached its token.
async fn issue_elsewhere(harness: &Harness, rejected: Option<&str>) -> String {
    harness.end_processes();
    issue(harness, "contacts", rejected).await.unwrap()
}

#[tokio::test]
async fn instances_that_ask_at_once_cause_one_gettoken_and_get_the_same_token() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let before = asked(&harness);
    let (one, other, third, fourth) = tokio::join!(
        issue_elsewhere(&harness, None),
        issue_elsewhere(&harness, None),
        issue_elsewhere(&harness, None),
        issue_elsewhere(&harness, None),
    );
    assert!(one == other && other == third && third == fourth, "one token for all");
    assert_eq!(asked(&harness) - before, 1);
    assert_eq!(
        issue(&harness, "contacts", None).await.as_deref(),
        Ok(one.as_str()),
        "and from now on"
    );
    assert_eq!(asked(&harness) - before, 1);
}

#[tokio::test]
async fn instances_that_report_one_dead_token_at_once_cause_one_gettoken() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let dead = issue(&harness, "contacts", None).await.unwrap();
    // WeCom gives the same token again until it is close to its end; time passes so that the new one is another.
    harness.sleep(3).await;
    let before = asked(&harness);
    let (one, other) = tokio::join!(
        issue_elsewhere(&harness, Some(&dead)),
        issue_elsewhere(&harness, Some(&dead)),
    );
    assert!(one == other && one != dead);
    assert_eq!(asked(&harness) - before, 1);
    // A late report of the dead one does not cost the new one its place.
    assert_eq!(issue_elsewhere(&harness, Some(&dead)).await, one);
    assert_eq!(asked(&harness) - before, 1);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_and_not_before() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let input = json!({"tenant_id": TENANT, "kind": "contacts"});
    let first = harness.invoke("issue-access-token", input).await.unwrap();
    let expires_at: jiff::Timestamp = first["expires_at"].as_str().unwrap().parse().unwrap();
    let before = asked(&harness);
    // A minute's room: the machine's own time goes on beside ours.
    harness.wait(expires_at.duration_since(harness.now()).as_secs() - 660);
    let again = issue(&harness, "contacts", None).await;
    assert_eq!(again.as_deref(), Ok(first["access_token"].as_str().unwrap()));
    assert_eq!(asked(&harness) - before, 0);
    harness.wait(61);
    issue(&harness, "contacts", None).await.unwrap();
    assert_eq!(asked(&harness) - before, 1, "ten minutes before its end");
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_for_now_is_used_until_it_ends() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let old = issue(&harness, "contacts", None).await.unwrap();
    let busy = || simulator::Fault {
        path: Some(GETTOKEN.to_owned()),
        times: 9,
        http_status: Some(502),
        ..simulator::Fault::default()
    };
    harness.wait(7200 - 400);
    harness.wecom().add_faults([busy()]);
    for _ in 0..2 {
        assert_eq!(issue(&harness, "contacts", None).await.as_deref(), Ok(old.as_str()));
    }
    harness.wait(401);
    harness.wecom().clear_faults();
    harness.wecom().add_faults([busy()]);
    assert_eq!(issue(&harness, "contacts", None).await, Err("wecom_error".to_owned()));
    harness.wecom().clear_faults();
    issue(&harness, "contacts", None).await.unwrap();
}

#[tokio::test]
async fn a_new_secret_and_a_disconnect_end_the_token_at_once() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let old = issue(&harness, "contacts", None).await.unwrap();
    harness.wecom().reset_secret(CORP, SecretKind::Contacts).unwrap();
    harness.register(Scope::Contacts).await;
    let new = issue(&harness, "contacts", None).await.unwrap();
    assert_ne!(new, old);
    issue(&harness, "installation", None).await.unwrap();
    let ended = harness.admin("disconnect", "DELETE", "/authorization", &Value::Null);
    assert_eq!(ended.await.status, 204);
    for kind in ["contacts", "external_contacts", "installation"] {
        assert_eq!(
            issue(&harness, kind, None).await,
            Err("not_installed".to_owned()),
            "{kind}"
        );
    }
}

/// The new Secret is registered and the attempt dies before it has dropped the token of the one before.
#[tokio::test]
async fn a_token_of_the_secret_before_is_not_handed_out() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let old = issue(&harness, "contacts", None).await.unwrap();
    let secret = harness.wecom().reset_secret(CORP, SecretKind::Contacts).unwrap();
    let dead = devstack::Fault::on("DeleteItem").answer("InternalServerError").times(9);
    harness.devstack().faults().add(dead);
    harness
        .enter(Scope::Contacts, &secret.secret)
        .await
        .refused(503, "temporarily_unavailable");
    harness.devstack().faults().clear();
    assert_ne!(issue(&harness, "contacts", None).await.unwrap(), old);
}

#[tokio::test]
async fn a_limit_of_the_suites_calls_pauses_them_and_leaves_the_tenants_own_tokens_alone() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let cached = issue(&harness, "contacts", None).await.unwrap();
    harness.wecom().add_faults([simulator::Fault {
        path: Some("/cgi-bin/service/get_pre_auth_code".to_owned()),
        errcode: Some(45009),
        ..simulator::Fault::default()
    }]);
    let refused = harness.make_link().await;
    let problem = refused.refused(503, "wecom_ban");
    let wait: i64 = refused.header("retry-after").parse().unwrap();
    assert!((40..=60).contains(&wait), "{wait}");
    assert_eq!(problem["retry_after"], wait);

    let calls = harness.wecom().calls().len();
    assert_eq!(issue(&harness, "installation", None).await, Err("wecom_ban".to_owned()));
    harness.make_link().await.refused(503, "wecom_ban");
    assert_eq!(harness.wecom().calls().len(), calls, "WeCom is not called");
    assert_eq!(
        issue(&harness, "contacts", None).await,
        Ok(cached),
        "what is cached is valid"
    );
    issue(&harness, "external_contacts", None).await.unwrap();
    let secret = harness.secret_of(Scope::Contacts);
    harness.enter(Scope::Contacts, &secret).await.with_status(200);
    harness.wait(61);
    issue(&harness, "installation", None).await.unwrap();
    harness.make_link().await.with_status(201);
}
