//! Events, from WeCom's delivery to the page that shows them: each kept once, whole, and readable by its tenant alone.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};
use simulator::EventRequest;

use crate::support::{
    CORP, Letter, Reply, Scope, World, eventually,
    letter::{event, member_created},
};

#[tokio::test]
async fn three_deliveries_of_one_event_make_one() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    let message = member_created(CORP, "wangfang");
    // Each is encrypted again, as WeCom does: only the decrypted text is the same.
    for _ in 0..3 {
        success(&world.deliver(&credentials, &message).await);
    }
    let events = world.events("").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["duplicates"], 2);
    counted(&world, 1, 2).await;
}

#[tokio::test]
async fn deliveries_at_the_same_time_make_one_event_each() {
    let world = World::start().await;
    world.install().await;
    world.bind(Scope::Contacts).await;
    let request = |same_content| EventRequest {
        event: Some("change_contact/create_user".to_owned()),
        copies: Some(8),
        concurrent: true,
        same_content,
        ..EventRequest::default()
    };
    world.happen(Scope::Contacts, &request(true)).await;
    let events = world.events("").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["duplicates"], 7);
    world.happen(Scope::Contacts, &request(false)).await;
    assert!(world.events("").await.len() >= 8);
}

#[tokio::test]
async fn two_different_events_in_the_same_second_make_two() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    // The same sender, the same second: what WeCom's documents call the key against duplicates.
    for member in ["wangfang", "chenlei"] {
        success(&world.deliver(&credentials, &member_created(CORP, member)).await);
    }
    let events = world.events("").await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["created_at"], events[1]["created_at"]);
    assert_ne!(events[0]["event_id"], events[1]["event_id"]);
    counted(&world, 2, 0).await;
}

#[tokio::test]
async fn the_same_text_on_another_callback_is_another_event() {
    let world = World::start().await;
    world.install().await;
    let contacts = world.bind(Scope::Contacts).await;
    let external_contacts = world.bind(Scope::ExternalContacts).await;
    let message = event(CORP, "change_external_tag", "shuffle", "");
    for credentials in [&contacts, &external_contacts] {
        success(&world.deliver(credentials, &message).await);
    }
    let scopes: BTreeSet<_> = world
        .events("")
        .await
        .iter()
        .map(|event| event["scope"].to_string())
        .collect();
    assert_eq!(scopes.len(), 2);
}

#[tokio::test]
async fn every_event_of_wecoms_catalogue_is_kept_with_all_that_it_says() {
    let world = World::start().await;
    world.install().await;
    for scope in Scope::ALL {
        world.bind(scope).await;
    }
    let names = world.wecom().state().events;
    let mut sent = 0;
    for (scope, names) in [
        (Scope::Contacts, names.contacts),
        (Scope::ExternalContacts, names.external_contacts),
    ] {
        for name in names {
            world.happens(scope, name).await;
            sent += 1;
            let newest = &world.events("limit=1").await[0];
            let (event, change_type) = name.split_once('/').unwrap_or((name, ""));
            let change_type = change_type.split(':').next().unwrap();
            assert_eq!(newest["event"], event.split(':').next().unwrap(), "{name}");
            if !change_type.is_empty() {
                assert_eq!(newest["change_type"], change_type, "{name}");
            }
            assert_eq!(newest["payload"]["ToUserName"], CORP, "{name}");
            assert!(newest["created_at"].as_str().is_some(), "{name}");
        }
    }
    assert!(sent > 30, "{sent}");
    assert_eq!(all_events(&world, 50).await.len(), sent);
}

#[tokio::test]
async fn an_event_of_a_kind_that_nobody_knows_is_kept_all_the_same() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    let long = "y".repeat(300);
    for message in [
        event(
            CORP,
            "what_comes_next_year",
            "surprise",
            "<New><Deep>1</Deep><Deep>2</Deep></New>",
        ),
        event(CORP, &long, &long, ""),
        "<xml><MsgType>text</MsgType><Content>no event at all</Content></xml>".to_owned(),
        r#"{"ToUserName":"ww0a1b2c3d4e5f6071","MsgType":"event","Event":"in_json","ChangeType":"first"}"#.to_owned(),
    ] {
        success(&world.deliver(&credentials, &message).await);
    }
    let events = all_events(&world, 100).await;
    assert_eq!(events.len(), 4);
    let unknown = &world.events("event=what_comes_next_year").await[0];
    assert_eq!(unknown["change_type"], "surprise");
    assert_eq!(unknown["payload"]["New"], json!({"Deep": ["1", "2"]}));
}

