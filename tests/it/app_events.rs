//! Events of corporations at the callback of an app: of a template of customised apps (代开发), and at a third-party app's 数据回调URL.
//! All corporations share URL, Token and EncodingAESKey, and each event reaches the tenant of its own.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use simulator::AuthMode;
use wecom_authorization::{
    clock::{Clock as _, SystemClock},
    ids::SuiteId,
    store::SecretName,
};

use crate::{
    bus::Listener,
    customized_app::{confirm, install, qr_code, scan_by},
    support::{Admin, CORP, Check, Credentials, Letter, OTHER_CORP, Reply, World, eventually},
};

/// The callback of a suite of `cargo run`: `suite` or `template`.
pub(crate) struct AppCallback<'a> {
    world: &'a World,
    credentials: Credentials,
    path: String,
}

impl<'a> AppCallback<'a> {
    pub(crate) fn of(world: &'a World, name: &str) -> Self {
        let suite = world.settings()[name].clone();
        let text = |field: &str| suite[field].as_str().unwrap().to_owned();
        Self {
            world,
            credentials: Credentials {
                url: String::new(),
                token: text("token"),
                encoding_aes_key: text("encoding_aes_key"),
            },
            path: format!("/suite/{}/callback", text("suite_id")),
        }
    }

    /// The callback of one corporation's app that has been set apart.
    fn of_one(world: &'a World, corp_id: &str) -> Self {
        Self {
            world,
            credentials: Credentials {
                url: String::new(),
                token: "TokenOfOneCorporation".to_owned(),
                encoding_aes_key: format!("{}A", "k".repeat(42)),
            },
            path: format!("/suite/{}/callback/{corp_id}", world.template_id()),
        }
    }

    async fn deliver(&self, receive_id: &str, event: &str) -> Reply {
        let message = format!(
            "<xml><ToUserName><![CDATA[{receive_id}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>\
             <CreateTime>1790000000</CreateTime><MsgType><![CDATA[event]]></MsgType>{event}</xml>"
        );
        let letter = Letter::sealed(&self.credentials, receive_id, &message);
        self.world.post_letter(&self.path, &letter).await
    }

    pub(crate) async fn takes(&self, receive_id: &str, event: &str) {
        let reply = self.deliver(receive_id, event).await;
        assert_eq!((reply.status, reply.text().as_str()), (200, "success"));
    }
}

pub(crate) fn open_corp_id(world: &World, corp_id: &str) -> String {
    let corps = world.wecom().state().corps;
    corps
        .into_iter()
        .find(|corp| corp.corp_id == corp_id)
        .unwrap()
        .open_corp_id
}

pub(crate) fn contact(user: &str) -> String {
    format!("<Event>change_contact</Event><ChangeType>create_user</ChangeType><UserID>{user}</UserID>")
}

fn customer(user: &str) -> String {
    format!(
        "<Event>change_external_contact</Event><ChangeType>add_external_contact</ChangeType><UserID>{user}</UserID>"
    )
}

/// The tenant's events that arrived, by scope, when there are `count`.
pub(crate) async fn events(admin: &Admin<'_>, count: usize) -> Vec<(String, Value)> {
    eventually("the events are stored", async || {
        let page = admin.get("/authorization/events?limit=100").await.with_status(200);
        let events = page["events"].as_array().unwrap().clone();
        (events.len() == count).then_some(events)
    })
    .await
    .into_iter()
    .map(|event| (event["scope"].as_str().unwrap().to_owned(), event))
    .collect()
}

#[tokio::test]
async fn events_of_two_corporations_on_one_url_reach_their_tenants_under_load() {
    let world = World::start().await;
    let (admin, other) = (world.admin(), world.other_admin());
    install(&world, &admin, CORP).await;
    install(&world, &other, OTHER_CORP).await;
    let callback = AppCallback::of(&world, "template");
    let corps = [open_corp_id(&world, CORP), open_corp_id(&world, OTHER_CORP)];
    let deliver = async |number: usize| {
        let user = format!("user-{number}");
        let event = [contact(&user), customer(&user)][number / 2 % 2].clone();
        callback.takes(&corps[number % 2], &event).await;
    };
    for first in (0..40).step_by(8) {
        tokio::join!(
            deliver(first),
            deliver(first + 1),
            deliver(first + 2),
            deliver(first + 3),
            deliver(first + 4),
            deliver(first + 5),
            deliver(first + 6),
            deliver(first + 7),
        );
    }
    for (admin, corp_id, parity) in [(&admin, &corps[0], 0), (&other, &corps[1], 1)] {
        let events = events(admin, 20).await;
        for (scope, event) in events {
            let user = event["payload"]["UserID"].as_str().unwrap();
            let number: usize = user.strip_prefix("user-").unwrap().parse().unwrap();
            assert_eq!(number % 2, parity, "{event}");
            assert_eq!(event["corp_id"], corp_id.as_str());
            let expected = ["contacts", "external_contacts"][number / 2 % 2];
            assert_eq!(scope, expected, "{event}");
        }
    }
}

