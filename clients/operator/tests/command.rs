//! The command as it is run, against answers that no local server gives.

#![cfg(test)]

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::PathBuf,
    process::Command,
    thread::{self, JoinHandle},
};

/// Gives these answers, one to a connection, and then listens no more. Returns its address, and at its end the requests' `Authorization`.
fn deployment(answers: &'static [(&str, &str)]) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = thread::spawn(move || {
        let mut tokens = Vec::new();
        for (status, body) in answers {
            let (mut connection, _) = listener.accept().unwrap();
            let lines = BufReader::new(&connection).lines().map(Result::unwrap);
            let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
            tokens.extend(
                head.iter()
                    .find_map(|line| line.strip_prefix("authorization: "))
                    .map(str::to_owned),
            );
            let length = body.len();
            write!(
                connection,
                "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
            )
            .unwrap();
        }
        tokens
    });
    (url, serving)
}

/// What the command prints, and its error.
fn run(arguments: &[&str]) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wecom-operator"));
    command.env_clear().env("WECOM_OPERATOR_TOKEN", "of-the-variable");
    let ended = command.args(arguments).output().unwrap();
    let [output, error] = [ended.stdout, ended.stderr].map(|text| String::from_utf8(text).unwrap());
    (output, error)
}

/// A file of this test's own.
fn written(test: &str, name: &str, content: &str) -> PathBuf {
    let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join(name), content).unwrap();
    data.join(name)
}

#[test]
fn a_check_shows_refusals_without_a_code_and_ends_when_the_token_has_expired() {
    let (url, serving) = deployment(&[
        ("200 OK", r#"{"tenant_id": "a", "health": "ok"}"#),
        ("429 Too Many Requests", r#"{"message": "Too Many Requests"}"#),
        ("503 Service Unavailable", "<html></html>"),
        ("404 Not Found", r#"{"code": "not_found", "detail": "no such tenant"}"#),
        ("401 Unauthorized", r#"{"message": "The incoming token has expired"}"#),
    ]);
    let (output, error) = run(&["--url", &url, "check", "a", "b", "c", "d", "e", "f"]);
    let rows: Vec<_> = output
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let wanted = [
        "TENANT HEALTH NOT CHECKED",
        "a ok",
        "b 429 Too Many Requests",
        "c 503 Service Unavailable",
        "d not_found",
        "",
    ];
    assert_eq!(rows, wanted);
    assert_eq!(error, "error: 401 The incoming token has expired\n");
    assert_eq!(serving.join().unwrap().len(), 5);
}

#[test]
fn a_check_prints_what_it_has_done_when_the_deployment_no_longer_answers() {
    let (url, serving) = deployment(&[("200 OK", r#"{"tenant_id": "a"}"#)]);
    let (output, error) = run(&["--url", &url, "--json", "check", "a", "b"]);
    assert_eq!(output, "{\"tenant_id\":\"a\"}\n");
    assert!(error.starts_with("error: the deployment does not answer: "), "{error}");
    serving.join().unwrap();
}

#[test]
fn the_variables_token_is_sent_only_to_an_address_that_was_named() {
    let (url, serving) = deployment(&[("200 OK", "{}"); 3]);
    let test = "the_variables_token";
    let local = format!(r#"{{"base_url": "{url}", "operator_token": "of-the-local-server"}}"#);
    let local = written(test, "local.json", &local);
    let data = local.parent().unwrap().to_str().unwrap();
    let file = written(test, "token", "of-the-file\n");
    for arguments in [
        ["--url", &url, "summary"].as_slice(),
        &["--data", data, "summary"],
        &["--data", data, "--token-file", file.to_str().unwrap(), "summary"],
    ] {
        let (_, error) = run(arguments);
        assert_eq!(error, "");
    }
    let tokens = ["of-the-variable", "of-the-local-server", "of-the-file"].map(|token| format!("Bearer {token}"));
    assert_eq!(serving.join().unwrap(), tokens);
}