/// A change of a member, its `Name` as written.
fn named(written: &[u8]) -> Vec<u8> {
    let before = format!(
        "<xml><ToUserName>{CORP}</ToUserName><FromUserName>sys</FromUserName><CreateTime>1790000000</CreateTime>\
         <MsgType><![CDATA[ event]]></MsgType><Event><![CDATA[change_contact\n]]></Event>\
         <ChangeType> <![CDATA[ update_user]]></ChangeType><UserID>wangfang</UserID><Name>"
    );
    [before.as_bytes(), written, b"</Name></xml>"].concat()
}

#[tokio::test]
async fn one_bad_value_does_not_make_an_event_anonymous() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    let many = format!("x</Name><List>{}</List><Name>a & b", "<Item/>".repeat(100_000));
    let values: [&[u8]; 7] = [
        b"Tom & Jerry",
        b"a&nbsp;b",
        b"a<b",
        b"https://e.example/?a=1&b=2",
        b"\xcd\xf5\xb7\xbc",
        b"<![CDATA[a",
        many.as_bytes(),
    ];
    for (number, value) in values.into_iter().enumerate() {
        let message = named(value);
        let letter = Letter::sealed(&credentials, CORP, &message);
        success(&world.post_letter(&credentials.url, &letter).await);
        let events = world
            .events("event=change_contact&change_type=update_user&limit=1")
            .await;
        assert_eq!(events[0]["damaged"], true, "{number}");
        assert_eq!(events[0]["created_at"], "2026-09-21T14:13:20Z");
        assert_eq!(events[0]["payload"]["UserID"], "wangfang");
        let raw = events[0]["payload"]["#raw"].as_str().unwrap();
        assert!(
            STANDARD.decode(raw).unwrap() == message,
            "{number}: the raw bytes are kept"
        );
    }
    assert_eq!(all_events(&world, 100).await.len(), values.len());
    // What is well-formed has neither mark nor raw bytes.
    success(&world.deliver(&credentials, &member_created(CORP, "chenlei")).await);
    let event = &world.events("limit=1").await[0];
    assert_eq!(
        (&event["damaged"], &event["payload"]["#raw"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn an_envelope_in_json_is_as_good_as_one_in_xml() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    let message = member_created(CORP, "wangfang");
    let letter = Letter::sealed_in_json(&credentials, CORP, &message);
    for content_type in ["application/json", "text/plain", "application/octet-stream"] {
        let url = format!("{}?{}", credentials.url, letter.query);
        let request = world
            .http()
            .post(url)
            .header("content-type", content_type)
            .body(letter.body.clone());
        success(&world.send(request).await);
    }
    success(&world.deliver(&credentials, &message).await);
    let events = world.events("").await;
    assert_eq!(events.len(), 1, "the envelope is no part of the event");
    assert_eq!(events[0]["duplicates"], 3);
    assert_eq!(events[0]["payload"]["UserID"], "wangfang");
}

#[tokio::test]
async fn an_event_of_700_kb_is_kept_whole() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    // Characters of three bytes, so that a cut between two of them is no matter of course.
    let name = "企业微信".repeat(700 * 1024 / 12);
    let message = event(
        CORP,
        "change_contact",
        "update_user",
        &format!("<Name><![CDATA[{name}]]></Name>"),
    );
    for _ in 0..2 {
        success(&world.deliver(&credentials, &message).await);
    }
    success(&world.deliver(&credentials, &member_created(CORP, "wangfang")).await);
    let events = world.events("").await;
    assert_eq!(events.len(), 2, "parts of an event are no events");
    assert!(events[1]["payload"]["Name"] == name.as_str());
    assert_eq!(events[1]["duplicates"], 1);
    counted(&world, 2, 1).await;
}

#[tokio::test]
async fn a_page_stays_small_enough_for_lambda_to_answer() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    let name = "x".repeat(700 * 1024);
    for number in 0..10 {
        let rest = format!("<UserID>member{number}</UserID><Name>{name}</Name>");
        success(
            &world
                .deliver(&credentials, &event(CORP, "change_contact", "update_user", &rest))
                .await,
        );
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/authorization/events?limit=100&cursor={cursor}");
        let reply = world.admin().get(&path).await;
        let page = reply.with_status(200);
        assert!(
            reply.body.len() < 6 * 1024 * 1024,
            "a function's answer has 6 MB at most: {}",
            reply.body.len()
        );
        let events = page["events"].as_array().unwrap();
        seen.extend(
            events
                .iter()
                .map(|event| event["payload"]["UserID"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let all: Vec<_> = (0..10).rev().map(|number| format!("member{number}")).collect();
    assert_eq!(seen, all);
}

#[tokio::test]
async fn events_are_found_by_scope_type_and_time() {
    const NONE: [usize; 0] = [];
    let world = World::start().await;
    world.install().await;
    for scope in Scope::ALL {
        world.bind(scope).await;
    }
    for (scope, name) in [
        (Scope::Contacts, "change_contact/create_user"),
        (Scope::Contacts, "change_contact/create_party"),
        (Scope::Contacts, "batch_job_result"),
        (Scope::ExternalContacts, "change_external_contact/add_external_contact"),
        (Scope::ExternalContacts, "change_external_chat/create"),
    ] {
        world.happens(scope, name).await;
    }
    let all = world.events("").await;
    let found = async |query: &str| {
        let events = world.events(query).await;
        let numbers = events
            .iter()
            .map(|event| 5 - all.iter().position(|known| known == event).unwrap());
        numbers.rev().collect::<Vec<_>>()
    };
    assert_eq!(found("scope=contacts").await, [1, 2, 3]);
    assert_eq!(found("scope=external-contacts").await, [4, 5]);
    assert_eq!(found("scope=external_contacts").await, [4, 5]);
    assert_eq!(found("event=change_contact").await, [1, 2]);
    assert_eq!(found("change_type=create").await, [5]);
    assert_eq!(found("event=change_contact&change_type=create_party").await, [2]);
    assert_eq!(found("scope=contacts&event=change_external_chat").await, NONE);
    assert_eq!(
        found("event=&scope=&change_type=").await,
        [1, 2, 3, 4, 5],
        "an empty filter is none"
    );

    let at = |number: usize| all[5 - number]["received_at"].as_str().unwrap();
    let ties = (2..=5).any(|number| at(number) == at(number - 1));
    assert!(!ties, "events one after the other have a millisecond each");
    assert_eq!(found(&format!("since={}", at(3))).await, [3, 4, 5], "from then on");
    assert_eq!(found(&format!("until={}", at(3))).await, [1, 2], "before then");
    assert_eq!(found(&format!("since={}&until={}", at(2), at(4))).await, [2, 3]);
    let other_zone = at(3).replace('Z', "%2B00:00");
    assert_eq!(found(&format!("until={other_zone}")).await, [1, 2]);
    assert_eq!(found(&format!("since={}&until={}", at(4), at(2))).await, NONE);
    assert_eq!(
        found("since=2000-01-01T00:00:00Z&until=2001-01-01T00:00:00Z").await,
        NONE
    );
}

#[tokio::test]
async fn pages_of_any_size_show_every_event_once_newest_first() {
    let world = World::start().await;
    world.install().await;
    world.bind(Scope::Contacts).await;
    // Ten at once, so that some share a millisecond.
    for round in 0..13 {
        let request = EventRequest {
            xml: Some(member_created(CORP, &format!("round{round}"))),
            copies: Some(10),
            concurrent: true,
            ..EventRequest::default()
        };
        world.happen(Scope::Contacts, &request).await;
    }
    let mut whole = None;
    for limit in [7, 50, 100] {
        let events = all_events(&world, limit).await;
        let ids: Vec<_> = events
            .iter()
            .map(|event| event["event_id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(ids.len(), 130, "{limit} at a time");
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 130, "{limit} at a time");
        let received_at = |event: &Value| event["received_at"].as_str().unwrap().parse::<Timestamp>().unwrap();
        let times: Vec<_> = events.iter().map(received_at).collect();
        assert!(
            times.is_sorted_by(|later, earlier| later >= earlier),
            "{limit} at a time"
        );
        assert_eq!(*whole.get_or_insert_with(|| ids.clone()), ids, "{limit} at a time");
    }
    assert_eq!(world.events("").await.len(), 50, "unless asked otherwise");

    // A filter that matches few events, and events that arrive between two pages, cause no gap and no duplicate.
    let first = page(&world, "limit=60", "").await;
    world.happens(Scope::Contacts, "change_contact/delete_user").await;
    let second = page(&world, "limit=100", first["next_cursor"].as_str().unwrap()).await;
    let ids = |page: &Value| {
        let events = page["events"].as_array().unwrap().clone();
        events
            .into_iter()
            .map(|event| event["event_id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!([ids(&first), ids(&second)].concat(), whole.unwrap());
    assert_eq!(second["next_cursor"], Value::Null);
    assert_eq!(world.events("change_type=delete_user&limit=1").await.len(), 1);
}

#[tokio::test]
async fn a_tenant_sees_its_own_events_and_no_other() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    for member in ["wangfang", "chenlei"] {
        success(&world.deliver(&credentials, &member_created(CORP, member)).await);
    }
    for query in ["", "scope=contacts", "event=change_contact"] {
        let path = format!("/authorization/events?{query}");
        let theirs = world.other_admin().get(&path).await.with_status(200);
        let none = json!({"events": [], "next_cursor": null, "searched_to": null});
        assert_eq!(theirs, none, "{query}");
    }
}

#[tokio::test]
async fn a_cursor_that_is_not_of_the_same_query_is_refused() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    for member in ["wangfang", "chenlei"] {
        success(&world.deliver(&credentials, &member_created(CORP, member)).await);
    }
    let cursor_of = async |path: &str| {
        let page = world.admin().get(path).await.with_status(200);
        page["next_cursor"].as_str().unwrap().to_owned()
    };
    let all = cursor_of("/authorization/events?limit=1").await;
    let contacts = cursor_of("/authorization/events?limit=1&scope=contacts").await;
    let audit = cursor_of("/authorization/audit?limit=1").await;
    let cut = &all[..all.len() - 1];
    for query in [
        format!("events?cursor={contacts}"),
        format!("events?cursor={audit}"),
        format!("events?scope=contacts&cursor={all}"),
        format!("events?scope=external-contacts&cursor={contacts}"),
        format!("events?scope=contacts&since=2026-01-01T00:00:00Z&cursor={contacts}"),
        format!("events?cursor={cut}"),
        "events?cursor=AAAA".to_owned(),
        "events?cursor=%25%25%25".to_owned(),
        format!("audit?cursor={all}"),
        "audit?cursor=AAAA".to_owned(),
        "audit?cursor=%25%25%25".to_owned(),
    ] {
        let reply = world.admin().get(&format!("/authorization/{query}")).await;
        let problem = reply.refused(400, "malformed_request");
        assert_eq!(
            problem["errors"],
            json!([{"field": "cursor", "code": "malformed"}]),
            "{query}"
        );
    }
    for (path, cursor) in [("events", &all), ("audit", &audit)] {
        let path = format!("/authorization/{path}?cursor={cursor}");
        world.admin().get(&path).await.with_status(200);
        world.other_admin().get(&path).await.refused(400, "malformed_request");
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_kept_is_not_acknowledged() {
    let world = World::start().await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    let message = member_created(CORP, "wangfang");
    let fault = devstack::Fault::on("PutItem")
        .of("wecom-events")
        .answer("InternalServerError");
    world.devstack().faults().add(fault);
    let reply = world.deliver(&credentials, &message).await;
    reply.refused(503, "temporarily_unavailable");
    assert_eq!(reply.header("retry-after"), "1");
    world.devstack().faults().clear();
    assert!(world.events("").await.is_empty());
    success(&world.deliver(&credentials, &message).await);
    assert_eq!(world.events("").await.len(), 1);
}

#[track_caller]
fn success(reply: &Reply) {
    assert_eq!((reply.status, reply.text().as_str()), (200, "success"));
}

/// The counters of the contacts callback reach these numbers, and no others.
async fn counted(world: &World, events_received: u64, duplicates: u64) {
    let callback = eventually("what arrived is counted", async || {
        let callback = world.callback(Scope::Contacts).await;
        let (received, repeated) = (callback["events_received"].as_u64()?, callback["duplicates"].as_u64()?);
        (received + repeated >= events_received + duplicates).then_some(callback)
    })
    .await;
    assert_eq!(callback["events_received"], events_received);
    assert_eq!(callback["duplicates"], duplicates);
}

async fn page(world: &World, query: &str, cursor: &str) -> Value {
    let path = format!("/authorization/events?{query}&cursor={cursor}");
    world.admin().get(&path).await.with_status(200)
}

/// All events, page by page.
async fn all_events(world: &World, limit: usize) -> Vec<Value> {
    let mut events = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = page(world, &format!("limit={limit}"), &cursor).await;
        let found = page["events"].as_array().unwrap();
        assert!(found.len() <= limit);
        events.extend(found.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return events,
        }
    }
}
