//! Reads ahead: items that will be needed one after the other are read in one call.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::{
    DynamoDb,
    keys::{Item, Key},
    store_error,
    suite::token_key,
};
use crate::{
    ids::{BreakerName, CallbackId, TokenName},
    store::StoreError,
};

/// Items that were read ahead; one that does not exist is empty. Cloned stores share them.
#[derive(Clone, Default)]
pub(super) struct Ahead(Option<Arc<Mutex<HashMap<Key, Item>>>>);

impl Ahead {
    /// Takes an item out.
    pub(super) fn take(&self, key: &Key) -> Option<Item> {
        self.0
            .as_ref()?
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key)
    }
}

/// Without the items, which may be credentials.
impl fmt::Debug for Ahead {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ahead").finish_non_exhaustive()
    }
}

impl DynamoDb {
    /// The same tables, after callbacks with their counters, tokens and circuit breakers were read in one call, with strong consistency.
    /// The first read of each is answered from that, every further one by the table: so what is decided again after a conditional write
    /// that failed is decided on what is stored.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read_ahead(
        &self,
        callbacks: &[&CallbackId],
        tokens: &[TokenName],
        breakers: &[BreakerName],
    ) -> Result<Self, StoreError> {
        let callbacks = callbacks
            .iter()
            .flat_map(|id| [Key::callback(id), Key::event_counts(id)]);
        let tokens = tokens.iter().map(token_key);
        // DynamoDB refuses a key that is named twice.
        let keys: HashSet<Key> = callbacks
            .chain(tokens)
            .chain(breakers.iter().map(super::breakers::breaker_key))
            .collect();
        if keys.is_empty() {
            return Ok(self.clone());
        }
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys.iter().cloned().map(Key::into_item).collect()))
            .consistent_read(true)
            .build()?;
        let answer = self
            .client
            .batch_get_item()
            .request_items(&self.authorization_table, wanted)
            .send()
            .await
            .map_err(store_error)?;
        let found = answer.responses.into_iter().flatten().flat_map(|(_, items)| items);
        let mut ahead: HashMap<Key, Item> = found.filter_map(|item| Some((Key::of(&item)?, item))).collect();
        // What DynamoDB did not get to is read when it is needed.
        if answer.unprocessed_keys.is_none_or(|left| left.is_empty()) {
            for key in keys {
                ahead.entry(key).or_default();
            }
        }
        Ok(Self {
            ahead: Ahead(Some(Arc::new(Mutex::new(ahead)))),
            ..self.clone()
        })
    }
}
