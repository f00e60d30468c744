//! What the control interface shows.

use jiff::Timestamp;
use serde::Serialize;

use crate::delivery::{CheckOutcome, Delivery};
use crate::events;
use crate::faults::Fault;
use crate::hub::Hub;
use crate::world::World;
use crate::world::corporation::{
    Callbacks, Corporation, Installation, LISTED_APP_AGENT_ID, OTHER_APP_AGENT_ID, Scope, Secrets,
};
use crate::world::settings::{Settings, Switches};

/// Everything there is. It holds Secrets in clear, so it has no `Debug`.
#[derive(Clone, Serialize)]
pub struct StateView {
    /// Where the simulator answers.
    pub base_url: String,
    /// WeCom's time.
    pub now: Timestamp,
    /// The provider's app.
    pub suite: SuiteView,
    /// How WeCom behaves.
    pub settings: Settings,
    /// Until when `gettoken` answers 45009.
    pub banned_until: Option<Timestamp>,
    /// The corporations.
    pub corps: Vec<CorporationView>,
    /// The events that can be sent, by scope.
    pub events: EventNames,
    /// The latest deliveries, newest first.
    pub deliveries: Vec<Delivery>,
    /// The faults that wait for their calls.
    pub faults: Vec<Fault>,
}

/// The provider's app, without its secrets.
#[derive(Clone, Debug, Serialize)]
pub struct SuiteView {
    /// `ww…`.
    pub suite_id: String,
    /// The provider's corporation.
    pub provider_corp_id: String,
    /// Where its events go.
    pub callback_url: Option<String>,
    /// When the newest ticket was made.
    pub last_ticket_at: Option<Timestamp>,
    /// When one was answered with `success` last, since the start.
    pub ticket_accepted_at: Option<Timestamp>,
    /// What the last check of the URL gave.
    pub last_check: Option<CheckOutcome>,
}

/// A corporation, Secrets included.
#[derive(Clone, Serialize)]
pub struct CorporationView {
    /// Its name.
    pub name: String,
    /// 企业ID, plaintext.
    pub corp_id: String,
    /// Its id for this provider, encrypted.
    pub open_corp_id: String,
    /// A Secret of each kind.
    pub secrets: Secrets,
    /// AgentId of the self-built app that may call the customer API.
    pub listed_app_agent_id: i64,
    /// AgentId of the one that may not.
    pub other_app_agent_id: i64,
    /// How many departments.
    pub departments: usize,
    /// How many members.
    pub members: usize,
    /// How many of them may talk to customers.
    pub followers: usize,
    /// How WeCom behaves towards it.
    pub switches: Switches,
    /// The receive-event forms.
    pub callbacks: Callbacks,
    /// The provider's app.
    pub installation: Option<Installation>,
}

/// The names of the catalogue.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "named like the scopes")]
pub struct EventNames {
    pub contacts: Vec<&'static str>,
    pub external_contacts: Vec<&'static str>,
}

/// A Secret.
#[derive(Clone, Serialize)]
pub struct SecretView {
    /// In clear.
    pub secret: String,
}

/// What a confirmed installation leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InstallView {
    /// Where the browser is sent.
    pub redirect_url: String,
}

/// The clock after it was moved on.
#[derive(Clone, Debug, Serialize)]
pub struct ClockView {
    /// WeCom's time.
    pub now: Timestamp,
    /// The ticket that became due.
    pub ticket: Option<Delivery>,
}

/// What became of the events that were sent.
#[derive(Clone, Debug, Serialize)]
pub struct DeliveriesView {
    /// In the order in which they were begun.
    pub deliveries: Vec<Delivery>,
    /// The code in a `create_auth` or `reset_permanent_code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_code: Option<String>,
}

impl StateView {
    pub(super) fn of(hub: &Hub, world: &World, now: Timestamp, faults: Vec<Fault>) -> Self {
        let names = |scope| events::of(scope).iter().map(|template| template.name).collect();
        Self {
            base_url: hub.base_url.clone(),
            now,
            suite: SuiteView {
                suite_id: hub.suite.suite_id.clone(),
                provider_corp_id: hub.suite.provider_corp_id.clone(),
                callback_url: world.suite.callback_url.as_ref().map(ToString::to_string),
                last_ticket_at: world.suite.tickets.last().map(|ticket| ticket.made_at),
                ticket_accepted_at: world.suite.ticket_accepted_at,
                last_check: world.suite.last_check.clone(),
            },
            settings: world.settings,
            banned_until: world.wrong_secrets.banned_until.filter(|until| now < *until),
            corps: world.corporations.iter().map(CorporationView::of).collect(),
            events: EventNames {
                contacts: names(Scope::Contacts),
                external_contacts: names(Scope::ExternalContacts),
            },
            deliveries: world.deliveries.iter().cloned().collect(),
            faults,
        }
    }
}

impl CorporationView {
    pub(super) fn of(corporation: &Corporation) -> Self {
        Self {
            name: corporation.name.clone(),
            corp_id: corporation.corp_id.clone(),
            open_corp_id: corporation.open_corp_id.clone(),
            secrets: corporation.secrets.clone(),
            listed_app_agent_id: LISTED_APP_AGENT_ID,
            other_app_agent_id: OTHER_APP_AGENT_ID,
            departments: corporation.departments.len(),
            members: corporation.members.len(),
            followers: corporation.followers.len(),
            switches: corporation.switches,
            callbacks: corporation.callbacks.clone(),
            installation: corporation.installation.clone(),
        }
    }
}
