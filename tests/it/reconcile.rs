//! Secrets that are in Secrets Manager although no record names them.

use serde_json::{Value, json};
use wecom_authorization::{
    audit::Actor, clock::SystemClock, context::Context, entropy::SystemEntropy, ids::TenantId, steps::ReconcileSecrets,
    store::SecretName,
};

use crate::{
    faults::harness::{AUTHORIZATION_TABLE, Harness, PREFIX, TENANT, ours},
    support::Scope,
};

/// Writes a secret as a defect or a hand would: no record knows of it.
pub(crate) async fn leave_behind(harness: &Harness, name: &SecretName) {
    let value = "left-behind-0123456789".to_owned().into();
    harness.vault().put(name, &value).await.unwrap();
}

fn contacts_of(tenant: &str) -> SecretName {
    SecretName::Scope(TenantId::parse(tenant).unwrap(), ours(Scope::Contacts))
}

async fn reconcile(harness: &Harness) -> Value {
    harness.invoke("reconcile-secrets", json!({})).await.unwrap()
}

async fn check_health(harness: &Harness) {
    let run = harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!(run["failed"], 0, "{run}");
}

async fn is_readable(harness: &Harness, name: &SecretName) -> bool {
    harness.vault().read(name, None).await.unwrap().is_some()
}

#[tokio::test]
async fn a_secret_that_nobody_owns_is_scheduled_for_deletion_once_it_is_an_hour_old() {
    let harness = Harness::start(false).await;
    let left = [
        SecretName::Installation(TenantId::parse("gone").unwrap()),
        contacts_of("gone"),
        contacts_of(TENANT),
    ];
    for name in &left {
        leave_behind(&harness, name).await;
    }
    assert_eq!(
        reconcile(&harness).await,
        json!({"compared": 0, "orphaned": 0, "failed": 0})
    );
    harness.wait(3601);
    assert_eq!(
        reconcile(&harness).await,
        json!({"compared": 3, "orphaned": 3, "failed": 0})
    );
    // What is planned already is not found again.
    assert_eq!(
        reconcile(&harness).await,
        json!({"compared": 3, "orphaned": 0, "failed": 0})
    );
    check_health(&harness).await;
    for name in &left {
        assert!(!is_readable(&harness, name).await, "{name:?}");
    }
    let described = harness.secrets().describe_secret();
    let described = described
        .secret_id(format!("{PREFIX}/gone/contacts"))
        .send()
        .await
        .unwrap();
    assert!(described.deleted_date().is_some(), "it can be restored for seven days");
    let authorization = harness.authorization().await;
    assert_eq!((authorization.cleanup, authorization.next_check_at), (None, None));
    assert_eq!(
        reconcile(&harness).await,
        json!({"compared": 0, "orphaned": 0, "failed": 0})
    );
}

#[tokio::test]
async fn what_is_in_use_and_what_belongs_to_others_is_left_alone() {
    let harness = Harness::start(false).await;
    let _ = Box::pin(harness.bind_all()).await;
    for name in [
        format!("{PREFIX}-2/acme/contacts"),
        format!("{PREFIX}/acme/notes"),
        "acme/contacts".to_owned(),
    ] {
        let created = harness.secrets().create_secret().name(name).secret_string("another's");
        created.send().await.unwrap();
    }
    harness.sleep(2).await;
    harness.devstack().clear_journal();
    assert_eq!(
        reconcile(&harness).await,
        json!({"compared": 3, "orphaned": 0, "failed": 0})
    );
    let writes = harness
        .journal()
        .into_iter()
        .filter(|entry| entry.action == "dynamodb:PutItem");
    assert_eq!(writes.count(), 0, "a run that finds nothing writes nothing");
}

/// The Secret was left behind long ago, and is entered again just now.
#[tokio::test]
async fn a_secret_that_is_being_registered_is_not_an_orphan() {
    let harness = Harness::start(false).await;
    harness.install().await;
    leave_behind(&harness, &contacts_of(TENANT)).await;
    harness.sleep(2).await;
    let failing = devstack::Fault::on("PutSecretValue")
        .answer("InternalServiceError")
        .times(99);
    harness.devstack().faults().add(failing);
    let entered = harness
        .enter(Scope::Contacts, &harness.secret_of(Scope::Contacts))
        .await;
    entered.refused(503, "temporarily_unavailable");
    harness.devstack().faults().clear();
    let run = reconcile(&harness).await;
    assert_eq!((&run["compared"], &run["orphaned"]), (&json!(2), &json!(0)), "{run}");
    harness.register(Scope::Contacts).await;
    check_health(&harness).await;
    let token = json!({"tenant_id": TENANT, "kind": "contacts"});
    harness.invoke("issue-access-token", token).await.unwrap();
}

/// The deletion is planned, and before it is carried out the admin enters the Secret.
#[tokio::test]
async fn a_secret_that_is_registered_after_it_was_found_is_kept() {
    let harness = Harness::start(false).await;
    harness.install().await;
    leave_behind(&harness, &contacts_of(TENANT)).await;
    harness.sleep(2).await;
    assert_eq!(reconcile(&harness).await["orphaned"], 1);
    harness.register(Scope::Contacts).await;
    check_health(&harness).await;
    let token = json!({"tenant_id": TENANT, "kind": "contacts"});
    harness.invoke("issue-access-token", token).await.unwrap();
    assert_eq!(harness.state().await["findings"], json!([]));
}

#[tokio::test]
async fn every_page_is_looked_at_and_a_record_that_cannot_be_read_ends_no_run() {
    let harness = Harness::start(false).await;
    for number in 0..101 {
        leave_behind(&harness, &contacts_of(&format!("gone-{number}"))).await;
    }
    leave_behind(&harness, &contacts_of("poison")).await;
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let poison = harness.dynamodb().put_item().table_name(AUTHORIZATION_TABLE);
    let poison = poison
        .item("pk", text("TENANT#poison"))
        .item("sk", text("AUTHORIZATION"));
    poison.item("tenant_id", text("poison")).send().await.unwrap();
    harness.sleep(2).await;
    assert_eq!(
        reconcile(&harness).await,
        json!({"compared": 102, "orphaned": 101, "failed": 1})
    );
}

#[tokio::test]
async fn a_run_without_time_fails_instead_of_claiming_that_it_compared_everything() {
    let harness = Harness::start(false).await;
    let (store, vault) = (harness.store(), harness.vault());
    let actor = Actor::system();
    let context = Context {
        actor: &actor,
        clock: &SystemClock,
        entropy: &SystemEntropy,
    };
    let step = ReconcileSecrets {
        store: &store,
        vault: &vault,
    };
    assert!(step.run(harness.now(), context).await.is_err());
}
