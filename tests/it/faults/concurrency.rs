//! Two requests at once: no change is lost, and the later one gets an error that says so.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use simulator::AuthMode;

use super::harness::{Harness, member_created};
use crate::support::{Browser, CORP, Credentials, Reply, Scope, World};

/// How many times two requests are run concurrently.
const ROUNDS: usize = 4;

/// Whether the request succeeded; if not, another one was first.
#[track_caller]
fn won(reply: &Reply, status: u16) -> bool {
    if reply.status == status {
        return true;
    }
    reply.refused(409, "state_changed");
    false
}

/// Both credentials of a scope, as they are shown.
async fn shown(world: &World, scope: Scope) -> Value {
    let target = format!("/authorization/{}/credentials", scope.slug());
    world.admin().get(&target).await.with_status(200)
}

/// The other change: a health check, or another admin who changes something else.
#[tokio::test]
async fn who_enters_a_secret_is_not_turned_away_by_a_change_of_something_else() {
    let world = World::start().await;
    world.install().await;
    let secret = world.secret_of(Scope::Contacts);
    for round in 0..2 * ROUNDS {
        let settings = json!({"callback_base_url": format!("https://round-{round}.example.com")});
        let admin = world.admin();
        let (entered, changed) = tokio::join!(
            world.enter(Scope::Contacts, &secret),
            admin.put("/authorization/settings", settings)
        );
        entered.with_status(200);
        changed.with_status(200);
    }
}

#[tokio::test]
async fn two_who_enter_a_secret_at_once_end_with_one_callback_and_one_secret() {
    let world = World::start().await;
    world.install().await;
    let mut urls = BTreeSet::new();
    for round in 0..ROUNDS {
        let secret = world.secret_of(Scope::Contacts);
        let (one, other) = tokio::join!(
            world.enter(Scope::Contacts, &secret),
            world.enter(Scope::Contacts, &secret)
        );
        let replies = [one, other];
        let winners: Vec<&Reply> = replies.iter().filter(|reply| won(reply, 200)).collect();
        assert!(!winners.is_empty(), "round {round}: nobody won");
        let shown = shown(&world, Scope::Contacts).await;
        for winner in winners {
            let answer = winner.json();
            for name in ["url", "token", "encoding_aes_key", "generation"] {
                assert_eq!(answer["credentials"][name], shown[name], "round {round}: {name}");
            }
        }
        urls.insert(shown["url"].as_str().unwrap().to_owned());
        let secret = &world.scope(Scope::Contacts).await["secret"];
        assert_eq!(secret["status"], "accepted", "round {round}");
        world
            .wecom()
            .reset_secret(CORP, simulator::SecretKind::Contacts)
            .unwrap();
        world.learn_wecoms_secrets();
    }
    assert_eq!(urls.len(), 1, "the URL changes for nobody: {urls:?}");
}

#[tokio::test]
async fn two_who_enter_the_secrets_of_both_scopes_at_once_lose_none() {
    let world = World::start().await;
    world.install().await;
    let secrets = Scope::ALL.map(|scope| world.secret_of(scope));
    let (contacts, external_contacts) = tokio::join!(
        world.enter(Scope::Contacts, &secrets[0]),
        world.enter(Scope::ExternalContacts, &secrets[1])
    );
    for (scope, reply) in Scope::ALL.into_iter().zip([contacts, external_contacts]) {
        let status = &world.scope(scope).await["secret"]["status"];
        if won(&reply, 200) {
            assert_eq!(status, "accepted", "{}: said to be done and lost", scope.slug());
        } else {
            assert_eq!(status, "missing", "{}: said to be refused and done", scope.slug());
            let _ = world.register(scope).await;
        }
    }
    for scope in Scope::ALL {
        assert_eq!(world.scope(scope).await["secret"]["status"], "accepted");
    }
}

