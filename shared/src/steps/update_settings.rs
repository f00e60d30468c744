//! Replaces the settings of a tenant. A callback domain is used when it leads to us, and is pending until then: WeCom would refuse its
//! URLs.
//!
//! Tests: below, `tests/it/domains.rs`, `tests/it/bad_requests.rs`.

use std::borrow::Cow;

use url::{Host, Url};

use crate::{
    audit::Action,
    authorization::{DomainFault, Settings},
    context::{Context, audited},
    error::{FieldCode, FieldError, StepError},
    ids::TenantId,
    lifecycle::Update,
    pasted::trimmed,
    probe::Probe,
    store::DynamoDb,
};

/// Replaces the settings of one tenant.
#[derive(Debug)]
pub struct UpdateSettings<'a> {
    /// The table of states.
    pub store: &'a DynamoDb,
    /// The client that calls the domain.
    pub probe: Probe,
    /// What this deployment answers under [`DEPLOYMENT_PATH`](crate::probe::DEPLOYMENT_PATH).
    pub deployment_id: &'a str,
    /// The domains that lead here, on a machine without DNS for them; `None`: DNS decides.
    pub known_domains: Option<&'a [String]>,
}

impl UpdateSettings<'_> {
    /// Looks at the domain, replaces the settings, and returns them. The same domain again is looked at again.
    ///
    /// # Errors
    /// [`StepError::InvalidField`], [`StepError::StateChanged`], or the failure of the store.
    pub async fn run(
        &self,
        tenant_id: &TenantId,
        callback_base_url: Option<&str>,
        context: Context<'_>,
    ) -> Result<Settings, StepError> {
        let chosen = callback_base_url.map(valid_base_url).transpose()?;
        let fault = match &chosen {
            Some(chosen) => self.fault_of(chosen).await?,
            None => None,
        };
        let mut update = Update::of(self.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            let before = authorization.settings.clone();
            match chosen.clone() {
                Some(chosen) => authorization.settings.choose(chosen, context.now(), fault),
                None => authorization.settings = Settings::default(),
            }
            let settings = authorization.settings.clone();
            let mut changes = Vec::new();
            if without_check(&settings) != without_check(&before) {
                let shown = settings.callback_base_url.as_deref().unwrap_or("default");
                let mut entry = context.entry(Action::SettingsChanged).with("callback_base_url", shown);
                if let Some(pending) = &settings.pending_callback_base_url {
                    entry = entry.with("pending_callback_base_url", pending);
                }
                changes.push(audited(tenant_id, entry));
            }
            if update.commit(authorization, changes).await? {
                return Ok(settings);
            }
        }
    }

    /// Why a domain does not lead to this deployment; `None` when it does.
    async fn fault_of(&self, base_url: &str) -> Result<Option<DomainFault>, StepError> {
        let url = Url::parse(base_url).map_err(|error| StepError::Internal(Box::new(error)))?;
        Ok(match (self.known_domains, url.host_str()) {
            (Some(known), Some(host)) => (!is_below(host, known)).then_some(DomainFault::DnsNotFound),
            _ => self.probe.fault_of_domain(url, self.deployment_id).await,
        })
    }
}

/// Whether a name is one of these or below one of them.
fn is_below(host: &str, known: &[String]) -> bool {
    known.iter().any(|name| {
        let rest = host.strip_suffix(name.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// What the audit trail is about: not when the domain was looked at, and what was found.
fn without_check(settings: &Settings) -> (Option<&str>, Option<&str>) {
    let pending = settings.pending_callback_base_url.as_deref();
    (settings.callback_base_url.as_deref(), pending)
}

/// The refusal of an IP address, `localhost` or a name without a dot.
pub(crate) const NOT_A_DOMAIN: FieldError = FieldError {
    field: "callback_base_url",
    code: FieldCode::NotADomain,
    detail: Cow::Borrowed("The callback domain must be a public domain name of your company."),
};

/// The scheme and host of a callback domain: what a CNAME can point to us, and nothing that leads elsewhere.
fn valid_base_url(text: &str) -> Result<String, StepError> {
    let invalid = |code, detail| {
        StepError::InvalidField(FieldError {
            field: "callback_base_url",
            code,
            detail: Cow::Borrowed(detail),
        })
    };
    let form = "The callback domain has the form https://wecom.example.com, without a path.";
    let url = Url::parse(trimmed(text)).map_err(|_| invalid(FieldCode::Malformed, form))?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    if url.scheme() != "https" || !bare || !anonymous || url.port().is_some() || text.len() > 256 {
        return Err(invalid(FieldCode::Malformed, form));
    }
    match url.host() {
        Some(Host::Domain(domain))
            if domain.contains('.') && !domain.split('.').any(str::is_empty) && !domain.ends_with(".localhost") =>
        {
            Ok(url.as_str().trim_end_matches('/').to_owned())
        }
        _ => Err(StepError::InvalidField(NOT_A_DOMAIN)),
    }
}

#[cfg(test)]
mod tests {
    use super::valid_base_url;

    #[test]
    fn takes_a_domain_and_nothing_else() {
        assert_eq!(
            valid_base_url(" https://WeCom.Example.com/\u{200B}\n").unwrap(),
            "https://wecom.example.com"
        );
        for text in [
            "http://wecom.example.com",
            "https://wecom.example.com/path",
            "https://wecom.example.com?x=1",
            "https://wecom.example.com#x",
            "https://user@wecom.example.com",
            "https://wecom.example.com:8443",
            "https://10.0.0.1",
            "https://[::1]",
            "https://localhost",
            "https://a.localhost",
            "https://..",
            "https://.example.com",
            "https://wecom.example.com.",
            "wecom.example.com",
            "",
        ] {
            assert!(valid_base_url(text).is_err(), "{text}");
        }
    }
}
