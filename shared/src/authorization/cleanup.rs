//! The deletion of secrets after an authorization has ended, and its order with the writes of new ones.
//!
//! A secret is stored in Secrets Manager, the record that names it in DynamoDB, and no transaction covers both. Three rules
//! keep a secret from outliving its authorization, and a clean-up from deleting a secret that is in use:
//!
//! 1. A write is planned in the record before the secret is written ([`Authorization::plan_write`]). The commit that names
//!    the new version settles the plan. A plan that nobody settled expires, and a secret that the record does not name then
//!    is deleted.
//! 2. Secrets are deleted under a claim ([`Authorization::claim_deletion`]). While it is in force no write is planned, and a
//!    secret whose write is planned is not deleted.
//! 3. The end of an authorization plans the deletion of every secret, named or not, and takes over the planned writes. If
//!    there are any, the deletion is repeated after the last of them has ended ([`Authorization::plan_cleanup`]).
//! 4. A secret that is in Secrets Manager although the record does not name it is deleted like one whose write died
//!    ([`Authorization::plan_orphan`]).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Authorization;
use crate::ids::Scope;

/// The longest time from the plan of a write of a Secret to its end: longer than the timeout of each function that writes one
/// (template.yaml).
const WRITE_TIME: SignedDuration = SignedDuration::from_mins(2);

/// The same for a permanent code, which WeCom gives once: an attempt that died is repeated by a reload of the redirect, while
/// the session lasts.
const INSTALLATION_TIME: SignedDuration = SignedDuration::from_mins(30);

/// The longest time from a claim to the last deletion under it: three secrets and their tokens, four seconds each.
const DELETION_TIME: SignedDuration = SignedDuration::from_secs(30);

/// The clean-up after an authorization that ended; `None` when it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleanup {
    /// The tasks that are not done yet, sorted, each once.
    pub tasks: Vec<CleanupTask>,
    /// The time at which the authorization ended.
    pub since: Timestamp,
    /// A write that began before the end may last until this time, so the deletion is repeated then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat_at: Option<Timestamp>,
    /// The attempts that are deleting.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Marker>,
}

/// A task of the clean-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CleanupTask {
    /// The permanent code and its token.
    Installation,
    /// A Secret and its token.
    Scope(Scope),
    /// The tenant's events that arrived before the end.
    Events,
}

/// An attempt at something, and the time at which it has certainly ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// The random id of the attempt.
    pub id: String,
    /// The time after which the attempt does nothing any more.
    pub until: Timestamp,
}

/// A write of a secret that was planned and is not settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedWrite {
    /// Secret that the task deletes.
    pub secret: CleanupTask,
    /// The attempt to write it.
    #[serde(flatten)]
    pub attempt: Marker,
}

impl CleanupTask {
    /// All secrets of a tenant.
    pub const SECRETS: [Self; 3] = [
        Self::Installation,
        Self::Scope(Scope::Contacts),
        Self::Scope(Scope::ExternalContacts),
    ];
}

impl Authorization {
    /// Plans the write of a secret by the attempt `id`, and takes the secret out of the clean-up. Returns false, and changes
    /// nothing, while secrets are being deleted.
    #[must_use]
    pub fn plan_write(&mut self, secret: CleanupTask, id: String, now: Timestamp) -> bool {
        if let Some(cleanup) = &mut self.cleanup {
            if cleanup.claims.iter().any(|claim| now < claim.until) {
                return false;
            }
            cleanup.tasks.retain(|planned| *planned != secret);
            self.drop_empty_cleanup();
        }
        let until = match secret {
            CleanupTask::Installation => now + INSTALLATION_TIME,
            CleanupTask::Scope(_) | CleanupTask::Events => now + WRITE_TIME,
        };
        let attempt = Marker { id, until };
        // The plan of an attempt that died is continued by this one.
        self.planned_writes
            .retain(|planned| planned.secret != secret || now < planned.attempt.until);
        self.planned_writes.push(PlannedWrite { secret, attempt });
        let check_at = self.next_check_at.map_or(until, |at| at.min(until));
        self.next_check_at = Some(check_at);
        true
    }

    /// Ends the plan of the attempt `id`, whose secret this record names from now on. Returns false when there is no such plan
    /// any more: then the owner of the plan deletes what was written.
    #[must_use]
    pub fn settle_write(&mut self, id: &str) -> bool {
        let is_own = |planned: &PlannedWrite| planned.attempt.id == id;
        let Some(position) = self.planned_writes.iter().position(is_own) else {
            return false;
        };
        let written = self.planned_writes.swap_remove(position).secret;
        if let Some(cleanup) = &mut self.cleanup {
            cleanup.tasks.retain(|planned| *planned != written);
        }
        self.drop_empty_cleanup();
        true
    }

    /// Whether a write was planned so long ago that its attempt must have died.
    #[must_use]
    pub fn has_expired_writes(&self, now: Timestamp) -> bool {
        self.planned_writes.iter().any(|planned| planned.attempt.until <= now)
    }

