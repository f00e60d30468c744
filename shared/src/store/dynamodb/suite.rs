use aws_sdk_dynamodb::{
    error::SdkError,
    operation::{delete_item::DeleteItemError, put_item::PutItemError},
    types::Update,
};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{DynamoDb, Key, number, store_error, text, time_to_live, to_attribute};
use crate::{
    ids::TenantId,
    store::{CachedToken, Exchanges, StoreError, SuiteTickets, TokenCache, TokenLeases},
};

#[derive(Deserialize)]
struct Ticket {
    ticket: SecretString,
    issued_at: Timestamp,
}

/// While the first one is being fetched the item is a lease, without a token.
#[derive(Deserialize)]
#[serde(untagged)]
enum Token {
    Cached(CachedToken),
    Lease {},
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

#[derive(Deserialize)]
struct Exchanged {
    tenant_id: TenantId,
}

fn exchange_key(auth_code_hash: &str) -> Key {
    Key::new("CODE", auth_code_hash, "EXCHANGE")
}

/// The stream hands an event in for a day at most.
const REMEMBER_EXCHANGE: SignedDuration = SignedDuration::from_hours(48);

impl Exchanges for DynamoDb {
    async fn note_exchange(
        &self,
        auth_code_hash: &str,
        tenant_id: &TenantId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.authorization_table)
            .set_item(Some(exchange_key(auth_code_hash).into_item()))
            .item("tenant_id", text(tenant_id.as_str()))
            .item("ttl", time_to_live(now + REMEMBER_EXCHANGE))
            .send()
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn exchanged_for(&self, auth_code_hash: &str) -> Result<Option<TenantId>, StoreError> {
        let exchanged: Option<Exchanged> = self.item(exchange_key(auth_code_hash)).await?;
        Ok(exchanged.map(|exchanged| exchanged.tenant_id))
    }
}

impl TokenCache for DynamoDb {
    async fn token(&self, name: &str, now: Timestamp) -> Result<Option<CachedToken>, StoreError> {
        Ok(match self.item(token_key(name)).await? {
            Some(Token::Cached(cached)) if now < cached.expires_at => Some(cached),
            _ => None,
        })
    }

    async fn keep_token(&self, name: &str, token: &CachedToken) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.authorization_table)
            .set_item(Some(token_key(name).into_item()))
            .item("token", text(token.token.expose_secret()))
            .item("expires_at", to_attribute(&token.expires_at)?)
            .item("version_id", to_attribute(&token.version_id)?)
            .item("ttl", time_to_live(token.expires_at + SignedDuration::from_hours(1)))
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

impl TokenLeases for DynamoDb {
    async fn drop_refused(&self, name: &str, refused: &SecretString) -> Result<(), StoreError> {
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.authorization_table)
            .set_key(Some(token_key(name).into_item()))
            .condition_expression("#token = :refused")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":refused", text(refused.expose_secret()))
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error))
                if matches!(error.err(), DeleteItemError::ConditionalCheckFailedException(_)) =>
            {
                Ok(())
            }
            Err(error) => Err(store_error(error)),
        }
    }

    async fn claim_refresh(&self, name: &str, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let claim = Update::builder()
            .set_key(Some(token_key(name).into_item()))
            .update_expression("SET lease_until = :until, #ttl = if_not_exists(#ttl, :ttl)")
            .condition_expression("attribute_not_exists(lease_until) OR lease_until <= :now")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":until", number(until.as_millisecond()))
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .expression_attribute_values(":ttl", time_to_live(until + SignedDuration::from_hours(1)));
        self.claim(claim).await
    }
}
