//! What it serves, and how it ends and begins again.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _};

use serde_json::Value;

use crate::command::{Running, eventually, get, request};

#[test]
fn it_says_where_everything_is_and_everything_answers() {
    let data = tempfile::tempdir().unwrap();
    let running = Running::start(data.path());
    for name in [
        "base_url",
        "console_url",
        "bus_url",
        "simulator_url",
        "aws_endpoint_url",
    ] {
        assert!(running.text(name).starts_with("http://127.0.0.1:"), "{name}");
    }
    let base_url = running.text("base_url").to_owned();
    assert_eq!(running.text("console_url"), format!("{base_url}/"));
    assert_eq!(get(&base_url, "/", None).unwrap().0, 200);
    assert_eq!(
        get(running.text("simulator_url"), "/_simulator/state", None).unwrap().0,
        200
    );

    // The tokens are ready, each for its tenant.
    let second = &running.announced["second_tenant"];
    for (tenant_id, token) in [
        (running.text("tenant_id"), running.text("admin_token")),
        (
            second["tenant_id"].as_str().unwrap(),
            second["admin_token"].as_str().unwrap(),
        ),
    ] {
        let (status, state) = get(&base_url, "/authorization", Some(token)).unwrap();
        let state: Value = serde_json::from_str(&state).unwrap();
        assert_eq!((status, state["tenant_id"].as_str()), (200, Some(tenant_id)));
    }
    for name in [
        "suite_id",
        "suite_secret",
        "token",
        "encoding_aes_key",
        "provider_corp_id",
        "provider_secret",
    ] {
        assert!(running.announced["suite"][name].is_string(), "{name}");
    }
    // An install link can be made at once: the suite ticket is there.
    let token = running.text("admin_token").to_owned();
    let made = request(
        &base_url,
        "POST",
        "/authorization/installation",
        Some(&token),
        Some("{}"),
    );
    assert_eq!(made.unwrap().0, 201);

    // A person gets the same message.
    let announced = running.announced.clone();
    let ended = running.end("TERM");
    for name in [
        "console_url",
        "bus_url",
        "simulator_url",
        "base_url",
        "aws_endpoint_url",
        "admin_token",
    ] {
        let value = announced[name].as_str().unwrap();
        assert!(ended.stdout.contains(value), "{name} is not in:\n{}", ended.stdout);
    }
    assert!(ended.stdout.contains("Next: ") && ended.stdout.contains("下一步"));
    assert_eq!(ended.stderr.trim(), "stopping…", "nothing else to say");
}

#[test]
fn what_it_writes_is_for_its_owner_alone() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path().join("made/by/it");
    let running = Running::start(&data);
    let mode = |name: &str| fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("local.json"), 0o600);
    assert_eq!(mode("settings.json"), 0o600);
    assert_eq!(mode("simulator.json"), 0o600);
    assert_eq!(mode("."), 0o700);
    drop(running);
}

#[test]
fn either_signal_stops_it_cleanly() {
    for signal in ["INT", "TERM"] {
        let data = tempfile::tempdir().unwrap();
        let running = Running::start(data.path());
        let base_url = running.text("base_url").to_owned();
        let ended = running.end(signal);
        assert_eq!(ended.status.code(), Some(0), "{signal}: {}", ended.stderr);
        assert!(!data.path().join("local.json").exists(), "{signal}");
        assert_eq!(get(&base_url, "/", None), None, "{signal}");
    }
}

#[test]
fn it_stops_though_somebody_keeps_a_connection_open() {
    let data = tempfile::tempdir().unwrap();
    let running = Running::start(data.path());
    let address = running.text("base_url").strip_prefix("http://").unwrap().to_owned();
    let kept = std::net::TcpStream::connect(address).unwrap();
    let ended = running.end("INT");
    assert_eq!(ended.status.code(), Some(0));
    drop(kept);
}

