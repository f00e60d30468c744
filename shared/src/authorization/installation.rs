//! Step 1: the installation, and the session in which it is made.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    audit::Actor,
    ids::{CorpId, Fingerprint, InstallState, SuiteId, TenantId},
};

/// An installation of the app in a corporation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    /// Whether the app is still installed.
    pub status: InstallationStatus,
    /// The id of the corporation as WeCom gives it to this provider: encrypted (`wp…`), plaintext for old
    /// authorizations.
    pub corp_id: CorpId,
    /// The name of the corporation, as WeCom gives it.
    pub corp_name: String,
    /// The app's id in the corporation; missing for a pure contacts app.
    pub agent_id: Option<u64>,
    /// Whether an administrator or a member installed the app.
    pub auth_mode: AuthMode,
    /// Whether the corporation is bound to the tenant, which only an administrator's installation does
    /// (docs/adr/0005-who-may-bind-a-corporation.md).
    #[serde(default = "bound_before_members_were_told_apart")]
    pub is_bound: bool,
    /// The time since which `auth_mode` has its value.
    pub auth_mode_since: Timestamp,
    /// The id of the current version of the permanent code in Secrets Manager.
    pub version_id: String,
    /// The time of the installation.
    pub installed_at: Timestamp,
    /// The time at which the app was removed, as WeCom reported it.
    pub cancelled_at: Option<Timestamp>,
    /// The visible range of the app, if WeCom gives it.
    #[serde(default)]
    pub privilege: Option<Privilege>,
    /// The time since which WeCom refuses the permanent code without reporting that the authorization is over.
    #[serde(default)]
    pub doubted_at: Option<Timestamp>,
    /// The time since which the permanent code is missing in Secrets Manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_missing_since: Option<Timestamp>,
    /// The suite that is installed; absent for the first suite in records of versions before several (ADR 30).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite_id: Option<SuiteId>,
    /// Whether it is a customised app (代开发, `is_customized_app`), as WeCom says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_customized: bool,
    /// The permissions of a customised app, if the platform needs any and WeCom has been asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    /// The time since which WeCom says that a customised app is not online.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpublished_since: Option<Timestamp>,
    /// The time since which WeCom says that the corporation has disabled (停用) a customised app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_since: Option<Timestamp>,
    /// The licence that a customised app needs, if it needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<Licence>,
}

/// The permissions of a customised app (`agent/get_permissions`, developer document 99108), as far as the platform needs them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Those that the corporation's administrator has not confirmed, in the platform's order.
    pub missing: Vec<String>,
    /// The time since which the same are missing.
    pub missing_since: Timestamp,
    /// The first end of one that ends.
    pub expires_at: Option<Timestamp>,
}

/// The interface licence (接口调用许可) that an app needs in a corporation (developer documents 97176 and 97194).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licence {
    /// The time from which WeCom refuses calls about members without a licence, and no longer notifies of their customers: the end of the
    /// trial, or of WeCom's own delay.
    pub needed_at: Timestamp,
    /// Whether a member of the corporation has one.
    pub is_bought: bool,
}

/// The visible range of the app, in counts. The members themselves are not stored: a corporation may name thousands,
/// and this product does not need them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Privilege {
    /// WeCom's permission level, 1 to 6 (developer document 90604).
    pub level: i64,
    /// The number of departments in the range.
    pub departments: usize,
    /// The number of members in the range.
    pub members: usize,
    /// The number of tags in the range.
    pub tags: usize,
    /// A hash of the whole range (16 hexadecimal digits): differs when the range differs.
    pub fingerprint: String,
    /// The time since which the range is the same.
    pub since: Timestamp,
}

impl Privilege {
    /// Whether the range is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.departments + self.members + self.tags == 0
    }
}

fn bound_before_members_were_told_apart() -> bool {
    true
}

impl Installation {
    /// Forgets what describes the corporation, after the installation ended: all but its id, which the certificate names too.
    pub fn forget_corporation(&mut self) {
        self.corp_name.clear();
        self.agent_id = None;
        self.privilege = None;
        self.permissions = None;
    }

    /// The same installation, which began at `at`.
    #[must_use]
    pub fn since(mut self, at: Timestamp) -> Self {
        self.installed_at = at;
        if let Some(privilege) = &mut self.privilege {
            // A range that never named anybody is not one that was emptied.
            privilege.since = at;
        }
        self
    }

    /// Whether it has the permanent code of `other`, in the same version.
    #[must_use]
    pub fn has_code_of(&self, other: &Self) -> bool {
        self.corp_id == other.corp_id && self.version_id == other.version_id
    }

    /// The same installation with the start times of `before`, as far as the values did not change since. One that waits for its
    /// confirmation goes on waiting. Another that is not bound stays a member's, whatever WeCom says: an administrator binds it
    /// with a link of the tenant.
    #[must_use]
    pub fn continuing(mut self, before: &Self) -> Self {
        self.installed_at = before.installed_at;
        self.is_bound = before.is_bound;
        self.status = before.status;
        self.permissions.clone_from(&before.permissions);
        self.unpublished_since = before.unpublished_since;
        self.disabled_since = before.disabled_since;
        self.licence.clone_from(&before.licence);
        if !self.is_bound && self.status == InstallationStatus::Installed {
            self.auth_mode = AuthMode::Member;
        }
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

/// Whether an installation is still in effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstallationStatus {
    /// The app is installed.
    Installed,
    /// An administrator of a corporation scanned the QR code of a template, and the tenant's admin has not confirmed yet that it is
    /// their corporation. Nothing of it is used until then.
    AwaitingConfirmation,
    /// The corporation removed the app; also a word of a newer version.
    #[serde(other)]
    Cancelled,
}

/// Person who installed the app (`auth_mode`, developer document 94496).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuthMode {
    /// An administrator: the app sees what they allowed.
    Admin,
    /// A member, for themselves alone: not sufficient here.
    #[serde(other)]
    Member,
}

