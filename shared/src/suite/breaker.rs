//! The circuit breakers for WeCom: after WeCom has refused a call as too frequent (45009), such calls pause.
//!
//! WeCom answers 45009 to three things alike and does not say which one it was: too many calls of one API with one
//! corporation's token (a minute or an hour), too many calls of the suite or the provider, and repeated wrong Secrets (a ban
//! of our address, for an hour; developer document 90313). A breaker therefore blocks only what the answer can be about:
//!
//! - a call with a corporation's token or Secret: that API for that corporation;
//! - a call of a suite or of the provider: the calls of that suite or of the provider;
//! - `gettoken` refused for [`BANNED_CORPS`] different corporations within a minute: `gettoken` with Secrets that WeCom has
//!   not accepted before. Tokens of registered Secrets are still renewed, and one unproven Secret a minute is let through
//!   as a probe; the first that is answered ends the ban.
//!
//! A pause is a minute, and twice the previous one when it follows within an hour, an hour at most. Who opened a breaker is
//! logged, stored with it, and written to the tenant's audit trail.

use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use wecom_client::{Error as WecomError, ErrorClass};

use super::call_error::CallError;
use crate::{
    audit::{Action, Actor, AuditEntry},
    clock::Clock,
    entropy::Entropy,
    error::StepError,
    ids::{BreakerName, TenantId},
    store::{Breaker, DynamoDb},
};

/// Length of the first pause; each further one is twice as long.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// The longest pause, and the length of a ban of our address (developer document 90313 on 45009).
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// One corporation over its own limit is that corporation's affair. This many within a minute share only our address.
const BANNED_CORPS: usize = 3;

/// One call passes the breaker of unproven Secrets in this time.
const PROBE_INTERVAL: SignedDuration = SignedDuration::from_mins(1);

/// The corporation of a tenant, and the randomness for an entry of the tenant's audit trail.
#[derive(Clone, Copy)]
pub(crate) struct TenantCorp<'a> {
    pub(crate) tenant_id: &'a TenantId,
    pub(crate) corp_id: &'a str,
    pub(crate) entropy: &'a dyn Entropy,
}

