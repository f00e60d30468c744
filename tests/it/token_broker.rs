//! The token broker: one `gettoken` for everybody who asks, and no token that is known to be dead.

use serde_json::{Value, json};
use simulator::SecretKind;

use crate::{
    faults::stage::{Stage, TENANT},
    support::{CORP, Scope},
};

const GETTOKEN: &str = "/cgi-bin/gettoken";

async fn issue(stage: &Stage, kind: &str, rejected: Option<&str>) -> Result<String, String> {
    let input = json!({"tenant_id": TENANT, "kind": kind, "rejected_access_token": rejected});
    let issued = stage.invoke("issue-access-token", input).await?;
    Ok(issued["access_token"].as_str().unwrap().to_owned())
}

fn asked(stage: &Stage) -> usize {
    let calls = stage.wecom().calls();
    calls.iter().filter(|call| call.path == GETTOKEN).count()
}

/// The same from an instance of its own: whoever has begun already keeps his.
async fn issue_elsewhere(stage: &Stage, rejected: Option<&str>) -> String {
    stage.end_processes();
    issue(stage, "contacts", rejected).await.unwrap()
}

#[tokio::test]
async fn instances_that_ask_at_once_cause_one_gettoken_and_get_the_same_token() {
    let stage = Stage::start(false).await;
    Box::pin(stage.bind_all()).await;
    let before = asked(&stage);
    let (one, other, third, fourth) = tokio::join!(
        issue_elsewhere(&stage, None),
        issue_elsewhere(&stage, None),
        issue_elsewhere(&stage, None),
        issue_elsewhere(&stage, None),
    );
    assert!(one == other && other == third && third == fourth, "one token for all");
    assert_eq!(asked(&stage) - before, 1);
    assert_eq!(
        issue(&stage, "contacts", None).await.as_deref(),
        Ok(one.as_str()),
        "and from now on"
    );
    assert_eq!(asked(&stage) - before, 1);
}

