//! New values for a callback without a lost event: the old ones work until WeCom has checked the new ones, and for a while
//! after.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use wecom_authorization::{callbacks::TEST_EVENT, clock::Clock, http, platform::Platform};

use crate::{
    faults::harness::{Harness, ours},
    support::{CORP, Check, Credentials, Letter, Reply, Scope, World, letter::member_created},
};

const PATH: &str = "/authorization/contacts/credentials";

#[tokio::test]
async fn asking_for_credentials_again_gives_the_same_pair() {
    let world = World::start().await;
    world.install().await;
    let made = world.admin().post(PATH, json!({})).await.with_status(201);
    assert_eq!(
        (&made["generation"], &made["status"]),
        (&json!(1), &json!("awaiting_verification"))
    );
    for reply in [
        world.admin().post(PATH, json!({})).await,
        world.admin().post(PATH, json!({"rotate": false})).await,
        world.admin().raw(reqwest::Method::POST, PATH, None).await,
        world.admin().get(PATH).await,
    ] {
        assert_eq!(reply.with_status(200), made, "{}", reply.asked);
    }
    // Verified, it is still the same.
    world.verify(Scope::Contacts, &Credentials::of(&made)).await;
    let mut verified = made.clone();
    verified["status"] = json!("verified");
    assert_eq!(world.admin().post(PATH, json!({})).await.with_status(200), verified);
    assert_eq!(world.admin().get(PATH).await.with_status(200), verified);
}

#[tokio::test]
async fn two_admins_who_ask_at_the_same_time_are_given_the_same_pair() {
    let world = World::start().await;
    world.install().await;
    let ask = || async { world.admin().post(PATH, json!({})).await };
    let (one, other, third) = tokio::join!(ask(), ask(), ask());
    let [one, other, third] = [one, other, third].map(|reply| {
        assert!([200, 201].contains(&reply.status), "{}", reply.text());
        reply.json()
    });
    assert!(one == other && other == third);
    world.verify(Scope::Contacts, &Credentials::of(&one)).await;
}

