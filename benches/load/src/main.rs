//! A sustained load on the event callback of the local server: events for four callbacks of two tenants, some repeated, some
//! forged. Afterwards everything is counted: each accepted event is stored once, each forged one was refused.
//!
//! ```sh
//! cargo build --release --package local
//! cargo run --release --package load -- --seconds 60
//! ```
//!
//! It starts and stops a server with a temporary data directory. It exits with a failure when a count differs. The rates are
//! those of this machine and of the embedded DynamoDB, not of a deployment.

#![expect(clippy::print_stdout, reason = "this is a command: it prints")]

mod product;
mod sender;
mod sent;

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;

use self::{
    product::{Counted, Product},
    sender::Sender,
    sent::Sent,
};

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// Send events to the local server without pause, then count them
#[derive(Debug, Parser)]
struct Options {
    /// Duration of the load in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Number of connections; each sends one event after the other
    #[arg(long, default_value_t = 16)]
    connections: u64,
    /// One event in this many is repeated, and one is forged
    #[arg(long, default_value_t = 100)]
    one_in: u64,
    /// Path of the server's binary
    #[arg(long, default_value = "target/release/local")]
    server: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers whether every count is right.
async fn run(options: &Options) -> Result<bool, Error> {
    // reqwest needs a provider, although no connection here is encrypted.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let product = Product::start(&options.server).await?;
    let callbacks = product.bind().await?;
    println!(
        "{} callbacks of two tenants, {} connections",
        callbacks.len(),
        options.connections
    );

    let started = Instant::now();
    let until = started + Duration::from_secs(options.seconds);
    let sending: Vec<_> = (0..options.connections)
        .zip(callbacks.iter().cycle())
        .map(|(number, callback)| {
            let sender = Sender {
                number,
                callback: callback.clone(),
                one_in: options.one_in,
            };
            tokio::spawn(sender.run(product.address(), until))
        })
        .collect();
    let memory = product.watch(until).await;
    let mut sent = Sent::default();
    for task in sending {
        sent += task.await??;
    }
    let seconds = started.elapsed().as_secs_f64();
    let counted = product.count(&sent).await?;
    product.stop().await?;

    report(&sent, &counted, seconds);
    println!(
        "memory of the server, MB    {}",
        memory.iter().map(|mb| format!("{mb:.0}")).collect::<Vec<_>>().join(" ")
    );
    Ok(holds(&sent, &counted))
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "rates for people")]
fn report(sent: &Sent, counted: &Counted, seconds: f64) {
    println!(
        "requests                    {} in {seconds:.0} s: {:.0} a second",
        sent.requests(),
        sent.requests() as f64 / seconds
    );
    println!("accepted events             {}", sent.events);
    println!(
        "  listed                    {}, each once: {}",
        counted.listed,
        counted.distinct == counted.listed
    );
    println!("  counted on the callbacks  {}", counted.received);
    println!(
        "sent again                  {}, counted {}",
        sent.repeated, counted.duplicates
    );
    println!("forged                      {}, refused {}", sent.forged, sent.refused);
    println!("answered otherwise          {}", sent.other);
}

fn holds(sent: &Sent, counted: &Counted) -> bool {
    let holds = counted.listed == sent.events
        && counted.distinct == sent.events
        && counted.received == sent.events
        && counted.duplicates == sent.repeated
        && sent.refused == sent.forged
        && sent.other == 0;
    println!(
        "{}",
        if holds {
            "every count is right"
        } else {
            "A COUNT IS WRONG"
        }
    );
    holds
}
