//! A snapshot of what is stored, without random values and times, so that two runs of one operation can be compared.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};
use wecom_authorization::{ids::TenantId, store::SecretName};

use super::harness::{AUTHORIZATION_TABLE, EVENT_TABLE, Harness, PREFIX, TENANT, ours};
use crate::support::{CORP, Scope};

/// The kinds of items whose number is compared.
const COUNTED: [&str; 8] = [
    "TENANT", "CORP", "CALLBACK", "SUITE", "CHANGED", "LISTING", "LISTED", "CLAIM",
];

/// Takes the snapshot after every stream has been read.
pub(crate) async fn snapshot(harness: &Harness) -> Value {
    for function in ["process-suite-event", "publish-events", "publish-changes"] {
        // First the records that were fetched before, then the new ones.
        harness.stream(function).await.unwrap();
        harness.stream(function).await.unwrap();
    }
    json!({
        "state": masked(harness.state().await),
        "items": items(harness).await,
        "events": events(harness).await,
        "secrets": secrets(harness).await,
        "in_force": in_force(harness).await,
        "sealing_key": sealing_key(harness).await,
    })
}

/// Replaces times and random ids by a description.
fn masked(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, masked(value))).collect(),
        Value::Array(values) => values.into_iter().map(masked).collect(),
        Value::String(text) if text.parse::<jiff::Timestamp>().is_ok() => json!("a time"),
        Value::String(text) => match text.rsplit_once('/') {
            Some((base, id)) if id.len() == 32 => json!(format!("{base}/an id")),
            _ => Value::String(text),
        },
        other => other,
    }
}

/// Number of items of each kind.
async fn items(harness: &Harness) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<String, usize> = COUNTED.map(|kind| (kind.to_owned(), 0)).into();
    let mut pages = harness
        .dynamodb()
        .scan()
        .table_name(AUTHORIZATION_TABLE)
        .into_paginator()
        .items()
        .send();
    while let Some(item) = pages.next().await {
        let item = item.unwrap();
        let kind = item["pk"].as_s().unwrap().split('#').next().unwrap();
        if let Some(count) = counts.get_mut(kind) {
            *count += 1;
        }
    }
    counts
}

/// The stored events, with how often each was repeated.
async fn events(harness: &Harness) -> BTreeMap<String, Value> {
    let mut events = BTreeMap::new();
    let mut pages = harness
        .dynamodb()
        .scan()
        .table_name(EVENT_TABLE)
        .into_paginator()
        .items()
        .send();
    while let Some(item) = pages.next().await {
        let item = item.unwrap();
        if let Some(payload) = item.get("payload").filter(|_| item.contains_key("event")) {
            let payload = payload.as_s().unwrap().chars().take(300).collect();
            let repeated = item["duplicates"].as_n().unwrap();
            let twice = events.insert(payload, json!({ "duplicates": repeated }));
            assert_eq!(twice, None, "one event is stored twice");
        }
    }
    events
}

/// The secrets, those of further bindings without their random ids, with whether each is scheduled for deletion.
async fn secrets(harness: &Harness) -> BTreeMap<String, bool> {
    let listed = harness
        .secrets()
        .list_secrets()
        .include_planned_deletion(true)
        .send()
        .await
        .unwrap();
    let secrets = listed.secret_list.unwrap_or_default().into_iter();
    let is_id = |part: &str| part.len() == 32 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    secrets
        .map(|secret| {
            let name = secret.name.unwrap();
            let parts: Vec<_> = name
                .split('/')
                .map(|part| if is_id(part) { "an id" } else { part })
                .collect();
            (parts.join("/"), secret.deleted_date.is_some())
        })
        .collect()
}

/// Number of keys of the current ring, and of rotations that are not finished.
async fn sealing_key(harness: &Harness) -> Value {
    let ring = harness
        .vault()
        .read(&SecretName::SealingKey, None)
        .await
        .unwrap()
        .unwrap();
    let ring: Value = serde_json::from_str(ring.expose_secret()).unwrap();
    let name = format!("{PREFIX}/sealing-key");
    let described = harness
        .secrets()
        .describe_secret()
        .secret_id(name)
        .send()
        .await
        .unwrap();
    let versions = described.version_ids_to_stages.unwrap();
    let has = |labels: &[String], label: &str| labels.iter().any(|other| other == label);
    let waiting = versions
        .values()
        .filter(|labels| has(labels, "AWSPENDING") && !has(labels, "AWSCURRENT"));
    json!({"keys": ring["keys"].as_object().unwrap().len(), "waiting": waiting.count()})
}

/// Whether the secrets that the records point to are those that WeCom accepts.
async fn in_force(harness: &Harness) -> BTreeMap<String, bool> {
    let tenant = TenantId::parse(TENANT).unwrap();
    let authorization = harness.authorization().await;
    let corporation = harness
        .wecom()
        .state()
        .corps
        .into_iter()
        .find(|corp| corp.corp_id == CORP)
        .unwrap();
    let read = async |name: SecretName, version: &str| {
        let secret = harness.vault().read(&name, Some(version)).await.unwrap();
        secret.map(|secret| secret.expose_secret().to_owned())
    };
    let mut in_force = BTreeMap::new();
    if let Some(installation) = authorization.present() {
        let kept = read(SecretName::Installation(tenant.clone()), &installation.version_id).await;
        let kept: Option<Value> = kept.map(|text| serde_json::from_str(&text).unwrap());
        let code = kept.map(|kept| kept["permanent_code"].as_str().unwrap().to_owned());
        let wanted = corporation.installation.map(|installation| installation.permanent_code);
        in_force.insert("installation".to_owned(), code.is_some() && code == wanted);
    }
    for scope in Scope::ALL {
        if let Some(secret) = &authorization.scope(ours(scope)).secret {
            let kept = read(SecretName::Scope(tenant.clone(), ours(scope)), &secret.version_id).await;
            in_force.insert(scope.slug().to_owned(), kept == Some(harness.secret_of(scope)));
        }
    }
    in_force
}

/// Fails if two snapshots differ, except in fields whose path has one of these endings.
#[track_caller]
pub(crate) fn assert_alike(seen: &Value, expected: &Value, may_differ: &[&str], when: &str) {
    let mut differences = Vec::new();
    compare("", seen, expected, &mut differences);
    differences.retain(|(path, _)| !may_differ.iter().any(|end| path.ends_with(end)));
    let differing: Vec<_> = differences
        .into_iter()
        .map(|(path, words)| format!("{path}: {words}"))
        .collect();
    assert!(differing.is_empty(), "{when}:\n{}", differing.join("\n"));
}

fn compare(path: &str, seen: &Value, expected: &Value, differences: &mut Vec<(String, String)>) {
    let (Value::Object(seen_fields), Value::Object(expected_fields)) = (seen, expected) else {
        if seen != expected {
            differences.push((path.to_owned(), format!("{seen} instead of {expected}")));
        }
        return;
    };
    let names: BTreeSet<_> = seen_fields.keys().chain(expected_fields.keys()).collect();
    for name in names {
        let of = |fields: &Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
        compare(
            &format!("{path}/{name}"),
            &of(seen_fields),
            &of(expected_fields),
            differences,
        );
    }
}
