//! Measures the functions as Lambda runs them: one process each, connected to a Runtime API and, over TLS, to the embedded stores.
//! The plainest `lambda_http` function, built with the same profile, is measured with them: compare ratios to it within one run, not
//! the milliseconds of one machine. docs/performance.md explains the tables.
//!
//! ```sh
//! cargo run --package process-bench              # builds what it measures
//! cargo run --package process-bench -- --help
//! ```

#![expect(clippy::print_stdout, reason = "it is a command: it prints")]

mod child;
mod environment;
mod front;
mod report;
mod run;
mod runtime_api;
mod share;
mod size;
mod work;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use clap::Parser as _;

use crate::{
    environment::{Environment, Wire},
    report::Table,
    run::{Plan, Throttle},
    share::Share,
    work::{FUNCTIONS, Work},
};

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// Measures the functions as processes.
#[derive(Debug, clap::Parser)]
struct Arguments {
    /// Functions to measure in addition to the plainest one; all if none is named
    functions: Vec<String>,
    /// How many times each function is started
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Invocations of a warm function in each round
    #[arg(long, default_value_t = 300)]
    warm: usize,
    /// How the functions reach the stores
    #[arg(long, value_enum, default_value_t = Wire::Tls)]
    wire: Wire,
    /// Memory in MB whose CPU share limits the cold starts of the callbacks
    #[arg(long, default_value_t = 128)]
    share: u64,
    /// Skips the measurements under a CPU share
    #[arg(long)]
    no_share: bool,
    /// Another binary of event-callback to measure as well, as NAME=PATH
    #[arg(long, value_name = "NAME=PATH")]
    also: Vec<String>,
    /// PEM file of trusted roots, in addition to the one of this run; Amazon's roots, as on AWS, if not given
    #[arg(long)]
    roots: Option<PathBuf>,
    /// Measures the binaries that are already built
    #[arg(long)]
    no_build: bool,
    /// Builds, prints the sizes of event-callback and of the plainest function, and fails if event-callback is too large
    #[arg(long)]
    sizes: bool,
}

/// A binary and its invocations.
pub(crate) struct Subject {
    name: String,
    binary: PathBuf,
    function: &'static str,
    work: Work,
}

const HELLO: &str = "hello";
/// The roots that a function trusts on AWS. Here it reads them from a file, together with the authority of this run.
const AMAZON_ROOTS: &str = include_str!("../../../shared/src/entry/amazon-roots.pem");

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Arguments::parse() {
        arguments if arguments.sizes => sizes(&arguments),
        arguments => measure(&arguments).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("process-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn sizes(arguments: &Arguments) -> Result<(), Error> {
    let subjects = subjects(&["event-callback".to_owned()], &[])?;
    if !arguments.no_build {
        build(&subjects)?;
    }
    size::hold(&subjects)
}

async fn measure(arguments: &Arguments) -> Result<(), Error> {
    let subjects = subjects(&arguments.functions, &arguments.also)?;
    if !arguments.no_build {
        build(&subjects)?;
    }
    let roots = match &arguments.roots {
        Some(path) => std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?,
        None => AMAZON_ROOTS.to_owned(),
    };
    let mut environment = Environment::start(arguments.wire, &roots).await?;
    let share = match share(arguments) {
        Some(Ok(share)) => Some(share),
        Some(Err(error)) => {
            println!("SKIPPED: the CPU share of {} MB: {error}\n", arguments.share);
            None
        }
        None => None,
    };
    let mut whole = Table::new(&subjects);
    let mut throttled = Table::new(&subjects);
    for round in 1..=arguments.rounds {
        for (row, subject) in subjects.iter().enumerate() {
            let plan = Plan::whole(subject, arguments.warm);
            whole.add(row, run::run(&mut environment, plan).await?);
            let Some(share) = share.as_ref().filter(|_| subject.work.is_of_wecom()) else {
                continue;
            };
            for (column, throttle) in [Throttle::FromTheStart(share), Throttle::FromTheFirst(share)]
                .into_iter()
                .enumerate()
            {
                let cold = run::run(&mut environment, Plan::cold_check(subject, throttle)).await?;
                throttled.add_throttled(row, column, &cold);
            }
        }
        println!("round {round} of {}", arguments.rounds);
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("\n{} rounds; load at the end {}\n", arguments.rounds, load.trim());
    println!("{}", whole.render());
    if share.is_some() {
        println!("{}", throttled.render_throttled(arguments.share));
    }
    println!("{}", size::table(&subjects)?);
    Ok(())
}

fn share(arguments: &Arguments) -> Option<Result<Share, Error>> {
    (!arguments.no_share).then(|| Share::of(arguments.share))
}

fn subjects(functions: &[String], also: &[String]) -> Result<Vec<Subject>, Error> {
    let release = release()?;
    let mut subjects = vec![Subject {
        name: HELLO.to_owned(),
        binary: release.join(HELLO),
        function: HELLO,
        work: Work::Events,
    }];
    if let Some(unknown) = functions
        .iter()
        .find(|wanted| FUNCTIONS.iter().all(|(name, _)| name != *wanted))
    {
        return Err(format!("there is no function {unknown}").into());
    }
    for (name, work) in FUNCTIONS {
        if functions.is_empty() || functions.iter().any(|wanted| wanted == name) {
            subjects.push(Subject {
                name: name.to_owned(),
                binary: release.join(binary(name)),
                function: name,
                work,
            });
        }
    }
    for also in also {
        let (name, path) = also.split_once('=').ok_or("--also takes NAME=PATH")?;
        subjects.push(Subject {
            name: name.to_owned(),
            binary: path.into(),
            function: "event-callback",
            work: Work::Events,
        });
    }
    Ok(subjects)
}

/// The binary, and crate, of a function: the callbacks have their own, all others are entries of one.
fn binary(function: &str) -> &str {
    match function {
        HELLO | "event-callback" | "suite-callback" => function,
        _ => "steps",
    }
}

/// Cargo's folder of release builds, beside the one of this binary.
fn release() -> Result<PathBuf, Error> {
    let own = std::env::current_exe()?;
    let target = own.parent().and_then(Path::parent).ok_or("no target directory")?;
    Ok(target.join("release"))
}

/// Builds the plainest function separately, so that it gets no Cargo feature that only other crates enable.
fn build(subjects: &[Subject]) -> Result<(), Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let (hello, functions): (BTreeSet<_>, BTreeSet<_>) = subjects
        .iter()
        .map(|subject| binary(subject.function))
        .partition(|name| *name == HELLO);
    for packages in [hello, functions] {
        if packages.is_empty() {
            continue;
        }
        let mut command = Command::new(&cargo);
        command.args(["build", "--release", "--locked"]);
        for package in packages {
            command.args(["--package", package]);
        }
        if !command.status()?.success() {
            return Err("the functions do not build".into());
        }
    }
    Ok(())
}
