//! The sealing key is rotated: nothing is refused because of it, what is sealed opens for ever, and a key goes when nothing
//! needs it.

use std::collections::BTreeSet;

use devstack::Fault;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use wecom_authorization::{
    authorization::{Callback, Generation, Retired},
    store::{Change, SecretName},
};

use crate::{
    faults::stage::{PREFIX, ROTATION_STEPS, Stage, member_created, ours},
    support::{Credentials, Scope},
};

/// Longer than a new key is known before it is used.
const A_DAY: i64 = 25;

/// A stage with the key that Secrets Manager draws at the first deployment.
async fn deployed() -> Stage {
    let stage = Stage::start(false).await;
    let drawn = SecretString::from("aB3dE6gH9jK2mN5pQ8sT1vW4yZ7".repeat(3)[..64].to_owned());
    stage.vault().put(&SecretName::SealingKey, &drawn).await.unwrap();
    stage.end_processes();
    stage
}

async fn ring(stage: &Stage) -> Value {
    let ring = stage.vault().read(&SecretName::SealingKey, None).await.unwrap();
    serde_json::from_str(ring.unwrap().expose_secret()).unwrap()
}

async fn primary(stage: &Stage) -> String {
    ring(stage).await["primary"].as_str().unwrap().to_owned()
}

async fn keys(stage: &Stage) -> BTreeSet<String> {
    ring(stage).await["keys"].as_object().unwrap().keys().cloned().collect()
}

async fn callback(stage: &Stage, scope: Scope) -> Callback {
    let authorization = stage.authorization().await;
    let id = authorization.scope(ours(scope)).callback_id.clone().unwrap();
    stage.store().callback(&id).await.unwrap().unwrap()
}

/// The keys that a callback's generations are sealed under.
async fn sealed_under(stage: &Stage, scope: Scope) -> BTreeSet<String> {
    let callback = callback(stage, scope).await;
    let key = |sealed: &str| sealed.split_once('.').unwrap().0.to_owned();
    callback
        .generations()
        .map(|generation| key(&generation.sealed))
        .collect()
}

/// How often a function has read the ring since the journal was cleared.
fn reads(stage: &Stage, function: &str) -> usize {
    let journal = stage.journal().into_iter();
    let of_function = journal.filter(|entry| entry.access_key.as_deref() == Some(function));
    of_function
        .filter(|entry| entry.resource == format!("{PREFIX}/sealing-key"))
        .count()
}

/// WeCom checks the URL and delivers an event.
async fn goes_on(stage: &Stage, credentials: &Credentials, member: &str) {
    stage.check(credentials).await.with_echo();
    stage.deliver(credentials, &member_created(member)).await.with_success();
}

#[tokio::test]
async fn nothing_is_refused_between_any_two_steps_nor_when_the_new_key_takes_over() {
    let stage = deployed().await;
    stage.install().await;
    let old = stage.bind(Scope::Contacts).await;
    let rotation = stage.begin_rotation().await;
    for step in ROTATION_STEPS {
        goes_on(&stage, &old, step).await;
        stage.rotation_step(&rotation, step).await.unwrap();
        // In a process that has just begun, too.
        goes_on(&stage, &old, &format!("after {step}")).await;
        let made = stage.generate(Scope::ExternalContacts, true).await.with_status(201);
        goes_on(&stage, &Credentials::of(&made), step).await;
    }
    let primary = primary(&stage).await;
    assert_eq!(
        keys(&stage).await,
        BTreeSet::from(["first".to_owned(), primary.clone()])
    );
    assert_eq!(
        sealed_under(&stage, Scope::ExternalContacts).await,
        BTreeSet::from(["first".to_owned()])
    );

    // Nobody has begun anew since before the rotation. The schedule seals everything again, under the new key.
    stage.sleep(A_DAY).await;
    assert_eq!(stage.invoke("check-health", json!({})).await.unwrap()["failed"], 0);
    for scope in Scope::ALL {
        assert_eq!(sealed_under(&stage, scope).await, BTreeSet::from([primary.clone()]));
    }
    stage.devstack().clear_journal();
    goes_on(&stage, &old, "in a process that knows the old ring").await;
    goes_on(&stage, &old, "in a process that has read the new one").await;
    assert_eq!(reads(&stage, "event-callback"), 1, "the ring is read again once");
    stage.end_processes();
    goes_on(&stage, &old, "in a process that has just begun").await;
    // And what is made from now on opens in a process that knew the old ring when it began.
    let made = stage.generate(Scope::Contacts, true).await.with_status(201);
    goes_on(&stage, &Credentials::of(&made), "new values").await;
    goes_on(&stage, &old, "the values before, in their grace period").await;
}

