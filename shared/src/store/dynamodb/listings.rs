//! The operators' lists of tenants: a sparse index that `publish-events` keeps from the stream, so that no change of a tenant
//! costs the wizard a write more, and a page of any list costs the same however many tenants there are (docs/adr/0035).
//!
//! `LISTING#<tenant>` has what the lists show of a tenant. `LISTED#<list>` is a list: each entry a copy, ordered by its place.
//! `LISTED#counts` has the number of entries of each list. All are written in one transaction.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder,
    types::{AttributeValue, Delete, Put, TransactWriteItem, Update},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    DynamoDb,
    keys::{Item, Key, from_item, number, text, to_item},
    store_error,
    transactions::TransactionError,
};
use crate::{
    authorization::{Health, Listing, NextStep, listing},
    ids::TenantId,
    store::StoreError,
};

/// Queries that one page of a search may take. Each reads up to 1 MB, some 1,500 tenants.
const MAX_QUERIES: usize = 8;

/// What the lists show of a tenant now, to be replaced.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StoredListing {
    /// Number of changes, for optimistic locking.
    version: u64,
    /// What is shown.
    #[serde(flatten)]
    pub listing: Listing,
}

/// Which tenants are wanted: those that fulfil all of it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ListFilter {
    /// Of this health.
    pub health: Option<Health>,
    /// With a finding of this code.
    pub finding: Option<String>,
    /// Whose next step is this.
    pub step: Option<NextStep>,
    /// Of the corporation with this id, its own or as the installed app sees it.
    pub corp: Option<String>,
    /// With this text in their id, or in an id or the name of their corporation, or as the id of a callback. ASCII letters are
    /// the same in both cases.
    pub query: Option<String>,
}

/// A page of a list, newest trouble first.
#[derive(Debug, Clone, Default)]
pub struct ListPage {
    /// The tenants.
    pub tenants: Vec<Listing>,
    /// The place after which the next page begins, if there may be one.
    pub next: Option<String>,
}

/// A place after every other: `~` sorts after digits.
const BEGINNING: &str = "~";

impl ListPage {
    /// A page without tenants before the first.
    #[must_use]
    pub fn beginning() -> Self {
        Self {
            tenants: Vec::new(),
            next: Some(BEGINNING.to_owned()),
        }
    }
}

impl ListFilter {
    /// Whether a tenant fulfils all of it.
    #[must_use]
    pub fn admits(&self, tenant: &Listing) -> bool {
        let found = tenant.search_text();
        self.health.is_none_or(|health| tenant.health == health)
            && self.step.is_none_or(|step| tenant.next_step == step)
            && self.finding.as_ref().is_none_or(|code| tenant.has_finding(code))
            && self.sought().iter().all(|sought| found.contains(sought))
    }

    /// The shortest list that has every tenant that is wanted.
    fn list(&self) -> String {
        match (&self.finding, self.step, self.health) {
            (Some(code), ..) => listing::of_finding(code),
            (None, Some(step), _) => listing::of_step(step),
            (None, None, Some(health)) => listing::of_health(health),
            (None, None, None) => listing::ALL.to_owned(),
        }
    }

    /// The texts that have to be in the search text.
    fn sought(&self) -> Vec<String> {
        let corp = self.corp.as_ref().map(|corp| format!("\n{corp}\n"));
        let texts = corp.into_iter().chain(self.query.clone());
        texts.map(|sought| sought.to_ascii_lowercase()).collect()
    }

    /// Whether the list has tenants that are not wanted.
    fn is_search(&self) -> bool {
        let parts = [self.health.is_some(), self.finding.is_some(), self.step.is_some()];
        parts.into_iter().filter(|part| *part).count() > 1 || !self.sought().is_empty()
    }

