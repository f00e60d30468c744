//! Requests of the control interface.

use serde::{Deserialize, Serialize};

use crate::{
    callback_client::Spoil,
    faults::Fault,
    world::{
        corporation::AuthMode,
        settings::{Licence, Settings, Switches},
    },
};

/// Request to confirm an install link.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstallRequest {
    /// The complete install link of WeCom.
    pub url: String,
    /// Plaintext id of the corporation that confirms.
    pub corp_id: String,
    /// Mode of the authorization.
    #[serde(default)]
    pub auth_mode: AuthMode,
}

/// Request to scan a QR code of templates and confirm.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScanRequest {
    /// The text of the QR code.
    pub text: String,
    /// Plaintext id of the corporation that confirms.
    pub corp_id: String,
    /// Number of identical copies of the event; 1 by default.
    pub copies: Option<usize>,
    /// Whether all copies are sent at the same time instead of one after the other.
    pub concurrent: bool,
    /// Whether the event is not sent.
    pub silent: bool,
}

/// Request to create a corporation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCorporation {
    /// Name of the corporation, as its admins see it.
    pub name: String,
    /// Plaintext id; random by default.
    #[serde(default)]
    pub corp_id: Option<String>,
    /// Encrypted id for this provider; random by default.
    #[serde(default)]
    pub open_corp_id: Option<String>,
    /// Number of members.
    #[serde(default = "default_members")]
    pub members: usize,
    /// Number of members with permission for external contacts.
    #[serde(default = "default_followers")]
    pub followers: usize,
}

fn default_members() -> usize {
    10
}

fn default_followers() -> usize {
    2
}

/// Request to send an event to a corporation's callback.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventRequest {
    /// Name of an event in the catalogue.
    pub event: Option<String>,
    /// Text to send instead, unchanged.
    pub xml: Option<String>,
    /// Number of copies; 1 by default.
    pub copies: Option<usize>,
    /// Whether all copies are identical, as when WeCom redelivers; otherwise they are different events.
    pub same_content: bool,
    /// Whether all copies are sent at the same time instead of one after the other.
    pub concurrent: bool,
    /// Defect of the event.
    pub spoil: Option<Spoil>,
}

/// Request to send events of a corporation to the callback of its app.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppEventRequest {
    /// Id of the suite; the first one by default.
    pub suite_id: Option<String>,
    /// Plaintext id of the corporation.
    pub corp_id: String,
    /// Name of an event in the catalogue, of contacts or of external contacts.
    pub event: Option<String>,
    /// Text to send instead, unchanged.
    pub xml: Option<String>,
    /// Whether the corporation is named by its plaintext id, as when its own admin has entered the URL at 客户联系 → 接收事件服务器;
    /// otherwise by its encrypted one.
    pub plaintext: bool,
    /// Number of different events; 1 by default.
    pub copies: Option<usize>,
}

/// Request to send an authorization event to the suite's command callback.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SuiteEventRequest {
    /// `suite_ticket`, `create_auth`, `change_auth`, `cancel_auth`, `reset_permanent_code`, or any other `InfoType`.
    pub event: Option<String>,
    /// Text to send instead, unchanged; it changes no state.
    pub xml: Option<String>,
    /// Id of the suite; the first one by default.
    pub suite_id: Option<String>,
    /// Plaintext id of the corporation; none for a ticket.
    pub corp_id: Option<String>,
    /// The `State` of `create_auth` and `change_auth`.
    pub state: Option<String>,
    /// Mode of the authorization (`create_auth`), or its new mode (`change_auth`).
    pub auth_mode: Option<AuthMode>,
    /// New visible departments (`change_auth`); an empty list hides everybody.
    pub visible_departments: Option<Vec<i64>>,
    /// New permissions of a customised app (`change_auth`).
    pub permissions: Option<Vec<String>>,
    /// Number of identical copies; 1 by default.
    pub copies: Option<usize>,
    /// Whether all copies are sent at the same time instead of one after the other.
    pub concurrent: bool,
    /// Defect of the event.
    pub spoil: Option<Spoil>,
    /// Whether the change is made without sending the event.
    pub silent: bool,
}

/// Request to change settings.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "named like the settings")]
pub struct SettingsPatch {
    pub wrong_secret_limit: Option<u32>,
    pub foreign_secret_errcode: Option<i64>,
    pub removed_app_errcode: Option<i64>,
    pub tickets_paused: Option<bool>,
}

impl SettingsPatch {
    pub(super) fn check(&self) -> Result<(), String> {
        let is_one_of = |code: Option<i64>, allowed: [i64; 2]| code.is_none_or(|code| allowed.contains(&code));
        if self.wrong_secret_limit == Some(0) {
            Err("wrong_secret_limit is at least 1".to_owned())
        } else if !is_one_of(self.foreign_secret_errcode, [40001, 40091]) {
            Err("foreign_secret_errcode is 40001 or 40091".to_owned())
        } else if !is_one_of(self.removed_app_errcode, [48004, 40084]) {
            Err("removed_app_errcode is 48004 or 40084".to_owned())
        } else {
            Ok(())
        }
    }

    pub(super) fn apply_to(self, settings: &mut Settings) {
        settings.wrong_secret_limit = self.wrong_secret_limit.unwrap_or(settings.wrong_secret_limit);
        settings.foreign_secret_errcode = self.foreign_secret_errcode.unwrap_or(settings.foreign_secret_errcode);
        settings.removed_app_errcode = self.removed_app_errcode.unwrap_or(settings.removed_app_errcode);
        settings.tickets_paused = self.tickets_paused.unwrap_or(settings.tickets_paused);
    }
}

/// Request to change settings of a corporation.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "named like the switches")]
pub struct SwitchesPatch {
    pub contacts_ip_untrusted: Option<bool>,
    pub apps_ip_untrusted: Option<bool>,
    pub customer_secret_withdrawn: Option<bool>,
    pub app_in_development: Option<bool>,
    pub app_disabled: Option<bool>,
    pub licence: Option<Licence>,
}

impl SwitchesPatch {
    pub(super) fn apply_to(self, switches: &mut Switches) {
        switches.contacts_ip_untrusted = self.contacts_ip_untrusted.unwrap_or(switches.contacts_ip_untrusted);
        switches.apps_ip_untrusted = self.apps_ip_untrusted.unwrap_or(switches.apps_ip_untrusted);
        switches.customer_secret_withdrawn = self
            .customer_secret_withdrawn
            .unwrap_or(switches.customer_secret_withdrawn);
        switches.app_in_development = self.app_in_development.unwrap_or(switches.app_in_development);
        switches.app_disabled = self.app_disabled.unwrap_or(switches.app_disabled);
        switches.licence = self.licence.unwrap_or(switches.licence);
    }
}

/// Request to advance the clock.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRequest {
    /// Seconds to advance.
    pub advance_seconds: u64,
}

/// Request to set the suite's callback URL.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuiteCallbackRequest {
    pub(crate) url: url::Url,
}

/// One fault, or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    One(Box<Fault>),
    Many(Vec<Fault>),
}
