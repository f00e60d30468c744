//! A process dies between any two writes, and the person does not try again but disconnects: afterwards nothing of the tenant
//! is alive.

use serde_json::{Value, json};
use wecom_authorization::{
    ids::{Scope, TenantId, TokenName},
    store::SecretName,
};

use super::{
    cases::{self, FaultCase},
    crashes::before,
    harness::{Harness, TENANT},
};

/// More writes than any operation makes.
const MANY: u32 = 60;

/// Longer than any write that was planned may take.
const HALF_AN_HOUR: i64 = 31 * 60;

async fn leaves_nothing_after_a_crash_and_a_disconnect<S: FaultCase>() {
    for writes in 0..MANY {
        let (harness, case) = before::<S>().await;
        harness.devstack().faults().crash_after_writes(writes);
        let is_done = case.perform(&harness).await.is_ok();
        harness.devstack().faults().clear();
        harness.end_processes();
        disconnect(&harness).await;
        let when = format!("after a crash after {writes} writes");
        assert_eq!(alive(&harness).await, [""; 0], "{when}");
        harness.wait(HALF_AN_HOUR);
        harness.invoke("check-health", json!({})).await.unwrap();
        let authorization = harness.authorization().await;
        assert!(
            authorization.is_empty() && authorization.cleanup.is_none(),
            "{when}: {authorization:?}"
        );
        assert_eq!(authorization.next_check_at, None, "{when}");
        if is_done {
            assert!(writes > 0, "it writes nothing");
            return;
        }
    }
    panic!("it has not ended after {MANY} writes");
}

async fn disconnect(harness: &Harness) {
    let ended = harness.admin("disconnect", "DELETE", "/authorization", &Value::Null);
    assert_eq!(ended.await.status, 204);
}

/// The tenant's secrets that can be read, and the tokens that are stored.
async fn alive(harness: &Harness) -> Vec<String> {
    let tenant = TenantId::parse(TENANT).unwrap();
    let secrets = [
        SecretName::Installation(tenant.clone()),
        SecretName::Scope(tenant.clone(), Scope::Contacts),
        SecretName::Scope(tenant.clone(), Scope::ExternalContacts),
    ];
    let mut alive = Vec::new();
    for name in secrets {
        if harness.vault().read(&name, None).await.unwrap().is_some() {
            alive.push(format!("{name:?}"));
        }
    }
    let tokens = [
        TokenName::installation(&tenant),
        TokenName::scope(&tenant, Scope::Contacts),
        TokenName::scope(&tenant, Scope::ExternalContacts),
    ];
    for name in tokens {
        if harness.store().token(&name, harness.now()).await.unwrap().is_some() {
            alive.push(format!("{name:?}"));
        }
    }
    alive
}

macro_rules! gives_up {
    ($($test:ident: $case:ident,)*) => {
        /// The cases in which the person gives up.
        pub(super) const GIVEN_UP: &[&str] = &[$(stringify!($case)),*];
        $(
            #[tokio::test]
            async fn $test() {
                leaves_nothing_after_a_crash_and_a_disconnect::<cases::$case>().await;
            }
        )*
    };
}

gives_up! {
    while_coming_back_from_wecom: ComeBack,
    while_installing_again: InstallAgain,
    while_authorizing_again_from_the_market: CreateAuth,
    while_cancelling_an_authorization: CancelAuth,
    while_resetting_the_permanent_code: ResetPermanentCode,
    while_being_given_the_code_of_another_link: CodeOfAnotherLink,
    while_being_assigned_a_claim: AssignClaim,
    while_registering_the_first_secret: FirstSecret,
    while_registering_the_second_secret: SecondSecret,
    while_replacing_a_secret: ReplaceSecret,
    while_disconnecting: Disconnect,
    while_issuing_a_token: IssueToken,
}

#[tokio::test]
async fn a_secret_that_was_restored_and_not_written_does_not_survive_a_disconnect() {
    let harness = Harness::start(false).await;
    let _ = Box::pin(harness.bind_all()).await;
    disconnect(&harness).await;
    harness.install().await;
    harness.devstack().faults().add(
        devstack::Fault::on("PutSecretValue")
            .answer("InternalServiceError")
            .times(99),
    );
    let scope = crate::support::Scope::Contacts;
    harness
        .enter(scope, &harness.secret_of(scope))
        .await
        .refused(503, "temporarily_unavailable");
    harness.devstack().faults().clear();
    disconnect(&harness).await;
    assert_eq!(alive(&harness).await, [""; 0]);
}

/// Registration and disconnect side by side, with a vault that is slow to delete.
#[tokio::test]
async fn a_secret_that_is_registered_during_a_clean_up_is_not_deleted_by_it() {
    let harness = Harness::start(false).await;
    let _ = Box::pin(harness.bind_all()).await;
    harness.devstack().faults().add(
        devstack::Fault::on("DeleteSecret")
            .delay(std::time::Duration::from_millis(700))
            .times(3),
    );
    let (ended, ()) = tokio::join!(
        harness.admin("disconnect", "DELETE", "/authorization", &Value::Null),
        async {
            while harness.state().await["installation"]["status"] != "not_installed" {}
            Box::pin(harness.install()).await;
            harness.register(crate::support::Scope::Contacts).await;
        }
    );
    assert_eq!(ended.status, 204);
    let token = json!({"tenant_id": TENANT, "kind": "contacts"});
    harness.invoke("issue-access-token", token).await.unwrap();
}

#[tokio::test]
async fn a_secret_that_is_missing_in_the_vault_is_a_finding_until_it_is_entered_again() {
    let harness = Harness::start(false).await;
    let _ = Box::pin(harness.bind_all()).await;
    let tenant = TenantId::parse(TENANT).unwrap();
    let name = SecretName::Scope(tenant.clone(), Scope::Contacts);
    harness.vault().delete(&name).await.unwrap();
    harness.vault().delete(&SecretName::Installation(tenant)).await.unwrap();
    let token = json!({"tenant_id": TENANT, "kind": "contacts"});
    let refused = harness.invoke("issue-access-token", token.clone()).await.unwrap_err();
    assert!(refused.contains("steps_missing"), "{refused}");
    harness.sleep(14).await;
    let run = harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!((&run["checked"], &run["failed"]), (&json!(1), &json!(0)));
    let state = harness.state().await;
    let codes: Vec<_> = state["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| &finding["code"])
        .collect();
    assert_eq!(codes, ["permanent_code_missing", "secret_missing"]);
    assert_eq!(
        (&state["health"], &state["next_step"]),
        (&json!("broken"), &json!("contacts_secret"))
    );

    Box::pin(harness.install()).await;
    harness.register(crate::support::Scope::Contacts).await;
    assert_eq!(harness.state().await["findings"], json!([]));
    harness.invoke("issue-access-token", token).await.unwrap();
}
