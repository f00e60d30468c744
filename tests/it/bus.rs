//! `GET /_local/bus`: what reaches the event bus, as a platform's developer sees it.

use serde_json::{Value, json};

use crate::{
    event_schema::holds,
    support::{Scope, World},
};

/// An open stream of server-sent events.
pub(crate) struct Listener {
    response: reqwest::Response,
    unread: String,
}

impl Listener {
    pub(crate) async fn connect(world: &World, last_event_id: Option<&str>) -> Self {
        let mut request = world.http().get(&world.announcement().bus_url);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response,
            unread: String::new(),
        }
    }

    /// The id and the data of the next event.
    pub(crate) async fn next(&mut self) -> (String, Value) {
        loop {
            if let Some((message, rest)) = self.unread.split_once("\n\n") {
                let field = |name: &str| message.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let event = field("data:").map(|data| {
                    let data: Value = serde_json::from_str(data).unwrap();
                    assert_eq!(field("event:"), data["detail-type"].as_str());
                    (field("id:").unwrap().to_owned(), data)
                });
                self.unread = rest.to_owned();
                match event {
                    Some(event) => return event,
                    None => continue,
                }
            }
            let chunk = self.response.chunk().await.unwrap().expect("the stream goes on");
            self.unread.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Reads until an event comes for which `is_wanted`; answers it and the ones before it.
    async fn until(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Vec<(String, Value)> {
        let mut seen = Vec::new();
        loop {
            let next = self.next().await;
            holds(&next.1);
            let is_last = is_wanted(&next.1);
            seen.push(next);
            if is_last {
                return seen;
            }
        }
    }
}

fn is_event(event: &Value) -> bool {
    event["detail-type"] == "wecom.event"
}

#[tokio::test]
async fn events_and_changes_come_as_they_happen_and_the_suites_own_never() {
    let world = World::start().await;
    let mut listener = Listener::connect(&world, None).await;
    world.walk().await;
    let is_completed = |event: &Value| event["detail"]["what"] == "completion";
    let changes = listener.until(is_completed).await;
    // The suite's events, such as the ticket and the authorization, are stored by now.
    assert!(!changes.iter().any(|(_, event)| is_event(event)), "{changes:#?}");
    let of = |what: &str| changes.iter().any(|(_, event)| event["detail"]["what"] == what);
    assert!(of("installation") && of("contacts.secret") && of("external_contacts.callback"));

    world.happens(Scope::Contacts, "change_contact/create_user").await;
    let seen = listener.until(is_event).await;
    let (id, first) = seen.last().unwrap();
    let detail = &first["detail"];
    assert_eq!(
        [
            &detail["tenant_id"],
            &detail["scope"],
            &detail["change_type"],
            &detail["replays"]
        ],
        [&json!("demo"), &json!("contacts"), &json!("create_user"), &json!(0)]
    );
    assert_eq!(detail["payload"]["Event"], "change_contact");

    let replay = format!("/authorization/events/{}/replay", detail["event_id"].as_str().unwrap());
    world.admin().post(&replay, json!({})).await.with_status(202);
    let seen = listener.until(is_event).await;
    let replayed = &seen.last().unwrap().1["detail"];
    assert_eq!(
        (&replayed["event_id"], &replayed["replays"]),
        (&detail["event_id"], &json!(1))
    );

    // A listener that reconnects gets what it missed.
    let mut again = Listener::connect(&world, Some(id)).await;
    assert_eq!(again.until(is_event).await.last(), seen.last());
}

#[tokio::test]
async fn a_browser_gets_a_page_and_a_foreign_name_gets_nothing() {
    let mut world = World::start().await;
    let url = world.announcement().bus_url.clone();
    let page = world
        .http()
        .get(&url)
        .header("accept", "text/html,*/*;q=0.8")
        .send()
        .await
        .unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(page.headers().contains_key("content-security-policy"));
    assert!(page.text().await.unwrap().contains("EventSource"));
    let foreign = world
        .http()
        .get(&url)
        .header("host", "attacker.example")
        .send()
        .await
        .unwrap();
    assert_eq!(foreign.status(), 403);

    // The server ends an open stream when it stops, and does not wait for its listener.
    let mut listener = Listener::connect(&world, None).await;
    world.stop().await;
    while listener.response.chunk().await.unwrap().is_some() {}
}
