//! The table of the campaign in `docs/faults.md`, made of the cases.

use super::{
    cases::{self, FaultCase},
    gives_up::GIVEN_UP,
};

/// An operation's row.
fn row<S: FaultCase>(test: &str, case: &str) -> String {
    let mut crash = match (S::LOSSES, S::CAN_BEGIN_ANEW) {
        (0, false) => "completes".to_owned(),
        (0, true) => "completes, or the person begins anew".to_owned(),
        (1, _) => "completes; at one point a code is lost, and the person begins anew".to_owned(),
        (losses, _) => format!("completes; at {losses} points a code is lost, and the person begins anew"),
    };
    if S::IS_FINISHED_BY_THE_SCHEDULE {
        crash += "; `check-health` finishes it";
    }
    let lost = match S::COUNTS {
        [] if S::CAN_BEGIN_ANEW => "completes, or the person begins anew".to_owned(),
        [] => "completes".to_owned(),
        counts => format!("completes; may count twice: {}", counts.join(", ").replace('/', "")),
    };
    let gives_up = if GIVEN_UP.contains(&case) {
        "nothing is alive"
    } else {
        ""
    };
    format!("| {} | {crash} | {lost} | {gives_up} |", test.replace('_', " "))
}

macro_rules! rows {
    ($($test:ident: $case:ident,)*) => {
        [$(row::<cases::$case>(stringify!($test), stringify!($case))),*]
    };
}

#[test]
fn the_document_has_the_row_of_every_operation() {
    let document = crate::template::read("docs/faults.md");
    let documented: Vec<_> = document
        .lines()
        .skip_while(|line| !line.starts_with("| operation"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let rows = cases::for_each!(rows);
    assert_eq!(documented, rows, "docs/faults.md should have:\n{}", rows.join("\n"));
}
