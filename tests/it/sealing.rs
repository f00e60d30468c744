//! The sealing key is rotated: nothing is refused because of it, what is sealed opens for ever, and a key goes when nothing
//! needs it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use devstack::Fault;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use wecom_authorization::{
    authorization::{Callback, Generation, Retired},
    store::{Change, SecretName},
};

use crate::{
    faults::harness::{AUTHORIZATION_TABLE, Harness, PREFIX, ROTATION_STEPS, TENANT, member_created, ours},
    support::{Credentials, Scope},
};

/// Longer than a new key is known before it is used.
const A_DAY: i64 = 25;
/// Until a rotation may drop the keys that the one before has replaced.
const NINE_DAYS: i64 = 9 * 24;

/// A harness with the key that Secrets Manager draws at the first deployment.
async fn deployed() -> Harness {
    let drawn = SecretString::from("aB3dE6gH9jK2mN5pQ8sT1vW4yZ7".repeat(3)[..64].to_owned());
    Harness::with_key_ring(false, &drawn).await
}

async fn ring(harness: &Harness) -> Value {
    let ring = harness.vault().read(&SecretName::SealingKey, None).await.unwrap();
    serde_json::from_str(ring.unwrap().expose_secret()).unwrap()
}

async fn primary(harness: &Harness) -> String {
    ring(harness).await["primary"].as_str().unwrap().to_owned()
}

async fn keys(harness: &Harness) -> BTreeSet<String> {
    ring(harness).await["keys"]
        .as_object()
        .unwrap()
        .keys()
        .filter(|id| *id != "callback-ids")
        .cloned()
        .collect()
}

async fn callback(harness: &Harness, scope: Scope) -> Callback {
    let authorization = harness.authorization().await;
    let id = authorization.scope(ours(scope)).callback_id.clone().unwrap();
    harness.store().callback(&id).await.unwrap().unwrap()
}

/// The keys that a callback's generations are sealed under.
async fn sealed_under(harness: &Harness, scope: Scope) -> BTreeSet<String> {
    let callback = callback(harness, scope).await;
    let key = |sealed: &str| sealed.split_once('.').unwrap().0.to_owned();
    callback
        .generations()
        .map(|generation| key(&generation.sealed))
        .collect()
}

/// Number of times a function has read the ring since the journal was cleared.
fn reads(harness: &Harness, function: &str) -> usize {
    let journal = harness.journal().into_iter();
    let of_function = journal.filter(|entry| entry.access_key.as_deref() == Some(function));
    of_function
        .filter(|entry| entry.resource == format!("{PREFIX}/sealing-key"))
        .count()
}

/// WeCom checks the URL and delivers an event.
async fn goes_on(harness: &Harness, credentials: &Credentials, member: &str) {
    harness.check(credentials).await.with_echo();
    harness
        .deliver(credentials, &member_created(member))
        .await
        .with_success();
}

/// The items of the table of states whose key has this kind.
async fn items(harness: &Harness, kind: &str) -> Vec<BTreeMap<String, String>> {
    let scan = harness.dynamodb().scan().table_name(AUTHORIZATION_TABLE);
    let items = scan.send().await.unwrap().items.unwrap_or_default();
    let texts = items.into_iter().map(|item| {
        let texts = item
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_s().ok()?.clone())));
        texts.collect::<BTreeMap<_, _>>()
    });
    texts.filter(|item| item["pk"].starts_with(kind)).collect()
}