#[test]
fn a_restart_finds_everything_at_the_same_address() {
    let data = tempfile::tempdir().unwrap();
    let running = Running::start(data.path());
    let before = running.announced.clone();
    let set = remember(&running);
    assert_eq!(running.end("TERM").status.code(), Some(0));
    // Without `--listen` it takes the ports that it had.
    let running = Running::with(data.path(), &[]);
    for name in ["base_url", "simulator_url", "aws_endpoint_url", "suite"] {
        assert_eq!(running.announced[name], before[name], "{name}");
    }
    assert_eq!(remembered(&running), set);
    // A token from before is still good.
    let token = before["admin_token"].as_str().unwrap();
    assert_eq!(
        get(running.text("base_url"), "/authorization", Some(token)).unwrap().0,
        200
    );
}

#[test]
fn what_was_answered_survives_a_kill() {
    let data = tempfile::tempdir().unwrap();
    let running = Running::start(data.path());
    let before = running.announced.clone();
    let set = remember(&running);
    let ended = running.end("KILL");
    assert_eq!(ended.status.code(), None, "it had no time for anything");
    assert!(data.path().join("local.json").exists());
    let running = Running::with(data.path(), &[]);
    assert_eq!(running.announced["base_url"], before["base_url"]);
    assert_eq!(remembered(&running), set);
    assert_eq!(running.end("TERM").status.code(), Some(0));
    assert!(!data.path().join("local.json").exists());
}

#[test]
fn ports_that_somebody_else_has_taken_meanwhile_are_replaced() {
    let data = tempfile::tempdir().unwrap();
    let running = Running::start(data.path());
    let before = running.announced.clone();
    running.end("TERM");
    let taken: Vec<_> = ["base_url", "simulator_url", "aws_endpoint_url"]
        .iter()
        .map(|name| {
            let address = before[name].as_str().unwrap().strip_prefix("http://").unwrap();
            eventually("the port is free", || TcpListener::bind(address).ok())
        })
        .collect();
    let running = Running::with(data.path(), &[]);
    for name in ["base_url", "simulator_url", "aws_endpoint_url"] {
        assert_ne!(running.announced[name], before[name], "{name}");
    }
    drop(taken);
}

#[test]
fn another_wecom_takes_the_simulators_place() {
    let data = tempfile::tempdir().unwrap();
    let arguments = ["--listen", "127.0.0.1:0", "--wecom-api", "http://127.0.0.1:9/wecom"];
    let running = Running::with(data.path(), &arguments);
    assert_eq!(running.announced["simulator_url"], Value::Null);
    let base_url = running.text("base_url").to_owned();
    // No ticket comes from there, and nobody pretends that one did.
    let token = running.text("admin_token").to_owned();
    let made = request(
        &base_url,
        "POST",
        "/authorization/installation",
        Some(&token),
        Some("{}"),
    );
    let (status, problem) = made.unwrap();
    assert_eq!(status, 502);
    assert!(problem.contains("suite_ticket_missing"), "{problem}");
    let ended = running.end("TERM");
    assert!(
        ended.stdout.contains(&format!("{base_url}/suite/callback")),
        "{}",
        ended.stdout
    );
    assert!(!data.path().join("simulator.json").exists());
}

const SETTINGS: &str = "/authorization/settings";

/// Changes something that must be there after a restart.
fn remember(running: &Running) -> Value {
    let body = r#"{"callback_base_url":"https://wecom.example.com"}"#;
    let token = Some(running.text("admin_token"));
    let (status, _) = request(running.text("base_url"), "PUT", SETTINGS, token, Some(body)).unwrap();
    assert_eq!(status, 200);
    remembered(running)
}

fn remembered(running: &Running) -> Value {
    let token = Some(running.text("admin_token"));
    let (_, state) = get(running.text("base_url"), "/authorization", token).unwrap();
    let state: Value = serde_json::from_str(&state).unwrap();
    assert_eq!(state["settings"]["callback_base_url"], "https://wecom.example.com");
    state
}
