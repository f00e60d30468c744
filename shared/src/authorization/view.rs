//! The state of an authorization as `GET /authorization` returns it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    AssistLink, AuthMode, Authorization, Callback, Finding, Health, InstallationStatus, KindCheck, Refusal, Rejection,
    SecretStatus, Settings,
    findings::{findings, health},
};
use crate::ids::{BindingId, CorpId, Scope, SuiteId, TenantId};

/// State of an authorization, as `GET /authorization` answers it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(rename = "State"))]
pub struct StateView {
    tenant_id: TenantId,
    /// Which of the tenant's bindings it is the state of.
    binding_id: BindingId,
    next_step: NextStep,
    health: Health,
    findings: Vec<Finding>,
    installation: InstallationView,
    contacts: ScopeView,
    external_contacts: ScopeView,
    settings: Settings,
    platform: PlatformView,
    completed_at: Option<Timestamp>,
    /// The assist links that have not ended, the oldest first.
    #[cfg_attr(feature = "contract", schemars(length(max = 5)))]
    assist_links: Vec<AssistLinkView>,
}

/// A link that shows one step's values to a colleague.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "AssistLinkState")
)]
struct AssistLinkView {
    #[cfg_attr(feature = "contract", schemars(regex(pattern = "^[0-9a-f]{32}$")))]
    id: String,
    scope: Scope,
    created_at: Timestamp,
    expires_at: Timestamp,
    /// When it showed the values; `null` while it can still be opened.
    opened_at: Option<Timestamp>,
}

impl From<&AssistLink> for AssistLinkView {
    fn from(link: &AssistLink) -> Self {
        Self {
            id: link.id.clone(),
            scope: link.scope,
            created_at: link.created_at,
            expires_at: link.expires_at,
            opened_at: link.opened_at,
        }
    }
}

/// What an admin has to enter elsewhere: in their company's DNS, and in WeCom's console.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "PlatformAddresses")
)]
pub struct PlatformView {
    /// The name that the CNAME record of a tenant's own callback domain points to; `null`: none is set up, and the platform's
    /// operator connects domains one by one.
    pub cname_target: Option<String>,
    /// The addresses that calls to WeCom come from, for 企业可信IP; empty: they change.
    pub egress_addresses: Vec<String>,
    /// Days for which events are stored, and the most that a tenant may choose.
    #[cfg_attr(feature = "contract", schemars(range(min = 1, max = 3650)))]
    pub event_retention_days: u16,
    /// Where WeCom sends the app's own events (指令回调URL). The platform's operator has entered it.
    pub app_callback_url: String,
    /// The templates of customised apps (代开发应用) that can be installed instead of the third-party app, by `suite_id`.
    pub template_ids: Vec<SuiteId>,
}

/// Next step for the admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// Install the app.
    Install,
    /// Enter the 通讯录Secret.
    ContactsSecret,
    /// Paste URL, Token and EncodingAESKey under 通讯录同步.
    ContactsCallback,
    /// Enter the 客户Secret.
    ExternalContactsSecret,
    /// Paste URL, Token and EncodingAESKey under 客户联系.
    ExternalContactsCallback,
    /// Press 完成配置.
    Complete,
    /// No step is left.
    Done,
}

impl NextStep {
    /// The stable word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::ContactsSecret => "contacts_secret",
            Self::ContactsCallback => "contacts_callback",
            Self::ExternalContactsSecret => "external_contacts_secret",
            Self::ExternalContactsCallback => "external_contacts_callback",
            Self::Complete => "complete",
            Self::Done => "done",
        }
    }

    /// Entering the Secret of a scope.
    #[must_use]
    pub fn secret(scope: Scope) -> Self {
        match scope {
            Scope::Contacts => Self::ContactsSecret,
            Scope::ExternalContacts => Self::ExternalContactsSecret,
        }
    }
}

#[derive(Debug, Clone, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "Installation")
)]
struct InstallationView {
    status: &'static str,
    corp_id: Option<CorpId>,
    corp_name: Option<String>,
    /// The app's id in the corporation; `null` for an app that reads contacts only.
    agent_id: Option<u64>,
    /// Person who installed the app. With `member` the other steps are refused.
    auth_mode: Option<AuthMode>,
    installed_at: Option<Timestamp>,
    /// Whether it is a customised app (代开发应用), authorized with a QR code, instead of a third-party app.
    is_customized_app: bool,
    /// The permissions that the platform needs and the corporation's administrator has to confirm in WeCom, of a customised app.
    missing_permissions: Vec<String>,
}

