//! Number of AWS calls per request of WeCom, per look of `check-health`, and per event that is deleted: these calls are most of the
//! cost, in time and in money.

use std::{collections::BTreeMap, time::Duration};

use devstack::Fault;
use secrecy::SecretString;
use serde_json::{Value, json};
use wecom_authorization::{ids::TenantId, store::SecretName};

use crate::{
    deletion::replace_event,
    faults::harness::{AUTHORIZATION_TABLE, Caller, EVENT_TABLE, Harness, PREFIX, TENANT, member_created},
    support::{Credentials, Scope, eventually},
};

/// A function's AWS calls since the journal was cleared, sorted, because concurrent calls have no order.
fn asked(harness: &Harness, function: &str) -> Vec<String> {
    let journal = harness.journal().into_iter();
    let own = journal.filter(|entry| entry.access_key.as_deref() == Some(function));
    let mut asked: Vec<_> = own
        .map(|entry| format!("{} {}", entry.operation, entry.resource))
        .collect();
    asked.sort();
    asked
}

/// A function's AWS calls while a future runs.
async fn asked_during(harness: &Harness, function: &str, done: impl Future<Output = ()>) -> Vec<String> {
    harness.devstack().clear_journal();
    done.await;
    asked(harness, function)
}

fn calls(resources: &[(&str, &str)]) -> Vec<String> {
    resources
        .iter()
        .map(|(operation, on)| format!("{operation} {on}"))
        .collect()
}

fn numbers(requests: &[(&str, usize)]) -> BTreeMap<String, usize> {
    requests
        .iter()
        .map(|(operation, number)| ((*operation).to_owned(), *number))
        .collect()
}

/// Requests to AWS of a run of `check-health`, by operation, and the paths of those to WeCom.
async fn run(harness: &Harness) -> (BTreeMap<String, usize>, Vec<String>) {
    harness.devstack().clear_journal();
    harness.devstack().measure_capacity();
    harness.wecom().clear_calls();
    let run = harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!(run["failed"], 0, "{run}");
    // The journal has an entry for each item of a request, the capacity one for each request.
    let tables = harness.devstack().consumed().into_iter().map(|one| one.operation);
    let secrets = harness.journal().into_iter().map(|entry| entry.operation);
    let mut requests = BTreeMap::new();
    for operation in tables.chain(secrets.filter(|operation| operation == "GetSecretValue")) {
        *requests.entry(operation).or_default() += 1;
    }
    let mut wecom: Vec<_> = harness.wecom().calls().into_iter().map(|call| call.path).collect();
    wecom.sort();
    (requests, wecom)
}

/// Requests of a look, without those that a run makes once.
async fn look(harness: &Harness) -> (BTreeMap<String, usize>, Vec<String>) {
    let is_due = async || {
        let tenant = TenantId::parse(TENANT).unwrap();
        harness.store().postpone_check(&tenant, harness.now()).await.unwrap();
    };
    // The first has the suite's secret and its token, and the sealing keys.
    is_due().await;
    run(harness).await;
    let (without, _) = run(harness).await;
    is_due().await;
    let (mut requests, wecom) = run(harness).await;
    for (operation, number) in without {
        *requests.get_mut(&operation).unwrap() -= number;
    }
    requests.retain(|_, number| *number > 0);
    (requests, wecom)
}

#[tokio::test]
async fn a_look_at_a_healthy_tenant_asks_aws_seven_times_and_wecom_five_times() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let (requests, wecom) = look(&harness).await;
    let expected = [
        // The suite's token, both callbacks with their counters, four circuit breakers.
        ("BatchGetItem", 1),
        // The authorization, and the circuit breaker of `gettoken` before the second Secret: the first may have opened it.
        ("GetItem", 2),
        ("GetSecretValue", 3),
        ("TransactWriteItems", 1),
    ];
    assert_eq!(requests, numbers(&expected));
    let expected = [
        "/cgi-bin/externalcontact/get_follow_user_list",
        "/cgi-bin/gettoken",
        "/cgi-bin/gettoken",
        "/cgi-bin/service/v2/get_auth_info",
        "/cgi-bin/user/list_id",
    ];
    assert_eq!(wecom, expected);
}

