use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    DynamoDb, condition_failed,
    keys::{Item, Key, from_item, number, text, time_to_live, to_attribute, to_item},
    store_error,
    transactions::TransactionError,
};
use crate::{
    authorization::{Authorization, Bindings, Callback, Recoverable},
    ids::{CallbackId, CorpId, Fingerprint, Scope, TenantId},
    position::time_key,
    store::{Change, CommitError, StoreError, tables::DUE},
};

#[derive(Deserialize)]
struct Owner {
    tenant_id: TenantId,
}

/// The state of each tenant's authorization.
impl DynamoDb {
    /// The authorization of a tenant; version zero and empty for a tenant that has stored nothing.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn authorization(&self, tenant_id: &TenantId) -> Result<Authorization, StoreError> {
        let stored = self.item(Key::authorization(tenant_id)).await?;
        Ok(stored.unwrap_or_else(|| Authorization::new(tenant_id.clone())))
    }

    /// The further bindings of the tenant.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn bindings(&self, tenant_id: &TenantId) -> Result<Bindings, StoreError> {
        Ok(self.item(Key::bindings(tenant_id)).await?.unwrap_or_default())
    }

    /// A callback, read with strong consistency. Its counters are those of an earlier version.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn callback(&self, id: &CallbackId) -> Result<Option<Callback>, StoreError> {
        self.item(Key::callback(id)).await
    }

    /// Both callbacks of an authorization with their counters, contacts first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn callbacks_of(&self, authorization: &Authorization) -> Result<[Option<Callback>; 2], StoreError> {
        // Boxed, so that what reads them is not as large as four reads.
        let read = |scope| Box::pin(self.with_counters(authorization.scope(scope).callback_id.as_ref()));
        let (contacts, external_contacts) = tokio::try_join!(read(Scope::Contacts), read(Scope::ExternalContacts))?;
        Ok([contacts, external_contacts])
    }

    /// The tenant that has bound a corporation.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tenant_of(&self, corp_id: &CorpId) -> Result<Option<TenantId>, StoreError> {
        let owner: Option<Owner> = self.item(Key::corp(corp_id)).await?;
        Ok(owner.map(|owner| owner.tenant_id))
    }

    /// The tenant for which a member of a corporation last installed the app.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn member_of(&self, corp_id: &CorpId) -> Result<Option<TenantId>, StoreError> {
        let note: Option<Owner> = self.item(Key::member(corp_id)).await?;
        Ok(note.map(|note| note.tenant_id))
    }

    /// What the tenant's last authorization had when it ended. Its time may be over.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn recoverable(&self, tenant_id: &TenantId) -> Result<Option<Recoverable>, StoreError> {
        self.item(Key::recoverable(tenant_id)).await
    }

    /// The tenant whose assist link has this secret. The link may have ended.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn assist_link_tenant(&self, secret: &Fingerprint) -> Result<Option<TenantId>, StoreError> {
        let link: Option<Owner> = self.item(Key::assist_link(secret)).await?;
        Ok(link.map(|link| link.tenant_id))
    }

    /// Carries out all of `changes`, or none.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn commit(&self, changes: Vec<Change>) -> Result<(), CommitError> {
        let (mut items, mut binds) = (Vec::with_capacity(changes.len()), Vec::with_capacity(changes.len()));
        for change in changes {
            if let Change::RemoveCallback(id) = &change {
                let counts = self.deletion(Key::event_counts(id))?;
                items.push(TransactWriteItem::builder().delete(counts).build());
                binds.push(false);
            }
            binds.push(matches!(change, Change::BindCorp(..)));
            items.push(self.transact_item(change)?);
        }
        match self.transact(items).await {
            Ok(()) => Ok(()),
            Err(TransactionError::Conditions(failed))
                if failed.iter().zip(&binds).any(|(failed, binds)| *failed && *binds) =>
            {
                Err(CommitError::CorpBoundElsewhere)
            }
            Err(TransactionError::Conditions(_)) => Err(CommitError::Stale),
            Err(TransactionError::Store(error)) => Err(error.into()),
        }
    }
}

impl DynamoDb {
    async fn with_counters(&self, id: Option<&CallbackId>) -> Result<Option<Callback>, StoreError> {
        let Some(id) = id else { return Ok(None) };
        let (mut callback, counts) = tokio::try_join!(self.callback(id), self.event_counts(id))?;
        if let Some(callback) = &mut callback {
            callback.add(counts);
        }
        Ok(callback)
    }

