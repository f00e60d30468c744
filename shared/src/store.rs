//! Durable state: DynamoDB for records, Secrets Manager for secrets.
//!
//! Every change of an authorization goes through [`DynamoDb::commit`], which is one conditional transaction. There is one
//! implementation of each store (docs/adr/0001), so there are no traits: use cases take [`DynamoDb`] and [`SecretsManager`].
//! The rights of a deployed function are limited by its IAM role, which the tests derive from its calls. The functions that
//! WeCom can reach are limited by type as well: [`EventCallbackStore`], [`SuiteCallbackStore`].

mod change;
mod dynamodb;
mod errors;
mod events;
mod facades;
mod persons;
mod replays;
mod secret_name;
mod secrets_manager;
mod suite_vault;
pub mod tables;

pub(crate) use self::secrets_manager::RECOVERY_WINDOW_DAYS;
pub use self::{
    change::{Change, DisabledBecause, EventGap, GapReason, ReceiverChange, ReceiverState, StateChange},
    dynamodb::{
        AtRest, Breaker, CheckStatus, ClaimPage, DeadLetterNote, DueReplay, DynamoDb, EventChange, FailingReceiver,
        HealthRunNote, ListFilter, ListPage, Noted, StoredClaim, StoredListing, StoredSuiteEvent, StoredToken,
        SuiteNote,
    },
    errors::{CommitError, StoreError},
    events::{AppendOutcome, Event, EventFilter, EventHead, EventPage, EventSource, NewEvent, Payload},
    facades::{EventCallbackStore, SuiteCallbackStore},
    persons::{Person, PersonEvent, PersonEventPage, PersonKind},
    replays::{Replay, ReplayPage, ReplayRequest, ReplayStatus, ReplayedEvent},
    secret_name::SecretName,
    secrets_manager::{ListedSecret, SecretVersions, SecretsManager},
    suite_vault::{MalformedSuite, Suite, SuiteKind, SuiteVault},
};
pub use crate::position::Position;
