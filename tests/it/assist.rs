//! Assist links: one step's values, once, for a colleague without an account.

use serde_json::{Value, json};

use crate::{
    faults::harness::{Caller, Harness},
    support::{CORP, Check, Credentials, Reply, Scope, World},
};

const LINKS: &str = "/authorization/assist-links";
const EXPIRED: (u16, &str) = (410, "assist_link_expired");

/// A link for the contacts callback: its id and its path.
async fn link(harness: &Harness) -> (String, String) {
    let made = harness
        .admin("share-credentials", "POST", LINKS, &json!({"scope": "contacts"}))
        .await
        .with_status(201);
    let url = made["url"].as_str().unwrap();
    (
        made["id"].as_str().unwrap().to_owned(),
        url[url.find("/assist/").unwrap()..].to_owned(),
    )
}

async fn browse(harness: &Harness, method: &str, path: &str, cookies: &str) -> Reply {
    harness
        .call("share-credentials", Caller::Browser(cookies), method, path, None)
        .await
}

/// Opens a link. Returns the cookie that it sets.
async fn open(harness: &Harness, path: &str) -> String {
    let opened = browse(harness, "POST", path, "").await;
    assert_eq!(opened.status, 200, "{}", opened.text());
    Harness::cookie(&opened)
}

async fn status(harness: &Harness, path: &str, cookies: &str) -> Reply {
    browse(harness, "GET", &format!("{path}/status"), cookies).await
}

async fn bound() -> (Harness, Credentials) {
    let harness = Harness::start(false).await;
    harness.install().await;
    let credentials = harness.register(Scope::Contacts).await;
    (harness, credentials)
}

#[tokio::test]
async fn a_link_shows_its_values_once_and_then_the_status_to_the_browser_that_opened_it() {
    let world = World::start().await;
    world.install().await;
    let contacts = world.register(Scope::Contacts).await;
    let other = world.register(Scope::ExternalContacts).await;
    let made = world.admin().post(LINKS, json!({"scope": "contacts"})).await;
    let made = made.with_status(201);
    let url = made["url"].as_str().unwrap();
    world.secret("an assist link", url.rsplit('/').next().unwrap(), true);

    // A preview of it, however often, changes nothing and shows nothing.
    let colleague = world.browser();
    for _ in 0..3 {
        let page = colleague.open(url).await;
        assert_eq!(page.status, 200);
        for value in [&contacts.url, &contacts.token, &contacts.encoding_aes_key] {
            assert!(!page.text().contains(value.as_str()));
        }
    }
    assert_eq!(world.state().await["assist_links"][0]["opened_at"], Value::Null);

    let opened = colleague.set_out(url).await;
    let text = opened.text();
    for value in [&contacts.url, &contacts.token, &contacts.encoding_aes_key] {
        assert!(text.contains(&format!("<code>{value}</code>")), "{value}");
    }
    for value in [&other.url, &other.token, &other.encoding_aes_key] {
        assert!(!text.contains(value.as_str()));
    }
    assert_eq!(opened.header("cache-control"), "no-store");
    assert_eq!(opened.header("referrer-policy"), "no-referrer");
    assert!(
        opened
            .header("content-security-policy")
            .starts_with("default-src 'none';")
    );

    // It shows nothing a second time, to anybody.
    for browser in [&colleague, &world.browser()] {
        let again = browser.open(url).await;
        assert_eq!(again.status, 410);
        assert!(!again.text().contains(&contacts.token));
    }
    let program = world.send(world.http().post(url)).await;
    program.refused(410, "assist_link_expired");

    let status = format!("{url}/status");
    let waiting = colleague.open(&status).await.with_status(200);
    assert_eq!(waiting["status"], "awaiting_verification");
    let check = Check::sealed(
        &Credentials {
            token: "another".to_owned(),
            ..contacts.clone()
        },
        CORP,
        "1",
    );
    world
        .ask(&contacts.url, &check.query())
        .await
        .refused(403, "callback_rejected");
    world
        .browser()
        .open(&contacts.url)
        .await
        .refused(400, "malformed_callback");
    let refused = colleague.open(&status).await.with_status(200);
    assert_eq!(refused["last_rejection"]["reason"], "signature_mismatch");
    world.verify(Scope::Contacts, &contacts).await;
    let done = colleague.open(&status).await.with_status(200);
    assert_eq!(
        (&done["status"], &done["last_rejection"]),
        (&json!("verified"), &Value::Null)
    );
    world.browser().open(&status).await.refused(410, "assist_link_expired");

    let audit = world.admin().get("/authorization/audit").await.with_status(200);
    let entries = audit["entries"].as_array().unwrap();
    let of = |action: &str| {
        entries
            .iter()
            .filter(|entry| entry["action"] == action)
            .collect::<Vec<_>>()
    };
    assert_eq!(of("assist_link_created").len(), 1);
    let [opened] = of("assist_link_opened")[..] else {
        panic!("{audit}");
    };
    assert_eq!(opened["actor"]["kind"], "colleague");
    assert_eq!(opened["details"]["link"], made["id"]);
}

#[tokio::test]
async fn of_many_who_open_a_link_at_once_one_sees_the_values() {
    let (harness, credentials) = bound().await;
    let (_, path) = link(&harness).await;
    let try_it = || browse(&harness, "POST", &path, "");
    let (first, second, third, fourth) = tokio::join!(try_it(), try_it(), try_it(), try_it());
    let replies = [first, second, third, fourth];
    let shown: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(shown.len(), 1);
    assert!(shown[0].text().contains(&credentials.token));
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        assert!([409, 410].contains(&reply.status), "{}", reply.status);
        assert!(!reply.text().contains(&credentials.token));
    }
}