/// Step 2 or 3.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(rename = "ScopeState"))]
pub struct ScopeView {
    secret: SecretView,
    callback: CallbackView,
}

#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(rename = "SecretState"))]
struct SecretView {
    status: &'static str,
    corp_id: Option<CorpId>,
    kind_check: Option<KindCheck>,
    /// Its last four characters, so that two people can compare. Empty for a short Secret.
    #[cfg_attr(feature = "contract", schemars(regex(pattern = "^([!-~]{4})?$")))]
    last_four: Option<String>,
    registered_at: Option<Timestamp>,
    checked_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "CallbackState")
)]
struct CallbackView {
    status: CallbackStatus,
    #[cfg_attr(
        feature = "contract",
        schemars(regex(pattern = "^https?://[^/]+/callback/[0-9a-f]{32}$"), extend("format" = "uri"))
    )]
    url: Option<String>,
    /// The newest generation of the credentials.
    #[cfg_attr(feature = "contract", schemars(range(min = 1)))]
    generation: Option<u64>,
    /// Whether the newest generation waits for WeCom's check while another one is in use.
    rotation_pending: bool,
    verified_at: Option<Timestamp>,
    last_event_at: Option<Timestamp>,
    /// Number of different events.
    events_received: u64,
    /// Number of deliveries that repeated an event.
    duplicates: u64,
    /// The last request that was refused. Many within a short time leave one note.
    last_rejection: Option<Rejection>,
    /// The last requests that were refused, merged by reason and source address, the newest first. Requests of one kind never
    /// drive out the last entry of another kind.
    #[cfg_attr(feature = "contract", schemars(length(max = 20)))]
    refusals: Vec<Refusal>,
}

/// Progress of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CallbackStatus {
    /// No credentials have been generated.
    None,
    /// WeCom has not checked the URL yet.
    AwaitingVerification,
    /// WeCom has checked the URL.
    Verified,
}

impl CallbackStatus {
    /// The stable word for it, in JSON and notifications.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::AwaitingVerification => "awaiting_verification",
            Self::Verified => "verified",
        }
    }

    pub(super) fn of(callback: Option<&Callback>) -> Self {
        match callback {
            None => Self::None,
            Some(callback) if callback.is_verified() => Self::Verified,
            Some(_) => Self::AwaitingVerification,
        }
    }
}

impl StateView {
    /// The view of `authorization` with its callbacks. `default_base_url` is the beginning of callback URLs unless the
    /// tenant's settings replace it.
    #[must_use]
    pub fn new(
        authorization: &Authorization,
        contacts: Option<&Callback>,
        external_contacts: Option<&Callback>,
        default_base_url: &str,
        platform: PlatformView,
        now: Timestamp,
    ) -> Self {
        let findings = findings(authorization, [contacts, external_contacts], now);
        Self {
            tenant_id: authorization.tenant_id.tenant(),
            binding_id: authorization.tenant_id.binding_id(),
            next_step: authorization.next_step(contacts, external_contacts),
            health: health(&findings),
            findings,
            installation: InstallationView::new(authorization),
            contacts: ScopeView::new(authorization, Scope::Contacts, contacts, default_base_url),
            external_contacts: ScopeView::new(
                authorization,
                Scope::ExternalContacts,
                external_contacts,
                default_base_url,
            ),
            settings: authorization.settings.clone(),
            platform,
            completed_at: authorization.completed_at,
            assist_links: authorization.assist_links(now).map(Into::into).collect(),
        }
    }
}

