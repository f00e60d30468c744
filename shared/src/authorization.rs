//! The domain: the state of one tenant's authorization and its transitions. Without I/O; the time is an argument.

mod assist;
mod bindings;
mod callback;
mod changes;
mod claim;
mod cleanup;
mod deletion;
mod findings;
mod installation;
pub(crate) mod listing;
mod recovery;
mod refusals;
mod view;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use self::findings::{EXPIRING, SILENCE};
pub use self::{
    assist::{AssistLink, TooManyAssistLinks},
    bindings::{BindingView, Bindings, TooManyBindings},
    callback::{Callback, EventCounts, Generation, Retired},
    changes::{Difference, HEALTH},
    claim::Claim,
    cleanup::{Cleanup, CleanupTask, Marker, PlannedWrite},
    deletion::{Deleted, Deletion},
    findings::{Finding, Health, Severity},
    installation::{
        AUTH_CODE_LIFETIME, AdminInstallationMissing, AuthMode, Exchange, InstallFailure, InstallOutcome,
        InstallSession, Installation, InstallationStatus, Licence, Permissions, Privilege,
    },
    listing::Listing,
    recovery::{Recoverable, RecoverableScope},
    refusals::{Refusal, Rejection, RejectionReason},
    view::{CallbackStatus, NextStep, PlatformView, ScopeView, StateView},
};
use crate::ids::{CallbackId, CorpId, Fingerprint, Scope, TenantId};

/// The state of one tenant's authorization, as it is stored. Its callbacks are records of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    /// The tenant that the authorization belongs to.
    pub tenant_id: TenantId,
    /// The number of changes, for optimistic locking; zero if it was never stored.
    pub version: u64,
    /// Step 1 of the wizard: the installation of the app.
    pub installation: Option<Installation>,
    /// Step 2 of the wizard: 通讯录.
    pub contacts: ScopeState,
    /// Step 3 of the wizard: 外部联系人.
    pub external_contacts: ScopeState,
    /// The settings of the tenant.
    pub settings: Settings,
    /// The time at which the wizard was completed.
    pub completed_at: Option<Timestamp>,
    /// The time of the next check by `check-health`; `None` when there is nothing to check.
    #[serde(default)]
    pub next_check_at: Option<Timestamp>,
    /// The health at the last check: the value that other services were last notified of.
    #[serde(default)]
    pub health: Health,
    /// The code of the finding that decides that health, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
    /// The clean-up after an authorization that ended; `None` when it is done.
    #[serde(default)]
    pub cleanup: Option<Cleanup>,
    /// Links that show one step's values to a colleague; see [`assist_links`](Authorization::assist_links).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assist_links: Vec<AssistLink>,
    /// Secrets that may be in the vault although nothing here names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub planned_writes: Vec<PlannedWrite>,
    /// The line of an import that the authorization was made of, so that the same line is known again; `None` if it was not imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Fingerprint>,
    /// What was deleted since an authorization ended; `None` when the certificate about it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Deletion>,
    /// Whether it is a further binding that its admin has disconnected: it is no longer one of the tenant's, and nothing begins in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_removed: bool,
}

/// The state of step 2 or 3 of one tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeState {
    /// The Secret that is registered, if any.
    pub secret: Option<RegisteredSecret>,
    /// The callback, once credentials have been generated.
    pub callback_id: Option<CallbackId>,
    /// The end of the last callback that received events: those since are lost, until another one is verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_until: Option<Timestamp>,
}

impl ScopeState {
    /// Whether there is neither a Secret nor a callback.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.secret.is_none() && self.callback_id.is_none()
    }
}

