//! A tenant binds several corporations (docs/adr/0040-several-corporations.md): each is a binding with an app, Secrets, callbacks,
//! events and settings of its own.

use local::gateway::routes::ROUTES;
use serde_json::{Value, json};
use simulator::AuthMode;
use wecom_authorization::{
    authorization::Bindings,
    ids::{BindingId, CorpId, TenantId},
    store::Change,
};

use crate::{
    app_events::{AppCallback, contact, events, open_corp_id},
    bus::Listener,
    customized_app::install,
    support::{Admin, CORP, OTHER_CORP, Scope, World, eventually},
};

/// Adds a binding. Returns its id.
async fn add(world: &World) -> String {
    let added = world.admin().post("/authorizations", json!({})).await.with_status(201);
    added["binding_id"].as_str().unwrap().to_owned()
}

async fn list(admin: &Admin<'_>) -> Vec<Value> {
    let list = admin.get("/authorizations").await.with_status(200);
    list["bindings"].as_array().unwrap().clone()
}

async fn ids(admin: &Admin<'_>) -> Vec<String> {
    let bindings = list(admin).await.into_iter();
    bindings
        .map(|binding| binding["binding_id"].as_str().unwrap().to_owned())
        .collect()
}

/// Sets out with an install link and comes back. Returns what the console is told.
async fn try_to_install(world: &World, admin: &Admin<'_>, corp_id: &str) -> String {
    let link = world.install_link(admin).await;
    finish(world, &link, corp_id).await
}

async fn finish(world: &World, link: &str, corp_id: &str) -> String {
    let browser = world.browser();
    let wecom_url = browser.set_out(link).await.redirect();
    let redirect_url = world.confirm(&wecom_url, corp_id, AuthMode::Admin);
    let back = browser.open(&redirect_url).await.redirect();
    world.learn_wecoms_secrets();
    back.split_once("?installation=").unwrap().1.to_owned()
}

fn key(binding_id: &str) -> TenantId {
    let demo = TenantId::parse("demo").unwrap();
    demo.binding(&BindingId::parse(binding_id).unwrap())
}

#[tokio::test]
async fn a_second_corporation_is_a_binding_of_its_own_and_is_ended_by_itself() {
    let world = World::start().await;
    let admin = world.admin();
    assert_eq!(ids(&admin).await, ["first"], "every tenant has one");
    world.install().await;
    assert_eq!(
        try_to_install(&world, &admin, OTHER_CORP).await,
        "failed&code=corp_mismatch",
        "the first binding has its corporation"
    );

    let id = add(&world).await;
    let further = admin.of_binding(&id);
    let state = world.install_for(&further, OTHER_CORP, AuthMode::Admin).await;
    assert_eq!(
        (&state["tenant_id"], &state["binding_id"]),
        (&json!("demo"), &json!(id))
    );
    let bindings = list(&admin).await;
    let names: Vec<_> = bindings.iter().map(|binding| &binding["corp_name"]).collect();
    assert_eq!(
        names,
        ["云帆科技有限公司", state["installation"]["corp_name"].as_str().unwrap()]
    );
    assert_eq!(bindings[1]["next_step"], "contacts_secret");
    assert_eq!(world.state().await["binding_id"], "first");
    let by_id = admin.of_binding("first").get("/authorization").await.with_status(200);
    assert_eq!(by_id, world.state().await, "the first has two addresses");

    let corp = CorpId::parse(state["installation"]["corp_id"].as_str().unwrap()).unwrap();
    assert_eq!(world.store().tenant_of(&corp).await.unwrap(), Some(key(&id)));
    for expected in [204, 404] {
        let ended = further.request(reqwest::Method::DELETE, "/authorization", None).await;
        assert_eq!(ended.status, expected);
    }
    assert_eq!(ids(&admin).await, ["first"]);
    further.get("/authorization").await.refused(404, "not_found");
    assert_eq!(world.store().tenant_of(&corp).await.unwrap(), None);
    assert_eq!(world.state().await["installation"]["status"], "installed");
    // Another binding may have the corporation now.
    let id = add(&world).await;
    world
        .install_for(&admin.of_binding(&id), OTHER_CORP, AuthMode::Admin)
        .await;
}

