//! Starts, shows and stops a replay: the events of a time are handed to the platform's other services again, by `run-replays`.
//!
//! Tests: `tests/it/replays.rs`.

use std::borrow::Cow;

use crate::{
    audit::Action,
    context::Context,
    entropy::random_id,
    error::{FieldCode, FieldError, StepError},
    ids::TenantId,
    store::{DynamoDb, Replay, ReplayRequest, ReplayStatus},
};

/// Marking an event takes some ten milliseconds, and a run has 45 seconds for all replays.
const MOST_PER_MINUTE: u32 = 3000;

/// The time of a replay ends before it begins.
pub(crate) const UNTIL_IS_NOT_LATER: FieldError = FieldError {
    field: "until",
    code: FieldCode::Malformed,
    detail: Cow::Borrowed("`until` is not later than `since`."),
};

/// The replay of a tenant, or of all tenants: there is one at a time.
#[derive(Debug)]
pub struct ReplayEvents<'a> {
    /// The tables.
    pub store: &'a DynamoDb,
    /// Whose events; `None`: those of all tenants.
    pub tenant_id: Option<&'a TenantId>,
}

impl ReplayEvents<'_> {
    /// Starts a replay. If one with the same request runs already, it is returned.
    ///
    /// # Errors
    /// [`StepError::InvalidField`], [`StepError::ReplayRunning`] when another one runs, or the failure of the store.
    pub async fn start(&self, request: ReplayRequest, context: Context<'_>) -> Result<Replay, StepError> {
        check(&request)?;
        let replay = Replay {
            replay_id: random_id(context.entropy),
            tenant_id: self.tenant_id.cloned(),
            request,
            status: ReplayStatus::Running,
            replayed: 0,
            position: None,
            started_at: context.now(),
            ended_at: None,
            started_by: Some(context.actor.clone()),
        };
        if self.store.start_replay(&replay).await? {
            let actor = context.actor.id.as_deref();
            tracing::info!(replay.id = replay.replay_id, actor, "a replay was started");
            return Ok(replay);
        }
        match self.store.replay(self.tenant_id).await? {
            Some(running) if running.request == replay.request && running.status == ReplayStatus::Running => {
                Ok(running)
            }
            _ => Err(StepError::ReplayRunning),
        }
    }

    /// The replay of this id.
    ///
    /// # Errors
    /// [`StepError::NotFound`] when there is none, or another has begun since; or the failure of the store.
    pub async fn read(&self, replay_id: &str) -> Result<Replay, StepError> {
        let replay = self.store.replay(self.tenant_id).await?;
        let replay = replay.filter(|replay| replay.replay_id == replay_id);
        replay.ok_or(StepError::NotFound)
    }

    /// Stops the replay of this id, and returns it as it is then. One that has ended stays as it is.
    ///
    /// # Errors
    /// As [`ReplayEvents::read`].
    pub async fn stop(&self, replay_id: &str, context: Context<'_>) -> Result<Replay, StepError> {
        let replay = self.read(replay_id).await?;
        if replay.status != ReplayStatus::Running {
            return Ok(replay);
        }
        let entry = context
            .entry(Action::ReplayStopped)
            .with("replay_id", &replay.replay_id);
        self.store.stop_replay(&replay, &entry).await?;
        let actor = context.actor.id.as_deref();
        tracing::info!(replay.id = replay.replay_id, actor, "a replay was stopped");
        self.read(replay_id).await
    }
}

fn check(request: &ReplayRequest) -> Result<(), StepError> {
    if request.since >= request.until {
        return Err(StepError::InvalidField(UNTIL_IS_NOT_LATER));
    }
    if !(1..=MOST_PER_MINUTE).contains(&request.per_minute) {
        return Err(StepError::InvalidField(FieldError {
            field: "per_minute",
            code: FieldCode::Malformed,
            detail: Cow::Borrowed("`per_minute` is from 1 to 3000."),
        }));
    }
    Ok(())
}
