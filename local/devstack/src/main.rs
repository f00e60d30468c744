//! The endpoint on its own, for `sam local`, the AWS CLI and tests in other languages:
//! `cargo run -p devstack -- 127.0.0.1:8000 .local/aws`. Without a directory it keeps everything in memory.

use std::{io::Write as _, net::SocketAddr, process::ExitCode};

use devstack::{Devstack, Error, Options};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let listen = arguments
        .next()
        .map_or(Ok(SocketAddr::from(([127, 0, 0, 1], 8000))), |text| text.parse());
    let (Ok(listen), data, None) = (listen, arguments.next(), arguments.next()) else {
        report("usage: devstack [ADDRESS:PORT [DATA_DIRECTORY]]");
        return ExitCode::from(2);
    };
    match Devstack::start(Options {
        listen,
        data: data.map(Into::into),
    })
    .await
    {
        Ok(devstack) => {
            let _ = writeln!(std::io::stdout(), "AWS_ENDPOINT_URL={}", devstack.endpoint_url());
            let _ = tokio::signal::ctrl_c().await;
            devstack.shutdown().await;
            ExitCode::SUCCESS
        }
        Err(error) => {
            report(&explain(&error));
            ExitCode::FAILURE
        }
    }
}

fn report(message: &str) {
    let _ = writeln!(std::io::stderr(), "{message}");
}

/// The error and its causes on one line.
fn explain(error: &Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.fold(format!("devstack: {error}"), |text, cause| format!("{text}: {cause}"))
}
