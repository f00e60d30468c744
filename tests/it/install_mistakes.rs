//! Step 1 when it goes wrong: each mistake has its own answer, changes nothing, and can be put right.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use simulator::{AuthMode, ClockRequest, Fault, SettingsPatch};
use wecom_authorization::{
    audit::Actor,
    authorization::InstallSession,
    ids::{InstallState, TenantId},
    store::SecretName,
};

use crate::{
    faults::harness::{Caller, Harness, TENANT},
    support::{CORP, OTHER_CORP, Scope, World, eventually},
};

const EXCHANGE: &str = "/cgi-bin/service/v2/get_permanent_code";

#[tokio::test]
async fn nothing_can_be_registered_before_the_app_is_installed() {
    let world = World::start().await;
    for scope in Scope::ALL {
        let secret = world.secret_of(scope);
        world.enter(scope, &secret).await.refused(409, "not_installed");
        let path = format!("/authorization/{}/credentials", scope.slug());
        let made = world.admin().post(&path, json!({})).await;
        made.refused(409, "not_installed");
        world.admin().get(&path).await.refused(404, "not_found");
    }
    assert!(calls(&world, "/cgi-bin/gettoken").is_empty(), "WeCom is not asked");
}

#[tokio::test]
async fn a_redirect_that_is_reloaded_is_answered_as_before_and_exchanges_nothing() {
    let world = World::start().await;
    let browser = world.browser();
    let wecom_url = browser
        .set_out(&world.install_link(&world.admin()).await)
        .await
        .redirect();
    let redirect_url = world.confirm(&wecom_url, CORP, AuthMode::Admin);
    for _ in 0..3 {
        let back = browser.open(&redirect_url).await.redirect();
        assert!(back.ends_with("/?installation=installed"), "{back}");
    }
    assert_eq!(calls(&world, EXCHANGE), [Some(0)]);
}

#[tokio::test]
async fn a_used_state_takes_no_other_code() {
    let world = World::start().await;
    let browser = world.browser();
    let wecom_url = browser
        .set_out(&world.install_link(&world.admin()).await)
        .await
        .redirect();
    let redirect_url = world.confirm(&wecom_url, CORP, AuthMode::Admin);
    browser.open(&redirect_url).await.redirect();
    let before = world.state().await;

    // Another code, as good as the first, for the other corporation.
    let other_url = browser
        .set_out(&world.install_link(&world.admin()).await)
        .await
        .redirect();
    let other_redirect = world.confirm(&other_url, OTHER_CORP, AuthMode::Admin);
    let mixed = format!(
        "{}&state={}",
        other_redirect.split("&state=").next().unwrap(),
        parameter(&redirect_url, "state"),
    );
    failed(&browser.open(&mixed).await.redirect(), "install_link_expired");
    assert_eq!(world.state().await, before);
    assert_eq!(calls(&world, EXCHANGE), [Some(0)], "the second code was not spent");
}

#[tokio::test]
async fn a_redirect_counts_only_in_the_browser_that_opened_the_link() {
    let world = World::start().await;
    let browser = world.browser();
    let wecom_url = browser
        .set_out(&world.install_link(&world.admin()).await)
        .await
        .redirect();
    let redirect_url = world.confirm(&wecom_url, CORP, AuthMode::Admin);

    let stranger = world.browser();
    failed(&stranger.open(&redirect_url).await.redirect(), "install_link_expired");
    // With a cookie of its own, from another link.
    stranger
        .set_out(&world.install_link(&world.admin()).await)
        .await
        .redirect();
    failed(&stranger.open(&redirect_url).await.redirect(), "install_link_expired");
    assert_eq!(world.state().await["installation"]["status"], "not_installed");
    assert!(calls(&world, EXCHANGE).is_empty());

    let back = browser.open(&redirect_url).await.redirect();
    assert!(back.ends_with("?installation=installed"), "{back}");
}