#[tokio::test]
async fn a_process_that_read_the_ring_before_the_rotation_opens_what_another_has_sealed_since() {
    let stage = deployed().await;
    stage.install().await;
    let old = stage.bind(Scope::Contacts).await;
    goes_on(&stage, &old, "the process of event-callback begins").await;
    stage.rotate_sealing_key().await;
    stage.wait(A_DAY * 3600);
    let made = stage.generate(Scope::Contacts, true).await.with_status(201);
    // Those that were there are sealed again when the record is written anyway.
    assert_eq!(
        sealed_under(&stage, Scope::Contacts).await,
        BTreeSet::from([primary(&stage).await])
    );
    goes_on(&stage, &old, "the old values").await;
    goes_on(&stage, &Credentials::of(&made), "the new values").await;
    let shown = stage.admin("test-callback", "POST", "/authorization/contacts/test", &Value::Null);
    shown.await.with_status(200);
}

#[tokio::test]
async fn whoever_seals_reads_a_ring_again_that_is_older_than_five_minutes() {
    let stage = deployed().await;
    stage.install().await;
    stage.generate(Scope::Contacts, false).await.with_status(201);
    stage.devstack().clear_journal();
    stage.wait(290);
    stage.generate(Scope::Contacts, true).await.with_status(201);
    assert_eq!(reads(&stage, "generate-credentials"), 0);
    stage.wait(20);
    stage.generate(Scope::Contacts, true).await.with_status(201);
    assert_eq!(reads(&stage, "generate-credentials"), 1);
    // An old copy does not serve on: its key may have been dropped since.
    stage.wait(301);
    let fault = Fault::on("GetSecretValue").drop_connection();
    stage.devstack().faults().add(fault);
    let refused = stage.generate(Scope::Contacts, true).await;
    refused.refused(503, "temporarily_unavailable");
    // To show what is there it does.
    stage.generate(Scope::Contacts, false).await.with_status(200);
}

#[tokio::test]
async fn a_record_under_a_key_that_is_nowhere_costs_one_read_in_ten_seconds() {
    let stage = deployed().await;
    stage.install().await;
    let credentials = stage.bind(Scope::Contacts).await;
    let mut damaged = callback(&stage, Scope::Contacts).await;
    let current = damaged.current.as_mut().unwrap();
    current.sealed = current.sealed.replace("first.", "nowhere.");
    stage
        .store()
        .commit(vec![Change::SaveCallback(Box::new(damaged))])
        .await
        .unwrap();
    stage.end_processes();
    stage.devstack().clear_journal();
    for member in 0..20 {
        let reply = stage.deliver(&credentials, &member_created(&member.to_string())).await;
        reply.refused(403, "callback_rejected");
    }
    assert_eq!(reads(&stage, "event-callback"), 1);
    stage.wait(11);
    let reply = stage.deliver(&credentials, &member_created("later")).await;
    reply.refused(403, "callback_rejected");
    assert_eq!(reads(&stage, "event-callback"), 2);
}

#[tokio::test]
async fn an_event_is_told_to_wait_when_the_new_ring_is_out_of_reach() {
    let stage = deployed().await;
    stage.install().await;
    let credentials = stage.bind(Scope::Contacts).await;
    stage.rotate_sealing_key().await;
    stage.sleep(A_DAY).await;
    stage.invoke("check-health", json!({})).await.unwrap();
    let fault = Fault::on("GetSecretValue").drop_connection();
    stage.devstack().faults().add(fault);
    let reply = stage.deliver(&credentials, &member_created("during")).await;
    reply.refused(503, "temporarily_unavailable");
    stage.devstack().faults().clear();
    goes_on(&stage, &credentials, "after").await;
    let noted = callback(&stage, Scope::Contacts).await.last_rejection;
    assert_eq!(noted, None, "it was not the sender's fault");
}