    fn transact_item(&self, change: Change) -> Result<TransactWriteItem, StoreError> {
        let item = TransactWriteItem::builder();
        Ok(match change {
            Change::Save(authorization) => item.put(self.save(*authorization)?),
            Change::SaveBindings(tenant_id, bindings) => item.put(self.save_bindings(&tenant_id, bindings)?),
            Change::BindCorp(corp_id, tenant_id) => {
                let put = Put::builder()
                    .table_name(&self.authorization_table)
                    .set_item(Some(Key::corp(&corp_id).into_item()))
                    .item("tenant_id", text(tenant_id.as_str()))
                    .condition_expression("attribute_not_exists(pk) OR tenant_id = :tenant")
                    .expression_attribute_values(":tenant", text(tenant_id.as_str()));
                item.put(put.build()?)
            }
            Change::ReleaseCorp(corp_id, tenant_id) => {
                let delete = Delete::builder()
                    .table_name(&self.authorization_table)
                    .set_key(Some(Key::corp(&corp_id).into_item()))
                    .condition_expression("attribute_not_exists(pk) OR tenant_id = :tenant")
                    .expression_attribute_values(":tenant", text(tenant_id.as_str()));
                item.delete(delete.build()?)
            }
            Change::NoteMember(corp_id, tenant_id) => {
                let put = Put::builder()
                    .table_name(&self.authorization_table)
                    .set_item(Some(Key::member(&corp_id).into_item()))
                    .item("tenant_id", text(tenant_id.as_str()));
                item.put(put.build()?)
            }
            Change::NoteExchange(auth_code, tenant_id, at) => item.put(self.exchange_put(&auth_code, &tenant_id, at)?),
            Change::PutAssistLink(secret, tenant_id, until) => {
                let put = Put::builder()
                    .table_name(&self.authorization_table)
                    .set_item(Some(Key::assist_link(&secret).into_item()))
                    .item("tenant_id", text(tenant_id.as_str()))
                    .item("ttl", time_to_live(until));
                item.put(put.build()?)
            }
            Change::KeepRecoverable(recoverable) => {
                let mut kept = Key::recoverable(&recoverable.tenant_id).into_item();
                kept.extend(to_item(&recoverable)?);
                kept.insert("ttl".to_owned(), time_to_live(recoverable.until));
                let put = Put::builder()
                    .table_name(&self.authorization_table)
                    .set_item(Some(kept));
                item.put(put.build()?)
            }
            Change::ForgetRecoverable(tenant_id) => item.delete(self.deletion(Key::recoverable(&tenant_id))?),
            Change::ForgetMember(corp_id) => item.delete(self.deletion(Key::member(&corp_id))?),
            Change::ForgetClaim(id) => item.delete(self.deletion(super::claims::key(&id))?),
            Change::SaveCallback(callback) => item.update(self.save_callback(&callback)?),
            Change::RemoveCallback(id) => item.delete(self.deletion(Key::callback(&id))?),
            Change::ForgetDeleted(tenant_id, counted) => item.delete(self.forget_deleted(&tenant_id, counted)?),
            Change::EndInstallSession(state, outcome) => item.update(self.end_session(&state, &outcome)?),
            Change::Notify(change) => item.put(self.notification(&change.announcement_id, change.at, &change)?),
            Change::NotifyGap(gap) => item.put(self.notification(&gap.announcement_id, gap.to, &gap)?),
            Change::Audit(tenant_id, entry) => item.put(self.audit_put(&tenant_id, &entry)?),
        }
        .build())
    }

    /// Notification of other services, which `publish-events` puts on the bus.
    pub(super) fn notification<T: Serialize>(&self, id: &str, at: Timestamp, change: &T) -> Result<Put, StoreError> {
        let mut notification = Key::new("CHANGED", id, "CHANGED").into_item();
        notification.extend(to_item(change)?);
        notification.insert("ttl".to_owned(), time_to_live(at + NOTIFICATION_RETENTION));
        let put = Put::builder()
            .table_name(&self.authorization_table)
            .set_item(Some(notification));
        Ok(put.build()?)
    }

    fn deletion(&self, key: Key) -> Result<Delete, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.authorization_table)
            .set_key(Some(key.into_item()));
        Ok(delete.build()?)
    }

    fn save(&self, mut authorization: Authorization) -> Result<Put, StoreError> {
        let expected = authorization.version;
        authorization.version += 1;
        let mut item = Key::authorization(&authorization.tenant_id).into_item();
        item.extend(to_item(&authorization)?);
        if let Some(due_at) = authorization.next_check_at {
            item.insert("due_shard".to_owned(), text(due_shard(&authorization.tenant_id)));
            item.insert("due_at".to_owned(), text(time_key(due_at)));
        }
        self.put_version(item, expected)
    }

    fn save_bindings(&self, tenant_id: &TenantId, mut bindings: Bindings) -> Result<Put, StoreError> {
        let expected = bindings.version;
        bindings.version += 1;
        let mut item = Key::bindings(tenant_id).into_item();
        item.extend(to_item(&bindings)?);
        self.put_version(item, expected)
    }

    /// Writes an item, if its stored version is still `expected`; zero is that of one that was never stored.
    fn put_version(&self, item: Item, expected: u64) -> Result<Put, StoreError> {
        let put = Put::builder()
            .table_name(&self.authorization_table)
            .set_item(Some(item));
        let put = if expected == 0 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("version = :expected")
                .expression_attribute_values(":expected", number(expected))
        };
        Ok(put.build()?)
    }

    /// Writes what the wizard and WeCom's check change. The counters and the last refusal have other writers and are
    /// not touched, so that a busy callback does not make every change stale.
    fn save_callback(&self, callback: &Callback) -> Result<Update, StoreError> {
        let update = Update::builder()
            .table_name(&self.authorization_table)
            .set_key(Some(Key::callback(&callback.callback_id).into_item()))
            .update_expression(SAVE_CALLBACK)
            .condition_expression(if callback.version == 0 {
                // The value must be used, and a callback of version zero has never been stored.
                "attribute_not_exists(pk) AND :expected < :next"
            } else {
                "version = :expected"
            })
            .expression_attribute_names("#scope", "scope")
            .expression_attribute_names("#current", "current")
            .set_expression_attribute_values(Some(callback_values(callback)?));
        Ok(update.build()?)
    }
}

