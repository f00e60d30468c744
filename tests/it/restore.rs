//! The app is removed in WeCom and installed again within the recovery window: nothing is typed again.

use serde_json::{Value, json};
use simulator::{AuthMode, SecretKind, SuiteEventRequest};
use wecom_authorization::{entropy::SystemEntropy, ids::TenantId, sealing::KeyRing, store::SecretName};

use crate::{
    faults::harness::{Harness, TENANT, member_created, ours},
    support::{CORP, Credentials, OTHER_CORP, Scope},
    who_may_bind::install,
};

/// A tenant that was all set up, until its corporation removed the app.
pub(crate) async fn removed() -> (Harness, [Credentials; 2]) {
    let harness = Harness::start(true).await;
    let credentials = Box::pin(harness.bind_all()).await;
    let completed = harness.admin(
        "complete-authorization",
        "POST",
        "/authorization/completion",
        &Value::Null,
    );
    completed.await.with_status(200);
    remove(&harness).await;
    (harness, credentials)
}

pub(crate) async fn remove(harness: &Harness) {
    let corp_id = harness.authorization().await.installed().unwrap().corp_id.clone();
    let removal = SuiteEventRequest {
        event: Some("cancel_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        silent: true,
        ..SuiteEventRequest::default()
    };
    harness.wecom().send_suite_event(&removal).await.unwrap();
    let rest = format!("<AuthCorpId><![CDATA[{corp_id}]]></AuthCorpId>");
    harness.suite_event_arrives("cancel_auth", &rest).await;
    harness.stream("process-suite-event").await.unwrap();
    assert_eq!(harness.state().await["installation"]["status"], "cancelled");
}

/// Installs the app in this corporation. Returns the state.
pub(crate) async fn install_in(harness: &Harness, corp_id: &str) -> Value {
    let (redirect, cookies) = harness.set_out(corp_id).await;
    let back = harness.come_back(&redirect, &cookies).await.redirect();
    assert!(back.ends_with("?installation=installed"), "{back}");
    // Other processes than those that refused events meanwhile, and remember that there is no callback.
    harness.end_processes();
    harness.state().await
}

async fn disconnect(harness: &Harness) {
    let ended = harness.admin("disconnect", "DELETE", "/authorization", &Value::Null);
    assert_eq!(ended.await.status, 204);
}

fn contacts() -> SecretName {
    SecretName::Scope(TenantId::parse(TENANT).unwrap(), ours(Scope::Contacts))
}

#[tokio::test]
async fn secrets_and_urls_are_as_they_were_and_nothing_is_typed() {
    let (harness, credentials) = removed().await;
    for one in &credentials {
        harness
            .deliver(one, &member_created("between"))
            .await
            .refused(404, "not_found");
    }
    assert!(harness.vault().read(&contacts(), None).await.unwrap().is_none());
    // The clean-up and its certificate are over.
    harness.sleep(6 * 24).await;
    let run = harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!(run["failed"], 0, "{run}");

    let state = install_in(&harness, CORP).await;
    assert_eq!(
        (&state["next_step"], &state["findings"]),
        (&json!("done"), &json!([])),
        "{state}"
    );
    for (scope, before) in Scope::ALL.into_iter().zip(&credentials) {
        let target = format!("/authorization/{}/credentials", scope.slug());
        let shown = harness
            .admin("generate-credentials", "GET", &target, &Value::Null)
            .await;
        let shown = Credentials::of(&shown.with_status(200));
        assert_eq!(
            (shown.url, shown.token, shown.encoding_aes_key),
            (
                before.url.clone(),
                before.token.clone(),
                before.encoding_aes_key.clone()
            )
        );
        harness.deliver(before, &member_created("after")).await.with_success();
        let input = json!({"tenant_id": TENANT, "kind": scope.slug().replace('-', "_")});
        harness.invoke("issue-access-token", input).await.unwrap();
    }
    let trail = harness
        .admin("read-authorization", "GET", "/authorization/audit", &Value::Null)
        .await;
    let trail = trail.with_status(200);
    let entries = trail["entries"].as_array().unwrap().iter();
    let restored: Vec<_> = entries
        .filter_map(|entry| entry["details"]["restored"].as_str())
        .collect();
    assert_eq!(restored, ["contacts external_contacts"]);
    // The next end is certified and restored like the first.
    let run = harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!((&run["checked"], &run["failed"]), (&json!(1), &json!(0)), "{run}");
    assert_eq!(harness.state().await["health"], "ok");
    remove(&harness).await;
    assert_eq!(install_in(&harness, CORP).await["next_step"], "done");
}

#[tokio::test]
async fn a_corporation_that_scans_the_qr_code_again_has_its_secret_and_url_back() {
    let harness = Harness::of_template(true).await;
    let scan = async || {
        harness.scan().await;
        harness.stream("process-suite-event").await.unwrap();
        assert_eq!(harness.confirm_installation().await.status, 204);
        harness.end_processes();
    };
    scan().await;
    let credentials = harness.bind(Scope::Contacts).await;
    remove(&harness).await;
    harness
        .deliver(&credentials, &member_created("between"))
        .await
        .refused(404, "not_found");
    scan().await;
    harness
        .deliver(&credentials, &member_created("after"))
        .await
        .with_success();
    let contacts = harness.state().await["contacts"].clone();
    assert_eq!(
        (&contacts["secret"]["status"], &contacts["callback"]["status"]),
        (&json!("accepted"), &json!("verified")),
        "{contacts}"
    );
}

#[tokio::test]
async fn nothing_is_restored_after_the_recovery_window() {
    let (harness, _) = removed().await;
    harness.sleep(7 * 24).await;
    assert_eq!(install_in(&harness, CORP).await["next_step"], "contacts_secret");
    assert!(harness.vault().read(&contacts(), None).await.unwrap().is_none());
}

#[tokio::test]
async fn nothing_is_restored_for_another_corporation_or_another_tenant_or_a_member() {
    let (harness, _) = removed().await;
    assert_eq!(install(&harness, "rival", AuthMode::Admin).await, "installed");
    assert!(harness.vault().read(&contacts(), None).await.unwrap().is_none());
    assert_eq!(install_in(&harness, OTHER_CORP).await["next_step"], "contacts_secret");
    assert!(harness.vault().read(&contacts(), None).await.unwrap().is_none());

    let (harness, credentials) = removed().await;
    assert_eq!(
        install(&harness, TENANT, AuthMode::Member).await,
        "failed&code=member_authorization"
    );
    assert!(harness.vault().read(&contacts(), None).await.unwrap().is_none());
    harness.end_processes();
    let refused = harness.deliver(&credentials[0], &member_created("a")).await;
    refused.refused(404, "not_found");
}

/// The page says so before it disconnects.
#[tokio::test]
async fn a_disconnect_is_final_also_after_a_removal() {
    let (harness, _) = removed().await;
    disconnect(&harness).await;
    assert_eq!(install_in(&harness, CORP).await["next_step"], "contacts_secret");
    let _ = harness.bind(Scope::Contacts).await;
    disconnect(&harness).await;
    assert_eq!(install_in(&harness, CORP).await["next_step"], "contacts_secret");
    assert!(harness.vault().read(&contacts(), None).await.unwrap().is_none());
}

#[tokio::test]
async fn a_secret_that_is_gone_or_was_reset_meanwhile_has_to_be_entered_and_its_url_stays() {
    let (harness, credentials) = removed().await;
    let force = harness.secrets().delete_secret().secret_id("prefix/acme/contacts");
    force.force_delete_without_recovery(true).send().await.unwrap();
    harness
        .wecom()
        .reset_secret(CORP, SecretKind::ExternalContacts)
        .unwrap();
    let state = install_in(&harness, CORP).await;
    assert_eq!(state["next_step"], "contacts_secret", "{state}");
    harness
        .deliver(&credentials[0], &member_created("after"))
        .await
        .with_success();
    let run = harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!((&run["checked"], &run["failed"]), (&json!(1), &json!(0)), "{run}");
    assert_eq!(
        harness.state().await["external_contacts"]["secret"]["status"],
        "rejected"
    );
    for scope in Scope::ALL {
        harness.register(scope).await;
    }
    assert_eq!(harness.state().await["findings"], json!([]));
}

#[tokio::test]
async fn credentials_outlive_two_rotations_of_the_sealing_key_until_they_are_restored() {
    let (harness, credentials) = removed().await;
    for _ in 0..2 {
        harness.rotate_sealing_key().await;
        harness.sleep(36).await;
    }
    let state = install_in(&harness, CORP).await;
    assert_eq!(state["contacts"]["callback"]["status"], "verified", "{state}");
    harness
        .deliver(&credentials[0], &member_created("after"))
        .await
        .with_success();
}

#[tokio::test]
async fn a_callback_whose_sealing_key_is_gone_is_made_anew() {
    let (harness, _) = removed().await;
    let ring = KeyRing::generate(&SystemEntropy);
    harness.vault().put(&SecretName::SealingKey, &ring).await.unwrap();
    harness.end_processes();
    harness.sleep(36).await;
    let state = install_in(&harness, CORP).await;
    assert_eq!(state["contacts"]["secret"]["status"], "accepted", "{state}");
    assert_eq!(state["contacts"]["callback"]["status"], "none", "{state}");
    for scope in Scope::ALL {
        let _ = harness.bind(scope).await;
    }
}
