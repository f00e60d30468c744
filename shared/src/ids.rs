//! Identifiers. Each is checked when it is created, so every value is valid.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::entropy::{Entropy, hex, random_id};

/// An identifier was not of the form it must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed {0}")]
pub struct MalformedId(&'static str);

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $pattern:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(extend("pattern" = $pattern)))]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the form.
            ///
            /// # Errors
            /// When the text is not of this identifier's form.
            pub fn parse(text: &str) -> Result<Self, MalformedId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok(Self(text.to_owned())) } else { Err(MalformedId($what)) }
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = MalformedId;

            fn try_from(text: String) -> Result<Self, MalformedId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

text_id!(
    /// A customer of the platform, and which of its bindings: `acme` is the first one, `acme/{binding_id}` a further one
    /// (docs/adr/0040-several-corporations.md). Everything that is stored of a binding is stored under this id. The characters are those
    /// that a secret's name in Secrets Manager may hold; only the slash is none of a tenant's own.
    TenantId, "tenant id", "^[A-Za-z0-9_+=.@-]{1,64}$",
    |text| {
        let (tenant, binding) = text.split_once('/').map_or((text, None), |(tenant, binding)| (tenant, Some(binding)));
        is_tenant(tenant) && binding.is_none_or(is_further_binding)
    }
);

fn is_tenant(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_+=.@-".contains(&b))
}

fn is_further_binding(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

impl TenantId {
    /// The id of a tenant, and of its first binding, as somebody outside names it.
    ///
    /// # Errors
    /// When the text is not of a tenant's form, or names a further binding.
    pub fn of_tenant(text: &str) -> Result<Self, MalformedId> {
        let id = Self::parse(text)?;
        if id.is_further() {
            Err(MalformedId("tenant id"))
        } else {
            Ok(id)
        }
    }

    /// The tenant itself, which is its first binding, too.
    #[must_use]
    pub fn tenant(&self) -> Self {
        let tenant = self.0.split_once('/').map_or(&*self.0, |(tenant, _)| tenant);
        Self(tenant.to_owned())
    }

    /// The id of the binding, as its tenant knows it.
    #[must_use]
    pub fn binding_id(&self) -> BindingId {
        let further = self.0.split_once('/').map(|(_, binding)| binding);
        BindingId(further.unwrap_or(BindingId::FIRST).to_owned())
    }

    /// Whether it is another binding than the tenant's first.
    #[must_use]
    pub fn is_further(&self) -> bool {
        self.0.contains('/')
    }

    /// A binding of the same tenant.
    #[must_use]
    pub fn binding(&self, binding_id: &BindingId) -> Self {
        if binding_id.0 == BindingId::FIRST {
            self.tenant()
        } else {
            Self(format!("{}/{binding_id}", self.tenant()))
        }
    }
}

text_id!(
    /// One of a tenant's bindings: a corporation with its app, Secrets, callbacks, events, health and settings. `first` is the one that
    /// every tenant has; the others are random.
    BindingId, "binding id", "^(first|[0-9a-f]{32})$",
    |text| text == BindingId::FIRST || is_further_binding(text)
);

impl BindingId {
    const FIRST: &str = "first";

    /// The binding that every tenant has.
    #[must_use]
    pub fn first() -> Self {
        Self(Self::FIRST.to_owned())
    }

    /// A new random id.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(random_id(entropy))
    }
}

