//! Read units of the operators' routes: the same however many tenants there are.
//!
//! To measure with more of them, and to see the times, which are those of this machine and of a build for tests:
//! `LISTED_TENANTS=100000 CARGO_PROFILE_RELEASE_LTO=off cargo nextest run --release --locked --package tests --no-capture -E 'test(/operators_cost/)'`.

use std::time::{Duration, Instant};

use wecom_authorization::{
    authorization::{Finding, Health, Listing},
    ids::{CallbackId, CorpId, TenantId},
};

use crate::{
    faults::harness::{AUTHORIZATION_TABLE, Harness, TENANT},
    operators::listing,
};

/// Requests of each route, to have a median and a 99th percentile.
const REQUESTS: usize = 100;

#[expect(
    clippy::disallowed_methods,
    reason = "a test's own switch, not a function's configuration"
)]
fn tenants() -> usize {
    std::env::var("LISTED_TENANTS").map_or(240, |number| number.parse().unwrap())
}

/// A row of the usual size; one in twenty is broken.
fn row(number: usize) -> Listing {
    let health = if number.is_multiple_of(20) {
        Health::Broken
    } else {
        Health::Ok
    };
    let id = |first: char| CallbackId::parse(&format!("{first}{number:031}")).unwrap();
    let findings = (health == Health::Broken).then(|| -> Finding {
        serde_json::from_value(serde_json::json!({
            "code": "secret_rejected", "scope": "contacts", "severity": "error", "since": "2026-11-22T15:42:25Z"
        }))
        .unwrap()
    });
    Listing {
        findings: findings.into_iter().collect(),
        corp_id: Some(CorpId::parse(&format!("wpYunFanAAq7Zk3Xb9Tn5{number:08}")).unwrap()),
        callback_ids: vec![id('a'), id('b')],
        ..listing(number, health)
    }
}

/// Read units that the authorization table would charge for a request, and how long the requests took, the shortest first.
async fn measure(harness: &Harness, path: &str, requests: usize) -> (f64, Vec<Duration>) {
    harness.devstack().measure_capacity();
    let mut times = Vec::new();
    for _ in 0..requests {
        let started = Instant::now();
        harness.operator("read-tenants", "GET", path).await.with_status(200);
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let consumed = harness.devstack().consumed();
    let reads = ["GetItem", "Query", "BatchGetItem", "Scan"];
    let reads = consumed.iter().filter(|one| reads.contains(&one.operation.as_str()));
    let units: f64 = reads.map(|one| one.of_table + one.of_indexes).sum();
    (units / f64::from(u32::try_from(requests).unwrap()), times)
}

/// Measures a route, and prints it. Answers the read units of a request.
async fn report(harness: &Harness, name: &str, path: &str, tenants: usize) -> f64 {
    let requests = if tenants > 1_000 { REQUESTS } else { 1 };
    let (units, times) = measure(harness, path, requests).await;
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    println!(
        "{tenants} tenants, {name}: {units} read units, p50 {:?}, p99 {:?}",
        at(50),
        at(99)
    );
    units
}

#[tokio::test]
async fn the_operators_routes_cost_the_same_however_many_tenants_there_are() {
    let harness = Harness::start(false).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    harness.stream("publish-changes").await.unwrap();
    let bound = harness
        .store()
        .authorization(&TenantId::parse(TENANT).unwrap())
        .await
        .unwrap();
    let corp = bound.installation.unwrap().corp_id;
    let callback = contacts.url.rsplit('/').next().unwrap();
    let (store, tenants) = (harness.store(), tenants());
    let routes = [
        ("a page of 50", "/operator/tenants?limit=50".to_owned()),
        ("broken", "/operator/tenants?health=broken&limit=50".to_owned()),
        (
            "with a finding",
            "/operator/tenants?finding=secret_rejected&limit=50".to_owned(),
        ),
        ("a tenant's id", "/operator/tenants?query=tenant-77".to_owned()),
        ("a corporation", format!("/operator/tenants?corp={corp}")),
        ("a callback", format!("/operator/tenants?query={callback}")),
        ("one tenant", format!("/operator/tenants/{TENANT}")),
        ("summary", "/operator/summary".to_owned()),
        ("claims", "/operator/claims".to_owned()),
    ];
    let mut half = Vec::new();
    harness.end_stream(AUTHORIZATION_TABLE).await;
    for number in 0..tenants {
        if number == tenants / 2 {
            for (_, path) in &routes {
                half.push(measure(&harness, path, 1).await.0);
            }
        }
        assert!(store.put_listing(None, &row(number)).await.unwrap());
    }
    for ((name, path), half) in routes.iter().zip(half) {
        let units = report(&harness, name, path, tenants).await;
        // Rows differ in size: a broken one has a finding.
        assert!(
            units <= half + 1.0,
            "{name}: {half} with half of the tenants, {units} now"
        );
    }
    // What a text may be a part of is searched for in all rows, 8 MB of them a page.
    report(
        &harness,
        "a part of a name",
        "/operator/tenants?query=enant-77&limit=50",
        tenants,
    )
    .await;
}
