//! Bodies of the console's forms.

use serde::Deserialize;

use crate::world::settings::Licence;

#[derive(Deserialize)]
pub(super) struct EventForm {
    pub(super) event: String,
    pub(super) xml: String,
    pub(super) copies: usize,
    #[serde(default)]
    pub(super) same_content: Option<String>,
}

/// Checkboxes of a form: an unchecked one is not sent.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SwitchesForm {
    pub(super) contacts_ip_untrusted: Option<String>,
    pub(super) apps_ip_untrusted: Option<String>,
    pub(super) customer_secret_withdrawn: Option<String>,
    pub(super) app_in_development: Option<String>,
    pub(super) app_disabled: Option<String>,
    pub(super) licence: Option<Licence>,
}

#[derive(Deserialize)]
pub(super) struct SuiteCallbackForm {
    pub(super) url: String,
}

#[derive(Deserialize)]
pub(super) struct SuiteEventForm {
    pub(super) event: String,
    pub(super) info_type: String,
    pub(super) corp_id: String,
    pub(super) state: String,
    pub(super) auth_mode: String,
}

#[derive(Deserialize)]
pub(super) struct FaultForm {
    pub(super) path: String,
    pub(super) kind: String,
    pub(super) value: String,
    pub(super) times: u32,
}

#[derive(Deserialize)]
pub(super) struct SettingsForm {
    pub(super) wrong_secret_limit: u32,
    pub(super) foreign_secret_errcode: i64,
    pub(super) removed_app_errcode: i64,
    #[serde(default)]
    pub(super) tickets_paused: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ClockForm {
    pub(super) minutes: u64,
}
