//! A disconnect that is interrupted, and an admin who does not wait for its end.

use std::{future::poll_fn, task::Poll};

use devstack::Fault;
use serde_json::{Value, json};
use wecom_authorization::store::SecretName;

use crate::{
    faults::harness::{Harness, TENANT, member_created},
    support::{CORP, Scope},
};

#[tokio::test]
async fn whoever_begins_anew_during_a_clean_up_loses_nothing_and_is_looked_at_as_before() {
    let harness = Harness::start(true).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    harness
        .deliver(&contacts, &member_created("before"))
        .await
        .with_success();
    harness
        .devstack()
        .faults()
        .add(Fault::on("DeleteSecret").answer("InternalServiceError").times(9));
    let died = harness.admin("disconnect", "DELETE", "/authorization", &Value::Null);
    died.await.refused(503, "temporarily_unavailable");
    harness.devstack().faults().clear();
    harness
        .deliver(&contacts, &member_created("at-once"))
        .await
        .refused(404, "not_found");

    harness.wait(60);
    Box::pin(harness.install()).await;
    let second = harness.bind(Scope::Contacts).await;
    harness.deliver(&second, &member_created("after")).await.with_success();
    for hours in [1, 14] {
        harness.sleep(hours).await;
        while harness.invoke("check-health", json!({})).await.unwrap()["checked"] != 0 {}
        let seen = harness.state().await;
        assert_eq!(
            (&seen["health"], &seen["findings"]),
            (&json!("ok"), &json!([])),
            "{hours} h"
        );
    }
    let authorization = harness.authorization().await;
    assert_eq!(authorization.cleanup, None);
    assert!(
        authorization.next_check_at.is_some_and(|at| at > harness.now()),
        "it goes on being looked at"
    );
    let page = harness.admin("read-authorization", "GET", "/authorization/events", &Value::Null);
    let page = page.await.with_status(200);
    let events: Vec<&Value> = page["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["payload"]["UserID"])
        .collect();
    assert_eq!(
        events,
        [&json!("after")],
        "the old ones are deleted, the new one is kept"
    );
    let input = json!({"tenant_id": TENANT, "kind": "contacts"});
    harness.invoke("issue-access-token", input).await.unwrap();
}

/// A clean-up that ends while an installation is under way deletes the permanent code that the installation has just stored.
#[tokio::test]
async fn an_installation_during_which_a_clean_up_ends_keeps_its_permanent_code() {
    const INFO: &str = "/cgi-bin/service/v2/get_auth_info";
    let harness = Harness::start(false).await;
    let _ = Box::pin(harness.bind_all()).await;
    harness
        .devstack()
        .faults()
        .add(Fault::on("DeleteSecret").answer("InternalServiceError").times(9));
    let died = harness.admin("disconnect", "DELETE", "/authorization", &Value::Null);
    died.await.refused(503, "temporarily_unavailable");
    harness.devstack().faults().clear();
    harness.wait(6 * 60);

    let (redirect, cookies) = harness.set_out(CORP).await;
    let asked = || harness.wecom().calls().iter().filter(|call| call.path == INFO).count();
    let before = asked();
    let mut installing = Box::pin(harness.come_back(&redirect, &cookies));
    // The code is in the vault once WeCom is asked about it. From then on the installation is not polled, so it waits.
    poll_fn(|context| {
        if asked() > before {
            return Poll::Ready(());
        }
        assert!(installing.as_mut().poll(context).is_pending(), "WeCom is asked");
        Poll::Pending
    })
    .await;
    let run = Box::pin(harness.invoke("check-health", json!({}))).await.unwrap();
    assert_eq!(run["failed"], 0, "{run}");
    assert_eq!(harness.authorization().await.cleanup, None, "the clean-up has ended");
    let back = installing.await.redirect();
    assert!(back.ends_with("?installation=installed"), "{back}");

    let version_id = harness.authorization().await.installed().unwrap().version_id.clone();
    let name = SecretName::Installation(TENANT.to_owned().try_into().unwrap());
    let stored = harness.vault().read(&name, Some(&version_id)).await.unwrap();
    assert!(stored.is_some(), "the record points to a permanent code that is there");
    let input = json!({"tenant_id": TENANT, "kind": "installation"});
    harness.invoke("issue-access-token", input).await.unwrap();
}
