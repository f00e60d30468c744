//! The plan of a write to Secrets Manager, which is stored before the secret is written (`authorization/cleanup.rs`).

use std::time::Duration;

use super::update::Update;
use crate::{
    authorization::CleanupTask,
    context::Context,
    entropy::random_id,
    error::StepError,
    ids::{Fingerprint, TenantId},
    store::{Change, DynamoDb},
};

/// Number of checks by a write, and the pause between them, whether a deletion has ended: three seconds together. A
/// deletion takes less than a second.
const LOOKS: u32 = 30;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Stores that a secret of a tenant is about to be written and, if it is a permanent code that an event of the suite brought, the
/// auth_code that was exchanged for it. Waits for a deletion that is under way. Returns the id of the
/// plan, for [`Authorization::settle_write`](crate::authorization::Authorization::settle_write).
///
/// # Errors
/// [`StepError::NotFound`] in a further binding that was removed, [`StepError::AttemptInProgress`] when the deletion has not ended within
/// three seconds, or the failure of the store.
pub(crate) async fn plan_write(
    store: &DynamoDb,
    tenant_id: &TenantId,
    secret: CleanupTask,
    exchanged: Option<&Fingerprint>,
    context: Context<'_>,
) -> Result<String, StepError> {
    let id = random_id(context.entropy);
    for _ in 0..LOOKS {
        let mut update = Update::of(store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            if !authorization.is_binding() {
                return Err(StepError::NotFound);
            }
            if !authorization.plan_write(secret, id.clone(), context.now()) {
                break;
            }
            let note = |code: &Fingerprint| Change::NoteExchange(code.clone(), tenant_id.clone(), context.now());
            if update
                .commit(authorization, exchanged.map(note).into_iter().collect())
                .await?
            {
                return Ok(id);
            }
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(StepError::AttemptInProgress)
}