#[tokio::test]
async fn a_link_belongs_to_the_browser_that_opened_it_first() {
    let world = World::start().await;
    let link = world.install_link(&world.admin()).await;
    let browser = world.browser();
    let wecom_url = browser.set_out(&link).await.redirect();
    assert_eq!(
        browser.set_out(&link).await.redirect(),
        wecom_url,
        "it may be opened again"
    );
    failed(&world.browser().open(&link).await.redirect(), "install_link_expired");
    // A client that is no browser gets a problem document.
    world.nobody().get(&link).await.refused(410, "install_link_expired");
}

#[tokio::test]
async fn a_link_that_leads_nowhere_is_explained() {
    let world = World::start().await;
    for state in ["0".repeat(32), "x".repeat(32), "short".to_owned(), "%00".to_owned()] {
        let path = format!("/installation/start/{state}");
        world.nobody().get(&path).await.refused(410, "install_link_expired");
        let address = world.url(&path);
        failed(&world.browser().open(&address).await.redirect(), "install_link_expired");
        let address = world.url(&format!("/installation/callback?auth_code=ac_made_up&state={state}"));
        failed(&world.browser().open(&address).await.redirect(), "install_link_expired");
    }
    for query in ["", "?state=", "?auth_code=ac_made_up", "?%zz=%", "?state&auth_code"] {
        let address = world.url(&format!("/installation/callback{query}"));
        failed(&world.browser().open(&address).await.redirect(), "install_link_expired");
    }
    assert!(calls(&world, EXCHANGE).is_empty());
}

#[tokio::test]
async fn whoever_presses_cancel_on_wecoms_page_comes_back_without_a_code() {
    let world = World::start().await;
    let browser = world.browser();
    let wecom_url = browser
        .set_out(&world.install_link(&world.admin()).await)
        .await
        .redirect();
    let state = parameter(&wecom_url, "state");
    let address = world.url(&format!("/installation/callback?state={state}"));
    failed(&browser.open(&address).await.redirect(), "install_link_expired");
    // The admin changes their mind: the link is still valid.
    let redirect_url = world.confirm(&wecom_url, CORP, AuthMode::Admin);
    let back = browser.open(&redirect_url).await.redirect();
    assert!(back.ends_with("?installation=installed"), "{back}");
}

#[tokio::test]
async fn a_link_expires() {
    let world = World::start().await;
    let store = world.store();
    let session = |digit: &str, seconds| {
        InstallSession::new(
            InstallState::parse(&digit.repeat(32)).unwrap(),
            TenantId::parse("demo").unwrap(),
            "pac_of_a_test".to_owned(),
            now() + SignedDuration::from_secs(seconds),
            Actor::system(),
        )
    };
    let (past, future) = (session("a", -1), session("b", 60));
    store.create_session(&past).await.unwrap();
    store.create_session(&future).await.unwrap();
    let link = |session: &InstallSession| format!("/installation/start/{}", session.state);
    world
        .nobody()
        .get(&link(&past))
        .await
        .refused(410, "install_link_expired");
    world.browser().set_out(&world.url(&link(&future))).await.redirect();

    // The redirect that comes back too late is refused, too: the link had been opened in time.
    let late = session("c", -1);
    store.create_session(&late).await.unwrap();
    let browser = world.browser();
    let wecom_url = browser
        .set_out(&world.install_link(&world.admin()).await)
        .await
        .redirect();
    let redirect_url = world.confirm(&wecom_url, CORP, AuthMode::Admin);
    let address = redirect_url.replace(&parameter(&wecom_url, "state"), late.state.as_str());
    failed(&browser.open(&address).await.redirect(), "install_link_expired");
    assert_eq!(world.state().await["installation"]["status"], "not_installed");
}

#[tokio::test]
async fn a_code_that_wecom_finds_too_old_ends_the_link() {
    let world = World::start().await;
    let browser = world.browser();
    let wecom_url = browser
        .set_out(&world.install_link(&world.admin()).await)
        .await
        .redirect();
    let redirect_url = world.confirm(&wecom_url, CORP, AuthMode::Admin);
    let eleven_minutes = ClockRequest { advance_seconds: 660 };
    world.wecom().advance_clock(eleven_minutes).await.unwrap();
    failed(&browser.open(&redirect_url).await.redirect(), "install_link_expired");
    failed(&browser.open(&redirect_url).await.redirect(), "install_link_expired");
    // A new link does it.
    assert_eq!(world.install().await["installation"]["status"], "installed");
}

