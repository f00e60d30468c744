//! A write is carried out and its answer is lost. The SDK retries, so one lost answer goes unnoticed; if every answer is
//! lost, the operation fails, and the next attempt completes it.

use std::collections::BTreeSet;

use devstack::{Entry, Fault};

use super::{
    cases::{self, FaultCase},
    crashes::{before, makes_good, undisturbed},
    snapshot::{assert_alike, snapshot},
};

const WRITES: [&str; 9] = [
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "TransactWriteItems",
    "CreateSecret",
    "PutSecretValue",
    "UpdateSecretVersionStage",
    "DeleteSecret",
    "RestoreSecret",
];

/// The kinds of writes of an operation, and the tables or secrets they write to.
fn writes(journal: Vec<Entry>) -> BTreeSet<(String, String)> {
    let writes = journal
        .into_iter()
        .filter(|entry| WRITES.contains(&entry.operation.as_str()));
    writes.map(|entry| (entry.operation, entry.resource)).collect()
}

async fn survives_lost_answers<S: FaultCase>() {
    let (expected, journal) = undisturbed::<S>().await;
    let writes = writes(journal);
    assert!(!writes.is_empty(), "it writes nothing");
    let lost =
        |(operation, resource): &(String, String)| Fault::on(operation).of(resource).after_applying().drop_connection();
    let (harness, case) = before::<S>().await;
    for write in &writes {
        harness.devstack().faults().add(lost(write).times(1));
    }
    let when = "when one answer to each write was lost";
    assert_eq!(case.perform(&harness).await, Ok(()), "{when}");
    harness.devstack().faults().clear();
    // The SDK's retry counts nothing twice.
    assert_alike(&snapshot(&harness).await, &expected, &[], when);

    for write in &writes {
        let when = format!("when all answers to {write:?} were lost");
        let (harness, case) = before::<S>().await;
        harness.devstack().faults().add(lost(write));
        if case.perform(&harness).await.is_ok() {
            harness.devstack().faults().clear();
            assert_alike(&snapshot(&harness).await, &expected, S::COUNTS, &when);
        } else {
            makes_good(&harness, &case, &expected, &when).await;
        }
    }
}

macro_rules! lost_answers {
    ($($test:ident: $case:ident,)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                survives_lost_answers::<cases::$case>().await;
            }
        )*
    };
}

cases::for_each!(lost_answers);
