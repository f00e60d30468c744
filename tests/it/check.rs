//! An admin asks for a check: WeCom is asked now, once for all who ask at the same time, and never too often.

use serde_json::{Value, json};
use simulator::{AuthMode, Fault, SecretKind, SuiteEventRequest, SwitchesPatch};

use crate::{
    faults::harness::{Caller, Harness},
    support::{CORP, Reply, Scope},
};

const AUTH_INFO: &str = "/cgi-bin/service/v2/get_auth_info";
const GETTOKEN: &str = "/cgi-bin/gettoken";

async fn check(harness: &Harness) -> Reply {
    harness
        .admin("check-authorization", "POST", "/authorization/check", &Value::Null)
        .await
}

fn trust(harness: &Harness, is_trusted: bool) {
    let switches = SwitchesPatch {
        contacts_ip_untrusted: Some(!is_trusted),
        ..SwitchesPatch::default()
    };
    harness.wecom().set_switches(CORP, switches).unwrap();
}

fn calls(harness: &Harness, path: &str) -> usize {
    harness.wecom().calls().iter().filter(|call| call.path == path).count()
}

fn codes(state: &Value) -> Vec<&str> {
    let findings = state["findings"].as_array().unwrap().iter();
    findings.map(|finding| finding["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_was_put_right_in_wecom_is_right_after_a_check() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    trust(&harness, false);
    let state = check(&harness).await.with_status(200);
    assert_eq!(
        (codes(&state), &state["health"]),
        (vec!["ip_not_trusted"], &json!("attention"))
    );
    assert_eq!(state, harness.state().await);
    trust(&harness, true);
    let state = check(&harness).await.with_status(200);
    assert_eq!((codes(&state), &state["health"]), (vec![], &json!("ok")));

    let audit = harness
        .admin("read-authorization", "GET", "/authorization/audit", &Value::Null)
        .await
        .with_status(200);
    let newest = &audit["entries"][0];
    assert_eq!(
        (&newest["action"], &newest["actor"]["kind"]),
        (&json!("secret_checked"), &json!("admin"))
    );
}

#[tokio::test]
async fn two_checks_at_once_ask_wecom_once_and_answer_the_same() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    trust(&harness, false);
    let slow = Fault {
        path: Some(AUTH_INFO.to_owned()),
        delay_ms: Some(500),
        ..Fault::default()
    };
    harness.wecom().add_faults([slow]);
    let (auth_info, gettoken) = (calls(&harness, AUTH_INFO), calls(&harness, GETTOKEN));
    let (one, other) = tokio::join!(Box::pin(check(&harness)), Box::pin(check(&harness)));
    assert_eq!(one.with_status(200), other.with_status(200));
    assert_eq!(codes(&one.json()), ["ip_not_trusted"]);
    assert_eq!(calls(&harness, AUTH_INFO), auth_info + 1);
    assert_eq!(calls(&harness, GETTOKEN), gettoken + 2, "one for each Secret");
}

/// The old code would be asked about from then on, and WeCom's refusal of it would end the authorization.
#[tokio::test]
async fn a_check_whose_answer_is_older_than_a_new_permanent_code_does_not_bring_the_old_one_back() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let event = |event: &str| SuiteEventRequest {
        event: Some(event.to_owned()),
        corp_id: Some(CORP.to_owned()),
        silent: true,
        ..SuiteEventRequest::default()
    };
    // WeCom's answer differs from what is stored, so that it is to be written.
    let change = SuiteEventRequest {
        auth_mode: Some(AuthMode::Member),
        ..event("change_auth")
    };
    harness.wecom().send_suite_event(&change).await.unwrap();
    let old = harness.authorization().await.installation.unwrap().version_id;
    let slow = Fault {
        path: Some(AUTH_INFO.to_owned()),
        delay_ms: Some(700),
        after_effect: true,
        ..Fault::default()
    };
    harness.wecom().add_faults([slow]);
    let (_, new) = tokio::join!(Box::pin(check(&harness)), async {
        while !harness.wecom().state().faults.is_empty() {
            tokio::task::yield_now().await;
        }
        let sent = harness
            .wecom()
            .send_suite_event(&event("reset_permanent_code"))
            .await
            .unwrap();
        let rest = format!("<AuthCode><![CDATA[{}]]></AuthCode>", sent.auth_code.unwrap());
        harness.suite_event_arrives("reset_permanent_code", &rest).await;
        Box::pin(harness.stream("process-suite-event")).await.unwrap();
        harness.authorization().await.installation.unwrap().version_id
    });
    assert_ne!(new, old);
    assert_eq!(harness.authorization().await.installation.unwrap().version_id, new);
}

