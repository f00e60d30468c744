//! Requests to a callback's URL: WeCom's own in every form in which they arrive, and all others,
//! which are refused without a reason, noted for the admin, and cannot make us write.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulator::{EventRequest, Spoil};

use crate::{
    faults::harness::{Caller, EVENT_TABLE, Harness},
    support::{
        CORP, Check, Credentials, Letter, Reply, Scope, World,
        letter::{self, member_created},
    },
};

const MIB: usize = 1024 * 1024;
const WRITES: [&str; 3] = ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"];

#[tokio::test]
async fn a_check_is_answered_with_exactly_the_decrypted_bytes() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.register(Scope::Contacts).await;
    for plaintext in [
        "1616140317555161061",
        "with + / = & and 企业微信",
        " ",
        "\"quoted\"",
        "line\nline\n",
    ] {
        let check = Check::sealed(&credentials, CORP, plaintext);
        let reply = world.ask(&credentials.url, &check.query()).await;
        assert_eq!((reply.status, reply.text().as_str()), (200, plaintext));
        assert!(reply.header("content-type").starts_with("text/plain"));
    }
    for plaintext in [&b"\xef\xbb\xbf4561"[..], b"\xff\xfe4561", b"45\x8061", b"\0"] {
        let check = Check::sealed(&credentials, CORP, plaintext);
        let reply = world.ask(&credentials.url, &check.query()).await;
        assert_eq!((reply.status, &*reply.body), (200, plaintext));
    }
}

#[tokio::test]
async fn a_captured_event_is_not_decrypted_for_whoever_sends_it_as_a_check_of_the_url() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.register(Scope::Contacts).await;
    let message = member_created(CORP, "wangfang");
    for plaintext in [
        message.clone(),
        format!("\u{feff}{message}"),
        format!("\r\n {message}"),
        r#"{"msgtype":"text"}"#.to_owned(),
    ] {
        let check = Check::sealed(&credentials, CORP, &plaintext);
        let reply = world.ask(&credentials.url, &check.query()).await;
        reply.refused(403, "callback_rejected");
        assert!(!reply.text().contains("wangfang"));
    }
    // It does not verify the callback either.
    assert_eq!(world.callback(Scope::Contacts).await["verified_at"], Value::Null);
}

#[tokio::test]
async fn a_captured_check_of_the_url_is_no_event() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    for plaintext in [
        "1616140317555161061",
        "",
        "neither XML nor JSON",
        "<xml/>",
        "<xml><Event>change_contact</Event></xml>",
        "<xml><MsgType><![CDATA[ ]]></MsgType></xml>",
        "<!DOCTYPE xml><xml><Event>inside</Event></xml>",
    ] {
        world
            .deliver(&credentials, plaintext)
            .await
            .refused(403, "callback_rejected");
    }
    assert_eq!(world.events("").await.len(), 0);
}

#[tokio::test]
async fn an_echostr_is_understood_with_its_plus_signs_raw_encoded_and_turned_into_spaces() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.register(Scope::Contacts).await;
    // One that has them all.
    let check = std::iter::repeat_with(|| Check::sealed(&credentials, CORP, "4561"))
        .find(|check| check.echostr.contains('+') && check.echostr.contains('/'))
        .unwrap();
    let echostr = &check.echostr;
    for form in [
        echostr.clone(),
        echostr.replace('+', "%2B"),
        echostr.replace('+', "%2b").replace('/', "%2f").replace('=', "%3d"),
        echostr.replace('+', "%20"),
        check.query().split("&echostr=").nth(1).unwrap().to_owned(),
    ] {
        let reply = world.ask(&credentials.url, &check.query_with(&form)).await;
        assert_eq!((reply.status, reply.text().as_str()), (200, "4561"), "{form}");
    }
}

