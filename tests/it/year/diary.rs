//! The diary: lets time pass, and at each entry holds what is seen to what was expected.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::deployment;
use crate::{
    faults::stage::{AUTHORIZATION_TABLE, Stage, TENANT, member_created},
    support::{CORP, Credentials},
};

/// What must be seen at an entry.
pub(super) struct Expected {
    next_step: &'static str,
    health: &'static str,
    findings: Vec<String>,
    audit: Vec<String>,
    told: Vec<String>,
}

impl Expected {
    /// Nothing to report.
    pub(super) fn new(next_step: &'static str, health: &'static str) -> Self {
        Self {
            next_step,
            health,
            findings: Vec::new(),
            audit: Vec::new(),
            told: Vec::new(),
        }
    }

    /// A finding: its scope, if it has one, and its code.
    pub(super) fn finding(mut self, finding: &str) -> Self {
        self.findings.push(finding.to_owned());
        self
    }

    /// The lines of the audit trail since the entry before, in order.
    pub(super) fn audit(mut self, actions: &[&str]) -> Self {
        self.audit = actions.iter().map(ToString::to_string).collect();
        self
    }

    /// What other services were told since the entry before, in the order of the alphabet, for it has no other within a
    /// millisecond. Without its values where these are drawn.
    pub(super) fn told(mut self, announcements: &[&str]) -> Self {
        self.told = announcements.iter().map(ToString::to_string).collect();
        self
    }
}

pub(super) struct Diary {
    pub(super) stage: Stage,
    /// Where events arrive on all days of which nothing else is told.
    pub(super) everyday: Option<Credentials>,
    begun: Timestamp,
    story: String,
    /// How many lines of the audit trail, and which announcements, were seen before.
    audited: usize,
    told: Vec<String>,
}

impl Diary {
    pub(super) async fn begin() -> Self {
        let stage = deployment().await;
        Self {
            begun: stage.now(),
            stage,
            everyday: None,
            story: "A year in the life of one tenant\n".to_owned(),
            audited: 0,
            told: Vec::new(),
        }
    }

    /// Lets days pass, on which customers come and go, and the schedule look.
    pub(super) async fn days(&self, days: i64) -> Value {
        self.stage.sleep(24 * days).await;
        if let Some(credentials) = &self.everyday {
            let member = format!("on-{}", self.stage.now());
            self.deliver(credentials, &member).await;
        }
        self.looks().await
    }

    /// An event arrives and is counted.
    pub(super) async fn deliver(&self, credentials: &Credentials, member: &str) {
        let delivered = self.stage.deliver(credentials, &member_created(member)).await;
        delivered.with_success();
        self.stage.stream("count-events").await.unwrap();
    }

    /// Lets hours pass, and the schedule look. Answers what it says of its run.
    pub(super) async fn hours(&self, hours: i64) -> Value {
        self.stage.sleep(hours).await;
        self.looks().await
    }

    /// The schedule looks at what is due.
    pub(super) async fn looks(&self) -> Value {
        let run = self.stage.invoke("check-health", json!({})).await.unwrap();
        assert_eq!(run["failed"], 0, "{run}");
        run
    }

    /// The suite's event about the corporation arrives and is acted on.
    pub(super) async fn hears(&self, event: &str) {
        let corps = self.stage.wecom().state().corps;
        let corp = corps.iter().find(|corp| corp.corp_id == CORP).unwrap();
        let about = format!("<AuthCorpId><![CDATA[{}]]></AuthCorpId>", corp.open_corp_id);
        self.stage.suite_event_arrives(event, &about).await;
        self.stage.stream("process-suite-event").await.unwrap();
    }

    /// How often WeCom was asked this.
    pub(super) fn asked(&self, path: &str) -> usize {
        let calls = self.stage.wecom().calls();
        calls.iter().filter(|call| call.path == path).count()
    }