#[tokio::test]
async fn an_installation_by_a_member_is_told_apart_and_put_right_by_an_administrator() {
    let world = World::start().await;
    let browser = world.browser();
    let wecom_url = browser
        .set_out(&world.install_link(&world.admin()).await)
        .await
        .redirect();
    let redirect_url = world.confirm(&wecom_url, CORP, AuthMode::Member);
    failed(&browser.open(&redirect_url).await.redirect(), "member_authorization");
    failed(&browser.open(&redirect_url).await.redirect(), "member_authorization");

    let state = world.state().await;
    assert_eq!(state["installation"]["auth_mode"], "member");
    assert_eq!(state["next_step"], "install");
    assert_eq!(state["health"], "broken");
    assert_eq!(state["findings"][0]["code"], "member_authorization");
    assert_eq!(state["findings"][0]["severity"], "error");
    let secret = world.secret_of(Scope::Contacts);
    world
        .enter(Scope::Contacts, &secret)
        .await
        .refused(409, "member_authorization");
    let path = "/authorization/contacts/credentials";
    world
        .admin()
        .post(path, json!({}))
        .await
        .refused(409, "member_authorization");

    let state = world.install().await;
    assert_eq!(state["installation"]["auth_mode"], "admin");
    assert_eq!(state["health"], "ok");
    world.register(Scope::Contacts).await;
}

#[tokio::test]
async fn a_corporation_belongs_to_the_tenant_that_bound_it_first() {
    let world = World::start().await;
    let theirs = world.install_for(&world.other_admin(), CORP, AuthMode::Admin).await;
    assert_eq!(theirs["installation"]["status"], "installed");

    let browser = world.browser();
    let wecom_url = browser
        .set_out(&world.install_link(&world.admin()).await)
        .await
        .redirect();
    let redirect_url = world.confirm(&wecom_url, CORP, AuthMode::Admin);
    failed(&browser.open(&redirect_url).await.redirect(), "corp_mismatch");
    failed(&browser.open(&redirect_url).await.redirect(), "corp_mismatch");
    assert_eq!(world.state().await["installation"]["status"], "not_installed");
    let after = world.other_admin().get("/authorization").await.with_status(200);
    assert_eq!(after, theirs);

    // Another corporation is free.
    let mine = world.install_for(&world.admin(), OTHER_CORP, AuthMode::Admin).await;
    assert_eq!(mine["installation"]["corp_name"], "青山茶业有限公司");
}

#[tokio::test]
async fn a_tenant_that_is_installed_does_not_change_to_another_corporation_by_accident() {
    let world = World::start().await;
    let before = world.install().await;
    let browser = world.browser();
    let wecom_url = browser
        .set_out(&world.install_link(&world.admin()).await)
        .await
        .redirect();
    let redirect_url = world.confirm(&wecom_url, OTHER_CORP, AuthMode::Admin);
    failed(&browser.open(&redirect_url).await.redirect(), "corp_mismatch");
    assert_eq!(world.state().await, before);
    // The permanent code in the vault is still that of the first corporation: WeCom accepts it.
    world.bind(Scope::Contacts).await;
}

#[tokio::test]
async fn installing_the_same_corporation_again_keeps_everything_else() {
    let world = World::start().await;
    world.walk().await;
    let before = world.state().await;
    let mut after = world.install().await;
    after["installation"]["installed_at"] = before["installation"]["installed_at"].clone();
    assert_eq!(after, before);
}

#[tokio::test]
async fn without_a_fresh_suite_ticket_there_is_no_link() {
    let world = World::start().await;
    let paused = SettingsPatch {
        tickets_paused: Some(true),
        ..SettingsPatch::default()
    };
    world.wecom().set_settings(paused).unwrap();
    let half_an_hour = ClockRequest { advance_seconds: 1801 };
    world.wecom().advance_clock(half_an_hour).await.unwrap();
    let answer = world.admin().post("/authorization/installation", json!({})).await;
    answer.refused(502, "suite_ticket_missing");

    world.wecom().push_ticket().await.unwrap();
    eventually("the ticket arrives", async || {
        let answer = world.admin().post("/authorization/installation", json!({})).await;
        (answer.status == 201).then_some(())
    })
    .await;
}