#[tokio::test]
async fn every_form_of_slashes_at_the_end_of_a_url_is_answered_without_a_redirect() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.register(Scope::Contacts).await;
    for (number, end) in ["", "/", "//", "///"].into_iter().enumerate() {
        let url = format!("{}{end}", credentials.url);
        let check = Check::sealed(&credentials, CORP, "4561");
        let reply = world.ask(&url, &check.query()).await;
        assert_eq!((reply.status, reply.text().as_str()), (200, "4561"), "{url}");
        let letter = Letter::sealed(&credentials, CORP, &member_created(CORP, &format!("member{number}")));
        success(&world.post_letter(&url, &letter).await);
    }
    // A URL that was pasted with a trailing slash is the same callback.
    assert_eq!(world.events("").await.len(), 4);
    let mut pasted = credentials.clone();
    pasted.url.push('/');
    world.verify(Scope::Contacts, &pasted).await;
}

#[tokio::test]
async fn a_callback_id_that_is_unknown_or_malformed_is_not_found() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    let id = credentials.url.rsplit('/').next().unwrap().to_owned();
    let letter = Letter::sealed(&credentials, CORP, &member_created(CORP, "wangfang"));
    let check = Check::sealed(&credentials, CORP, "4561");
    for other in [
        "0".repeat(32),
        id.to_uppercase(),
        format!("{id}0"),
        id[1..].to_owned(),
        format!("{id}/more"),
        format!("{id}%20x"),
        "%2e%2e%2f".to_owned(),
        "%00".to_owned(),
        "企业".to_owned(),
        "x".repeat(4000),
    ] {
        let url = world.url(&format!("/callback/{other}"));
        world.ask(&url, &check.query()).await.refused(404, "not_found");
        world.post_letter(&url, &letter).await.refused(404, "not_found");
        world.ask(&url, "").await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn a_refusal_says_nothing_to_the_sender_and_everything_to_the_admin() {
    let world = World::start().await;
    world.install().await;
    let contacts = world.bind(Scope::Contacts).await;
    let other = world.bind(Scope::ExternalContacts).await;
    let url = contacts.url.as_str();
    let message = member_created(CORP, "wangfang");
    let other_key = Credentials {
        encoding_aes_key: other.encoding_aes_key.clone(),
        ..contacts.clone()
    };

    // Each once as an event and once as a check of the URL, ten in all: the limit of notes that are taken at once.
    let wrong_token = Credentials {
        token: other.token.clone(),
        ..contacts.clone()
    };
    let spoilt = [
        (&wrong_token, CORP, "signature_mismatch"),
        (&other_key, CORP, "decryption_failed"),
        (&contacts, "ww00000000000000ff", "receive_id_mismatch"),
    ];
    for turn in 0..2 {
        for (number, (credentials, receive_id, reason)) in spoilt.into_iter().enumerate() {
            let reply = if (turn + number) % 2 == 0 {
                let letter = Letter::sealed(credentials, receive_id, &message);
                world.post_letter(url, &letter).await
            } else {
                let check = Check::sealed(credentials, receive_id, "4561");
                world.ask(url, &check.query()).await
            };
            rejected(&reply);
            noted(&world, reason).await;
        }
    }
    let letter = Letter::sealed(&contacts, "", &message);
    rejected(&world.post_letter(url, &letter).await);
    let callback = world.callback(Scope::Contacts).await;
    let named: Vec<_> = callback["refusals"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|refusal| refusal.get("receive_id").is_some())
        .map(|refusal| (refusal["reason"].clone(), refusal["receive_id"].clone()))
        .collect();
    assert_eq!(named, [(json!("receive_id_mismatch"), json!("ww00000000000000ff"))]);

    // WeCom's own spoilt deliveries.
    for (spoil, reason) in [
        (Spoil::Key, "decryption_failed"),
        (Spoil::Signature, "signature_mismatch"),
    ] {
        let request = EventRequest {
            event: Some("change_contact/create_user".to_owned()),
            spoil: Some(spoil),
            ..EventRequest::default()
        };
        let sent = world
            .wecom()
            .send_events(CORP, Scope::Contacts, &request)
            .await
            .unwrap();
        assert_eq!(sent.deliveries[0].status, Some(403));
        noted(&world, reason).await;
    }
    assert!(world.events("").await.is_empty());
    assert_eq!(
        world.callback(Scope::ExternalContacts).await["last_rejection"],
        Value::Null
    );
    // Valid requests are still accepted.
    success(&world.deliver(&contacts, &message).await);
}

#[tokio::test]
async fn what_is_not_of_wecoms_form_is_malformed() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    let letter = Letter::sealed(&credentials, CORP, &member_created(CORP, "wangfang"));
    let encrypt = letter::encrypt(&credentials, CORP, &member_created(CORP, "wangfang"));
    let entity = format!("<!DOCTYPE xml [<!ENTITY e \"{encrypt}\">]><xml><Encrypt>&e;</Encrypt></xml>");
    let bodies = [
        String::new(),
        "garbage".to_owned(),
        "<xml></xml>".to_owned(),
        "<xml><Encrypt></Encrypt></xml>".to_owned(),
        "<xml><encrypt>x</encrypt>".to_owned(),
        format!("<xml><Encrypt>{encrypt}</Encrypt><Encrypt>{encrypt}</Encrypt></xml>"),
        format!("<xml><Encrypt>{encrypt}</Encrypt>"),
        entity,
        "{".to_owned(),
        "{}".to_owned(),
        r#"{"encrypt":5}"#.to_owned(),
        format!("{}</xml>", "<a>".repeat(10_000)),
    ];
    for body in bodies {
        let query = letter::query(&credentials, &encrypt);
        let reply = world
            .post_letter(
                &credentials.url,
                &Letter {
                    query,
                    body: body.clone(),
                },
            )
            .await;
        reply.refused(400, "malformed_callback");
    }
    noted(&world, "malformed").await;

    // Not UTF-8, which no text of WeCom's is.
    let url = format!("{}?{}", credentials.url, letter.query);
    let request = world
        .http()
        .post(&url)
        .header("content-type", "text/xml")
        .body(b"<xml>\xff\xfe</xml>".to_vec());
    world.send(request).await.refused(400, "malformed_callback");

    for query in [
        "garbage",
        "%%%=&&&=%",
        "msg_signature=&timestamp=&nonce=",
        "msg_signature=x",
        "timestamp=1&nonce=2",
        "msg_signature=a&msg_signature=b&timestamp=1&nonce=2",
        "msg_signature=%ff&timestamp=1&nonce=2",
        &format!("msg_signature={}&timestamp=1&nonce=2", "x".repeat(5000)),
        &format!("{}&echostr=", letter.query),
    ] {
        world
            .ask(&credentials.url, query)
            .await
            .refused(400, "malformed_callback");
        let letter = Letter {
            query: query.to_owned(),
            body: letter.body.clone(),
        };
        let reply = world.post_letter(&credentials.url, &letter).await;
        assert!(
            [400, 200].contains(&reply.status),
            "an echostr means nothing here: {query}"
        );
        if !query.contains("echostr") {
            reply.refused(400, "malformed_callback");
        }
    }
    // A check without what it is to be answered with.
    world
        .ask(&credentials.url, &letter.query)
        .await
        .refused(400, "malformed_callback");
}

