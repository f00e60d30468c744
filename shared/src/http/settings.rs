//! A tenant's settings: `/authorization/settings`.

use lambda_http::{Body, Response, http::StatusCode};
use serde::Deserialize;

use super::{Answer, Problem, Request, binding, conclude, fields::whole_number_or_null, problem};
use crate::{
    platform::Platform,
    probe::Probe,
    steps::{Choice, ChosenSettings, UpdateSettings},
};

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
    /// Days for which events that arrive from now on are stored, up to `platform.event_retention_days`; `null` returns to that.
    /// Absent: stays as it is.
    #[serde(default, deserialize_with = "whole_number_or_null")]
    #[cfg_attr(feature = "contract", schemars(with = "Option<u16>", range(min = 1, max = 3650), transform = without_default))]
    event_retention_days: Choice<u16>,
}

/// Absent is not `null`.
#[cfg(feature = "contract")]
fn without_default(schema: &mut schemars::Schema) {
    schema.remove("default");
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
        longest_event_retention_days: platform.config.event_retention_days(),
    };
    let chosen = ChosenSettings {
        callback_base_url: entry.callback_base_url.as_deref(),
        event_retention_days: entry.event_retention_days,
    };
    let settings = step
        .run(&tenant_id, chosen, platform.context(&request.actor()))
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
             domain leads to us. `event_retention_days` shortens how long the binding's events are stored; those that are stored \
             already end when they were to end.",
        )
        .takes::<SettingsEntry>()
        .answers::<crate::authorization::Settings>(200, "The settings as they are now.")
        .refuses(&[kinds::STATE_CHANGED])
        .refuses_like(kinds::INVALID_FIELD, &["invalid_field_domain"]),
    ]
}