#[tokio::test]
async fn wecom_being_busy_broken_or_away_is_said_so_when_a_link_is_made() {
    let world = World::start().await;
    let path = "/cgi-bin/service/get_pre_auth_code";
    let fault = |fault: Fault| Fault {
        path: Some(path.to_owned()),
        ..fault
    };
    let ask = async || world.admin().post("/authorization/installation", json!({})).await;

    world.wecom().add_faults([fault(Fault {
        errcode: Some(-1),
        times: 2,
        ..Fault::default()
    })]);
    ask().await.with_status(201);
    world.wecom().add_faults([fault(Fault {
        errcode: Some(-1),
        times: 3,
        ..Fault::default()
    })]);
    let problem = ask().await.refused(502, "wecom_error");
    assert_eq!(problem["wecom"]["errcode"], -1);
    world.wecom().add_faults([fault(Fault {
        http_status: Some(502),
        ..Fault::default()
    })]);
    assert_eq!(ask().await.refused(502, "wecom_error").get("wecom"), None);
    world.wecom().add_faults([fault(Fault {
        drop: true,
        ..Fault::default()
    })]);
    ask().await.refused(502, "wecom_error");
    // A token that died early is replaced without anybody noticing.
    world.wecom().add_faults([fault(Fault {
        errcode: Some(42009),
        ..Fault::default()
    })]);
    ask().await.with_status(201);
}

#[tokio::test]
async fn an_exchange_that_wecom_did_not_answer_is_taken_up_when_the_redirect_is_reloaded() {
    let world = World::start().await;
    let browser = world.browser();
    let wecom_url = browser
        .set_out(&world.install_link(&world.admin()).await)
        .await
        .redirect();
    let redirect_url = world.confirm(&wecom_url, CORP, AuthMode::Admin);
    let busy = Fault {
        path: Some(EXCHANGE.to_owned()),
        errcode: Some(-1),
        times: 3,
        ..Fault::default()
    };
    world.wecom().add_faults([busy]);
    failed(&browser.open(&redirect_url).await.redirect(), "wecom_error");
    let back = browser.open(&redirect_url).await.redirect();
    assert!(back.ends_with("?installation=installed"), "{back}");
}

#[tokio::test]
async fn a_link_that_ended_does_not_open_again() {
    let harness = Harness::start(false).await;
    // One that ended in an installation, and one that ended in a failure.
    for succeeds in [true, false] {
        let path = Harness::path_of(&harness.make_link().await);
        let opened = harness.open_link(&path, "").await;
        let cookies = Harness::cookie(&opened);
        let corporation = if succeeds { CORP } else { OTHER_CORP };
        let redirect = harness.confirm(&opened.redirect(), corporation);
        // It may be opened again until then.
        harness.open_link(&path, &cookies).await.redirect();
        let back = harness.come_back(&redirect, &cookies).await.redirect();
        let end = if succeeds {
            "=installed"
        } else {
            "=failed&code=corp_mismatch"
        };
        assert!(back.ends_with(end), "{back}");
        let again = harness.open_link(&path, &cookies).await;
        again.refused(410, "install_link_expired");
    }
}

#[tokio::test]
async fn a_link_whose_code_is_being_exchanged_does_not_open_again() {
    let harness = Harness::start(false).await;
    let path = Harness::path_of(&harness.make_link().await);
    let opened = harness.open_link(&path, "").await;
    let cookies = Harness::cookie(&opened);
    let redirect = harness.confirm(&opened.redirect(), CORP);
    // The process dies after the claim, its second write.
    harness.devstack().faults().crash_after_writes(2);
    let back = harness.come_back(&redirect, &cookies).await.redirect();
    assert!(back.ends_with("=failed&code=temporarily_unavailable"), "{back}");
    harness.devstack().faults().clear();
    harness.end_processes();
    let again = harness.open_link(&path, &cookies).await;
    again.refused(410, "install_link_expired");
}