text_id!(
    /// A corporation as WeCom names it: plaintext (`ww…`, 企业ID) or encrypted for this provider (`wp…`). WeCom documents no
    /// form for either, so only what could do harm is refused. Encrypted ids are case-sensitive (developer document 39442).
    CorpId, "corp id", "^[A-Za-z0-9_-]{4,64}$",
    |text| (4..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
);

impl CorpId {
    /// Whether both name the same plaintext 企业ID, which WeCom compares without regard to case.
    #[must_use]
    pub fn same_plaintext(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }

    /// Whether it has the form of a plaintext 企业ID.
    #[must_use]
    pub fn is_plaintext(&self) -> bool {
        let kind = self.0.get(..2).unwrap_or_default();
        ["ww", "wx"]
            .iter()
            .any(|plaintext| kind.eq_ignore_ascii_case(plaintext))
    }
}

text_id!(
    /// An app of the provider (`suite_id`): `ww…`, `wx…` or `tj…` (developer document 90600), or `dk…` of a template of
    /// customised apps (97160). The beginning keeps `suite/{suite_id}` apart from the secrets of a tenant whose id is `suite`.
    SuiteId, "suite id", "^(ww|wx|tj|dk)[A-Za-z0-9_-]{2,62}$",
    |text| {
        (4..=64).contains(&text.len())
            && ["ww", "wx", "tj", "dk"].iter().any(|kind| text.starts_with(kind))
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    }
);

impl SuiteId {
    /// Whether it has the form of a template's id. What a suite is its secret says; this is for who may not read it.
    #[must_use]
    pub fn is_template(&self) -> bool {
        self.0.starts_with("dk")
    }
}

text_id!(
    /// The last segment of a callback's URL, which nobody can guess: eight zeros, 56 random bits and a MAC of 40
    /// ([`KeyRing::new_callback_id`](crate::sealing::KeyRing::new_callback_id)); of an earlier version, 128 random bits.
    CallbackId, "callback id", "^[0-9a-f]{32}$",
    |text| text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
);

impl CallbackId {
    /// The beginning of an id with a MAC. Of 2³² random ids one begins like this.
    pub(crate) const MARK: &str = "00000000";

    /// A new random id without a MAC.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(random_id(entropy))
    }

    /// An id of a random part and its MAC.
    #[must_use]
    pub fn with_mac(random: [u8; 7], mac: [u8; 5]) -> Self {
        Self(format!("{}{}{}", Self::MARK, hex(&random), hex(&mac)))
    }

    /// The digits of the random part, and of its MAC; `None` when the id has no MAC.
    #[must_use]
    pub fn parts(&self) -> Option<(&str, &str)> {
        Self::beginning(&self.0)
    }

    /// The digits of the random part, and those of the MAC that are there, of a text that may be the beginning of an id.
    pub(crate) fn beginning(text: &str) -> Option<(&str, &str)> {
        text.strip_prefix(Self::MARK)?.split_at_checked(14)
    }
}

text_id!(
    /// The path of a callback's URL on the platform that the binding comes from, such as `/wx/callback/123`: characters that need no
    /// percent-encoding, and no empty segment.
    CallbackPath, "callback path", "^(/[A-Za-z0-9._~-]+)+$",
    |text| {
        (2..=256).contains(&text.len())
            && text.strip_prefix('/').is_some_and(|rest| {
                rest.split('/').all(|segment| {
                    !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~-".contains(&b))
                })
            })
    }
);

text_id!(
    /// The `state` of one install link: random, single use, expiring.
    InstallState, "install state", "^[0-9a-f]{32}$",
    |text| text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
);

impl InstallState {
    /// A new random id.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(random_id(entropy))
    }
}

text_id!(
    /// An event: hash of where it arrived and what it said.
    EventId, "event id", "^[0-9a-f]{32}$",
    |text| text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
);

impl EventId {
    /// The id of an event that arrived at `place` (a callback id or suite id) with this plaintext: the first half of
    /// `SHA-256(place 00 content)`. The ciphertext is not used, because it differs with each delivery.
    #[must_use]
    pub fn of(place: &str, content: &[u8]) -> Self {
        let digest = Sha256::new()
            .chain_update(place)
            .chain_update([0])
            .chain_update(content)
            .finalize();
        Self(hex(digest.first_chunk::<16>().map_or(&[], |half| half.as_slice())))
    }
}

text_id!(
    /// A claim: a hash of the suite and the corporation that installed it.
    ClaimId, "claim id", "^[0-9a-f]{32}$",
    |text| text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
);

