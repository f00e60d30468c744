//! Errors of a failing store as a step sees them: unavailable or internal, and never with a secret in the text.

use std::{error::Error as StdError, time::Duration};

use devstack::Fault;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::json;
use wecom_authorization::{
    authorization::{Claim, Health, InstallFailure, Refusal, RejectionReason},
    ids::{BreakerName, ClaimId, EventId, Fingerprint, Scope, TokenName},
    store::{
        AtRest, Breaker, CommitError, DynamoDb, EventChange, EventFilter, EventHead, EventSource, HealthRunNote,
        ListFilter, NewEvent, Payload, Person, PersonEvent, PersonKind, Replay, ReplayRequest, ReplayStatus,
        SecretName, SecretsManager, StoreError, StoredListing,
    },
};

use super::{
    endpoint::Endpoint,
    samples::{authorization, cached, callback, corp, line, save, session, suite_event, tenant},
};
use crate::operators::listing;

/// The secret that is passed through every method.
const SECRET: &str = "s3cr3t-0f-4-t3n4nt";

fn from_commit(result: Result<(), CommitError>) -> Result<(), StoreError> {
    match result {
        Ok(()) => Ok(()),
        Err(CommitError::Store(error)) => Err(error),
        Err(error) => panic!("not a failure of the store: {error:?}"),
    }
}

/// Number of calls that [`every_method`] makes.
const METHODS: usize = 79;

