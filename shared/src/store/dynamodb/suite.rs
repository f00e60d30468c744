use aws_sdk_dynamodb::{error::SdkError, operation::put_item::PutItemError};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{DynamoDb, Key, number, store_error, text, time_to_live, to_attribute};
use crate::store::{StoreError, SuiteTickets, TokenCache};

#[derive(Deserialize)]
struct Ticket {
    ticket: SecretString,
    issued_at: Timestamp,
}

#[derive(Deserialize)]
struct Token {
    token: SecretString,
    expires_at: Timestamp,
}

fn ticket_key(suite_id: &str) -> Key {
    Key::new("SUITE", suite_id, "TICKET")
}

fn token_key(name: &str) -> Key {
    Key::new("TOKEN", name, "TOKEN")
}

impl SuiteTickets for DynamoDb {
    async fn ticket(&self, suite_id: &str) -> Result<Option<(SecretString, Timestamp)>, StoreError> {
        let stored: Option<Ticket> = self.item(ticket_key(suite_id)).await?;
        Ok(stored.map(|stored| (stored.ticket, stored.issued_at)))
    }

    async fn keep_ticket(&self, suite_id: &str, ticket: &SecretString, issued_at: Timestamp) -> Result<(), StoreError> {
        let written = self
            .client
            .put_item()
            .table_name(&self.authorization_table)
            .set_item(Some(ticket_key(suite_id).into_item()))
            .item("ticket", text(ticket.expose_secret()))
            .item("issued_at", to_attribute(&issued_at)?)
            // A number beside the text, because only numbers compare rightly.
            .item("issued_ms", number(issued_at.as_millisecond()))
            .condition_expression("attribute_not_exists(pk) OR issued_ms <= :issued")
            .expression_attribute_values(":issued", number(issued_at.as_millisecond()))
            .send()
            .await;
        match written {
            Ok(_) => Ok(()),
            // A newer ticket is there: this one came late.
            Err(SdkError::ServiceError(error))
                if matches!(error.err(), PutItemError::ConditionalCheckFailedException(_)) =>
            {
                Ok(())
            }
            Err(error) => Err(store_error(error)),
        }
    }
}

impl TokenCache for DynamoDb {
    async fn token(&self, name: &str, now: Timestamp) -> Result<Option<SecretString>, StoreError> {
        let stored: Option<Token> = self.item(token_key(name)).await?;
        Ok(stored
            .filter(|stored| now < stored.expires_at)
            .map(|stored| stored.token))
    }

    async fn keep_token(&self, name: &str, token: &SecretString, expires_at: Timestamp) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.authorization_table)
            .set_item(Some(token_key(name).into_item()))
            .item("token", text(token.expose_secret()))
            .item("expires_at", to_attribute(&expires_at)?)
            .item("ttl", time_to_live(expires_at + SignedDuration::from_hours(1)))
            .send()
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn drop_token(&self, name: &str) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.authorization_table)
            .set_key(Some(token_key(name).into_item()))
            .send()
            .await
            .map_err(store_error)?;
        Ok(())
    }
}