impl ClaimId {
    /// The id of the claim that an installation of `suite_id` in a corporation makes; `None` is a first suite without a name.
    #[must_use]
    pub fn of(suite_id: Option<&SuiteId>, corp_id: &CorpId) -> Self {
        let suite_id = suite_id.map_or("", SuiteId::as_str);
        Self(EventId::of(suite_id, corp_id.as_str().as_bytes()).0)
    }
}

/// The SHA-256 of a cookie or of an auth_code, in hexadecimal digits: enough to recognise the value, too little to use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a value.
    #[must_use]
    pub fn of(value: &str) -> Self {
        Self(hex(&Sha256::digest(value)))
    }

    /// The fingerprint as 64 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name under which an access token is cached, e.g. `tenant/acme/contacts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenName(String);

impl TokenName {
    /// The `suite_access_token` of a suite.
    #[must_use]
    pub fn suite(suite_id: &str) -> Self {
        Self(format!("suite/{suite_id}"))
    }

    /// The `provider_access_token` of a provider.
    #[must_use]
    pub fn provider(corp_id: &str) -> Self {
        Self(format!("provider/{corp_id}"))
    }

    /// The token of the app that a tenant installed.
    #[must_use]
    pub fn installation(tenant_id: &TenantId) -> Self {
        Self(format!("tenant/{tenant_id}/installation"))
    }

    /// The token of a Secret that a tenant registered.
    #[must_use]
    pub fn scope(tenant_id: &TenantId, scope: Scope) -> Self {
        Self(format!("tenant/{tenant_id}/{}", scope.as_str()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a circuit breaker for WeCom: the calls that a rate limit of WeCom blocks together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BreakerName(String);

impl BreakerName {
    /// `gettoken` with Secrets that WeCom has not accepted before, of any corporation: what a ban of our address concerns.
    #[must_use]
    pub fn unproven_secrets() -> Self {
        Self("WECOM".to_owned())
    }

    /// Calls with the `suite_access_token` of a suite, and those for it.
    #[must_use]
    pub fn suite(suite_id: &str) -> Self {
        Self(format!("suite/{suite_id}"))
    }

    /// Calls with the `provider_access_token`, and those for it.
    #[must_use]
    pub fn provider() -> Self {
        Self("provider".to_owned())
    }

    /// One API with one corporation's token or Secret (developer document 90313: the limit is per corporation and API).
    #[must_use]
    pub fn corp(corp_id: &str, api: &str) -> Self {
        Self(format!("corp/{corp_id}/{api}"))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which of a corporation's two callbacks and Secrets is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(rename = "ScopeName"))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// 通讯录: the address book.
    Contacts,
    /// 外部联系人: customers.
    ExternalContacts,
}

impl Scope {
    /// Both, in the wizard's order.
    pub const ALL: [Self; 2] = [Self::Contacts, Self::ExternalContacts];

    /// The segment of URL paths and of names of secrets: `contacts`, `external-contacts`.
    #[must_use]
    pub fn as_path(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::ExternalContacts => "external-contacts",
        }
    }

    /// Reads a URL's path segment.
    #[must_use]
    pub fn from_path(segment: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_path() == segment)
    }

    /// The word in JSON: `contacts`, `external_contacts`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::ExternalContacts => "external_contacts",
        }
    }

    /// The other of the two scopes.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Contacts => Self::ExternalContacts,
            Self::ExternalContacts => Self::Contacts,
        }
    }
}

/// What an event of a corporation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "EventScopeName")
)]
#[serde(rename_all = "snake_case")]
pub enum EventScope {
    /// 通讯录: the address book.
    Contacts,
    /// 外部联系人: customers.
    ExternalContacts,
    /// The app itself: messages, menus, members who may use it, 微信客服, …
    App,
}

