//! How often WeCom's requests ask AWS: each call is most of what an event costs, in time and in money.

use std::time::Duration;

use devstack::Fault;

use crate::{
    faults::stage::{AUTHORIZATION_TABLE, EVENT_TABLE, PREFIX, Stage, member_created},
    support::{Scope, eventually},
};

/// What a function has asked of AWS since the journal was cleared, sorted: what is asked side by side has no order.
fn asked(stage: &Stage, function: &str) -> Vec<String> {
    let journal = stage.journal().into_iter();
    let own = journal.filter(|entry| entry.access_key.as_deref() == Some(function));
    let mut asked: Vec<_> = own
        .map(|entry| format!("{} {}", entry.operation, entry.resource))
        .collect();
    asked.sort();
    asked
}

/// What a function asks of AWS while something is done.
async fn asked_during(stage: &Stage, function: &str, done: impl Future<Output = ()>) -> Vec<String> {
    stage.devstack().clear_journal();
    done.await;
    asked(stage, function)
}

fn calls(resources: &[(&str, &str)]) -> Vec<String> {
    resources
        .iter()
        .map(|(operation, on)| format!("{operation} {on}"))
        .collect()
}

#[tokio::test]
async fn an_event_asks_aws_twice_and_of_a_busy_callback_once() {
    let stage = Stage::start(false).await;
    let credentials = stage.bind_all().await;
    stage.end_processes();
    // A callback is busy by the second, which a busy machine may need for what follows.
    stage.stop_clock();

    let sealing_key = format!("{PREFIX}/sealing-key");
    let start = asked_during(&stage, "event-callback", stage.prepare_callbacks()).await;
    assert_eq!(
        start,
        calls(&[("GetItem", AUTHORIZATION_TABLE), ("GetSecretValue", &sealing_key)])
    );
    for callback in &credentials {
        let deliver = async |member: &str| {
            let delivered = async { stage.deliver(callback, &member_created(member)).await.with_success() };
            asked_during(&stage, "event-callback", delivered).await
        };
        let (get, put) = (("GetItem", AUTHORIZATION_TABLE), ("PutItem", EVENT_TABLE));
        for number in 1..=10 {
            assert_eq!(deliver(&number.to_string()).await, calls(&[get, put]), "event {number}");
        }
        for number in 11..=13 {
            assert_eq!(deliver(&number.to_string()).await, calls(&[put]), "event {number}");
        }
    }
}

#[tokio::test]
async fn a_check_of_a_url_that_was_verified_asks_aws_once() {
    let stage = Stage::start(false).await;
    stage.install().await;
    let credentials = stage.bind(Scope::Contacts).await;
    let checked = async { stage.check(&credentials).await.with_echo() };
    let asked = asked_during(&stage, "event-callback", checked).await;
    assert_eq!(asked, calls(&[("GetItem", AUTHORIZATION_TABLE)]));
}

#[tokio::test]
async fn an_event_of_the_suite_asks_aws_once() {
    let stage = Stage::start(false).await;
    stage.end_processes();
    let suite = format!("{PREFIX}/suite");
    let start = asked_during(&stage, "suite-callback", stage.prepare_callbacks()).await;
    assert_eq!(
        start,
        calls(&[("GetItem", AUTHORIZATION_TABLE), ("GetSecretValue", &suite)])
    );
    for corp in ["wpA", "wpB"] {
        let rest = format!("<AuthCorpId>{corp}</AuthCorpId>");
        let asked = asked_during(
            &stage,
            "suite-callback",
            stage.suite_event_arrives("change_auth", &rest),
        )
        .await;
        assert_eq!(asked, calls(&[("PutItem", AUTHORIZATION_TABLE)]));
    }
}

/// An outage while a process starts must not end it: a later request finds what it needs.
#[tokio::test]
async fn a_process_that_could_not_prepare_itself_does_so_when_it_is_asked() {
    let stage = Stage::start(false).await;
    let [contacts, _] = stage.bind_all().await;
    stage.end_processes();
    stage
        .devstack()
        .faults()
        .add(Fault::on("*").answer("AccessDeniedException"));
    stage.prepare_callbacks().await;
    stage.devstack().faults().clear();
    stage.deliver(&contacts, &member_created("a")).await.with_success();
    stage
        .suite_event_arrives("change_auth", "<AuthCorpId>wpA</AuthCorpId>")
        .await;
}

/// Were one fetched after the other, one of the two would never be asked for.
#[tokio::test]
async fn what_a_callback_needs_is_fetched_side_by_side() {
    for (held, other) in [("GetSecretValue", "GetItem"), ("GetItem", "GetSecretValue")] {
        let stage = Stage::start(false).await;
        stage.end_processes();
        stage.devstack().clear_journal();
        stage
            .devstack()
            .faults()
            .add(Fault::on(held).delay(Duration::from_hours(1)));
        let is_asked = || async {
            let asked = |function| asked(&stage, function).iter().any(|call| call.starts_with(other));
            (asked("event-callback") && asked("suite-callback")).then_some(())
        };
        tokio::select! {
            () = stage.prepare_callbacks() => panic!("{held} was not waited for"),
            () = eventually(other, is_asked) => {}
        }
    }
}
