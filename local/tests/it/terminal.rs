//! The commands for a second terminal, run as they are, against a server that runs as it is.

use std::{
    cell::RefCell,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Child,
    sync::mpsc,
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use catalogue::{CATALOGUE, Kind};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::command::{Ended, Running, command, eventually};

/// Runs a command to its end.
fn run(data: &Path, arguments: &[&str]) -> Ended {
    Ended::of(command(data, arguments).spawn().unwrap())
}

/// The output of a command that succeeds.
#[track_caller]
fn said(data: &Path, arguments: &[&str]) -> String {
    let ended = run(data, arguments);
    assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {}", ended.stderr);
    ended.stdout
}

/// The one line of a command that fails.
#[track_caller]
fn failed(data: &Path, arguments: &[&str]) -> String {
    let ended = run(data, arguments);
    assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {}", ended.stdout);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    ended.stderr
}

/// `listen`, and the lines that it prints.
struct Listening {
    child: Child,
    lines: mpsc::Receiver<String>,
    /// Lines that no test has asked for yet: events and changes come from two streams, in either order.
    unread: RefCell<Vec<String>>,
}

impl Listening {
    fn start(data: &Path, arguments: &[&str]) -> Self {
        let arguments = [&["listen"], arguments].concat();
        let mut child = command(data, &arguments).spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in stdout.lines() {
                let _ = sender.send(line.unwrap());
            }
        });
        Self {
            child,
            lines,
            unread: RefCell::default(),
        }
    }

    /// The first unread line that contains `text`.
    fn line(&self, text: &str) -> String {
        eventually(text, || {
            let mut unread = self.unread.borrow_mut();
            unread.extend(self.lines.try_iter());
            let found = unread.iter().position(|line| line.contains(text))?;
            Some(unread.remove(found))
        })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A webhook as a consumer gets it.
struct Received {
    head: String,
    body: String,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        let of = |line: &'_ str| line.split_once(": ").is_some_and(|(found, _)| found == name);
        let line = self.head.lines().find(|line| of(line)).unwrap();
        &line[name.len() + 2..]
    }

    /// The signature as the specification derives it from the secret.
    fn is_signed_with(&self, secret: &str) -> bool {
        let secret = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let (id, timestamp) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
        mac.update(format!("{id}.{timestamp}.{}", self.body).as_bytes());
        self.header("webhook-signature") == format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A consumer that answers every webhook with `status`.
struct Consumer {
    url: String,
    received: mpsc::Receiver<Received>,
}

impl Consumer {
    fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://localhost:{}/hooks", listener.local_addr().unwrap().port());
        let (sender, received) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = sender.send(answered(stream.unwrap(), status));
            }
        });
        Self { url, received }
    }

    /// The next webhook about this event.
    fn webhook(&self, id: &str) -> Received {
        eventually("a webhook comes", || {
            self.received
                .try_iter()
                .find(|received| received.header("webhook-id") == id)
        })
    }
}

fn answered(mut stream: TcpStream, status: u16) -> Received {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0);
    }
    let mut received = Received {
        head,
        body: String::new(),
    };
    let length = received.header("content-length").parse().unwrap();
    reader.take(length).read_to_string(&mut received.body).unwrap();
    write!(
        stream,
        "HTTP/1.1 {status} So\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    received
}

fn id_in(output: &str) -> &str {
    output.lines().find_map(|line| line.strip_prefix("event_id ")).unwrap()
}

