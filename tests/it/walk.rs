//! The walk of an admin through the wizard, from an empty page to the first event: in every order, and with interruptions.

use serde_json::{Value, json};

use crate::support::{CORP, Credentials, Scope, World, eventually};

#[tokio::test]
async fn an_admin_binds_a_corporation_in_the_wizards_order() {
    let world = World::start().await;
    let state = world.state().await;
    assert_eq!(state["tenant_id"], "demo");
    assert_eq!(state["next_step"], "install");
    assert_eq!(state["health"], "ok");
    assert_eq!(state["installation"]["status"], "not_installed");

    let state = world.install().await;
    assert_eq!(state["next_step"], "contacts_secret");
    assert_eq!(state["installation"]["status"], "installed");
    assert_eq!(state["installation"]["auth_mode"], "admin");
    assert_eq!(state["installation"]["corp_name"], "云帆科技有限公司");
    assert_eq!(state["installation"]["corp_id"], "wpYunFanAAq7Zk3Xb9Tn5LcVd2Rg8MhSw");

    for (scope, secret_step, callback_step) in [
        (Scope::Contacts, "contacts_secret", "contacts_callback"),
        (
            Scope::ExternalContacts,
            "external_contacts_secret",
            "external_contacts_callback",
        ),
    ] {
        assert_eq!(world.state().await["next_step"], secret_step);
        let credentials = world.register(scope).await;
        let state = world.scope(scope).await;
        assert_eq!(state["secret"]["kind_check"], "confirmed");
        assert_eq!(state["secret"]["corp_id"], CORP);
        assert!(
            world
                .secret_of(scope)
                .ends_with(state["secret"]["last_four"].as_str().unwrap())
        );
        assert_eq!(state["callback"]["status"], "awaiting_verification");
        assert_eq!(state["callback"]["url"], json!(credentials.url));
        assert_eq!(world.state().await["next_step"], callback_step);
        world.verify(scope, &credentials).await;
        assert_eq!(world.callback(scope).await["status"], "verified");
    }

    assert_eq!(world.state().await["next_step"], "complete");
    let state = world.complete().await;
    assert_eq!(state["next_step"], "done");
    assert_eq!(state["health"], "ok");
    assert_eq!(state["findings"], json!([]));
    assert_eq!(world.complete().await["completed_at"], state["completed_at"]);

    one_event_arrives_once(&world).await;
}

#[tokio::test]
async fn external_contacts_may_come_first() {
    let world = World::start().await;
    world.install().await;
    world.bind(Scope::ExternalContacts).await;
    assert_eq!(world.state().await["next_step"], "contacts_secret");
    // 企业ID is known by now, so it need not be entered again.
    let secret = world.secret_of(Scope::Contacts);
    let answer = world
        .admin()
        .put("/authorization/contacts/secret", json!({"secret": secret}))
        .await
        .with_status(200);
    world
        .verify(Scope::Contacts, &Credentials::of(&answer["credentials"]))
        .await;
    assert_eq!(world.complete().await["next_step"], "done");
    one_event_arrives_once(&world).await;
}

#[tokio::test]
async fn credentials_may_be_pasted_before_the_secret_is_entered() {
    let world = World::start().await;
    world.install().await;
    for scope in Scope::ALL {
        let path = format!("/authorization/{}/credentials", scope.slug());
        let answer = world.admin().post(&path, json!({})).await.with_status(201);
        assert_eq!(answer["status"], "awaiting_verification");
        let pasted = Credentials::of(&answer);
        world.verify(scope, &pasted).await;

        let answer = world.enter(scope, &world.secret_of(scope)).await.with_status(200);
        assert_eq!(answer["credentials"]["status"], "verified");
        assert_eq!(answer["scope"]["callback"]["status"], "verified");
        same_values(&Credentials::of(&answer["credentials"]), &pasted);
    }
    assert_eq!(world.complete().await["next_step"], "done");
    one_event_arrives_once(&world).await;
}

#[tokio::test]
async fn nothing_is_lost_when_everything_stops_in_the_middle_of_the_walk() {
    let mut world = World::start().await;
    walk_with_interruptions(&mut world, async |world| world.stop().await).await;
}