async fn issue(harness: &Harness, kind: &str, rejected: Option<&str>) -> String {
    let mut input = json!({"tenant_id": TENANT, "kind": kind});
    if let Some(rejected) = rejected {
        input["rejected_access_token"] = rejected.into();
    }
    let issued = harness.invoke("issue-access-token", input).await.unwrap();
    issued["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn tickets_and_access_tokens_are_stored_sealed_each_for_its_place() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let mut issued = Vec::new();
    for kind in ["contacts", "external_contacts", "installation"] {
        issued.push(issue(&harness, kind, None).await);
    }
    let (tokens, tickets) = (items(&harness, "TOKEN#").await, items(&harness, "SUITE#").await);
    assert_eq!(
        (tokens.len(), tickets.len()),
        (5, 1),
        "three of the tenant, the suite's, the provider's"
    );
    for item in tokens.iter().chain(&tickets) {
        assert!(item.contains_key("sealed"), "{item:?}");
        assert!(!item.contains_key("token") && !item.contains_key("ticket"), "{item:?}");
        for token in &issued {
            assert!(!item.values().any(|value| value.contains(token)), "{item:?}");
        }
    }
    // Other processes open them.
    harness.end_processes();
    assert_eq!(issue(&harness, "contacts", None).await, issued[0]);
    // Moved to another place, it is not issued: WeCom is asked for another.
    let of = |end: &str| tokens.iter().find(|item| item["pk"].ends_with(end)).unwrap();
    let moved = of("/external_contacts")["sealed"].clone();
    put_attribute(&harness, of("/contacts"), "sealed", &moved).await;
    assert_ne!(issue(&harness, "contacts", None).await, issued[1]);
}

/// Of an earlier version's plain ones there are samples in `events/process-suite-event`.
#[tokio::test]
async fn an_event_of_the_suite_is_stored_sealed_for_its_place_and_acted_upon() {
    let harness = Harness::start(false).await;
    harness.install().await;
    let ticket = "a-ticket-that-nobody-may-read";
    let rest = format!("<SuiteTicket>{ticket}</SuiteTicket>");
    harness.suite_event_arrives("suite_ticket", &rest).await;
    let events = items(&harness, "SUITEEVENT#").await;
    assert!(!events.is_empty());
    for item in &events {
        assert!(item.contains_key("sealed") && !item.contains_key("payload"), "{item:?}");
        assert!(!item.values().any(|value| value.contains(ticket)), "{item:?}");
    }
    // Another process opens it.
    harness.end_processes();
    let stored = async || items(&harness, "SUITE#").await[0]["sealed"].clone();
    let before = stored().await;
    harness.stream("process-suite-event").await.unwrap();
    assert_ne!(stored().await, before);

    // Moved to another place it does not open, and is redelivered.
    harness
        .suite_event_arrives("change_auth", "<AuthCorpId>wpA</AuthCorpId>")
        .await;
    harness.fetch("process-suite-event").await;
    let mut batch = harness.batch("process-suite-event");
    batch[0]["dynamodb"]["NewImage"]["sealed"]["S"] = events[0]["sealed"].clone().into();
    harness.hand_in_again("process-suite-event", batch);
    harness.stream("process-suite-event").await.unwrap_err();
}

#[tokio::test]
async fn a_token_that_wecom_refused_is_recognised_though_it_is_sealed() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let first = issue(&harness, "contacts", None).await;
    let sealed = async || {
        items(&harness, "TOKEN#")
            .await
            .into_iter()
            .find(|item| item["pk"].ends_with("/contacts"))
    };
    let before = sealed().await.unwrap()["sealed"].clone();
    assert_eq!(issue(&harness, "contacts", Some("another")).await, first);
    assert_eq!(sealed().await.unwrap()["sealed"], before);
    issue(&harness, "contacts", Some(&first)).await;
    assert_ne!(sealed().await.unwrap()["sealed"], before, "obtained again");
}

#[tokio::test]
async fn a_plain_token_of_an_earlier_version_is_issued_until_it_ends() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    issue(&harness, "contacts", None).await;
    let tokens = items(&harness, "TOKEN#").await;
    let item = tokens.iter().find(|item| item["pk"].ends_with("/contacts")).unwrap();
    let update = harness.dynamodb().update_item().table_name(AUTHORIZATION_TABLE);
    let update = update.key("pk", AttributeValue::S(item["pk"].clone()));
    let update = update.key("sk", AttributeValue::S(item["sk"].clone()));
    let update = update.update_expression("SET #token = :token REMOVE sealed");
    let update = update.expression_attribute_names("#token", "token");
    let plain = AttributeValue::S("plain-token".to_owned());
    update
        .expression_attribute_values(":token", plain)
        .send()
        .await
        .unwrap();
    assert_eq!(issue(&harness, "contacts", None).await, "plain-token");
    assert_ne!(issue(&harness, "contacts", Some("plain-token")).await, "plain-token");
}

