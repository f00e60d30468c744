//! Replaces the settings of a tenant.
//!
//! Tests: below, `tests/it/bad_requests.rs`.

use url::{Host, Url};

use crate::{
    audit::Action,
    authorization::Settings,
    context::{Context, audited},
    error::{FieldCode, FieldError, StepError},
    ids::TenantId,
    lifecycle::Update,
    store::DynamoDb,
};

/// Replaces the settings of one tenant.
#[derive(Debug)]
pub struct UpdateSettings<'a> {
    /// The table of states.
    pub store: &'a DynamoDb,
}

impl UpdateSettings<'_> {
    /// Replaces the settings, and returns them.
    ///
    /// # Errors
    /// [`StepError::InvalidField`], [`StepError::StateChanged`], or the failure of the store.
    pub async fn run(
        &self,
        tenant_id: &TenantId,
        callback_base_url: Option<&str>,
        context: Context<'_>,
    ) -> Result<Settings, StepError> {
        let callback_base_url = callback_base_url.map(valid_base_url).transpose()?;
        let settings = Settings { callback_base_url };
        let mut update = Update::of(self.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            if authorization.settings == settings {
                return Ok(settings.clone());
            }
            authorization.settings = settings.clone();
            let shown = settings.callback_base_url.as_deref().unwrap_or("default");
            let entry = context.entry(Action::SettingsChanged).with("callback_base_url", shown);
            if update.commit(authorization, vec![audited(tenant_id, entry)]).await? {
                return Ok(settings.clone());
            }
        }
    }
}

/// The refusal of an IP address, `localhost` or a name without a dot.
pub(crate) const NOT_A_DOMAIN: FieldError = FieldError {
    field: "callback_base_url",
    code: FieldCode::NotADomain,
    detail: "The callback domain must be a public domain name of your company.",
};

/// The scheme and host of a callback domain: what a CNAME can point to us, and nothing that leads elsewhere.
fn valid_base_url(text: &str) -> Result<String, StepError> {
    let invalid = |code, detail| {
        StepError::InvalidField(FieldError {
            field: "callback_base_url",
            code,
            detail,
        })
    };
    let form = "The callback domain has the form https://wecom.example.com, without a path.";
    let url = Url::parse(text.trim()).map_err(|_| invalid(FieldCode::Malformed, form))?;
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
            valid_base_url(" https://WeCom.Example.com/ ").unwrap(),
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
