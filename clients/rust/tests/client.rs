//! The client against the catalogue's own examples.

#![cfg(test)]

use serde_json::{Value, json};
use wecom_authorization_client::{
    ElementOrText, Event, EventFilter, EventPages, Payload, Scope, SeenInMemory, TokenKind, TokenRequest, WecomEvent,
    once,
};

fn examples() -> Vec<Value> {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/asyncapi.json");
    let document: Value = serde_json::from_slice(&std::fs::read(document).unwrap()).unwrap();
    let messages = document["channels"]["bus"]["messages"].as_object().unwrap();
    let examples = messages
        .values()
        .flat_map(|message| message["examples"].as_array().unwrap());
    examples.map(|example| example["payload"].clone()).collect()
}

fn wecom(event: Value) -> WecomEvent {
    match serde_json::from_value(event).unwrap() {
        Event::Wecom(event) => *event,
        other => panic!("{other:?}"),
    }
}

fn event(id: &str) -> WecomEvent {
    let mut example = examples().swap_remove(0);
    example["detail"]["event_id"] = id.into();
    wecom(example)
}

#[test]
fn every_example_of_the_catalogue_has_a_type_of_its_own() {
    let mut read = 0;
    for example in examples() {
        if example["detail-type"] == "authorization.changed" {
            assert!(matches!(
                serde_json::from_value(example).unwrap(),
                Event::AuthorizationChanged(_)
            ));
            continue;
        }
        if example["detail-type"] == "events.gap" {
            let gap = serde_json::from_value(example).unwrap();
            assert!(matches!(gap, Event::EventsGap(gap) if gap.reason == "set_up_again"));
            continue;
        }
        if example["detail-type"] == "webhooks.changed" {
            let changed = serde_json::from_value(example).unwrap();
            assert!(matches!(changed, Event::WebhooksChanged(changed) if changed.reason.as_deref() == Some("failing")));
            continue;
        }
        let event = wecom(example);
        let typed = event.typed().unwrap();
        assert!(!matches!(typed, Payload::Other(_)), "{event:?}");
        read += 1;
    }
    assert!(read > 50, "{read}");
}

#[test]
fn an_element_that_repeats_is_a_list_and_one_that_is_plain_text_is_kept() {
    let read = |list: Value| {
        let payload = json!({
            "ToUserName": "ww", "FromUserName": "sys", "CreateTime": "1", "MsgType": "event",
            "Event": "change_external_chat", "ChangeType": "update", "ChatId": "wr", "MemChangeList": list,
        });
        match Payload::read("change_external_chat/update", payload) {
            Payload::ChangeExternalChatUpdate(update) => update.mem_change_list.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    for (list, expected) in [
        (json!({"Item": ["a", "b"]}), vec!["a", "b"]),
        (json!({"Item": "a"}), vec!["a"]),
    ] {
        match read(list) {
            ElementOrText::Element(list) => assert_eq!(list.item, expected),
            ElementOrText::Text(text) => panic!("{text}"),
        }
    }
    assert!(matches!(read(json!("a,b")), ElementOrText::Text(text) if text == "a,b"));
}

#[test]
fn an_event_that_nobody_knows_is_kept_as_it_is() {
    let payload = json!({"Event": "what_comes_next_year"});
    assert_eq!(
        Payload::read("what_comes_next_year", payload.clone()),
        Payload::Other(payload.clone())
    );
    // One that is not as the catalogue says is no reason to fail either.
    assert_eq!(
        Payload::read("change_contact/delete_user", payload.clone()),
        Payload::Other(payload)
    );
}

#[test]
fn an_event_is_handled_once_and_again_when_its_handler_failed() {
    #[derive(Debug)]
    struct Down;
    impl From<std::convert::Infallible> for Down {
        fn from(never: std::convert::Infallible) -> Self {
            match never {}
        }
    }
    let mut seen = SeenInMemory::new(2);
    assert!(once(&mut seen, &event("a"), |_| Err(Down)).is_err());
    let mut handle = |id| once::<_, Down>(&mut seen, &event(id), |_| Ok(())).unwrap();
    assert!(handle("a"));
    assert!(!handle("a"));
    assert!(handle("b") && handle("c"));
    assert!(handle("a"), "the oldest is forgotten when there is no room");
}

#[test]
fn pages_are_followed_to_the_end_with_the_filter() {
    let filter = EventFilter {
        scope: Some(Scope::ExternalContacts),
        since: Some("2026-11-22T15:56:32+08:00".to_owned()),
        ..EventFilter::default()
    };
    let mut pages = EventPages::new(&filter, 1);
    let first = "/authorization/events?limit=1&scope=external-contacts&since=2026-11-22T15%3A56%3A32%2B08%3A00";
    assert_eq!(pages.next_path().as_deref(), Some(first));
    assert!(pages.read(b"{}").is_err());
    let events = pages.read(br#"{"events": [], "next_cursor": "a/b"}"#).unwrap();
    assert!(events.is_empty());
    assert_eq!(pages.next_path(), Some(format!("{first}&cursor=a%2Fb")));
    pages.read(br#"{"events": [], "next_cursor": null}"#).unwrap();
    assert_eq!(pages.next_path(), None);
}

#[test]
fn the_broker_answers_a_token_or_a_code() {
    let request = TokenRequest {
        tenant_id: "acme".to_owned(),
        kind: TokenKind::ExternalContacts,
        rejected_access_token: None,
    };
    assert_eq!(
        serde_json::to_value(&request).unwrap(),
        json!({"tenant_id": "acme", "kind": "external_contacts"})
    );
    let issued = TokenRequest::read(
        br#"{"access_token": "t0ken", "expires_at": "2026-11-22T15:56:32Z"}"#,
        false,
    );
    let token = issued.unwrap().unwrap();
    assert_eq!(token.access_token, "t0ken");
    assert!(!format!("{token:?}").contains("t0ken"));
    let refused = TokenRequest::read(br#"{"errorType": "not_installed", "errorMessage": "no"}"#, true);
    assert_eq!(refused.unwrap().unwrap_err().code, "not_installed");
}
