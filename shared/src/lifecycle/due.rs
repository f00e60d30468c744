//! Time of an authorization's next check.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::{
    authorization::{Authorization, CHECK_INTERVAL},
    ids::TenantId,
};

/// The time after which an authorization whose permanent code WeCom refuses (40084) is given up, unless an event brought a
/// new code. Such an event carries an auth_code, which is valid for ten minutes (developer document 97175).
pub(super) const DOUBT: SignedDuration = SignedDuration::from_mins(15);

/// A clean-up that has not finished by then is continued by `check-health`.
pub(super) const CLEANUP_RETRY: SignedDuration = SignedDuration::from_mins(5);

/// A tenant that could not be checked is checked again after this time.
pub(crate) const POSTPONED: SignedDuration = SignedDuration::from_mins(30);

/// The time of the first check of an authorization that was imported: anywhere within the interval, by a hash of the tenant's name, so
/// that the Secrets of an import are asked about one by one.
pub(super) fn first_check(tenant_id: &TenantId, now: Timestamp) -> Timestamp {
    let digest = Sha256::digest(tenant_id.as_str());
    let number = digest.first_chunk().map_or(0, |start| u32::from_be_bytes(*start));
    now + SignedDuration::from_secs(i64::from(number) % CHECK_INTERVAL.as_secs())
}

/// The time of the next check; `None` when there is nothing left to check. Spread over an hour by the tenant's name, so that
/// tenants that began together do not stay together.
pub(crate) fn next_check(authorization: &Authorization, now: Timestamp) -> Option<Timestamp> {
    let writes = authorization.planned_writes.iter().map(|planned| planned.attempt.until);
    writes.chain(usual_check(authorization, now)).min()
}

fn usual_check(authorization: &Authorization, now: Timestamp) -> Option<Timestamp> {
    if authorization.cleanup.is_some() || authorization.deletion.is_some() {
        return Some(now + CLEANUP_RETRY);
    }
    if authorization.present()?.doubted_at.is_some() {
        return Some(now + DOUBT);
    }
    let spread = authorization.tenant_id.as_str().bytes().map(i64::from).sum::<i64>() % 60;
    Some(now + CHECK_INTERVAL + SignedDuration::from_mins(spread))
}