#[tokio::test]
async fn a_redirect_after_the_links_end_is_refused_and_exchanges_nothing() {
    let harness = Harness::start(false).await;
    // The link lives for twenty minutes, an auth_code that WeCom gives in its last minute for ten more.
    for (minutes, is_in_time) in [(31, false), (29, true)] {
        let (redirect, cookies) = harness.set_out(CORP).await;
        harness.wait(minutes * 60);
        let back = harness.come_back(&redirect, &cookies).await.redirect();
        let end = if is_in_time {
            "=installed"
        } else {
            "=failed&code=install_link_expired"
        };
        assert!(back.ends_with(end), "{minutes} min: {back}");
        let calls = harness.wecom().calls().into_iter();
        assert_eq!(
            calls.filter(|call| call.path == EXCHANGE).count(),
            usize::from(is_in_time)
        );
    }
}

#[tokio::test]
async fn an_exchange_that_was_begun_in_time_is_taken_up_after_the_links_end() {
    let mut writes = 0;
    // The process dies as soon as the permanent code is stored.
    let (harness, redirect, cookies) = loop {
        writes += 1;
        let harness = Harness::start(false).await;
        let (redirect, cookies) = harness.set_out(CORP).await;
        harness.devstack().faults().crash_after_writes(writes);
        let back = harness.come_back(&redirect, &cookies).await.redirect();
        assert!(
            back.ends_with("=failed&code=temporarily_unavailable"),
            "{writes}: {back}"
        );
        harness.devstack().faults().clear();
        harness.end_processes();
        let name = SecretName::Installation(TenantId::parse(TENANT).unwrap());
        if harness.vault().read(&name, None).await.unwrap().is_some() {
            break (harness, redirect, cookies);
        }
    };
    harness.wait(31 * 60);
    let back = harness.come_back(&redirect, &cookies).await.redirect();
    assert!(back.ends_with("=installed"), "{back}");
    let calls = harness.wecom().calls().into_iter();
    let exchanged = calls.filter(|call| call.path == EXCHANGE && call.errcode == Some(0));
    assert_eq!(exchanged.count(), 1);
}

