use aws_sdk_dynamodb::types::Put;
use serde::Deserialize;

use super::{
    DynamoDb,
    keys::{Key, from_item, text, to_item},
    store_error,
};
use crate::{
    audit::{AuditEntry, AuditPage},
    ids::TenantId,
    store::{Position, StoreError},
};

/// The entries of one tenant share a partition, ordered by time, and within one millisecond by their random id.
fn entry_key(tenant_id: &TenantId, entry: &AuditEntry) -> Key {
    Key::new(
        "AUDIT",
        tenant_id.as_str(),
        Position::new(entry.at, &entry.entry_id).as_str(),
    )
}

#[derive(Deserialize)]
struct StoredEntry {
    #[serde(flatten)]
    entry: AuditEntry,
}

/// The audit trail: appended to and read, never changed.
impl DynamoDb {
    /// Adds an entry about something that changed no other record.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn record(&self, tenant_id: &TenantId, entry: AuditEntry) -> Result<(), StoreError> {
        let mut item = entry_key(tenant_id, &entry).into_item();
        item.extend(to_item(&entry)?);
        self.put_once(item).await
    }

    /// Up to `limit` entries of a tenant, newest first, after `before`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn audit(
        &self,
        tenant_id: &TenantId,
        limit: usize,
        before: Option<Position>,
    ) -> Result<AuditPage, StoreError> {
        let before = before.as_ref().map_or("~", Position::as_str);
        let answer = self
            .client
            .query()
            .table_name(&self.authorization_table)
            .key_condition_expression("pk = :pk AND sk < :before")
            .expression_attribute_values(":pk", text(format!("AUDIT#{tenant_id}")))
            .expression_attribute_values(":before", text(before))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(store_error)?;
        let more = answer.last_evaluated_key.is_some();
        let stored: Vec<StoredEntry> = answer
            .items
            .unwrap_or_default()
            .into_iter()
            .map(from_item)
            .collect::<Result<_, _>>()?;
        let next = stored
            .last()
            .filter(|_| more)
            .map(|last| Position::new(last.entry.at, &last.entry.entry_id));
        Ok(AuditPage {
            entries: stored.into_iter().map(|stored| stored.entry).collect(),
            next,
        })
    }
}

impl DynamoDb {
    pub(super) fn audit_put(&self, tenant_id: &TenantId, entry: &AuditEntry) -> Result<Put, StoreError> {
        let mut item = entry_key(tenant_id, entry).into_item();
        item.extend(to_item(entry)?);
        Ok(Put::builder()
            .table_name(&self.authorization_table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build()?)
    }
}