#[tokio::test]
async fn a_look_at_a_customised_app_asks_aws_and_wecom_four_times() {
    let harness = Harness::of_template(false).await;
    harness.scan().await;
    harness.stream("process-suite-event").await.unwrap();
    assert_eq!(harness.confirm_installation().await.status, 204);
    let (requests, wecom) = look(&harness).await;
    let expected = [
        ("BatchGetItem", 1),
        ("GetItem", 1),
        ("GetSecretValue", 1),
        ("TransactWriteItems", 1),
    ];
    assert_eq!(requests, numbers(&expected));
    let expected = [
        "/cgi-bin/agent/get",
        "/cgi-bin/gettoken",
        "/cgi-bin/license/get_app_license_info",
        "/cgi-bin/service/v2/get_auth_info",
    ];
    assert_eq!(wecom, expected);
}

/// A query of each partition of the index for up to 247 events, and a transaction for each 99.
#[tokio::test]
async fn deleting_198_events_takes_four_queries_and_two_transactions() {
    let harness = Harness::start(true).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    harness.deliver(&contacts, &member_created("a")).await.with_success();
    replace_event(&harness, &[0, 1, 2, 3], 198).await;
    harness.devstack().measure_capacity();
    let ended = harness.admin("disconnect", "DELETE", "/authorization", &Value::Null);
    assert_eq!(ended.await.status, 204);
    let mut requests: BTreeMap<_, usize> = BTreeMap::new();
    for one in harness.devstack().consumed() {
        if one.table == EVENT_TABLE {
            *requests.entry(one.operation).or_default() += 1;
        }
    }
    assert_eq!(requests, numbers(&[("Query", 4), ("TransactWriteItems", 2)]));
}