#[tokio::test]
async fn ciphertext_that_is_cut_off_is_rejected_wherever_it_is_cut() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    let encrypt = letter::encrypt(&credentials, CORP, &member_created(CORP, "wangfang"));
    for length in [
        1,
        3,
        4,
        20,
        43,
        44,
        64,
        encrypt.len() - 24,
        encrypt.len() - 4,
        encrypt.len() - 1,
    ] {
        let cut = &encrypt[..length];
        let letter = Letter {
            query: letter::query(&credentials, cut),
            body: wecom_callback::envelope::xml(CORP, "", cut),
        };
        rejected(&world.post_letter(&credentials.url, &letter).await);
    }
    noted(&world, "decryption_failed").await;
    for other in ["", "====", "!!!!", &encrypt.replace('=', ""), &"A".repeat(44)] {
        let letter = Letter {
            query: letter::query(&credentials, other),
            body: wecom_callback::envelope::xml(CORP, "", other),
        };
        let reply = world.post_letter(&credentials.url, &letter).await;
        assert!([400, 403].contains(&reply.status), "{other}: {}", reply.status);
    }
    assert!(world.events("").await.is_empty());
}

#[tokio::test]
async fn a_url_that_somebody_opens_in_a_browser_is_told_from_an_attack() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    assert_eq!(world.callback(Scope::Contacts).await["last_rejection"], Value::Null);
    let reply = world.browser().open(&credentials.url).await;
    reply.refused(400, "malformed_callback");
    noted(&world, "opened_in_browser").await;
    let reply = world
        .browser()
        .open(&format!("{}?utm_source=chat", credentials.url))
        .await;
    reply.refused(400, "malformed_callback");
}