#[tokio::test]
async fn what_is_about_neither_contacts_nor_customers_has_a_scope_of_its_own_and_is_published() {
    let world = World::start().await;
    let admin = world.admin();
    install(&world, &admin, CORP).await;
    let mut bus = Listener::connect(&world, None).await;
    let callback = AppCallback::of(&world, "template");
    let corp_id = open_corp_id(&world, CORP);
    for event in ["enter_agent", "subscribe", "kf_msg_or_event", "program_notify"] {
        // WeCom redelivers what it takes for unanswered.
        for _ in 0..3 {
            callback.takes(&corp_id, &format!("<Event>{event}</Event>")).await;
        }
    }
    let stored = events(&admin, 4).await;
    assert!(
        stored
            .iter()
            .all(|(scope, event)| scope == "app" && event["duplicates"] == 0),
        "{stored:?}"
    );
    let filtered = admin
        .get("/authorization/events?scope=app&event=enter_agent")
        .await
        .with_status(200);
    assert_eq!(filtered["events"].as_array().unwrap().len(), 1);
    let none = admin.get("/authorization/events?scope=contacts").await.with_status(200);
    assert_eq!(none["events"], json!([]));
    let mut published = Vec::new();
    while published.len() < 4 {
        let (_, message) = bus.next().await;
        if message["detail-type"] == "wecom.event" {
            assert_eq!(message["detail"]["scope"], "app", "{message}");
            published.push(message["detail"]["event"].as_str().unwrap().to_owned());
        }
    }
    published.sort_unstable();
    assert_eq!(
        published,
        ["enter_agent", "kf_msg_or_event", "program_notify", "subscribe"]
    );
}

#[tokio::test]
async fn events_before_the_confirmation_are_kept_aside_and_reach_the_tenant_after_it() {
    let world = World::start().await;
    let admin = world.admin();
    let text = qr_code(&world, &admin).await;
    scan_by(&world, CORP, text).await;
    let waiting = eventually("it waits", async || {
        let state = admin.get("/authorization").await.with_status(200);
        world.learn_wecoms_secrets();
        (state["installation"]["status"] == "awaiting_confirmation").then_some(state)
    })
    .await;
    let callback = AppCallback::of(&world, "template");
    let corp_id = open_corp_id(&world, CORP);
    callback.takes(&corp_id, &contact("early")).await;
    // The other tenant, and a corporation that nobody has.
    callback
        .takes(&open_corp_id(&world, OTHER_CORP), &contact("nobodys"))
        .await;
    let shown = waiting["installation"]["corp_id"].as_str().unwrap();
    assert_eq!(confirm(&admin, shown).await.status, 204);
    callback.takes(&corp_id, &contact("late")).await;
    let events = eventually("both are stored", async || {
        let page = admin.get("/authorization/events").await.with_status(200);
        // A minute is long: the schedule releases what is due by a clock that the test cannot move, so it is released here.
        release_all(&world).await;
        let events = page["events"].as_array().unwrap().clone();
        (events.len() == 2).then_some(events)
    })
    .await;
    let mut users: Vec<_> = events
        .iter()
        .map(|event| event["payload"]["UserID"].as_str().unwrap())
        .collect();
    users.sort_unstable();
    assert_eq!(users, ["early", "late"]);
    let others = world.other_admin().get("/authorization/events").await.with_status(200);
    assert_eq!(others["events"], json!([]));
}

/// Releases every parked event, as the schedule does when its time has come.
async fn release_all(world: &World) {
    let later = SystemClock.now() + jiff::SignedDuration::from_hours(2);
    for id in world.store().due_suite_events(later, 100).await.unwrap() {
        world.store().release_suite_event(&id, later).await.unwrap();
    }
}

/// WeCom may not answer for longer than the stream redelivers.
#[tokio::test]
async fn an_event_is_kept_while_wecom_does_not_say_whose_it_is() {
    let world = World::start().await;
    let admin = world.admin();
    install(&world, &admin, CORP).await;
    world.wecom().add_faults([simulator::Fault {
        path: Some("/cgi-bin/service/corpid_to_opencorpid".to_owned()),
        errcode: Some(-1),
        times: u32::MAX,
        ..simulator::Fault::default()
    }]);
    AppCallback::of(&world, "template").takes(CORP, &customer("kept")).await;
    eventually("it is parked", async || {
        let later = SystemClock.now() + jiff::SignedDuration::from_hours(2);
        let parked = world.store().due_suite_events(later, 1).await.unwrap();
        (!parked.is_empty()).then_some(())
    })
    .await;
    world.wecom().clear_faults();
    let stored = eventually("it is stored", async || {
        release_all(&world).await;
        let page = admin.get("/authorization/events").await.with_status(200);
        let events = page["events"].as_array().unwrap().clone();
        (events.len() == 1).then_some(events)
    })
    .await;
    assert_eq!(stored[0]["payload"]["UserID"], "kept");
}

