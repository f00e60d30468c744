//! `wecom-operator`, the operators' routes in a terminal.

use std::fs;

use clap::Parser as _;
use serde_json::Value;
use simulator::{AuthMode, SuiteEventRequest};
use wecom_operator::{Arguments, OperatorError, run};

use crate::support::{OTHER_CORP, World, eventually};

/// Runs the command as an operator of the world, who types `typed`. Answers what it prints.
async fn operator(world: &World, typed: &str, arguments: &[&str]) -> (String, Result<(), OperatorError>) {
    let data = world.data();
    let all = ["wecom-operator", "--data", data.to_str().unwrap()]
        .into_iter()
        .chain(arguments.iter().copied());
    let mut output = Vec::new();
    let ended = run(
        Arguments::try_parse_from(all).unwrap(),
        &mut typed.as_bytes(),
        &mut output,
    )
    .await;
    (String::from_utf8(output).unwrap(), ended)
}

/// What a command prints that succeeds.
async fn printed(world: &World, arguments: &[&str]) -> String {
    let (output, ended) = operator(world, "", arguments).await;
    ended.unwrap();
    output
}

fn lines(output: &str) -> Vec<Value> {
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn shows_tenants_as_tables_and_as_json() {
    let world = World::start().await;
    world.walk().await;
    let tenant_id = &world.announcement().tenant_id;
    let table = eventually("the tenant is listed as it is now", || async {
        let table = printed(&world, &["tenants", "--query", tenant_id]).await;
        table.contains(" done ").then_some(table)
    })
    .await;
    let [header, row] = [0, 1].map(|line| table.lines().nth(line).unwrap().to_owned());
    assert!(
        header.starts_with(" TENANT") && header.ends_with("CORPORATION"),
        "{table}"
    );
    assert!(row.contains(" ok "), "{table}");
    assert!(!header.contains("FINDINGS"), "a column without a value: {table}");
    let rows = lines(&printed(&world, &["--json", "tenants", "--all"]).await);
    assert_eq!(rows[0]["tenant_id"], tenant_id.as_str());

    let summary = printed(&world, &["summary"]).await;
    assert!(summary.starts_with("1 tenants\n"), "{summary}");
    let url = world.state().await["contacts"]["callback"]["url"]
        .as_str()
        .unwrap()
        .to_owned();
    let forged = format!("{url}?msg_signature=a&timestamp=1&nonce=1&echostr=a");
    assert_eq!(reqwest::get(forged).await.unwrap().status(), 403);
    let tenant = eventually("the refusal is noted", || async {
        let tenant = printed(&world, &["tenant", tenant_id]).await;
        tenant.contains("signature_mismatch").then_some(tenant)
    })
    .await;
    for part in [
        "contacts callback",
        "verified",
        "refused on the callback of contacts:",
        "127.0.0.1",
        "tenant_viewed",
    ] {
        assert!(tenant.contains(part), "{part}: {tenant}");
    }
    let (_, refused) = operator(&world, "", &["tenant", "no-such-tenant"]).await;
    assert!(refused.unwrap_err().to_string().starts_with("404 not_found: "));
}

#[tokio::test]
async fn checks_every_tenant_that_it_can_and_says_which_it_could_not() {
    let world = World::start().await;
    world.walk().await;
    let tenant_id = &world.announcement().tenant_id;
    let (output, ended) = operator(&world, "", &["--json", "check", "no-such-tenant", tenant_id]).await;
    assert_eq!(ended.unwrap_err().to_string(), "1 of 2 could not be checked");
    let [refused, checked] = <[Value; 2]>::try_from(lines(&output)).unwrap();
    assert_eq!(refused["code"], "not_found");
    assert_eq!(checked["health"], "ok");
    let (_, ended) = operator(&world, "", &["check"]).await;
    assert!(ended.unwrap_err().to_string().starts_with("name tenants"));
}

#[tokio::test]
async fn disconnects_only_a_tenant_whose_id_is_typed_again() {
    let world = World::start().await;
    world.walk().await;
    let tenant_id = &world.announcement().tenant_id;
    let (_, ended) = operator(&world, "yes\n", &["disconnect", tenant_id]).await;
    assert_eq!(ended.unwrap_err().to_string(), "nothing was disconnected");
    assert_eq!(world.state().await["next_step"], "done");
    let (_, ended) = operator(&world, &format!("{tenant_id}\n"), &["disconnect", tenant_id]).await;
    ended.unwrap();
    assert_eq!(world.state().await["next_step"], "install");
}

#[tokio::test]
async fn assigns_an_installation_that_names_no_tenant() {
    let world = World::start().await;
    let request = SuiteEventRequest {
        event: Some("create_auth".to_owned()),
        corp_id: Some(OTHER_CORP.to_owned()),
        auth_mode: Some(AuthMode::Admin),
        ..SuiteEventRequest::default()
    };
    world.wecom().send_suite_event(&request).await.unwrap();
    let claim = eventually("the claim is listed", || async {
        lines(&printed(&world, &["--json", "claims"]).await).pop()
    })
    .await;
    let tenant_id = &world.announcement().tenant_id;
    let said = printed(&world, &["assign", claim["claim_id"].as_str().unwrap(), tenant_id]).await;
    assert!(said.ends_with(&format!(" is bound to {tenant_id}\n")), "{said}");
    assert_eq!(world.state().await["installation"]["corp_id"], claim["corp_id"]);
    assert_eq!(printed(&world, &["claims"]).await, "none\n");
}

#[tokio::test]
async fn replays_the_events_of_a_time_and_tells_how_far_that_is() {
    let world = World::start().await;
    let time = ["--since", "2026-01-01T00:00:00Z", "--until", "2026-01-02T00:00:00Z"];
    let started = lines(&printed(&world, &[&["--json", "replay", "start"][..], &time].concat()).await);
    let id = started[0]["replay_id"].as_str().unwrap();
    let said = printed(&world, &["replay", "show", id]).await;
    assert!(said.starts_with(&format!("replay {id} ")), "{said}");
    let stopped = lines(&printed(&world, &["--json", "replay", "stop", id]).await);
    assert_ne!(stopped[0]["status"], "running");
}

#[tokio::test]
async fn an_admins_token_opens_nothing_and_is_not_shown() {
    let world = World::start().await;
    let file = world.data().join("admin.token");
    fs::write(&file, &world.announcement().admin_token).unwrap();
    let file = file.to_str().unwrap();
    let url = &world.announcement().base_url;
    let (output, ended) = operator(&world, "", &["--url", url, "--token-file", file, "summary"]).await;
    let error = ended.unwrap_err();
    assert!(error.to_string().starts_with("403 forbidden: "), "{error}");
    let said = format!("{output}{error}{error:?}");
    assert!(!said.contains(&world.announcement().admin_token));
}
