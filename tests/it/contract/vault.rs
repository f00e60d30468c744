//! Secrets: written whole, the version before kept, and back after a deletion.

use std::collections::BTreeSet;

use devstack::Fault;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use wecom_authorization::{
    ids::{Scope, SuiteId},
    store::{SecretName, SecretsManager, SuiteVault},
};

use super::{
    endpoint::{Endpoint, at_once},
    samples::tenant,
};

fn name() -> SecretName {
    SecretName::Scope(tenant("acme"), Scope::Contacts)
}

async fn put(endpoint: &Endpoint, value: &str) -> String {
    endpoint.vault().put(&name(), &SecretString::from(value)).await.unwrap()
}

async fn read(endpoint: &Endpoint, version_id: Option<&str>) -> Option<String> {
    let read = endpoint.vault().read(&name(), version_id).await.unwrap();
    read.map(|secret| secret.expose_secret().to_owned())
}

#[tokio::test]
async fn what_was_put_reads_back_by_its_version_and_as_the_newest() {
    let endpoint = Endpoint::any().await;
    assert_eq!(read(&endpoint, None).await, None);
    let first = put(&endpoint, "one").await;
    assert_eq!(read(&endpoint, None).await.as_deref(), Some("one"));
    let second = put(&endpoint, "two").await;
    assert_ne!(first, second);
    assert_eq!(read(&endpoint, None).await.as_deref(), Some("two"));
    assert_eq!(read(&endpoint, Some(&second)).await.as_deref(), Some("two"));
    let before = read(&endpoint, Some(&first)).await;
    assert_eq!(before.as_deref(), Some("one"), "the version before is kept");
    let same = put(&endpoint, "two").await;
    assert_ne!(same, second, "the same value is a new version");
    let unknown = "00000000-0000-0000-0000-000000000000";
    assert_eq!(read(&endpoint, Some(unknown)).await, None);
}

/// Attempts that died before their record was written leave versions that nothing points at; the record's own stays readable.
#[tokio::test]
async fn a_version_is_readable_however_many_came_after_it() {
    let endpoint = Endpoint::any().await;
    let first = put(&endpoint, "the one in force").await;
    for later in 0..10 {
        put(&endpoint, &later.to_string()).await;
    }
    assert_eq!(read(&endpoint, Some(&first)).await.as_deref(), Some("the one in force"));
}

