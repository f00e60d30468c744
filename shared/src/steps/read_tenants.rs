//! Reads the platform's tenants for its operators: in lists, one by one, and summed up. Nothing here opens a secret.
//!
//! Tests: `tests/it/operators.rs`.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    audit::{Action, AuditEntry},
    authorization::{Authorization, Callback, Listing},
    context::Context,
    error::StepError,
    ids::{BreakerName, CallbackId, CorpId, TenantId},
    store::{Breaker, ClaimPage, DynamoDb, EventHead, HealthRunNote, ListFilter, ListPage},
};

/// Number of entries of the audit trail that are shown of one tenant.
const ENTRIES: usize = 50;
/// Number of events that are shown of one tenant.
const EVENTS: usize = 20;

/// Reads tenants for operators.
#[derive(Debug)]
pub struct ReadTenants<'a> {
    /// The tables of states and events.
    pub store: &'a DynamoDb,
}

/// One tenant: its state, and the newest of its audit trail and events.
#[derive(Debug)]
pub struct Tenant {
    /// The state.
    pub authorization: Authorization,
    /// Its callbacks, contacts first.
    pub callbacks: [Option<Callback>; 2],
    /// The newest entries of the audit trail, the newest first.
    pub audit: Vec<AuditEntry>,
    /// The newest events, the newest first.
    pub events: Vec<EventHead>,
}

/// The tenants summed up, and what concerns them all.
#[derive(Debug)]
pub struct Summary {
    /// For each list but that of all: the number of its tenants, and since when the first of them is in it.
    pub lists: BTreeMap<String, (u64, Option<Timestamp>)>,
    /// The last run of `check-health`; `None` before the first.
    pub health_run: Option<HealthRunNote>,
    /// The breakers that are open and concern more than one corporation.
    pub breakers: Vec<(BreakerName, Breaker)>,
}

impl ReadTenants<'_> {
    /// A page of the tenants that `filter` admits, newest trouble first. A query that is the whole id of a tenant puts that one
    /// on a first page of its own; one that is the whole id of a corporation, as its app sees it, or of a callback gives that tenant alone.
    ///
    /// # Errors
    /// The failure of the store.
    pub async fn list(&self, filter: &ListFilter, limit: usize, after: Option<&str>) -> Result<ListPage, StepError> {
        let query = filter.query.as_deref().unwrap_or_default();
        let owner = match (
            CallbackId::parse(query),
            filter.corp.as_deref().or(filter.query.as_deref()),
        ) {
            (Ok(id), _) => self.store.callback(&id).await?.map(|callback| callback.tenant_id),
            (Err(_), Some(corp)) => self.bound(corp).await?,
            (Err(_), None) => None,
        };
        if let Some(owner) = owner {
            return Ok(ListPage {
                tenants: self.admitted(&owner, filter).await?.into_iter().collect(),
                next: None,
            });
        }
        let named = TenantId::parse(query).ok();
        if let (Some(tenant_id), None) = (&named, after)
            && let Some(tenant) = self.admitted(tenant_id, filter).await?
        {
            // The search for others begins with the next page, if it is wanted.
            return Ok(ListPage {
                tenants: vec![tenant],
                ..ListPage::beginning()
            });
        }
        let mut page = self.store.listed(filter, limit, after).await?;
        if let Some(named) = named {
            page.tenants.retain(|tenant| tenant.key() != named);
        }
        Ok(page)
    }

    async fn bound(&self, corp: &str) -> Result<Option<TenantId>, StepError> {
        match CorpId::parse(corp) {
            Ok(corp_id) => Ok(self.store.tenant_of(&corp_id).await?),
            Err(_) => Ok(None),
        }
    }

    async fn admitted(&self, tenant_id: &TenantId, filter: &ListFilter) -> Result<Option<Listing>, StepError> {
        let stored = self.store.listing(tenant_id).await?;
        Ok(stored
            .map(|stored| stored.listing)
            .filter(|listing| filter.admits(listing)))
    }

    /// A page of the claims: corporations that installed an app and are bound to no tenant.
    ///
    /// # Errors
    /// The failure of the store.
    pub async fn claims(&self, limit: usize, after: Option<&str>, now: Timestamp) -> Result<ClaimPage, StepError> {
        Ok(self.store.claims(limit, after, now).await?)
    }

    /// One tenant. That it was looked at is in its audit trail before it is answered.
    ///
    /// # Errors
    /// [`StepError::NotFound`] when nothing is stored of the tenant, or the failure of the store.
    pub async fn one(&self, tenant_id: &TenantId, context: Context<'_>) -> Result<Tenant, StepError> {
        let authorization = self.store.authorization(tenant_id).await?;
        if authorization.version == 0 {
            return Err(StepError::NotFound);
        }
        self.store
            .record(tenant_id, context.entry(Action::TenantViewed))
            .await?;
        let (callbacks, audit, events) = tokio::try_join!(
            self.store.callbacks_of(&authorization),
            self.store.audit(tenant_id, ENTRIES, None),
            self.store.event_heads(tenant_id, EVENTS),
        )?;
        Ok(Tenant {
            authorization,
            callbacks,
            audit: audit.entries,
            events,
        })
    }

    /// The tenants summed up: a few reads for each list that is not empty, however many tenants there are.
    ///
    /// # Errors
    /// The failure of the store.
    pub async fn summary(&self, now: Timestamp) -> Result<Summary, StepError> {
        let mut lists = BTreeMap::new();
        for (list, count) in self.store.listed_counts().await? {
            let since = self.store.listed_since(&list).await?;
            lists.insert(list, (count, since));
        }
        let health_run = self.store.last_health_run().await?;
        let suites = health_run.iter().flat_map(|run| &run.suites);
        let suites = suites.map(|suite| BreakerName::suite(&suite.suite_id));
        let mut breakers = Vec::new();
        for name in [BreakerName::unproven_secrets(), BreakerName::provider()]
            .into_iter()
            .chain(suites)
        {
            let breaker = self.store.breaker(&name).await?;
            breakers.extend(
                breaker
                    .filter(|breaker| breaker.is_open(now))
                    .map(|breaker| (name, breaker)),
            );
        }
        Ok(Summary {
            lists,
            health_run,
            breakers,
        })
    }
}