#[tokio::test]
async fn a_third_party_apps_data_callback_may_have_the_address_of_its_command_callback() {
    let world = World::start().await;
    world.install().await;
    let callback = AppCallback::of(&world, "suite");
    callback
        .takes(&open_corp_id(&world, CORP), "<Event>enter_agent</Event>")
        .await;
    let stored = events(&world.admin(), 1).await;
    assert_eq!(stored[0].0, "app");
    // WeCom's own `$CORPID$` in the address is not needed, and does no harm.
    let message = "<xml><ToUserName>wp</ToUserName><CreateTime>1790000000</CreateTime><MsgType>event</MsgType>\
                   <Event>subscribe</Event></xml>";
    let letter = Letter::sealed(&callback.credentials, &open_corp_id(&world, CORP), message);
    let url = world.url(&format!(
        "{}/{}?{}",
        callback.path,
        open_corp_id(&world, CORP),
        letter.query
    ));
    let answer = world.http().post(url).body(letter.body).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "success");
    events(&world.admin(), 2).await;
}

#[tokio::test]
async fn an_event_for_the_provider_or_another_suite_is_refused() {
    let world = World::start().await;
    install(&world, &world.admin(), CORP).await;
    let callback = AppCallback::of(&world, "template");
    let settings = world.settings();
    let provider = settings["template"]["provider_corp_id"].as_str().unwrap();
    let another = settings["test_suite"]["suite_id"].as_str().unwrap();
    for receive_id in [provider, another, "x", ""] {
        callback
            .deliver(receive_id, &contact("nobody"))
            .await
            .refused(403, "callback_rejected");
    }
    // With another suite's Token and key it is refused whomever it is for.
    let mut forged = AppCallback::of(&world, "suite");
    forged.path.clone_from(&callback.path);
    forged
        .deliver(&open_corp_id(&world, CORP), &contact("forged"))
        .await
        .refused(403, "callback_rejected");
}

#[tokio::test]
async fn events_from_before_a_tenants_installation_are_not_the_tenants() {
    let world = World::start().await;
    let (admin, other) = (world.admin(), world.other_admin());
    install(&world, &admin, CORP).await;
    let callback = AppCallback::of(&world, "template");
    let corp_id = open_corp_id(&world, CORP);
    callback.takes(&corp_id, &contact("first")).await;
    events(&admin, 1).await;
    let ended = admin.request(reqwest::Method::DELETE, "/authorization", None).await;
    assert_eq!(ended.status, 204);
    world.install_for(&other, CORP, AuthMode::Admin).await;
    callback.takes(&corp_id, &contact("second")).await;
    let theirs = events(&other, 1).await;
    assert_eq!(theirs[0].1["payload"]["UserID"], "second");
}

/// What the trap of developer community oCJUswxNZTO0… does: the corporation's own admin entered the address of the app.
#[tokio::test]
async fn the_plaintext_id_of_a_corporation_leads_to_its_tenant_too() {
    let world = World::start().await;
    let (admin, other) = (world.admin(), world.other_admin());
    install(&world, &admin, CORP).await;
    install(&world, &other, OTHER_CORP).await;
    let callback = AppCallback::of(&world, "template");
    for number in 0..3 {
        callback.takes(CORP, &customer(&format!("plain-{number}"))).await;
    }
    let sent = simulator::AppEventRequest {
        suite_id: Some(world.template_id()),
        corp_id: CORP.to_owned(),
        xml: Some("<xml><MsgType>event</MsgType><Event>enter_agent</Event><UserID>plain-3</UserID></xml>".to_owned()),
        plaintext: true,
        ..simulator::AppEventRequest::default()
    };
    let sent = world.wecom().send_app_events(&sent).await.unwrap();
    assert_eq!(sent.deliveries[0].answer, "success");
    callback
        .takes(&open_corp_id(&world, CORP), &customer("encrypted"))
        .await;
    callback.takes(OTHER_CORP, &contact("others")).await;
    // One that no app of this provider is installed in.
    callback.takes("ww0123456789abcdef", &contact("strangers")).await;
    let ours = events(&admin, 5).await;
    let mut users: Vec<_> = ours
        .iter()
        .map(|(_, event)| (event["payload"]["UserID"].as_str().unwrap(), &event["corp_id"]))
        .collect();
    users.sort_unstable_by_key(|(user, _)| *user);
    let encrypted = json!(open_corp_id(&world, CORP));
    let plain = json!(CORP);
    let expected = [
        ("encrypted", &encrypted),
        ("plain-0", &plain),
        ("plain-1", &plain),
        ("plain-2", &plain),
        ("plain-3", &plain),
    ];
    assert_eq!(users, expected, "an event names the corporation as its other ids are");
    let theirs = events(&other, 1).await;
    assert_eq!(theirs[0].1["payload"]["UserID"], "others");
    let asked = crate::install_mistakes::calls(&world, "/cgi-bin/service/corpid_to_opencorpid");
    assert_eq!(
        asked.iter().filter(|code| **code == Some(0)).count(),
        2,
        "once for each"
    );
}

