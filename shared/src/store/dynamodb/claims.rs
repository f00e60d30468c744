use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    AtRest, DynamoDb, condition_failed,
    keys::{Key, from_item, text, time_to_live, to_item},
    store_error,
    suite::REMEMBER_EXCHANGE,
    transactions::TransactionError,
};
use crate::{
    authorization::Claim,
    ids::{ClaimId, Fingerprint},
    store::StoreError,
};

/// A claim with its permanent code, as they are stored.
#[derive(Debug, Clone, Deserialize)]
pub struct StoredClaim {
    /// What is shown of it.
    #[serde(flatten)]
    pub claim: Claim,
    /// The permanent code and what belongs to it, sealed.
    sealed: String,
}

impl StoredClaim {
    /// The permanent code and what belongs to it.
    #[must_use]
    pub fn code(&self) -> AtRest {
        AtRest::Sealed(self.sealed.clone())
    }
}

/// A page of claims, in the order of their ids.
#[derive(Debug, Clone, Default)]
pub struct ClaimPage {
    /// The claims.
    pub claims: Vec<Claim>,
    /// The claim after which the next page begins, if there may be one.
    pub next: Option<String>,
}

#[derive(Deserialize)]
struct ClaimedWith {
    claim_id: ClaimId,
}

pub(super) fn key(id: &ClaimId) -> Key {
    Key::new("CLAIM", WAITING, id.as_str())
}

fn code_key(auth_code: &Fingerprint) -> Key {
    Key::new("CODE", auth_code.as_str(), "CLAIM")
}

/// The partition of all claims. There are few, because each is an installation that somebody made by hand.
const WAITING: &str = "waiting";

/// Installations of corporations that no tenant has bound.
impl DynamoDb {
    /// Keeps a claim, in place of an earlier one of the same app and corporation, and which auth_code its permanent code was
    /// obtained with.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_claim(
        &self,
        claim: &Claim,
        code: &AtRest,
        auth_code: &Fingerprint,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (name, value) = code.attribute("code");
        let mut kept = key(&claim.claim_id).into_item();
        kept.extend(to_item(claim)?);
        kept.insert(name.to_owned(), value);
        kept.insert("ttl".to_owned(), time_to_live(claim.expires_at));
        let mut noted = code_key(auth_code).into_item();
        noted.insert("claim_id".to_owned(), text(claim.claim_id.as_str()));
        noted.insert("ttl".to_owned(), time_to_live(now + REMEMBER_EXCHANGE));
        let put = |item| {
            let put = Put::builder().table_name(&self.authorization_table);
            Ok::<_, StoreError>(
                TransactWriteItem::builder()
                    .put(put.set_item(Some(item)).build()?)
                    .build(),
            )
        };
        match self.transact(vec![put(kept)?, put(noted)?]).await {
            Ok(()) => Ok(()),
            Err(TransactionError::Store(error)) => Err(error),
            Err(TransactionError::Conditions(_)) => {
                Err(StoreError::Internal("a write without condition failed one".into()))
            }
        }
    }

    /// A claim that waits at `now`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn claim_of(&self, id: &ClaimId, now: Timestamp) -> Result<Option<StoredClaim>, StoreError> {
        let stored: Option<StoredClaim> = self.item(key(id)).await?;
        Ok(stored.filter(|stored| now < stored.claim.expires_at))
    }

    /// The claim whose permanent code was obtained with this auth_code. It may have ended.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn claimed_with(&self, auth_code: &Fingerprint) -> Result<Option<ClaimId>, StoreError> {
        let claimed: Option<ClaimedWith> = self.item(code_key(auth_code)).await?;
        Ok(claimed.map(|claimed| claimed.claim_id))
    }

    /// Up to `limit` of the claims that wait at `now`, after the one with the id `after`. Their codes are not read.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn claims(&self, limit: usize, after: Option<&str>, now: Timestamp) -> Result<ClaimPage, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.authorization_table)
            .key_condition_expression("pk = :pk AND sk > :after")
            .expression_attribute_values(":pk", text(format!("CLAIM#{WAITING}")))
            // Before every id.
            .expression_attribute_values(":after", text(after.unwrap_or("!")))
            .projection_expression("sk, claim_id, suite_id, corp_id, corp_name, installed_at, expires_at")
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(store_error)?;
        let mut page = ClaimPage::default();
        for item in answer.items.unwrap_or_default() {
            let claim: Claim = from_item(item)?;
            // DynamoDB removes it later.
            if now < claim.expires_at {
                page.claims.push(claim);
            }
        }
        let last = answer.last_evaluated_key;
        page.next = last.and_then(|key| key.get("sk")?.as_s().ok().cloned());
        Ok(page)
    }

    /// Ends a claim with its permanent code, `code`. One that has another by now goes on.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_claim(&self, id: &ClaimId, code: &AtRest) -> Result<(), StoreError> {
        let (name, value) = code.attribute("code");
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.authorization_table)
            .set_key(Some(key(id).into_item()))
            .condition_expression("#code = :code")
            .expression_attribute_names("#code", name)
            .expression_attribute_values(":code", value)
            .send()
            .await;
        match deleted {
            Err(error) if !condition_failed(&error) => Err(store_error(error)),
            _ => Ok(()),
        }
    }
}
