//! The JSON interface under `/_simulator/`, as curl meets it.

use axum::http::Method;
use serde_json::{Value, json};
use url::Url;

use crate::stage::{CORP, OTHER_CORP, Stage, parameter, text};

impl Stage {
    async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.http.request(method, self.url(&format!("/_simulator/{path}")));
        let response = request.body(body.to_string()).send().await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.bytes().await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }
}

#[tokio::test]
async fn the_state_shows_corporations_secrets_callbacks_and_events() {
    let stage = Stage::start().await;
    let shown = stage.get("/_simulator/state").await;
    assert_eq!(shown["corps"][0]["corp_id"], CORP);
    assert_eq!(shown["corps"][1]["corp_id"], OTHER_CORP);
    for kind in ["contacts", "external-contacts", "listed-app", "other-app"] {
        assert_eq!(shown["corps"][0]["secrets"][kind].as_str().unwrap().len(), 43);
    }
    assert_eq!(
        shown["corps"][0]["callbacks"]["external-contacts"]["saved"],
        Value::Null
    );
    assert_eq!(shown["corps"][0]["installation"], Value::Null);
    assert_eq!(shown["corps"][0]["members"], 36);
    assert!(
        shown["events"]["contacts"]
            .as_array()
            .unwrap()
            .contains(&json!("batch_job_result"))
    );
    assert_eq!(shown["deliveries"][0]["event"], "suite_ticket");
    assert!(!shown.to_string().contains(crate::stage::SUITE_SECRET));
}

#[tokio::test]
async fn a_walk_without_a_browser() {
    let stage = Stage::start().await;
    let link = stage.install_link().await;
    let (status, installed) = stage
        .ask(
            Method::POST,
            "install",
            json!({"url": link, "corp_id": CORP, "auth_mode": "admin"}),
        )
        .await;
    assert_eq!(status, 200);
    let redirect = Url::parse(&text(&installed, "redirect_url")).unwrap();
    assert_eq!(parameter(&redirect, "state"), "t42n9K");

    let form = stage.form();
    let body = json!({"url": form.url, "token": form.token, "encoding_aes_key": form.encoding_aes_key});
    let (status, saved) = stage
        .ask(Method::PUT, &format!("corps/{CORP}/callbacks/contacts"), body)
        .await;
    assert_eq!(
        (status, &saved["saved"], &saved["status"]),
        (200, &json!(true), &json!(200))
    );
    assert!(saved.get("error").is_none() && saved["elapsed_ms"].is_u64());

    let body = json!({"scope": "contacts", "event": "change_contact/create_user", "copies": 2, "same_content": true});
    let (status, sent) = stage.ask(Method::POST, &format!("corps/{CORP}/events"), body).await;
    assert_eq!(status, 200);
    let deliveries = sent["deliveries"].as_array().unwrap();
    assert_eq!(deliveries.len(), 2);
    assert_eq!(deliveries[0]["status"], 200);
    assert_eq!(deliveries[0]["attempts"], 1);
    assert_eq!(deliveries[0]["answer"], "success");
    assert_eq!(deliveries[0]["outcome"], "accepted");

    let (status, sent) = stage
        .ask(
            Method::POST,
            "suite/events",
            json!({"event": "create_auth", "corp_id": OTHER_CORP}),
        )
        .await;
    assert_eq!((status, &sent["deliveries"][0]["outcome"]), (200, &json!("accepted")));
}

#[tokio::test]
async fn a_secret_is_plain_text_for_a_shell_and_json_on_request() {
    let stage = Stage::without_suite_callback().await;
    let url = stage.url(&format!("/_simulator/corps/{CORP}/secrets/contacts"));
    let plain = stage.http.get(&url).send().await.unwrap().text().await.unwrap();
    assert_eq!(plain.len(), 43);
    let request = stage.http.get(&url).header("accept", "application/json");
    assert_eq!(
        request.send().await.unwrap().json::<Value>().await.unwrap()["secret"],
        plain
    );
    let (status, reset) = stage
        .ask(Method::POST, &format!("corps/{CORP}/secrets/contacts/reset"), json!({}))
        .await;
    assert_eq!(status, 200);
    assert_ne!(reset["secret"], plain);
}