const SAVE_CALLBACK: &str = "SET version = :next, callback_id = :id, tenant_id = :tenant, #scope = :scope, legacy_path = :path, \
     corp_id = :corp, #current = :current, pending = :pending, previous = :previous, verified_at = :verified_at, \
     heard_until = :heard_until, event_retention_days = :retention";

fn callback_values(callback: &Callback) -> Result<Item, StoreError> {
    Ok([
        (":expected", number(callback.version)),
        (":next", number(callback.version + 1)),
        (":id", text(callback.callback_id.as_str())),
        (":tenant", text(callback.tenant_id.as_str())),
        (":scope", to_attribute(&callback.scope)?),
        (":path", to_attribute(&callback.legacy_path)?),
        (":corp", to_attribute(&callback.corp_id)?),
        (":current", to_attribute(&callback.current)?),
        (":pending", to_attribute(&callback.pending)?),
        (":previous", to_attribute(&callback.previous)?),
        (":verified_at", to_attribute(&callback.verified_at)?),
        (":heard_until", to_attribute(&callback.heard_until)?),
        (":retention", to_attribute(&callback.event_retention_days)?),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect())
}

/// The stream puts it on the bus within a second, whose archive stores it.
const NOTIFICATION_RETENTION: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// The number of partitions of the index `due`.
const DUE_SHARDS: u8 = 4;

fn due_shard(tenant_id: &TenantId) -> String {
    let sum = tenant_id.as_str().bytes().fold(0_u8, u8::wrapping_add);
    (sum % DUE_SHARDS).to_string()
}

#[derive(Deserialize)]
struct Due {
    tenant_id: TenantId,
    due_at: Timestamp,
}

impl DynamoDb {
    /// Up to `limit` tenants whose next check is due at `now`, the longest overdue first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn due_authorizations(&self, now: Timestamp, limit: usize) -> Result<Vec<TenantId>, StoreError> {
        let mut due: Vec<Due> = Vec::new();
        for shard in 0..DUE_SHARDS {
            for item in self
                .due(&shard.to_string(), now, limit, Some("tenant_id, due_at"))
                .await?
            {
                // One item that cannot be read must not hide the others.
                match from_item(item) {
                    Ok(one) => due.push(one),
                    Err(error) => tracing::error!(error = %error, "an entry of the index of due checks is unreadable"),
                }
            }
        }
        // Each shard was read up to the limit, because the longest overdue may all be in one.
        due.sort_unstable_by_key(|one| one.due_at);
        due.truncate(limit);
        Ok(due.into_iter().map(|one| one.tenant_id).collect())
    }

    /// Up to `limit` items of a partition of the index `due` whose time has come at `now`, the longest overdue first, or what a
    /// projection expression leaves of them.
    pub(super) async fn due(
        &self,
        shard: &str,
        now: Timestamp,
        limit: usize,
        projection: Option<&str>,
    ) -> Result<Vec<Item>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.authorization_table)
            .index_name(DUE)
            .key_condition_expression("due_shard = :shard AND due_at <= :now")
            .expression_attribute_values(":shard", text(shard))
            .expression_attribute_values(":now", text(time_key(now)))
            .set_projection_expression(projection.map(ToOwned::to_owned))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let answer = query.send().await.map_err(store_error)?;
        Ok(answer.items.unwrap_or_default())
    }

    /// Postpones the next check of a tenant without reading the record, which may be one that this version cannot read.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn postpone_check(&self, tenant_id: &TenantId, until: Timestamp) -> Result<(), StoreError> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.authorization_table)
            .set_key(Some(Key::authorization(tenant_id).into_item()))
            .update_expression("SET due_at = :due, next_check_at = :until")
            // A record that is no longer due stays out of the index.
            .condition_expression("attribute_exists(due_at)")
            .expression_attribute_values(":due", text(time_key(until)))
            .expression_attribute_values(":until", to_attribute(&until)?)
            .send()
            .await;
        match updated {
            Ok(_) => Ok(()),
            Err(error) if condition_failed(&error) => Ok(()),
            Err(error) => Err(store_error(error)),
        }
    }
}