    /// The query that leaves out the entries that are not wanted.
    fn apply_to(&self, mut query: QueryFluentBuilder) -> QueryFluentBuilder {
        let equal = [
            ("health", self.health.map(Health::as_str)),
            ("next_step", self.step.map(NextStep::as_str)),
        ];
        let mut conditions = Vec::new();
        for (name, value) in equal.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            conditions.push(format!("#{name} = :{name}"));
            query = query
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), text(value));
        }
        for (number, sought) in self.sought().into_iter().enumerate() {
            conditions.push(format!("contains(#search, :sought{number})"));
            query = query
                .expression_attribute_names("#search", "search")
                .expression_attribute_values(format!(":sought{number}"), text(sought));
        }
        query.filter_expression(conditions.join(" AND "))
    }
}

fn entry_key(list: &str, place: &str) -> Key {
    Key::new("LISTED", list, place)
}

fn counts_key() -> Key {
    Key::new("LISTED", "counts", "COUNTS")
}

impl DynamoDb {
    /// What the lists show of a tenant.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn listing(&self, tenant_id: &TenantId) -> Result<Option<StoredListing>, StoreError> {
        self.item(Key::new("LISTING", tenant_id.as_str(), "LISTING")).await
    }

    /// Replaces what the lists show of a tenant, if it is still what was read. Returns whether it was.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_listing(&self, before: Option<&StoredListing>, after: &Listing) -> Result<bool, StoreError> {
        let (old, new) = (
            before.map(|before| before.listing.places()).unwrap_or_default(),
            after.places(),
        );
        let mut items = vec![
            TransactWriteItem::builder()
                .put(self.own_listing(before, after)?)
                .build(),
        ];
        for (list, place) in &new {
            let mut entry = entry_key(list, place).into_item();
            entry.extend(to_item(after)?);
            entry.insert("search".to_owned(), text(after.search_text()));
            let put = Put::builder()
                .table_name(&self.authorization_table)
                .set_item(Some(entry));
            items.push(TransactWriteItem::builder().put(put.build()?).build());
        }
        for (list, place) in old.iter().filter(|(list, place)| new.get(*list) != Some(place)) {
            let delete = Delete::builder()
                .table_name(&self.authorization_table)
                .set_key(Some(entry_key(list, place).into_item()));
            items.push(TransactWriteItem::builder().delete(delete.build()?).build());
        }
        let joined = new.keys().filter(|list| !old.contains_key(*list)).map(|list| (list, 1));
        let left = old
            .keys()
            .filter(|list| !new.contains_key(*list))
            .map(|list| (list, -1));
        if let Some(count) = self.count_listed(joined.chain(left))? {
            items.push(TransactWriteItem::builder().update(count).build());
        }
        match self.transact(items).await {
            Ok(()) => Ok(true),
            Err(TransactionError::Conditions(_)) => Ok(false),
            Err(TransactionError::Store(error)) => Err(error),
        }
    }

    /// Removes a binding that is no longer one of its tenant's from the lists, if what they show is still what was read. Returns whether
    /// it was.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove_listing(&self, before: &StoredListing) -> Result<bool, StoreError> {
        let own = Delete::builder()
            .table_name(&self.authorization_table)
            .set_key(Some(
                Key::new("LISTING", before.listing.key().as_str(), "LISTING").into_item(),
            ))
            .condition_expression("version = :version")
            .expression_attribute_values(":version", number(before.version));
        let places = before.listing.places();
        let mut items = vec![TransactWriteItem::builder().delete(own.build()?).build()];
        for (list, place) in &places {
            let delete = Delete::builder()
                .table_name(&self.authorization_table)
                .set_key(Some(entry_key(list, place).into_item()));
            items.push(TransactWriteItem::builder().delete(delete.build()?).build());
        }
        if let Some(count) = self.count_listed(places.keys().map(|list| (list, -1)))? {
            items.push(TransactWriteItem::builder().update(count).build());
        }
        match self.transact(items).await {
            Ok(()) => Ok(true),
            Err(TransactionError::Conditions(_)) => Ok(false),
            Err(TransactionError::Store(error)) => Err(error),
        }
    }

    fn own_listing(&self, before: Option<&StoredListing>, after: &Listing) -> Result<Put, StoreError> {
        let version = before.map_or(0, |before| before.version);
        let mut item = Key::new("LISTING", after.key().as_str(), "LISTING").into_item();
        item.extend(to_item(after)?);
        item.insert("version".to_owned(), number(version + 1));
        let put = Put::builder()
            .table_name(&self.authorization_table)
            .set_item(Some(item));
        Ok(match before {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(_) => put
                .condition_expression("version = :version")
                .expression_attribute_values(":version", number(version)),
        }
        .build()?)
    }

    /// Adds to the numbers of entries of lists; `None` when there is nothing to add.
    fn count_listed<'a>(&self, changes: impl Iterator<Item = (&'a String, i32)>) -> Result<Option<Update>, StoreError> {
        let mut update = Update::builder()
            .table_name(&self.authorization_table)
            .set_key(Some(counts_key().into_item()));
        let mut terms = Vec::new();
        for (index, (list, change)) in changes.enumerate() {
            terms.push(format!("#list{index} :change{index}"));
            update = update
                .expression_attribute_names(format!("#list{index}"), list)
                .expression_attribute_values(format!(":change{index}"), number(change));
        }
        if terms.is_empty() {
            return Ok(None);
        }
        Ok(Some(
            update.update_expression(format!("ADD {}", terms.join(", "))).build()?,
        ))
    }

    /// Up to `limit` tenants that `filter` admits, newest trouble first, after the place `after`.
    ///
    /// A list that is read as it is costs one query of `limit` entries. One that is searched in costs up to eight of 1 MB; a page
    /// that ends with them may have fewer tenants and is not the last.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn listed(&self, filter: &ListFilter, limit: usize, after: Option<&str>) -> Result<ListPage, StoreError> {
        let is_search = filter.is_search();
        let mut page = ListPage::default();
        let mut before = after.unwrap_or(BEGINNING).to_owned();
        for _ in 0..if is_search { MAX_QUERIES } else { 1 } {
            let query = self
                .client
                .query()
                .table_name(&self.authorization_table)
                .key_condition_expression("pk = :pk AND sk < :before")
                .expression_attribute_values(":pk", text(format!("LISTED#{}", filter.list())))
                .expression_attribute_values(":before", text(&before))
                .scan_index_forward(false);
            let query = if is_search {
                filter.apply_to(query)
            } else {
                query.limit(i32::try_from(limit).unwrap_or(i32::MAX))
            };
            let answer = query.send().await.map_err(store_error)?;
            for item in answer.items.unwrap_or_default() {
                if page.tenants.len() == limit {
                    page.next = Some(before);
                    return Ok(page);
                }
                let place = place_of(&item).to_owned();
                page.tenants.push(from_item(item)?);
                before = place;
            }
            let Some(last) = answer.last_evaluated_key else {
                return Ok(ListPage { next: None, ..page });
            };
            place_of(&last).clone_into(&mut before);
        }
        page.next = Some(before);
        Ok(page)
    }

    /// The number of tenants in each list but that of all, without lists that are empty.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn listed_counts(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.authorization_table)
            .set_key(Some(counts_key().into_item()))
            .send()
            .await
            .map_err(store_error)?;
        let counts = answer.item.unwrap_or_default().into_iter();
        let count = |(list, value): (String, AttributeValue)| Some((list, value.as_n().ok()?.parse().ok()?));
        Ok(counts.filter_map(count).filter(|(_, count)| *count > 0).collect())
    }

    /// The time since which a list other than that of all has had its oldest entry.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn listed_since(&self, list: &str) -> Result<Option<Timestamp>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.authorization_table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(format!("LISTED#{list}")))
            .limit(1)
            .send()
            .await
            .map_err(store_error)?;
        let oldest = answer.items.unwrap_or_default().into_iter().next();
        Ok(oldest.and_then(|item| place_of(&item).split('#').next()?.parse().ok()))
    }
}

/// The place of an entry, from its key.
fn place_of(item: &Item) -> &str {
    match item.get("sk") {
        Some(AttributeValue::S(place)) => place,
        _ => "",
    }
}
