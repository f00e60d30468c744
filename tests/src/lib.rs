//! The stage for the sample invocations in `events/`: a store with fixed ids in it, and a WeCom that answers the same each time.
//!
//! The test `samples` plays every sample on it. `docs/deploy.md` says how to play one with `sam local invoke`:
//!
//! ```sh
//! cargo run --package tests -- stage 172.17.0.1                   # the stage, where containers reach it
//! cargo run --package tests -- judge events/console/page.json     # holds what SAM printed, on stdin, against what is recorded
//! cargo run --package tests -- seal event '<xml>…</xml>'          # query and body of a new sample
//! ```
//!
//! Every key, Token and Secret here is made up, for samples only.

pub mod expectation;
pub mod people;
mod seal;
mod seed;
pub mod wecom;

pub use self::{
    seal::{Letter, sealed_check, sealed_event},
    seed::{Error, Names, seed},
};
