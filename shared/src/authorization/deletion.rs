//! What was deleted since an authorization ended: the content of the certificate about it (docs/adr/0025-deletion-and-its-proof.md).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Authorization, Callback, CleanupTask};
use crate::ids::CorpId;

/// What was deleted since an authorization ended, until the certificate about it is written. Events and tokens are counted in the
/// transactions that delete them ([`Deleted`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// The time of the end; of the last one if another authorization began and ended before the clean-up was done.
    pub ended_at: Timestamp,
    /// The corporation of the authorization, as WeCom names it to this provider; `None` when none was installed.
    pub corp_id: Option<CorpId>,
    /// The callbacks that were removed.
    pub callbacks: usize,
    /// The pairs of Token and EncodingAESKey that were removed with them.
    pub credentials: usize,
    /// The secrets that are scheduled for deletion, sorted, each once.
    pub secrets: Vec<CleanupTask>,
    /// The time at which the last of them was scheduled.
    pub scheduled_at: Option<Timestamp>,
    /// Whether the deployment keeps the events.
    pub keeps_events: bool,
}

/// The number of items that were deleted since an authorization ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Deleted {
    /// Number of events that were deleted.
    pub events: u64,
    /// Number of cached access tokens that were deleted.
    pub tokens: u64,
}

impl Authorization {
    /// Plans the certificate about the deletion that follows the end of the authorization of `corp_id`, with these callbacks.
    pub fn plan_certificate<'a>(
        &mut self,
        corp_id: Option<CorpId>,
        callbacks: impl Iterator<Item = &'a Callback>,
        keeps_events: bool,
        now: Timestamp,
    ) {
        let mut deletion = self.deletion.take().unwrap_or(Deletion {
            ended_at: now,
            corp_id: None,
            callbacks: 0,
            credentials: 0,
            secrets: Vec::new(),
            scheduled_at: None,
            keeps_events,
        });
        for callback in callbacks {
            deletion.callbacks += 1;
            let newest = [&callback.current, &callback.pending].into_iter().flatten().count();
            deletion.credentials += newest + callback.previous.len();
        }
        deletion.ended_at = now;
        deletion.corp_id = corp_id.or(deletion.corp_id);
        deletion.keeps_events = keeps_events;
        self.deletion = Some(deletion);
    }
}

impl Deletion {
    /// Notes secrets that are scheduled for deletion. One that is noted already counts once.
    pub fn schedule(&mut self, secrets: &[CleanupTask], now: Timestamp) {
        if secrets.is_empty() {
            return;
        }
        self.secrets.extend(secrets);
        self.secrets.sort_unstable();
        self.secrets.dedup();
        self.scheduled_at = Some(now);
    }
}

impl CleanupTask {
    /// The last segment of the secret's name; `events` for the events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Installation => "installation",
            Self::Scope(scope) => scope.as_path(),
            Self::Events => "events",
        }
    }
}
