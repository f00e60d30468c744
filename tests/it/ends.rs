//! Whatever may end has an end, seen by looking at every item of both tables.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use simulator::Fault;

use crate::{
    contract::endpoint::Item,
    faults::harness::{AUTHORIZATION_TABLE, Caller, EVENT_TABLE, Harness, TENANT, member_created},
    support::{Credentials, Scope},
};

/// Items without an end of their own: state, which a disconnect empties, and the audit trail.
const PERMANENT: [&str; 8] = [
    "AUDIT", "CALLBACK", "CORP", "LISTED", "LISTING", "RUN", "SUITE", "TENANT",
];

/// Items that may end; each must have been seen, so that the look at them proves something.
const TEMPORARY: [&str; 10] = [
    "ASSIST",
    "ATTEMPTS",
    "CHECK",
    "CHANGED",
    "CODE",
    "EVENT",
    "REPLAY",
    "STATE",
    "SUITEEVENT",
    "TOKEN",
];

/// The longest that anything is kept: events, for 30 days.
const LONGEST_SECONDS: i64 = 31 * 24 * 3600;

#[tokio::test]
async fn every_item_that_may_end_has_an_end() {
    let harness = Harness::start(false).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    write_every_kind_of_item(&harness, &contacts).await;

    let mut seen = BTreeSet::new();
    for (kind, item) in items(&harness).await {
        let end = item.get("ttl").map(|ttl| ttl.as_n().unwrap().parse::<i64>().unwrap());
        if PERMANENT.contains(&kind.as_str()) {
            assert_eq!(end, None, "{kind} would be deleted");
        } else {
            let end = end.unwrap_or_else(|| panic!("{kind} has no end: {:?}", item.keys()));
            let left = end - harness.now().as_second();
            assert!((1..LONGEST_SECONDS).contains(&left), "{kind} ends in {left} s");
        }
        seen.insert(kind);
    }
    let missing: Vec<_> = TEMPORARY.iter().filter(|kind| !seen.contains(**kind)).collect();
    assert!(missing.is_empty(), "not written by this test: {missing:?}");
}

async fn write_every_kind_of_item(harness: &Harness, contacts: &Credentials) {
    // A large event has parts.
    let name = "企业微信".repeat(350 * 1024 / 12);
    let large = member_created("large").replace("</xml>", &format!("<Name>{name}</Name></xml>"));
    for message in [member_created("small"), large] {
        harness.deliver(contacts, &message).await.with_success();
    }
    harness.stream("publish-events").await.unwrap();
    harness.stream("publish-changes").await.unwrap();
    // A new permanent code, whose exchange is remembered.
    let new_code = simulator::SuiteEventRequest {
        event: Some("reset_permanent_code".to_owned()),
        corp_id: Some(crate::support::CORP.to_owned()),
        silent: true,
        ..simulator::SuiteEventRequest::default()
    };
    let code = harness
        .wecom()
        .send_suite_event(&new_code)
        .await
        .unwrap()
        .auth_code
        .unwrap();
    let rest = format!("<AuthCode><![CDATA[{code}]]></AuthCode>");
    harness.suite_event_arrives("reset_permanent_code", &rest).await;
    harness.stream("process-suite-event").await.unwrap();
    issue_every_token(harness).await;
    harness
        .admin("check-authorization", "POST", "/authorization/check", &Value::Null)
        .await
        .with_status(200);
    crate::replays::start(harness, Caller::Admin(TENANT), &json!({"per_minute": 1}))
        .await
        .with_status(202);
    let scope = json!({"scope": "contacts"});
    let link = harness.admin("share-credentials", "POST", "/authorization/assist-links", &scope);
    link.await.with_status(201);
    // A mistake, and then a ban.
    harness
        .enter(Scope::Contacts, "mistyped-0123456789")
        .await
        .refused(422, "secret_rejected");
    harness.wecom().add_faults([Fault {
        path: Some("/cgi-bin/gettoken".to_owned()),
        errcode: Some(45009),
        ..Fault::default()
    }]);
    let banned = harness
        .enter(Scope::Contacts, &harness.secret_of(Scope::Contacts))
        .await;
    assert_eq!(banned.status, 503, "{}", banned.text());
}

#[tokio::test]
async fn after_a_disconnect_no_token_of_the_tenant_is_in_the_table() {
    let harness = Harness::start(false).await;
    let _ = Box::pin(harness.bind_all()).await;
    issue_every_token(&harness).await;
    let tokens = async || {
        let tokens = items(&harness).await.into_iter().filter(|(kind, _)| kind == "TOKEN");
        let names = tokens.map(|(_, item)| item["pk"].as_s().unwrap().clone());
        names.filter(|name| name.contains(TENANT)).collect::<BTreeSet<_>>()
    };
    assert_eq!(tokens().await.len(), 3);
    let ended = harness
        .admin("disconnect", "DELETE", "/authorization", &Value::Null)
        .await;
    assert_eq!(ended.status, 204);
    assert_eq!(tokens().await, BTreeSet::new());
}

async fn issue_every_token(harness: &Harness) {
    for kind in ["contacts", "external_contacts", "installation"] {
        let input = json!({"tenant_id": TENANT, "kind": kind});
        harness.invoke("issue-access-token", input).await.unwrap();
    }
}

/// Every item of both tables, with its kind: what its key begins with, or `EVENT`.
async fn items(harness: &Harness) -> Vec<(String, Item)> {
    let mut items = Vec::new();
    for table in [AUTHORIZATION_TABLE, EVENT_TABLE] {
        let scan = harness.dynamodb().scan().table_name(table).consistent_read(true);
        let mut found = scan.into_paginator().items().send();
        while let Some(item) = found.next().await {
            let item = item.unwrap();
            let key = item.get("pk").map(AttributeValue::as_s).transpose().unwrap();
            let kind = key.map_or("EVENT", |key| key.split('#').next().unwrap()).to_owned();
            items.push((kind, item));
        }
    }
    items
}