#[tokio::test]
async fn instances_that_report_one_dead_token_at_once_cause_one_gettoken() {
    let stage = Stage::start(false).await;
    Box::pin(stage.bind_all()).await;
    let dead = issue(&stage, "contacts", None).await.unwrap();
    // WeCom gives the same token again until it is close to its end; time passes so that the new one is another.
    stage.sleep(3).await;
    let before = asked(&stage);
    let (one, other) = tokio::join!(
        issue_elsewhere(&stage, Some(&dead)),
        issue_elsewhere(&stage, Some(&dead)),
    );
    assert!(one == other && one != dead);
    assert_eq!(asked(&stage) - before, 1);
    // A late report of the dead one does not cost the new one its place.
    assert_eq!(issue_elsewhere(&stage, Some(&dead)).await, one);
    assert_eq!(asked(&stage) - before, 1);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_and_not_before() {
    let stage = Stage::start(false).await;
    Box::pin(stage.bind_all()).await;
    let input = json!({"tenant_id": TENANT, "kind": "contacts"});
    let first = stage.invoke("issue-access-token", input).await.unwrap();
    let expires_at: jiff::Timestamp = first["expires_at"].as_str().unwrap().parse().unwrap();
    let before = asked(&stage);
    // A minute's room: the machine's own time goes on beside ours.
    stage.wait(expires_at.duration_since(stage.now()).as_secs() - 660);
    let again = issue(&stage, "contacts", None).await;
    assert_eq!(again.as_deref(), Ok(first["access_token"].as_str().unwrap()));
    assert_eq!(asked(&stage) - before, 0);
    stage.wait(61);
    issue(&stage, "contacts", None).await.unwrap();
    assert_eq!(asked(&stage) - before, 1, "ten minutes before its end");
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_for_now_is_used_until_it_ends() {
    let stage = Stage::start(false).await;
    Box::pin(stage.bind_all()).await;
    let old = issue(&stage, "contacts", None).await.unwrap();
    let busy = || simulator::Fault {
        path: Some(GETTOKEN.to_owned()),
        times: 9,
        http_status: Some(502),
        ..simulator::Fault::default()
    };
    stage.wait(7200 - 400);
    stage.wecom().add_faults([busy()]);
    for _ in 0..2 {
        assert_eq!(issue(&stage, "contacts", None).await.as_deref(), Ok(old.as_str()));
    }
    stage.wait(401);
    stage.wecom().clear_faults();
    stage.wecom().add_faults([busy()]);
    assert_eq!(issue(&stage, "contacts", None).await, Err("wecom_error".to_owned()));
    stage.wecom().clear_faults();
    issue(&stage, "contacts", None).await.unwrap();
}

#[tokio::test]
async fn a_new_secret_and_a_disconnect_end_the_token_at_once() {
    let stage = Stage::start(false).await;
    Box::pin(stage.bind_all()).await;
    let old = issue(&stage, "contacts", None).await.unwrap();
    stage.wecom().reset_secret(CORP, SecretKind::Contacts).unwrap();
    stage.register(Scope::Contacts).await;
    let new = issue(&stage, "contacts", None).await.unwrap();
    assert_ne!(new, old);
    issue(&stage, "installation", None).await.unwrap();
    let ended = stage.admin("disconnect", "DELETE", "/authorization", &Value::Null);
    assert_eq!(ended.await.status, 204);
    for kind in ["contacts", "external_contacts", "installation"] {
        assert_eq!(
            issue(&stage, kind, None).await,
            Err("not_installed".to_owned()),
            "{kind}"
        );
    }
}

/// The new Secret is registered and the attempt dies before it has dropped the token of the one before.
#[tokio::test]
async fn a_token_of_the_secret_before_is_not_handed_out() {
    let stage = Stage::start(false).await;
    Box::pin(stage.bind_all()).await;
    let old = issue(&stage, "contacts", None).await.unwrap();
    let secret = stage.wecom().reset_secret(CORP, SecretKind::Contacts).unwrap();
    let dead = devstack::Fault::on("DeleteItem").answer("InternalServerError").times(9);
    stage.devstack().faults().add(dead);
    stage
        .enter(Scope::Contacts, &secret.secret)
        .await
        .refused(503, "temporarily_unavailable");
    stage.devstack().faults().clear();
    assert_ne!(issue(&stage, "contacts", None).await.unwrap(), old);
}

#[tokio::test]
async fn a_ban_that_anybody_hears_of_stops_everybody_until_it_ends() {
    let stage = Stage::start(false).await;
    Box::pin(stage.bind_all()).await;
    let cached = issue(&stage, "contacts", None).await.unwrap();
    stage.wecom().add_faults([simulator::Fault {
        path: Some("/cgi-bin/service/get_pre_auth_code".to_owned()),
        errcode: Some(45009),
        ..simulator::Fault::default()
    }]);
    let refused = stage.make_link().await;
    let problem = refused.refused(503, "wecom_ban");
    let wait: i64 = refused.header("retry-after").parse().unwrap();
    assert!((3590..=3600).contains(&wait), "{wait}");
    assert_eq!(problem["retry_after"], wait);

    let calls = stage.wecom().calls().len();
    assert_eq!(
        issue(&stage, "contacts", None).await,
        Ok(cached),
        "what is cached goes on"
    );
    for kind in ["external_contacts", "installation"] {
        assert_eq!(issue(&stage, kind, None).await, Err("wecom_ban".to_owned()), "{kind}");
    }
    let secret = stage.secret_of(Scope::Contacts);
    stage.enter(Scope::Contacts, &secret).await.refused(503, "wecom_ban");
    stage.make_link().await.refused(503, "wecom_ban");
    assert_eq!(stage.wecom().calls().len(), calls, "WeCom hears nothing of it");
    stage.wait(3601);
    issue(&stage, "external_contacts", None).await.unwrap();
    stage.enter(Scope::Contacts, &secret).await.with_status(200);
}