#[tokio::test]
async fn nothing_is_lost_when_everything_is_killed_in_the_middle_of_the_walk() {
    let mut world = World::start().await;
    walk_with_interruptions(&mut world, async |world| world.kill().await).await;
}

/// The walk, with an interruption after each step.
async fn walk_with_interruptions(world: &mut World, interrupt: impl AsyncFn(&mut World)) {
    // Begun before, finished after: the link and the cookie of the browser are as good as they were.
    let link = world.install_link(&world.admin()).await;
    let browser = world.browser();
    let wecom_url = browser.set_out(&link).await.redirect();
    let cookies = browser.leave();
    restart(world, &interrupt).await;
    let redirect_url = world.confirm(&wecom_url, CORP, simulator::AuthMode::Admin);
    restart(world, &interrupt).await;
    let browser = world.browser().with(cookies);
    let back = browser.open(&redirect_url).await.redirect();
    assert!(back.ends_with("?installation=installed"), "{back}");

    restart(world, &interrupt).await;
    let contacts = world.register(Scope::Contacts).await;
    restart(world, &interrupt).await;
    world.verify(Scope::Contacts, &contacts).await;
    let external_contacts = world.register(Scope::ExternalContacts).await;
    world.verify(Scope::ExternalContacts, &external_contacts).await;
    restart(world, &interrupt).await;
    assert_eq!(world.complete().await["next_step"], "done");
    world.happens(Scope::Contacts, "change_contact/create_user").await;
    restart(world, &interrupt).await;

    // WeCom's side still has what was pasted, and what it sends still arrives, and counts.
    world.happens(Scope::Contacts, "change_contact/delete_user").await;
    world
        .happens(Scope::ExternalContacts, "change_external_contact/add_external_contact")
        .await;
    let kinds: Vec<Value> = world
        .events("")
        .await
        .iter()
        .map(|event| event["change_type"].clone())
        .collect();
    assert_eq!(kinds, ["add_external_contact", "delete_user", "create_user"]);
    let counted = eventually("all events are counted", async || {
        let callback = world.callback(Scope::Contacts).await;
        (callback["events_received"] == 2).then_some(callback)
    })
    .await;
    assert_eq!(counted["duplicates"], 0);
}

/// Interrupts, starts again, and sees that the state is the same.
async fn restart(world: &mut World, interrupt: &impl AsyncFn(&mut World)) {
    let state = async |world: &World| {
        let mut state = world.state().await;
        // Counters may follow a moment later.
        for scope in ["contacts", "external_contacts"] {
            for counted in ["events_received", "last_event_at"] {
                state[scope]["callback"][counted] = Value::Null;
            }
            // A tenant is due after a change of a Secret, and the first run of `check-health` is at the start.
            state[scope]["secret"]["checked_at"] = Value::Null;
        }
        state
    };
    let before = state(world).await;
    interrupt(world).await;
    world.start_again().await;
    assert_eq!(state(world).await, before);
}

async fn one_event_arrives_once(world: &World) {
    world.happens(Scope::Contacts, "change_contact/create_user").await;
    let events = world.events("").await;
    assert_eq!(events.len(), 1, "{events:?}");
    let event = &events[0];
    assert_eq!(event["tenant_id"], "demo");
    assert_eq!(event["scope"], "contacts");
    assert_eq!(event["corp_id"], CORP);
    assert_eq!(event["event"], "change_contact");
    assert_eq!(event["change_type"], "create_user");
    assert_eq!(event["payload"]["Event"], "change_contact");
    let counted = eventually("the event is counted", async || {
        let callback = world.callback(Scope::Contacts).await;
        (callback["events_received"] == 1).then_some(callback)
    })
    .await;
    assert_eq!(counted["last_event_at"], event["received_at"]);
}

#[track_caller]
fn same_values(one: &Credentials, other: &Credentials) {
    assert_eq!(one.url, other.url);
    assert!(one.token == other.token && one.encoding_aes_key == other.encoding_aes_key);
}
