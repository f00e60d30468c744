//! A process dies between any two writes: what was valid before stays valid, and the next attempt makes it good.

use devstack::Entry;
use serde_json::{Value, json};

use crate::operations::assert_allowed;

use super::{
    picture::{assert_alike, picture},
    scenarios::{self, Scenario},
    stage::Stage,
};

/// More writes than any operation makes.
const MANY: u32 = 60;

/// A stage on which the operation is about to be performed, by processes that remember nothing.
pub(super) async fn before<S: Scenario>() -> (Stage, S) {
    let stage = Stage::start(S::IS_THOROUGH).await;
    let scenario = S::prepare(&stage).await;
    // The endpoint that is about to fail is the one that the streams are read from.
    stage.fetch("process-suite-event").await;
    stage.fetch("count-events").await;
    stage.end_processes();
    stage.devstack().clear_journal();
    (stage, scenario)
}

/// What an operation leaves that nothing disturbs, and what it asked of AWS.
pub(super) async fn undisturbed<S: Scenario>() -> (Value, Vec<Entry>) {
    let (stage, scenario) = before::<S>().await;
    scenario.perform(&stage).await.unwrap();
    assert_allowed(&stage);
    let journal = stage.journal();
    (picture(&stage).await, journal)
}

/// The failure is over, and whoever had failed is dead: the operation is performed again. Answers whether a code was lost, so
/// that a person had to begin anew.
pub(super) async fn makes_good<S: Scenario>(stage: &Stage, scenario: &S, expected: &Value, when: &str) -> bool {
    stage.devstack().faults().clear();
    stage.end_processes();
    scenario.holds_meanwhile(stage).await;
    // Longer than anybody holds a claim.
    stage.wait(30);
    let again = scenario.perform(stage).await;
    if S::IS_FINISHED_BY_THE_SCHEDULE {
        stage.wait(600);
        stage.invoke("check-health", json!({})).await.unwrap();
    }
    let after = picture(stage).await;
    assert_allowed(stage);
    let is_lost = again.is_err() || after["in_force"] != expected["in_force"];
    if !S::CAN_BEGIN_ANEW || !is_lost {
        assert_eq!(again, Ok(()), "again {when}");
        assert_alike(&after, expected, S::COUNTS, &format!("again {when}"));
        return false;
    }
    scenario.begin_anew(stage).await;
    assert_alike(&picture(stage).await, expected, &[], &format!("anew {when}"));
    true
}

/// Lets the operation die after each number of writes, and performs it again.
async fn survives_a_crash_after_any_write<S: Scenario>() {
    let (expected, _) = undisturbed::<S>().await;
    let mut losses = 0;
    for writes in 0..MANY {
        let (stage, scenario) = before::<S>().await;
        stage.devstack().faults().crash_after_writes(writes);
        let when = format!("after a crash after {writes} writes");
        if scenario.perform(&stage).await.is_ok() {
            stage.devstack().faults().clear();
            stage.end_processes();
            assert_alike(&picture(&stage).await, &expected, &[], &when);
            assert!(writes > 0, "it writes nothing");
            assert_eq!(losses, S::LOSSES, "codes that were lost");
            return;
        }
        losses += u32::from(makes_good(&stage, &scenario, &expected, &when).await);
    }
    panic!("it has not ended after {MANY} writes");
}

macro_rules! crashes {
    ($($test:ident: $scenario:ident,)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                survives_a_crash_after_any_write::<scenarios::$scenario>().await;
            }
        )*
    };
}

scenarios::for_each!(crashes);
