//! A process dies between any two writes: what was valid stays valid, and the next attempt completes the operation.

use devstack::Entry;
use serde_json::{Value, json};

use super::{
    cases::{self, FaultCase},
    harness::Harness,
    snapshot::{assert_alike, snapshot},
};
use crate::operations::assert_allowed;

/// More writes than any operation makes.
const MANY: u32 = 60;

/// A harness and a case that is ready to be performed, by processes with empty caches.
pub(super) async fn before<S: FaultCase>() -> (Harness, S) {
    let harness = if S::IS_OF_A_TEMPLATE {
        Harness::of_template(S::IS_THOROUGH).await
    } else {
        Harness::start(S::IS_THOROUGH).await
    };
    let case = S::prepare(&harness).await;
    // Fetched now, because the streams are read from the endpoint that is about to fail.
    harness.fetch("process-suite-event").await;
    harness.fetch("publish-events").await;
    harness.end_processes();
    harness.devstack().clear_journal();
    (harness, case)
}

/// Snapshot and AWS calls of an operation that nothing disturbs.
pub(super) async fn undisturbed<S: FaultCase>() -> (Value, Vec<Entry>) {
    let (harness, case) = before::<S>().await;
    case.perform(&harness).await.unwrap();
    assert_allowed(&harness);
    let journal = harness.journal();
    (snapshot(&harness).await, journal)
}

/// Performs the operation again after the failure, in new processes. Returns whether a code was lost, so
/// that a person had to start over.
pub(super) async fn makes_good<S: FaultCase>(harness: &Harness, case: &S, expected: &Value, when: &str) -> bool {
    harness.devstack().faults().clear();
    harness.end_processes();
    case.holds_meanwhile(harness).await;
    // Longer than a claim is held.
    harness.wait(30);
    let again = case.perform(harness).await;
    if S::IS_FINISHED_BY_THE_SCHEDULE {
        harness.wait(600);
        harness.invoke("check-health", json!({})).await.unwrap();
    }
    let after = snapshot(harness).await;
    assert_allowed(harness);
    let is_lost = again.is_err() || after["in_force"] != expected["in_force"];
    if !S::CAN_BEGIN_ANEW || !is_lost {
        assert_eq!(again, Ok(()), "again {when}");
        assert_alike(&after, expected, S::COUNTS, &format!("again {when}"));
        return false;
    }
    case.begin_anew(harness).await;
    assert_alike(&snapshot(harness).await, expected, &[], &format!("again {when}"));
    true
}

/// Crashes the operation after every number of writes, and performs it again.
async fn survives_a_crash_after_any_write<S: FaultCase>() {
    let (expected, _) = undisturbed::<S>().await;
    let mut losses = 0;
    for writes in 0..MANY {
        let (harness, case) = before::<S>().await;
        harness.devstack().faults().crash_after_writes(writes);
        let when = format!("after a crash after {writes} writes");
        if case.perform(&harness).await.is_ok() {
            harness.devstack().faults().clear();
            harness.end_processes();
            assert_alike(&snapshot(&harness).await, &expected, &[], &when);
            assert!(writes > 0, "it writes nothing");
            assert_eq!(losses, S::LOSSES, "codes that were lost");
            return;
        }
        losses += u32::from(makes_good(&harness, &case, &expected, &when).await);
    }
    panic!("it has not ended after {MANY} writes");
}

macro_rules! crashes {
    ($($test:ident: $case:ident,)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                survives_a_crash_after_any_write::<cases::$case>().await;
            }
        )*
    };
}

cases::for_each!(crashes);
