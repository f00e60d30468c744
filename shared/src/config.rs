//! The settings of a function, read from its environment: names and addresses, never secrets.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use url::Url;

use crate::ids::{SuiteId, TenantId};

/// Every variable that `template.yaml` sets, in the order of [`Config`]'s table.
pub const VARIABLES: [&str; 29] = [
    "AUTHORIZATION_TABLE",
    "EVENT_TABLE",
    "EVENT_BUS",
    "EVENT_QUEUE_URL",
    "WEBHOOK_URL",
    "WEBHOOK_QUEUE_URL",
    "DEAD_LETTER_QUEUE_URLS",
    "SECRET_PREFIX",
    "SECRET_KEY_ARN",
    "MORE_SUITE_IDS",
    "BASE_URL",
    "CONSOLE_URL",
    "WECOM_API_URL",
    "WECOM_INSTALL_URL",
    "TENANT_CLAIM",
    "OPERATOR_CLAIM",
    "ROTATION_GRACE_HOURS",
    "CALLBACK_ID_CHECK",
    "EVENT_RETENTION_DAYS",
    "EVENTS_ON_DISCONNECT",
    "CONSOLE_OIDC_ISSUER",
    "CONSOLE_OIDC_CLIENT_ID",
    "CONSOLE_OIDC_TOKEN_ORIGIN",
    "CONSOLE_OIDC_BEARER",
    "EMBED_ORIGINS",
    "CALLBACK_CNAME_TARGET",
    "EGRESS_ADDRESSES",
    "AWS_ENDPOINT_URL",
    "LOCAL_TENANT_ID",
];