/// Calls every method of both stores, and returns the result of each.
#[expect(clippy::too_many_lines, reason = "one entry for each method")]
async fn every_method(
    endpoint: &Endpoint,
    store: &DynamoDb,
    vault: &SecretsManager,
) -> Vec<(&'static str, Result<(), StoreError>)> {
    let (tenant, now) = (tenant("acme"), endpoint.now);
    let made = callback(&tenant, now);
    let id = &made.callback_id;
    let session = session(&tenant, now);
    let window = SignedDuration::from_hours(1);
    let secret = SecretString::from(SECRET);
    let breaker = Breaker {
        until: now,
        pause_seconds: 60,
        opened_by: None,
    };
    let refusal = Refusal {
        at: now,
        reason: RejectionReason::Malformed,
        source_ip: None,
        receive_id: None,
        count: 1,
    };
    let event = |payload: Payload| NewEvent {
        event_id: EventId::of("place", b"content"),
        delivery_id: "first".to_owned(),
        source: EventSource {
            callback_id: Some(id.clone()),
            tenant_id: tenant.clone(),
            scope: Scope::Contacts.into(),
            corp_id: corp("ww0a1b2c3d4e5f6071"),
        },
        event: "event".to_owned(),
        change_type: None,
        created_at: None,
        received_at: now,
        retention_days: None,
        damaged: false,
        payload,
    };
    let person = Person::parse(PersonKind::UserId, "zhangsan").unwrap();
    let person_event = PersonEvent {
        head: EventHead {
            event_id: EventId::of("place", b"content"),
            scope: Scope::Contacts.into(),
            event: "event".to_owned(),
            change_type: None,
            created_at: None,
            received_at: now,
            duplicates: 0,
            damaged: false,
        },
        parts: 1,
    };
    let large = Payload::from_iter([("Text".to_owned(), json!("x".repeat(400_000)))]);
    let change = EventChange {
        sequence_number: "1".to_owned(),
        callback_id: id.clone(),
        stored_at: Some(now),
        repeated: 0,
    };
    let token = cached(SECRET, now);
    let token_name = TokenName::scope(&tenant, Scope::Contacts);
    // As it is stored, so that the secret itself is what an error could show.
    let fingerprint: Fingerprint = serde_json::from_value(json!(SECRET)).unwrap();
    let name = SecretName::Scope(tenant.clone(), Scope::Contacts);
    let claim = Claim {
        claim_id: ClaimId::of(None, &corp("wpYunFan")),
        suite_id: None,
        corp_id: corp("wpYunFan"),
        corp_name: String::new(),
        installed_at: now,
        expires_at: now,
    };
    let changes = vec![save(authorization(&tenant, now))];
    let filter = EventFilter::default();
    let mut listed = json!(listing(1, Health::Ok));
    listed["version"] = json!(1);
    let listed: StoredListing = serde_json::from_value(listed).unwrap();
    let replay = Replay {
        replay_id: "replay".to_owned(),
        tenant_id: Some(tenant.clone()),
        request: ReplayRequest {
            since: Timestamp::UNIX_EPOCH,
            until: now,
            scope: None,
            event: None,
            change_type: None,
            per_minute: 1,
        },
        status: ReplayStatus::Running,
        replayed: 0,
        position: None,
        started_at: now,
        ended_at: None,
        started_by: None,
    };
    let run = HealthRunNote {
        at: now,
        checked: 0,
        failed: 0,
        suites: Vec::new(),
        sealing_key_since: None,
        dead_letters: Vec::new(),
    };
    vec![
        ("authorization", store.authorization(&tenant).await.map(drop)),
        ("callback", store.callback(id).await.map(drop)),
        (
            "read_ahead",
            store
                .read_ahead(
                    &[id],
                    std::slice::from_ref(&token_name),
                    &[BreakerName::suite("ww3f2a")],
                )
                .await
                .map(drop),
        ),
        ("tenant_of", store.tenant_of(&corp("wpYunFan")).await.map(drop)),
        (
            "assist_link_tenant",
            store.assist_link_tenant(&fingerprint).await.map(drop),
        ),
        ("commit", from_commit(store.commit(changes).await)),
        (
            "promote",
            from_commit(store.promote(made.clone(), Vec::new(), None, line(now)).await),
        ),
        ("note_refusals", store.note_refusals(&made, &[refusal]).await.map(drop)),
        ("note_old_credentials", store.note_old_credentials(id, Some(now)).await),
        ("create_session", store.create_session(&session).await),
        ("session", store.session(&session.state).await.map(drop)),
        (
            "bind_browser",
            store.bind_browser(&session.state, &fingerprint).await.map(drop),
        ),
        (
            "claim_exchange",
            store.claim_exchange(&session, &fingerprint, now).await.map(drop),
        ),
        (
            "put_claim",
            store
                .put_claim(&claim, &AtRest::Plain(secret.clone()), &fingerprint, now)
                .await,
        ),
        ("claim_of", store.claim_of(&claim.claim_id, now).await.map(drop)),
        ("claimed_with", store.claimed_with(&fingerprint).await.map(drop)),
        ("claims", store.claims(10, None, now).await.map(drop)),
        (
            "forget_claim",
            store
                .forget_claim(&claim.claim_id, &AtRest::Plain(secret.clone()))
                .await,
        ),
        (
            "release_exchange",
            store.release_exchange(&session.state, &fingerprint).await,
        ),
        (
            "fail_session",
            store.fail_session(&session.state, &InstallFailure::CorpMismatch).await,
        ),
        (
            "append_event",
            store.append_event(event(Payload::new())).await.map(drop),
        ),
        (
            "append_event in parts",
            store.append_event(event(large)).await.map(drop),
        ),
        ("events", store.events(&tenant, &filter, 10, None).await.map(drop)),
        (
            "event",
            store.event(&tenant, &EventId::of("place", b"content")).await.map(drop),
        ),
        ("count_events", store.count_events("shard", &[change], now).await),
        ("ticket", store.ticket("ww3f2a").await.map(drop)),
        (
            "put_suite_event",
            store.put_suite_event(&suite_event(now)).await.map(drop),
        ),
        (
            "owns_suite_event",
            store.owns_suite_event(&suite_event(now).event_id, 0).await.map(drop),
        ),
        (
            "park_suite_event",
            store.park_suite_event(&suite_event(now).event_id, 0, now).await,
        ),
        ("due_suite_events", store.due_suite_events(now, 1).await.map(drop)),
        (
            "release_suite_event",
            store.release_suite_event(&suite_event(now).event_id, now).await,
        ),
        (
            "put_ticket",
            store.put_ticket("ww3f2a", &AtRest::Plain(secret.clone()), now).await,
        ),
        ("token", store.token(&token_name, now).await.map(drop)),
        ("put_token", store.put_token(&token_name, &token).await),
        ("drop_token", store.drop_token(&token_name).await),
        (
            "drop_refused_token",
            store
                .drop_refused_token(&token_name, &AtRest::Plain(secret.clone()))
                .await,
        ),
        (
            "claim_refresh",
            store.claim_refresh(&token_name, now, now).await.map(drop),
        ),
        ("due_authorizations", store.due_authorizations(now, 10).await.map(drop)),
        ("exchanged_for", store.exchanged_for(&fingerprint).await.map(drop)),
        (
            "replay_event",
            store
                .replay_event(&tenant, &EventId::of("place", b"content"), "replay")
                .await
                .map(drop),
        ),
        ("replay", store.replay(Some(&tenant)).await.map(drop)),
        ("start_replay", store.start_replay(&replay).await.map(drop)),
        ("due_replays", store.due_replays(now, 1).await.map(drop)),
        ("take_replay", store.take_replay(&replay, now, now).await.map(drop)),
        ("keep_replay", store.keep_replay(&replay, now, now).await.map(drop)),
        ("stop_replay", store.stop_replay(&replay, &line(now)).await),
        ("replay_page", store.replay_page(&replay, 1).await.map(drop)),
        (
            "replay_page of all",
            store
                .replay_page(
                    &Replay {
                        tenant_id: None,
                        ..replay.clone()
                    },
                    1,
                )
                .await
                .map(drop),
        ),
        (
            "delete_some_events",
            store.delete_some_events(&tenant, now, now).await.map(drop),
        ),
        (
            "events_of_person",
            store.events_of_person(&tenant, &person, 10, None).await.map(drop),
        ),
        (
            "delete_events_of_person",
            store
                .delete_events_of_person(&tenant, &[person_event], |_| line(now))
                .await
                .map(drop),
        ),
        ("deleted", store.deleted(&tenant).await.map(drop)),
        ("event_heads", store.event_heads(&tenant, 10).await.map(drop)),
        ("listing", store.listing(&tenant).await.map(drop)),
        (
            "put_listing",
            store.put_listing(None, &listing(1, Health::Ok)).await.map(drop),
        ),
        ("remove_listing", store.remove_listing(&listed).await.map(drop)),
        ("bindings", store.bindings(&tenant).await.map(drop)),
        ("listed", store.listed(&ListFilter::default(), 10, None).await.map(drop)),
        ("listed_counts", store.listed_counts().await.map(drop)),
        ("listed_since", store.listed_since("health/ok").await.map(drop)),
        ("note_health_run", store.note_health_run(&run).await),
        ("last_health_run", store.last_health_run().await.map(drop)),
        ("delete_token", store.delete_token(&tenant, &token_name, now).await),
        ("record", store.record(&tenant, line(now)).await),
        ("audit", store.audit(&tenant, 10, None).await.map(drop)),
        (
            "take_attempt",
            store.take_attempt("acme", 3, window, now).await.map(drop),
        ),
        ("return_attempt", store.return_attempt("acme", window, now).await),
        ("breaker", store.breaker(&BreakerName::suite("ww3f2a")).await.map(drop)),
        (
            "put_breaker",
            store.put_breaker(&BreakerName::suite("ww3f2a"), &breaker).await,
        ),
        (
            "claim_probe",
            store
                .claim_probe(&BreakerName::suite("ww3f2a"), now, now)
                .await
                .map(drop),
        ),
        ("note_refused_corp", store.note_refused_corp("ww1", now).await.map(drop)),
        ("claim_check", store.claim_check(&tenant, now, now).await.map(drop)),
        ("end_check", store.end_check(&tenant, now, true).await),
        ("check_status", store.check_status(&tenant, now).await.map(drop)),
        ("postpone_check", store.postpone_check(&tenant, now).await),
        ("put", vault.put(&name, &secret).await.map(drop)),
        ("delete", vault.delete(&name).await.map(drop)),
        ("read", vault.read(&name, None).await.map(drop)),
        ("read a version", vault.read(&name, Some("version")).await.map(drop)),
    ]
}

