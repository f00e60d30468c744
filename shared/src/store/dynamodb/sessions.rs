use aws_sdk_dynamodb::{
    error::SdkError,
    operation::update_item::UpdateItemError,
    types::{AttributeValue, Update},
};
use jiff::Timestamp;

use super::{DynamoDb, Key, callbacks::is_condition, store_error, text, time_to_live, to_attribute, to_item};
use crate::{
    authorization::{Exchange, InstallOutcome, InstallSession},
    ids::InstallState,
    store::{InstallSessions, StoreError},
};

fn session_key(state: &InstallState) -> Key {
    Key::new("STATE", state.as_str(), "SESSION")
}

impl InstallSessions for DynamoDb {
    async fn create_session(&self, session: &InstallSession) -> Result<(), StoreError> {
        let mut item = session_key(&session.state).into_item();
        item.extend(to_item(session)?);
        item.insert(
            "ttl".to_owned(),
            time_to_live(session.expires_at + jiff::SignedDuration::from_hours(24)),
        );
        self.put_once(item).await
    }

    async fn session(&self, state: &InstallState) -> Result<Option<InstallSession>, StoreError> {
        self.item(session_key(state)).await
    }

    async fn bind_browser(&self, state: &InstallState, browser: &str) -> Result<bool, StoreError> {
        let written = self
            .client
            .update_item()
            .table_name(&self.authorization_table)
            .set_key(Some(session_key(state).into_item()))
            .update_expression("SET browser = :browser")
            .condition_expression("attribute_exists(pk) AND (browser = :none OR browser = :browser)")
            .expression_attribute_values(":browser", text(browser))
            .expression_attribute_values(":none", AttributeValue::Null(true))
            .send()
            .await;
        written_or_not(written.map(|_| ()))
    }

    async fn claim_exchange(
        &self,
        session: &InstallSession,
        auth_code_hash: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let exchange = Exchange {
            auth_code: auth_code_hash.to_owned(),
            started_at: now,
        };
        let claim = Update::builder()
            .set_key(Some(session_key(&session.state).into_item()))
            .update_expression("SET exchange = :exchange")
            .condition_expression("exchange = :seen AND outcome = :none")
            .expression_attribute_values(":exchange", to_attribute(&exchange)?)
            .expression_attribute_values(":seen", to_attribute(&session.exchange)?)
            .expression_attribute_values(":none", AttributeValue::Null(true));
        self.claim(claim).await
    }

    async fn release_exchange(&self, state: &InstallState, auth_code_hash: &str) -> Result<(), StoreError> {
        // The code stays: the session takes no other one.
        let released = Exchange {
            auth_code: auth_code_hash.to_owned(),
            started_at: Timestamp::UNIX_EPOCH,
        };
        let written = self
            .client
            .update_item()
            .table_name(&self.authorization_table)
            .set_key(Some(session_key(state).into_item()))
            .update_expression("SET exchange = :released")
            .condition_expression("exchange.auth_code = :code AND outcome = :none")
            .expression_attribute_values(":released", to_attribute(&released)?)
            .expression_attribute_values(":code", text(auth_code_hash))
            .expression_attribute_values(":none", AttributeValue::Null(true))
            .send()
            .await;
        written_or_not(written.map(|_| ())).map(|_| ())
    }

    async fn fail_session(&self, state: &InstallState, code: &str) -> Result<(), StoreError> {
        let outcome = InstallOutcome::Failed(code.to_owned());
        let written = self
            .client
            .update_item()
            .table_name(&self.authorization_table)
            .set_key(Some(session_key(state).into_item()))
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
        Update::builder()
            .table_name(&self.authorization_table)
            .set_key(Some(session_key(state).into_item()))
            .update_expression("SET outcome = :outcome")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":outcome", to_attribute(outcome)?)
            .build()
            .map_err(|error| StoreError::Internal(Box::new(error)))
    }
}

fn written_or_not(written: Result<(), SdkError<UpdateItemError>>) -> Result<bool, StoreError> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if is_condition(&error) => Ok(false),
        Err(error) => Err(store_error(error)),
    }
}