impl EventScope {
    /// The scope of an event that arrived at an app's own callback, which takes all kinds: by its `Event`.
    #[must_use]
    pub fn of_event(event: &str) -> Self {
        match event {
            "change_contact" | "batch_job_result" => Self::Contacts,
            "customer_acquisition" => Self::ExternalContacts,
            _ if event.starts_with("change_external_") => Self::ExternalContacts,
            _ => Self::App,
        }
    }

    /// The word in JSON: `contacts`, `external_contacts`, `app`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contacts => Scope::Contacts.as_str(),
            Self::ExternalContacts => Scope::ExternalContacts.as_str(),
            Self::App => "app",
        }
    }
}

impl From<Scope> for EventScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Contacts => Self::Contacts,
            Scope::ExternalContacts => Self::ExternalContacts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_tenant_id_that_could_leave_its_segment_of_a_secret_name() {
        for text in ["", "a/b", "a b", "../x", "租户", &"x".repeat(65)] {
            assert_eq!(TenantId::parse(text), Err(MalformedId("tenant id")), "{text}");
        }
        assert!(TenantId::parse("acme_1+a=b.c@d-e").is_ok());
    }

    #[test]
    fn a_further_binding_is_its_tenants_and_no_tenants_id() {
        let acme = TenantId::of_tenant("acme").unwrap();
        assert_eq!(acme.binding_id(), BindingId::first());
        assert_eq!(acme.binding(&BindingId::first()), acme);
        let id = BindingId::parse(&"0f".repeat(16)).unwrap();
        let further = acme.binding(&id);
        assert_eq!(further.as_str(), format!("acme/{id}"));
        assert_eq!(TenantId::parse(further.as_str()), Ok(further.clone()));
        assert_eq!(
            TenantId::of_tenant(further.as_str()),
            Err(MalformedId("tenant id")),
            "nobody outside names one like this"
        );
        assert_eq!(
            (further.tenant(), further.binding_id(), further.is_further()),
            (acme.clone(), id.clone(), true)
        );
        assert_eq!(further.binding(&BindingId::first()), acme);
        for text in [
            "acme/",
            "acme/first",
            "/0f",
            "acme/0F",
            &format!("acme/{id}/{id}"),
            &format!("acme/{id}0"),
        ] {
            assert_eq!(TenantId::parse(text), Err(MalformedId("tenant id")), "{text}");
        }
        for text in ["", "First", "acme", &format!("{id}0"), &"0F".repeat(16)] {
            assert_eq!(BindingId::parse(text), Err(MalformedId("binding id")), "{text}");
        }
    }

    #[test]
    fn refuses_a_path_that_could_arrive_in_another_form() {
        for text in [
            "",
            "/",
            "wx/1",
            "/wx//1",
            "/wx/1/",
            "/wx/1?corp=2",
            "/wx/%31",
            "/微信/1",
            "/wx/a b",
            &format!("/{}", "x".repeat(256)),
        ] {
            assert_eq!(CallbackPath::parse(text), Err(MalformedId("callback path")), "{text}");
        }
        for text in [
            "/1",
            "/wx/callback/123",
            "/a.b/~c-d_e",
            &format!("/{}", "x".repeat(255)),
        ] {
            assert!(CallbackPath::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn refuses_a_suite_id_whose_secret_could_be_that_of_a_tenant_called_suite() {
        for text in ["installation", "contacts", "external-contacts", "ww", "ww3f/2a"] {
            assert_eq!(SuiteId::parse(text), Err(MalformedId("suite id")), "{text}");
        }
        for text in [
            "ww3f2a9c41d07be865",
            "wx3f2a9c41d07be865",
            "tj3f2a9c41d07be865",
            "dk8c01f5e9a37b2d46",
        ] {
            assert!(SuiteId::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn compares_a_plaintext_corp_id_without_case_and_an_encrypted_one_with_it() {
        let corp = CorpId::parse("wwABCDEF0123456789").unwrap();
        assert!(corp.same_plaintext("wwabcdef0123456789"));
        assert_ne!(corp, CorpId::parse("wwabcdef0123456789").unwrap());
    }
}
