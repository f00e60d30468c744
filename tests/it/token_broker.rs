//! The token broker: one `gettoken` for everybody who asks, and no token that is known to be dead.

use serde_json::{Value, json};
use simulator::SecretKind;
use wecom_authorization::store::SecretName;

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

/// A tenant with a customised app in force.
async fn with_customized_app() -> Harness {
    let harness = Harness::of_template(false).await;
    harness.scan().await;
    harness.stream("process-suite-event").await.unwrap();
    assert_eq!(harness.confirm_installation().await.status, 204);
    harness
}

fn count(harness: &Harness, path: &str) -> usize {
    let calls = harness.wecom().calls();
    calls.iter().filter(|call| call.path == path).count()
}

#[tokio::test]
async fn a_customised_apps_token_comes_from_gettoken_with_its_permanent_code() {
    let harness = Box::pin(with_customized_app()).await;
    let token = issue(&harness, "customized_app", None).await.unwrap();
    harness.end_processes();
    assert_eq!(issue(&harness, "installation", None).await.as_ref(), Ok(&token));
    assert_eq!(asked(&harness), 1);
    assert_eq!(count(&harness, "/cgi-bin/service/get_corp_token"), 0);
}

#[tokio::test]
async fn a_third_party_app_has_no_token_of_a_customised_app() {
    let harness = Harness::start(false).await;
    harness.install().await;
    let refused = issue(&harness, "customized_app", None).await;
    assert_eq!(refused, Err("not_installed".to_owned()));
    issue(&harness, "installation", None).await.unwrap();
    assert_eq!(
        (asked(&harness), count(&harness, "/cgi-bin/service/get_corp_token")),
        (0, 1)
    );
}

#[tokio::test]
async fn a_permanent_code_that_was_reset_gives_another_token_and_the_old_one_is_not_issued() {
    use secrecy::ExposeSecret as _;
    let harness = Box::pin(with_customized_app()).await;
    let name = SecretName::Installation(TENANT.to_owned().try_into().unwrap());
    let before = harness.authorization().await.installation.unwrap().version_id;
    let kept = harness.vault().read(&name, Some(&before)).await.unwrap().unwrap();
    let old = issue(&harness, "customized_app", None).await.unwrap();
    let event = simulator::SuiteEventRequest {
        event: Some("reset_permanent_code".to_owned()),
        corp_id: Some(CORP.to_owned()),
        silent: true,
        ..simulator::SuiteEventRequest::default()
    };
    let code = harness
        .wecom()
        .send_suite_event(&event)
        .await
        .unwrap()
        .auth_code
        .unwrap();
    let rest = format!("<AuthCode><![CDATA[{code}]]></AuthCode>");
    harness.suite_event_arrives("reset_permanent_code", &rest).await;
    harness.stream("process-suite-event").await.unwrap();
    harness.end_processes();
    assert_ne!(issue(&harness, "customized_app", None).await.unwrap(), old);
    let after = harness.authorization().await.installation.unwrap().version_id;
    assert_ne!(after, before);
    let still = harness.vault().read(&name, Some(&before)).await.unwrap().unwrap();
    assert_eq!(
        still.expose_secret(),
        kept.expose_secret(),
        "the version before is kept"
    );
}

fn refuses(path: &str, errcode: i64) -> simulator::Fault {
    simulator::Fault {
        path: Some(path.to_owned()),
        errcode: Some(errcode),
        ..simulator::Fault::default()
    }
}

const AUTH_INFO: &str = "/cgi-bin/service/v2/get_auth_info";

#[tokio::test]
async fn a_customised_apps_secret_that_is_refused_is_not_called_wrong_while_get_auth_info_takes_it() {
    for errcode in [40001, 40091] {
        let harness = Box::pin(with_customized_app()).await;
        let before = count(&harness, AUTH_INFO);
        harness.wecom().add_faults([refuses(GETTOKEN, errcode)]);
        assert_eq!(
            issue(&harness, "customized_app", None).await,
            Err("wecom_error".to_owned())
        );
        assert_eq!(count(&harness, AUTH_INFO) - before, 1);
        // WeCom counts wrong Secrets, so it is not tried again before the check, which finds it right.
        assert_eq!(
            issue(&harness, "customized_app", None).await,
            Err("secret_rejected".to_owned())
        );
        assert_eq!(asked(&harness), 1);
        harness.invoke("check-health", json!({})).await.unwrap();
        issue(&harness, "customized_app", None).await.unwrap();
        assert_eq!(harness.state().await["installation"]["status"], "installed");
    }
}

#[tokio::test]
async fn a_customised_app_whose_permanent_code_is_refused_too_is_given_up_when_no_event_brings_another() {
    let harness = Box::pin(with_customized_app()).await;
    harness.stop_clock();
    harness
        .wecom()
        .add_faults([refuses(GETTOKEN, 40001), refuses(AUTH_INFO, 40084)]);
    assert_eq!(
        issue(&harness, "customized_app", None).await,
        Err("secret_rejected".to_owned())
    );
    harness.wait(15 * 60);
    harness.wecom().add_faults([refuses(AUTH_INFO, 40084)]);
    harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!(harness.state().await["installation"]["status"], "cancelled");
    assert_eq!(asked(&harness), 1);
}

#[tokio::test]
async fn a_customised_app_that_was_removed_without_an_event_is_not_installed() {
    let harness = Box::pin(with_customized_app()).await;
    let removal = simulator::SuiteEventRequest {
        event: Some("cancel_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        silent: true,
        ..simulator::SuiteEventRequest::default()
    };
    harness.wecom().send_suite_event(&removal).await.unwrap();
    let settings = simulator::SettingsPatch {
        removed_app_errcode: Some(48004),
        ..simulator::SettingsPatch::default()
    };
    harness.wecom().set_settings(settings).unwrap();
    assert_eq!(
        issue(&harness, "customized_app", None).await,
        Err("not_installed".to_owned())
    );
    harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!(harness.state().await["installation"]["status"], "cancelled");
}
