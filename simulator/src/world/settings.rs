//! Settings of the simulator where WeCom's documentation is ambiguous, and its limits.

use serde::{Deserialize, Serialize};

/// Settings for all corporations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Number of wrong secrets within an hour after which the caller's address is banned for an hour (45009).
    pub wrong_secret_limit: u32,
    /// `errcode` of `gettoken` for another corporation's secret: 40001 or 40091; the documentation has both.
    pub foreign_secret_errcode: i64,
    /// `errcode` for the permanent code of a removed app: 48004 or 40084; the documentation has both.
    pub removed_app_errcode: i64,
    /// Whether the push of suite tickets is paused, so that the last one expires.
    pub tickets_paused: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wrong_secret_limit: 20,
            foreign_secret_errcode: 40001,
            removed_app_errcode: 48004,
            tickets_paused: false,
        }
    }
}

/// Settings for one corporation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Switches {
    /// 60020 for calls with the contacts Secret, as when the caller is not among the trusted addresses of 通讯录同步.
    pub contacts_ip_untrusted: bool,
    /// 60020 for calls with the other Secrets.
    pub apps_ip_untrusted: bool,
    /// 48002 for the Secret of 客户联系 itself, as for corporations created after 2023-12-01.
    pub customer_secret_withdrawn: bool,
    /// Whether the customised app is 开发中 instead of 已上线.
    pub app_in_development: bool,
    /// Whether the corporation has disabled (停用) the customised app.
    pub app_disabled: bool,
    /// Interface licence of the customised app.
    pub licence: Licence,
}

/// Interface licence (接口调用许可) of the customised app in a corporation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Licence {
    /// WeCom does not check it.
    NotRequired,
    /// The trial, 90 days from the installation.
    #[default]
    Trial,
    /// The trial ends in a week.
    TrialEnding,
    /// The trial ended yesterday, and nobody has a licence.
    TrialOver,
    /// The trial ended yesterday, and members have licences.
    Bought,
}

impl Licence {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 5] = [
        Self::NotRequired,
        Self::Trial,
        Self::TrialEnding,
        Self::TrialOver,
        Self::Bought,
    ];

    /// Name in a request.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotRequired => "not_required",
            Self::Trial => "trial",
            Self::TrialEnding => "trial_ending",
            Self::TrialOver => "trial_over",
            Self::Bought => "bought",
        }
    }
}