#[tokio::test]
async fn two_who_ask_for_the_first_credentials_at_once_get_the_same() {
    let world = World::start().await;
    world.install().await;
    let admin = world.admin();
    for scope in Scope::ALL {
        let target = format!("/authorization/{}/credentials", scope.slug());
        let ask = || admin.post(&target, json!({}));
        let (a, b, c, d) = tokio::join!(ask(), ask(), ask(), ask());
        let replies = [a, b, c, d];
        let made = replies.iter().filter(|reply| reply.status == 201).count();
        assert_eq!(
            made,
            1,
            "who made them: {:?}",
            replies.each_ref().map(|reply| reply.status)
        );
        let shown = shown(&world, scope).await;
        for reply in &replies {
            if reply.status == 201 || won(reply, 200) {
                assert_eq!(reply.json(), shown);
            }
        }
    }
}

#[tokio::test]
async fn of_two_who_rotate_at_once_nobody_is_given_credentials_that_do_not_count() {
    let world = World::start().await;
    world.install().await;
    let current = world.bind(Scope::Contacts).await;
    let admin = world.admin();
    let target = "/authorization/contacts/credentials";
    let mut generation = 1;
    for round in 0..ROUNDS {
        let rotate = || admin.post(target, json!({"rotate": true}));
        let (one, other) = tokio::join!(rotate(), rotate());
        let winners: Vec<Value> = [one, other]
            .iter()
            .filter(|reply| won(reply, 201))
            .map(Reply::json)
            .collect();
        assert!(!winners.is_empty(), "round {round}: nobody won");
        let numbers: BTreeSet<u64> = winners.iter().map(|won| won["generation"].as_u64().unwrap()).collect();
        assert_eq!(
            numbers.len(),
            winners.len(),
            "round {round}: two pairs with one number: {winners:?}"
        );
        let shown = shown(&world, Scope::Contacts).await;
        generation += u64::try_from(winners.len()).unwrap();
        assert_eq!(shown["generation"], generation, "round {round}");
        assert!(winners.contains(&shown), "round {round}: {shown} is nobody's");
        world.happens(Scope::Contacts, "change_contact/create_user").await;
    }
    // The credentials that WeCom uses kept working all the time; now the newest take over.
    world.verify(Scope::Contacts, &current).await;
    let newest = Credentials::of(&shown(&world, Scope::Contacts).await);
    world.verify(Scope::Contacts, &newest).await;
    world.happens(Scope::Contacts, "change_contact/create_user").await;
}

/// WeCom would save values that nothing here knows any more, and every event would be refused from then on.
#[tokio::test]
async fn a_check_of_credentials_that_are_replaced_meanwhile_is_refused() {
    let harness = Harness::start(false).await;
    harness.install().await;
    let current = harness.bind(Scope::Contacts).await;
    let replaced = Credentials::of(&harness.generate(Scope::Contacts, true).await.with_status(201));
    let slow = devstack::Fault::on("TransactWriteItems")
        .delay(Duration::from_millis(700))
        .times(1);
    harness.devstack().faults().add(slow);
    let (checked, newest) = tokio::join!(harness.check(&replaced), async {
        while harness.devstack().faults().list() != json!([]) {
            tokio::task::yield_now().await;
        }
        Box::pin(harness.generate(Scope::Contacts, true)).await.with_status(201)
    });
    checked.refused(403, "callback_rejected");
    harness.deliver(&current, &member_created("a")).await.with_success();
    harness.check(&Credentials::of(&newest)).await.with_echo();
}

#[tokio::test]
async fn of_two_settings_at_once_the_one_that_stays_was_accepted() {
    let world = World::start().await;
    world.install().await;
    let admin = world.admin();
    for round in 0..ROUNDS {
        let url = |who: &str| format!("https://{who}-{round}.example.com");
        let put = |who: &str| {
            let body = json!({"callback_base_url": url(who)});
            admin.put("/authorization/settings", body)
        };
        let (one, other) = tokio::join!(put("one"), put("other"));
        let accepted: Vec<Value> = [one, other]
            .iter()
            .filter(|reply| won(reply, 200))
            .map(Reply::json)
            .collect();
        let settings = &world.state().await["settings"];
        assert!(
            accepted.contains(settings),
            "round {round}: {settings}, accepted {accepted:?}"
        );
    }
}