/// A deployment's settings. Every variable, its meaning and default:
///
/// | variable | meaning | default |
/// | --- | --- | --- |
/// | `AUTHORIZATION_TABLE` | name of the table of states | required |
/// | `EVENT_TABLE` | name of the table of events | required |
/// | `EVENT_BUS` | name of the event bus | none: nothing is published |
/// | `EVENT_QUEUE_URL` | the FIFO queue of SQS that events are sent to as well | none |
/// | `WEBHOOK_URL` | where every event of the bus is sent to as a signed webhook | none |
/// | `WEBHOOK_QUEUE_URL` | the queue of SQS that webhooks wait in | none: those that fail come again after the queue's own time |
/// | `DEAD_LETTER_QUEUE_URLS` | the queues of SQS whose messages operators see counted, as `name=url`, separated by commas | none |
/// | `SECRET_PREFIX` | first segments of every secret's name | required |
/// | `SECRET_KEY_ARN` | the KMS key that tenants' secrets are encrypted under | Secrets Manager's own |
/// | `MORE_SUITE_IDS` | suites besides the one in the secret `suite`, separated by commas | none |
/// | `BASE_URL` | where our links and callback URLs begin | the host that the request came to |
/// | `CONSOLE_URL` | where the browser goes after an install | `BASE_URL` |
/// | `WECOM_API_URL` | WeCom's HTTP API | `https://qyapi.weixin.qq.com` |
/// | `WECOM_INSTALL_URL` | WeCom's install page | `https://open.work.weixin.qq.com/3rdapp/install` |
/// | `TENANT_CLAIM` | the claim of the admin's token that names the tenant | `tenant_id` |
/// | `OPERATOR_CLAIM` | the claim of an operator's token, and after `=` its value, `true` by default | none: there are no operators |
/// | `ROTATION_GRACE_HOURS` | how long replaced credentials stay valid | 24 |
/// | `CALLBACK_ID_CHECK` | which callback ids are looked up only when their MAC is right: `new`, `all` or `none` | `new` |
/// | `EVENT_RETENTION_DAYS` | how long events are kept | 30 |
/// | `EVENTS_ON_DISCONNECT` | `delete` a tenant's events when its authorization ends, or `keep` them until they end | `delete` |
/// | `CONSOLE_OIDC_ISSUER`, `CONSOLE_OIDC_CLIENT_ID` | where the admin page gets its token | none: the page is handed one |
/// | `CONSOLE_OIDC_TOKEN_ORIGIN` | the origin of the issuer's token endpoint | the issuer's own |
/// | `CONSOLE_OIDC_BEARER` | which of the issuer's tokens names the tenant: `access_token` or `id_token` | `access_token` |
/// | `EMBED_ORIGINS` | origins whose pages may frame the admin page, separated by commas | none |
/// | `CALLBACK_CNAME_TARGET` | the name that tenants' own callback domains point to (CNAME) | none |
/// | `EGRESS_ADDRESSES` | the addresses that calls to WeCom come from, separated by commas | none: they change |
/// | `AWS_ENDPOINT_URL` | the endpoint instead of AWS's own, for `sam local` | AWS's own |
/// | `LOCAL_TENANT_ID` | the tenant of a request without claims, since `sam local` checks no token; refused elsewhere | none |
#[derive(Debug, Clone)]
pub struct Config {
    /// `AUTHORIZATION_TABLE`: name of the table of states.
    pub authorization_table: String,
    /// `EVENT_TABLE`: name of the table of events.
    pub event_table: String,
    /// `EVENT_BUS`: name of the event bus; `None`: nothing is published.
    pub event_bus: Option<String>,
    /// `EVENT_QUEUE_URL`: FIFO queue that events are sent to as well; `None`: there is none.
    pub event_queue_url: Option<String>,
    /// `WEBHOOK_URL`: receiver of webhooks; `None`: none are sent.
    pub webhook_url: Option<Url>,
    /// `WEBHOOK_QUEUE_URL`: queue that webhooks wait in.
    pub webhook_queue_url: Option<String>,
    /// `DEAD_LETTER_QUEUE_URLS`: queues of what was given up, by the name that operators see.
    pub dead_letter_queue_urls: BTreeMap<String, String>,
    /// `SECRET_PREFIX`: first segments of every secret's name.
    pub secret_prefix: String,
    /// `SECRET_KEY_ARN`: KMS key of the tenants' secrets; `None`: the key of Secrets Manager.
    pub secret_key_arn: Option<String>,
    /// `MORE_SUITE_IDS`: suites besides the one in the secret `suite`, each in a secret `suite/{suite_id}`.
    pub more_suite_ids: Vec<SuiteId>,
    /// `BASE_URL`: begin of links and callback URLs; `None`: the host of the request.
    pub base_url: Option<String>,
    /// `CONSOLE_URL`: the page that the browser returns to after an install; `None`: `BASE_URL`.
    pub console_url: Option<String>,
    /// `WECOM_API_URL`: base URL of WeCom's HTTP API.
    pub wecom_api_url: Url,
    /// `WECOM_INSTALL_URL`: WeCom's install page.
    pub wecom_install_url: Url,
    /// `TENANT_CLAIM`: claim of the admin's token that names the tenant.
    pub tenant_claim: String,
    /// `OPERATOR_CLAIM`: claim of an operator's token; `None`: there are no operators.
    pub operator_claim: Option<OperatorClaim>,
    /// `ROTATION_GRACE_HOURS`: how long replaced credentials stay valid.
    pub rotation_grace: SignedDuration,
    /// `CALLBACK_ID_CHECK`: which callback ids are looked up only when their MAC is right.
    pub callback_id_check: CallbackIdCheck,
    /// `EVENT_RETENTION_DAYS`: how long events are stored.
    pub event_retention: SignedDuration,
    /// `EVENTS_ON_DISCONNECT`: whether it is `delete`.
    pub delete_events_on_disconnect: bool,
    /// `CONSOLE_OIDC_…`: the issuer that the admin page gets its token from.
    pub console_oidc: Option<Oidc>,
    /// `EMBED_ORIGINS`: origins whose pages may frame the admin page.
    pub embed_origins: Vec<String>,
    /// `CALLBACK_CNAME_TARGET`: name that tenants' own callback domains point to.
    pub callback_cname_target: Option<String>,
    /// `EGRESS_ADDRESSES`: addresses that calls to WeCom come from; empty when they change.
    pub egress_addresses: Vec<String>,
    /// `AWS_ENDPOINT_URL`: endpoint instead of AWS's own, for `sam local`.
    pub aws_endpoint_url: Option<String>,
    /// `LOCAL_TENANT_ID`: tenant of a request without claims, under `sam local`.
    pub local_tenant_id: Option<TenantId>,
}