/// An error and its causes, as a log might show them.
fn shown(error: &StoreError) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut cause = error.source();
    while let Some(next) = cause {
        text.extend([format!(" {next} {next:?}")]);
        cause = next.source();
    }
    text
}

async fn of_every_method(endpoint: &Endpoint, fault: Fault) -> Vec<(&'static str, StoreError)> {
    endpoint.faults().clear();
    endpoint.faults().add(fault);
    let (store, vault) = endpoint.impatient(Duration::from_secs(4));
    let results = Box::pin(every_method(endpoint, &store, &vault)).await;
    assert_eq!(results.len(), METHODS);
    let error = |(name, result): (_, Result<(), StoreError>)| (name, result.expect_err(name));
    results.into_iter().map(error).collect()
}

#[tokio::test]
async fn what_may_pass_is_out_of_reach() {
    let endpoint = Endpoint::ours().await;
    let faults = [
        Fault::on("*").answer("ThrottlingException"),
        Fault::on("*").answer("ProvisionedThroughputExceededException"),
        Fault::on("*").answer("RequestLimitExceeded"),
        Fault::on("*").answer("InternalServerError"),
        Fault::on("*").status(502),
        Fault::on("*").answer("ServiceUnavailable"),
        Fault::on("*").drop_connection(),
    ];
    for fault in faults {
        for (method, error) in Box::pin(of_every_method(&endpoint, fault.clone())).await {
            assert!(
                matches!(error, StoreError::Unavailable(_)),
                "{method} with {fault:?}: {error:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_will_not_pass_is_internal() {
    let endpoint = Endpoint::ours().await;
    for code in [
        "AccessDeniedException",
        "UnrecognizedClientException",
        "ValidationException",
        "DecryptionFailure",
        "ResourceNotFoundException",
    ] {
        for (method, error) in refused_by(&endpoint, code).await {
            assert!(
                matches!(error, StoreError::Internal(_)),
                "{method} with {code}: {error:?}"
            );
        }
    }
}

/// To Secrets Manager, a secret that is not there is an answer.
async fn refused_by(endpoint: &Endpoint, code: &str) -> Vec<(&'static str, StoreError)> {
    endpoint.faults().clear();
    endpoint.faults().add(Fault::on("*").answer(code));
    let (store, vault) = endpoint.impatient(Duration::from_secs(4));
    let results = Box::pin(every_method(endpoint, &store, &vault)).await;
    let (mut errors, mut none) = (Vec::new(), Vec::new());
    for (method, result) in results {
        match result {
            Ok(()) => none.push(method),
            Err(error) => errors.push((method, error)),
        }
    }
    if code == "ResourceNotFoundException" {
        assert_eq!(none, ["delete", "read", "read a version"]);
    } else {
        assert!(none.is_empty(), "{code}: {none:?}");
    }
    errors
}

/// AWS throttles for moments. The functions ask three times, so two refusals in a row go unnoticed.
#[tokio::test]
async fn a_throttle_that_lasts_for_two_attempts_is_not_noticed() {
    let endpoint = Endpoint::ours().await;
    let (store, vault) = (endpoint.store(), endpoint.vault());
    let throttled = |operation: &str| Fault::on(operation).answer("ThrottlingException").times(2);
    endpoint.faults().add(throttled("GetItem"));
    endpoint.faults().add(throttled("GetSecretValue"));
    store.authorization(&tenant("acme")).await.unwrap();
    assert!(vault.read(&SecretName::Suite, None).await.unwrap().is_none());
    // A third one is.
    endpoint.faults().add(throttled("GetItem").times(3));
    let noticed = store.authorization(&tenant("acme")).await.unwrap_err();
    assert!(matches!(noticed, StoreError::Unavailable(_)), "{noticed:?}");
}

/// A store that does not answer is given up. The limits leave room for a busy machine; one answer would take a minute.
#[tokio::test]
async fn silence_is_out_of_reach() {
    let endpoint = Endpoint::ours().await;
    endpoint.faults().add(Fault::on("*").delay(Duration::from_mins(1)));
    let (store, vault) = endpoint.impatient(Duration::from_millis(100));
    let started = std::time::Instant::now();
    for (method, result) in Box::pin(every_method(&endpoint, &store, &vault)).await {
        assert!(
            matches!(result, Err(StoreError::Unavailable(_))),
            "{method}: {result:?}"
        );
    }
    assert!(started.elapsed() < Duration::from_secs(50), "{:?}", started.elapsed());

    // With the functions' own patience.
    let started = std::time::Instant::now();
    let ((store, vault), tenant_id) = (endpoint.as_deployed(), tenant("acme"));
    let (read, kept) = tokio::join!(store.authorization(&tenant_id), vault.read(&SecretName::Suite, None));
    for waited in [read.map(drop), kept.map(drop)] {
        assert!(matches!(waited, Err(StoreError::Unavailable(_))), "{waited:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

/// AWS's answers, or those of a proxy, may contain what was requested: an error contains nothing of an answer but its code and
/// its message.
#[tokio::test]
async fn no_error_holds_what_was_sent_or_received() {
    let endpoint = Endpoint::ours().await;
    let with_secret = |fault: Fault| {
        fault
            .with("SecretString", json!(SECRET))
            .with("Item", json!({"token": {"S": SECRET}, "ticket": {"S": SECRET}}))
    };
    let cancelled = Fault::on("TransactWriteItems")
        .answer("TransactionCanceledException")
        .with(
            "CancellationReasons",
            json!([{"Code": "ValidationError", "Item": {"x": {"S": SECRET}}}]),
        );
    let faults = [
        with_secret(Fault::on("*").status(500)),
        with_secret(Fault::on("*").answer("ValidationException")),
        with_secret(Fault::on("*").answer("ThrottlingException")),
        with_secret(Fault::on("*").answer("AnUnknownException")),
        Fault::on("*").drop_connection(),
    ];
    for fault in faults {
        for (method, error) in Box::pin(of_every_method(&endpoint, fault.clone())).await {
            let shown = shown(&error);
            assert!(!shown.contains(SECRET), "{method} with {fault:?}: {shown}");
        }
    }
    endpoint.faults().clear();
    endpoint.faults().add(cancelled);
    for (method, result) in Box::pin(every_method(&endpoint, &endpoint.store(), &endpoint.vault())).await {
        if let Err(error) = result {
            let shown = shown(&error);
            assert!(!shown.contains(SECRET), "{method}: {shown}");
        }
    }
}

/// An operator who follows up an alarm must find the code, the message and the request id.
#[tokio::test]
async fn an_error_says_what_aws_said() {
    let endpoint = Endpoint::ours().await;
    let words = "not authorized to perform: dynamodb:GetItem";
    endpoint.faults().add(
        Fault::on("GetItem")
            .answer("AccessDeniedException")
            .with("message", json!(words))
            .with("Message", json!(words)),
    );
    let error = endpoint.store().authorization(&tenant("acme")).await.unwrap_err();
    assert_eq!(error.to_string(), "the store refused");
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("AccessDeniedException"), "{cause}");
    assert!(cause.contains(words), "{cause}");

    endpoint.faults().clear();
    endpoint.faults().add(Fault::on("GetItem").drop_connection());
    let error = endpoint.store().authorization(&tenant("acme")).await.unwrap_err();
    assert_eq!(error.to_string(), "the store is out of reach");
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("dispatch failure"), "{cause}");
}
