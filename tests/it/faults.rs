//! Fault injection: processes that die, lost answers, unavailable stores, concurrent requests.

mod cases;
mod concurrency;
mod crashes;
mod gives_up;
pub(crate) mod harness;
mod lost_answers;
mod outage;
mod snapshot;
mod table;