#[tokio::test]
async fn the_schedule_seals_every_generation_again_that_a_callback_holds() {
    let stage = deployed().await;
    stage.install().await;
    let previous = stage.bind(Scope::Contacts).await;
    stage.rotate_sealing_key().await;
    stage.sleep(A_DAY - 2).await;
    let current = Credentials::of(&stage.generate(Scope::Contacts, true).await.with_status(201));
    stage.check(&current).await.with_echo();
    let pending = Credentials::of(&stage.generate(Scope::Contacts, true).await.with_status(201));
    assert_eq!(callback(&stage, Scope::Contacts).await.generations().count(), 3);
    stage.sleep(14).await;
    let before = callback(&stage, Scope::Contacts).await;
    stage.invoke("check-health", json!({})).await.unwrap();
    let after = callback(&stage, Scope::Contacts).await;
    assert_eq!(
        sealed_under(&stage, Scope::Contacts).await,
        BTreeSet::from([primary(&stage).await])
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
        stage
            .deliver(credentials, &member_created(&credentials.token))
            .await
            .with_success();
    }
    stage.check(&pending).await.with_echo();
}

#[tokio::test]
async fn a_key_is_dropped_by_the_next_rotation_when_no_record_needs_it() {
    let stage = deployed().await;
    let credentials = stage.bind_all().await;
    stage.rotate_sealing_key().await;
    let second = primary(&stage).await;
    stage.sleep(A_DAY).await;
    stage.invoke("check-health", json!({})).await.unwrap();
    // A process that sealed under the first key an hour ago could still not be done.
    stage.rotate_sealing_key().await;
    let third = primary(&stage).await;
    assert_eq!(keys(&stage).await, BTreeSet::from([second.clone(), third]));
    for credentials in &credentials {
        goes_on(&stage, credentials, "without the first key").await;
    }
}

#[tokio::test]
async fn the_key_of_a_callback_that_was_never_visited_is_kept() {
    let stage = deployed().await;
    stage.install().await;
    let contacts = stage.bind(Scope::Contacts).await;
    let external_contacts = stage.bind(Scope::ExternalContacts).await;
    // The schedule does not know of the tenant.
    let mut authorization = stage.authorization().await;
    authorization.next_check_at = None;
    stage
        .store()
        .commit(vec![Change::Save(Box::new(authorization))])
        .await
        .unwrap();
    stage.rotate_sealing_key().await;
    stage.sleep(A_DAY).await;
    assert_eq!(stage.invoke("check-health", json!({})).await.unwrap()["checked"], 0);
    // One of the two is sealed again; the other alone needs the first key.
    let made = Credentials::of(&stage.generate(Scope::ExternalContacts, true).await.with_status(201));
    assert_eq!(
        sealed_under(&stage, Scope::ExternalContacts).await,
        BTreeSet::from([primary(&stage).await])
    );
    stage.rotate_sealing_key().await;
    assert!(keys(&stage).await.contains("first"));
    stage.end_processes();
    for credentials in [&contacts, &external_contacts, &made] {
        goes_on(&stage, credentials, &credentials.token).await;
    }
}

#[tokio::test]
async fn a_key_that_only_a_pending_or_a_previous_generation_needs_is_kept() {
    let stage = deployed().await;
    stage.install().await;
    stage.bind(Scope::Contacts).await;
    stage.generate(Scope::ExternalContacts, false).await.with_status(201);
    let mut record = callback(&stage, Scope::Contacts).await;
    let current = record.current.clone().unwrap();
    let under = |key: &str, number| Generation {
        number,
        sealed: format!("{key}.AAAA"),
        ..current.clone()
    };
    record.pending = Some(under("of-the-pending", 8));
    record.previous = vec![Retired {
        generation: under("of-the-previous", 7),
        valid_until: stage.now(),
    }];
    stage
        .store()
        .commit(vec![Change::SaveCallback(Box::new(record))])
        .await
        .unwrap();
    let in_use = stage.store().sealing_keys_in_use().await.unwrap();
    let expected = ["first", "of-the-pending", "of-the-previous"].map(ToOwned::to_owned);
    assert_eq!(in_use, BTreeSet::from(expected));
}

#[tokio::test]
async fn rotating_twice_in_a_row_drops_nothing() {
    let stage = deployed().await;
    stage.install().await;
    let credentials = stage.bind(Scope::Contacts).await;
    stage.rotate_sealing_key().await;
    stage.rotate_sealing_key().await;
    assert_eq!(keys(&stage).await.len(), 3);
    goes_on(&stage, &credentials, "after two rotations").await;
    stage.sleep(A_DAY).await;
    stage.invoke("check-health", json!({})).await.unwrap();
    assert_eq!(
        sealed_under(&stage, Scope::Contacts).await,
        BTreeSet::from([primary(&stage).await])
    );
    goes_on(&stage, &credentials, "after the second has taken over").await;
}