/// On whose account WeCom counts a call.
#[derive(Clone, Copy)]
pub(crate) enum Caller<'a> {
    /// Calls with the `suite_access_token` of a suite, by its id.
    Suite(&'a str),
    /// Calls with the `provider_access_token`.
    Provider,
    /// A corporation, by its access token.
    Corp(TenantCorp<'a>, &'static str),
    /// A corporation, by a Secret in `gettoken` that WeCom has accepted before.
    ProvenSecret(TenantCorp<'a>),
    /// A corporation, by any other Secret in `gettoken`.
    UnprovenSecret(TenantCorp<'a>),
}

impl<'a> Caller<'a> {
    fn breaker(self) -> BreakerName {
        match self {
            Self::Suite(suite_id) => BreakerName::suite(suite_id),
            Self::Provider => BreakerName::provider(),
            Self::Corp(corp, api) => BreakerName::corp(corp.corp_id, api),
            Self::ProvenSecret(corp) | Self::UnprovenSecret(corp) => BreakerName::corp(corp.corp_id, "gettoken"),
        }
    }

    fn corp(self) -> Option<TenantCorp<'a>> {
        match self {
            Self::Suite(_) | Self::Provider => None,
            Self::Corp(corp, _) | Self::ProvenSecret(corp) | Self::UnprovenSecret(corp) => Some(corp),
        }
    }
}

/// Makes a call to WeCom unless a breaker blocks it. When WeCom refuses it as too frequent, opens the breaker for all
/// processes.
///
/// # Errors
/// [`StepError::WecomBan`] when the call is blocked or was refused as too frequent; otherwise what the call ended in.
pub(crate) async fn ask<T, F>(store: &DynamoDb, caller: Caller<'_>, clock: &dyn Clock, call: F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, WecomError>> + Send,
{
    let breaker = caller.breaker();
    pass(store, &breaker, clock).await?;
    let ban = BreakerName::unproven_secrets();
    let mut probing = false;
    if matches!(caller, Caller::UnprovenSecret(_)) {
        match pass(store, &ban, clock).await {
            Err(blocked @ StepError::WecomBan { .. }) => {
                let now = clock.now();
                let claimed = store.claim_probe(&ban, now, now + PROBE_INTERVAL).await;
                if !claimed.map_err(StepError::from)? {
                    return Err(blocked.into());
                }
                probing = true;
            }
            other => other?,
        }
    }
    match call.await {
        Err(error) if error.class() == Some(ErrorClass::Ban) => {
            let mut until = open(store, &breaker, caller, clock).await?;
            if let Caller::ProvenSecret(corp) | Caller::UnprovenSecret(corp) = caller {
                let corps = store.note_refused_corp(corp.corp_id, clock.now()).await;
                if corps.map_err(StepError::from)? >= BANNED_CORPS || probing {
                    until = open_ban(store, &ban, corp.corp_id, clock).await?;
                }
            }
            Err(StepError::WecomBan { until }.into())
        }
        answer => {
            if probing && !matches!(answer, Err(WecomError::TimedOut | WecomError::Unreachable)) {
                close(store, &ban, clock).await?;
            }
            answer.map_err(CallError::Wecom)
        }
    }
}

/// Refuses while the breaker is open.
async fn pass(store: &DynamoDb, name: &BreakerName, clock: &dyn Clock) -> Result<(), StepError> {
    match store.breaker(name).await? {
        Some(breaker) if breaker.is_open(clock.now()) => Err(StepError::WecomBan { until: breaker.until }),
        _ => Ok(()),
    }
}

/// Opens the breaker of this caller. Returns the end of its pause.
async fn open(
    store: &DynamoDb,
    name: &BreakerName,
    caller: Caller<'_>,
    clock: &dyn Clock,
) -> Result<Timestamp, StepError> {
    let now = clock.now();
    let pause = store.breaker(name).await?.map_or(FIRST_PAUSE, |before| {
        SignedDuration::from_secs(before.pause_seconds.saturating_mul(2)).clamp(FIRST_PAUSE, LONGEST_PAUSE)
    });
    let until = now + pause;
    let opened = Breaker {
        until,
        pause_seconds: pause.as_secs(),
        opened_by: caller.corp().map(|corp| corp.corp_id.to_owned()),
    };
    store.put_breaker(name, &opened).await?;
    tracing::warn!(breaker.name = name.as_str(), breaker.until = %until, "WeCom refuses calls as too frequent: they pause");
    if let Some(corp) = caller.corp() {
        let entry = AuditEntry::done(Action::CallsPaused, &Actor::system(), now, corp.entropy)
            .with("breaker", name.as_str())
            .with("until", &until);
        store.record(corp.tenant_id, entry).await?;
    }
    Ok(until)
}

/// Opens the breaker of unproven Secrets for as long as WeCom bans an address. Returns the end of the ban.
async fn open_ban(
    store: &DynamoDb,
    ban: &BreakerName,
    corp_id: &str,
    clock: &dyn Clock,
) -> Result<Timestamp, StepError> {
    let now = clock.now();
    let until = now + LONGEST_PAUSE;
    let opened = Breaker {
        until,
        pause_seconds: LONGEST_PAUSE.as_secs(),
        opened_by: Some(corp_id.to_owned()),
    };
    store.put_breaker(ban, &opened).await?;
    // The first probe is due in a minute, not at once.
    store.claim_probe(ban, now, now + PROBE_INTERVAL).await?;
    tracing::error!(breaker.opened_by = corp_id, breaker.until = %until, "WeCom bans our address");
    Ok(until)
}

/// WeCom answers again: the breaker is closed.
async fn close(store: &DynamoDb, name: &BreakerName, clock: &dyn Clock) -> Result<(), StepError> {
    let closed = Breaker {
        until: clock.now(),
        pause_seconds: 0,
        opened_by: None,
    };
    tracing::info!(
        breaker.name = name.as_str(),
        "WeCom answers again: the breaker is closed"
    );
    Ok(store.put_breaker(name, &closed).await?)
}
