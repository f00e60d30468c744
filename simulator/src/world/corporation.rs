//! A corporation: ids, Secrets, members, saved callbacks and the installed app.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Which, settings::Switches};
use crate::delivery::CheckOutcome;

/// Kinds of Secret of a corporation, which admins confuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretKind {
    /// 管理工具 → 通讯录同步.
    Contacts,
    /// 客户联系 → API (the system app).
    ExternalContacts,
    /// A self-built app that is listed under 客户联系 → 可调用接口的应用.
    ListedApp,
    /// A self-built app that is not listed there.
    OtherApp,
}

impl SecretKind {
    /// All kinds, in the order of the page.
    pub const ALL: [Self; 4] = [Self::Contacts, Self::ExternalContacts, Self::ListedApp, Self::OtherApp];

    /// Name in a path.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::ExternalContacts => "external-contacts",
            Self::ListedApp => "listed-app",
            Self::OtherApp => "other-app",
        }
    }

    /// Parses the name in a path.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.slug() == slug)
    }
}

/// The two receive-event servers (接收事件服务器) of a corporation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// 通讯录同步.
    Contacts,
    /// 客户联系.
    ExternalContacts,
}

impl Scope {
    /// Both forms, in the order of the page.
    pub const ALL: [Self; 2] = [Self::Contacts, Self::ExternalContacts];

    /// Name in a path.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::ExternalContacts => "external-contacts",
        }
    }

    /// Parses the name in a path.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.slug() == slug)
    }
}

/// Person who authorized the app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMode {
    /// An administrator, for the corporation.
    #[default]
    Admin,
    /// A member, for that member only.
    Member,
}

/// One Secret of each kind.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "named like the kinds")]
pub struct Secrets {
    pub contacts: String,
    pub external_contacts: String,
    pub listed_app: String,
    pub other_app: String,
}

impl Secrets {
    /// The Secret of this kind.
    #[must_use]
    pub fn of(&self, kind: SecretKind) -> &str {
        match kind {
            SecretKind::Contacts => &self.contacts,
            SecretKind::ExternalContacts => &self.external_contacts,
            SecretKind::ListedApp => &self.listed_app,
            SecretKind::OtherApp => &self.other_app,
        }
    }

    /// The kind of this Secret; `None` when it is not one of them.
    #[must_use]
    pub fn kind_of(&self, secret: &str) -> Option<SecretKind> {
        SecretKind::ALL.into_iter().find(|kind| self.of(*kind) == secret)
    }

    pub(crate) fn replace(&mut self, kind: SecretKind, secret: String) {
        match kind {
            SecretKind::Contacts => self.contacts = secret,
            SecretKind::ExternalContacts => self.external_contacts = secret,
            SecretKind::ListedApp => self.listed_app = secret,
            SecretKind::OtherApp => self.other_app = secret,
        }
    }
}

/// URL, Token and EncodingAESKey as an admin pastes them.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "named like the fields of WeCom's form")]
pub struct CallbackForm {
    pub url: String,
    pub token: String,
    pub encoding_aes_key: String,
}

/// A receive-event server that has passed the check.
#[derive(Clone, Serialize, Deserialize)]
pub struct SavedCallback {
    /// URL to which events are sent.
    pub url: Url,
    /// Token, which signs.
    pub token: String,
    /// EncodingAESKey, which encrypts.
    pub encoding_aes_key: String,
    /// Time at which the check passed.
    pub verified_at: Timestamp,
}

/// A receive-event form: the saved values, the last values entered, and the result of their check.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct CallbackSlot {
    /// The saved server.
    pub saved: Option<SavedCallback>,
    /// Values in the form when 保存 was last pressed.
    pub pasted: Option<CallbackForm>,
    /// Result of that check.
    pub last_check: Option<CheckOutcome>,
}

/// The forms of both scopes.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "named like the scopes")]
pub struct Callbacks {
    pub contacts: CallbackSlot,
    pub external_contacts: CallbackSlot,
}

impl Callbacks {
    /// The form of this scope.
    #[must_use]
    pub fn of(&self, scope: Scope) -> &CallbackSlot {
        match scope {
            Scope::Contacts => &self.contacts,
            Scope::ExternalContacts => &self.external_contacts,
        }
    }

    pub(crate) fn of_mut(&mut self, scope: Scope) -> &mut CallbackSlot {
        match scope {
            Scope::Contacts => &mut self.contacts,
            Scope::ExternalContacts => &mut self.external_contacts,
        }
    }
}

