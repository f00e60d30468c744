//! A disconnect that dies half-way, and an admin who does not wait for its end.

use devstack::Fault;
use serde_json::{Value, json};

use crate::{
    faults::stage::{Stage, TENANT, member_created},
    support::Scope,
};

#[tokio::test]
async fn whoever_begins_anew_during_a_clean_up_loses_nothing_and_is_looked_at_as_before() {
    let stage = Stage::start(true).await;
    let [contacts, _] = Box::pin(stage.bind_all()).await;
    stage.deliver(&contacts, &member_created("before")).await.with_success();
    stage
        .devstack()
        .faults()
        .add(Fault::on("DeleteSecret").answer("InternalServiceError").times(9));
    let died = stage.admin("disconnect", "DELETE", "/authorization", &Value::Null);
    died.await.refused(503, "temporarily_unavailable");
    stage.devstack().faults().clear();
    stage
        .deliver(&contacts, &member_created("at-once"))
        .await
        .refused(404, "not_found");

    stage.wait(60);
    Box::pin(stage.install()).await;
    let anew = stage.bind(Scope::Contacts).await;
    stage.deliver(&anew, &member_created("after")).await.with_success();
    for hours in [1, 14] {
        stage.sleep(hours).await;
        while stage.invoke("check-health", json!({})).await.unwrap()["checked"] != 0 {}
        let seen = stage.state().await;
        assert_eq!(
            (&seen["health"], &seen["findings"]),
            (&json!("ok"), &json!([])),
            "{hours} h"
        );
    }
    let authorization = stage.authorization().await;
    assert_eq!(authorization.cleanup, None);
    assert!(
        authorization.next_check_at.is_some_and(|at| at > stage.now()),
        "it goes on being looked at"
    );
    let page = stage.admin("read-authorization", "GET", "/authorization/events", &Value::Null);
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
    stage.invoke("issue-access-token", input).await.unwrap();
}
