//! WeCom refuses the permanent code (40084): the authorization may be over, or the code was replaced a moment ago.

use serde_json::json;
use simulator::{Fault, SettingsPatch, SuiteEventRequest};

use crate::{faults::harness::Harness, support::CORP};

/// Longer than the lifetime of an auth_code.
const A_QUARTER: i64 = 16 * 60;

async fn look(harness: &Harness) -> String {
    let run = harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!(run["failed"], 0, "{run}");
    harness.state().await["installation"]["status"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_code_that_is_refused_for_a_moment_ends_nothing() {
    let harness = Harness::start(false).await;
    let before = Box::pin(harness.bind_all()).await;
    harness.sleep(14).await;
    harness.wecom().add_faults([Fault {
        path: Some("/cgi-bin/service/v2/get_auth_info".to_owned()),
        errcode: Some(40084),
        ..Fault::default()
    }]);
    assert_eq!(look(&harness).await, "installed");
    assert!(harness.authorization().await.installed().unwrap().doubted_at.is_some());
    harness.wait(A_QUARTER);
    assert_eq!(look(&harness).await, "installed");
    assert_eq!(harness.authorization().await.installed().unwrap().doubted_at, None);
    for credentials in &before {
        harness.check(credentials).await.with_echo();
    }
}

#[tokio::test]
async fn a_code_that_goes_on_being_refused_means_that_the_app_was_removed() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let settings = SettingsPatch {
        removed_app_errcode: Some(40084),
        ..SettingsPatch::default()
    };
    harness.wecom().set_settings(settings).unwrap();
    let lost = SuiteEventRequest {
        event: Some("cancel_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        silent: true,
        ..SuiteEventRequest::default()
    };
    harness.wecom().send_suite_event(&lost).await.unwrap();
    harness.sleep(14).await;
    assert_eq!(look(&harness).await, "installed", "it is in doubt");
    assert_eq!(look(&harness).await, "installed", "and is not asked about at once");
    harness.wait(A_QUARTER);
    assert_eq!(look(&harness).await, "cancelled");
}