/// A registered Secret: everything but its value, which is in Secrets Manager.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredSecret {
    /// Whether WeCom accepted it when it was last asked.
    pub status: SecretStatus,
    /// The plaintext corp id that it belongs to.
    pub corp_id: CorpId,
    /// The result of the check that it is the right kind of Secret.
    pub kind_check: KindCheck,
    /// The time since which both have their current values.
    pub status_since: Timestamp,
    /// The last four characters, for comparison by people; empty for a Secret of fewer than 16.
    pub last_four: String,
    /// The id of its current version in Secrets Manager.
    pub version_id: String,
    /// The id of the self-built app that it belongs to, if the admin gave it.
    pub agent_id: Option<u64>,
    /// The time at which it was registered.
    pub registered_at: Timestamp,
    /// The time at which WeCom was last asked about it.
    pub checked_at: Timestamp,
}

impl RegisteredSecret {
    /// Records the result of asking WeCom at `at`. Returns whether it differs from the previous one.
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
    /// Unknown: the Secret is missing in Secrets Manager.
    Missing,
    /// It no longer does; also a word of a newer version.
    #[serde(other)]
    Rejected,
}

/// Certainty that a Secret is of the right kind.
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
    /// WeCom gave an answer that says neither yes nor no; also a word of a newer version.
    #[serde(other)]
    Unconfirmed,
}

impl SecretStatus {
    /// The stable word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Missing => "missing",
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

/// The interval between two checks of a tenant that works.
pub const CHECK_INTERVAL: jiff::SignedDuration = jiff::SignedDuration::from_hours(12);

/// Settings that a tenant has chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Settings {
    /// Base of this tenant's callback URLs; `None`: the deployment's default.
    pub callback_base_url: Option<String>,
    /// A domain that was chosen and does not lead to us yet. Until it does, callback URLs begin as before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_callback_base_url: Option<String>,
    /// What the chosen domain is missing; absent when it leads to us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_check: Option<DomainCheck>,
    /// Days for which events that arrive from now on are stored; absent: as long as the deployment stores them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "contract", schemars(range(min = 1, max = 3650)))]
    pub event_retention_days: Option<u16>,
}

/// A look at a callback domain that does not lead to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct DomainCheck {
    /// When it was looked at.
    pub checked_at: Timestamp,
    /// What is missing.
    pub missing: DomainPart,
    /// Why it is missing.
    pub reason: DomainFault,
}

/// What a callback domain needs, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DomainPart {
    /// A name that resolves to public addresses.
    Dns,
    /// A certificate for the name.
    Tls,
    /// An answer of this deployment under the name.
    #[serde(other)]
    Answer,
}

/// Why a callback domain does not lead to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DomainFault {
    /// The name does not resolve.
    DnsNotFound,
    /// The name resolves to an address that is not public. It is not called.
    PrivateAddress,
    /// The certificate is missing, expired or another's.
    CertificateRefused,
    /// Nobody accepts connections there.
    ConnectionFailed,
    /// There was no answer within five seconds.
    TimedOut,
    /// Something else answers, or another deployment does.
    #[serde(other)]
    AnsweredByAnother,
}

impl DomainFault {
    /// The part that is missing because of it.
    #[must_use]
    pub fn part(self) -> DomainPart {
        match self {
            Self::DnsNotFound | Self::PrivateAddress => DomainPart::Dns,
            Self::CertificateRefused => DomainPart::Tls,
            Self::ConnectionFailed | Self::TimedOut | Self::AnsweredByAnother => DomainPart::Answer,
        }
    }
}

impl Settings {
    /// The domain that the tenant has chosen, whether it leads to us or not.
    #[must_use]
    pub fn chosen_domain(&self) -> Option<&str> {
        let chosen = self.pending_callback_base_url.as_ref();
        chosen.or(self.callback_base_url.as_ref()).map(String::as_str)
    }

    /// Returns to the deployment's callback domain.
    pub fn reset_domain(&mut self) {
        self.callback_base_url = None;
        self.pending_callback_base_url = None;
        self.domain_check = None;
    }

    /// Takes the result of looking at `chosen`: one that leads to us is used from now on; one that does not is pending, unless it
    /// is in use already.
    pub fn choose(&mut self, chosen: String, checked_at: Timestamp, fault: Option<DomainFault>) {
        self.domain_check = fault.map(|reason| DomainCheck {
            checked_at,
            missing: reason.part(),
            reason,
        });
        self.pending_callback_base_url = None;
        if fault.is_none() {
            self.callback_base_url = Some(chosen);
        } else if self.callback_base_url.as_ref() != Some(&chosen) {
            self.pending_callback_base_url = Some(chosen);
        }
    }
}

