//! The contract of the adapters, method by method, against real HTTP.
//!
//! Every test has tables and secrets of its own, in an endpoint in memory. With `TEST_ENDPOINT_URL` set, the ones that order
//! no faults run against that instead, so that another implementation can judge: DynamoDB Local, moto, or AWS itself.

mod attempts;
mod audit;
mod authorizations;
mod callbacks;
mod counting;
pub(crate) mod endpoint;
mod errors;
mod events;
pub(crate) mod samples;
mod sessions;
mod suite;
mod vault;
mod wire;