#[tokio::test]
async fn a_check_that_waited_for_one_that_failed_says_so_and_asks_nothing() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let fault = |delay_ms: Option<u64>| Fault {
        path: Some(AUTH_INFO.to_owned()),
        times: 1,
        delay_ms,
        errcode: Some(45033),
        ..Fault::default()
    };
    harness.wecom().add_faults([fault(Some(500)), fault(None), fault(None)]);
    let (one, other) = tokio::join!(Box::pin(check(&harness)), Box::pin(check(&harness)));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [502, 504], "{} {}", one.text(), other.text());
    harness.wecom().clear_faults();
    check(&harness).await.with_status(200);
}

#[tokio::test]
async fn wecom_that_does_not_answer_changes_nothing_and_is_said_so() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let before = harness.state().await;
    for (path, fault) in [
        (
            AUTH_INFO,
            Fault {
                http_status: Some(502),
                ..Fault::default()
            },
        ),
        (
            AUTH_INFO,
            Fault {
                errcode: Some(-1),
                ..Fault::default()
            },
        ),
        (
            GETTOKEN,
            Fault {
                drop: true,
                ..Fault::default()
            },
        ),
        (
            "/cgi-bin/user/list_id",
            Fault {
                errcode: Some(-1),
                ..Fault::default()
            },
        ),
    ] {
        harness.wecom().add_faults([Fault {
            path: Some(path.to_owned()),
            times: 99,
            ..fault
        }]);
        check(&harness).await.refused(502, "wecom_error");
        harness.wecom().clear_faults();
        let mut after = harness.state().await;
        // Which of the two was answered, if any, was looked at.
        for scope in ["contacts", "external_contacts"] {
            after[scope]["secret"]["checked_at"] = before[scope]["secret"]["checked_at"].clone();
        }
        assert_eq!(after, before, "{path}");
    }
}

#[tokio::test]
async fn the_eleventh_check_within_ten_minutes_is_refused_for_that_tenant_alone() {
    let harness = Harness::start(false).await;
    harness.install().await;
    harness.stop_clock();
    for _ in 0..10 {
        check(&harness).await.with_status(200);
    }
    let asked = harness.wecom().calls().len();
    let refused = check(&harness).await;
    let wait = refused.refused(429, "too_many_attempts")["retry_after"]
        .as_i64()
        .unwrap();
    assert!((1..=1200).contains(&wait), "{wait}");
    assert_eq!(refused.header("retry-after"), wait.to_string());
    assert_eq!(harness.wecom().calls().len(), asked);
    // It takes no attempt from a Secret's.
    harness.register(Scope::Contacts).await;
    let other = Caller::Admin("rival");
    let theirs = harness
        .call("check-authorization", other, "POST", "/authorization/check", None)
        .await;
    theirs.refused(409, "not_installed");
    harness.wait(wait + 1);
    check(&harness).await.with_status(200);
}

#[tokio::test]
async fn a_tenant_without_an_installation_is_told_so_and_wecom_is_not_asked() {
    let harness = Harness::start(false).await;
    check(&harness).await.refused(409, "not_installed");
    assert_eq!(calls(&harness, AUTH_INFO), 0);
    let unknown = harness
        .admin(
            "check-authorization",
            "POST",
            "/authorization/check",
            &json!({"scope": "contacts"}),
        )
        .await;
    unknown.refused(400, "malformed_request");
}

#[tokio::test]
async fn a_secret_that_wecom_refused_is_not_asked_about_again() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    harness.wecom().reset_secret(CORP, SecretKind::Contacts).unwrap();
    let state = check(&harness).await.with_status(200);
    assert_eq!(
        (codes(&state), &state["health"]),
        (vec!["secret_rejected"], &json!("broken"))
    );
    let before = calls(&harness, GETTOKEN);
    let state = check(&harness).await.with_status(200);
    assert_eq!(codes(&state), ["secret_rejected"]);
    assert_eq!(calls(&harness, GETTOKEN), before + 1, "the other Secret's");
}

#[tokio::test]
async fn an_authorization_that_is_over_ends_and_is_cleaned_up_by_the_schedule() {
    let harness = Harness::start(false).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    let lost = SuiteEventRequest {
        event: Some("cancel_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        silent: true,
        ..SuiteEventRequest::default()
    };
    harness.wecom().send_suite_event(&lost).await.unwrap();
    let state = check(&harness).await.with_status(200);
    assert_eq!(
        (&state["installation"]["status"], &state["health"]),
        (&json!("cancelled"), &json!("broken"))
    );
    harness.check(&contacts).await.refused(404, "not_found");
    assert!(harness.authorization().await.cleanup.is_some());
    harness.wait(6 * 60);
    let run = harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!(run["checked"], 1, "{run}");
    assert_eq!(harness.authorization().await.cleanup, None);
}

#[tokio::test]
async fn a_check_on_request_does_not_postpone_one_that_is_planned() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    check(&harness).await.with_status(200);
    let planned = harness.authorization().await.next_check_at;
    assert!(planned.is_some());
    harness.wait(3600);
    check(&harness).await.with_status(200);
    assert_eq!(harness.authorization().await.next_check_at, planned);
}
