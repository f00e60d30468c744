use aws_sdk_dynamodb::{
    error::SdkError,
    operation::update_item::UpdateItemError,
    types::{AttributeValue, Update},
};
use jiff::Timestamp;

use super::{
    DynamoDb, condition_failed,
    keys::{Key, text, time_to_live, to_attribute, to_item},
    store_error,
};
use crate::{
    authorization::{Exchange, InstallFailure, InstallOutcome, InstallSession},
    ids::{Fingerprint, InstallState},
    store::StoreError,
};

/// Install sessions: one browser, one auth_code, one outcome.
impl DynamoDb {
    /// Stores a new session.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn create_session(&self, session: &InstallSession) -> Result<(), StoreError> {
        let mut item = Key::session(&session.state).into_item();
        item.extend(to_item(session)?);
        item.insert(
            "ttl".to_owned(),
            time_to_live(session.expires_at + jiff::SignedDuration::from_hours(24)),
        );
        self.put_once(item).await
    }

    /// A session, if there is one; an expired one may still be stored.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn session(&self, state: &InstallState) -> Result<Option<InstallSession>, StoreError> {
        self.item(Key::session(state)).await
    }

    /// Binds a session to a browser, unless it is bound to another. Returns whether it is bound to this one now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn bind_browser(&self, state: &InstallState, browser: &Fingerprint) -> Result<bool, StoreError> {
        let written = self
            .client
            .update_item()
            .table_name(&self.authorization_table)
            .set_key(Some(Key::session(state).into_item()))
            .update_expression("SET browser = :browser")
            .condition_expression("attribute_exists(pk) AND (browser = :none OR browser = :browser)")
            .expression_attribute_values(":browser", text(browser.as_str()))
            .expression_attribute_values(":none", AttributeValue::Null(true))
            .send()
            .await;
        written_or_not(written.map(|_| ()))
    }

    /// Claims the exchange of a session that `session` shows unclaimed, or claimed by an attempt that has died. Returns
    /// whether the claim succeeded.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn claim_exchange(
        &self,
        session: &InstallSession,
        auth_code: &Fingerprint,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let exchange = Exchange {
            auth_code: auth_code.clone(),
            started_at: now,
        };
        let claim = Update::builder()
            .set_key(Some(Key::session(&session.state).into_item()))
            .update_expression("SET exchange = :exchange")
            .condition_expression("exchange = :seen AND outcome = :none")
            .expression_attribute_values(":exchange", to_attribute(&exchange)?)
            .expression_attribute_values(":seen", to_attribute(&session.exchange)?)
            .expression_attribute_values(":none", AttributeValue::Null(true));
        self.claim(claim).await
    }

    /// Releases the claim after an attempt that failed temporarily, so that the next one with the same code need not wait
    /// for the end of the lease.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn release_exchange(&self, state: &InstallState, auth_code: &Fingerprint) -> Result<(), StoreError> {
        // The code stays: the session takes no other one.
        let released = Exchange {
            auth_code: auth_code.clone(),
            started_at: Timestamp::UNIX_EPOCH,
        };
        let written = self
            .client
            .update_item()
            .table_name(&self.authorization_table)
            .set_key(Some(Key::session(state).into_item()))
            .update_expression("SET exchange = :released")
            .condition_expression("exchange.auth_code = :code AND outcome = :none")
            .expression_attribute_values(":released", to_attribute(&released)?)
            .expression_attribute_values(":code", text(auth_code.as_str()))
            .expression_attribute_values(":none", AttributeValue::Null(true))
            .send()
            .await;
        written_or_not(written.map(|_| ())).map(|_| ())
    }

    /// Ends a session without an installation.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn fail_session(&self, state: &InstallState, failure: &InstallFailure) -> Result<(), StoreError> {
        let outcome = InstallOutcome::Failed(failure.clone());
        let written = self
            .client
            .update_item()
            .table_name(&self.authorization_table)
            .set_key(Some(Key::session(state).into_item()))
            .update_expression("SET outcome = :outcome")
            .condition_expression("attribute_exists(pk) AND outcome = :none")
            .expression_attribute_values(":outcome", to_attribute(&outcome)?)
            .expression_attribute_values(":none", AttributeValue::Null(true))
            .send()
            .await;
        // A session that has ended stays as it ended.
        written_or_not(written.map(|_| ())).map(|_| ())
    }
}

impl DynamoDb {
    pub(super) fn end_session(&self, state: &InstallState, outcome: &InstallOutcome) -> Result<Update, StoreError> {
        Ok(Update::builder()
            .table_name(&self.authorization_table)
            .set_key(Some(Key::session(state).into_item()))
            .update_expression("SET outcome = :outcome")
            .condition_expression("attribute_exists(pk) AND outcome = :none")
            .expression_attribute_values(":outcome", to_attribute(outcome)?)
            .expression_attribute_values(":none", AttributeValue::Null(true))
            .build()?)
    }
}

fn written_or_not(written: Result<(), SdkError<UpdateItemError>>) -> Result<bool, StoreError> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if condition_failed(&error) => Ok(false),
        Err(error) => Err(store_error(error)),
    }
}