#[tokio::test]
async fn whoever_is_told_that_it_was_done_finds_it_done_whatever_else_happened() {
    let world = World::start().await;
    let [contacts, _] = world.walk().await;
    let admin = world.admin();
    for round in 0..ROUNDS {
        let url = format!("https://round-{round}.example.com");
        let settings = json!({"callback_base_url": url});
        let secret = world.secret_of(Scope::ExternalContacts);
        let before = world.callback(Scope::Contacts).await["generation"].as_u64().unwrap();
        let (changed, entered, rotated, completed, ()) = tokio::join!(
            admin.put("/authorization/settings", settings.clone()),
            world.enter(Scope::ExternalContacts, &secret),
            admin.post("/authorization/contacts/credentials", json!({"rotate": true})),
            admin.post("/authorization/completion", json!({})),
            world.happens(Scope::Contacts, "change_contact/create_user"),
        );
        let state = world.state().await;
        if won(&changed, 200) {
            assert_eq!(state["settings"], settings, "round {round}");
        }
        if won(&entered, 200) {
            let registered = &entered.json()["scope"]["secret"]["registered_at"];
            assert_eq!(
                state["external_contacts"]["secret"]["registered_at"], *registered,
                "round {round}"
            );
        }
        if won(&rotated, 201) {
            assert_eq!(state["contacts"]["callback"]["generation"], before + 1, "round {round}");
        }
        assert!(won(&completed, 200), "round {round}: it was complete before");
        assert!(state["completed_at"].is_string(), "round {round}");
    }
    world.verify(Scope::Contacts, &contacts).await;
}

#[tokio::test]
async fn two_who_complete_at_once_complete_once() {
    let world = World::start().await;
    world.install().await;
    for scope in Scope::ALL {
        let _ = world.bind(scope).await;
    }
    let admin = world.admin();
    let complete = || admin.post("/authorization/completion", json!({}));
    let (a, b, c) = tokio::join!(complete(), complete(), complete());
    let completed_at = world.state().await["completed_at"].clone();
    assert!(completed_at.is_string());
    for reply in [a, b, c] {
        assert_eq!(reply.with_status(200)["completed_at"], completed_at);
    }
}

#[tokio::test]
async fn of_two_browsers_that_open_one_link_at_once_one_may_install() {
    let world = World::start().await;
    for round in 0..ROUNDS {
        let link = world.install_link(&world.admin()).await;
        let browsers = [world.browser(), world.browser()];
        let (one, other) = tokio::join!(browsers[0].set_out(&link), browsers[1].set_out(&link));
        let opened = [one.redirect(), other.redirect()];
        let lost = |address: &String| address.ends_with("?installation=failed&code=install_link_expired");
        let losers = opened.iter().filter(|address| lost(address)).count();
        assert_eq!(losers, 1, "round {round}: {opened:?}");
        let winner = opened.iter().position(|address| !lost(address)).unwrap();
        if round + 1 < ROUNDS {
            continue;
        }
        let redirect = world.confirm(&opened[winner], CORP, AuthMode::Admin);
        let foreign = browsers[1 - winner].open(&redirect).await.redirect();
        assert!(lost(&foreign), "{foreign}");
        let back = browsers[winner].open(&redirect).await.redirect();
        assert!(back.ends_with("?installation=installed"), "{back}");
    }
}

#[tokio::test]
async fn two_identical_redirects_at_once_install_once_and_are_both_told_so() {
    let world = World::start().await;
    let browser: Browser<'_> = world.browser();
    let link = world.install_link(&world.admin()).await;
    let wecom_url = browser.set_out(&link).await.redirect();
    let redirect = world.confirm(&wecom_url, CORP, AuthMode::Admin);
    world.wecom().clear_calls();
    let (one, other, third) = tokio::join!(
        browser.open(&redirect),
        browser.open(&redirect),
        browser.open(&redirect)
    );
    for back in [one, other, third] {
        let back = back.redirect();
        assert!(back.ends_with("?installation=installed"), "{back}");
    }
    let calls = world.wecom().calls();
    let exchanges = calls
        .iter()
        .filter(|call| call.path.ends_with("get_permanent_code"))
        .count();
    assert_eq!(exchanges, 1, "{calls:?}");
    assert_eq!(world.state().await["installation"]["status"], "installed");
    world.learn_wecoms_secrets();
}