#[tokio::test]
async fn corporations_switches_settings_and_clock_can_be_set() {
    let stage = Stage::start().await;
    let (status, corp) = stage
        .ask(
            Method::POST,
            "corps",
            json!({"name": "新企业", "corp_id": "ww5555555555555555"}),
        )
        .await;
    assert_eq!((status, &corp["corp_id"]), (201, &json!("ww5555555555555555")));
    let (status, _) = stage
        .ask(
            Method::POST,
            "corps",
            json!({"name": "再来", "corp_id": "ww5555555555555555"}),
        )
        .await;
    assert_eq!(status, 400);
    let (status, switches) = stage
        .ask(
            Method::PATCH,
            &format!("corps/{CORP}/switches"),
            json!({"contacts_ip_untrusted": true}),
        )
        .await;
    assert_eq!(
        (
            status,
            &switches["contacts_ip_untrusted"],
            &switches["apps_ip_untrusted"]
        ),
        (200, &json!(true), &json!(false))
    );
    let (status, settings) = stage
        .ask(Method::PATCH, "settings", json!({"wrong_secret_limit": 2}))
        .await;
    assert_eq!(
        (
            status,
            &settings["wrong_secret_limit"],
            &settings["foreign_secret_errcode"]
        ),
        (200, &json!(2), &json!(40001))
    );
    let (status, clock) = stage.ask(Method::POST, "clock", json!({"advance_seconds": 600})).await;
    assert_eq!((status, &clock["ticket"]["outcome"]), (200, &json!("accepted")));
    assert_eq!(stage.ask(Method::DELETE, "ban", json!({})).await.0, 204);
    let url = stage.receiver.url("/suite");
    assert_eq!(
        stage.ask(Method::PUT, "suite/callback", json!({"url": url})).await.0,
        204
    );
    let (status, check) = stage.ask(Method::POST, "suite/check", json!({})).await;
    assert_eq!((status, &check["saved"]), (200, &json!(true)));
}

#[tokio::test]
async fn a_malformed_request_has_a_reason() {
    let stage = Stage::start().await;
    let callback = json!({"url": "u", "token": "t", "encoding_aes_key": "k", "more": 1});
    for (method, path, body) in [
        (
            Method::POST,
            "install",
            json!({"url": "https://example.com/", "corp_id": CORP}),
        ),
        (Method::POST, "install", json!({"corp_id": CORP})),
        (Method::PUT, "corps/CORP/callbacks/contacts", callback),
        (
            Method::POST,
            "corps/CORP/events",
            json!({"scope": "contacts", "event": "x", "typo": 1}),
        ),
        (
            Method::POST,
            "corps/CORP/events",
            json!({"event": "change_contact/create_user"}),
        ),
        (Method::PATCH, "settings", json!({"foreign_secret_errcode": 40002})),
        (Method::PATCH, "settings", json!({"wrong_secret_limit": 0})),
        (Method::POST, "clock", json!({"advance_seconds": u64::MAX})),
        (Method::POST, "clock", json!({"advance_seconds": -1})),
        (Method::POST, "faults", json!({"errcode": -1, "typo": 1})),
        (Method::PUT, "suite/callback", json!({"url": "ftp://example.com/"})),
        (
            Method::POST,
            "corps",
            json!({"name": "n", "members": 1, "followers": 2}),
        ),
    ] {
        let (status, error) = stage.ask(method, &path.replace("CORP", CORP), body.clone()).await;
        assert_eq!(status, 400, "{path} {body}");
        assert!(!error["error"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_is_not_there_or_not_ready_has_a_reason() {
    let stage = Stage::start().await;
    let link = stage.install_link().await;
    let callback = json!({"url": "u", "token": "t", "encoding_aes_key": "k"});
    let create_user = json!({"scope": "contacts", "event": "change_contact/create_user"});
    for (method, path, body, expected) in [
        (Method::POST, "install", json!({"url": link, "corp_id": "ww0"}), 404),
        (Method::PUT, "corps/ww0/callbacks/contacts", callback, 404),
        (Method::PUT, "corps/CORP/callbacks/customers", json!({}), 404),
        (Method::POST, "corps/CORP/events", create_user, 409),
        (Method::POST, "corps/CORP/secrets/unknown/reset", json!({}), 404),
        (
            Method::POST,
            "suite/events",
            json!({"event": "change_auth", "corp_id": CORP}),
            409,
        ),
    ] {
        let (status, error) = stage.ask(method, &path.replace("CORP", CORP), body.clone()).await;
        assert_eq!(status, expected, "{path} {body}");
        assert!(!error["error"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn another_site_in_the_same_browser_gets_nothing() {
    let stage = Stage::without_suite_callback().await;
    for (name, value) in [
        ("host", "evil.example"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        for path in ["/", "/_simulator/state", "/3rdapp/install"] {
            let response = stage
                .http
                .get(stage.url(path))
                .header(name, value)
                .send()
                .await
                .unwrap();
            assert_eq!(response.status(), 403, "{path} with {name} {value}");
        }
    }
    // The API itself is called under other names, too.
    let response = stage
        .http
        .get(stage.url("/cgi-bin/gettoken"))
        .header("host", "host.docker.internal")
        .send();
    assert_eq!(response.await.unwrap().status(), 200);
}