/// Which callback ids are looked up only when their MAC is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackIdCheck {
    /// Those that have a MAC. Those that were generated before there was one are looked up.
    New,
    /// All: one without a MAC is unknown.
    All,
    /// None: for a deployment that has lost the key of the MAC.
    None,
}

/// What makes a token an operator's: a claim, and the value that it has or, of a list, holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorClaim {
    /// The claim's name.
    pub name: String,
    /// The value.
    pub value: String,
}

impl OperatorClaim {
    /// Reads `name` or `name=value`; `None` when one of them is empty.
    fn parse(text: &str) -> Option<Self> {
        let (name, value) = text.split_once('=').unwrap_or((text, "true"));
        let is_good =
            |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '[' || c == ']');
        (is_good(name) && is_good(value)).then(|| Self {
            name: name.to_owned(),
            value: value.to_owned(),
        })
    }

    /// Whether this is the claim's value, as API Gateway passes it: text, and of a list `[one two]`.
    #[must_use]
    pub fn is_met_by(&self, claimed: &str) -> bool {
        let list = claimed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        match list {
            None => claimed == self.value,
            Some(list) => list.split([' ', ',']).any(|one| one == self.value),
        }
    }
}

/// Sign-in settings of the admin page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oidc {
    /// The issuer that the JWT authorizer trusts.
    pub issuer: String,
    /// The page's client id there.
    pub client_id: String,
    /// `access_token` or `id_token`: the one that the page sends to the API.
    pub bearer: &'static str,
    /// The origins that the page talks to there: the issuer's for discovery, the token endpoint's for tokens.
    pub origins: Vec<String>,
}

/// All faults of the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment is incomplete or malformed: {}", .0.join("; "))]
pub struct ConfigError(Vec<String>);

impl Config {
    /// The days for which events are stored, from 1 to 3650.
    #[must_use]
    pub fn event_retention_days(&self) -> u16 {
        u16::try_from(self.event_retention.as_hours() / 24).unwrap_or(u16::MAX)
    }

    /// Reads the process's environment.
    ///
    /// # Errors
    /// Names every variable that is missing or malformed.
    #[expect(clippy::disallowed_methods, reason = "this is the place that the rule points to")]
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads variables through `lookup`. An empty one counts as not set.
    ///
    /// # Errors
    /// Names every variable that is missing or malformed.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader {
            lookup: &lookup,
            problems: Vec::new(),
        };
        let console_oidc = reader.oidc();
        let embed_origins = reader.embed_origins();
        let more_suite_ids = reader.more_suite_ids();
        let operator_claim = reader.operator_claim();
        let config = Self {
            authorization_table: reader.required("AUTHORIZATION_TABLE"),
            event_table: reader.required("EVENT_TABLE"),
            event_bus: reader.optional("EVENT_BUS"),
            webhook_url: reader.optional_url("WEBHOOK_URL"),
            event_queue_url: reader.optional("EVENT_QUEUE_URL"),
            webhook_queue_url: reader.optional("WEBHOOK_QUEUE_URL"),
            dead_letter_queue_urls: reader.dead_letter_queue_urls(),
            secret_prefix: reader.required("SECRET_PREFIX"),
            secret_key_arn: reader.optional("SECRET_KEY_ARN"),
            more_suite_ids,
            base_url: reader
                .optional("BASE_URL")
                .map(|url| url.trim_end_matches('/').to_owned()),
            console_url: reader.optional("CONSOLE_URL"),
            wecom_api_url: reader.url("WECOM_API_URL", wecom_client::OFFICIAL_API_BASE_URL),
            wecom_install_url: reader.url("WECOM_INSTALL_URL", "https://open.work.weixin.qq.com/3rdapp/install"),
            tenant_claim: reader
                .optional("TENANT_CLAIM")
                .unwrap_or_else(|| "tenant_id".to_owned()),
            operator_claim,
            callback_id_check: reader.callback_id_check(),
            rotation_grace: SignedDuration::from_hours(reader.number("ROTATION_GRACE_HOURS", 24)),
            event_retention: SignedDuration::from_hours(24 * reader.number("EVENT_RETENTION_DAYS", 30)),
            delete_events_on_disconnect: reader
                .one_of("EVENTS_ON_DISCONNECT", [("delete", true), ("keep", false)])
                .unwrap_or_default(),
            console_oidc,
            embed_origins,
            callback_cname_target: reader.cname_target(),
            egress_addresses: reader.egress_addresses(),
            aws_endpoint_url: reader.optional("AWS_ENDPOINT_URL"),
            local_tenant_id: reader.local_tenant_id(),
        };
        if reader.problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(reader.problems))
        }
    }
}

