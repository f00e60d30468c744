//! Takes the replays that run further, a minute's share of each: it marks events, which the stream then hands to
//! `publish-events`.
//!
//! An event is marked once by each replay, however often it is asked for, and the position is kept after every few events: a run
//! that dies repeats those few marks, which changes nothing, unless another replay has marked the same event in between.
//!
//! Tests: `tests/it/replays.rs`.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::{
    context::Context,
    error::StepError,
    ids::TenantId,
    store::{DynamoDb, Replay, ReplayPage, ReplayStatus, ReplayedEvent},
};

/// Replays that one run looks at.
const REPLAYS: usize = 100;
/// Events between two positions that are kept.
const BATCH: usize = 25;
/// How long a run has a replay to itself. The schedule comes every minute, some seconds early or late.
const LEASE: SignedDuration = SignedDuration::from_secs(50);

/// A replay that has waited so long for a run is not taken further: runs fail or are missing, or others take all of their time.
const STANDS_STILL_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// Takes the replays further that are due.
#[derive(Debug)]
pub struct RunReplays<'a> {
    /// The tables.
    pub store: &'a DynamoDb,
}

/// The result of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplayRun {
    /// Number of events that were replayed.
    pub replayed: u64,
    /// Number of replays that could not be taken further. The next run tries again.
    pub failed: usize,
}

impl RunReplays<'_> {
    /// Takes each replay that is due further by a minute's share, those that have waited longest first, and begins no batch after
    /// `until`. What it does not reach is due in the next run.
    ///
    /// # Errors
    /// The failure of the store before the first replay. A replay that fails does not end the run.
    pub async fn run(&self, until: Timestamp, context: Context<'_>) -> Result<ReplayRun, StepError> {
        let mut run = ReplayRun::default();
        let due = self.store.due_replays(context.now(), REPLAYS).await?;
        if let Some(first) = due.first()
            && context.now() >= first.due_at + STANDS_STILL_AFTER
        {
            tracing::error!(since = %first.due_at, "a replay stands still");
        }
        for replay in due {
            if context.now() >= until {
                break;
            }
            // Boxed, because the compiler limits how deep futures are nested.
            match Box::pin(self.take_further(replay.tenant_id.as_ref(), until, context)).await {
                Ok(replayed) => run.replayed += replayed,
                Err(error) => {
                    run.failed += 1;
                    tracing::error!(%error, "a replay could not be taken further");
                }
            }
        }
        Ok(run)
    }

    /// One replay's share. Returns the number of events that were replayed.
    async fn take_further(
        &self,
        tenant_id: Option<&TenantId>,
        until: Timestamp,
        context: Context<'_>,
    ) -> Result<u64, StepError> {
        let now = context.now();
        let lease = now + LEASE;
        let Some(mut replay) = self.store.replay(tenant_id).await? else {
            return Ok(0);
        };
        if !self.store.take_replay(&replay, now, lease).await? {
            return Ok(0);
        }
        let before = replay.replayed;
        let mut noted = BTreeSet::new();
        let mut left = usize::try_from(replay.request.per_minute).unwrap_or(usize::MAX);
        while left > 0 && context.now() < until {
            let ReplayPage { events, next } = self.store.replay_page(&replay, left).await?;
            left -= events.len().min(left);
            for batch in events.chunks(BATCH) {
                self.note(&replay, batch, &mut noted).await?;
                self.mark(&mut replay, batch).await?;
                if !self.store.keep_replay(&replay, lease, context.now()).await? {
                    return Ok(replay.replayed - before);
                }
                if context.now() >= until {
                    return Ok(replay.replayed - before);
                }
            }
            if next.is_none() {
                replay.status = ReplayStatus::Done;
                replay.ended_at = Some(context.now());
                self.store.keep_replay(&replay, lease, context.now()).await?;
                break;
            }
            if next != replay.position {
                replay.position = next;
                if !self.store.keep_replay(&replay, lease, context.now()).await? {
                    break;
                }
            }
        }
        Ok(replay.replayed - before)
    }

    /// Enters a replay of all tenants in the audit trail of each tenant whose event it comes to, before that. It is the same entry each
    /// time, and so there once.
    async fn note(
        &self,
        replay: &Replay,
        batch: &[ReplayedEvent],
        noted: &mut BTreeSet<TenantId>,
    ) -> Result<(), StepError> {
        let Some(entry) = replay.start_entry().filter(|_| replay.tenant_id.is_none()) else {
            return Ok(());
        };
        for event in batch {
            if noted.insert(event.tenant_id.clone()) {
                self.store.record(&event.tenant_id, entry.clone()).await?;
            }
        }
        Ok(())
    }

    /// Marks a batch of events, and moves the position behind it.
    async fn mark(&self, replay: &mut Replay, batch: &[ReplayedEvent]) -> Result<(), StepError> {
        for event in batch {
            // One that has been deleted since it was read does not count.
            let is_marked = self
                .store
                .replay_event(&event.tenant_id, &event.event_id, &replay.replay_id)
                .await?;
            replay.replayed += u64::from(is_marked);
            replay.position = Some(event.position.clone());
        }
        Ok(())
    }
}