impl Authorization {
    /// The empty authorization of a new tenant.
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
            finding: None,
            cleanup: None,
            assist_links: Vec::new(),
            planned_writes: Vec::new(),
            imported: None,
            deletion: None,
            is_removed: false,
        }
    }

    /// Whether it is one of its tenant's bindings: the first one, or one that was added and not removed.
    #[must_use]
    pub fn is_binding(&self) -> bool {
        !self.tenant_id.is_further() || (self.version > 0 && !self.is_removed)
    }

    /// The state of one scope.
    #[must_use]
    pub fn scope(&self, scope: Scope) -> &ScopeState {
        match scope {
            Scope::Contacts => &self.contacts,
            Scope::ExternalContacts => &self.external_contacts,
        }
    }

    /// The state of one scope, to change it.
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

    /// The installation that WeCom has: one in force, or one that waits for the admin's confirmation.
    #[must_use]
    pub fn present(&self) -> Option<&Installation> {
        self.installation
            .as_ref()
            .filter(|installation| installation.status != InstallationStatus::Cancelled)
    }

    /// The installation that waits for the admin's confirmation.
    #[must_use]
    pub fn awaiting_confirmation(&self) -> Option<&Installation> {
        self.installation
            .as_ref()
            .filter(|installation| installation.status == InstallationStatus::AwaitingConfirmation)
    }

    /// Puts the installation that waits for it in force, and binds its corporation.
    pub fn confirm_installation(&mut self, at: Timestamp) {
        let waiting = self.installation.as_mut();
        if let Some(installation) =
            waiting.filter(|installation| installation.status == InstallationStatus::AwaitingConfirmation)
        {
            installation.status = InstallationStatus::Installed;
            installation.is_bound = true;
            // Checked next, so that what WeCom has withdrawn in the meantime is soon known.
            self.next_check_at = Some(at);
        }
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

    /// Whether WeCom accepts a Secret of this tenant.
    #[must_use]
    pub fn has_accepted_secret(&self) -> bool {
        let mut secrets = Scope::ALL
            .into_iter()
            .filter_map(|scope| self.scope(scope).secret.as_ref());
        secrets.any(|secret| secret.status == SecretStatus::Accepted)
    }

    /// Whether there is no installation, Secret or callback, and none of their secrets was being written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.installation.is_none()
            && self.planned_writes.is_empty()
            && Scope::ALL.into_iter().all(|scope| self.scope(scope).is_empty())
    }

    /// Records an installation. For another corporation than before the other steps are reset, because their Secrets
    /// and callbacks belong to the previous corporation. Returns the callbacks that have to be removed with it.
    pub fn install(&mut self, installation: Installation) -> Vec<CallbackId> {
        let same = self
            .installation
            .as_ref()
            .is_none_or(|before| before.corp_id == installation.corp_id);
        if self.installed().is_none() {
            // The clean-up after an earlier authorization is due at once.
            let wait = if self.cleanup.is_some() {
                jiff::SignedDuration::ZERO
            } else {
                CHECK_INTERVAL
            };
            self.next_check_at = Some(installation.installed_at + wait);
            // Faults of the previous installation ended with it.
            (self.health, self.finding) = (Health::Ok, None);
        }
        self.installation = Some(installation);
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

    /// Marks the installation as cancelled, after WeCom reported that the app was removed, and forgets what describes the corporation.
    pub fn cancel(&mut self, at: Timestamp) {
        if let Some(installation) = &mut self.installation {
            installation.status = InstallationStatus::Cancelled;
            installation.cancelled_at = Some(at);
            installation.forget_corporation();
            (self.health, self.finding) = (Health::Broken, Some("authorization_cancelled".to_owned()));
        }
    }
}
