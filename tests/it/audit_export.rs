//! The audit trail as lines, for a program that keeps it elsewhere.

use serde_json::Value;

use crate::support::{Scope, World};

#[tokio::test]
async fn the_export_follows_its_links_to_every_line_of_the_trail_once() {
    let world = World::start().await;
    world.walk().await;
    let wrong = world.enter(Scope::Contacts, "a-wrong-secret-of-some-length").await;
    wrong.refused(422, "secret_rejected");
    let page = world
        .admin()
        .get("/authorization/audit?limit=100")
        .await
        .with_status(200);
    let entries = page["entries"].as_array().unwrap();
    assert_eq!(entries[0]["code"], "secret_rejected", "a refusal is a line too");
    assert_eq!(entries[0]["actor"]["id"], "admin@demo");
    assert_eq!(entries[0]["actor"]["source_ip"], "127.0.0.1");

    let mut lines: Vec<Value> = Vec::new();
    let mut next = Some("/authorization/audit?limit=3".to_owned());
    while let Some(path) = next {
        let request = world
            .http()
            .get(world.url(&path))
            .bearer_auth(&world.announcement().admin_token);
        let reply = world.send(request.header("accept", "application/x-ndjson")).await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, "application/x-ndjson")
        );
        let text = reply.text();
        assert!(text.ends_with('\n'));
        lines.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
        next = reply
            .header("link")
            .strip_prefix('<')
            .and_then(|link| link.strip_suffix(">; rel=\"next\""))
            .map(ToOwned::to_owned);
    }
    assert_eq!(&lines, entries);
}