/// The provider's app in a corporation.
#[derive(Clone, Serialize, Deserialize)]
pub struct Installation {
    /// Whether it was removed. It is kept, because a removed app's code has another error than an unknown one.
    pub removed: bool,
    /// Person who authorized it.
    pub auth_mode: AuthMode,
    /// AgentId of the app in the corporation.
    pub agent_id: i64,
    /// Permanent code from `get_permanent_code`.
    pub permanent_code: String,
    /// Time of the first exchange.
    pub installed_at: Timestamp,
    /// Whether it is a customised app (代开发), whose permanent code is its Secret.
    #[serde(default)]
    pub is_customized: bool,
    /// Permissions of a customised app that the administrator has confirmed.
    #[serde(default = "usual_permissions")]
    pub permissions: Vec<String>,
    /// Departments visible to the app.
    #[serde(default = "the_whole_corporation")]
    pub visible_departments: Vec<i64>,
}

/// Those of contacts and customers.
pub(crate) fn usual_permissions() -> Vec<String> {
    ["contact:base:base", "externalcontact:base:base"]
        .map(str::to_owned)
        .into()
}

/// Visible range that contains every member: the root department, whose id is 1.
pub(crate) fn the_whole_corporation() -> Vec<i64> {
    vec![1]
}

/// Department of a corporation, by the ids of WeCom.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Department {
    pub(crate) id: i64,
    pub(crate) parent_id: i64,
}

/// Member, who belongs to one department.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) user_id: String,
    pub(crate) department: i64,
}

/// Corporation with its members, Secrets, callbacks and installed apps.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Corporation {
    pub(crate) name: String,
    /// 企业ID, plaintext.
    pub(crate) corp_id: String,
    /// Encrypted id for this provider.
    pub(crate) open_corp_id: String,
    pub(crate) secrets: Secrets,
    pub(crate) departments: Vec<Department>,
    pub(crate) members: Vec<Member>,
    /// Members with permission for external contacts.
    pub(crate) followers: Vec<String>,
    #[serde(default)]
    pub(crate) switches: Switches,
    #[serde(default)]
    pub(crate) callbacks: Callbacks,
    #[serde(default)]
    pub(crate) installation: Option<Installation>,
    /// By the ids of the suites other than the first.
    #[serde(default)]
    pub(crate) other_installations: BTreeMap<String, Installation>,
}

/// Agent ids of the seeded self-built apps.
pub(crate) const LISTED_APP_AGENT_ID: i64 = 1_000_002;
pub(crate) const OTHER_APP_AGENT_ID: i64 = 1_000_003;

impl Corporation {
    /// A suite's app, also one that was removed.
    pub(crate) fn installation_of(&self, which: &Which) -> Option<&Installation> {
        match which.id() {
            None => self.installation.as_ref(),
            Some(suite_id) => self.other_installations.get(suite_id),
        }
    }

    /// A suite's app, if it is installed.
    pub(crate) fn installed(&self, which: &Which) -> Option<&Installation> {
        self.installation_of(which).filter(|installation| !installation.removed)
    }

    /// The customised app whose Secret this is.
    pub(crate) fn customized_app(&self, secret: &str) -> Option<Which> {
        let first = self
            .installation
            .iter()
            .map(|installation| (Which::FIRST, installation));
        let others = self.other_installations.iter();
        let others = others.map(|(suite_id, installation)| (Which::another(suite_id), installation));
        first
            .chain(others)
            .find(|(_, one)| one.is_customized && !one.removed && one.permanent_code == secret)
            .map(|(which, _)| which)
    }

    /// A suite's app, if it is installed, to change it.
    pub(crate) fn installed_mut(&mut self, which: &Which) -> Option<&mut Installation> {
        let installation = match which.id() {
            None => self.installation.as_mut(),
            Some(suite_id) => self.other_installations.get_mut(suite_id),
        };
        installation.filter(|installation| !installation.removed)
    }

    /// Installs a suite's app.
    pub(crate) fn install(&mut self, which: &Which, installation: Installation) {
        match which.id() {
            None => self.installation = Some(installation),
            Some(suite_id) => {
                self.other_installations.insert(suite_id.to_owned(), installation);
            }
        }
    }

    /// Whether an app of the provider is installed.
    pub(crate) fn has_any(&self) -> bool {
        let mut all = self.installation.iter().chain(self.other_installations.values());
        all.any(|installation| !installation.removed)
    }
}