#[test]
fn an_event_is_triggered_shown_forwarded_and_sent_again() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    let running = Running::start(data);
    let consumer = Consumer::start(204);
    let listening = Listening::start(data, &["--forward-to", &consumer.url]);
    listening.line("Listening to");
    let secret = running.text("webhook_secret");
    assert!(listening.line("Forwarding to").ends_with(secret));

    let output = said(data, &["trigger", "change_contact/create_user"]);
    assert!(
        output.starts_with("Authorizing ww0a1b2c3d4e5f6071 for the tenant demo first\n"),
        "{output}"
    );
    let id = id_in(&output);
    listening.line("demo  completion: open → completed");
    assert!(listening.line(id).contains("change_contact/create_user"));
    listening.line("→ 204 in");
    let first = consumer.webhook(id);
    assert!(first.is_signed_with(secret));
    assert!(!first.is_signed_with("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    assert_eq!(first.event()["detail"]["payload"]["UserID"], "wangfang");

    said(data, &["resend", id]);
    let again = consumer.webhook(id);
    assert!(again.is_signed_with(secret));
    assert_eq!(again.event()["detail"]["replays"], 1);

    // Another event of the same kind, in the same second perhaps; the authorization is there.
    let output = said(data, &["trigger", "change_contact/create_user"]);
    assert!(!output.contains("Authorizing"), "{output}");
    assert_ne!(id_in(&output), id);
    assert_eq!(consumer.webhook(id_in(&output)).event()["detail"]["replays"], 0);
}

/// The one way on is through the product, so that each is stored.
#[test]
fn every_event_of_the_catalogue_can_be_triggered() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    let _running = Running::start(data);
    let listening = Listening::start(data, &[]);
    listening.line("Listening to");
    let listed = said(data, &["trigger"]);
    assert_eq!(listed.lines().count(), CATALOGUE.entries.len());
    // The app would be gone before the events after it.
    let (last, others): (Vec<_>, Vec<_>) = CATALOGUE.entries.iter().partition(|entry| entry.name == "cancel_auth");
    for entry in others.into_iter().chain(last) {
        assert!(listed.contains(&entry.name) && listed.contains(&entry.title.zh_cn));
        let output = said(data, &["trigger", &entry.name, "--scope", &entry.scope]);
        if entry.kind == Kind::Suite {
            assert!(output.contains("not published"), "{output}");
        } else {
            assert!(listening.line(id_in(&output)).contains(&entry.name), "{output}");
        }
    }
    listening.line("installation: installed → cancelled");
}

#[test]
fn what_a_consumer_answers_is_shown_and_the_next_event_comes() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    let running = Running::start(data);
    let consumer = Consumer::start(500);
    let own = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let mut listening = Listening::start(data, &["--forward-to", &consumer.url, "--secret", own]);
    listening.line("Forwarding to");
    let closed = Listening::start(data, &["--forward-to", "http://127.0.0.1:1/"]);
    closed.line("Forwarding to");
    for _ in 0..2 {
        let output = said(data, &["trigger", "subscribe"]);
        listening.line(id_in(&output));
        listening.line("→ 500 in");
        assert!(consumer.webhook(id_in(&output)).is_signed_with(own));
        closed.line(id_in(&output));
        closed.line("→ no connection");
    }
    assert_eq!(running.end("INT").status.code(), Some(0));
    let status = eventually("it ends with the server", || listening.child.try_wait().unwrap());
    assert_eq!(status.code(), Some(1));
}

#[test]
fn what_cannot_be_done_is_said_in_one_line() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    let all: [&[&str]; 3] = [&["listen"], &["trigger", "subscribe"], &["resend", &"0".repeat(32)]];
    for arguments in all {
        assert!(failed(data, arguments).contains("no server runs"), "{arguments:?}");
    }
    let _running = Running::start(data);
    assert!(failed(data, &["trigger", "change_contact/nothing"]).contains("change_contact/nothing"));
    let example = failed(data, &["trigger", "subscribe", "--example", "2"]);
    assert!(example.contains("subscribe has the examples 1 to 1"), "{example}");
    assert!(failed(data, &["resend", "74945b"]).contains("32 hexadecimal digits"));
    assert!(failed(data, &["resend", &"0".repeat(32)]).contains("no tenant has an event"));
    let secret = failed(
        data,
        &["listen", "--forward-to", "http://127.0.0.1:1/", "--secret", "hunter2"],
    );
    assert!(secret.contains("whsec_") && !secret.contains("hunter2"), "{secret}");
}
