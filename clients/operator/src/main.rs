//! `wecom-operator`: the operators' routes in a terminal.

use std::{io, process::ExitCode};

use clap::Parser as _;
use wecom_operator::{Arguments, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse(), &mut io::stdin().lock(), &mut io::stdout().lock()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