#[tokio::test]
async fn a_corporation_belongs_to_one_binding() {
    let world = World::start().await;
    let admin = world.admin();
    world.install().await;
    let id = add(&world).await;
    let further = admin.of_binding(&id);
    assert_eq!(
        try_to_install(&world, &further, CORP).await,
        "failed&code=corp_mismatch"
    );
    let state = further.get("/authorization").await.with_status(200);
    assert_eq!(state["installation"]["status"], "not_installed");
    assert_eq!(world.state().await["installation"]["status"], "installed");
    // Nor do two tenants share one, whichever binding it is.
    let back = try_to_install(&world, &world.other_admin(), CORP).await;
    assert_eq!(back, "failed&code=corp_mismatch");
}

#[tokio::test]
async fn nobody_reaches_a_binding_of_another_tenant_by_any_route() {
    let world = World::start().await;
    let id = add(&world).await;
    let other = world.other_admin();
    let routes = ROUTES.iter().filter(|route| route.path.starts_with("/authorizations/"));
    let mut asked = 0;
    for route in routes {
        for binding_id in [id.as_str(), "0123456789abcdef0123456789abcdef", "demo", "First"] {
            let path = route
                .path
                .replace("{binding_id}", binding_id)
                .replace("{scope}", "contacts")
                .replace("{event_id}", "74945b243d9a6b6ee8bfaf5ce3736a39")
                .replace("{replay_id}", "0123456789abcdef0123456789abcdef")
                .replace("{id}", "0123456789abcdef0123456789abcdef");
            let reply = other.request(route.method.parse().unwrap(), &path, None).await;
            reply.refused(404, "not_found");
            asked += 1;
        }
    }
    assert_eq!(asked, 22 * 4);
    assert_eq!(ids(&other).await, ["first"]);
    assert_eq!(ids(&world.admin()).await, ["first", &id]);
}

#[tokio::test]
async fn an_added_binding_is_answered_again_until_it_is_used_and_there_are_fifty_at_most() {
    let world = World::start().await;
    let admin = world.admin();
    let id = add(&world).await;
    assert_eq!(add(&world).await, id);
    let trail = admin.of_binding(&id).get("/authorization/audit").await.with_status(200);
    assert_eq!(trail["entries"].as_array().unwrap().len(), 1, "{trail}");
    assert_eq!(trail["entries"][0]["action"], "binding_added");
    admin
        .post("/authorizations", json!({"corp_id": "x"}))
        .await
        .refused(400, "malformed_request");

    world.install_for(&admin.of_binding(&id), CORP, AuthMode::Admin).await;
    let mut bindings = world.store().bindings(&key("first")).await.unwrap();
    for number in 2..Bindings::MOST {
        bindings
            .add(BindingId::parse(&format!("{number:032x}")).unwrap())
            .unwrap();
    }
    let change = Change::SaveBindings(key("first"), bindings);
    world.store().commit(vec![change]).await.unwrap();
    admin
        .post("/authorizations", json!({}))
        .await
        .refused(409, "too_many_bindings");
}

