//! What is durable: the ports that the steps are written against, and their adapters for DynamoDB and Secrets Manager.
//!
//! A port has one role; the bounds of a step's type say what it may touch, and nothing else. Every change of state goes
//! through [`Authorizations::commit`]: one conditional write, or one transaction.

mod dynamodb;
mod events;
mod key_ring;
mod rotation;
mod sdk;
mod sealing;
mod sealing_keys;
mod secrets_manager;
mod suite;
pub mod tables;

use std::{error::Error as StdError, future::Future};

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub use self::{
    dynamodb::DynamoDb,
    events::{Appended, Event, EventFilter, EventPage, EventSource, NewEvent, Payload},
    key_ring::KeyRing,
    rotation::{RotatedSecret, SealedRecords, SecretVersions},
    sealing::SealError,
    sealing_keys::SealingKeys,
    secrets_manager::SecretsManager,
    suite::{MalformedSuite, Suite, SuiteVault},
};
use crate::{
    audit::{AuditEntry, AuditPage},
    authorization::{Authorization, Callback, InstallOutcome, InstallSession, Rejection},
    ids::{CallbackId, CorpId, EventId, InstallState, Scope, TenantId},
};

/// The store did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It was out of reach or overloaded: trying again may help.
    #[error("the store is out of reach")]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),
    /// It refused or answered something unexpected: trying again will not help.
    #[error("the store refused")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

/// A commit was not carried out; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Somebody else changed one of the records since it was read.
    #[error("a record was changed in the meantime")]
    Stale,
    /// The corporation is bound to another tenant.
    #[error("the corporation is bound to another tenant")]
    CorpBoundElsewhere,
    /// The store failed; whether the commit was carried out is unknown.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One part of a commit. The parts of a commit are carried out together or not at all.
#[derive(Debug, Clone)]
pub enum Change {
    /// Writes the authorization, if its stored version is still the one it was read with.
    Save(Box<Authorization>),
    /// Binds the corporation to the tenant, if no other tenant has bound it.
    BindCorp(CorpId, TenantId),
    /// Sets the corporation free, if it is bound to the tenant.
    ReleaseCorp(CorpId, TenantId),
    /// Writes the callback's corporation and generations, if its stored version is still the one it was read with.
    SaveCallback(Box<Callback>),
    /// Removes a callback: from then on its URL answers 404.
    RemoveCallback(CallbackId),
    /// Ends an install session.
    EndInstallSession(InstallState, InstallOutcome),
    /// Tells the platform's other services of a change.
    Announce(Announcement),
    /// Adds a line to the tenant's audit trail.
    Audit(TenantId, AuditEntry),
}

/// A change that the platform's other services are told of: `authorization.changed` on the event bus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Announcement {
    /// Names it.
    pub announcement_id: String,
    /// Whose authorization.
    pub tenant_id: TenantId,
    /// What changed: `installation`, `contacts.secret`, `contacts.callback`, …
    pub what: String,
    /// What it was.
    pub from: String,
    /// What it is.
    pub to: String,
    /// When.
    pub at: Timestamp,
}

/// The state of each tenant's authorization.
pub trait Authorizations: Send + Sync {
    /// The authorization of a tenant; a tenant that has done nothing has an empty one of version zero.
    fn authorization(&self, tenant_id: &TenantId) -> impl Future<Output = Result<Authorization, StoreError>> + Send;
    /// A callback, read with strong consistency.
    fn callback(&self, id: &CallbackId) -> impl Future<Output = Result<Option<Callback>, StoreError>> + Send;
    /// The tenant that has bound a corporation.
    fn tenant_of(&self, corp_id: &CorpId) -> impl Future<Output = Result<Option<TenantId>, StoreError>> + Send;
    /// Carries out all of `changes`, or none.
    fn commit(&self, changes: Vec<Change>) -> impl Future<Output = Result<(), CommitError>> + Send;
}

/// Tenants that are to be looked at again.
pub trait DueAuthorizations: Send + Sync {
    /// Up to `limit` tenants that are due at `now`, those that have waited longest first.
    fn due(&self, now: Timestamp, limit: usize) -> impl Future<Output = Result<Vec<TenantId>, StoreError>> + Send;
}