impl Authorization {
    /// The steps that are not done, in the order of the wizard. A customised app needs no Secrets and callbacks of its corporation: it
    /// has its own.
    #[must_use]
    pub fn missing(&self, contacts: Option<&Callback>, external_contacts: Option<&Callback>) -> Vec<NextStep> {
        let installed = self
            .installed()
            .is_some_and(|installation| installation.auth_mode == AuthMode::Admin);
        let is_enough = installed && self.installed().is_some_and(|installation| installation.is_customized);
        let accepted = |scope: Scope| {
            self.scope(scope)
                .secret
                .as_ref()
                .is_some_and(|secret| secret.status == SecretStatus::Accepted)
        };
        let verified = |callback| CallbackStatus::of(callback) == CallbackStatus::Verified;
        [
            (NextStep::Install, installed),
            (NextStep::ContactsSecret, accepted(Scope::Contacts)),
            (NextStep::ContactsCallback, verified(contacts)),
            (NextStep::ExternalContactsSecret, accepted(Scope::ExternalContacts)),
            (NextStep::ExternalContactsCallback, verified(external_contacts)),
        ]
        .into_iter()
        .filter_map(|(step, done)| (!done && !is_enough).then_some(step))
        .collect()
    }

    /// The first step that is not done.
    #[must_use]
    pub fn next_step(&self, contacts: Option<&Callback>, external_contacts: Option<&Callback>) -> NextStep {
        match self.missing(contacts, external_contacts).first() {
            Some(step) => *step,
            None if self.completed_at.is_none() => NextStep::Complete,
            None => NextStep::Done,
        }
    }

    /// The beginning of this tenant's callback URLs.
    #[must_use]
    pub fn callback_base_url<'a>(&'a self, default: &'a str) -> &'a str {
        self.settings
            .callback_base_url
            .as_deref()
            .unwrap_or(default)
            .trim_end_matches('/')
    }
}

impl Callback {
    /// The URL that the admin pastes into WeCom's console.
    #[must_use]
    pub fn url(&self, base_url: &str) -> String {
        format!("{base_url}/callback/{}", self.callback_id)
    }
}

impl InstallationView {
    fn new(authorization: &Authorization) -> Self {
        let installation = authorization.installation.as_ref();
        Self {
            status: match installation.map(|installation| installation.status) {
                None => "not_installed",
                Some(InstallationStatus::Installed) => "installed",
                Some(InstallationStatus::AwaitingConfirmation) => "awaiting_confirmation",
                Some(InstallationStatus::Cancelled) => "cancelled",
            },
            corp_id: installation.map(|i| i.corp_id.clone()),
            corp_name: installation
                .map(|i| i.corp_name.clone())
                .filter(|name| !name.is_empty()),
            agent_id: installation.and_then(|i| i.agent_id),
            auth_mode: installation.map(|i| i.auth_mode),
            installed_at: installation.map(|i| i.installed_at),
            is_customized_app: installation.is_some_and(|i| i.is_customized),
            missing_permissions: installation
                .and_then(|i| i.permissions.as_ref())
                .map_or_else(Vec::new, |permissions| permissions.missing.clone()),
        }
    }
}

impl ScopeView {
    /// The view of one scope of `authorization`.
    #[must_use]
    pub fn new(
        authorization: &Authorization,
        scope: Scope,
        callback: Option<&Callback>,
        default_base_url: &str,
    ) -> Self {
        let secret = authorization.scope(scope).secret.as_ref();
        let base_url = authorization.callback_base_url(default_base_url);
        Self {
            secret: SecretView {
                status: secret.map_or("missing", |secret| secret.status.as_str()),
                corp_id: secret.map(|secret| secret.corp_id.clone()),
                kind_check: secret.map(|secret| secret.kind_check),
                last_four: secret.map(|secret| secret.last_four.clone()),
                registered_at: secret.map(|secret| secret.registered_at),
                checked_at: secret.map(|secret| secret.checked_at),
            },
            callback: CallbackView {
                status: CallbackStatus::of(callback),
                url: callback.map(|callback| callback.url(base_url)),
                generation: callback.and_then(Callback::newest).map(|generation| generation.number),
                rotation_pending: callback.is_some_and(|callback| callback.is_verified() && callback.pending.is_some()),
                verified_at: callback.and_then(|callback| callback.verified_at),
                last_event_at: callback.and_then(|callback| callback.last_event_at),
                events_received: callback.map_or(0, |callback| callback.events_received),
                duplicates: callback.map_or(0, |callback| callback.duplicates),
                last_rejection: callback.and_then(|callback| callback.last_rejection),
                refusals: callback.map_or_else(Vec::new, Callback::last_refusals),
            },
        }
    }
}
