//! A tenant's settings: `/authorization/settings`.

use lambda_http::{Body, Response, http::StatusCode};
use serde::Deserialize;

use super::{Answer, Problem, Request, binding, conclude, problem};
use crate::{platform::Platform, probe::Probe, steps::UpdateSettings};

/// The settings to be set.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsEntry {
    /// `https://` and a public domain name, without port or path; `null` returns to the default.
    /// Outer spaces and a slash at the end are dropped.
    // An `Option` that is read by a function of its own has to be there.
    #[serde(deserialize_with = "Option::deserialize")]
    #[cfg_attr(
        feature = "contract",
        schemars(
            required,
            length(max = 256),
            regex(
                pattern = r"^[\s\u200B-\u200F\u2060\uFEFF]*[Hh][Tt][Tt][Pp][Ss]://[^\s/?#@:]+/?[\s\u200B-\u200F\u2060\uFEFF]*$"
            )
        )
    )]
    callback_base_url: Option<String>,
}

/// `PUT /authorization/settings`.
pub async fn update_settings(platform: &Platform, request: Request) -> Response<Body> {
    conclude(put(platform, &request).await, &request)
}

async fn put(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = binding(platform, request).await?;
    let entry: SettingsEntry = request.json()?;
    let step = UpdateSettings {
        store: &platform.store,
        probe: Probe { local: false },
        deployment_id: &request.deployment_id(),
        known_domains: platform.known_domains.as_deref(),
    };
    let settings = step
        .run(
            &tenant_id,
            entry.callback_base_url.as_deref(),
            platform.context(&request.actor()),
        )
        .await
        .map_err(problem(platform))?;
    Ok(Answer::json(StatusCode::OK, &settings))
}

#[cfg(feature = "contract")]
pub(super) fn operations() -> Vec<super::contract::Operation> {
    use super::{contract::Operation, problem::kinds};
    vec![
        Operation::admin(
            ["PUT", "/authorization/settings"],
            ["updateSettings", "update-settings"],
            ["State", "Change the settings"],
        )
        .says(
            "The domain is looked up and called: name (`dns`), certificate (`tls`) and this deployment's answer under it \
             (`answer`). One that leads to us is used in callback URLs from now on; one that does not is kept as \
             `pending_callback_base_url`, and `domain_check` says what is missing. Sending it again looks again. A callback is \
             identified by its path alone, so URLs that are in use stay valid after a change of the domain, as long as the old \
             domain leads to us.",
        )
        .takes::<SettingsEntry>()
        .answers::<crate::authorization::Settings>(200, "The settings as they are now.")
        .refuses(&[kinds::STATE_CHANGED])
        .refuses_like(kinds::INVALID_FIELD, &["invalid_field_domain"]),
    ]
}
