//! The domain: what is true of one tenant's authorization, and how it may change. Pure: no I/O, no clock of its own.

mod callback;
mod changes;
mod findings;
mod installation;
mod view;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::{
    callback::{Callback, Generation, Rejection, RejectionReason, Retired},
    changes::Difference,
    findings::{Finding, Health, Severity},
    installation::{
        AdminInstallationMissing, AuthMode, Exchange, InstallOutcome, InstallSession, Installation, InstallationStatus,
        Privilege,
    },
    view::{CallbackStatus, NextStep, ScopeView, StateView},
};
use crate::ids::{CallbackId, CorpId, Scope, TenantId};

/// Everything that the wizard shows of one tenant, but for the callbacks, which are records of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Counts the changes, for optimistic locking. Zero: never stored.
    pub version: u64,
    /// Step 1.
    pub installation: Option<Installation>,
    /// Step 2.
    pub contacts: ScopeState,
    /// Step 3.
    pub external_contacts: ScopeState,
    /// What the tenant has chosen.
    pub settings: Settings,
    /// When the wizard was completed.
    pub completed_at: Option<Timestamp>,
    /// When it is to be looked at again by itself.
    #[serde(default)]
    pub next_check_at: Option<Timestamp>,
    /// Whether it worked when it was last looked at: what other services were told last.
    #[serde(default)]
    pub health: Health,
    /// What an authorization that ended has left to do.
    #[serde(default)]
    pub cleanup: Option<Cleanup>,
}

/// What an authorization that ended has left to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleanup {
    /// What.
    pub tasks: Vec<CleanupTask>,
    /// Since when.
    pub since: Timestamp,
}

/// One thing to clean up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CleanupTask {
    /// The permanent code and its token.
    Installation,
    /// A Secret and its token.
    Scope(Scope),
    /// The events.
    Events,
}

/// Step 2 or 3 of one tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeState {
    /// The Secret in the vault, when there is one.
    pub secret: Option<RegisteredSecret>,
    /// The callback, when credentials have been generated.
    pub callback_id: Option<CallbackId>,
}

/// What may be known of a Secret in the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredSecret {
    /// Whether WeCom took it when we last asked.
    pub status: SecretStatus,
    /// The plaintext corp id that it belongs to.
    pub corp_id: CorpId,
    /// How sure we are that it is the right kind of Secret.
    pub kind_check: KindCheck,
    /// Since when both are as they are.
    pub status_since: Timestamp,
    /// Its last four characters, so that two people can compare.
    pub last_four: String,
    /// The version in Secrets Manager that is in force.
    pub version_id: String,
    /// The self-built app it belongs to, when the admin said so.
    pub agent_id: Option<u64>,
    /// When it was entered.
    pub registered_at: Timestamp,
    /// When WeCom was last asked.
    pub checked_at: Timestamp,
}

impl RegisteredSecret {
    /// WeCom was asked at `at`, and this is what it said. Answers whether that is anything new.
    pub fn checked(&mut self, status: SecretStatus, kind_check: KindCheck, at: Timestamp) -> bool {
        let new = (self.status, self.kind_check) != (status, kind_check);
        if new {
            (self.status, self.kind_check, self.status_since) = (status, kind_check, at);
        }
        self.checked_at = at;
        new
    }
}

/// Whether WeCom takes a Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SecretStatus {
    /// It did when we last asked.
    Accepted,
    /// It did once, and does no more.
    Rejected,
}

/// How sure we are that a Secret is the right kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum KindCheck {
    /// The call that only this kind may make succeeded.
    Confirmed,
    /// WeCom refused our address (60020) before it looked at the kind.
    IpNotTrusted,
    /// The app that the Secret belongs to is disabled (50003, 50006).
    AppDisabled,
    /// WeCom gave an answer that says neither yes nor no.
    Unconfirmed,
}

impl SecretStatus {
    /// The stable word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

impl KindCheck {
    /// The stable word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::IpNotTrusted => "ip_not_trusted",
            Self::AppDisabled => "app_disabled",
            Self::Unconfirmed => "unconfirmed",
        }
    }
}

