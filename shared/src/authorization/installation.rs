//! Step 1: the installation, and the session of the browser that makes it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    audit::Actor,
    ids::{CorpId, Fingerprint, InstallState, TenantId},
};

/// An installation of the app in a corporation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    /// Whether it is in force.
    pub status: InstallationStatus,
    /// The corporation as WeCom names it to this provider: encrypted (`wp…`), plaintext for historic ones.
    pub corp_id: CorpId,
    /// Its name.
    pub corp_name: String,
    /// The app's id in the corporation; missing for a pure contacts app.
    pub agent_id: Option<u64>,
    /// Who installed it.
    pub auth_mode: AuthMode,
    /// Since when it is that one's.
    pub auth_mode_since: Timestamp,
    /// The version in Secrets Manager of the permanent code that is in force.
    pub version_id: String,
    /// When it was made.
    pub installed_at: Timestamp,
    /// When WeCom said that it is over.
    pub cancelled_at: Option<Timestamp>,
    /// What the app may see, as far as WeCom says.
    #[serde(default)]
    pub privilege: Option<Privilege>,
    /// Since when WeCom refuses the permanent code without saying that the authorization is over.
    #[serde(default)]
    pub doubted_at: Option<Timestamp>,
}

/// What the app may see: how much, not whom. A corporation may name thousands of members, and they are its own business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Privilege {
    /// WeCom's permission level, 1 to 6 (developer document 90604).
    pub level: i64,
    /// How many departments are named.
    pub departments: usize,
    /// How many members are named.
    pub members: usize,
    /// How many tags are named.
    pub tags: usize,
    /// Differs when anything differs, whoever is named.
    pub fingerprint: String,
    /// Since when it is so.
    pub since: Timestamp,
}

impl Privilege {
    /// Whether the app may see nobody at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.departments + self.members + self.tags == 0
    }
}

impl Installation {
    /// What WeCom says now of an installation that is `before` here: the same one, so it began when that began.
    #[must_use]
    pub fn continuing(mut self, before: &Self) -> Self {
        self.installed_at = before.installed_at;
        if self.auth_mode == before.auth_mode {
            self.auth_mode_since = before.auth_mode_since;
        }
        if let (Some(now), Some(before)) = (&mut self.privilege, &before.privilege)
            && now.fingerprint == before.fingerprint
        {
            now.since = before.since;
        }
        self
    }
}

/// Whether an installation is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstallationStatus {
    /// It is.
    Installed,
    /// The corporation removed the app.
    Cancelled,
}

/// Who installed the app (`auth_mode`, developer document 94496).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuthMode {
    /// An administrator: the app sees what he allowed.
    Admin,
    /// A member, for himself alone: of no use here.
    Member,
}

/// Why an authorization has no installation that an administrator made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminInstallationMissing {
    /// The app is not installed.
    NotInstalled,
    /// The app was installed by a member.
    ByMember,
}

/// One press of 安装到企业微信: ties WeCom's redirect to the tenant and to the browser that set out. `Debug` shows no code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallSession {
    /// Random, single use.
    pub state: InstallState,
    /// For which tenant.
    pub tenant_id: TenantId,
    /// Part of WeCom's install link.
    pub pre_auth_code: String,
    /// When the link ends.
    pub expires_at: Timestamp,
    /// Hash of the cookie of the browser that opened the link.
    pub browser: Option<Fingerprint>,
    /// The exchange of the auth_code, once WeCom has sent the browser back.
    pub exchange: Option<Exchange>,
    /// Who pressed.
    #[serde(default = "Actor::system")]
    pub started_by: Actor,
    /// How it ended.
    pub outcome: Option<InstallOutcome>,
}

/// An attempt to exchange an auth_code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Hash of the auth_code: a session takes one code, once.
    pub auth_code: Fingerprint,
    /// When the attempt began; one that has not ended after [`Exchange::LEASE`] has died.
    pub started_at: Timestamp,
}

impl Exchange {
    /// Longer than `installation-callback` may run (template.yaml).
    pub const LEASE: SignedDuration = SignedDuration::from_secs(30);
}

/// How an install session ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstallOutcome {
    /// With an installation.
    Installed,
    /// With an error of this code.
    Failed(String),
}

impl std::fmt::Debug for InstallSession {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("InstallSession")
            .field("tenant_id", &self.tenant_id)
            .field("expires_at", &self.expires_at)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

impl InstallSession {
    /// A link that nobody has opened yet.
    #[must_use]
    pub fn new(
        state: InstallState,
        tenant_id: TenantId,
        pre_auth_code: String,
        expires_at: Timestamp,
        started_by: Actor,
    ) -> Self {
        Self {
            state,
            tenant_id,
            pre_auth_code,
            expires_at,
            browser: None,
            exchange: None,
            started_by,
            outcome: None,
        }
    }
}
