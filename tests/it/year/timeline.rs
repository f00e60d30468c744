//! The timeline: lets time pass, and compares at each entry what is seen with what is expected.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::deployment;
use crate::{
    faults::harness::{AUTHORIZATION_TABLE, Harness, TENANT, member_created},
    support::{CORP, Credentials},
};

/// Expectations at an entry.
pub(super) struct Expected {
    next_step: &'static str,
    health: &'static str,
    findings: Vec<String>,
    audit: Vec<String>,
    notified: Vec<String>,
}

impl Expected {
    /// Nothing to report.
    pub(super) fn new(next_step: &'static str, health: &'static str) -> Self {
        Self {
            next_step,
            health,
            findings: Vec::new(),
            audit: Vec::new(),
            notified: Vec::new(),
        }
    }

    /// A finding: its scope, if it has one, and its code.
    pub(super) fn finding(mut self, finding: &str) -> Self {
        self.findings.push(finding.to_owned());
        self
    }

    /// Audit entries since the previous entry, in order.
    pub(super) fn audit(mut self, actions: &[&str]) -> Self {
        self.audit = actions.iter().map(ToString::to_string).collect();
        self
    }

    /// State changes published since the previous entry, sorted, because their order within a millisecond is
    /// undefined; without values that are random.
    pub(super) fn notified(mut self, announcements: &[impl ToString]) -> Self {
        self.notified = announcements.iter().map(ToString::to_string).collect();
        self
    }
}

pub(super) struct Timeline {
    pub(super) harness: Harness,
    /// The callback that receives an event on every day without other events.
    pub(super) everyday: Option<Credentials>,
    started: Timestamp,
    story: String,
    /// Number of audit entries, and the state changes, seen before.
    audited: usize,
    notified: Vec<String>,
}

impl Timeline {
    pub(super) async fn begin() -> Self {
        let harness = deployment().await;
        Self {
            started: harness.now(),
            harness,
            everyday: None,
            story: "A year in the life of one tenant\n".to_owned(),
            audited: 0,
            notified: Vec::new(),
        }
    }

    /// Lets days pass, with events and health checks.
    pub(super) async fn days(&self, days: i64) -> Value {
        self.harness.sleep(24 * days).await;
        if let Some(credentials) = &self.everyday {
            let member = format!("on-{}", self.harness.now());
            self.deliver(credentials, &member).await;
        }
        self.looks().await
    }

    /// An event arrives and is counted.
    pub(super) async fn deliver(&self, credentials: &Credentials, member: &str) {
        let delivered = self.harness.deliver(credentials, &member_created(member)).await;
        delivered.with_success();
        self.harness.stream("publish-events").await.unwrap();
    }

    /// Lets hours pass and runs the health check. Returns its output.
    pub(super) async fn hours(&self, hours: i64) -> Value {
        self.harness.sleep(hours).await;
        self.looks().await
    }

    /// Runs the health check for what is due.
    pub(super) async fn looks(&self) -> Value {
        let run = self.harness.invoke("check-health", json!({})).await.unwrap();
        assert_eq!(run["failed"], 0, "{run}");
        run
    }

    /// Delivers and processes a suite event about the corporation.
    pub(super) async fn hears(&self, event: &str) {
        let corps = self.harness.wecom().state().corps;
        let corp = corps.iter().find(|corp| corp.corp_id == CORP).unwrap();
        let about = format!("<AuthCorpId><![CDATA[{}]]></AuthCorpId>", corp.open_corp_id);
        self.harness.suite_event_arrives(event, &about).await;
        self.harness.stream("process-suite-event").await.unwrap();
    }

    /// Number of calls to this path of WeCom.
    pub(super) fn asked(&self, path: &str) -> usize {
        let calls = self.harness.wecom().calls();
        calls.iter().filter(|call| call.path == path).count()
    }

    /// Start time of a finding.
    pub(super) async fn since(&self, code: &str) -> Value {
        let state = self.harness.state().await;
        let findings = state["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| finding["code"] == code).unwrap();
        found["since"].clone()
    }

    /// The tenant's secrets that are not scheduled for deletion.
    pub(super) async fn kept_in_the_vault(&self) -> Vec<String> {
        let listed = self.harness.secrets().list_secrets().send().await.unwrap();
        let names = listed.secret_list.unwrap_or_default().into_iter();
        let mut kept: Vec<String> = names
            .filter_map(|secret| secret.name)
            .filter_map(|name| Some(name.split_once('/')?.1.to_owned()))
            .filter(|name| name.starts_with(TENANT))
            .collect();
        kept.sort_unstable();
        kept
    }

    /// Number of events.
    pub(super) async fn events(&self) -> usize {
        let page = self.read("/authorization/events?limit=100").await;
        page["events"].as_array().unwrap().len()
    }

    async fn read(&self, target: &str) -> Value {
        let answer = self.harness.admin("read-authorization", "GET", target, &Value::Null);
        answer.await.with_status(200)
    }

    /// Writes an entry after comparing what is seen with what is expected.
    pub(super) async fn write(&mut self, title: &str, expected: Expected) {
        let state = self.harness.state().await;
        let findings: Vec<String> = state["findings"].as_array().unwrap().iter().map(words_of).collect();
        let audit = self.new_lines().await;
        let notified = self.new_announcements().await;
        let day = self.harness.now().duration_since(self.started).as_hours() / 24;
        self.record(day, title, &state, &audit, &notified);
        assert_eq!(
            (state["next_step"].as_str(), state["health"].as_str(), findings),
            (Some(expected.next_step), Some(expected.health), expected.findings),
            "{title}"
        );
        let actions: Vec<&str> = audit.iter().map(|line| line["action"].as_str().unwrap()).collect();
        assert_eq!(actions, expected.audit, "{title}");
        let words = |one: &String| one.split_once(": ").map_or("", |(what, _)| what).to_owned();
        let notified: Vec<String> = notified
            .iter()
            .map(|one| {
                if words(one).ends_with(".privilege") {
                    words(one)
                } else {
                    one.clone()
                }
            })
            .collect();
        assert_eq!(notified, expected.notified, "{title}");
    }

    fn record(&mut self, day: i64, title: &str, state: &Value, audit: &[Value], notified: &[String]) {
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
        for one in notified {
            writeln!(story, "  change {one}").unwrap();
        }
    }

    /// Audit entries since the last call, oldest first, read by pages and as lines.
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

    /// State changes published since the last call.
    async fn new_announcements(&mut self) -> Vec<String> {
        let mut pages = self
            .harness
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
            if text("sk") == "CHANGED" && !self.notified.contains(&text("announcement_id")) {
                self.notified.push(text("announcement_id"));
                new.push(if item.contains_key("what") {
                    format!("{}: {} → {}", text("what"), text("from"), text("to"))
                } else {
                    format!("{}.gap: {}", text("scope"), text("reason"))
                });
            }
        }
        new.sort_unstable();
        new
    }

    /// Ends the timeline with a summary of the year.
    pub(super) async fn end(mut self) {
        let days = self.harness.now().duration_since(self.started).as_hours() / 24;
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