/// A binding that works is looked at this often.
pub const CHECK_INTERVAL: jiff::SignedDuration = jiff::SignedDuration::from_hours(12);

/// What a tenant has chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Settings {
    /// Where this tenant's callback URLs begin; `None`: the deployment's default.
    pub callback_base_url: Option<String>,
}

impl Authorization {
    /// The authorization of a tenant that has done nothing yet.
    #[must_use]
    pub fn new(tenant_id: TenantId) -> Self {
        Self {
            tenant_id,
            version: 0,
            installation: None,
            contacts: ScopeState::default(),
            external_contacts: ScopeState::default(),
            settings: Settings::default(),
            completed_at: None,
            next_check_at: None,
            health: Health::Ok,
            cleanup: None,
        }
    }

    /// One of the two steps.
    #[must_use]
    pub fn scope(&self, scope: Scope) -> &ScopeState {
        match scope {
            Scope::Contacts => &self.contacts,
            Scope::ExternalContacts => &self.external_contacts,
        }
    }

    /// One of the two steps, to change it.
    pub fn scope_mut(&mut self, scope: Scope) -> &mut ScopeState {
        match scope {
            Scope::Contacts => &mut self.contacts,
            Scope::ExternalContacts => &mut self.external_contacts,
        }
    }

    /// The installation, when it is in force.
    #[must_use]
    pub fn installed(&self) -> Option<&Installation> {
        self.installation
            .as_ref()
            .filter(|installation| installation.status == InstallationStatus::Installed)
    }

    /// The installation that is in force, if an administrator made it.
    ///
    /// # Errors
    /// [`AdminInstallationMissing`].
    pub fn admin_installation(&self) -> Result<&Installation, AdminInstallationMissing> {
        match self.installed() {
            None => Err(AdminInstallationMissing::NotInstalled),
            Some(installation) if installation.auth_mode == AuthMode::Member => Err(AdminInstallationMissing::ByMember),
            Some(installation) => Ok(installation),
        }
    }

    /// The plaintext corp id, once a Secret has proved it.
    #[must_use]
    pub fn plaintext_corp_id(&self) -> Option<&CorpId> {
        Scope::ALL
            .into_iter()
            .find_map(|scope| self.scope(scope).secret.as_ref())
            .map(|secret| &secret.corp_id)
    }

    /// Whether there is nothing to disconnect.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.installation.is_none()
            && Scope::ALL
                .into_iter()
                .all(|scope| *self.scope(scope) == ScopeState::default())
    }

    /// What is written anew is not to be cleaned up any more.
    pub fn keep_from_cleanup(&mut self, task: CleanupTask) {
        if let Some(cleanup) = &mut self.cleanup {
            cleanup.tasks.retain(|planned| *planned != task);
        }
    }

    /// Records an installation. One of another corporation than before starts the other steps anew, because their Secrets
    /// and callbacks belong to the corporation that left; answers the callbacks that must go with it.
    pub fn install(&mut self, installation: Installation) -> Vec<CallbackId> {
        let same = self
            .installation
            .as_ref()
            .is_none_or(|before| before.corp_id == installation.corp_id);
        if self.installed().is_none() {
            // What an authorization before this one has left to do is due at once.
            let wait = if self.cleanup.is_some() {
                jiff::SignedDuration::ZERO
            } else {
                CHECK_INTERVAL
            };
            self.next_check_at = Some(installation.installed_at + wait);
            // What was wrong ended with what was there before.
            self.health = Health::Ok;
        }
        self.installation = Some(installation);
        self.keep_from_cleanup(CleanupTask::Installation);
        if same {
            return Vec::new();
        }
        self.completed_at = None;
        let left = [
            std::mem::take(&mut self.contacts),
            std::mem::take(&mut self.external_contacts),
        ];
        left.into_iter().filter_map(|scope| scope.callback_id).collect()
    }

    /// WeCom says that the app was removed.
    pub fn cancel(&mut self, at: Timestamp) {
        if let Some(installation) = &mut self.installation {
            installation.status = InstallationStatus::Cancelled;
            installation.cancelled_at = Some(at);
            self.health = Health::Broken;
        }
    }
}