struct Reader<'a, L> {
    lookup: &'a L,
    problems: Vec<String>,
}

impl<L: Fn(&str) -> Option<String>> Reader<'_, L> {
    fn optional(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.problems.push(format!("{name} is not set"));
            String::new()
        })
    }

    fn url(&mut self, name: &str, default: &str) -> Url {
        let text = self.optional(name).unwrap_or_else(|| default.to_owned());
        Url::parse(&text).unwrap_or_else(|_| {
            self.problems.push(format!("{name} is not a URL"));
            Url::parse(default).expect("the default is a URL")
        })
    }

    fn optional_url(&mut self, name: &str) -> Option<Url> {
        let url = Url::parse(&self.optional(name)?);
        if url.is_err() {
            self.problems.push(format!("{name} is not a URL"));
        }
        url.ok()
    }

    /// The value of the word that is set; of the first when nothing is set.
    fn one_of<T: Copy, const N: usize>(&mut self, name: &str, words: [(&str, T); N]) -> Option<T> {
        let text = self.optional(name);
        let mut words_of = words.iter();
        let found = match &text {
            None => words_of.next(),
            Some(text) => words_of.find(|(word, _)| word == text),
        };
        if found.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.problems.push(format!("{name} is none of {}", known.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    fn dead_letter_queue_urls(&mut self) -> BTreeMap<String, String> {
        let text = self.optional("DEAD_LETTER_QUEUE_URLS").unwrap_or_default();
        let entries = text.split(',').filter(|entry| !entry.is_empty());
        let named: Option<_> = entries
            .map(|entry| {
                entry
                    .split_once('=')
                    .filter(|(name, url)| !name.is_empty() && !url.is_empty())
            })
            .map(|entry| entry.map(|(name, url)| (name.to_owned(), url.to_owned())))
            .collect();
        named.unwrap_or_else(|| {
            self.problems
                .push("DEAD_LETTER_QUEUE_URLS is not name=url, separated by commas".into());
            BTreeMap::new()
        })
    }

    fn operator_claim(&mut self) -> Option<OperatorClaim> {
        let text = self.optional("OPERATOR_CLAIM")?;
        let claim = OperatorClaim::parse(&text);
        if claim.is_none() {
            self.problems
                .push("OPERATOR_CLAIM is neither the name of a claim nor name=value".into());
        }
        claim
    }

    fn callback_id_check(&mut self) -> CallbackIdCheck {
        let words = [
            ("new", CallbackIdCheck::New),
            ("all", CallbackIdCheck::All),
            ("none", CallbackIdCheck::None),
        ];
        self.one_of("CALLBACK_ID_CHECK", words).unwrap_or(CallbackIdCheck::New)
    }

    fn number(&mut self, name: &str, default: i64) -> i64 {
        let Some(text) = self.optional(name) else {
            return default;
        };
        if let Ok(number @ 1..=3650) = text.parse() {
            return number;
        }
        self.problems.push(format!("{name} is not a number from 1 to 3650"));
        default
    }

    fn oidc(&mut self) -> Option<Oidc> {
        let issuer = self.optional("CONSOLE_OIDC_ISSUER");
        let client_id = self.optional("CONSOLE_OIDC_CLIENT_ID");
        let token_origin = self.optional("CONSOLE_OIDC_TOKEN_ORIGIN");
        let bearer = self.one_of(
            "CONSOLE_OIDC_BEARER",
            [("access_token", "access_token"), ("id_token", "id_token")],
        );
        let bearer = bearer.unwrap_or("access_token");
        if issuer.is_some() != client_id.is_some() {
            self.problems
                .push("CONSOLE_OIDC_ISSUER and CONSOLE_OIDC_CLIENT_ID are set together or not at all".into());
        }
        if token_origin.is_some() && token_origin != token_origin.as_deref().and_then(https_origin) {
            self.problems
                .push("CONSOLE_OIDC_TOKEN_ORIGIN is not an origin such as https://login.example.com".into());
        }
        let (issuer, client_id) = issuer.zip(client_id)?;
        let issuer_origin = https_origin(&issuer);
        if issuer_origin.is_none() {
            self.problems.push("CONSOLE_OIDC_ISSUER is not an https URL".into());
        }
        let origins = issuer_origin.into_iter().chain(token_origin).collect();
        Some(Oidc {
            issuer,
            client_id,
            bearer,
            origins,
        })
    }

    /// Exact origins, separated by commas. https, or http on this machine.
    fn more_suite_ids(&mut self) -> Vec<SuiteId> {
        let text = self.optional("MORE_SUITE_IDS").unwrap_or_default();
        let mut ids = Vec::new();
        for id in text.split(',').map(str::trim).filter(|id| !id.is_empty()) {
            match SuiteId::parse(id) {
                Ok(id) if !ids.contains(&id) => ids.push(id),
                Ok(_) => self.problems.push(format!("MORE_SUITE_IDS names {id} twice")),
                Err(_) => self
                    .problems
                    .push(format!("MORE_SUITE_IDS: {id} is not the id of an app")),
            }
        }
        ids
    }

    fn embed_origins(&mut self) -> Vec<String> {
        let text = self.optional("EMBED_ORIGINS").unwrap_or_default();
        let named: Vec<_> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let origins: Vec<_> = named.iter().filter_map(|name| embed_origin(name)).collect();
        if origins.iter().ne(named.iter().copied()) {
            self.problems.push(
                "EMBED_ORIGINS is not a list of origins such as https://app.example.com,https://other.example.com"
                    .into(),
            );
        }
        origins
    }

    /// A domain name, as it is entered in a CNAME record.
    fn cname_target(&mut self) -> Option<String> {
        let name = self.optional("CALLBACK_CNAME_TARGET")?;
        let is_name = name.contains('.')
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        if !is_name {
            self.problems.push("CALLBACK_CNAME_TARGET is not a domain name".into());
        }
        is_name.then_some(name)
    }

    /// IP addresses, separated by commas.
    fn egress_addresses(&mut self) -> Vec<String> {
        let text = self.optional("EGRESS_ADDRESSES").unwrap_or_default();
        let named: Vec<_> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        if named.iter().any(|address| address.parse::<std::net::IpAddr>().is_err()) {
            self.problems
                .push("EGRESS_ADDRESSES is not a list of IP addresses such as 203.0.113.7,203.0.113.8".into());
        }
        named.into_iter().map(ToOwned::to_owned).collect()
    }

    /// Anybody is the tenant where it counts, so it counts only under `sam local`.
    fn local_tenant_id(&mut self) -> Option<TenantId> {
        let text = self.optional("LOCAL_TENANT_ID")?;
        if self.optional("AWS_SAM_LOCAL").as_deref() != Some("true") {
            self.problems
                .push("LOCAL_TENANT_ID is set, but this is not `sam local`".into());
            return None;
        }
        let tenant_id = TenantId::of_tenant(&text).ok();
        if tenant_id.is_none() {
            self.problems.push("LOCAL_TENANT_ID is not a tenant id".into());
        }
        tenant_id
    }
}

/// The origin of a URL whose page may frame the admin page: https, or http on a loopback name.
fn embed_origin(url: &str) -> Option<String> {
    let parsed = Url::parse(url).ok()?;
    let is_loopback = parsed.scheme() == "http" && matches!(parsed.host_str(), Some("localhost" | "127.0.0.1"));
    if is_loopback {
        return Some(parsed.origin().ascii_serialization());
    }
    https_origin(url)
}

/// The origin of an https URL. It goes into the page's policy, so the host may hold neither a wildcard nor a separator, which
/// the URL standard allows.
fn https_origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok().filter(|url| url.scheme() == "https")?;
    let host = url.host_str()?;
    host.chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        .then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::BTreeSet};

    use super::*;

    fn config(set: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let required = [
            ("AUTHORIZATION_TABLE", "a"),
            ("EVENT_TABLE", "e"),
            ("SECRET_PREFIX", "s"),
        ];
        Config::from_lookup(|name| {
            let mut given = required.iter().chain(set);
            given
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn names_every_problem_at_once() {
        let set = [
            ("WECOM_API_URL", "nowhere"),
            ("EVENT_RETENTION_DAYS", "0"),
            ("CONSOLE_OIDC_ISSUER", "https://x"),
        ];
        let error = Config::from_lookup(|name| set.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
            .unwrap_err()
            .to_string();
        for name in [
            "AUTHORIZATION_TABLE",
            "EVENT_TABLE",
            "SECRET_PREFIX",
            "WECOM_API_URL",
            "EVENT_RETENTION_DAYS",
            "CONSOLE_OIDC_CLIENT_ID",
        ] {
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn reads_the_variables_that_it_lists_and_no_other() {
        let read = RefCell::new(BTreeSet::new());
        let _ = Config::from_lookup(|name| {
            read.borrow_mut().insert(name.to_owned());
            Some("x".to_owned())
        });
        // This one is set by SAM, not by the template.
        assert!(read.borrow_mut().remove("AWS_SAM_LOCAL"));
        assert_eq!(read.into_inner(), VARIABLES.map(ToOwned::to_owned).into());
    }

    #[test]
    fn takes_an_empty_variable_for_one_that_is_not_set() {
        let config = config(&VARIABLES.map(|name| (name, ""))).unwrap();
        assert_eq!(config.aws_endpoint_url, None);
        assert_eq!(config.local_tenant_id, None);
        assert_eq!(config.tenant_claim, "tenant_id");
    }

    #[test]
    fn names_the_issuer_and_its_token_endpoint_by_their_origins() {
        let issuer = ("CONSOLE_OIDC_ISSUER", "https://issuer.example.com/pool");
        let client = ("CONSOLE_OIDC_CLIENT_ID", "page");
        let oidc = config(&[issuer, client]).unwrap().console_oidc.unwrap();
        assert_eq!(
            (oidc.bearer, oidc.origins),
            ("access_token", vec!["https://issuer.example.com".to_owned()])
        );
        let token = ("CONSOLE_OIDC_TOKEN_ORIGIN", "https://login.example.com:8443");
        let oidc = config(&[issuer, client, token, ("CONSOLE_OIDC_BEARER", "id_token")])
            .unwrap()
            .console_oidc
            .unwrap();
        assert_eq!(oidc.bearer, "id_token");
        assert_eq!(
            oidc.origins,
            ["https://issuer.example.com", "https://login.example.com:8443"]
        );
    }

    #[test]
    fn lets_nothing_but_an_https_origin_into_the_policy_of_the_page() {
        let client = ("CONSOLE_OIDC_CLIENT_ID", "page");
        for wrong in [
            "*",
            "https:",
            "https://*.example.com",
            "https://a.example;script-src",
            "https://a.example https://b.example",
            "http://login.example.com",
            "login.example.com",
        ] {
            let error = config(&[("CONSOLE_OIDC_ISSUER", wrong), client])
                .unwrap_err()
                .to_string();
            assert!(error.contains("CONSOLE_OIDC_ISSUER is not"), "{error}");
            let error = config(&[("CONSOLE_OIDC_TOKEN_ORIGIN", wrong)]).unwrap_err().to_string();
            assert!(error.contains("CONSOLE_OIDC_TOKEN_ORIGIN"), "{error}");
        }
        let with_a_path = [("CONSOLE_OIDC_TOKEN_ORIGIN", "https://login.example.com/oauth2/token")];
        assert!(config(&with_a_path).is_err());
        assert!(config(&[("CONSOLE_OIDC_BEARER", "cookie")]).is_err());
    }

    #[test]
    fn takes_a_local_tenant_from_sam_local_and_from_nobody_else() {
        let tenant = ("LOCAL_TENANT_ID", "demo");
        let local = config(&[tenant, ("AWS_SAM_LOCAL", "true")]).unwrap();
        assert_eq!(local.local_tenant_id, Some(TenantId::parse("demo").unwrap()));
        for elsewhere in [
            &[tenant][..],
            &[tenant, ("AWS_SAM_LOCAL", "false")],
            &[tenant, ("AWS_SAM_LOCAL", "")],
            &[("LOCAL_TENANT_ID", "a/b"), ("AWS_SAM_LOCAL", "true")],
        ] {
            let error = config(elsewhere).unwrap_err().to_string();
            assert!(error.contains("LOCAL_TENANT_ID"), "{error}");
        }
    }

    #[test]
    fn takes_ids_of_apps_each_once_as_further_suites() {
        let suites = |text: &str| config(&[("MORE_SUITE_IDS", text)]).map(|config| config.more_suite_ids);
        assert_eq!(suites(""), Ok(Vec::new()));
        let two = ["ww5a2b9c41d07be865", "tj3f2a9c41d07be865"].map(|id| SuiteId::parse(id).unwrap());
        assert_eq!(suites("ww5a2b9c41d07be865, tj3f2a9c41d07be865"), Ok(two.to_vec()));
        for wrong in [
            "contacts",
            "ww5a2b9c41d07be865;ww5a2b9c41d07be866",
            "ww5a2b,ww5a2b",
            "ww5a/2b",
        ] {
            let error = suites(wrong).unwrap_err().to_string();
            assert!(error.contains("MORE_SUITE_IDS"), "{error}");
        }
    }

    #[test]
    fn takes_queues_of_dead_letters_with_their_names_only() {
        let queues =
            |text: &str| config(&[("DEAD_LETTER_QUEUE_URLS", text)]).map(|config| config.dead_letter_queue_urls);
        assert_eq!(queues(""), Ok(BTreeMap::new()));
        let two = [("events", "https://sqs/1/a?b=c"), ("webhooks", "https://sqs/1/d")];
        let two = two.map(|(name, url)| (name.to_owned(), url.to_owned()));
        assert_eq!(
            queues("events=https://sqs/1/a?b=c,webhooks=https://sqs/1/d"),
            Ok(two.into())
        );
        for wrong in [
            "https://sqs/1/a",
            "=https://sqs/1/a",
            "events=",
            "events=https://sqs/1/a,webhooks",
        ] {
            let error = queues(wrong).unwrap_err().to_string();
            assert!(error.contains("DEAD_LETTER_QUEUE_URLS is not"), "{error}");
        }
    }

    #[test]
    fn takes_exact_origins_for_embedding_and_nothing_wider() {
        let origins = |text: &str| config(&[("EMBED_ORIGINS", text)]).map(|config| config.embed_origins);
        assert_eq!(origins(""), Ok(Vec::new()));
        let two = "https://app.example.com, http://localhost:5173";
        assert_eq!(
            origins(two),
            Ok(vec![
                "https://app.example.com".to_owned(),
                "http://localhost:5173".to_owned()
            ])
        );
        for wrong in [
            "*",
            "https://*.example.com",
            "http://app.example.com",
            "https://app.example.com/",
            "https://app.example.com/path",
            "app.example.com",
            "https://a.example.com; script-src *",
            "null",
        ] {
            assert!(origins(wrong).is_err(), "{wrong}");
        }
    }
}