#[tokio::test]
async fn every_name_and_every_prefix_is_a_secret_of_its_own() {
    let endpoint = Endpoint::any().await;
    let names = [
        SecretName::Installation(tenant("acme")),
        SecretName::Installation(tenant("rival")),
        SecretName::Scope(tenant("acme"), Scope::Contacts),
        SecretName::Scope(tenant("acme"), Scope::ExternalContacts),
        SecretName::Suite,
        SecretName::AnotherSuite(SuiteId::parse("ww5a2b").unwrap()),
        SecretName::Scope(tenant("suite"), Scope::Contacts),
        SecretName::SealingKey,
    ];
    for (number, name) in names.iter().enumerate() {
        let value = SecretString::from(number.to_string());
        endpoint.vault().put(name, &value).await.unwrap();
    }
    let elsewhere = SecretsManager::new(endpoint.secrets.clone(), format!("{}-b", endpoint.prefix));
    for (number, name) in names.iter().enumerate() {
        let value = endpoint.vault().read(name, None).await.unwrap().unwrap();
        assert_eq!(value.expose_secret(), number.to_string());
        assert!(elsewhere.read(name, None).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_is_not_there_can_be_deleted_and_is_not_made() {
    let endpoint = Endpoint::any().await;
    assert!(!endpoint.vault().delete(&name()).await.unwrap());
    assert_eq!(read(&endpoint, None).await, None);
    put(&endpoint, "one").await;
    assert_eq!(read(&endpoint, None).await.as_deref(), Some("one"));
}

#[tokio::test]
async fn a_deleted_secret_is_gone_until_it_is_put_again() {
    let endpoint = Endpoint::any().await;
    for round in ["one", "two"] {
        let before = put(&endpoint, round).await;
        for _ in 0..2 {
            assert!(endpoint.vault().delete(&name()).await.unwrap(), "it is scheduled");
        }
        assert_eq!(read(&endpoint, None).await, None);
        assert_eq!(read(&endpoint, Some(&before)).await, None);
        let after = put(&endpoint, "again").await;
        assert_eq!(read(&endpoint, None).await.as_deref(), Some("again"));
        assert_eq!(read(&endpoint, Some(&after)).await.as_deref(), Some("again"));
        assert_eq!(read(&endpoint, Some(&before)).await.as_deref(), Some(round));
    }
}

/// Two admins enter the first Secret at once, and each must get a version to point at.
#[tokio::test]
async fn fifty_who_put_the_first_version_at_once_each_get_one_that_is_theirs() {
    let endpoint = Endpoint::any().await;
    let versions = at_once(50, |writer| {
        let vault = endpoint.vault();
        async move {
            let value = SecretString::from(writer.to_string());
            vault.put(&name(), &value).await.unwrap()
        }
    });
    let versions = versions.await;
    let distinct: BTreeSet<_> = versions.iter().collect();
    assert_eq!(distinct.len(), 50);
    let newest = read(&endpoint, None).await.unwrap();
    let newest: usize = newest.parse().unwrap();
    let labelled = read(&endpoint, Some(&versions[newest])).await;
    assert_eq!(labelled, Some(newest.to_string()));
}

#[tokio::test]
async fn fifty_who_bring_a_deleted_secret_back_all_succeed() {
    let endpoint = Endpoint::any().await;
    put(&endpoint, "before").await;
    endpoint.vault().delete(&name()).await.unwrap();
    let versions = at_once(50, |writer| {
        let vault = endpoint.vault();
        async move {
            let value = SecretString::from(writer.to_string());
            vault.put(&name(), &value).await.unwrap()
        }
    });
    assert_eq!(versions.await.len(), 50);
    assert!(read(&endpoint, None).await.is_some());
}

/// Secrets Manager refuses to restore a secret that is not scheduled for deletion, at least as two of three emulators have it.
#[tokio::test]
async fn a_secret_that_somebody_else_restored_meanwhile_is_written() {
    let endpoint = Endpoint::ours().await;
    put(&endpoint, "before").await;
    for operation in ["PutSecretValue", "RestoreSecret"] {
        let refused = Fault::on(operation).answer("InvalidRequestException").times(1);
        endpoint.faults().add(refused);
    }
    put(&endpoint, "after").await;
    assert_eq!(read(&endpoint, None).await.as_deref(), Some("after"));
}

async fn put_suite(endpoint: &Endpoint, token: &str) {
    let suite = json!({
        "suite_id": "ww3f2a", "suite_secret": "s", "token": token,
        "encoding_aes_key": "A".repeat(43), "provider_corp_id": "ww8d5e", "provider_secret": "p",
    });
    let suite = SecretString::from(suite.to_string());
    endpoint.vault().put(&SecretName::Suite, &suite).await.unwrap();
}

#[tokio::test]
async fn the_suites_secret_is_read_again_on_demand_but_not_for_every_forged_request() {
    let endpoint = Endpoint::ours().await;
    put_suite(&endpoint, "before").await;
    let suites = SuiteVault::new(endpoint.vault());
    let token = async |now: Timestamp| suites.suite(now).await.unwrap().credentials.token.expose().to_owned();
    assert_eq!(token(endpoint.now).await, "before");
    put_suite(&endpoint, "after").await;
    let suite = suites.suite(endpoint.now).await.unwrap();
    for _ in 0..100 {
        assert!(suites.reload(&suite, endpoint.at_second(9)).await.unwrap().is_none());
    }
    assert_eq!(endpoint.secret_reads(), 1);

    assert_eq!(token(endpoint.at_second(10)).await, "before");
    let reloaded = suites.reload(&suite, endpoint.at_second(10)).await.unwrap().unwrap();
    assert_eq!(reloaded.credentials.token.expose(), "after");
    assert!(suites.reload(&suite, endpoint.at_second(19)).await.unwrap().is_none());
    assert_eq!(token(endpoint.at_second(19)).await, "after");
    assert_eq!(endpoint.secret_reads(), 2);
}

#[tokio::test]
async fn a_changed_suites_secret_is_noticed_within_five_minutes() {
    let endpoint = Endpoint::ours().await;
    put_suite(&endpoint, "before").await;
    let suites = SuiteVault::new(endpoint.vault());
    let token = async |now: Timestamp| suites.suite(now).await.unwrap().credentials.token.expose().to_owned();
    assert_eq!(token(endpoint.now).await, "before");
    put_suite(&endpoint, "after").await;
    assert_eq!(token(endpoint.at_second(299)).await, "before");
    assert_eq!(token(endpoint.at_second(300)).await, "after");
}

#[tokio::test]
async fn each_suite_is_read_from_its_own_secret_and_one_that_is_not_configured_from_none() {
    let endpoint = Endpoint::ours().await;
    put_suite(&endpoint, "first").await;
    let [other, unknown, first] = ["ww5a2b", "ww0000", "ww3f2a"].map(|id| SuiteId::parse(id).unwrap());
    let suites = SuiteVault::new(endpoint.vault()).with_others(std::slice::from_ref(&other));
    let put_other = async |suite_id: &str| {
        let suite = json!({
            "suite_id": suite_id, "suite_secret": "s", "token": "other", "test": true,
            "encoding_aes_key": "A".repeat(43), "provider_corp_id": "ww8d5e", "provider_secret": "p",
        });
        let name = SecretName::AnotherSuite(other.clone());
        endpoint
            .vault()
            .put(&name, &SecretString::from(suite.to_string()))
            .await
            .unwrap();
    };
    // Its tickets would be stored under the id of another one.
    put_other("ww3f2a").await;
    assert!(suites.named(Some(&other), endpoint.now).await.is_err());
    put_other("ww5a2b").await;
    let named = async |id: Option<&SuiteId>| {
        let suite = suites.named(id, endpoint.now).await.unwrap();
        suite.map(|suite| (suite.credentials.token.expose().to_owned(), suite.test, suite.is_first))
    };
    for id in [None, Some(&first)] {
        assert_eq!(named(id).await, Some(("first".to_owned(), false, true)));
    }
    assert_eq!(named(Some(&other)).await, Some(("other".to_owned(), true, false)));
    let reads = endpoint.secret_reads();
    assert_eq!(named(Some(&unknown)).await, None);
    assert_eq!(endpoint.secret_reads(), reads);
    // What has changed since is read from the same secret.
    let suite = suites.named(Some(&other), endpoint.now).await.unwrap().unwrap();
    let reloaded = suites.reload(&suite, endpoint.at_second(10)).await.unwrap().unwrap();
    assert_eq!(reloaded.suite_id, "ww5a2b");
}
