//! DynamoDB, DynamoDB Streams and AWS Secrets Manager on one loopback port, for development and tests.
//!
//! The functions talk to it with the adapters that they use on AWS, so what the tests exercise is what is deployed.
//! DynamoDB is `dynoxide-rs`; Secrets Manager is our own. In front of both: faults that tests order ([`Faults`]), and a
//! journal of what was asked of AWS ([`Entry`]), against which the functions' IAM policies are held.
//!
//! What it does not do: check a request's signature (only that it carries one), IAM, KMS, rotate a secret by itself (it
//! begins a rotation when it is asked to, and hands it to whoever runs the function: [`Devstack::rotations`]), replication,
//! resource policies, capacity and throttling (order a fault instead), contention between transactions (likewise). There is
//! one account and one namespace for all regions. The front also answers, where DynamoDB would and `dynoxide-rs` does not:
//! point-in-time recovery settings, the refusal of a second `UpdateTimeToLive`, and a stream shard that is open.
//!
//! It is never a dependency of a function's crate.

mod answer;
mod call;
mod clock;
mod devstack;
mod directory;
mod dynamodb;
mod error;
mod faults;
mod front;
mod journal;
mod local_api;
mod secrets;

pub use crate::{
    devstack::{Devstack, Options},
    error::Error,
    faults::{Fault, Faults, InvalidFault},
    journal::Entry,
    secrets::Rotation,
};
