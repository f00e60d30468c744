//! What both reports have in common.

use crate::sent::Sent;

pub(crate) fn answers(sent: &Sent) {
    println!("forged                      {}, refused {}", sent.forged, sent.refused);
    println!("answered otherwise          {}", sent.other);
}

pub(crate) fn megabytes(memory: &[f64]) -> String {
    memory.iter().map(|mb| format!("{mb:.0}")).collect::<Vec<_>>().join(" ")
}

pub(crate) fn verdict(holds: bool) -> bool {
    println!(
        "{}",
        if holds {
            "every count is right"
        } else {
            "A COUNT IS WRONG"
        }
    );
    holds
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "for people, and for a slope"
)]
pub(crate) fn float(number: u64) -> f64 {
    number as f64
}
