//! Commands for a second terminal, in the manner of the Stripe CLI: what a platform's developer does with the events of the
//! server that runs in the first.

mod authorize;
mod export;
mod import;
mod listen;
mod resend;
mod server;
mod trigger;

use std::path::Path;

use self::{export::Export, import::Import, listen::Listen, resend::Resend, server::Server, trigger::Trigger};

/// Command that works with a running server.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Command {
    /// Show the events of the bus as they come, and forward them as signed webhooks
    Listen(Listen),
    /// Make WeCom send an event, which then takes the whole way through the product
    Trigger(Trigger),
    /// Publish a stored event again
    Resend(Resend),
    /// Import bindings of another platform: a file of JSON Lines
    Import(Import),
    /// Export bindings with everything that opens them, sealed to a public key of age
    Export(Export),
}

/// Reason why a command fails, worded for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// No server runs with this data directory.
    #[error(
        "no server runs with the data directory {0}: start one with `cargo run`, or name its directory with --data"
    )]
    NotRunning(String),
    /// The server stopped answering.
    #[error("the server does not answer: {0}")]
    Unreachable(#[from] reqwest::Error),
    /// The server has stopped while it was listened to.
    #[error("the server has stopped")]
    Stopped,
    /// The server answered with an error.
    #[error("{asked}: {status}: {answer}")]
    Refused {
        /// Method and URL.
        asked: String,
        /// HTTP status.
        status: u16,
        /// Body of the answer.
        answer: String,
    },
    /// The arguments name something that there is not.
    #[error("{0}")]
    Unknown(String),
}

impl Command {
    /// Runs the command against the server of this data directory.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn run(self, data: &Path) -> Result<(), CommandError> {
        if let Self::Trigger(trigger) = &self
            && trigger.event.is_none()
        {
            trigger::list();
            return Ok(());
        }
        let server = Server::of(data)?;
        match self {
            Self::Listen(listen) => listen.run(&server).await,
            Self::Trigger(trigger) => trigger.run(&server).await,
            Self::Resend(resend) => resend.run(&server).await,
            Self::Import(import) => import.run(&server).await,
            Self::Export(export) => export.run(&server).await,
        }
    }
}

/// Prints a line of the command's output.
#[expect(clippy::print_stdout, reason = "this is the command's output")]
fn say(line: &str) {
    println!("{line}");
}