    /// Plans the clean-up after the end of the authorization: every secret, named or not, and perhaps the events.
    pub fn plan_cleanup(&mut self, delete_events: bool, now: Timestamp) {
        let earlier = self.cleanup.take();
        let writes = std::mem::take(&mut self.planned_writes).into_iter();
        let repeat_at = writes
            .map(|planned| planned.attempt.until)
            .chain(earlier.as_ref().and_then(|earlier| earlier.repeat_at))
            .filter(|until| *until > now)
            .max();
        let events = delete_events || earlier.as_ref().is_some_and(Cleanup::has_events);
        let mut tasks = CleanupTask::SECRETS.to_vec();
        tasks.extend(events.then_some(CleanupTask::Events));
        self.cleanup = Some(Cleanup {
            tasks,
            since: now,
            repeat_at,
            claims: earlier.map(|earlier| earlier.claims).unwrap_or_default(),
        });
    }

    /// Claims the deletion of secrets for the attempt `id`. Returns the secrets to delete; without any, nothing is claimed.
    #[must_use]
    pub fn claim_deletion(&mut self, id: &str, now: Timestamp) -> Vec<CleanupTask> {
        self.give_up_expired_writes(now);
        let Some(cleanup) = &mut self.cleanup else {
            return Vec::new();
        };
        cleanup.claims.retain(|claim| now < claim.until);
        let is_written = |secret: &CleanupTask| self.planned_writes.iter().any(|planned| planned.secret == *secret);
        let secrets: Vec<_> = cleanup
            .tasks
            .iter()
            .copied()
            .filter(|task| *task != CleanupTask::Events && !is_written(task))
            .collect();
        if secrets.is_empty() {
            self.drop_empty_cleanup();
        } else {
            let until = now + DELETION_TIME;
            let id = id.to_owned();
            cleanup.claims.push(Marker { id, until });
        }
        secrets
    }

    /// Ends the claim of the attempt `id`, which deleted these secrets at `claimed_at` or later.
    pub fn settle_deletion(&mut self, id: &str, deleted: &[CleanupTask], claimed_at: Timestamp) {
        let Some(cleanup) = &mut self.cleanup else { return };
        cleanup.claims.retain(|claim| claim.id != id);
        if cleanup.repeat_at.is_none_or(|at| at <= claimed_at) {
            cleanup.tasks.retain(|task| !deleted.contains(task));
        }
        self.drop_empty_cleanup();
    }

    /// Ends the deletion of the events.
    pub fn settle_events(&mut self) {
        if let Some(cleanup) = &mut self.cleanup {
            cleanup.tasks.retain(|task| *task != CleanupTask::Events);
        }
        self.drop_empty_cleanup();
    }

    /// Drops the plans whose attempts died, and plans the deletion of their secrets if this record does not name them.
    fn give_up_expired_writes(&mut self, now: Timestamp) {
        let (expired, alive) = std::mem::take(&mut self.planned_writes)
            .into_iter()
            .partition(|planned| planned.attempt.until <= now);
        self.planned_writes = alive;
        let expired: Vec<PlannedWrite> = expired;
        for planned in expired {
            let is_written = self.planned_writes.iter().any(|other| other.secret == planned.secret);
            if !is_written && !self.names(planned.secret) {
                self.plan_deletion(planned.secret, now);
            }
        }
    }

    /// Plans the deletion of a secret that Secrets Manager has although nothing here is about it. Returns whether that is so: one
    /// that is in use, about to be written or about to be deleted is none.
    #[must_use]
    pub fn plan_orphan(&mut self, secret: CleanupTask, now: Timestamp) -> bool {
        let is_written = self.planned_writes.iter().any(|planned| planned.secret == secret);
        let is_deleted = |cleanup: &Cleanup| cleanup.tasks.contains(&secret);
        if is_written || self.names(secret) || self.cleanup.as_ref().is_some_and(is_deleted) {
            return false;
        }
        self.plan_deletion(secret, now);
        self.next_check_at = Some(now);
        true
    }

    fn plan_deletion(&mut self, secret: CleanupTask, now: Timestamp) {
        let cleanup = self.cleanup.get_or_insert_with(|| Cleanup {
            tasks: Vec::new(),
            since: now,
            repeat_at: None,
            claims: Vec::new(),
        });
        cleanup.tasks.push(secret);
        cleanup.tasks.sort_unstable();
        cleanup.tasks.dedup();
    }

    /// Whether a secret is in use.
    fn names(&self, secret: CleanupTask) -> bool {
        match secret {
            CleanupTask::Installation => self.present().is_some(),
            CleanupTask::Scope(scope) => self.scope(scope).secret.is_some(),
            CleanupTask::Events => false,
        }
    }

    fn drop_empty_cleanup(&mut self) {
        self.cleanup = self
            .cleanup
            .take()
            .filter(|cleanup| !cleanup.tasks.is_empty() || !cleanup.claims.is_empty());
    }
}

