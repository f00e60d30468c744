//! Starting the command, asking what it serves, and ending it.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(30);

/// A running command. It is killed when it goes out of sight.
pub(crate) struct Running {
    child: Option<Child>,
    pub(crate) announced: Value,
}

/// What a command left behind that has ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The command with this data directory and these other arguments.
pub(crate) fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command
        .arg("--data")
        .arg(data)
        .args(arguments)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Running {
    /// Starts it on free ports, and waits until it says that everything answers.
    pub(crate) fn start(data: &Path) -> Self {
        Self::with(data, &["--listen", "127.0.0.1:0"])
    }

    /// The same with other arguments.
    pub(crate) fn with(data: &Path, arguments: &[&str]) -> Self {
        let mut child = command(data, arguments).spawn().unwrap();
        let announced = eventually("it says that everything answers", || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("it ended at once: {status}: {}", read(child.stderr.take()));
            }
            let announced: Value = serde_json::from_slice(&fs::read(data.join("local.json")).ok()?).ok()?;
            // One that a killed process left is another one's, at which nobody answers yet.
            let (status, _) = get(announced["base_url"].as_str()?, "/authorization", None)?;
            (status == 401).then_some(announced)
        });
        Self {
            child: Some(child),
            announced,
        }
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.announced[name].as_str().unwrap()
    }

    /// Sends a signal, and waits for the end.
    pub(crate) fn end(mut self, signal: &str) -> Ended {
        let child = self.child.take().unwrap();
        let sent = Command::new("kill")
            .arg(format!("-{signal}"))
            .arg(child.id().to_string())
            .status();
        assert!(sent.unwrap().success());
        Ended::of(child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Ended {
    /// Waits until it has ended.
    pub(crate) fn of(mut child: Child) -> Self {
        let status = eventually("it ends", || child.try_wait().unwrap());
        Self {
            status,
            stdout: read(child.stdout.take()),
            stderr: read(child.stderr.take()),
        }
    }
}

fn read(stream: Option<impl std::io::Read>) -> String {
    let mut text = String::new();
    if let Some(mut stream) = stream {
        stream.read_to_string(&mut text).unwrap();
    }
    text
}

/// `GET`, over a connection of its own. Nothing when nobody answers.
pub(crate) fn get(base_url: &str, path: &str, token: Option<&str>) -> Option<(u16, String)> {
    request(base_url, "GET", path, token, None)
}

/// Any request with a JSON body.
pub(crate) fn request(
    base_url: &str,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&str>,
) -> Option<(u16, String)> {
    let address = base_url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let token = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    let body = body.map_or_else(String::new, |body| {
        format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    });
    let end = if body.is_empty() { "\r\n" } else { "" };
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{token}{body}{end}");
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    Some((status, body.to_owned()))
}

/// Asks again and again until something is so, for at most half a minute.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(started.elapsed() < PATIENCE, "did not happen in time: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