/// Gives the app of a corporation a Token and EncodingAESKey of its own, as the operator does in the template's secret.
async fn set_apart(world: &World, corp_id: &str) {
    let name = SecretName::AnotherSuite(SuiteId::parse(&world.template_id()).unwrap());
    let secret = world.vault().read(&name, None).await.unwrap().unwrap();
    let mut secret: Value = serde_json::from_str(secret.expose_secret()).unwrap();
    let own = AppCallback::of_one(world, corp_id).credentials;
    secret["apps"][corp_id] = json!({"token": own.token, "encoding_aes_key": own.encoding_aes_key});
    // A slip in another entry stops nobody.
    secret["apps"]["wpAnotherCorporation"] = json!({"token": own.token, "encoding_aes_key": "too short"});
    let secret = SecretString::from(secret.to_string());
    world.vault().put(&name, &secret).await.unwrap();
}

#[tokio::test]
async fn an_app_with_a_callback_of_its_own_takes_its_corporations_events_and_no_others() {
    let mut world = World::start().await;
    install(&world, &world.admin(), CORP).await;
    install(&world, &world.other_admin(), OTHER_CORP).await;
    let (corp_id, another) = (open_corp_id(&world, CORP), open_corp_id(&world, OTHER_CORP));
    set_apart(&world, &corp_id).await;
    // A process reads the secret again after five minutes, or ten seconds after a request that it could not open.
    world.stop().await;
    world.start_again().await;
    let own = AppCallback::of_one(&world, &corp_id);
    let shared = AppCallback::of(&world, "template");

    own.takes(&corp_id, &contact("own")).await;
    // Its pair is its own, so WeCom need not be asked whose plaintext id it is.
    own.takes(CORP, &customer("plain")).await;
    shared.takes(&corp_id, &contact("shared")).await;
    shared.takes(&another, &contact("others")).await;
    let stored = events(&world.admin(), 3).await;
    assert!(
        stored.iter().all(|(_, event)| event["corp_id"] == corp_id.as_str()),
        "{stored:?}"
    );
    events(&world.other_admin(), 1).await;

    let provider = world.settings()["template"]["provider_corp_id"]
        .as_str()
        .unwrap()
        .to_owned();
    for receive_id in [another.as_str(), &world.template_id(), &provider, "x"] {
        own.deliver(receive_id, &contact("forged"))
            .await
            .refused(403, "callback_rejected");
    }
    let mut elsewhere = AppCallback::of(&world, "template");
    elsewhere.path.clone_from(&own.path);
    elsewhere
        .deliver(&corp_id, &contact("with the shared pair"))
        .await
        .refused(403, "callback_rejected");
    let mut elsewhere = AppCallback::of_one(&world, &corp_id);
    elsewhere.path = shared.path.clone();
    elsewhere
        .deliver(&corp_id, &contact("at the shared address"))
        .await
        .refused(403, "callback_rejected");

    for (callback, receive_id, answered) in [
        (&own, provider.as_str(), true),
        (&own, &corp_id, true),
        (&own, &another, false),
        (&own, CORP, false),
        (&shared, &provider, true),
        (&shared, &world.template_id(), true),
        (&shared, &another, true),
        (&shared, CORP, false),
    ] {
        let check = Check::sealed(&callback.credentials, receive_id, "4561");
        let reply = world.ask(&callback.path, &check.query()).await;
        if answered {
            assert_eq!((reply.status, reply.text().as_str()), (200, "4561"), "{receive_id}");
        } else {
            reply.refused(403, "callback_rejected");
        }
        let message = Check::sealed(&callback.credentials, receive_id, "<xml><Event>a</Event></xml>");
        let reply = world.ask(&callback.path, &message.query()).await;
        reply.refused(403, "callback_rejected");
    }
}