    /// Since when there is a finding.
    pub(super) async fn since(&self, code: &str) -> Value {
        let state = self.stage.state().await;
        let findings = state["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| finding["code"] == code).unwrap();
        found["since"].clone()
    }

    /// Which of the tenant's secrets are in the vault and not to be deleted.
    pub(super) async fn kept_in_the_vault(&self) -> Vec<String> {
        let listed = self.stage.secrets().list_secrets().send().await.unwrap();
        let names = listed.secret_list.unwrap_or_default().into_iter();
        let mut kept: Vec<String> = names
            .filter_map(|secret| secret.name)
            .filter_map(|name| Some(name.split_once('/')?.1.to_owned()))
            .filter(|name| name.starts_with(TENANT))
            .collect();
        kept.sort_unstable();
        kept
    }

    /// How many events there are.
    pub(super) async fn events(&self) -> usize {
        let page = self.read("/authorization/events?limit=100").await;
        page["events"].as_array().unwrap().len()
    }

    async fn read(&self, target: &str) -> Value {
        let answer = self.stage.admin("read-authorization", "GET", target, &Value::Null);
        answer.await.with_status(200)
    }

    /// Writes an entry, after holding what is seen to what was expected.
    pub(super) async fn write(&mut self, title: &str, expected: Expected) {
        let state = self.stage.state().await;
        let findings: Vec<String> = state["findings"].as_array().unwrap().iter().map(words_of).collect();
        let audit = self.new_lines().await;
        let told = self.new_announcements().await;
        let day = self.stage.now().duration_since(self.begun).as_hours() / 24;
        self.tell(day, title, &state, &audit, &told);
        assert_eq!(
            (state["next_step"].as_str(), state["health"].as_str(), findings),
            (Some(expected.next_step), Some(expected.health), expected.findings),
            "{title}"
        );
        let actions: Vec<&str> = audit.iter().map(|line| line["action"].as_str().unwrap()).collect();
        assert_eq!(actions, expected.audit, "{title}");
        let words = |one: &String| one.split_once(": ").map_or("", |(what, _)| what).to_owned();
        let told: Vec<String> = told
            .iter()
            .map(|one| {
                if words(one).ends_with(".privilege") {
                    words(one)
                } else {
                    one.clone()
                }
            })
            .collect();
        assert_eq!(told, expected.told, "{title}");
    }

    fn tell(&mut self, day: i64, title: &str, state: &Value, audit: &[Value], told: &[String]) {
        let story = &mut self.story;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        writeln!(story, "\nDay {day}: {title}").unwrap();
        writeln!(
            story,
            "  state  {}, next step {}",
            text(&state["health"]),
            text(&state["next_step"])
        )
        .unwrap();
        for finding in state["findings"].as_array().unwrap() {
            writeln!(
                story,
                "  found  {} since {}",
                words_of(finding),
                text(&finding["since"])
            )
            .unwrap();
        }
        for line in audit {
            let scope = text(&line["scope"]);
            let (action, actor) = (text(&line["action"]), text(&line["actor"]["kind"]));
            writeln!(story, "  audit  {action} {scope} by {actor}, {}", line["details"]).unwrap();
        }
        for one in told {
            writeln!(story, "  told   {one}").unwrap();
        }
    }

    /// The lines of the audit trail since the last look, oldest first, by pages and as lines.
    async fn new_lines(&mut self) -> Vec<Value> {
        let mut lines = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self
                .read(&format!("/authorization/audit?limit=7&cursor={cursor}"))
                .await;
            lines.extend(page["entries"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        lines.reverse();
        let new = lines.split_off(self.audited);
        self.audited += new.len();
        new
    }

    /// What other services were told since the last look.
    async fn new_announcements(&mut self) -> Vec<String> {
        let mut pages = self
            .stage
            .dynamodb()
            .scan()
            .table_name(AUTHORIZATION_TABLE)
            .into_paginator()
            .items()
            .send();
        let mut new = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.unwrap();
            let text = |name: &str| item[name].as_s().unwrap().clone();
            if text("sk") == "CHANGED" && !self.told.contains(&text("announcement_id")) {
                self.told.push(text("announcement_id"));
                new.push(format!("{}: {} → {}", text("what"), text("from"), text("to")));
            }
        }
        new.sort_unstable();
        new
    }

    /// Closes the book: its last pages are about the whole year.
    pub(super) async fn end(mut self) {
        let days = self.stage.now().duration_since(self.begun).as_hours() / 24;
        assert!(days < 366, "{days}");
        let events = self.events().await;
        writeln!(
            self.story,
            "\nDay {days}: the end. {} lines of audit, {events} events.",
            self.audited
        )
        .unwrap();
        let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/year.txt");
        std::fs::write(path, self.story).unwrap();
    }
}

fn words_of(finding: &Value) -> String {
    let code = finding["code"].as_str().unwrap();
    match finding["scope"].as_str() {
        Some(scope) => format!("{scope} {code}"),
        None => code.to_owned(),
    }
}
