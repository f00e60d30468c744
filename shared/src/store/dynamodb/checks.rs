use aws_sdk_dynamodb::types::{AttributeValue, Update};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{
    DynamoDb,
    keys::{Key, number, time_to_live},
};
use crate::{ids::TenantId, store::StoreError};

/// How a tenant's last check on request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStatus {
    /// It is under way.
    UnderWay,
    /// It ended, and what WeCom answered is stored.
    Done,
    /// It failed, or never ended.
    Failed,
}

#[derive(Deserialize)]
struct Claim {
    until_ms: i64,
    #[serde(default)]
    is_done: bool,
}

fn check_key(tenant_id: &TenantId) -> Key {
    Key::new("CHECK", tenant_id.as_str(), "CHECK")
}

/// A claim is of no use after this time.
const KEEP: SignedDuration = SignedDuration::from_hours(1);

/// Checks that an admin asked for: one at a time for each tenant.
impl DynamoDb {
    /// Claims the check of a tenant until `until`, unless another is under way at `now`. Returns whether it was claimed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn claim_check(
        &self,
        tenant_id: &TenantId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let claim = Update::builder()
            .set_key(Some(check_key(tenant_id).into_item()))
            .update_expression("SET until_ms = :until, is_done = :done, #ttl = :ttl")
            .condition_expression("attribute_not_exists(until_ms) OR until_ms <= :now")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":until", number(until.as_millisecond()))
            .expression_attribute_values(":done", AttributeValue::Bool(false))
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .expression_attribute_values(":ttl", time_to_live(until + KEEP));
        self.claim(claim).await
    }

    /// Ends the check that was claimed until `until`, unless another has started since.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_check(&self, tenant_id: &TenantId, until: Timestamp, is_done: bool) -> Result<(), StoreError> {
        let end = Update::builder()
            .set_key(Some(check_key(tenant_id).into_item()))
            .update_expression("SET until_ms = :over, is_done = :done")
            .condition_expression("until_ms = :until")
            .expression_attribute_values(":over", number(0))
            .expression_attribute_values(":done", AttributeValue::Bool(is_done))
            .expression_attribute_values(":until", number(until.as_millisecond()));
        self.claim(end).await.map(|_| ())
    }

    /// State of the tenant's last check at `now`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn check_status(&self, tenant_id: &TenantId, now: Timestamp) -> Result<CheckStatus, StoreError> {
        let claim: Option<Claim> = self.item(check_key(tenant_id)).await?;
        Ok(match claim {
            Some(claim) if now.as_millisecond() < claim.until_ms => CheckStatus::UnderWay,
            Some(claim) if claim.is_done => CheckStatus::Done,
            _ => CheckStatus::Failed,
        })
    }
}