#[tokio::test]
async fn an_event_asks_aws_twice_and_of_a_busy_callback_once() {
    let harness = Harness::start(false).await;
    let credentials = harness.bind_all().await;
    harness.end_processes();
    // Whether a callback is busy depends on seconds, which a busy machine may need for what follows.
    harness.stop_clock();

    let sealing_key = format!("{PREFIX}/sealing-key");
    let start = asked_during(&harness, "event-callback", harness.prepare_callbacks()).await;
    assert_eq!(
        start,
        calls(&[("GetItem", AUTHORIZATION_TABLE), ("GetSecretValue", &sealing_key)])
    );
    for callback in &credentials {
        let deliver = async |member: &str| {
            let delivered = async { harness.deliver(callback, &member_created(member)).await.with_success() };
            asked_during(&harness, "event-callback", delivered).await
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
async fn an_event_that_is_repeated_without_end_stops_writing() {
    let harness = Harness::start(false).await;
    let [contacts, _] = harness.bind_all().await;
    harness.stop_clock();
    let deliver = async || harness.deliver(&contacts, &member_created("a")).await.with_success();
    // The first, ten repetitions that are counted, and one that finds that.
    for _ in 0..12 {
        deliver().await;
    }
    let asked = asked_during(&harness, "event-callback", async {
        for _ in 0..50 {
            deliver().await;
        }
    });
    assert_eq!(asked.await, Vec::<String>::new());
    harness.fetch("publish-events").await;
    harness.stream("publish-events").await.unwrap();
    let state = harness.state().await;
    assert_eq!(state["contacts"]["callback"]["duplicates"], 10, "{state}");
    harness.deliver(&contacts, &member_created("b")).await.with_success();
}

#[tokio::test]
async fn made_up_ids_cost_no_call() {
    let harness = Harness::start(false).await;
    let [contacts, _] = harness.bind_all().await;
    harness.end_processes();
    harness.prepare_callbacks().await;
    let asked = asked_during(&harness, "event-callback", async {
        for number in 0..100 {
            let id = format!("{:032x}", number + 1);
            for (method, body) in [("GET", None), ("POST", Some("<xml/>"))] {
                let target = format!("/callback/{id}?msg_signature=a&timestamp=1&nonce=1&echostr=a");
                let reply = harness
                    .call("event-callback", Caller::Wecom, method, &target, body)
                    .await;
                reply.refused(404, "not_found");
            }
        }
    });
    assert_eq!(asked.await, Vec::<String>::new());
    harness.deliver(&contacts, &member_created("a")).await.with_success();
}

#[tokio::test]
async fn an_id_of_an_earlier_version_goes_on_and_costs_a_read() {
    let key = "A".repeat(43) + "=";
    let ring = |ids: &str| SecretString::from(format!(r#"{{"primary": "a", "keys": {{"a": "{key}"{ids}}}}}"#));
    let harness = Harness::with_key_ring(false, &ring("")).await;
    harness.install().await;
    let old = harness.bind(Scope::Contacts).await;
    let ids = format!(r#", "callback-ids": "{key}""#);
    harness.vault().put(&SecretName::SealingKey, &ring(&ids)).await.unwrap();
    harness.end_processes();
    harness.prepare_callbacks().await;
    let new = harness.bind(Scope::ExternalContacts).await;
    let has_a_mac = |credentials: &Credentials| credentials.url.contains("/callback/00000000");
    assert_eq!((has_a_mac(&old), has_a_mac(&new)), (false, true));
    for credentials in [&old, &new] {
        harness.deliver(credentials, &member_created("a")).await.with_success();
    }
    let made_up = async {
        let target = format!("/callback/{}?msg_signature=a&timestamp=1&nonce=1", "1".repeat(32));
        let reply = harness
            .call("event-callback", Caller::Wecom, "POST", &target, Some("<xml/>"))
            .await;
        reply.refused(404, "not_found");
    };
    let asked = asked_during(&harness, "event-callback", made_up).await;
    assert_eq!(asked, calls(&[("GetItem", AUTHORIZATION_TABLE)]));
}

#[tokio::test]
async fn a_check_of_a_url_that_was_verified_asks_aws_once() {
    let harness = Harness::start(false).await;
    harness.install().await;
    let credentials = harness.bind(Scope::Contacts).await;
    let checked = async { harness.check(&credentials).await.with_echo() };
    let asked = asked_during(&harness, "event-callback", checked).await;
    assert_eq!(asked, calls(&[("GetItem", AUTHORIZATION_TABLE)]));
}

#[tokio::test]
async fn an_event_of_the_suite_asks_aws_once() {
    let harness = Harness::start(false).await;
    harness.end_processes();
    let (suite, sealing_key) = (format!("{PREFIX}/suite"), format!("{PREFIX}/sealing-key"));
    let start = asked_during(&harness, "suite-callback", harness.prepare_callbacks()).await;
    let (get, read) = (("GetItem", AUTHORIZATION_TABLE), "GetSecretValue");
    assert_eq!(start, calls(&[get, (read, &sealing_key), (read, &suite)]));
    for corp in ["wpA", "wpB"] {
        let rest = format!("<AuthCorpId>{corp}</AuthCorpId>");
        let asked = asked_during(
            &harness,
            "suite-callback",
            harness.suite_event_arrives("change_auth", &rest),
        )
        .await;
        assert_eq!(asked, calls(&[("PutItem", AUTHORIZATION_TABLE)]));
    }
}

/// An outage while a process starts must not end the process: a later request fetches what it needs.
#[tokio::test]
async fn a_process_that_could_not_prepare_itself_does_so_when_it_is_asked() {
    let harness = Harness::start(false).await;
    let [contacts, _] = harness.bind_all().await;
    harness.end_processes();
    harness
        .devstack()
        .faults()
        .add(Fault::on("*").answer("AccessDeniedException"));
    harness.prepare_callbacks().await;
    harness.devstack().faults().clear();
    harness.deliver(&contacts, &member_created("a")).await.with_success();
    harness
        .suite_event_arrives("change_auth", "<AuthCorpId>wpA</AuthCorpId>")
        .await;
}

/// If one were fetched after the other, the second call would never be made.
#[tokio::test]
async fn what_a_callback_needs_is_fetched_side_by_side() {
    for (held, other) in [("GetSecretValue", "GetItem"), ("GetItem", "GetSecretValue")] {
        let harness = Harness::start(false).await;
        harness.end_processes();
        harness.devstack().clear_journal();
        harness
            .devstack()
            .faults()
            .add(Fault::on(held).delay(Duration::from_hours(1)));
        let is_asked = || async {
            let asked = |function| asked(&harness, function).iter().any(|call| call.starts_with(other));
            (asked("event-callback") && asked("suite-callback")).then_some(())
        };
        tokio::select! {
            () = harness.prepare_callbacks() => panic!("{held} was not waited for"),
            () = eventually(other, is_asked) => {}
        }
    }
}
