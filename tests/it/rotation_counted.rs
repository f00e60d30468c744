//! Events without pause through two rotations, each counted: what WeCom sends while credentials change hands is neither
//! refused, nor lost, nor kept twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Value, json};
use simulator::{EventRequest, Outcome};

use crate::support::{CORP, Credentials, Letter, Scope, World, eventually, letter::member_created};

/// WeCom's side, which sends from several connections at once.
struct Traffic<'a> {
    world: &'a World,
    /// The members whose events were answered with `success`.
    sent: Mutex<BTreeSet<String>>,
    is_over: AtomicBool,
}

impl<'a> Traffic<'a> {
    fn new(world: &'a World) -> Self {
        Self {
            world,
            sent: Mutex::default(),
            is_over: AtomicBool::new(false),
        }
    }

    fn count(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    /// One connection: an event after the other, each with the values that WeCom holds at that moment.
    async fn flow(&self, connection: &str) {
        let mut number = 0;
        while !self.is_over.load(Ordering::Relaxed) {
            number += 1;
            let member = format!("{connection}-{number}");
            let request = EventRequest {
                xml: Some(member_created(CORP, &member)),
                ..EventRequest::default()
            };
            let sent = self.world.wecom().send_events(CORP, Scope::Contacts, &request).await;
            for delivery in sent.unwrap().deliveries {
                assert_eq!(delivery.outcome, Outcome::Accepted, "{member}: {delivery:?}");
                assert_eq!(delivery.answer, "success", "{member}");
            }
            self.sent.lock().unwrap().insert(member);
        }
    }

    /// Until so many more have been sent.
    async fn goes_on(&self) {
        let before = self.count();
        eventually("events flow", || async { (self.count() >= before + 8).then_some(()) }).await;
    }

    /// Delivers an event that was encrypted before these credentials were replaced.
    async fn arrives_late(&self, letters: Vec<(String, Letter)>, url: &str) {
        for (member, letter) in letters {
            let reply = self.world.post_letter(url, &letter).await;
            assert_eq!((reply.status, reply.text().as_str()), (200, "success"), "{member}");
            self.sent.lock().unwrap().insert(member);
        }
    }
}

fn sealed(credentials: &Credentials, name: &str) -> Vec<(String, Letter)> {
    (1..=5)
        .map(|number| {
            let member = format!("{name}-{number}");
            let letter = Letter::sealed(credentials, CORP, &member_created(CORP, &member));
            (member, letter)
        })
        .collect()
}

#[tokio::test]
async fn events_without_pause_through_two_rotations_are_each_kept_once() {
    let world = World::start().await;
    world.install().await;
    let first = world.bind(Scope::Contacts).await;
    let traffic = Traffic::new(&world);
    let rotations = async {
        traffic.goes_on().await;
        let of_the_first = sealed(&first, "first");
        let second = rotate_under(&traffic).await;
        let of_the_second = sealed(&second, "second");
        let third = rotate_under(&traffic).await;
        traffic.arrives_late(of_the_first, &third.url).await;
        traffic.arrives_late(of_the_second, &third.url).await;
        traffic.is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(
        rotations,
        traffic.flow("a"),
        traffic.flow("b"),
        traffic.flow("c"),
        traffic.flow("d"),
    );
    every_event_is_kept_once(&world, &traffic.sent.into_inner().unwrap()).await;
}

/// New values, which WeCom takes in the middle of what it sends.
async fn rotate_under(traffic: &Traffic<'_>) -> Credentials {
    let world = traffic.world;
    let path = "/authorization/contacts/credentials";
    let made = world.admin().post(path, json!({"rotate": true})).await.with_status(201);
    let new = Credentials::of(&made);
    traffic.goes_on().await;
    world.verify(Scope::Contacts, &new).await;
    assert_eq!(world.callback(Scope::Contacts).await["generation"], made["generation"]);
    traffic.goes_on().await;
    new
}

async fn every_event_is_kept_once(world: &World, sent: &BTreeSet<String>) {
    let kept = kept(world).await;
    let twice: Vec<_> = kept.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "kept more than once: {twice:?}");
    let kept: BTreeSet<String> = kept.into_keys().collect();
    let lost: Vec<_> = sent.difference(&kept).collect();
    assert!(lost.is_empty(), "answered and not kept: {lost:?}");
    assert_eq!(kept.len(), sent.len(), "kept and not sent");
    let callback = world.callback(Scope::Contacts).await;
    assert_eq!(callback["last_rejection"], Value::Null, "none was refused");
    assert_eq!(callback["generation"], 3);
    eventually("all are counted", || async {
        let callback = world.callback(Scope::Contacts).await;
        (callback["events_received"] == json!(sent.len())).then_some(())
    })
    .await;
}

/// Number of stored events of each member, over all pages.
async fn kept(world: &World) -> BTreeMap<String, usize> {
    let mut kept = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/authorization/events?limit=100&cursor={cursor}");
        let page = world.admin().get(&path).await.with_status(200);
        for event in page["events"].as_array().unwrap() {
            let member = event["payload"]["UserID"].as_str().unwrap();
            *kept.entry(member.to_owned()).or_default() += 1;
        }
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return kept,
        }
    }
}
