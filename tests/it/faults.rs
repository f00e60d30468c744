//! What happens when something fails half-way: processes that die, answers that get lost, stores out of reach, two at once.

mod concurrency;
mod crashes;
mod lost_answers;
mod outage;
mod picture;
mod scenarios;
pub(crate) mod stage;
