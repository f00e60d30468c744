//! What the operators' list shows of a tenant, and the lists that it belongs to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Authorization, Callback, Finding, Health, NextStep,
    findings::{findings, health},
};
use crate::{
    ids::{BindingId, CallbackId, CorpId, Scope, TenantId},
    position::time_key,
};

/// A tenant as operators see it in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "ListedTenant")
)]
pub struct Listing {
    /// Id of the tenant.
    pub tenant_id: TenantId,
    /// Which of the tenant's bindings.
    #[serde(default = "BindingId::first")]
    pub binding_id: BindingId,
    /// Whether the binding works.
    pub health: Health,
    /// Of a tenant with findings: since when it has had the newest of those that decide its health. Of another: when its last
    /// step was done.
    pub since: Timestamp,
    /// Next step for the tenant's admin.
    pub next_step: NextStep,
    /// The findings, as in the tenant's state.
    pub findings: Vec<Finding>,
    /// The corporation's id as the installed app sees it.
    pub corp_id: Option<CorpId>,
    /// The corporation's own id, once a Secret has proved it.
    pub plaintext_corp_id: Option<CorpId>,
    /// The corporation's name.
    pub corp_name: Option<String>,
    /// Ids of the callbacks, contacts first.
    #[cfg_attr(feature = "contract", schemars(length(max = 2)))]
    pub callback_ids: Vec<CallbackId>,
    /// When the app was installed.
    pub installed_at: Option<Timestamp>,
    /// When the setup was completed.
    pub completed_at: Option<Timestamp>,
}

impl Listing {
    /// The listing of `authorization` with its callbacks, contacts first. `before` is the tenant's last one.
    #[must_use]
    pub fn new(
        authorization: &Authorization,
        callbacks: &[Option<Callback>; 2],
        before: Option<&Self>,
        now: Timestamp,
    ) -> Self {
        let [contacts, external_contacts] = callbacks.each_ref().map(Option::as_ref);
        let findings = findings(authorization, [contacts, external_contacts], now);
        let health = health(&findings);
        let next_step = authorization.next_step(contacts, external_contacts);
        let installation = authorization.installation.as_ref();
        let newest = findings.iter().filter(|finding| finding.decides(health));
        let newest = newest.map(|finding| finding.since).max();
        let since = newest
            .or_else(|| authorization.last_step_at(callbacks))
            .unwrap_or_else(|| {
                let same = before.filter(|before| (before.health, before.next_step) == (health, next_step));
                same.map_or(now, |before| before.since)
            });
        Self {
            tenant_id: authorization.tenant_id.tenant(),
            binding_id: authorization.tenant_id.binding_id(),
            health,
            since,
            next_step,
            findings,
            corp_id: installation.map(|installation| installation.corp_id.clone()),
            plaintext_corp_id: authorization.plaintext_corp_id().cloned(),
            corp_name: installation
                .map(|installation| installation.corp_name.clone())
                .filter(|name| !name.is_empty()),
            callback_ids: callbacks
                .iter()
                .flatten()
                .map(|callback| callback.callback_id.clone())
                .collect(),
            installed_at: authorization.installed().map(|installation| installation.installed_at),
            completed_at: authorization.completed_at,
        }
    }

    /// What the listing is stored under.
    #[must_use]
    pub fn key(&self) -> TenantId {
        self.tenant_id.binding(&self.binding_id)
    }

    /// The lists that the tenant belongs to, each with its place: places sort as text, and the last is shown first.
    pub(crate) fn places(&self) -> BTreeMap<String, String> {
        let place = |since| format!("{}#{}", time_key(since), self.key());
        let rank = match self.health {
            Health::Broken => 2,
            Health::Attention => 1,
            Health::Ok => 0,
        };
        let mut places = BTreeMap::from([
            (ALL.to_owned(), format!("{rank}#{}", place(self.since))),
            (of_health(self.health), place(self.since)),
            (of_step(self.next_step), place(self.since)),
        ]);
        for finding in &self.findings {
            // A finding about both scopes: the newer one.
            let newest = self.findings.iter().filter(|other| other.code == finding.code);
            let newest = newest.map(|other| other.since).max().unwrap_or(finding.since);
            places.insert(of_finding(&finding.code), place(newest));
        }
        places
    }

    /// Whether one of the findings has this code.
    pub(crate) fn has_finding(&self, code: &str) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }

    /// Everything that a tenant is searched by, in lower case, each part between line feeds.
    pub(crate) fn search_text(&self) -> String {
        let ids = self
            .corp_id
            .iter()
            .chain(&self.plaintext_corp_id)
            .map(ToString::to_string);
        let callbacks = self.callback_ids.iter().map(ToString::to_string);
        let parts = std::iter::once(self.tenant_id.to_string())
            .chain(ids)
            .chain(callbacks)
            .chain(self.corp_name.clone());
        let mut text = parts.fold("\n".to_owned(), |text, part| text + &part + "\n");
        text.make_ascii_lowercase();
        text
    }
}

/// The list of every tenant: those that are broken first.
pub(crate) const ALL: &str = "all";

/// The list of the tenants of a health.
pub(crate) fn of_health(health: Health) -> String {
    format!("health/{}", health.as_str())
}

/// The list of the tenants whose next step is this.
pub(crate) fn of_step(step: NextStep) -> String {
    format!("step/{}", step.as_str())
}

/// The list of the tenants that have a finding.
pub(crate) fn of_finding(code: &str) -> String {
    format!("finding/{code}")
}

impl Authorization {
    /// The time at which the last step was done, of those that are done; `None` when none is.
    fn last_step_at(&self, callbacks: &[Option<Callback>; 2]) -> Option<Timestamp> {
        let installed = self.installed().map(|installation| installation.installed_at);
        let secrets = Scope::ALL
            .into_iter()
            .filter_map(|scope| self.scope(scope).secret.as_ref());
        let secrets = secrets.map(|secret| secret.registered_at);
        let verified = callbacks.iter().flatten().filter_map(|callback| callback.verified_at);
        installed
            .into_iter()
            .chain(secrets)
            .chain(verified)
            .chain(self.completed_at)
            .max()
    }
}
