//! The project's own commands: `cargo xtask test`, `cargo xtask check`, `cargo xtask fmt`, `cargo xtask
//! contract`.
//!
//! `test` runs every test. It looks first for the programs it needs beyond Rust; when one is missing it says which and how to
//! install it, and skips the tests that need it. With `CI` set a skipped step is a failure.

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
        "fmt" => run.step("formatting", format(&[])),
        "contract" => run.contract(),
        _ => {
            println!(
                "cargo xtask test    run every test: unit, protocol, adapter and end-to-end, and the page in a browser"
            );
            println!("cargo xtask check   check formatting, Clippy and rustdoc; warnings are errors");
            println!("cargo xtask fmt     format the code, imports included");
            println!("cargo xtask contract   write openapi.yaml from the types of requests and answers");
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
        // First, because a Rust test runs the TypeScript client that this builds.
        self.clients();
        self.step(
            "Rust tests",
            cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]),
        );
        self.browser();
    }

    /// Generates the committed files that come from types; a test fails where one is not up to date.
    fn contract(&mut self) {
        let arguments = [
            "run",
            "--package",
            "wecom-authorization",
            "--features",
            "contract",
            "--bin",
            "contract",
        ];
        self.step("openapi.yaml", cargo(&arguments));
    }

    fn check(&mut self) {
        self.step("formatting", format(&["--check"]));
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
        self.console();
    }

    /// Lints, types and format of the admin page and its tests, and whether `console/dist` is what the sources give.
    fn console(&mut self) {
        let name = "admin page: lints, types, bundle";
        if let Some(advice) = missing(&[NODE, NPM]) {
            return self.skip(name, advice);
        }
        self.step("admin page: install packages", npm("console", &["ci"]));
        self.step(name, npm("console", &["run", "check"]));
    }

    /// Runs the browser tests of the admin page against the local server.
    fn browser(&mut self) {
        let name = "browser tests";
        if !Path::new("tests/browser/package.json").exists() {
            return;
        }
        if let Some(advice) = missing(&[NODE, NPM, CHROMIUM]) {
            return self.skip(name, advice);
        }
        for folder in ["console", "tests/browser"] {
            self.step(
                &format!("browser tests: install packages of {folder}"),
                npm(folder, &["ci"]),
            );
        }
        self.step(
            "browser tests: build the server",
            cargo(&["build", "--locked", "--package", "local"]),
        );
        let mut test = npm("tests/browser", &["test"]);
        test.env("LOCAL_SERVER", local_server());
        self.step(name, test);
    }

    /// Tests and packs each of the clients in `clients/` with its own tools.
    fn clients(&mut self) {
        let name = "TypeScript client";
        if let Some(advice) = missing(&[NODE, NPM]) {
            self.skip(name, advice);
        } else {
            let folder = "clients/typescript";
            self.step(&format!("{name}: install packages"), npm(folder, &["ci"]));
            self.step(name, npm(folder, &["test"]));
            self.step(&format!("{name}: package"), npm(folder, &["pack", "--dry-run"]));
        }

        let name = "Python client";
        if let Some(advice) = missing(&[PYTHON]) {
            self.skip(name, advice);
        } else {
            let mut test = Command::new("python3");
            test.args(["-m", "unittest", "discover", "-s", "tests"])
                .current_dir("clients/python")
                .env("PYTHONPATH", "src");
            self.step(name, test);
            // Debian's Python has no pip of its own outside a virtual environment.
            let tools = target().join("tools/python-client");
            let mut environment = Command::new("python3");
            environment.args(["-m", "venv"]).arg(&tools);
            self.step(&format!("{name}: environment"), environment);
            // For the example that receives a webhook, which a test of the whole product runs.
            let mut library = Command::new(tools.join("bin/pip"));
            library.args([
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "standardwebhooks==1.1.0",
            ]);
            self.step(&format!("{name}: libraries of the examples"), library);
            let mut wheel = Command::new(tools.join("bin/pip"));
            wheel
                .args([
                    "wheel",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--no-deps",
                    "--wheel-dir",
                ])
                .arg(target().join("wheels"))
                .arg("./clients/python");
            self.step(&format!("{name}: wheel"), wheel);
        }

        let package = [
            "package",
            "--locked",
            "--allow-dirty",
            "--package",
            "wecom-authorization-client",
        ];
        self.step("Rust client: package", cargo(&package));
    }

    fn step(&mut self, name: &str, mut command: Command) {
        println!("\n=== {name}");
        let started = Instant::now();
        let passed = command.status().is_ok_and(|status| status.success());
        self.failed |= !passed;
        self.steps.push((
            name.to_owned(),
            if passed { Outcome::Passed } else { Outcome::Failed },
            started.elapsed(),
        ));
    }

    fn skip(&mut self, name: &str, advice: &str) {
        println!("\n=== {name}: SKIPPED. Missing: {advice}");
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

/// `cargo fmt` with the two import options that are unstable in `rustfmt.toml`, but taken on the command line by stable rustfmt.
fn format(options: &[&str]) -> Command {
    let mut command = cargo(&[
        "fmt",
        "--all",
        "--",
        "--config",
        "imports_granularity=Crate,group_imports=StdExternalCrate",
    ]);
    command.args(options);
    command
}

/// Absolute path of the directory that Cargo builds in.
fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    std::path::absolute(&target).unwrap_or(target)
}

/// Absolute path of the local server that `cargo build` has built.
fn local_server() -> PathBuf {
    target().join("debug/local")
}

fn npm(folder: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(folder);
    command
}

/// A program, and how to install it.
type Tool = (&'static str, &'static str);

const NODE: Tool = ("node", "Node.js 20 or newer: apt-get install nodejs npm");
const NPM: Tool = ("npm", "npm: apt-get install npm");
const PYTHON: Tool = ("python3", "Python 3.11 or newer: apt-get install python3 python3-venv");
const CHROMIUM: Tool = ("chromium", "Chromium: apt-get install chromium fonts-noto-cjk");

/// Advice for installing the first of these programs that this machine lacks.
fn missing(tools: &[Tool]) -> Option<&'static str> {
    let (_, advice) = tools.iter().find(|(program, _)| !installed(program))?;
    Some(advice)
}

fn installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}
