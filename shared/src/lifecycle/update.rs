//! Optimistic locking: a change is decided on the stored record, written if the record is still the same, and decided again
//! if it is not.

use crate::{
    authorization::Authorization,
    context::{Context, saved},
    error::StepError,
    ids::TenantId,
    store::{Change, CommitError, DynamoDb},
};

/// A change of a tenant's authorization:
///
/// ```text
/// let mut update = Update::of(store, tenant_id, context);
/// loop {
///     let mut authorization = update.read().await?;
///     // Decide on what was read; return if there is nothing to change.
///     if update.commit(authorization, changes).await? {
///         return Ok(());
///     }
/// }
/// ```
pub(crate) struct Update<'a> {
    store: &'a DynamoDb,
    tenant_id: &'a TenantId,
    context: Context<'a>,
    attempts: Attempts,
    /// What the first attempt decides on, if it was read before.
    known: Option<Authorization>,
    read: Option<Authorization>,
}

impl<'a> Update<'a> {
    /// A change of this tenant's authorization.
    pub(crate) fn of(store: &'a DynamoDb, tenant_id: &'a TenantId, context: Context<'a>) -> Self {
        Self {
            store,
            tenant_id,
            context,
            attempts: Attempts::default(),
            known: None,
            read: None,
        }
    }

    /// A change of this authorization, which has been read: only what follows a stale attempt reads it again.
    pub(crate) fn with(store: &'a DynamoDb, known: &'a Authorization, context: Context<'a>) -> Self {
        Self {
            known: Some(known.clone()),
            ..Self::of(store, &known.tenant_id, context)
        }
    }

    /// Whether an attempt before this one was stale.
    pub(crate) fn is_repeated(&self) -> bool {
        self.attempts.0 > 1
    }

    /// The authorization as it is stored now, or as it was read before the first attempt.
    ///
    /// # Errors
    /// [`StepError::StateChanged`] after five attempts, or the failure of the store.
    pub(crate) async fn read(&mut self) -> Result<Authorization, StepError> {
        self.attempts.begin()?;
        let read = match self.known.take() {
            Some(known) => known,
            None => self.store.authorization(self.tenant_id).await?,
        };
        self.read = Some(read.clone());
        Ok(read)
    }

    /// Writes the changed authorization together with `changes` and the notifications about its differences. An authorization
    /// that did not change is not written. Returns false when one of the records was changed since it was read: then it has to
    /// be read and decided again.
    ///
    /// # Errors
    /// [`StepError::CorpMismatch`] when another tenant has bound the corporation, or the failure of the store.
    pub(crate) async fn commit(&mut self, after: Authorization, mut changes: Vec<Change>) -> Result<bool, StepError> {
        if let Some(before) = self.read.take()
            && before != after
        {
            changes.extend(saved(&before, after, self.context));
        }
        // A transaction needs an item.
        if changes.is_empty() {
            return Ok(true);
        }
        is_committed(self.store.commit(changes).await)
    }
}

/// Whether a commit was carried out; false when one of the records was changed since it was read.
///
/// # Errors
/// Every other failure of the commit.
pub(crate) fn is_committed(result: Result<(), CommitError>) -> Result<bool, StepError> {
    match result {
        Ok(()) => Ok(true),
        Err(CommitError::Stale) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The attempts at one change, five at most. Each further attempt follows another change of the same record that was committed
/// in the meantime, so `n` attempts suffice for `n` concurrent changes. A tenant has one or two admins and the schedule.
#[derive(Debug, Default)]
pub(crate) struct Attempts(u32);

impl Attempts {
    const MAX: u32 = 5;

    /// Begins another attempt.
    ///
    /// # Errors
    /// [`StepError::StateChanged`] after five attempts.
    pub(crate) fn begin(&mut self) -> Result<(), StepError> {
        self.0 += 1;
        if self.0 > Self::MAX {
            return Err(StepError::StateChanged);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_tried_five_times() {
        let mut attempts = Attempts::default();
        for _ in 0..5 {
            attempts.begin().unwrap();
        }
        assert!(matches!(attempts.begin(), Err(StepError::StateChanged)));
    }
}