/// What the function that faces WeCom needs of a callback: to read it, and to note on it.
pub trait Callbacks: Send + Sync {
    /// A callback, read with strong consistency.
    fn callback(&self, id: &CallbackId) -> impl Future<Output = Result<Option<Callback>, StoreError>> + Send;
    /// Writes the callback's generations, if its stored version is still the one it was read with, with what other services
    /// are told of it and a line of the tenant's audit trail.
    fn promote(
        &self,
        callback: Callback,
        told: Vec<Announcement>,
        entry: AuditEntry,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;
    /// Notes on a callback since when WeCom uses credentials that were replaced, or that it does so no more.
    fn note_old_credentials(
        &self,
        id: &CallbackId,
        since: Option<Timestamp>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Notes a refused request on a callback, unless too many have been noted within the minute. Answers whether it was
    /// noted.
    fn note_rejection(
        &self,
        id: &CallbackId,
        rejection: Rejection,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// Install sessions.
pub trait InstallSessions: Send + Sync {
    /// Stores a new session.
    fn create_session(&self, session: &InstallSession) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// A session, if there is one; an expired one may still be there.
    fn session(&self, state: &InstallState) -> impl Future<Output = Result<Option<InstallSession>, StoreError>> + Send;
    /// Ties a session to a browser, unless it is tied to another. Answers whether it is tied to this one now.
    fn bind_browser(
        &self,
        state: &InstallState,
        browser: &str,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// Claims the exchange of a session that `session` shows unclaimed, or claimed by an attempt that has died. Answers
    /// whether the claim is ours.
    fn claim_exchange(
        &self,
        session: &InstallSession,
        auth_code_hash: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// Gives the claim back after an attempt that failed for now, so that the next one with the same code need not wait
    /// until this one counts as dead.
    fn release_exchange(
        &self,
        state: &InstallState,
        auth_code_hash: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Ends a session without an installation.
    fn fail_session(&self, state: &InstallState, code: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// For which tenant auth_codes of the suite's events were exchanged. A code can be exchanged once, and an event does not name
/// the corporation: so an attempt that follows one that died learns from here where to look for what the code gave.
pub trait Exchanges: Send + Sync {
    /// Notes for which tenant a code was exchanged.
    fn note_exchange(
        &self,
        auth_code_hash: &str,
        tenant_id: &TenantId,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// The tenant that a code was exchanged for, if that was noted.
    fn exchanged_for(&self, auth_code_hash: &str) -> impl Future<Output = Result<Option<TenantId>, StoreError>> + Send;
}

/// The events that arrived.
pub trait AppendEvents: Send + Sync {
    /// Stores an event, unless it is there already.
    fn append(&self, event: NewEvent) -> impl Future<Output = Result<Appended, StoreError>> + Send;
}

/// Reading the events that arrived.
pub trait ReadEvents: Send + Sync {
    /// Up to `limit` events of a tenant, newest first, from `cursor` on.
    fn events(
        &self,
        tenant_id: &TenantId,
        filter: &EventFilter,
        limit: usize,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<EventPage, StoreError>> + Send;
}

/// Counting events per callback.
pub trait CountEvents: Send + Sync {
    /// Adds the counts, once for each `batch`, however often it is handed in within two days.
    fn count(
        &self,
        counts: Vec<CallbackCount>,
        batch: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What one batch of stored events adds to one callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackCount {
    /// The callback.
    pub callback_id: CallbackId,
    /// How many events were new.
    pub received: u64,
    /// How many deliveries were repetitions.
    pub duplicates: u64,
    /// When the newest of them arrived.
    pub last_event_at: Option<Timestamp>,
}

/// The newest suite ticket.
pub trait SuiteTickets: Send + Sync {
    /// The ticket and when WeCom issued it.
    fn ticket(
        &self,
        suite_id: &str,
    ) -> impl Future<Output = Result<Option<(SecretString, Timestamp)>, StoreError>> + Send;
    /// Keeps a ticket, unless a newer one is there.
    fn keep_ticket(
        &self,
        suite_id: &str,
        ticket: &SecretString,
        issued_at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// An access token.
#[derive(Debug, Clone, Deserialize)]
pub struct CachedToken {
    /// The token.
    pub token: SecretString,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The version in Secrets Manager of the Secret that it was got with; `None` for the suite's own.
    pub version_id: Option<String>,
}

/// Access tokens that are still good.
pub trait TokenCache: Send + Sync {
    /// A cached token that is good at `now`.
    fn token(&self, name: &str, now: Timestamp)
    -> impl Future<Output = Result<Option<CachedToken>, StoreError>> + Send;
    /// Keeps a token until it ends.
    fn keep_token(&self, name: &str, token: &CachedToken) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Drops a token.
    fn drop_token(&self, name: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Renewing a cached token, one caller at a time.
pub trait TokenLeases: Send + Sync {
    /// Drops a token that WeCom refused, unless it has been renewed already.
    fn drop_refused(&self, name: &str, refused: &SecretString) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Claims the right to renew a token until `until`, unless somebody else holds it at `now`. Keeping or dropping the token
    /// gives it back. Answers whether it was claimed.
    fn claim_refresh(
        &self,
        name: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// Handing events on again.
pub trait ReplayEvents: Send + Sync {
    /// Marks an event of the tenant, so that the stream hands it on again. Answers whether there is one.
    fn replay(&self, tenant_id: &TenantId, event_id: &EventId)
    -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// Deleting events.
pub trait DeleteEvents: Send + Sync {
    /// Deletes up to about a hundred events of a tenant that arrived before then. Answers whether there may be more.
    fn delete_some_events(
        &self,
        tenant_id: &TenantId,
        before: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// The audit trail.
pub trait AuditTrail: Send + Sync {
    /// Adds a line about something that changed nothing.
    fn record(&self, tenant_id: &TenantId, entry: AuditEntry) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Up to `limit` lines of a tenant, newest first, from `cursor` on.
    fn audit(
        &self,
        tenant_id: &TenantId,
        limit: usize,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<AuditPage, StoreError>> + Send;
}

/// Wrong Secrets, counted, because WeCom bans our address for an hour when they repeat (developer document 90313).
pub trait Attempts: Send + Sync {
    /// Takes one of the attempts that `counter` has in the present window. Answers until when there is none left.
    fn take_attempt(
        &self,
        counter: &str,
        limit: u32,
        window: jiff::SignedDuration,
        now: Timestamp,
    ) -> impl Future<Output = Result<Result<(), Timestamp>, StoreError>> + Send;
    /// Gives an attempt back that turned out right.
    fn return_attempt(
        &self,
        counter: &str,
        window: jiff::SignedDuration,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Until when nobody asks WeCom anything.
pub trait Breaker: Send + Sync {
    /// Until when WeCom bans our address, if it does at `now`.
    fn ban(&self, now: Timestamp) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;
    /// Notes that WeCom bans our address.
    fn note_ban(&self, until: Timestamp) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Secrets entrusted to us.
pub trait Vault: Send + Sync {
    /// Writes a secret whole; the version before it is kept. Answers the new version's id.
    fn put(&self, name: &SecretName, value: &SecretString) -> impl Future<Output = Result<String, StoreError>> + Send;
    /// Schedules a secret for deletion after the recovery window; one that is missing, or scheduled already, is left alone.
    fn delete(&self, name: &SecretName) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// A version of a secret, or the newest; `None` when there is none.
    fn read(
        &self,
        name: &SecretName,
        version_id: Option<&str>,
    ) -> impl Future<Output = Result<Option<SecretString>, StoreError>> + Send;
}

/// Names a secret, below the deployment's prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretName {
    /// A tenant's permanent code.
    Installation(TenantId),
    /// A tenant's 通讯录Secret or 客户Secret.
    Scope(TenantId, Scope),
    /// The suite's own.
    Suite,
    /// The sealing key ring.
    SealingKey,
}

impl SecretName {
    /// Its name in Secrets Manager.
    #[must_use]
    pub fn under(&self, prefix: &str) -> String {
        match self {
            Self::Installation(tenant) => format!("{prefix}/{tenant}/installation"),
            Self::Scope(tenant, scope) => format!("{prefix}/{tenant}/{}", scope.as_path()),
            Self::Suite => format!("{prefix}/suite"),
            Self::SealingKey => format!("{prefix}/sealing-key"),
        }
    }
}

/// The event id: a hash of where an event arrived and what it said, never of the ciphertext, which differs each time.
///
/// # Panics
/// Never: half a SHA-256 is an event id.
#[must_use]
pub fn event_id(place: &str, content: &[u8]) -> EventId {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::new()
        .chain_update(place)
        .chain_update([0])
        .chain_update(content)
        .finalize();
    let half = digest.first_chunk::<16>().copied().unwrap_or_default();
    EventId::parse(&crate::entropy::hex(&half)).expect("32 hexadecimal digits are an event id")
}
