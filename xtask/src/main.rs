//! The project's own commands: `cargo xtask test`, `cargo xtask check`.
//!
//! `test` is the one command that passes the tests. What it needs beyond Rust it looks for first; what is missing it names,
//! with how to get it, and skips loudly. With `CI` set nothing may be missing.

#![expect(clippy::print_stdout, reason = "these are commands: they print")]

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

fn main() -> ExitCode {
    let command = std::env::args().nth(1).unwrap_or_default();
    let mut run = Run {
        steps: Vec::new(),
        failed: false,
    };
    match command.as_str() {
        "test" => run.test(),
        "check" => run.check(),
        _ => {
            println!(
                "cargo xtask test    passes every test: units, protocol, adapters, the whole walk, the page in a browser"
            );
            println!("cargo xtask check   formatting, Clippy and documentation, warnings denied");
            return ExitCode::FAILURE;
        }
    }
    run.report()
}

struct Run {
    steps: Vec<(String, Outcome, Duration)>,
    failed: bool,
}

enum Outcome {
    Passed,
    Failed,
    Skipped(String),
}

impl Run {
    fn test(&mut self) {
        self.step(
            "Rust tests",
            cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]),
        );
        self.browser();
    }

    fn check(&mut self) {
        self.step("formatting", cargo(&["fmt", "--all", "--check"]));
        self.step(
            "Clippy",
            cargo(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--locked",
                "--",
                "--deny",
                "warnings",
            ]),
        );
        let mut docs = cargo(&[
            "doc",
            "--workspace",
            "--no-deps",
            "--document-private-items",
            "--locked",
        ]);
        docs.env("RUSTDOCFLAGS", "--deny warnings");
        self.step("documentation", docs);
    }

    /// The page in a real browser, against the real server.
    fn browser(&mut self) {
        let name = "browser tests";
        if !Path::new("tests/browser/package.json").exists() {
            return;
        }
        let missing = [
            ("node", "Node.js 20 or newer: apt-get install nodejs npm"),
            ("npm", "npm: apt-get install npm"),
            ("chromium", "Chromium: apt-get install chromium fonts-noto-cjk"),
        ]
        .into_iter()
        .find(|(program, _)| !installed(program));
        if let Some((_, advice)) = missing {
            return self.skip(name, advice);
        }
        let mut install = Command::new("npm");
        install
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir("tests/browser");
        self.step("browser tests: what they need", install);
        self.step(
            "browser tests: build the server",
            cargo(&["build", "--locked", "--package", "local"]),
        );
        let mut test = Command::new("npm");
        test.arg("test")
            .current_dir("tests/browser")
            .env("LOCAL_SERVER", local_server());
        self.step(name, test);
    }

    fn step(&mut self, name: &str, mut command: Command) {
        println!("\n=== {name}");
        let begun = Instant::now();
        let passed = command.status().is_ok_and(|status| status.success());
        self.failed |= !passed;
        self.steps.push((
            name.to_owned(),
            if passed { Outcome::Passed } else { Outcome::Failed },
            begun.elapsed(),
        ));
    }

    fn skip(&mut self, name: &str, advice: &str) {
        println!("\n=== {name}: SKIPPED. This machine lacks {advice}");
        self.failed |= std::env::var_os("CI").is_some();
        self.steps
            .push((name.to_owned(), Outcome::Skipped(advice.to_owned()), Duration::ZERO));
    }

    fn report(&self) -> ExitCode {
        println!();
        for (name, outcome, time) in &self.steps {
            match outcome {
                Outcome::Passed => println!("passed   {:>5} s  {name}", time.as_secs()),
                Outcome::Failed => println!("FAILED   {:>5} s  {name}", time.as_secs()),
                Outcome::Skipped(advice) => println!("SKIPPED           {name}: missing {advice}"),
            }
        }
        if self.failed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// The server that `cargo build` has made.
fn local_server() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let server = target.join("debug/local");
    std::path::absolute(&server).unwrap_or(server)
}

fn installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}
