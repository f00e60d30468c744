//! What the control interface is asked.

use serde::{Deserialize, Serialize};

use crate::courier::Spoil;
use crate::faults::Fault;
use crate::world::corporation::AuthMode;
use crate::world::settings::{Settings, Switches};

/// Confirm an install link.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstallRequest {
    /// WeCom's install link, whole.
    pub url: String,
    /// The corporation that confirms, plaintext.
    pub corp_id: String,
    /// Who confirms.
    #[serde(default)]
    pub auth_mode: AuthMode,
}

/// Found a corporation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCorporation {
    /// Its name.
    pub name: String,
    /// Its plaintext id; drawn when there is none.
    #[serde(default)]
    pub corp_id: Option<String>,
    /// Its id for this provider; drawn when there is none.
    #[serde(default)]
    pub open_corp_id: Option<String>,
    /// How many members.
    #[serde(default = "default_members")]
    pub members: usize,
    /// How many of them may talk to customers.
    #[serde(default = "default_followers")]
    pub followers: usize,
}

fn default_members() -> usize {
    10
}

fn default_followers() -> usize {
    2
}

/// Send an event to one of a corporation's callbacks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventRequest {
    /// An event of the catalogue, by its name.
    pub event: Option<String>,
    /// Or any text, which is sent as it is.
    pub xml: Option<String>,
    /// How many; 1 when it is not said.
    pub copies: Option<usize>,
    /// All copies alike, as when WeCom sends one event several times; otherwise they are different events.
    pub same_content: bool,
    /// All copies at once instead of one after the other.
    pub concurrent: bool,
    /// Spoil it.
    pub spoil: Option<Spoil>,
}

/// Send an authorization event to the suite's command callback.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SuiteEventRequest {
    /// `suite_ticket`, `create_auth`, `change_auth`, `cancel_auth`, `reset_permanent_code`, or any other `InfoType`.
    pub event: Option<String>,
    /// Or any text, which is sent as it is and changes nothing here.
    pub xml: Option<String>,
    /// The corporation, plaintext. A ticket has none.
    pub corp_id: Option<String>,
    /// The `State` of `create_auth` and `change_auth`.
    pub state: Option<String>,
    /// Who authorizes (`create_auth`), or the mode that it changes to (`change_auth`).
    pub auth_mode: Option<AuthMode>,
    /// The departments that the app may see from now on (`change_auth`); none: nobody.
    pub visible_departments: Option<Vec<i64>>,
    /// How many alike; 1 when it is not said.
    pub copies: Option<usize>,
    /// All copies at once instead of one after the other.
    pub concurrent: bool,
    /// Spoil it.
    pub spoil: Option<Spoil>,
    /// Make the change, and lose the event.
    pub silent: bool,
}

/// Change some of the settings.
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

/// Change some of a corporation's switches.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "named like the switches")]
pub struct SwitchesPatch {
    pub contacts_ip_untrusted: Option<bool>,
    pub apps_ip_untrusted: Option<bool>,
    pub customer_secret_withdrawn: Option<bool>,
}

impl SwitchesPatch {
    pub(super) fn apply_to(self, switches: &mut Switches) {
        switches.contacts_ip_untrusted = self.contacts_ip_untrusted.unwrap_or(switches.contacts_ip_untrusted);
        switches.apps_ip_untrusted = self.apps_ip_untrusted.unwrap_or(switches.apps_ip_untrusted);
        switches.customer_secret_withdrawn = self
            .customer_secret_withdrawn
            .unwrap_or(switches.customer_secret_withdrawn);
    }
}

/// Move the clock on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRequest {
    /// By so much.
    pub advance_seconds: u64,
}

/// Where the suite's events go.
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
