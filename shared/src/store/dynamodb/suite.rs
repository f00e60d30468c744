use aws_sdk_dynamodb::types::{AttributeValue, Put, Update};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{
    DynamoDb, condition_failed,
    keys::{Key, number, text, time_to_live, to_attribute},
    store_error,
};
use crate::{
    ids::{Fingerprint, InstallState, TenantId, TokenName},
    store::StoreError,
};

/// A ticket, an access token or the content of a suite's event as it is stored.
#[derive(Debug, Clone)]
pub enum AtRest {
    /// Sealed under a key of the key ring.
    Sealed(String),
    /// Plain, as versions before the first sealing one stored it. Such an item ends within two hours, an event of the suite within
    /// seven days.
    Plain(SecretString),
}

impl AtRest {
    /// The attribute that holds it; `plain` is the name of one that is not sealed.
    pub(super) fn attribute(&self, plain: &'static str) -> (&'static str, AttributeValue) {
        match self {
            Self::Sealed(sealed) => ("sealed", text(sealed)),
            Self::Plain(secret) => (plain, text(secret.expose_secret())),
        }
    }

    pub(super) fn from_attributes(sealed: Option<String>, plain: Option<SecretString>) -> Option<Self> {
        sealed.map(Self::Sealed).or(plain.map(Self::Plain))
    }
}

/// A cached access token of WeCom's API as it is stored.
#[derive(Debug, Clone)]
pub struct StoredToken {
    /// The `access_token`, `suite_access_token` or `provider_access_token`.
    pub token: AtRest,
    /// The end of its validity.
    pub expires_at: Timestamp,
    /// The version in Secrets Manager of the Secret that it was obtained with; `None` for the suite's own.
    pub version_id: Option<String>,
}

#[derive(Deserialize)]
struct Ticket {
    sealed: Option<String>,
    #[serde(rename = "ticket")]
    plain: Option<SecretString>,
    issued_at: Timestamp,
}

/// While the first token is being fetched the item is a lease without a token.
#[derive(Deserialize)]
struct Token {
    sealed: Option<String>,
    #[serde(rename = "token")]
    plain: Option<SecretString>,
    expires_at: Option<Timestamp>,
    version_id: Option<String>,
}

impl Token {
    fn stored(self) -> Option<StoredToken> {
        Some(StoredToken {
            token: AtRest::from_attributes(self.sealed, self.plain)?,
            expires_at: self.expires_at?,
            version_id: self.version_id,
        })
    }
}

fn ticket_key(suite_id: &str) -> Key {
    Key::new("SUITE", suite_id, "TICKET")
}

pub(super) fn token_key(name: &TokenName) -> Key {
    Key::new("TOKEN", name.as_str(), "TOKEN")
}

/// The newest suite ticket.
impl DynamoDb {
    /// The ticket and the time at which WeCom issued it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn ticket(&self, suite_id: &str) -> Result<Option<(AtRest, Timestamp)>, StoreError> {
        let stored: Option<Ticket> = self.item(ticket_key(suite_id)).await?;
        Ok(stored.and_then(|stored| Some((AtRest::from_attributes(stored.sealed, stored.plain)?, stored.issued_at))))
    }

    /// Stores a ticket, unless a newer one is stored.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_ticket(&self, suite_id: &str, ticket: &AtRest, issued_at: Timestamp) -> Result<(), StoreError> {
        let (name, ticket) = ticket.attribute("ticket");
        let written = self
            .client
            .put_item()
            .table_name(&self.authorization_table)
            .set_item(Some(ticket_key(suite_id).into_item()))
            .item(name, ticket)
            .item("issued_at", to_attribute(&issued_at)?)
            // A number in addition to the text, because texts of different precision do not compare by time.
            .item("issued_ms", number(issued_at.as_millisecond()))
            .condition_expression("attribute_not_exists(pk) OR issued_ms <= :issued")
            .expression_attribute_values(":issued", number(issued_at.as_millisecond()))
            .send()
            .await;
        match written {
            Ok(_) => Ok(()),
            // A newer ticket is stored: this one came late.
            Err(error) if condition_failed(&error) => Ok(()),
            Err(error) => Err(store_error(error)),
        }
    }
}

#[derive(Deserialize)]
struct Exchanged {
    tenant_id: TenantId,
}

fn exchange_key(auth_code: &Fingerprint) -> Key {
    Key::new("CODE", auth_code.as_str(), "EXCHANGE")
}

/// The stream redelivers an event for a day at most.
pub(super) const REMEMBER_EXCHANGE: SignedDuration = SignedDuration::from_hours(48);