#[tokio::test]
async fn a_preview_of_a_link_changes_nothing() {
    let world = World::start().await;
    let link = world.install_link(&world.admin()).await;
    for _ in 0..2 {
        let page = world.nobody().get(&link).await;
        assert_eq!(
            (page.status, page.header("content-type")),
            (200, "text/html; charset=utf-8")
        );
        assert_eq!(
            (page.header("set-cookie"), page.header("cache-control")),
            ("", "no-store")
        );
        let text = page.text();
        assert!(
            text.contains("前往企业微信") && text.contains("Continue to WeCom"),
            "{text}"
        );
        assert!(text.contains(r#"<form method="post" action="?attempt="#), "{text}");
        assert!(!text.contains("<script") && !text.contains("http"), "{text}");
    }
    let browser = world.browser();
    let wecom_url = browser.set_out(&link).await.redirect();
    let redirect_url = world.confirm(&wecom_url, CORP, AuthMode::Admin);
    let back = browser.open(&redirect_url).await.redirect();
    assert!(back.ends_with("?installation=installed"), "{back}");
}

#[tokio::test]
async fn a_link_is_bound_by_its_own_button_and_not_by_another_sites() {
    let world = World::start().await;
    let link = world.install_link(&world.admin()).await;
    for site in ["cross-site", "same-site"] {
        let request = world.http().post(&link).header("sec-fetch-site", site);
        let page = world.send(request).await;
        assert_eq!((page.status, page.header("set-cookie")), (200, ""), "{site}");
    }
    let request = world.http().post(&link).header("sec-fetch-site", "same-origin");
    world.send(request).await.redirect();
}

#[tokio::test]
async fn the_cookie_that_binds_a_browser_is_never_one_that_it_had_before() {
    let harness = Harness::start(false).await;
    let mut planted = [
        "wecom_installation=known-to-attacker".to_owned(),
        "wecom_installation=".to_owned(),
        "wecom_installation=0123456789abcdef0123456789abcdef".to_owned(),
        "__Host-wecom_installation=0123456789abcdef0123456789abcdef".to_owned(),
        String::new(),
    ];
    for round in 0..planted.len() {
        let before = planted[round].clone();
        let path = Harness::path_of(&harness.make_link().await);
        let opened = harness.open_link(&path, &before).await;
        let redirect = harness.confirm(&opened.redirect(), CORP);
        let drawn = Harness::cookie(&opened);
        let value = drawn.strip_prefix("__Host-wecom_installation=").unwrap();
        assert!(value.len() == 32 && value.bytes().all(|b| b"0123456789abcdef".contains(&b)));
        assert_ne!(drawn, before);
        let back = harness.come_back(&redirect, &before).await.redirect();
        assert!(back.ends_with("=failed&code=install_link_expired"), "{back}");

        // The browser that has it may set out again; another one may not.
        let again = harness.open_link(&path, &drawn).await;
        again.redirect();
        assert_eq!(Harness::cookie(&again), drawn);
        harness
            .open_link(&path, &before)
            .await
            .refused(410, "install_link_expired");
        let back = harness.come_back(&redirect, &drawn).await.redirect();
        assert!(back.ends_with("=installed"), "{back}");
        // One that was drawn for another link is as good as any other.
        if let Some(last) = planted.last_mut() {
            *last = drawn;
        }
    }
}

/// The error codes with which WeCom answered a call, oldest first.
pub(crate) fn calls(world: &World, path: &str) -> Vec<Option<i64>> {
    let calls = world.wecom().calls();
    calls
        .into_iter()
        .filter(|call| call.path == path)
        .map(|call| call.errcode)
        .collect()
}

#[track_caller]
fn failed(location: &str, code: &str) {
    let end = format!("/?installation=failed&code={code}");
    assert!(location.ends_with(&end), "{location} does not end with {end}");
}

fn parameter(address: &str, name: &str) -> String {
    let url = url::Url::parse(address).unwrap();
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.unwrap().1.into_owned()
}

fn now() -> Timestamp {
    use wecom_authorization::clock::{Clock as _, SystemClock};
    SystemClock.now()
}

/// The browser drops the answer to the first press, cookie included.
#[tokio::test]
async fn a_button_that_is_pressed_twice_leads_to_wecom_and_back() {
    let harness = Harness::start(false).await;
    let link = Harness::path_of(&harness.make_link().await);
    let show = async || {
        let page = harness
            .call("start-installation", Caller::Browser(""), "GET", &link, None)
            .await;
        let text = page.text();
        let (_, rest) = text.split_once("action=\"?attempt=").unwrap();
        format!("{link}?attempt={}", &rest[..32])
    };
    let (button, stranger) = (show().await, show().await);
    let press = async |button: &str| harness.open_link(button, "").await;
    let (first, second) = tokio::join!(press(&button), press(&button));
    let wecom_url = second.redirect();
    assert_eq!(first.redirect(), wecom_url);
    assert_eq!(Harness::cookie(&first), Harness::cookie(&second));
    // Another page of the same link is another browser's.
    for other in [&stranger, &link, &format!("{link}?attempt=x")] {
        press(other).await.refused(410, "install_link_expired");
    }
    let redirect = harness.confirm(&wecom_url, CORP);
    let back = harness.come_back(&redirect, &Harness::cookie(&second)).await.redirect();
    assert!(back.ends_with("?installation=installed"), "{back}");
}

#[tokio::test]
async fn a_cookie_of_the_earlier_name_still_finishes_an_installation() {
    let harness = Harness::start(false).await;
    let (redirect, cookies) = harness.set_out(CORP).await;
    let earlier = cookies.replace("__Host-", "");
    assert_ne!(earlier, cookies);
    let back = harness.come_back(&redirect, &earlier).await.redirect();
    assert!(back.ends_with("?installation=installed"), "{back}");
}