#[tokio::test]
async fn values_have_the_form_that_wecoms_form_takes() {
    let world = World::start().await;
    world.install().await;
    let mut seen = Vec::new();
    for _ in 0..20 {
        let made = world.admin().post(PATH, json!({"rotate": true})).await.with_status(201);
        let pair = Credentials::of(&made);
        assert!(pair.token.len() <= 32 && pair.token.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert_eq!(pair.encoding_aes_key.len(), 43);
        assert!(pair.encoding_aes_key.bytes().all(|b| b.is_ascii_alphanumeric()));
        // The last character carries four bits; one with more in it is refused by strict decoders.
        assert!("AEIMQUYcgkosw048".contains(pair.encoding_aes_key.chars().last().unwrap()));
        assert_eq!(
            pair.url,
            format!("{}/callback/{}", world.announcement().base_url, id_of(&pair))
        );
        seen.push(pair.token);
        seen.push(pair.encoding_aes_key);
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 40, "each is drawn separately");
}

#[tokio::test]
async fn a_rotation_loses_no_event() {
    let world = World::start().await;
    world.install().await;
    let old = world.bind(Scope::Contacts).await;
    arrives(&world, &old, "before").await;

    let made = world.admin().post(PATH, json!({"rotate": true})).await.with_status(201);
    assert_eq!(
        (&made["generation"], &made["status"]),
        (&json!(2), &json!("awaiting_verification"))
    );
    let new = Credentials::of(&made);
    assert_eq!(new.url, old.url);
    assert!(new.token != old.token && new.encoding_aes_key != old.encoding_aes_key);
    let callback = world.callback(Scope::Contacts).await;
    assert_eq!(callback["rotation_pending"], true);
    assert_eq!(callback["status"], "verified", "the old ones still are");
    assert_eq!(
        world.admin().post(PATH, json!({})).await.with_status(200),
        made,
        "asked again, the same"
    );
    assert_eq!(world.admin().get(PATH).await.with_status(200), made);

    // While the admin is pasting, WeCom uses the old ones, and may check the URL with them again.
    arrives(&world, &old, "pending").await;
    world.verify(Scope::Contacts, &old).await;
    assert_eq!(world.callback(Scope::Contacts).await["rotation_pending"], true);

    let before = world.callback(Scope::Contacts).await;
    world.verify(Scope::Contacts, &new).await;
    let after = world.callback(Scope::Contacts).await;
    assert_eq!(
        (&after["rotation_pending"], &after["generation"]),
        (&json!(false), &json!(2))
    );
    assert_ne!(after["verified_at"], before["verified_at"]);
    arrives(&world, &new, "new").await;
    // An event that WeCom encrypted before it took over the new credentials.
    arrives(&world, &old, "late").await;

    // The simulator uses the new ones; a late check with the old ones is answered and changes nothing.
    let check = Check::sealed(&old, CORP, "4561");
    assert_eq!(world.ask(&old.url, &check.query()).await.status, 200);
    assert_eq!(world.callback(Scope::Contacts).await["generation"], 2);
    world.happens(Scope::Contacts, "change_contact/create_user").await;
    assert_eq!(world.events("").await.len(), 5);
}

#[tokio::test]
async fn rotated_twice_both_old_pairs_work_and_one_that_was_never_pasted_is_refused() {
    let world = World::start().await;
    world.install().await;
    let first = world.bind(Scope::Contacts).await;
    let skipped = rotate(&world).await;
    let second = rotate(&world).await;
    assert!(skipped.token != second.token);
    refused(&world, &skipped).await;
    world.verify(Scope::Contacts, &second).await;
    arrives(&world, &first, "in its grace period").await;
    let third = rotate(&world).await;
    world.verify(Scope::Contacts, &third).await;
    arrives(&world, &first, "in its grace period, too").await;
    arrives(&world, &second, "in its own").await;
    arrives(&world, &third, "in use").await;
}

#[tokio::test]
async fn a_token_of_one_generation_with_the_key_of_another_is_refused() {
    let world = World::start().await;
    world.install().await;
    let old = world.bind(Scope::Contacts).await;
    let new = rotate(&world).await;
    for mixed in [
        Credentials {
            token: new.token.clone(),
            ..old.clone()
        },
        Credentials {
            token: old.token.clone(),
            ..new.clone()
        },
    ] {
        refused(&world, &mixed).await;
    }
    assert_eq!(
        world.callback(Scope::Contacts).await["last_rejection"]["reason"],
        "decryption_failed"
    );
}

#[tokio::test]
async fn the_old_values_end_with_their_grace_period() {
    let world = World::start().await;
    world.install().await;
    let old = world.bind(Scope::Contacts).await;
    let new = rotate(&world).await;
    world.verify(Scope::Contacts, &new).await;

    // The function itself, on the same tables, at another time.
    let clock = MovedClock::default();
    let config = wecom_authorization::config::Config::from_lookup(|name| {
        let value = match name {
            "AUTHORIZATION_TABLE" | "SECRET_PREFIX" => "wecom-authorization",
            "EVENT_TABLE" => "wecom-events",
            _ => return None,
        };
        Some(value.to_owned())
    });
    let mut platform = Platform::new(config.unwrap(), &world.aws());
    platform.clock = Box::new(clock.clone());
    let status = async |credentials: &Credentials, text: &str| {
        let letter = Letter::sealed(credentials, CORP, &member_created(CORP, text));
        let event = json!({
            "rawPath": format!("/callback/{}", id_of(credentials)), "rawQueryString": letter.query, "body": letter.body,
            "requestContext": {"http": {"method": "POST"}},
        });
        let request = serde_json::from_value(event).unwrap();
        http::event_callback(&platform, request).await.status().as_u16()
    };
    clock.move_on(SignedDuration::from_mins(24 * 60 - 5));
    assert_eq!(status(&old, "in time").await, 200);
    clock.move_on(SignedDuration::from_mins(10));
    assert_eq!(status(&old, "too late").await, 403);
    assert_eq!(status(&new, "at any time").await, 200);
}

#[tokio::test]
async fn rotating_one_scope_leaves_the_other_alone() {
    let world = World::start().await;
    let [_, external_contacts] = world.walk().await;
    let before = world.scope(Scope::ExternalContacts).await;
    let new = rotate(&world).await;
    assert_eq!(world.state().await["next_step"], "done", "a rotation is no step back");
    world.verify(Scope::Contacts, &new).await;
    assert_eq!(world.scope(Scope::ExternalContacts).await, before);
    // Values of one callback are of no use on another.
    let crossed = Credentials {
        url: new.url.clone(),
        ..external_contacts
    };
    refused(&world, &crossed).await;
}

/// A test event is made with the newest credentials, and says nothing about those that WeCom uses.
#[tokio::test]
async fn a_test_event_does_not_hide_that_wecom_still_uses_old_credentials() {
    let harness = Harness::start(false).await;
    harness.install().await;
    let credentials = harness.bind(Scope::Contacts).await;
    let authorization = harness.authorization().await;
    let id = authorization.scope(ours(Scope::Contacts)).callback_id.clone().unwrap();
    harness.wait(60);
    let noted = harness.store().note_old_credentials(&id, Some(harness.now())).await;
    noted.unwrap();
    let still_used = async || {
        let callback = harness.store().callback(&id).await.unwrap().unwrap();
        callback.uses_old_credentials().is_some()
    };
    let test = format!("<xml><MsgType>event</MsgType><Event>{TEST_EVENT}</Event></xml>");
    harness.deliver(&credentials, &test).await.with_success();
    assert!(still_used().await);
    harness
        .deliver(&credentials, &member_created(CORP, "wangfang"))
        .await
        .with_success();
    assert!(!still_used().await);
}

async fn rotate(world: &World) -> Credentials {
    Credentials::of(&world.admin().post(PATH, json!({"rotate": true})).await.with_status(201))
}

async fn arrives(world: &World, credentials: &Credentials, member: &str) {
    let reply = world.deliver(credentials, &member_created(CORP, member)).await;
    assert_eq!((reply.status, reply.text().as_str()), (200, "success"), "{member}");
    let newest: &Value = &world.events("limit=1").await[0];
    assert_eq!(newest["payload"]["UserID"], member);
}

async fn refused(world: &World, credentials: &Credentials) {
    let reply: Reply = world.deliver(credentials, &member_created(CORP, "nobody")).await;
    reply.refused(403, "callback_rejected");
    let check = Check::sealed(credentials, CORP, "4561");
    world
        .ask(&credentials.url, &check.query())
        .await
        .refused(403, "callback_rejected");
}

fn id_of(credentials: &Credentials) -> &str {
    credentials.url.rsplit('/').next().unwrap()
}

/// The machine's clock, moved on.
#[derive(Clone, Default)]
struct MovedClock(std::sync::Arc<Mutex<SignedDuration>>);

impl MovedClock {
    fn move_on(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        wecom_authorization::clock::SystemClock.now() + *self.0.lock().unwrap()
    }
}
