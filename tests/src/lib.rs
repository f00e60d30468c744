//! The stage for the sample invocations in `events/`: a store with fixed ids in it, and a WeCom that answers the same each time.
//!
//! The test `samples` plays every sample on it. For `sam local invoke -e events/…`, put the same on a store of your own:
//!
//! ```sh
//! cargo run --package devstack                                    # says where it listens
//! cargo run --package tests -- seed http://127.0.0.1:4566
//! cargo run --package tests -- seal event '<xml>…</xml>'          # query and body of a new sample
//! ```
//!
//! Every key, Token and Secret here is made up, for samples only.

pub mod people;
mod seal;
mod seed;
pub mod wecom;

pub use self::{
    seal::{Letter, sealed_check, sealed_event},
    seed::{Error, Names, seed},
};
