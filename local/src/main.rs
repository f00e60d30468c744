//! `cargo run`: the whole product on this machine.

use std::{pin::pin, process::ExitCode};

use local::{Arguments, Local, StartError};
use tracing_subscriber::{
    EnvFilter, filter::filter_fn, fmt, layer::SubscriberExt as _, registry, util::SubscriberInitExt as _,
};
use wecom_authorization::entry::may_be_logged;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::read();
    let filter = EnvFilter::builder()
        .with_default_directive(tracing::Level::WARN.into())
        .from_env_lossy();
    registry()
        .with(fmt::layer().with_writer(std::io::stderr))
        .with(filter)
        .with(filter_fn(may_be_logged))
        .init();
    if let Some(command) = arguments.command {
        return match command.run(&arguments.options.data).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        };
    }
    // Before the start: a signal may arrive as soon as `local.json` exists.
    let mut stop = pin!(stop_signal());
    let started = tokio::select! {
        started = start(arguments) => started,
        () = &mut stop => return ExitCode::SUCCESS,
    };
    let local = match started {
        Ok(local) => local,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    #[expect(clippy::print_stdout, reason = "this is the command's output")]
    {
        println!("{}", local.announcement());
    }
    stop.await;
    eprintln!("stopping…");
    local.shutdown().await;
    ExitCode::SUCCESS
}

async fn start(arguments: Arguments) -> Result<Local, StartError> {
    let mut local = Local::start(arguments.options).await?;
    if let Some(address) = arguments.containers
        && let Err(error) = local.let_containers_in(address).await
    {
        local.shutdown().await;
        return Err(error);
    }
    Ok(local)
}

/// Waits for SIGINT (Ctrl-C) or SIGTERM.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