impl Cleanup {
    /// Whether events are to be deleted.
    #[must_use]
    pub fn has_events(&self) -> bool {
        self.tasks.contains(&CleanupTask::Events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TenantId;

    const CONTACTS: CleanupTask = CleanupTask::Scope(Scope::Contacts);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    fn authorization() -> Authorization {
        Authorization::new(TenantId::parse("acme").unwrap())
    }

    #[test]
    fn a_write_that_nobody_settles_is_deleted() {
        let mut authorization = authorization();
        assert!(authorization.plan_write(CONTACTS, "write".into(), at(0)));
        assert_eq!(authorization.claim_deletion("delete", at(119)), []);
        assert_eq!(authorization.next_check_at, Some(at(120)));
        assert!(authorization.has_expired_writes(at(120)));
        assert_eq!(authorization.claim_deletion("delete", at(120)), [CONTACTS]);
        authorization.settle_deletion("delete", &[CONTACTS], at(120));
        assert_eq!(
            (&authorization.cleanup, &authorization.planned_writes[..]),
            (&None, &[][..])
        );
    }

    #[test]
    fn no_write_is_planned_during_a_deletion_and_no_secret_is_deleted_during_its_write() {
        let mut authorization = authorization();
        authorization.plan_cleanup(false, at(0));
        assert_eq!(authorization.claim_deletion("delete", at(0)), CleanupTask::SECRETS);
        assert!(!authorization.plan_write(CONTACTS, "write".into(), at(29)));
        authorization.settle_deletion("delete", &[CleanupTask::Installation], at(0));
        assert!(authorization.plan_write(CONTACTS, "write".into(), at(29)));
        let other = CleanupTask::Scope(Scope::ExternalContacts);
        assert_eq!(authorization.claim_deletion("delete", at(30)), [other]);
        assert!(authorization.settle_write("write"));
    }

    #[test]
    fn a_claim_of_an_attempt_that_died_ends() {
        let mut authorization = authorization();
        authorization.plan_cleanup(false, at(0));
        let _ = authorization.claim_deletion("died", at(0));
        assert!(authorization.plan_write(CONTACTS, "write".into(), at(30)));
    }

    #[test]
    fn an_end_during_a_write_deletes_at_once_and_again_when_the_write_has_ended() {
        let mut authorization = authorization();
        assert!(authorization.plan_write(CONTACTS, "write".into(), at(0)));
        authorization.plan_cleanup(false, at(10));
        assert!(!authorization.settle_write("write"), "the writer learns that it lost");
        for (second, tasks) in [(10, 3), (119, 3), (120, 0)] {
            let secrets = authorization.claim_deletion("delete", at(second));
            assert_eq!(secrets, CleanupTask::SECRETS, "{second}");
            authorization.settle_deletion("delete", &secrets, at(second));
            let left = authorization.cleanup.as_ref().map_or(0, |cleanup| cleanup.tasks.len());
            assert_eq!(left, tasks, "{second}");
        }
    }

    #[test]
    fn two_attempts_at_deleting_do_not_end_each_others_claims() {
        let mut authorization = authorization();
        authorization.plan_cleanup(false, at(0));
        let secrets = authorization.claim_deletion("first", at(0));
        let _ = authorization.claim_deletion("second", at(1));
        authorization.settle_deletion("second", &secrets, at(1));
        assert!(!authorization.plan_write(CONTACTS, "write".into(), at(2)));
        authorization.settle_deletion("first", &secrets, at(0));
        assert_eq!(authorization.cleanup, None);
        assert!(authorization.plan_write(CONTACTS, "write".into(), at(2)));
    }

    #[test]
    fn an_orphan_is_what_is_neither_in_use_nor_written_nor_deleted() {
        let mut authorization = authorization();
        assert!(authorization.plan_write(CONTACTS, "write".into(), at(0)));
        assert!(!authorization.plan_orphan(CONTACTS, at(1)), "it is being written");
        assert!(
            !authorization.plan_orphan(CONTACTS, at(300)),
            "who gives the write up deletes it"
        );
        assert!(authorization.settle_write("write"));

        assert!(authorization.plan_orphan(CONTACTS, at(301)));
        assert_eq!(authorization.next_check_at, Some(at(301)));
        assert!(!authorization.plan_orphan(CONTACTS, at(302)), "it is being deleted");
        // A registration that begins now keeps it.
        assert!(authorization.plan_write(CONTACTS, "another".into(), at(303)));
        assert_eq!(authorization.claim_deletion("delete", at(304)), []);
        assert!(authorization.settle_write("another"));
        assert_eq!(authorization.cleanup, None);
    }

    #[test]
    fn reads_a_clean_up_that_an_earlier_release_wrote() {
        let stored = r#"{"tasks": ["installation", {"scope": "contacts"}, "events"], "since": "2026-11-22T15:42:25Z"}"#;
        let cleanup: Cleanup = serde_json::from_str(stored).unwrap();
        assert!(cleanup.has_events() && cleanup.repeat_at.is_none() && cleanup.claims.is_empty());
    }
}