/// The tenants for which auth_codes of the suite's events were exchanged. A code can be exchanged once, and the event does not
/// name the corporation: an attempt that follows one that died learns here where the permanent code is stored.
impl DynamoDb {
    /// The item that says for which tenant a code was exchanged.
    pub(super) fn exchange_put(
        &self,
        auth_code: &Fingerprint,
        tenant_id: &TenantId,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let mut item = exchange_key(auth_code).into_item();
        item.insert("tenant_id".to_owned(), text(tenant_id.as_str()));
        item.insert("ttl".to_owned(), time_to_live(now + REMEMBER_EXCHANGE));
        Ok(Put::builder()
            .table_name(&self.authorization_table)
            .set_item(Some(item))
            .build()?)
    }

    /// The tenant for which a code was exchanged, if that was stored.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn exchanged_for(&self, auth_code: &Fingerprint) -> Result<Option<TenantId>, StoreError> {
        let exchanged: Option<Exchanged> = self.item(exchange_key(auth_code)).await?;
        Ok(exchanged.map(|exchanged| exchanged.tenant_id))
    }
}

#[derive(Deserialize)]
struct CodeOwner {
    state: InstallState,
}

fn code_owner_key(auth_code: &Fingerprint) -> Key {
    Key::new("CODE", auth_code.as_str(), "STATE")
}

/// The install session that an auth_code belongs to: the first whose redirect brought it, until WeCom announces another one.
impl DynamoDb {
    /// The state of that session, if one is known.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn session_of_code(&self, auth_code: &Fingerprint) -> Result<Option<InstallState>, StoreError> {
        let owner: Option<CodeOwner> = self.item(code_owner_key(auth_code)).await?;
        Ok(owner.map(|owner| owner.state))
    }

    /// Assigns a code to the session `state`, unless it belongs to one that is neither this one nor `known`. Returns whether it
    /// belongs to this one now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn assign_code(
        &self,
        auth_code: &Fingerprint,
        state: &InstallState,
        known: Option<&InstallState>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let written = self
            .client
            .put_item()
            .table_name(&self.authorization_table)
            .set_item(Some(code_owner_key(auth_code).into_item()))
            .item("state", text(state.as_str()))
            .item("ttl", time_to_live(now + REMEMBER_EXCHANGE))
            .condition_expression("attribute_not_exists(pk) OR #state = :state OR #state = :known")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", text(state.as_str()))
            .expression_attribute_values(":known", text(known.unwrap_or(state).as_str()))
            .send()
            .await;
        match written {
            Ok(_) => Ok(true),
            Err(error) if condition_failed(&error) => Ok(false),
            Err(error) => Err(store_error(error)),
        }
    }
}

/// The cache of access tokens.
impl DynamoDb {
    /// A cached token that is valid at `now`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn token(&self, name: &TokenName, now: Timestamp) -> Result<Option<StoredToken>, StoreError> {
        let item: Option<Token> = self.item(token_key(name)).await?;
        let stored = item.and_then(Token::stored);
        Ok(stored.filter(|stored| now < stored.expires_at))
    }

    /// Stores a token until it expires.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_token(&self, name: &TokenName, token: &StoredToken) -> Result<(), StoreError> {
        let (attribute, value) = token.token.attribute("token");
        self.client
            .put_item()
            .table_name(&self.authorization_table)
            .set_item(Some(token_key(name).into_item()))
            .item(attribute, value)
            .item("expires_at", to_attribute(&token.expires_at)?)
            .item("version_id", to_attribute(&token.version_id)?)
            .item("ttl", time_to_live(token.expires_at + SignedDuration::from_hours(1)))
            .send()
            .await
            .map_err(store_error)?;
        Ok(())
    }

    /// Removes a token.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn drop_token(&self, name: &TokenName) -> Result<(), StoreError> {
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

/// Renewal of a cached token by one caller at a time.
impl DynamoDb {
    /// Removes a token that WeCom refused, unless it has been renewed already.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn drop_refused_token(&self, name: &TokenName, refused: &AtRest) -> Result<(), StoreError> {
        let (attribute, value) = refused.attribute("token");
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.authorization_table)
            .set_key(Some(token_key(name).into_item()))
            .condition_expression("#token = :refused")
            .expression_attribute_names("#token", attribute)
            .expression_attribute_values(":refused", value)
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) if condition_failed(&error) => Ok(()),
            Err(error) => Err(store_error(error)),
        }
    }

    /// Claims the renewal of a token until `until`, unless another caller holds it at `now`. Storing or removing the token
    /// releases it. Returns whether it was claimed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn claim_refresh(&self, name: &TokenName, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
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
