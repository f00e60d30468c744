//! `trigger`: an event of the catalogue, sent by the simulator of WeCom as WeCom would send it.

use catalogue::{CATALOGUE, Entry, Kind};
use reqwest::Method;
use serde_json::{Value, json};
use wecom_authorization::{
    clock::{Clock as _, SystemClock},
    ids::EventId,
};

use super::{
    CommandError, authorize, say,
    server::{Server, answer},
};

/// The suite's events that the simulator makes itself, because they change the state at WeCom.
const OF_THE_SIMULATOR: [&str; 5] = [
    "suite_ticket",
    "create_auth",
    "change_auth",
    "cancel_auth",
    "reset_permanent_code",
];

#[derive(Debug, Clone, clap::Args)]
pub struct Trigger {
    /// Name of the event, such as `change_contact/create_user`; without one every event is listed
    pub event: Option<String>,
    /// `contacts`, `external_contacts`, `app` or `suite`, for a name that there is in two
    #[arg(long)]
    pub scope: Option<String>,
    /// Which of the catalogue's examples, from 1 on
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub example: usize,
}

/// Prints every event.
pub(super) fn list() {
    for entry in &CATALOGUE.entries {
        say(&format!(
            "{:<18} {:<46} {} {}",
            entry.scope, entry.name, entry.title.zh_cn, entry.title.en
        ));
    }
}

impl Trigger {
    pub(super) async fn run(&self, server: &Server) -> Result<(), CommandError> {
        let entry = self.entry()?;
        let simulator = server.simulator_url()?;
        let state = answer(server.request(Method::GET, &format!("{simulator}/_simulator/state"))).await?;
        if entry.kind == Kind::Suite {
            return self.of_suite(entry, server, &state).await;
        }
        let callback = if let Some(callback) = saved_callback(&state, entry) {
            callback
        } else {
            authorize::run(server, &state).await?;
            let state = answer(server.request(Method::GET, &format!("{simulator}/_simulator/state"))).await?;
            let missing = || CommandError::Unknown("the authorization has no such callback".to_owned());
            saved_callback(&state, entry).ok_or_else(missing)?
        };
        let xml = self.message(entry, &callback.corp_id, "")?;
        let id = EventId::of(&callback.id, xml.as_bytes());
        let url = format!("{simulator}/_simulator/corps/{}/events", callback.corp_id);
        let request = json!({"scope": callback.scope, "xml": xml});
        report(entry, &answer(server.request(Method::POST, &url).json(&request)).await?)?;
        say(&format!("event_id {id}"));
        Ok(())
    }

    /// A suite's event is for the product itself and never reaches the bus.
    async fn of_suite(&self, entry: &Entry, server: &Server, state: &Value) -> Result<(), CommandError> {
        let corp = authorize::corporation(state);
        if !corp.is_installed && ["change_auth", "cancel_auth", "reset_permanent_code"].contains(&entry.event()) {
            authorize::run(server, state).await?;
        }
        let request = if OF_THE_SIMULATOR.contains(&entry.name.as_str()) {
            json!({"event": entry.name, "corp_id": corp.id})
        } else {
            json!({"xml": self.message(entry, &corp.id, &server.announcement.suite.suite_id)?})
        };
        let url = format!("{}/_simulator/suite/events", server.simulator_url()?);
        report(entry, &answer(server.request(Method::POST, &url).json(&request)).await?)?;
        say("a suite's event is not published on the bus");
        Ok(())
    }

    fn entry(&self) -> Result<&'static Entry, CommandError> {
        let name = self.event.as_deref().unwrap_or_default();
        let is_meant =
            |entry: &&Entry| entry.name == name && self.scope.as_ref().is_none_or(|scope| *scope == entry.scope);
        CATALOGUE.entries.iter().find(is_meant).ok_or_else(|| {
            CommandError::Unknown(format!("there is no event {name}: `trigger` without a name lists them"))
        })
    }

    /// The example as it is sent now. The comment makes each an event of its own, also within a second.
    fn message(&self, entry: &Entry, corp_id: &str, suite_id: &str) -> Result<String, CommandError> {
        let now = SystemClock.now();
        let mut examples = entry.xml_from(corp_id, suite_id, now.as_second());
        let example = self.example.checked_sub(1).and_then(|n| examples.nth(n));
        let xml = example.ok_or_else(|| {
            let examples = entry.examples.len();
            CommandError::Unknown(format!("{} has the examples 1 to {examples}", entry.name))
        })?;
        Ok(format!("{xml}<!-- {} -->", now.as_nanosecond()))
    }
}

/// A receive-event server that is saved in a corporation's console.
struct SavedCallback {
    corp_id: String,
    scope: &'static str,
    /// Last segment of its URL.
    id: String,
}

/// The callback for an event, in the first corporation that has one.
fn saved_callback(state: &Value, entry: &Entry) -> Option<SavedCallback> {
    let scope = match entry.scope.as_str() {
        "contacts" => "contacts",
        _ => "external-contacts",
    };
    let corps = state.get("corps").and_then(Value::as_array)?;
    corps.iter().find_map(|corp| {
        let url = corp.pointer(&format!("/callbacks/{scope}/saved/url"))?.as_str()?;
        Some(SavedCallback {
            corp_id: corp.get("corp_id")?.as_str()?.to_owned(),
            scope,
            id: url.rsplit('/').next()?.to_owned(),
        })
    })
}

/// Says what came of the delivery.
fn report(entry: &Entry, answer: &Value) -> Result<(), CommandError> {
    let text = |name: &str| answer.pointer(&format!("/deliveries/0/{name}"));
    let outcome = text("outcome").and_then(Value::as_str).unwrap_or("not sent");
    let status = text("status").and_then(Value::as_u64).unwrap_or_default();
    let line = format!("{} {}: {outcome}, {status}", entry.name, entry.title.zh_cn);
    if outcome == "accepted" {
        say(&line);
        Ok(())
    } else {
        Err(CommandError::Unknown(line))
    }
}
