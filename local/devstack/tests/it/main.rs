//! What the local AWS does, as sentences, through the official clients.
//!
//! Every test runs against an endpoint of its own in memory. With `TEST_ENDPOINT_URL` set, the ones that say something
//! about AWS run against that instead, so that another implementation can judge: DynamoDB Local, moto, or AWS itself.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helpers fail as tests do"
)]

mod clients;
mod durability;
mod dynamodb;
mod faults;
mod journal;
mod provisioning;
mod secrets;
mod secrets_deletion;
mod secrets_listing;
mod secrets_rotation;
mod secrets_versions;
mod start;
mod streams;
mod transactions;
