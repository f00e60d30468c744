//! Suite events: tickets, and authorizations that start, change and end outside the admin page.

use aws_sdk_dynamodb::types::AttributeValue;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use simulator::{AuthMode, Outcome, Spoil, SuiteEventRequest};
use wecom_authorization::{ids::TenantId, store::SecretName};

use crate::{
    install_mistakes::calls,
    support::{CORP, Check, Credentials, Letter, OTHER_CORP, Scope, World, eventually},
};

const EXCHANGE: &str = "/cgi-bin/service/v2/get_permanent_code";

#[tokio::test]
async fn the_suites_url_passes_wecoms_check_with_and_without_a_slash() {
    let world = World::start().await;
    let outcome = world.wecom().check_suite_callback().await.unwrap();
    assert!(outcome.saved, "{outcome:?}");
    let (suite, provider_corp_id) = suite(&world);
    for path in ["/suite/callback", "/suite/callback/", "/suite/callback//"] {
        let check = Check::sealed(&suite, &provider_corp_id, "4561");
        let reply = world.ask(path, &check.query()).await;
        assert_eq!((reply.status, reply.text().as_str()), (200, "4561"), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_wecoms_is_refused_at_the_suites_url_too() {
    let world = World::start().await;
    let (suite, provider_corp_id) = suite(&world);
    let message = "<xml><InfoType><![CDATA[suite_ticket]]></InfoType><SuiteTicket>forged</SuiteTicket></xml>";
    let post = async |letter: &Letter| world.post_letter("/suite/callback", letter).await;

    let wrong_token = Credentials {
        token: "wrongtoken".to_owned(),
        ..suite.clone()
    };
    let wrong_key = Credentials {
        encoding_aes_key: "o".repeat(43),
        ..suite.clone()
    };
    for (credentials, receive_id) in [
        (&wrong_token, suite_id(&world)),
        (&wrong_key, suite_id(&world)),
        (&suite, "ww00000000000000ff".to_owned()),
        // The receive id of a check, which no event has.
        (&suite, provider_corp_id),
    ] {
        let letter = Letter::sealed(credentials, &receive_id, message);
        post(&letter).await.refused(403, "callback_rejected");
    }
    for letter in [
        Letter {
            query: String::new(),
            body: String::new(),
        },
        Letter {
            query: "garbage".to_owned(),
            body: "<xml/>".to_owned(),
        },
        Letter {
            body: "<!DOCTYPE xml><xml/>".to_owned(),
            ..Letter::sealed(&suite, &suite_id(&world), message)
        },
    ] {
        post(&letter).await.refused(400, "malformed_callback");
    }
    world
        .ask("/suite/callback", "")
        .await
        .refused(400, "malformed_callback");
    let check = Check::sealed(&suite, "ww00000000000000ff", "4561");
    world
        .ask("/suite/callback", &check.query())
        .await
        .refused(403, "callback_rejected");
    for spoil in [Spoil::Key, Spoil::Signature, Spoil::ReceiveId] {
        let request = SuiteEventRequest {
            event: Some("change_auth_of_the_future".to_owned()),
            corp_id: Some(CORP.to_owned()),
            spoil: Some(spoil),
            ..SuiteEventRequest::default()
        };
        let sent = world.wecom().send_suite_event(&request).await.unwrap();
        assert_eq!(sent.deliveries[0].status, Some(403), "{spoil:?}");
    }
    assert!(kept(&world).await.iter().all(|event| event.info_type == "suite_ticket"));
}

#[tokio::test]
async fn the_check_of_the_suites_url_is_answered_for_the_provider_alone_and_decrypts_no_message() {
    let world = World::start().await;
    let (credentials, provider) = suite(&world);
    let ask = async |receive_id: &str, plaintext: &str| {
        let check = Check::sealed(&credentials, receive_id, plaintext);
        world.ask("/suite/callback", &check.query()).await
    };
    for receive_id in [provider.clone(), provider.to_ascii_uppercase()] {
        assert_eq!(ask(&receive_id, "4561").await.text(), "4561");
    }
    ask(&suite_id(&world), "4561").await.refused(403, "callback_rejected");
    let ticket = "<xml><InfoType>suite_ticket</InfoType><SuiteTicket>captured</SuiteTicket></xml>";
    for receive_id in [provider, suite_id(&world)] {
        let reply = ask(&receive_id, ticket).await;
        reply.refused(403, "callback_rejected");
    }
}

#[tokio::test]
async fn a_suites_event_that_is_damaged_is_acted_upon_and_one_that_is_none_is_refused() {
    let world = World::start().await;
    let (credentials, _) = suite(&world);
    let suite_id = suite_id(&world);
    let damaged = format!(
        "<xml><SuiteId>{suite_id}</SuiteId><InfoType><![CDATA[ suite_ticket\n]]></InfoType>\
         <TimeStamp>now & then</TimeStamp><SuiteTicket><![CDATA[ a_ticket_of_a_damaged_event ]]></SuiteTicket></xml>"
    );
    let letter = Letter::sealed(&credentials, &suite_id, &damaged);
    assert_eq!(world.post_letter("/suite/callback", &letter).await.text(), "success");
    eventually("the ticket is kept", async || {
        let (ticket, _) = world.ticket(&suite_id).await?;
        (ticket.expose_secret() == "a_ticket_of_a_damaged_event").then_some(())
    })
    .await;
    let before = kept(&world).await.len();
    for message in ["4561", "<xml><SuiteId>x</SuiteId></xml>"] {
        let letter = Letter::sealed(&credentials, &suite_id, message);
        let reply = world.post_letter("/suite/callback", &letter).await;
        reply.refused(403, "callback_rejected");
    }
    assert_eq!(kept(&world).await.len(), before);
}

#[tokio::test]
async fn the_newest_ticket_is_the_one_that_is_kept() {
    let world = World::start().await;
    let suite_id = suite_id(&world);
    let ticket = async || world.ticket(&suite_id).await.map(|(ticket, _)| ticket);
    let before = ticket().await.unwrap();
    world.secret("a suite ticket", before.expose_secret(), false);
    let pushed = world.wecom().push_ticket().await.unwrap();
    assert_eq!(pushed.answer, "success");
    let after = eventually("the ticket is kept", async || {
        let after = ticket().await?;
        (after.expose_secret() != before.expose_secret()).then_some(after)
    })
    .await;
    world.secret("a suite ticket", after.expose_secret(), false);

    // One that comes late displaces nothing.
    let (credentials, _) = suite(&world);
    let late = format!(
        "<xml><SuiteId><![CDATA[{suite_id}]]></SuiteId><InfoType> <![CDATA[suite_ticket]]></InfoType>\
         <TimeStamp>1600000000</TimeStamp><SuiteTicket><![CDATA[an_old_ticket]]></SuiteTicket></xml>"
    );
    let letter = Letter::sealed(&credentials, &suite_id, &late);
    assert_eq!(world.post_letter("/suite/callback", &letter).await.text(), "success");
    processed(&world).await;
    assert_ne!(ticket().await.unwrap().expose_secret(), "an_old_ticket");
}

#[tokio::test]
async fn an_event_of_an_unknown_kind_is_kept_and_answered() {
    let world = World::start().await;
    let before = world.install().await;
    for info_type in [
        "license_pay_success",
        "change_editon",
        "share_chain_change",
        "what_comes_next_year",
    ] {
        let request = SuiteEventRequest {
            event: Some(info_type.to_owned()),
            corp_id: Some(CORP.to_owned()),
            copies: Some(3),
            ..SuiteEventRequest::default()
        };
        send(&world, &request).await;
        let found = kept(&world)
            .await
            .into_iter()
            .filter(|event| event.info_type == info_type);
        assert_eq!(found.count(), 1, "{info_type}: three deliveries of one event make one");
    }
    send(&world, &raw("{\"InfoType\":\"json\"}")).await;
    assert_eq!(world.state().await, before);
}

/// WeCom sends elements that are empty; an empty auth_code names nothing.
#[tokio::test]
async fn events_with_an_empty_auth_code_are_told_apart_by_all_that_they_say() {
    let world = World::start().await;
    let event = |corp_id: &str| {
        format!(
            "<xml><InfoType>what_comes_next_year</InfoType><AuthCode></AuthCode><AuthCorpId>{corp_id}</AuthCorpId></xml>"
        )
    };
    for corp_id in ["wpOne", "wpAnother", "wpOne"] {
        send(&world, &raw(&event(corp_id))).await;
    }
    let kept = kept(&world).await.into_iter();
    assert_eq!(
        kept.filter(|event| event.info_type == "what_comes_next_year").count(),
        2
    );
}

/// An auth_code is exchanged once, however often it is announced.
#[tokio::test]
async fn an_auth_code_that_is_announced_again_with_another_time_is_one_event() {
    let world = World::start().await;
    for (auth_code, time) in [
        ("one", 1_790_000_000),
        ("one", 1_790_000_060),
        ("another", 1_790_000_060),
    ] {
        let event = format!(
            "<xml><InfoType>what_comes_next_year</InfoType><AuthCode>{auth_code}</AuthCode><TimeStamp>{time}</TimeStamp></xml>"
        );
        send(&world, &raw(&event)).await;
    }
    let kept = kept(&world).await.into_iter();
    assert_eq!(
        kept.filter(|event| event.info_type == "what_comes_next_year").count(),
        2
    );
}

#[tokio::test]
async fn an_app_that_was_removed_ends_the_authorization() {
    let world = World::start().await;
    let [contacts, _] = world.walk().await;
    send(&world, &about("cancel_auth")).await;
    let state = installation_becomes(&world, "cancelled").await;
    assert_eq!(state["health"], "broken");
    assert_eq!(state["findings"][0]["code"], "authorization_cancelled");
    assert_eq!(state["next_step"], "install");
    assert_eq!(state["completed_at"], Value::Null);
    let secret = world.secret_of(Scope::Contacts);
    world
        .enter(Scope::Contacts, &secret)
        .await
        .refused(409, "not_installed");
    // Its callbacks are gone, at the latest when what was remembered of them has been forgotten.
    eventually("the callback is gone", async || {
        let check = Check::sealed(&contacts, CORP, "4561");
        (world.ask(&contacts.url, &check.query()).await.status == 404).then_some(())
    })
    .await;

    // The corporation is free, for another tenant as well.
    let theirs = world.install_for(&world.other_admin(), CORP, AuthMode::Admin).await;
    assert_eq!(theirs["installation"]["status"], "installed");
    assert_eq!(world.state().await["installation"]["status"], "cancelled");
}

#[tokio::test]
async fn an_app_that_was_removed_can_be_installed_again() {
    let world = World::start().await;
    world.walk().await;
    send(&world, &about("cancel_auth")).await;
    installation_becomes(&world, "cancelled").await;
    let state = world.install().await;
    assert_eq!(state["installation"]["status"], "installed");
    // Nothing is typed again, and WeCom still has the URL.
    assert_eq!(state["next_step"], "done");
    world.happens(Scope::Contacts, "change_contact/create_user").await;
    assert_eq!(world.events("").await.len(), 1);
}

#[tokio::test]
async fn a_change_to_a_members_authorization_is_seen_and_so_is_the_way_back() {
    let world = World::start().await;
    world.walk().await;
    let before = world.state().await;
    for (auth_mode, name, health) in [(AuthMode::Member, "member", "broken"), (AuthMode::Admin, "admin", "ok")] {
        let request = SuiteEventRequest {
            auth_mode: Some(auth_mode),
            ..about("change_auth")
        };
        send(&world, &request).await;
        let state = eventually("the mode changes", async || {
            let state = world.state().await;
            (state["installation"]["auth_mode"] == name).then_some(state)
        })
        .await;
        assert_eq!(state["health"], health);
        // Two changes within one of WeCom's seconds are one and the same event, to the byte.
        next_second(&world).await;
    }
    assert_eq!(world.state().await, before);
}

#[tokio::test]
async fn a_change_of_an_app_that_is_gone_ends_the_authorization() {
    let world = World::start().await;
    world.install().await;
    // The cancellation itself was lost on the way.
    send(
        &world,
        &SuiteEventRequest {
            silent: true,
            ..about("cancel_auth")
        },
    )
    .await;
    let change = format!(
        "<xml><SuiteId><![CDATA[{}]]></SuiteId><InfoType><![CDATA[change_auth]]></InfoType><TimeStamp>{}</TimeStamp>\
         <AuthCorpId><![CDATA[wpYunFanAAq7Zk3Xb9Tn5LcVd2Rg8MhSw]]></AuthCorpId></xml>",
        suite_id(&world),
        world.wecom().state().now.as_second(),
    );
    send(&world, &raw(&change)).await;
    installation_becomes(&world, "cancelled").await;
}

#[tokio::test]
async fn a_permanent_code_that_was_reset_is_exchanged_and_works() {
    let world = World::start().await;
    world.walk().await;
    let before = kept_code(&world).await;
    let sent = world
        .wecom()
        .send_suite_event(&about("reset_permanent_code"))
        .await
        .unwrap();
    world.secret("an auth_code", &sent.auth_code.unwrap(), false);
    let after = eventually("the new code is kept", async || {
        let after = kept_code(&world).await;
        (after != before).then_some(after)
    })
    .await;
    let corp = world.wecom().state().corps.remove(0);
    assert!(corp.installation.unwrap().permanent_code == after);
    // With the new one we can ask WeCom.
    send(
        &world,
        &SuiteEventRequest {
            auth_mode: Some(AuthMode::Member),
            ..about("change_auth")
        },
    )
    .await;
    eventually("WeCom was asked with the new code", async || {
        (world.state().await["installation"]["auth_mode"] == "member").then_some(())
    })
    .await;
}

#[tokio::test]
async fn create_auth_before_the_redirect_makes_one_installation() {
    let world = World::start().await;
    let pending = Pending::begin(&world).await;
    let create_auth = pending.create_auth(&world);
    send(&world, &raw(&create_auth)).await;
    processed(&world).await;
    assert_eq!(
        world.state().await["installation"]["status"],
        "not_installed",
        "the browser has to prove itself"
    );
    pending.comes_back().await;
    one_installation(&world).await;
}

#[tokio::test]
async fn create_auth_after_the_redirect_makes_one_installation() {
    let world = World::start().await;
    let pending = Pending::begin(&world).await;
    let create_auth = pending.create_auth(&world);
    pending.comes_back().await;
    let before = world.state().await;
    send(&world, &raw(&create_auth)).await;
    processed(&world).await;
    assert_eq!(world.state().await, before);
    one_installation(&world).await;
}

#[tokio::test]
async fn create_auth_together_with_several_redirects_makes_one_installation() {
    let world = World::start().await;
    let pending = Pending::begin(&world).await;
    let create_auth = pending.create_auth(&world);
    let event = SuiteEventRequest {
        copies: Some(3),
        concurrent: true,
        ..raw(&create_auth)
    };
    tokio::join!(
        pending.comes_back(),
        send(&world, &event),
        pending.comes_back(),
        pending.comes_back()
    );
    processed(&world).await;
    one_installation(&world).await;
}

#[tokio::test]
async fn an_authorization_that_no_tenant_began_binds_nobody() {
    let world = World::start().await;
    // From WeCom's app market, and with a state that is none of ours.
    for state in [None, Some("t42n9K"), Some(&*"0".repeat(32))] {
        let request = SuiteEventRequest {
            event: Some("create_auth".to_owned()),
            corp_id: Some(CORP.to_owned()),
            state: state.map(str::to_owned),
            ..SuiteEventRequest::default()
        };
        let before = calls(&world, EXCHANGE).len();
        send(&world, &request).await;
        eventually("the code is exchanged", async || {
            (calls(&world, EXCHANGE).len() > before).then_some(())
        })
        .await;
    }
    for admin in [world.admin(), world.other_admin()] {
        let state = admin.get("/authorization").await.with_status(200);
        assert_eq!(state["installation"]["status"], "not_installed");
    }
    // A tenant that starts an installation still gets it.
    assert_eq!(world.install().await["installation"]["status"], "installed");
}

#[tokio::test]
async fn a_corporation_that_is_bound_is_renewed_from_the_app_market() {
    let world = World::start().await;
    world.install().await;
    for (event, auth_mode, name) in [
        ("change_auth", AuthMode::Member, "member"),
        ("create_auth", AuthMode::Admin, "admin"),
    ] {
        let request = SuiteEventRequest {
            auth_mode: Some(auth_mode),
            ..about(event)
        };
        send(&world, &request).await;
        eventually("the authorization counts", async || {
            (world.state().await["installation"]["auth_mode"] == name).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn events_of_a_corporation_that_nobody_has_bound_change_nothing() {
    let world = World::start().await;
    let before = world.install().await;
    let (credentials, _) = suite(&world);
    for info_type in ["cancel_auth", "change_auth"] {
        let message = format!(
            "<xml><InfoType>{info_type}</InfoType><TimeStamp>1790000000</TimeStamp><AuthCorpId>wpNobody</AuthCorpId></xml>"
        );
        let letter = Letter::sealed(&credentials, &suite_id(&world), &message);
        assert_eq!(world.post_letter("/suite/callback", &letter).await.text(), "success");
        processed(&world).await;
    }
    // A cancellation from before the installation came late.
    let late = "<xml><InfoType>cancel_auth</InfoType><TimeStamp>1600000000</TimeStamp>\
                <AuthCorpId>wpYunFanAAq7Zk3Xb9Tn5LcVd2Rg8MhSw</AuthCorpId></xml>";
    let letter = Letter::sealed(&credentials, &suite_id(&world), late);
    assert_eq!(world.post_letter("/suite/callback", &letter).await.text(), "success");
    processed(&world).await;
    assert_eq!(world.state().await, before);
}

#[tokio::test]
async fn an_event_is_acted_on_again_when_wecom_was_busy_at_first() {
    let world = World::start().await;
    world.walk().await;
    let busy = simulator::Fault {
        path: Some("/cgi-bin/service/v2/get_auth_info".to_owned()),
        errcode: Some(-1),
        times: 3,
        ..simulator::Fault::default()
    };
    world.wecom().add_faults([busy]);
    send(
        &world,
        &SuiteEventRequest {
            auth_mode: Some(AuthMode::Member),
            ..about("change_auth")
        },
    )
    .await;
    eventually("the change is seen", async || {
        (world.state().await["installation"]["auth_mode"] == "member").then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_end_of_one_tenants_authorization_is_no_matter_of_anothers() {
    let world = World::start().await;
    world.install().await;
    let theirs = world
        .install_for(&world.other_admin(), OTHER_CORP, AuthMode::Admin)
        .await;
    send(&world, &about("cancel_auth")).await;
    installation_becomes(&world, "cancelled").await;
    let after = world.other_admin().get("/authorization").await.with_status(200);
    assert_eq!(after, theirs);
}

/// An install that has been confirmed at WeCom, and whose browser has not come back.
struct Pending<'a> {
    browser: crate::support::Browser<'a>,
    redirect_url: String,
}

impl<'a> Pending<'a> {
    async fn begin(world: &'a World) -> Self {
        let browser = world.browser();
        let wecom_url = browser
            .set_out(&world.install_link(&world.admin()).await)
            .await
            .redirect();
        let redirect_url = world.confirm(&wecom_url, CORP, AuthMode::Admin);
        Self { browser, redirect_url }
    }

    async fn comes_back(&self) {
        let back = self.browser.open(&self.redirect_url).await.redirect();
        assert!(back.ends_with("?installation=installed"), "{back}");
    }

    /// WeCom's `create_auth` with the same code and state.
    fn create_auth(&self, world: &World) -> String {
        let url = url::Url::parse(&self.redirect_url).unwrap();
        let parameter = |name| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        format!(
            "<xml><SuiteId><![CDATA[{}]]></SuiteId><AuthCode><![CDATA[{}]]></AuthCode>\
             <InfoType><![CDATA[create_auth]]></InfoType><TimeStamp>1790000000</TimeStamp>\
             <State><![CDATA[{}]]></State><ExtraInfo></ExtraInfo></xml>",
            suite_id(world),
            parameter("auth_code"),
            parameter("state"),
        )
    }
}

async fn one_installation(world: &World) {
    let state = world.state().await;
    assert_eq!(state["installation"]["status"], "installed");
    assert_eq!(calls(world, EXCHANGE), [Some(0)], "the code was exchanged once");
    // And what was kept works.
    world.learn_wecoms_secrets();
    world.bind(Scope::Contacts).await;
    let corp = world.wecom().state().corps.remove(0);
    assert!(kept_code(world).await == corp.installation.unwrap().permanent_code);
}

/// An event about [`CORP`].
fn about(event: &str) -> SuiteEventRequest {
    SuiteEventRequest {
        event: Some(event.to_owned()),
        corp_id: Some(CORP.to_owned()),
        ..SuiteEventRequest::default()
    }
}

fn raw(xml: &str) -> SuiteEventRequest {
    SuiteEventRequest {
        xml: Some(xml.to_owned()),
        ..SuiteEventRequest::default()
    }
}

/// WeCom tells the suite; every delivery must be answered with `success`.
async fn send(world: &World, request: &SuiteEventRequest) {
    let sent = world.wecom().send_suite_event(request).await.unwrap();
    if let Some(code) = &sent.auth_code {
        world.secret("an auth_code", code, false);
    }
    for delivery in sent.deliveries {
        assert_eq!(delivery.outcome, Outcome::Accepted, "{delivery:?}");
    }
}

async fn installation_becomes(world: &World, status: &str) -> Value {
    eventually("the installation changes", async || {
        let state = world.state().await;
        (state["installation"]["status"] == status).then_some(state)
    })
    .await
}

/// Waits until everything that arrived so far has been acted on: events are acted on in their order, so a ticket that is
/// pushed after it and has been kept shows it.
async fn processed(world: &World) {
    let suite_id = suite_id(world);
    let ticket = async || world.ticket(&suite_id).await.map(|(_, issued_at)| issued_at);
    let before = ticket().await;
    // Whole seconds: the next one's ticket is later than the one that is kept.
    next_second(world).await;
    world.wecom().push_ticket().await.unwrap();
    eventually("what came before is processed", async || {
        (ticket().await > before).then_some(())
    })
    .await;
}

async fn next_second(world: &World) {
    let second = simulator::ClockRequest { advance_seconds: 1 };
    world.wecom().advance_clock(second).await.unwrap();
}

/// The permanent code that the vault holds for the first tenant.
async fn kept_code(world: &World) -> String {
    let name = SecretName::Installation(TenantId::parse("demo").unwrap());
    let secret = world.vault().read(&name, None).await.unwrap().unwrap();
    let secret: Value = serde_json::from_str(secret.expose_secret()).unwrap();
    let code = secret["permanent_code"].as_str().unwrap().to_owned();
    world.secret("a permanent code", &code, false);
    code
}

struct Kept {
    info_type: String,
}

/// The suite's events that are stored.
async fn kept(world: &World) -> Vec<Kept> {
    let client = aws_sdk_dynamodb::Client::new(&world.aws());
    let answer = client
        .scan()
        .table_name("wecom-authorization")
        .filter_expression("begins_with(pk, :kind)")
        .expression_attribute_values(":kind", AttributeValue::S("SUITEEVENT#".to_owned()))
        .send()
        .await
        .unwrap();
    let items = answer.items.unwrap_or_default();
    items
        .iter()
        .map(|item| Kept {
            info_type: item["event"].as_s().unwrap().clone(),
        })
        .collect()
}

/// Token and EncodingAESKey of the suite's callback, and the provider's corp id.
fn suite(world: &World) -> (Credentials, String) {
    let settings = std::fs::read_to_string(world.data().join("settings.json")).unwrap();
    let settings: Value = serde_json::from_str(&settings).unwrap();
    let text = |name: &str| settings["suite"][name].as_str().unwrap().to_owned();
    let credentials = Credentials {
        url: world.url("/suite/callback"),
        token: text("token"),
        encoding_aes_key: text("encoding_aes_key"),
    };
    (credentials, text("provider_corp_id"))
}

fn suite_id(world: &World) -> String {
    world.wecom().state().suite.suite_id
}