#[tokio::test]
async fn a_link_that_is_expired_revoked_or_guessed_shows_nothing() {
    let (harness, _) = bound().await;
    let (id, revoked) = link(&harness).await;
    let (_, expired) = link(&harness).await;
    let (_, opened) = link(&harness).await;
    let cookies = open(&harness, &opened).await;
    let target = format!("{LINKS}/{id}");
    for _ in 0..2 {
        let reply = harness
            .admin("share-credentials", "DELETE", &target, &Value::Null)
            .await;
        assert_eq!(reply.status, 204, "repeated, too");
    }
    for method in ["GET", "POST"] {
        browse(&harness, method, &revoked, "")
            .await
            .refused(EXPIRED.0, EXPIRED.1);
    }
    harness.wait(30 * 60);
    for method in ["GET", "POST"] {
        browse(&harness, method, &expired, "")
            .await
            .refused(EXPIRED.0, EXPIRED.1);
    }
    status(&harness, &opened, &cookies).await.refused(EXPIRED.0, EXPIRED.1);
    assert_eq!(harness.state().await["assist_links"], json!([]));

    harness.devstack().clear_journal();
    for guess in ["", "x", &"0".repeat(31), &"0".repeat(33), &"g".repeat(32), "企业"] {
        for method in ["GET", "POST"] {
            let reply = browse(&harness, method, &format!("/assist/{guess}"), "").await;
            reply.refused(404, "not_found");
        }
    }
    assert_eq!(harness.journal().len(), 0, "what cannot be a link costs no read");
    for method in ["GET", "POST"] {
        let path = format!("/assist/{}", "0".repeat(32));
        browse(&harness, method, &path, "").await.refused(404, "not_found");
    }
    let journal = harness.journal();
    assert!(journal.iter().all(|entry| entry.operation == "GetItem"));
    assert_eq!(journal.len(), 2);
}

#[tokio::test]
async fn a_disconnect_ends_every_link_and_what_it_had_opened() {
    let (harness, _) = bound().await;
    let (_, opened) = link(&harness).await;
    let cookies = open(&harness, &opened).await;
    let (_, unopened) = link(&harness).await;
    status(&harness, &opened, &cookies).await.with_status(200);
    let ended = harness
        .admin("disconnect", "DELETE", "/authorization", &Value::Null)
        .await;
    assert_eq!(ended.status, 204);
    browse(&harness, "POST", &unopened, "")
        .await
        .refused(EXPIRED.0, EXPIRED.1);
    status(&harness, &opened, &cookies).await.refused(EXPIRED.0, EXPIRED.1);
    // Nor does an authorization that begins afterwards bring them back.
    harness.install().await;
    let _ = harness.register(Scope::Contacts).await;
    browse(&harness, "POST", &unopened, "")
        .await
        .refused(EXPIRED.0, EXPIRED.1);
}

#[tokio::test]
async fn a_tenant_has_five_links_at_most_and_none_of_another_tenant() {
    let (harness, _) = bound().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(link(&harness).await.0);
    }
    let body = json!({"scope": "contacts"});
    let refused = harness.admin("share-credentials", "POST", LINKS, &body).await;
    let problem = refused.refused(429, "too_many_assist_links");
    assert!(
        (1790..=1800).contains(&problem["retry_after"].as_i64().unwrap()),
        "{problem}"
    );
    // Another tenant can neither see nor end them, and has none to make without values.
    let rival = Caller::Admin("rival");
    let target = format!("{LINKS}/{}", ids[0]);
    let reply = harness.call("share-credentials", rival, "DELETE", &target, None).await;
    assert_eq!(reply.status, 204);
    let reply = harness
        .call("share-credentials", rival, "POST", LINKS, Some(&body.to_string()))
        .await;
    reply.refused(404, "not_found");
    assert_eq!(harness.state().await["assist_links"].as_array().unwrap().len(), 5);

    let revoked = harness
        .admin("share-credentials", "DELETE", &target, &Value::Null)
        .await;
    assert_eq!(revoked.status, 204);
    link(&harness).await;
}

#[tokio::test]
async fn a_post_that_another_site_causes_does_not_use_the_link_up() {
    let world = World::start().await;
    world.install().await;
    let _ = world.register(Scope::Contacts).await;
    let made = world.admin().post(LINKS, json!({"scope": "contacts"})).await;
    let made = made.with_status(201);
    let url = made["url"].as_str().unwrap();
    let request = world
        .http()
        .post(url)
        .header("sec-fetch-site", "cross-site")
        .header("accept", "text/html");
    let page = world.send(request).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("<form method=\"post\">"));
    assert_eq!(page.header("set-cookie"), "");
    assert_eq!(world.browser().set_out(url).await.status, 200);
}

#[tokio::test]
async fn a_link_names_its_scope_and_nothing_else() {
    let (harness, _) = bound().await;
    for body in [
        json!({}),
        json!({"scope": "customers"}),
        json!({"scope": "contacts", "minutes": 600}),
    ] {
        let reply = harness.admin("share-credentials", "POST", LINKS, &body).await;
        reply.refused(400, "malformed_request");
    }
    let unknown = json!({"scope": "external_contacts"});
    let reply = harness.admin("share-credentials", "POST", LINKS, &unknown).await;
    reply.refused(404, "not_found");
}
