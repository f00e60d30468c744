//! Answers of the control interface.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    delivery::{CheckOutcome, Delivery},
    events,
    faults::Fault,
    shared::Shared,
    world::{
        World,
        corporation::{Callbacks, Corporation, Installation, LISTED_APP_AGENT_ID, OTHER_APP_AGENT_ID, Scope, Secrets},
        settings::{Settings, Switches},
    },
};

/// The whole state. It has no `Debug`, because it contains Secrets in clear.
#[derive(Clone, Serialize)]
pub struct StateView {
    /// Base URL of the simulator.
    pub base_url: String,
    /// WeCom's time.
    pub now: Timestamp,
    /// The provider's app.
    pub suite: SuiteView,
    /// Settings for all corporations.
    pub settings: Settings,
    /// Time until which `gettoken` answers 45009.
    pub banned_until: Option<Timestamp>,
    /// All corporations.
    pub corps: Vec<CorporationView>,
    /// Names of the events in the catalogue, by scope.
    pub events: EventNames,
    /// Latest deliveries, newest first.
    pub deliveries: Vec<Delivery>,
    /// Faults that no call has met yet.
    pub faults: Vec<Fault>,
}

/// The suite, without its secrets.
#[derive(Clone, Debug, Serialize)]
pub struct SuiteView {
    /// `ww…`.
    pub suite_id: String,
    /// CorpID of the provider.
    pub provider_corp_id: String,
    /// Its callback URL.
    pub callback_url: Option<String>,
    /// Time of the newest ticket.
    pub last_ticket_at: Option<Timestamp>,
    /// Time at which a ticket was last answered with `success`, since the start.
    pub ticket_accepted_at: Option<Timestamp>,
    /// Result of the last check of the URL.
    pub last_check: Option<CheckOutcome>,
}

/// A corporation, Secrets included.
#[derive(Clone, Serialize)]
pub struct CorporationView {
    /// Name of the corporation, as its admins see it.
    pub name: String,
    /// 企业ID, plaintext.
    pub corp_id: String,
    /// Encrypted id for this provider.
    pub open_corp_id: String,
    /// One Secret of each kind.
    pub secrets: Secrets,
    /// AgentId of the self-built app that may call the customer API.
    pub listed_app_agent_id: i64,
    /// AgentId of the self-built app that may not.
    pub other_app_agent_id: i64,
    /// Number of departments.
    pub departments: usize,
    /// Number of members.
    pub members: usize,
    /// Number of members with permission for external contacts.
    pub followers: usize,
    /// Settings of the corporation that an admin changes.
    pub switches: Switches,
    /// The receive-event forms.
    pub callbacks: Callbacks,
    /// The provider's app.
    pub installation: Option<Installation>,
    /// The apps of other suites, by their ids.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub other_installations: BTreeMap<String, Installation>,
}

/// The names of the catalogue.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "named like the scopes")]
pub struct EventNames {
    pub contacts: Vec<&'static str>,
    pub external_contacts: Vec<&'static str>,
}

/// Secret of an app or tool, in plain text.
#[derive(Clone, Serialize)]
pub struct SecretView {
    /// The Secret in clear.
    pub secret: String,
}

/// Result of a confirmed installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InstallView {
    /// URL of the redirect.
    pub redirect_url: String,
}

/// The clock after an advance.
#[derive(Clone, Debug, Serialize)]
pub struct ClockView {
    /// WeCom's time.
    pub now: Timestamp,
    /// Delivery of the ticket that became due.
    pub ticket: Option<Delivery>,
}

/// Result of sending events.
#[derive(Clone, Debug, Serialize)]
pub struct DeliveriesView {
    /// Deliveries in the order of their start.
    pub deliveries: Vec<Delivery>,
    /// AuthCode in a `create_auth` or `reset_permanent_code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_code: Option<String>,
}

impl StateView {
    pub(super) fn of(shared: &Shared, world: &World, now: Timestamp, faults: Vec<Fault>) -> Self {
        let names = |scope| events::of(scope).iter().map(|template| template.name).collect();
        Self {
            base_url: shared.base_url.clone(),
            now,
            suite: SuiteView {
                suite_id: shared.suites.first.suite.suite_id.clone(),
                provider_corp_id: shared.suites.first.suite.provider_corp_id.clone(),
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
            other_installations: corporation.other_installations.clone(),
        }
    }
}