/// Reason why an authorization has no installation that an administrator made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminInstallationMissing {
    /// The app is not installed.
    NotInstalled,
    /// The app was installed by a member.
    ByMember,
}

/// An install session: from 安装到企业微信 to WeCom's redirect. Binds the redirect to the tenant and to the browser that
/// opened the link. For a template it lasts from its QR code to WeCom's `create_auth`, and no browser comes back. `Debug` does not
/// show codes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallSession {
    /// The `state` of the link: random, for one use.
    pub state: InstallState,
    /// The tenant that the installation is for.
    pub tenant_id: TenantId,
    /// The pre-auth code, a part of WeCom's install link; empty for a QR code.
    pub pre_auth_code: String,
    /// The end of the link's validity.
    pub expires_at: Timestamp,
    /// What the cookie of a browser is derived from, together with what the page's button sends. Absent from sessions of
    /// earlier versions.
    #[serde(default)]
    pub cookie_seed: Option<String>,
    /// The fingerprint of the cookie of the browser that opened the link.
    pub browser: Option<Fingerprint>,
    /// The claim on the exchange of the auth_code, after WeCom's redirect.
    pub exchange: Option<Exchange>,
    /// The admin who asked for the link.
    #[serde(default = "Actor::system")]
    pub started_by: Actor,
    /// The outcome; `None` while the session is open.
    pub outcome: Option<InstallOutcome>,
    /// The suite that is being installed; absent for the first suite in sessions of versions before several (ADR 30).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite_id: Option<SuiteId>,
    /// Whether an administrator scans a QR code of a template instead of opening a link.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_scanned: bool,
}

/// The claim of an attempt to exchange an auth_code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// The fingerprint of the auth_code. A session takes one code, once.
    pub auth_code: Fingerprint,
    /// The start of the attempt. One that has not ended after [`Exchange::LEASE`] has died.
    pub started_at: Timestamp,
}

/// The validity of an auth_code (developer document 90597). A redirect or a `create_auth` is accepted for this long after the
/// link has expired, because the admin may confirm in its last minute.
pub const AUTH_CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

impl Exchange {
    /// The duration of a claim: longer than the timeout of `installation-callback` (template.yaml). `process-suite-event` takes
    /// longer, but the stream never gives it one event twice at a time.
    pub const LEASE: SignedDuration = SignedDuration::from_secs(30);
}

/// The outcome of an install session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstallOutcome {
    /// An administrator installed the app.
    Installed,
    /// There is no installation that can be used.
    Failed(InstallFailure),
}

/// Reason why an install session ended without an installation that can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstallFailure {
    /// A member installed the app, not an administrator.
    MemberAuthorization,
    /// The auth_code was used or has expired.
    InstallLinkExpired,
    /// The corporation is another one than the one that belongs to the tenant.
    CorpMismatch,
    /// A word in a stored session that this version does not know.
    #[serde(untagged)]
    Other(String),
}

impl InstallFailure {
    /// The stable word for it, as it is stored and as it is shown to the admin.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::MemberAuthorization => "member_authorization",
            Self::InstallLinkExpired => "install_link_expired",
            Self::CorpMismatch => "corp_mismatch",
            Self::Other(word) => word,
        }
    }
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
    /// A new session, whose link has not been opened.
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
            cookie_seed: None,
            browser: None,
            exchange: None,
            started_by,
            outcome: None,
            suite_id: None,
            is_scanned: false,
        }
    }

    /// A new session for a QR code of a template, which WeCom's `create_auth` ends.
    #[must_use]
    pub fn of_qr_code(state: InstallState, tenant_id: TenantId, expires_at: Timestamp, started_by: Actor) -> Self {
        Self {
            is_scanned: true,
            ..Self::new(state, tenant_id, String::new(), expires_at, started_by)
        }
    }

    /// The same session, of this suite.
    #[must_use]
    pub fn of_suite(self, suite_id: Option<SuiteId>) -> Self {
        Self { suite_id, ..self }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_failure_is_stored_as_its_word_and_an_unknown_word_is_kept() {
        for (failure, word) in [
            (InstallFailure::MemberAuthorization, "member_authorization"),
            (InstallFailure::InstallLinkExpired, "install_link_expired"),
            (InstallFailure::CorpMismatch, "corp_mismatch"),
            (InstallFailure::Other("next_year".to_owned()), "next_year"),
        ] {
            assert_eq!(failure.as_str(), word);
            let stored = json!({ "failed": word });
            let outcome = InstallOutcome::Failed(failure);
            assert_eq!(serde_json::to_value(&outcome).unwrap(), stored);
            assert_eq!(serde_json::from_value::<InstallOutcome>(stored).unwrap(), outcome);
        }
        assert_eq!(serde_json::to_value(InstallOutcome::Installed).unwrap(), "installed");
    }
}
