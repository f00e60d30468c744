use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::Select;
use serde::Deserialize;

use super::{
    DynamoDb,
    keys::{from_item, text},
    store_error,
};
use crate::{
    authorization::{Generation, Retired},
    store::StoreError,
};

/// The number of parallel scans. A table of millions of items is read in minutes.
const SEGMENTS: i32 = 4;

#[derive(Deserialize)]
struct Sealed {
    current: Option<Generation>,
    pending: Option<Generation>,
    #[serde(default)]
    previous: Vec<Retired>,
}

impl DynamoDb {
    /// The ids of the sealing keys under which anything is sealed from the beginning of the call to its end.
    ///
    /// Reads the whole table: an index by key would be written with every callback, for a question that is asked once a
    /// year. Consistent reads, and of each record all generations at once: what moves from one to another is not missed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sealing_keys_in_use(&self) -> Result<BTreeSet<String>, StoreError> {
        let segment = |segment| self.keys_in_segment(segment);
        let (one, two, three, four) = tokio::try_join!(segment(0), segment(1), segment(2), segment(3))?;
        Ok([one, two, three, four].into_iter().flatten().collect())
    }
}

impl DynamoDb {
    async fn keys_in_segment(&self, segment: i32) -> Result<BTreeSet<String>, StoreError> {
        let mut keys = BTreeSet::new();
        let mut pages = self
            .client
            .scan()
            .table_name(&self.authorization_table)
            .consistent_read(true)
            .segment(segment)
            .total_segments(SEGMENTS)
            .filter_expression("begins_with(pk, :callback)")
            .expression_attribute_values(":callback", text("CALLBACK#"))
            .select(Select::SpecificAttributes)
            .projection_expression("pk, #current, pending, previous")
            .expression_attribute_names("#current", "current")
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            for item in page.map_err(store_error)?.items.unwrap_or_default() {
                let Sealed {
                    current,
                    pending,
                    previous,
                } = from_item(item)?;
                let previous = previous.into_iter().map(|retired| retired.generation);
                let generations = current.into_iter().chain(pending).chain(previous);
                keys.extend(generations.map(|generation| generation.sealing_key_id().to_owned()));
            }
        }
        Ok(keys)
    }
}