#[tokio::test]
async fn a_link_of_a_removed_binding_binds_nothing() {
    let world = World::start().await;
    let admin = world.admin();
    let id = add(&world).await;
    let further = admin.of_binding(&id);
    let link = world.install_link(&further).await;
    let ended = further.request(reqwest::Method::DELETE, "/authorization", None).await;
    assert_eq!(ended.status, 204);
    assert_eq!(
        finish(&world, &link, OTHER_CORP).await,
        "failed&code=install_link_expired"
    );
    let corp = CorpId::parse(&open_corp_id(&world, OTHER_CORP)).unwrap();
    assert_eq!(world.store().tenant_of(&corp).await.unwrap(), None);
    assert!(world.store().authorization(&key(&id)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_standard_and_a_customised_app_are_bound_at_once_and_what_happens_reaches_its_binding() {
    let world = World::start().await;
    let admin = world.admin();
    world.install().await;
    let id = add(&world).await;
    let further = admin.of_binding(&id);
    install(&world, &further, OTHER_CORP).await;
    let kinds: Vec<_> = list(&admin)
        .await
        .iter()
        .map(|binding| binding["is_customized_app"] == true)
        .collect();
    assert_eq!(kinds, [false, true]);

    let mut bus = Listener::connect(&world, None).await;
    let callback = AppCallback::of(&world, "template");
    let corp_id = open_corp_id(&world, OTHER_CORP);
    callback.takes(&corp_id, &contact("wangfang")).await;
    let stored = events(&further, 1).await;
    let (_, event) = &stored[0];
    assert_eq!(
        (&event["tenant_id"], &event["binding_id"]),
        (&json!("demo"), &json!(id))
    );
    let one = format!("/authorization/events/{}", event["event_id"].as_str().unwrap());
    further.get(&one).await.with_status(200);
    admin.get(&one).await.refused(404, "not_found");
    assert!(events(&admin, 0).await.is_empty());
    let published = loop {
        let (_, published) = bus.next().await;
        if published["detail-type"] == "wecom.event" {
            break published["detail"].clone();
        }
    };
    crate::event_schema::holds(
        &json!({"source": "wecom.authorization", "detail-type": "wecom.event", "detail": published}),
    );
    assert_eq!(
        (&published["tenant_id"], &published["binding_id"]),
        (&json!("demo"), &json!(id))
    );
}

#[tokio::test]
async fn each_binding_has_callbacks_secrets_settings_and_checks_of_its_own() {
    let world = World::start().await;
    let admin = world.admin();
    let id = add(&world).await;
    let further = admin.of_binding(&id);
    // The corporation of `cargo run` with all Secrets is bound by the further one.
    world.install_for(&further, CORP, AuthMode::Admin).await;
    let entry = json!({"secret": world.secret_of(Scope::Contacts), "corp_id": CORP});
    let registered = further
        .put("/authorization/contacts/secret", entry.clone())
        .await
        .with_status(200);
    let credentials = crate::support::Credentials::of(&registered["credentials"]);
    world.verify(Scope::Contacts, &credentials).await;
    admin
        .put("/authorization/contacts/secret", entry)
        .await
        .refused(409, "not_installed");
    world.happens(Scope::Contacts, "change_contact/create_user").await;
    let stored = events(&further, 1).await;
    assert!(events(&admin, 0).await.is_empty());
    let replay = format!(
        "/authorization/events/{}/replay",
        stored[0].1["event_id"].as_str().unwrap()
    );
    admin.post(&replay, json!({})).await.refused(404, "not_found");
    further.post(&replay, json!({})).await.with_status(202);

    let checked = further.post("/authorization/check", json!({})).await.with_status(200);
    assert_eq!(checked["contacts"]["secret"]["status"], "accepted");
    admin
        .post("/authorization/check", json!({}))
        .await
        .refused(409, "not_installed");
    let token = async |input: Value| {
        let url = world.url("/2015-03-31/functions/issue-access-token/invocations");
        let answer = world.http().post(url).json(&input).send().await.unwrap();
        answer.json::<Value>().await.unwrap()
    };
    let issued = token(json!({"tenant_id": "demo", "binding_id": id, "kind": "contacts"})).await;
    world.secret("an access token", issued["access_token"].as_str().unwrap(), false);
    let refused = token(json!({"tenant_id": "demo", "kind": "contacts"})).await;
    assert_eq!(refused["errorType"], "not_installed");
    for (tenant_id, binding_id) in [
        ("demo-2", id.as_str()),
        ("demo", "other"),
        (&format!("demo/{id}"), "first"),
    ] {
        let refused = token(json!({"tenant_id": tenant_id, "binding_id": binding_id, "kind": "contacts"})).await;
        assert_eq!(refused.get("access_token"), None, "{tenant_id} {binding_id}: {refused}");
    }

    let ended = further.request(reqwest::Method::DELETE, "/authorization", None).await;
    assert_eq!(ended.status, 204);
    let message = crate::support::letter::member_created(CORP, "late");
    assert_eq!(world.deliver(&credentials, &message).await.status, 404);
}

#[tokio::test]
async fn an_operator_checks_and_disconnects_the_binding_that_they_name_and_no_other() {
    let world = World::start().await;
    let admin = world.admin();
    let operator = world.bearer(&world.announcement().operator_token);
    world.install().await;
    let id = add(&world).await;
    let further = admin.of_binding(&id);
    world.install_for(&further, OTHER_CORP, AuthMode::Admin).await;
    let act = async |verb: &str, binding_id: &str| {
        let path = format!("/operator/tenants/demo/{verb}?binding_id={binding_id}");
        operator.post(&path, json!({})).await
    };
    let newest = async |admin: &Admin<'_>| {
        let trail = admin.get("/authorization/audit?limit=1").await.with_status(200);
        (
            trail["entries"][0]["action"].clone(),
            trail["entries"][0]["actor"]["kind"].clone(),
        )
    };
    let checked = act("check", &id).await.with_status(200);
    assert_eq!(checked["binding_id"], id.as_str());
    let by_the_operator = |action: &str| (json!(action), json!("operator"));
    assert_eq!(newest(&further).await, by_the_operator("tenant_checked"));
    assert_ne!(newest(&admin).await, by_the_operator("tenant_checked"));

    let unknown = "0123456789abcdef0123456789abcdef";
    for verb in ["check", "disconnect"] {
        act(verb, unknown).await.refused(404, "not_found");
        act(verb, "other").await.refused(400, "malformed_request");
    }
    assert_eq!(act("disconnect", &id).await.status, 204);
    assert_eq!(ids(&admin).await, ["first"]);
    let corp = CorpId::parse(&open_corp_id(&world, OTHER_CORP)).unwrap();
    assert_eq!(world.store().tenant_of(&corp).await.unwrap(), None);
    assert_eq!(world.state().await["installation"]["status"], "installed");
    for verb in ["check", "disconnect"] {
        act(verb, &id).await.refused(404, "not_found");
    }
    let path = format!("/operator/tenants/demo?binding_id={id}");
    let seen = operator.get(&path).await.with_status(200);
    assert_eq!(seen["audit"][1]["action"], "disconnected", "{seen}");
    assert_eq!(seen["is_removed"], true, "{seen}");
    assert_eq!(act("disconnect", "first").await.status, 204);
    assert_eq!(world.state().await["installation"]["status"], "not_installed");
}

#[tokio::test]
async fn operators_see_each_binding_until_it_is_removed() {
    let world = World::start().await;
    let operator = world.bearer(&world.announcement().operator_token);
    let id = add(&world).await;
    world
        .install_for(&world.admin().of_binding(&id), OTHER_CORP, AuthMode::Admin)
        .await;
    let rows = async |count: usize| {
        eventually("the list follows", async || {
            let page = operator.get("/operator/tenants?query=demo").await.with_status(200);
            let ours = page["tenants"].as_array().unwrap().iter();
            let ours: Vec<_> = ours.filter(|row| row["binding_id"] == id.as_str()).cloned().collect();
            (ours.len() == count).then_some(ours)
        })
        .await
    };
    let listed = rows(1).await;
    assert_eq!(listed[0]["tenant_id"], "demo");
    let seen = operator
        .get(&format!("/operator/tenants/demo?binding_id={id}"))
        .await
        .with_status(200);
    assert_eq!(
        (&seen["state"]["binding_id"], &seen["is_removed"]),
        (&id.as_str().into(), &false.into())
    );
    operator
        .get("/operator/tenants/demo?binding_id=other")
        .await
        .refused(400, "malformed_request");
    let ended = world
        .admin()
        .of_binding(&id)
        .request(reqwest::Method::DELETE, "/authorization", None)
        .await;
    assert_eq!(ended.status, 204);
    rows(0).await;
}
