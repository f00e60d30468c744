//! Requests to the admin routes, from an admin's browser or anyone else: every refusal has its status and code.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{Admin, Scope, World};

const JSON: &str = "application/json";

/// Every admin route that there is, with a body that it takes.
const ROUTES: [(&str, &str, &str); 10] = [
    ("GET", "/authorization", ""),
    ("GET", "/authorization/events", ""),
    ("POST", "/authorization/installation", "{}"),
    ("PUT", "/authorization/settings", r#"{"callback_base_url":null}"#),
    ("POST", "/authorization/completion", "{}"),
    ("PUT", "/authorization/contacts/secret", r#"{"secret":"x"}"#),
    ("PUT", "/authorization/external-contacts/secret", r#"{"secret":"x"}"#),
    ("POST", "/authorization/contacts/credentials", "{}"),
    ("GET", "/authorization/contacts/credentials", ""),
    ("GET", "/authorization/external-contacts/credentials", ""),
];

/// Those that take a body.
fn routes_with_a_body() -> impl Iterator<Item = (Method, &'static str)> {
    let with_a_body = ROUTES.iter().filter(|(method, ..)| *method != "GET");
    with_a_body.map(|(method, path, _)| (method.parse().unwrap(), *path))
}

#[tokio::test]
async fn no_admin_route_answers_without_a_good_token() {
    let (world, elsewhere) = (World::start().await, World::start().await);
    let good = claims();
    let tokens = [
        None,
        Some(String::new()),
        Some("nonsense".to_owned()),
        Some("a.b.c".to_owned()),
        Some(elsewhere.announcement().admin_token.clone()),
        Some(sign(&world, HS256, &with(&good, "exp", json!(1_600_000_000)))),
        Some(sign(&world, HS256, &without(&good, "exp"))),
        Some(sign(
            &world,
            HS256,
            &with(&good, "iss", json!("https://elsewhere.example")),
        )),
        Some(sign(&world, r#"{"alg":"none"}"#, &good)),
        Some(unsigned(&good)),
    ];
    for token in &tokens {
        let caller = Admin {
            world: &world,
            token: token.as_deref(),
            binding_id: None,
        };
        for (method, path, body) in ROUTES {
            let body = (!body.is_empty()).then(|| (JSON, body.as_bytes().to_vec()));
            let reply = caller.raw(method.parse().unwrap(), path, body).await;
            reply.refused_by_gateway(401, "Unauthorized");
            assert_eq!(reply.header("www-authenticate"), "Bearer");
        }
    }
    // A valid token that names no tenant passes the gateway.
    for claims in [without(&good, "tenant_id"), with(&good, "tenant_id", json!(""))] {
        let token = sign(&world, HS256, &claims);
        for (method, path, body) in ROUTES {
            let body = (!body.is_empty()).then(|| (JSON, body.as_bytes().to_vec()));
            let reply = world.bearer(&token).raw(method.parse().unwrap(), path, body).await;
            reply.refused(401, "unauthenticated");
        }
    }
    // The same claims, rightly signed, are let in: it is the difference that counts.
    let token = sign(&world, HS256, &good);
    world.bearer(&token).get("/authorization").await.with_status(200);
}

#[tokio::test]
async fn a_token_of_a_tenant_that_cannot_be_one_is_forbidden() {
    let world = World::start().await;
    for tenant_id in ["../demo", "a b", "租户", "demo/contacts"] {
        let token = sign(&world, HS256, &with(&claims(), "tenant_id", json!(tenant_id)));
        world
            .bearer(&token)
            .get("/authorization")
            .await
            .refused(403, "forbidden");
    }
}

#[tokio::test]
async fn a_tenant_sees_its_own_state_and_no_other() {
    let world = World::start().await;
    world.walk().await;
    let theirs = world.other_admin().get("/authorization").await.with_status(200);
    assert_eq!(theirs["tenant_id"], "demo-2");
    assert_eq!(theirs["next_step"], "install");
    for scope in Scope::ALL {
        let path = format!("/authorization/{}/credentials", scope.slug());
        world.other_admin().get(&path).await.refused(404, "not_found");
    }
    // Naming a tenant anywhere in the request has no effect.
    let body = json!({"callback_base_url": null, "tenant_id": "demo"});
    world
        .other_admin()
        .put("/authorization/settings", body)
        .await
        .refused(400, "malformed_request");
}

#[tokio::test]
async fn an_unknown_scope_or_route_is_not_found() {
    let world = World::start().await;
    for (method, path) in [
        ("PUT", "/authorization/nothing/secret"),
        ("PUT", "/authorization/external_contacts/secret"),
        ("PUT", "/authorization/Contacts/secret"),
        ("POST", "/authorization/nothing/credentials"),
        ("GET", "/authorization/nothing/credentials"),
    ] {
        let body = (method != "GET").then(|| json!({"secret": "x"}));
        let reply = world.admin().request(method.parse().unwrap(), path, body).await;
        reply.refused(404, "not_found");
    }
    for (method, path) in [
        ("GET", "/authorization/contacts"),
        ("PATCH", "/authorization/settings"),
        ("GET", "/authorization/"),
        ("GET", "/nothing"),
        ("GET", "/.env"),
    ] {
        let body = (method != "GET").then(|| json!({"secret": "x"}));
        let reply = world.admin().request(method.parse().unwrap(), path, body).await;
        reply.refused_by_gateway(404, "Not Found");
    }
}

const MB: usize = 1024 * 1024;

/// Limits of API Gateway, and of Lambda for a body in base64.
#[tokio::test]
async fn a_request_beyond_the_limits_of_api_gateway_reaches_no_function() {
    let world = World::start().await;
    let put = async |content_type: &str, bytes: usize| {
        let body = Some((content_type, vec![b'x'; bytes]));
        world.admin().raw(Method::PUT, "/authorization/settings", body).await
    };
    put(JSON, 6 * MB).await.refused(413, "body_too_large");
    put(JSON, 6 * MB + 1)
        .await
        .refused_by_gateway(413, "Request Entity Too Large");
    put("image/png", 4 * MB + 512 * 1024 + 1)
        .await
        .refused_by_gateway(413, "Request Entity Too Large");
    put(JSON, 10 * MB + 1)
        .await
        .refused_by_gateway(413, "Request Entity Too Large");

    let long = |bytes: usize| format!("/callback/x?nonce={}", "n".repeat(bytes));
    world.ask(&long(9000), "").await.refused(404, "not_found");
    let refused = world.ask(&long(10_240), "").await;
    refused.refused_by_gateway(431, "Request Header Fields Too Large");
}

#[tokio::test]
async fn a_field_that_a_route_does_not_know_is_refused_and_named() {
    let world = World::start().await;
    world.install().await;
    for (method, path) in routes_with_a_body() {
        let body = json!({"secret": "x", "callback_base_url": null, "rotate": false, "surprise": 1});
        let reply = world.admin().request(method, path, Some(body)).await;
        let problem = reply.refused(400, "malformed_request");
        assert_eq!(problem["errors"][0]["code"], "unknown", "{problem}");
    }
    let problem = world
        .admin()
        .get("/authorization/events?surprise=1")
        .await
        .refused(400, "malformed_request");
    assert_eq!(problem["errors"], json!([{"field": "surprise", "code": "unknown"}]));
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_refused_and_named() {
    let world = World::start().await;
    world.install().await;
    let secret = "/authorization/contacts/secret";
    let wrong = [
        ("PUT", secret, json!({"secret": 5}), "secret"),
        ("PUT", secret, json!({"secret": null}), "secret"),
        ("PUT", secret, json!({"secret": ["x"]}), "secret"),
        ("PUT", secret, json!({"secret": "x", "corp_id": 5}), "corp_id"),
        ("PUT", secret, json!({"secret": "x", "agent_id": "1000002"}), "agent_id"),
        ("PUT", secret, json!({"secret": "x", "agent_id": -1}), "agent_id"),
        ("PUT", secret, json!({"secret": "x", "agent_id": 1.5}), "agent_id"),
        (
            "POST",
            "/authorization/contacts/credentials",
            json!({"rotate": "yes"}),
            "rotate",
        ),
        (
            "POST",
            "/authorization/contacts/credentials",
            json!({"rotate": 1}),
            "rotate",
        ),
        (
            "PUT",
            "/authorization/settings",
            json!({"callback_base_url": 5}),
            "callback_base_url",
        ),
        (
            "PUT",
            "/authorization/settings",
            json!({"callback_base_url": {}}),
            "callback_base_url",
        ),
    ];
    for (method, path, body, field) in wrong {
        let shown = body.to_string();
        let reply = world.admin().request(method.parse().unwrap(), path, Some(body)).await;
        let problem = reply.refused(400, "malformed_request");
        assert_eq!(
            problem["errors"],
            json!([{"field": field, "code": "wrong_type"}]),
            "{shown}"
        );
    }
    for (method, path, field) in [
        ("PUT", secret, "secret"),
        ("PUT", "/authorization/settings", "callback_base_url"),
    ] {
        let reply = world
            .admin()
            .request(method.parse().unwrap(), path, Some(json!({})))
            .await;
        let problem = reply.refused(400, "malformed_request");
        assert_eq!(problem["errors"], json!([{"field": field, "code": "missing"}]));
    }
    for query in [
        "scope=nothing",
        "since=yesterday",
        "until=1790000000",
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=ten",
    ] {
        let path = format!("/authorization/events?{query}");
        let problem = world.admin().get(&path).await.refused(400, "malformed_request");
        let field = query.split('=').next().unwrap();
        assert_eq!(
            problem["errors"],
            json!([{"field": field, "code": "wrong_type"}]),
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_not_a_json_object_is_refused() {
    let world = World::start().await;
    world.install().await;
    let bodies: [&[u8]; 10] = [
        b"{",
        b"[]",
        b"\"text\"",
        b"null",
        b"{} {}",
        b"{\"secret\": }",
        b"secret=x",
        b"{\"secret\": \"\xff\xfe\"}",
        b"\xff",
        b"\xef\xbb\xbf{}",
    ];
    for (method, path) in routes_with_a_body() {
        for body in bodies {
            let reply = world
                .admin()
                .raw(method.clone(), path, Some((JSON, body.to_vec())))
                .await;
            reply.refused(400, "malformed_request");
        }
    }
}

#[tokio::test]
async fn a_body_of_another_media_type_is_refused() {
    let world = World::start().await;
    world.install().await;
    for (method, path) in routes_with_a_body() {
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "text/json",
            "application/jsonx",
            "",
        ] {
            let body = Some((content_type, b"{}".to_vec()));
            let reply = world.admin().raw(method.clone(), path, body).await;
            reply.refused(415, "unsupported_media_type");
        }
    }
    let body = Some((
        "application/json; charset=utf-8",
        br#"{"callback_base_url":null}"#.to_vec(),
    ));
    let reply = world.admin().raw(Method::PUT, "/authorization/settings", body).await;
    reply.with_status(200);
}

#[tokio::test]
async fn an_admins_body_has_64_kib_and_no_more() {
    let world = World::start().await;
    world.install().await;
    let of_bytes = |bytes: usize| {
        let frame = r#"{"secret":""}"#.len();
        json!({"secret": "x".repeat(bytes - frame)}).to_string().into_bytes()
    };
    let path = "/authorization/contacts/secret";
    let put = async |body| world.admin().raw(Method::PUT, path, Some((JSON, body))).await;
    put(of_bytes(64 * 1024)).await.refused(422, "invalid_field");
    put(of_bytes(64 * 1024 + 1)).await.refused(413, "body_too_large");
    for (method, path) in routes_with_a_body() {
        let body = Some((JSON, of_bytes(65 * 1024)));
        world
            .admin()
            .raw(method, path, body)
            .await
            .refused(413, "body_too_large");
    }
}

#[tokio::test]
async fn answers_are_not_cached_and_not_sniffed() {
    let world = World::start().await;
    let without_tenant = sign(&world, HS256, &without(&claims(), "tenant_id"));
    for reply in [
        world.admin().get("/authorization").await,
        world.bearer(&without_tenant).get("/authorization").await,
        world.nobody().get(&format!("/callback/{}", "0".repeat(32))).await,
    ] {
        assert_eq!(reply.header("cache-control"), "no-store", "{}", reply.asked);
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{}", reply.asked);
    }
}

const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// Claims that the local authorizer takes.
fn claims() -> Value {
    json!({"iss": "wecom-authorization-local", "sub": "a test", "tenant_id": "demo", "exp": 4_000_000_000_u64})
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

fn without(claims: &Value, name: &str) -> Value {
    let mut claims = claims.clone();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

/// A token as the local authorizer signs them, with the key that it keeps in its data directory.
fn sign(world: &World, header: &str, claims: &Value) -> String {
    let settings = std::fs::read_to_string(world.data().join("settings.json")).unwrap();
    let settings: Value = serde_json::from_str(&settings).unwrap();
    let key = settings["token_key"].as_str().unwrap();
    let content = format!("{}.{}", encode(header), encode(&claims.to_string()));
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(content.as_bytes());
    format!("{content}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn unsigned(claims: &Value) -> String {
    format!("{}.{}.", encode(HS256), encode(&claims.to_string()))
}

fn encode(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}
