use std::time::Duration;

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, TransactWriteItem, builders::UpdateBuilder},
};

use super::{DynamoDb, store_error};
use crate::store::{
    StoreError,
    errors::{internal, unavailable},
};

/// A transaction was not carried out.
pub(super) enum TransactionError {
    /// For each item, whether its condition failed; at least one did.
    Conditions(Vec<bool>),
    /// The transaction failed for another reason.
    Store(StoreError),
}

/// Pauses between attempts when another transaction holds an item, as `publish-events` does with a busy callback for
/// milliseconds. Such a conflict is not a change, so it is retried here.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(10),
    Duration::from_millis(30),
    Duration::from_millis(90),
    Duration::from_millis(270),
];

impl DynamoDb {
    /// Claims something by a conditional update. Returns whether it is claimed. A transaction, because it is
    /// idempotent: a claim whose response was lost must not look like another caller's.
    pub(super) async fn claim(&self, claim: UpdateBuilder) -> Result<bool, StoreError> {
        let claim = claim.table_name(&self.authorization_table).build()?;
        match self
            .transact(vec![TransactWriteItem::builder().update(claim).build()])
            .await
        {
            Ok(()) => Ok(true),
            Err(TransactionError::Conditions(_)) => Ok(false),
            Err(TransactionError::Store(error)) => Err(error),
        }
    }

    /// Carries out all of `items`, or none.
    pub(super) async fn transact(&self, items: Vec<TransactWriteItem>) -> Result<(), TransactionError> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let request = self.client.transact_write_items();
            let sent = request.set_transact_items(Some(items.clone())).send().await;
            let Err(error) = sent else { return Ok(()) };
            let Some(reasons) = cancellation_reasons(&error) else {
                return Err(TransactionError::Store(store_error(error)));
            };
            if reasons.contains(&Reason::Condition) {
                let failed = reasons.iter().map(|reason| *reason == Reason::Condition).collect();
                return Err(TransactionError::Conditions(failed));
            }
            if reasons.contains(&Reason::Lasting) {
                return Err(TransactionError::Store(internal(&error)));
            }
            match pauses.next() {
                Some(pause) if !reasons.contains(&Reason::Throttled) => tokio::time::sleep(pause).await,
                _ => return Err(TransactionError::Store(unavailable(&error))),
            }
        }
    }
}

/// The reason why an item was not written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// Another item of the transaction was not written.
    Another,
    Condition,
    /// Another transaction holds it.
    Conflict,
    Throttled,
    Lasting,
}

fn cancellation_reasons(error: &SdkError<TransactWriteItemsError>) -> Option<Vec<Reason>> {
    let reason = |reason: &CancellationReason| match reason.code() {
        None | Some("None") => Reason::Another,
        Some("ConditionalCheckFailed") => Reason::Condition,
        Some("TransactionConflict") => Reason::Conflict,
        Some("ThrottlingError" | "ProvisionedThroughputExceeded") => Reason::Throttled,
        Some(_) => Reason::Lasting,
    };
    match error.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            Some(cancelled.cancellation_reasons().iter().map(reason).collect())
        }
        _ => None,
    }
}
