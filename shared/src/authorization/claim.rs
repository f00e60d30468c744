//! A corporation that installed an app and is bound to no tenant.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{ClaimId, CorpId, SuiteId};

/// An installation that names no tenant, from WeCom's app market or a template's own QR code. It waits for an operator who assigns
/// it, or for a link or QR code of the tenant in the same corporation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Claim {
    /// Id of the claim, which stays the same when the corporation installs the same app again.
    pub claim_id: ClaimId,
    /// The app that is installed (`suite_id`, or the id of a template); `null` when its id has no form that WeCom documents.
    pub suite_id: Option<SuiteId>,
    /// The corporation's id as the installed app sees it.
    pub corp_id: CorpId,
    /// The corporation's name, as WeCom gives it.
    pub corp_name: String,
    /// When the app was installed, as WeCom reports it.
    pub installed_at: Timestamp,
    /// When the claim ends: its permanent code is deleted.
    pub expires_at: Timestamp,
}

impl Claim {
    /// The duration of a claim. Events of a corporation that nobody has bound are kept as long.
    pub const LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);
}
