//! A write is carried out and its answer is lost. The SDK asks again by itself, so once is not noticed; when every answer is
//! lost the operation fails, and the next attempt makes it good.

use std::collections::BTreeSet;

use devstack::{Entry, Fault};

use super::{
    crashes::{before, makes_good, undisturbed},
    picture::{assert_alike, picture},
    scenarios::{self, Scenario},
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

/// What the operation writes where.
fn writes(journal: Vec<Entry>) -> BTreeSet<(String, String)> {
    let writes = journal
        .into_iter()
        .filter(|entry| WRITES.contains(&entry.operation.as_str()));
    writes.map(|entry| (entry.operation, entry.resource)).collect()
}

async fn survives_lost_answers<S: Scenario>() {
    let (expected, journal) = undisturbed::<S>().await;
    let writes = writes(journal);
    assert!(!writes.is_empty(), "it writes nothing");
    let lost =
        |(operation, resource): &(String, String)| Fault::on(operation).of(resource).after_applying().drop_connection();
    let (stage, scenario) = before::<S>().await;
    for write in &writes {
        stage.devstack().faults().add(lost(write).times(1));
    }
    let when = "when one answer to each write was lost";
    assert_eq!(scenario.perform(&stage).await, Ok(()), "{when}");
    stage.devstack().faults().clear();
    assert_alike(&picture(&stage).await, &expected, S::COUNTS, when);

    for write in &writes {
        let when = format!("when all answers to {write:?} were lost");
        let (stage, scenario) = before::<S>().await;
        stage.devstack().faults().add(lost(write));
        if scenario.perform(&stage).await.is_ok() {
            stage.devstack().faults().clear();
            assert_alike(&picture(&stage).await, &expected, S::COUNTS, &when);
        } else {
            makes_good(&stage, &scenario, &expected, &when).await;
        }
    }
}

macro_rules! lost_answers {
    ($($test:ident: $scenario:ident,)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                survives_lost_answers::<scenarios::$scenario>().await;
            }
        )*
    };
}

scenarios::for_each!(lost_answers);