#[tokio::test]
async fn every_step_may_be_asked_for_again() {
    let stage = deployed().await;
    let rotation = stage.begin_rotation().await;
    let pending = async || {
        stage
            .vault()
            .read(&SecretName::SealingKey, Some(&rotation.version_id))
            .await
            .unwrap()
    };
    stage.rotation_step(&rotation, "createSecret").await.unwrap();
    let made = pending().await.unwrap();
    for step in ["createSecret", "setSecret", "testSecret", "createSecret", "testSecret"] {
        stage.rotation_step(&rotation, step).await.unwrap();
    }
    assert_eq!(pending().await.unwrap().expose_secret(), made.expose_secret());
    for step in [
        "finishSecret",
        "finishSecret",
        "createSecret",
        "testSecret",
        "finishSecret",
    ] {
        stage.rotation_step(&rotation, step).await.unwrap();
    }
    let current = stage
        .vault()
        .read(&SecretName::SealingKey, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(current.expose_secret(), made.expose_secret());
}

#[tokio::test]
async fn two_who_make_the_next_ring_at_once_make_one() {
    let stage = deployed().await;
    let rotation = stage.begin_rotation().await;
    let create = || stage.rotation_step(&rotation, "createSecret");
    let made = tokio::join!(create(), create(), create());
    assert_eq!(made, (Ok(()), Ok(()), Ok(())));
    for step in ["testSecret", "finishSecret"] {
        stage.rotation_step(&rotation, step).await.unwrap();
    }
    assert_eq!(keys(&stage).await.len(), 2);
}

#[tokio::test]
async fn refuses_steps_that_secrets_manager_does_not_ask_for() {
    let stage = deployed().await;
    let input = |step: &str, secret: &str, version: &str| json!({"Step": step, "SecretId": secret, "ClientRequestToken": version});
    let refused = async |input: Value, code: &str| {
        let answered = stage.invoke("rotate-sealing-key", input.clone()).await;
        assert_eq!(answered, Err(code.to_owned()), "{input}");
    };
    let name = format!("{PREFIX}/sealing-key");
    let described = stage.secrets().describe_secret().secret_id(&name).send().await.unwrap();
    let arn = described.arn.unwrap();
    let nobodys = "0f0e0d0c-0b0a-4908-8706-050403020100";
    // It is not set up for rotation.
    refused(input("createSecret", &arn, nobodys), "internal_error").await;
    let rotation = stage.begin_rotation().await;
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
    let pending = stage
        .vault()
        .read(&SecretName::SealingKey, Some(&version_id))
        .await
        .unwrap();
    assert!(pending.is_none());
    let current = stage
        .vault()
        .read(&SecretName::SealingKey, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(current.expose_secret().len(), 64);
    // What Secrets Manager does to try a configuration.
    stage.rotation_step(&rotation, "testSecret").await.unwrap();
}

#[tokio::test]
async fn a_ring_does_not_come_into_force_without_the_key_that_is_sealed_under() {
    let stage = deployed().await;
    let rotation = stage.begin_rotation().await;
    stage.rotation_step(&rotation, "createSecret").await.unwrap();
    // Somebody restores another ring meanwhile.
    let other = json!({"primary": "other", "keys": {"other": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}});
    let other = SecretString::from(other.to_string());
    stage.vault().put(&SecretName::SealingKey, &other).await.unwrap();
    for step in ["testSecret", "finishSecret"] {
        let answered = stage.rotation_step(&rotation, step).await;
        assert_eq!(answered, Err("internal_error".to_owned()), "{step}");
    }
    assert_eq!(primary(&stage).await, "other");
}

#[tokio::test]
async fn a_rotation_that_was_held_up_for_a_day_does_not_come_into_force() {
    let stage = deployed().await;
    stage.install().await;
    let credentials = stage.bind(Scope::Contacts).await;
    let rotation = stage.begin_rotation().await;
    stage.rotation_step(&rotation, "createSecret").await.unwrap();
    stage.wait(24 * 3600);
    let answered = stage.rotation_step(&rotation, "finishSecret").await;
    assert_eq!(answered, Err("internal_error".to_owned()));
    goes_on(&stage, &credentials, "under the old key").await;
    // As the runbook says: taken away, and begun anew.
    stage
        .secrets()
        .update_secret_version_stage()
        .secret_id(format!("{PREFIX}/sealing-key"))
        .version_stage("AWSPENDING")
        .remove_from_version_id(&rotation.version_id)
        .send()
        .await
        .unwrap();
    stage.rotate_sealing_key().await;
    goes_on(&stage, &credentials, "after another rotation").await;
    assert_eq!(keys(&stage).await.len(), 2);
}