#[tokio::test]
async fn a_callbacks_body_has_one_mib_and_no_more() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    let query = letter::query(&credentials, "x");
    let post = async |path: &str, body: Vec<u8>, content_type: &str| {
        let url = format!("{}?{query}", world.url(path));
        let request = world.http().post(url).header("content-type", content_type);
        world.send(request.body(body)).await
    };
    // As text, and as the bytes that API Gateway hands on in base64.
    for content_type in ["text/xml", "application/octet-stream"] {
        for path in [credentials.url.as_str(), "/suite/callback"] {
            let reply = post(path, vec![b'x'; MIB], content_type).await;
            reply.refused(400, "malformed_callback");
            let reply = post(path, vec![b'x'; MIB + 1], content_type).await;
            reply.refused(413, "body_too_large");
        }
    }
}

/// Waits until the functions behind the streams, which come after the answer, have asked nothing of the stores for a second.
async fn settled(world: &World) {
    let asked = || {
        let journal = world.devstack().journal();
        let on_state = |entry: &&devstack::Entry| entry.resource == "wecom-authorization";
        journal.iter().filter(on_state).count()
    };
    let mut before = None;
    while before != Some(asked()) {
        before = Some(asked());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn whoever_forges_requests_cannot_make_us_write_more_than_a_few_notes() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    let wrong_token = Credentials {
        token: "wrongtoken".to_owned(),
        ..credentials.clone()
    };
    let wrong_key = Credentials {
        encoding_aes_key: "o".repeat(43),
        ..credentials.clone()
    };
    let message = member_created(CORP, "wangfang");
    let forged = [
        Letter::sealed(&wrong_token, CORP, &message),
        Letter::sealed(&wrong_key, CORP, &message),
        Letter::sealed(&credentials, "ww00000000000000ff", &message),
        Letter {
            query: "x=1".to_owned(),
            body: String::new(),
        },
    ];
    settled(&world).await;
    world.devstack().clear_journal();
    let started = Instant::now();
    for number in 0..500 {
        let reply = world
            .post_letter(&credentials.url, &forged[number % forged.len()])
            .await;
        assert!([400, 403].contains(&reply.status), "{}", reply.status);
    }
    let journal = world.devstack().journal();
    let count = |actions: &[&str]| {
        let on_state = journal.iter().filter(|entry| entry.resource == "wecom-authorization");
        on_state
            .filter(|entry| actions.contains(&entry.action.as_str()))
            .count()
    };
    // Ten at once, then one in six seconds; a record is read again after five, and looked at again as often as noted.
    let seconds = usize::try_from(started.elapsed().as_secs()).unwrap();
    let writes = count(&WRITES);
    assert!(
        (1..=11 + seconds / 6).contains(&writes),
        "{writes} writes in {seconds} s"
    );
    let reads = count(&["dynamodb:GetItem"]);
    assert!(reads <= 12 + seconds / 6 + seconds / 5, "{reads} reads in {seconds} s");
    assert!(
        journal.iter().all(|entry| entry.action != "dynamodb:PutItem"),
        "no event is stored"
    );

    // Guessing URLs causes no write.
    world.devstack().clear_journal();
    for number in 0..50 {
        // Of the form without a MAC.
        let url = format!("/callback/f{number:031x}");
        for _ in 0..3 {
            world.post_letter(&url, &forged[0]).await.refused(404, "not_found");
        }
    }
    let journal = world.devstack().journal();
    let on_state = |action: &&devstack::Entry| action.resource == "wecom-authorization";
    let reads = journal
        .iter()
        .filter(on_state)
        .filter(|entry| entry.action == "dynamodb:GetItem");
    assert_eq!(reads.count(), 50, "an address that does not exist is looked up once");
    assert!(journal.iter().all(|entry| !WRITES.contains(&entry.action.as_str())));
    // Real events go on arriving.
    success(&world.deliver(&credentials, &message).await);
}

#[track_caller]
fn success(reply: &Reply) {
    assert_eq!((reply.status, reply.text().as_str()), (200, "success"));
    assert!(reply.header("content-type").starts_with("text/plain"));
}

/// Refused, in the same words whatever the reason.
#[track_caller]
fn rejected(reply: &Reply) {
    let mut problem = reply.refused(403, "callback_rejected");
    problem["request_id"] = Value::Null;
    assert_eq!(
        problem,
        json!({
            "type": "urn:wecom-authorization:problem:callback_rejected",
            "title": problem["title"],
            "status": 403,
            "detail": problem["detail"],
            "code": "callback_rejected",
            "request_id": null,
        })
    );
    let words = reply.text();
    for reason in ["signature", "decrypt", "receive", "token", "key", "corp"] {
        assert!(
            !words.to_lowercase().replace("callback_rejected", "").contains(reason),
            "{words}"
        );
    }
}

/// The contacts callback's last rejection has this reason.
async fn noted(world: &World, reason: &str) {
    let note = &world.callback(Scope::Contacts).await["last_rejection"];
    assert_eq!(note["reason"], reason);
    assert!(note["at"].as_str().unwrap().ends_with('Z'), "{note}");
}

/// What is captured of a callback's requests counts as new once its event is no longer stored. So it is refused before.
#[tokio::test]
async fn a_request_that_was_sent_before_what_is_stored_is_refused() {
    let harness = Harness::start(false).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    let message = member_created(CORP, "captured");
    let captured = Letter::sent_at(&contacts, CORP, &message, harness.now());
    let (_, id) = contacts.url.split_once("/callback/").unwrap();
    let target = format!("/callback/{id}?{}", captured.query);
    let post = async || {
        harness
            .call("event-callback", Caller::Wecom, "POST", &target, Some(&captured.body))
            .await
    };
    let stored = async || {
        harness
            .dynamodb()
            .scan()
            .table_name(EVENT_TABLE)
            .send()
            .await
            .unwrap()
            .count
    };
    post().await.with_success();
    assert_eq!(stored().await, 1);
    harness.wait(29 * 24 * 3600);
    post().await.with_success();
    assert_eq!(stored().await, 1, "it is a repetition");
    // An hour before the table may delete it, because clocks differ.
    harness.wait(23 * 3600);
    post().await.refused(403, "callback_rejected");
    assert_eq!(stored().await, 1);
}

#[tokio::test]
async fn a_suites_request_that_was_sent_before_what_is_stored_is_refused() {
    let harness = Harness::start(false).await;
    let captured = harness.suite_event_sent_at(harness.now());
    harness.suite_callback(&captured).await.with_success();
    harness.wait(6 * 24 * 3600);
    harness.suite_callback(&captured).await.with_success();
    harness.wait(24 * 3600);
    harness
        .suite_callback(&captured)
        .await
        .refused(403, "callback_rejected");
    let sent_now = harness.suite_event_sent_at(harness.now());
    harness.suite_callback(&sent_now).await.with_success();
}
