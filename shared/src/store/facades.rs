//! The tables as the functions that WeCom can reach may use them: by type, no other operation.

use jiff::{SignedDuration, Timestamp};

use super::{
    AppendOutcome, CommitError, DynamoDb, EventGap, NewEvent, Noted, StateChange, StoreError, StoredSuiteEvent,
    dynamodb::SUITE_EVENT_RETENTION,
};
use crate::{
    audit::AuditEntry,
    authorization::{Callback, Refusal},
    ids::CallbackId,
};

/// The store of `event-callback`: reads a callback, notes on it, appends events.
#[derive(Debug, Clone, Copy)]
pub struct EventCallbackStore<'a>(&'a DynamoDb);

/// The store of `suite-callback`: stores events of the suite.
#[derive(Debug, Clone, Copy)]
pub struct SuiteCallbackStore<'a>(&'a DynamoDb);

impl<'a> From<&'a DynamoDb> for EventCallbackStore<'a> {
    fn from(store: &'a DynamoDb) -> Self {
        Self(store)
    }
}

impl<'a> From<&'a DynamoDb> for SuiteCallbackStore<'a> {
    fn from(store: &'a DynamoDb) -> Self {
        Self(store)
    }
}

impl EventCallbackStore<'_> {
    /// Reads a callback: [`DynamoDb::callback`].
    pub(crate) async fn callback(&self, id: &CallbackId) -> Result<Option<Callback>, StoreError> {
        self.0.callback(id).await
    }

    /// Makes a generation current: [`DynamoDb::promote`].
    pub(crate) async fn promote(
        &self,
        callback: Callback,
        notifications: Vec<StateChange>,
        gap: Option<EventGap>,
        entry: AuditEntry,
    ) -> Result<(), CommitError> {
        self.0.promote(callback, notifications, gap, entry).await
    }

    /// Notes the use of old credentials: [`DynamoDb::note_old_credentials`].
    pub(crate) async fn note_old_credentials(
        &self,
        id: &CallbackId,
        since: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.0.note_old_credentials(id, since).await
    }

    /// Notes refused requests: [`DynamoDb::note_refusals`].
    pub(crate) async fn note_refusals(&self, seen: &Callback, refusals: &[Refusal]) -> Result<Noted, StoreError> {
        self.0.note_refusals(seen, refusals).await
    }

    /// How long an event is stored: [`DynamoDb::event_retention`].
    pub(crate) fn event_retention(self, chosen_days: Option<u16>) -> SignedDuration {
        self.0.event_retention(chosen_days)
    }

    /// Stores an event: [`DynamoDb::append_event`].
    pub(crate) async fn append_event(&self, event: NewEvent) -> Result<AppendOutcome, StoreError> {
        self.0.append_event(event).await
    }
}

impl SuiteCallbackStore<'_> {
    /// How long an event is stored, and a repeated one recognized.
    pub(crate) const EVENT_RETENTION: SignedDuration = SUITE_EVENT_RETENTION;

    /// Stores an event: [`DynamoDb::put_suite_event`].
    pub(crate) async fn put_suite_event(&self, event: &StoredSuiteEvent) -> Result<AppendOutcome, StoreError> {
        self.0.put_suite_event(event).await
    }
}