async fn put_attribute(harness: &Harness, item: &BTreeMap<String, String>, name: &str, value: &str) {
    let update = harness.dynamodb().update_item().table_name(AUTHORIZATION_TABLE);
    let update = update.key("pk", AttributeValue::S(item["pk"].clone()));
    let update = update.key("sk", AttributeValue::S(item["sk"].clone()));
    let update = update
        .update_expression("SET #name = :value")
        .expression_attribute_names("#name", name);
    let value = AttributeValue::S(value.to_owned());
    update
        .expression_attribute_values(":value", value)
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn nothing_is_refused_between_any_two_steps_nor_when_the_new_key_takes_over() {
    let harness = deployed().await;
    harness.install().await;
    let old = harness.bind(Scope::Contacts).await;
    let rotation = harness.begin_rotation().await;
    for step in ROTATION_STEPS {
        goes_on(&harness, &old, step).await;
        harness.rotation_step(&rotation, step).await.unwrap();
        // In a process that has just started, too.
        goes_on(&harness, &old, &format!("after {step}")).await;
        let made = harness.generate(Scope::ExternalContacts, true).await.with_status(201);
        goes_on(&harness, &Credentials::of(&made), step).await;
    }
    let primary = primary(&harness).await;
    assert_eq!(
        keys(&harness).await,
        BTreeSet::from(["first".to_owned(), primary.clone()])
    );
    assert_eq!(
        sealed_under(&harness, Scope::ExternalContacts).await,
        BTreeSet::from(["first".to_owned()])
    );

    // No credentials were generated since before the rotation. The health check reseals everything under the new key.
    harness.sleep(A_DAY).await;
    assert_eq!(harness.invoke("check-health", json!({})).await.unwrap()["failed"], 0);
    for scope in Scope::ALL {
        assert_eq!(sealed_under(&harness, scope).await, BTreeSet::from([primary.clone()]));
    }
    harness.devstack().clear_journal();
    goes_on(&harness, &old, "in a process that knows the old ring").await;
    goes_on(&harness, &old, "in a process that has read the new one").await;
    assert_eq!(reads(&harness, "event-callback"), 1, "the ring is read again once");
    harness.end_processes();
    goes_on(&harness, &old, "in a process that has just started").await;
    // And what is made from now on opens in a process that knew the old ring when it began.
    let made = harness.generate(Scope::Contacts, true).await.with_status(201);
    goes_on(&harness, &Credentials::of(&made), "new values").await;
    goes_on(&harness, &old, "the values before, in their grace period").await;
}

#[tokio::test]
async fn a_process_that_read_the_ring_before_the_rotation_opens_what_another_has_sealed_since() {
    let harness = deployed().await;
    harness.install().await;
    let old = harness.bind(Scope::Contacts).await;
    goes_on(&harness, &old, "the process of event-callback begins").await;
    harness.rotate_sealing_key().await;
    harness.wait(A_DAY * 3600);
    let made = harness.generate(Scope::Contacts, true).await.with_status(201);
    // Those that were there are sealed again when the record is written anyway.
    assert_eq!(
        sealed_under(&harness, Scope::Contacts).await,
        BTreeSet::from([primary(&harness).await])
    );
    goes_on(&harness, &old, "the old values").await;
    goes_on(&harness, &Credentials::of(&made), "the new values").await;
    let shown = harness.admin("test-callback", "POST", "/authorization/contacts/test", &Value::Null);
    shown.await.with_status(200);
}

#[tokio::test]
async fn whoever_seals_reads_a_ring_again_that_is_older_than_five_minutes() {
    let harness = deployed().await;
    harness.install().await;
    harness.generate(Scope::Contacts, false).await.with_status(201);
    harness.devstack().clear_journal();
    harness.wait(290);
    harness.generate(Scope::Contacts, true).await.with_status(201);
    assert_eq!(reads(&harness, "generate-credentials"), 0);
    harness.wait(20);
    harness.generate(Scope::Contacts, true).await.with_status(201);
    assert_eq!(reads(&harness, "generate-credentials"), 1);
    // An old copy does not serve on: its key may have been dropped since.
    harness.wait(301);
    let fault = Fault::on("GetSecretValue").drop_connection();
    harness.devstack().faults().add(fault);
    let refused = harness.generate(Scope::Contacts, true).await;
    refused.refused(503, "temporarily_unavailable");
    // To show what is there it does.
    harness.generate(Scope::Contacts, false).await.with_status(200);
}

#[tokio::test]
async fn a_record_under_a_key_that_is_nowhere_costs_one_read_in_ten_seconds() {
    let harness = deployed().await;
    harness.install().await;
    let credentials = harness.bind(Scope::Contacts).await;
    let mut damaged = callback(&harness, Scope::Contacts).await;
    let current = damaged.current.as_mut().unwrap();
    current.sealed = current.sealed.replace("first.", "nowhere.");
    harness
        .store()
        .commit(vec![Change::SaveCallback(Box::new(damaged))])
        .await
        .unwrap();
    harness.end_processes();
    harness.devstack().clear_journal();
    for member in 0..20 {
        let reply = harness
            .deliver(&credentials, &member_created(&member.to_string()))
            .await;
        reply.refused(403, "callback_rejected");
    }
    assert_eq!(reads(&harness, "event-callback"), 1);
    harness.wait(11);
    let reply = harness.deliver(&credentials, &member_created("later")).await;
    reply.refused(403, "callback_rejected");
    assert_eq!(reads(&harness, "event-callback"), 2);
}

#[tokio::test]
async fn an_event_is_told_to_wait_when_the_new_ring_is_out_of_reach() {
    let harness = deployed().await;
    harness.install().await;
    let credentials = harness.bind(Scope::Contacts).await;
    harness.rotate_sealing_key().await;
    harness.sleep(A_DAY).await;
    harness.invoke("check-health", json!({})).await.unwrap();
    let fault = Fault::on("GetSecretValue").drop_connection();
    harness.devstack().faults().add(fault);
    let reply = harness.deliver(&credentials, &member_created("during")).await;
    reply.refused(503, "temporarily_unavailable");
    harness.devstack().faults().clear();
    goes_on(&harness, &credentials, "after").await;
    let noted = callback(&harness, Scope::Contacts).await.last_rejection;
    assert_eq!(noted, None, "it was not the sender's fault");
}

#[tokio::test]
async fn the_schedule_seals_every_generation_again_that_a_callback_holds() {
    let harness = deployed().await;
    harness.install().await;
    let previous = harness.bind(Scope::Contacts).await;
    harness.rotate_sealing_key().await;
    harness.sleep(A_DAY - 2).await;
    let current = Credentials::of(&harness.generate(Scope::Contacts, true).await.with_status(201));
    harness.check(&current).await.with_echo();
    let pending = Credentials::of(&harness.generate(Scope::Contacts, true).await.with_status(201));
    assert_eq!(callback(&harness, Scope::Contacts).await.generations().count(), 3);
    harness.sleep(14).await;
    let before = callback(&harness, Scope::Contacts).await;
    harness.invoke("check-health", json!({})).await.unwrap();
    let after = callback(&harness, Scope::Contacts).await;
    assert_eq!(
        sealed_under(&harness, Scope::Contacts).await,
        BTreeSet::from([primary(&harness).await])
    );
    assert_eq!(after.version, before.version + 1, "in one write");
    // Nothing else of it has changed.
    let numbers = |callback: &Callback| {
        callback
            .generations()
            .map(|g| (g.number, g.created_at))
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(&after), numbers(&before));
    for credentials in [&previous, &current] {
        harness
            .deliver(credentials, &member_created(&credentials.token))
            .await
            .with_success();
    }
    harness.check(&pending).await.with_echo();
}

#[tokio::test]
async fn a_key_is_dropped_by_the_next_rotation_when_no_record_needs_it() {
    let harness = deployed().await;
    let credentials = harness.bind_all().await;
    harness.rotate_sealing_key().await;
    let second = primary(&harness).await;
    harness.sleep(NINE_DAYS).await;
    harness.invoke("check-health", json!({})).await.unwrap();
    // A process that sealed under the first key an hour ago could still not be done.
    harness.rotate_sealing_key().await;
    let third = primary(&harness).await;
    assert_eq!(keys(&harness).await, BTreeSet::from([second.clone(), third]));
    for credentials in &credentials {
        goes_on(&harness, credentials, "without the first key").await;
    }
}

#[tokio::test]
async fn the_key_of_a_callback_that_was_never_visited_is_kept() {
    let harness = deployed().await;
    harness.install().await;
    let contacts = harness.bind(Scope::Contacts).await;
    let external_contacts = harness.bind(Scope::ExternalContacts).await;
    // The schedule does not know of the tenant.
    let mut authorization = harness.authorization().await;
    authorization.next_check_at = None;
    harness
        .store()
        .commit(vec![Change::Save(Box::new(authorization))])
        .await
        .unwrap();
    harness.rotate_sealing_key().await;
    harness.sleep(NINE_DAYS).await;
    assert_eq!(harness.invoke("check-health", json!({})).await.unwrap()["checked"], 0);
    // One of the two is sealed again; the other alone needs the first key.
    let made = Credentials::of(&harness.generate(Scope::ExternalContacts, true).await.with_status(201));
    assert_eq!(
        sealed_under(&harness, Scope::ExternalContacts).await,
        BTreeSet::from([primary(&harness).await])
    );
    harness.rotate_sealing_key().await;
    assert!(keys(&harness).await.contains("first"));
    harness.end_processes();
    for credentials in [&contacts, &external_contacts, &made] {
        goes_on(&harness, credentials, &credentials.token).await;
    }
}

#[tokio::test]
async fn a_key_that_only_a_pending_or_a_previous_generation_needs_is_kept() {
    let harness = deployed().await;
    harness.install().await;
    harness.bind(Scope::Contacts).await;
    harness.generate(Scope::ExternalContacts, false).await.with_status(201);
    let mut record = callback(&harness, Scope::Contacts).await;
    let current = record.current.clone().unwrap();
    let under = |key: &str, number| Generation {
        number,
        sealed: format!("{key}.AAAA"),
        ..current.clone()
    };
    record.pending = Some(under("of-the-pending", 8));
    record.previous = vec![Retired {
        generation: under("of-the-previous", 7),
        valid_until: harness.now(),
    }];
    harness
        .store()
        .commit(vec![Change::SaveCallback(Box::new(record))])
        .await
        .unwrap();
    let in_use = harness.store().sealing_keys_in_use().await.unwrap();
    let expected = ["first", "of-the-pending", "of-the-previous"].map(ToOwned::to_owned);
    assert_eq!(in_use, BTreeSet::from(expected));
}

/// Claims and parked events of a suite, which no search looks at, may be sealed under it.
#[tokio::test]
async fn a_key_is_kept_by_a_rotation_within_a_week_of_the_one_before() {
    let harness = deployed().await;
    let corp = simulator::SuiteEventRequest {
        event: Some("create_auth".to_owned()),
        corp_id: Some(crate::support::OTHER_CORP.to_owned()),
        silent: true,
        ..simulator::SuiteEventRequest::default()
    };
    let sent = harness.wecom().send_suite_event(&corp).await.unwrap();
    let rest = format!("<AuthCode><![CDATA[{}]]></AuthCode>", sent.auth_code.unwrap());
    harness.suite_event_arrives("create_auth", &rest).await;
    harness.stream("process-suite-event").await.unwrap();
    harness.rotate_sealing_key().await;
    harness.sleep(6 * 24).await;
    harness.rotate_sealing_key().await;
    assert!(keys(&harness).await.contains("first"));
    harness.end_processes();
    let claims = harness.operator("read-tenants", "GET", "/operator/claims").await;
    let claim_id = claims.with_status(200)["claims"][0]["claim_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let target = format!("/operator/claims/{claim_id}/assignment");
    let tenant = json!({"tenant_id": TENANT}).to_string();
    let assigned = harness.operate("act-on-tenant", "POST", &target, Some(&tenant));
    assert_eq!(assigned.await.with_status(200)["installation"]["status"], "installed");
}

#[tokio::test]
async fn rotating_twice_in_a_row_drops_nothing() {
    let harness = deployed().await;
    harness.install().await;
    let credentials = harness.bind(Scope::Contacts).await;
    harness.rotate_sealing_key().await;
    harness.rotate_sealing_key().await;
    assert_eq!(keys(&harness).await.len(), 3);
    goes_on(&harness, &credentials, "after two rotations").await;
    harness.sleep(A_DAY).await;
    harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!(
        sealed_under(&harness, Scope::Contacts).await,
        BTreeSet::from([primary(&harness).await])
    );
    goes_on(&harness, &credentials, "after the second has taken over").await;
}

#[tokio::test]
async fn every_step_may_be_asked_for_again() {
    let harness = deployed().await;
    let rotation = harness.begin_rotation().await;
    let pending = async || {
        harness
            .vault()
            .read(&SecretName::SealingKey, Some(&rotation.version_id))
            .await
            .unwrap()
    };
    harness.rotation_step(&rotation, "createSecret").await.unwrap();
    let made = pending().await.unwrap();
    for step in ["createSecret", "setSecret", "testSecret", "createSecret", "testSecret"] {
        harness.rotation_step(&rotation, step).await.unwrap();
    }
    assert_eq!(pending().await.unwrap().expose_secret(), made.expose_secret());
    for step in [
        "finishSecret",
        "finishSecret",
        "createSecret",
        "testSecret",
        "finishSecret",
    ] {
        harness.rotation_step(&rotation, step).await.unwrap();
    }
    let current = harness
        .vault()
        .read(&SecretName::SealingKey, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(current.expose_secret(), made.expose_secret());
}

#[tokio::test]
async fn two_who_make_the_next_ring_at_once_make_one() {
    let harness = deployed().await;
    let rotation = harness.begin_rotation().await;
    let create = || harness.rotation_step(&rotation, "createSecret");
    let made = tokio::join!(create(), create(), create());
    assert_eq!(made, (Ok(()), Ok(()), Ok(())));
    for step in ["testSecret", "finishSecret"] {
        harness.rotation_step(&rotation, step).await.unwrap();
    }
    assert_eq!(keys(&harness).await.len(), 2);
}

#[tokio::test]
async fn refuses_steps_that_secrets_manager_does_not_ask_for() {
    let harness = deployed().await;
    let input = |step: &str, secret: &str, version: &str| json!({"Step": step, "SecretId": secret, "ClientRequestToken": version});
    let refused = async |input: Value, code: &str| {
        let answered = harness.invoke("rotate-sealing-key", input.clone()).await;
        assert_eq!(answered, Err(code.to_owned()), "{input}");
    };
    let name = format!("{PREFIX}/sealing-key");
    let described = harness
        .secrets()
        .describe_secret()
        .secret_id(&name)
        .send()
        .await
        .unwrap();
    let arn = described.arn.unwrap();
    let nobodys = "0f0e0d0c-0b0a-4908-8706-050403020100";
    // It is not set up for rotation.
    refused(input("createSecret", &arn, nobodys), "internal_error").await;
    let rotation = harness.begin_rotation().await;
    let version_id = rotation.version_id.clone();
    for (step, secret, version) in [
        ("createSecret", arn.as_str(), nobodys),
        ("finishSecret", &arn, nobodys),
        ("createSecret", &arn.replace("sealing-key", "suite"), &version_id),
        // Before it was made.
        ("finishSecret", &arn, &version_id),
    ] {
        refused(input(step, secret, version), "internal_error").await;
    }
    for malformed in [
        input("dropSecret", &arn, &version_id),
        json!({"Step": "createSecret", "SecretId": arn}),
        json!({}),
        json!("createSecret"),
    ] {
        refused(malformed, "malformed_request").await;
    }
    // Of all this nothing has come into force or been made.
    let pending = harness
        .vault()
        .read(&SecretName::SealingKey, Some(&version_id))
        .await
        .unwrap();
    assert!(pending.is_none());
    let current = harness
        .vault()
        .read(&SecretName::SealingKey, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(current.expose_secret().len(), 64);
    // Secrets Manager's test of a configuration.
    harness.rotation_step(&rotation, "testSecret").await.unwrap();
}

#[tokio::test]
async fn a_ring_does_not_come_into_force_without_the_key_that_is_sealed_under() {
    let harness = deployed().await;
    let rotation = harness.begin_rotation().await;
    harness.rotation_step(&rotation, "createSecret").await.unwrap();
    // Another ring is restored meanwhile.
    let other = json!({"primary": "other", "keys": {"other": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}});
    let other = SecretString::from(other.to_string());
    harness.vault().put(&SecretName::SealingKey, &other).await.unwrap();
    for step in ["testSecret", "finishSecret"] {
        let answered = harness.rotation_step(&rotation, step).await;
        assert_eq!(answered, Err("internal_error".to_owned()), "{step}");
    }
    assert_eq!(primary(&harness).await, "other");
}

#[tokio::test]
async fn a_rotation_that_was_held_up_for_a_day_does_not_come_into_force() {
    let harness = deployed().await;
    harness.install().await;
    let credentials = harness.bind(Scope::Contacts).await;
    let rotation = harness.begin_rotation().await;
    harness.rotation_step(&rotation, "createSecret").await.unwrap();
    harness.wait(24 * 3600);
    let answered = harness.rotation_step(&rotation, "finishSecret").await;
    assert_eq!(answered, Err("internal_error".to_owned()));
    goes_on(&harness, &credentials, "under the old key").await;
    // As the runbook says: the label is removed, and the rotation started again.
    harness
        .secrets()
        .update_secret_version_stage()
        .secret_id(format!("{PREFIX}/sealing-key"))
        .version_stage("AWSPENDING")
        .remove_from_version_id(&rotation.version_id)
        .send()
        .await
        .unwrap();
    harness.rotate_sealing_key().await;
    goes_on(&harness, &credentials, "after another rotation").await;
    assert_eq!(keys(&harness).await.len(), 2);
}
