//! Loads on the event callback of the local server. Afterwards everything is counted: each accepted event is stored once, each
//! forged one was refused.
//!
//! ```sh
//! cargo build --release --package local
//! cargo run --release --package load -- --seconds 60                   # four callbacks of two tenants, without pause
//! cargo run --release --package load -- endurance --events 1000000     # many tenants, and a server that is disturbed
//! ```
//!
//! It starts and stops a server with a temporary data directory. It exits with a failure when a count differs. The rates are
//! those of this machine and of the embedded DynamoDB, not of a deployment.

#![expect(clippy::print_stdout, reason = "this is a command: it prints")]

mod bindings;
mod connection;
mod endurance;
mod load;
mod product;
mod report;
mod sender;
mod sent;

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;

use self::{endurance::Endurance, load::Load};

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// Send events to the local server without pause, then count them
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    load: Load,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Endurance(Endurance),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Common {
    /// Number of connections; each sends one event after the other
    #[arg(long, default_value_t = 16)]
    pub(crate) connections: u64,
    /// One event in this many is repeated, and one is forged
    #[arg(long, default_value_t = 100)]
    pub(crate) one_in: u64,
    /// Path of the server's binary
    #[arg(long, default_value = "target/release/local")]
    pub(crate) server: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // reqwest needs a provider, although no connection here is encrypted.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = Arguments::parse();
    let ran = match &arguments.command {
        Some(Command::Endurance(endurance)) => endurance::run(endurance).await,
        None => load::run(&arguments.load).await,
    };
    match ran {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
