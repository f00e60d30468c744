//! Replaces the settings of a tenant. A callback domain is used when it leads to us, and is pending until then: WeCom would refuse its
//! URLs.
//!
//! Tests: below, `tests/it/domains.rs`, `tests/it/bad_requests.rs`.

use std::borrow::Cow;

use url::{Host, Url};

use crate::{
    audit::Action,
    authorization::{Authorization, DomainFault, Settings},
    context::{Context, audited},
    error::{FieldCode, FieldError, StepError},
    ids::{Scope, TenantId},
    lifecycle::Update,
    pasted::trimmed,
    probe::Probe,
    store::{Change, DynamoDb},
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
    /// The days for which this deployment stores events, and a tenant may have them stored at most.
    pub longest_event_retention_days: u16,
}

/// What a tenant has chosen.
#[derive(Debug, Clone, Copy)]
pub struct ChosenSettings<'a> {
    /// The base of its callback URLs; `None`: the deployment's.
    pub callback_base_url: Option<&'a str>,
    /// The days for which its events are stored.
    pub event_retention_days: Choice<u16>,
}

/// What a request says about a setting that it may leave as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Choice<T> {
    /// Nothing: it stays as it is.
    #[default]
    Unchanged,
    /// The deployment's value.
    Default,
    /// A value of the tenant's own.
    Own(T),
}

impl<T> Choice<T> {
    /// The setting as it is from now on.
    fn after(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Unchanged => before,
            Self::Default => None,
            Self::Own(value) => Some(value),
        }
    }
}

impl UpdateSettings<'_> {
    /// Looks at the domain, replaces the settings, and returns them. The same domain again is looked at again.
    ///
    /// # Errors
    /// [`StepError::InvalidField`], [`StepError::StateChanged`], or the failure of the store.
    pub async fn run(
        &self,
        tenant_id: &TenantId,
        chosen: ChosenSettings<'_>,
        context: Context<'_>,
    ) -> Result<Settings, StepError> {
        let retention = chosen.event_retention_days;
        self.check_retention(retention.after(None))?;
        let chosen = chosen.callback_base_url.map(valid_base_url).transpose()?;
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
                None => authorization.settings.reset_domain(),
            }
            let settings = &mut authorization.settings;
            settings.event_retention_days = retention.after(settings.event_retention_days);
            let settings = settings.clone();
            let mut changes = Vec::new();
            if settings.event_retention_days != before.event_retention_days {
                changes = self.retained(&authorization).await?;
            }
            if without_check(&settings) != without_check(&before) {
                let shown = settings.callback_base_url.as_deref().unwrap_or("default");
                let mut entry = context.entry(Action::SettingsChanged).with("callback_base_url", shown);
                if let Some(pending) = &settings.pending_callback_base_url {
                    entry = entry.with("pending_callback_base_url", pending);
                }
                if let Some(days) = settings.event_retention_days {
                    entry = entry.with("event_retention_days", &days);
                }
                changes.push(audited(tenant_id, entry));
            }
            if update.commit(authorization, changes).await? {
                return Ok(settings);
            }
        }
    }

    fn check_retention(&self, days: Option<u16>) -> Result<(), StepError> {
        let longest = self.longest_event_retention_days;
        if days.is_none_or(|days| (1..=longest).contains(&days)) {
            return Ok(());
        }
        Err(StepError::InvalidField(FieldError {
            field: "event_retention_days",
            code: FieldCode::Malformed,
            detail: Cow::Owned(format!("Events are stored for 1 to {longest} days on this platform.")),
        }))
    }

    /// The callbacks with the days that their events are stored.
    async fn retained(&self, authorization: &Authorization) -> Result<Vec<Change>, StepError> {
        let mut saved = Vec::new();
        for scope in Scope::ALL {
            let Some(id) = &authorization.scope(scope).callback_id else {
                continue;
            };
            let mut callback = self.store.callback(id).await?.ok_or(StepError::StateChanged)?;
            callback.event_retention_days = authorization.settings.event_retention_days;
            saved.push(Change::SaveCallback(Box::new(callback)));
        }
        Ok(saved)
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
fn without_check(settings: &Settings) -> Settings {
    Settings {
        domain_check: None,
        ..settings.clone()
    }
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
