//! What the simulator does where WeCom leaves it open, and how strict it is.

use serde::{Deserialize, Serialize};

/// How WeCom behaves towards everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// So many wrong secrets within an hour ban the caller's address for an hour (45009).
    pub wrong_secret_limit: u32,
    /// What `gettoken` answers to another corporation's secret: 40001 or 40091; the documentation has both.
    pub foreign_secret_errcode: i64,
    /// What a removed app's permanent code answers: 48004 or 40084; the documentation has both.
    pub removed_app_errcode: i64,
    /// No suite ticket is pushed by itself, so that the last one can grow old.
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

/// How WeCom behaves towards one corporation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// 60020 for calls with the contacts Secret: 通讯录同步 has a list of trusted addresses and ours is not on it.
    pub contacts_ip_untrusted: bool,
    /// 60020 for calls with the other Secrets.
    pub apps_ip_untrusted: bool,
    /// 48002 for the Secret of 客户联系 itself, as for corporations that began after 2023-12-01.
    pub customer_secret_withdrawn: bool,
}
