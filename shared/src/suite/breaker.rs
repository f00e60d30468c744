//! The circuit breaker for WeCom: while WeCom bans our address no call is made, because each attempt may prolong the ban.
//!
//! WeCom answers 45009 both to repeated wrong Secrets (an hour, for all tenants) and to too many calls (a minute or an
//! hour), without the reason or the duration. So each is treated as the longest, whichever call it answered.

use std::future::Future;

use jiff::SignedDuration;
use wecom_client::{Error as WecomError, ErrorClass};

use super::call_error::CallError;
use crate::{clock::Clock, error::StepError, store::DynamoDb};

/// The duration of WeCom's ban of an address that repeats wrong Secrets (developer document 90313 on 45009).
const BAN: SignedDuration = SignedDuration::from_hours(1);

/// Makes a call to WeCom unless it bans our address. When the call is answered with a ban, stores that for all processes.
pub(crate) async fn ask<T, F>(store: &DynamoDb, clock: &dyn Clock, call: F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, WecomError>> + Send,
{
    if let Some(until) = store.ban(clock.now()).await.map_err(StepError::from)? {
        return Err(StepError::WecomBan { until }.into());
    }
    match call.await {
        Err(error) if error.class() == Some(ErrorClass::Ban) => {
            let until = clock.now() + BAN;
            store.note_ban(until).await.map_err(StepError::from)?;
            Err(StepError::WecomBan { until }.into())
        }
        other => other.map_err(CallError::Wecom),
    }
}
