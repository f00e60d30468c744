//! Acts on the events of the suites, from the stream of stored ones. Each may be redelivered several times.
//!
//! An event of a corporation is handed on to the tenant's events: one that arrived at the callback of its app, and one that a third-party
//! app gets by its own permissions, at the suite's callback (developer documents 90639 and 92277). Events of a corporation that no tenant
//! has bound are parked until one has, or until they end, and so are those whose tenant WeCom has to be asked for and does not answer.
//!
//! An event that meets an open circuit breaker is parked: stored with the time until which calls pause. A run every minute
//! releases those that are due, and the stream delivers them again. So a pause costs an event none of its deliveries, after which
//! it would go to the dead-letter queue.
//!
//! A `create_auth` with the `State` of one of our sessions is left to the browser that set out: its redirect brings the same
//! auth_code and proves, by its cookie, that the corporation's admin is the one who began. From then on the code is taken with
//! this session alone, and what another session made of it ends. Of a template (代开发) it is the only sign of a scan, and no
//! browser follows: its code is exchanged here, and the tenant's admin confirms the corporation. One without a state of ours comes
//! from WeCom's app market; it renews the authorization of a corporation that is bound, and of one that is not its permanent code is
//! kept as a claim, because nothing in it says to which tenant it belongs (docs/adr/0005-who-may-bind-a-corporation.md).
//!
//! Tests: `tests/it/suite_events.rs`, `tests/it/uncertain_authorization.rs`.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    authorization::{AUTH_CODE_LIFETIME, InstallSession, Settings},
    callback::xml,
    context::Context,
    error::StepError,
    ids::{CorpId, EventScope, Fingerprint, InstallState, SuiteId, TenantId},
    lifecycle::Lifecycle,
    store::{EventSource, NewEvent, Payload, StoredSuiteEvent, Suite},
    suite::{OpenCorpIds, event_place, in_envelope},
};

/// The number of parked events that a run releases: what it can write within its time, and the stream's readers within a minute.
const RELEASED_AT_ONCE: usize = 1000;

/// How long an event of a corporation that no tenant has bound is parked for the first time; then twice as long each time, up to the
/// longest.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_mins(1);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);
const MOST_DOUBLINGS: u32 = 6;

/// Acts on one stored event of the suite.
#[derive(Debug)]
pub struct ProcessSuiteEvent<'a> {
    /// Renews, refreshes and ends authorizations.
    pub lifecycle: Lifecycle<'a>,
    /// Which corporations are meant by plaintext ids.
    pub open_corp_ids: &'a OpenCorpIds,
}

impl ProcessSuiteEvent<'_> {
    /// Acts on the event, or parks it while WeCom's calls pause. One of an unknown type is ignored, and so is a record of one
    /// that was parked or released since.
    ///
    /// # Errors
    /// [`StepError::Internal`] when its content does not open, [`StepError::SuiteTicketMissing`], [`StepError::WecomRefused`],
    /// [`StepError::WecomTimeout`], [`StepError::StateChanged`], or the failure of the stores. The event has to be
    /// redelivered.
    pub async fn run(&self, event: &StoredSuiteEvent, context: Context<'_>) -> Result<(), StepError> {
        let (store, id) = (self.lifecycle.suite.store, &event.event_id);
        if !store.owns_suite_event(id, event.parkings).await? {
            return Ok(());
        }
        match self.act_on(event, context).await {
            Err(StepError::WecomBan { until }) => {
                tracing::warn!(suite.info_type = event.info_type, parked.until = %until, "an event of the suite is parked");
                Ok(store.park_suite_event(id, event.parkings, until).await?)
            }
            other => other,
        }
    }

    /// Releases the parked events that are due, a thousand at most. Returns how many those were.
    ///
    /// # Errors
    /// The failure of the store. The next run continues.
    pub async fn release_due(&self, context: Context<'_>) -> Result<usize, StepError> {
        let (store, now) = (self.lifecycle.suite.store, context.now());
        let due = store.due_suite_events(now, RELEASED_AT_ONCE).await?;
        for id in &due {
            store.release_suite_event(id, now).await?;
        }
        Ok(due.len())
    }

    async fn act_on(&self, event: &StoredSuiteEvent, context: Context<'_>) -> Result<(), StepError> {
        let payload = self.open(event, context).await?;
        if let Some(corp_id) = &event.corp_id {
            return Box::pin(self.hand_on(event, corp_id, payload, context)).await;
        }
        let text = |name| xml::text(&payload, name).filter(|text| !text.is_empty());
        let corp_id = text("AuthCorpId").and_then(|corp_id| CorpId::parse(corp_id).ok());
        let (lifecycle, at) = (self.lifecycle, happened(event));
        match (event.info_type.as_str(), text("AuthCode"), corp_id) {
            ("suite_ticket", ..) => self.put_ticket(event, text("SuiteTicket"), context).await,
            ("create_auth", Some(auth_code), _) => {
                let suite = self.suite_of(event, context).await?;
                let code = SecretString::from(auth_code);
                match self.session_of_ours(text("State"), &suite).await? {
                    Some(session) if session.is_scanned => {
                        Box::pin(lifecycle.scanned(&suite, &session, &code, at, context)).await
                    }
                    Some(session) => {
                        tracing::info!("create_auth of a session of ours: left to the browser's redirect");
                        let code = Fingerprint::of(auth_code);
                        lifecycle.announce(&code, &session.state, context).await
                    }
                    None => Box::pin(lifecycle.renew(&suite, &code, at, context)).await,
                }
            }
            ("reset_permanent_code", Some(auth_code), _) => {
                let suite = self.suite_of(event, context).await?;
                Box::pin(lifecycle.renew(&suite, &SecretString::from(auth_code), at, context)).await
            }
            ("change_auth", _, Some(corp_id)) => {
                let suite = self.suite_of(event, context).await?;
                Box::pin(lifecycle.refresh(&suite, &corp_id, at, context)).await
            }
            ("cancel_auth", _, Some(corp_id)) => {
                let suite = self.suite_of(event, context).await?;
                Box::pin(lifecycle.removed(&suite, &corp_id, at, context)).await
            }
            (info_type, _, Some(corp_id)) if EventScope::of_event(info_type) != EventScope::App => {
                let payload = in_envelope(payload, info_type);
                Box::pin(self.hand_on(event, &corp_id, payload, context)).await
            }
            (info_type, ..) => {
                tracing::info!(suite.info_type = info_type, "no action for this event of the suite");
                Ok(())
            }
        }
    }

    /// Hands an event of a corporation on to the tenant that has bound it. Until there is one, it is parked: the admin may have to
    /// confirm the corporation first. Events from before the tenant's installation are not the tenant's.
    async fn hand_on(
        &self,
        event: &StoredSuiteEvent,
        corp_id: &CorpId,
        payload: Payload,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        let store = self.lifecycle.suite.store;
        let bound = match self.tenant_of(event, corp_id, context).await {
            // WeCom may not answer for longer than the stream redelivers.
            Err(error @ (StepError::WecomRefused(_) | StepError::WecomTimeout | StepError::SuiteTicketMissing)) => {
                tracing::warn!(%error, corp.id = %corp_id, "WeCom could not be asked for the tenant of an event");
                None
            }
            bound => bound?,
        };
        let Some((tenant_id, settings)) = bound else {
            tracing::info!(corp.id = %corp_id, "an event of a corporation is parked, because its tenant is not known");
            let pause = FIRST_PAUSE
                * 2_i32.pow(
                    u32::try_from(event.parkings)
                        .unwrap_or(MOST_DOUBLINGS)
                        .min(MOST_DOUBLINGS),
                );
            let until = context.now() + pause.min(LONGEST_PAUSE);
            return Ok(store.park_suite_event(&event.event_id, event.parkings, until).await?);
        };
        let change_type = xml::text(&payload, "ChangeType").map(ToOwned::to_owned);
        let new = NewEvent {
            event_id: event.event_id.clone(),
            delivery_id: event.event_id.as_str().to_owned(),
            source: EventSource {
                callback_id: None,
                tenant_id,
                scope: EventScope::of_event(&event.info_type),
                corp_id: corp_id.clone(),
            },
            event: event.info_type.clone(),
            change_type,
            created_at: event.created_at,
            received_at: event.received_at,
            retention_days: settings.event_retention_days,
            damaged: event.damaged,
            payload,
        };
        Ok(store.store_event(new).await?)
    }

    /// The tenant whose event it is, and its settings.
    async fn tenant_of(
        &self,
        event: &StoredSuiteEvent,
        corp_id: &CorpId,
        context: Context<'_>,
    ) -> Result<Option<(TenantId, Settings)>, StepError> {
        let store = self.lifecycle.suite.store;
        let mut corp_id = corp_id.clone();
        let mut bound = store.tenant_of(&corp_id).await?;
        // WeCom names the corporation so when its own admin has entered the address of the app as 客户联系 → 接收事件服务器.
        if bound.is_none() && corp_id.is_plaintext() {
            let suite = self.suite_of(event, context).await?;
            let (known, access) = (self.open_corp_ids, self.lifecycle.suite);
            let Some(open_corp_id) = known.of(&corp_id, &suite, access, context.clock).await? else {
                return Ok(None);
            };
            bound = store.tenant_of(&open_corp_id).await?;
            corp_id = open_corp_id;
        }
        let Some(tenant_id) = bound else { return Ok(None) };
        let authorization = store.authorization(&tenant_id).await?;
        let is_tenants = authorization.installed().is_some_and(|installation| {
            installation.corp_id == corp_id && event.received_at + AUTH_CODE_LIFETIME >= installation.installed_at
        });
        Ok(is_tenants.then_some((tenant_id, authorization.settings)))
    }

    async fn open(&self, event: &StoredSuiteEvent, context: Context<'_>) -> Result<Payload, StepError> {
        let (keys, place) = (self.lifecycle.suite.tokens.keys, event_place(&event.event_id));
        let opened = keys.open_text(&event.payload, &place, context.now()).await?;
        let text = opened.map_err(|error| StepError::Internal(Box::new(error)))?;
        // The message of the parser may quote the content.
        serde_json::from_str(text.expose_secret())
            .map_err(|_| StepError::Internal("the content of a suite's event is malformed".into()))
    }

    /// The suite that an event is of.
    async fn suite_of(&self, event: &StoredSuiteEvent, context: Context<'_>) -> Result<Suite, StepError> {
        // A first suite may have an id of a form that WeCom does not document, and then no name.
        let name = SuiteId::parse(&event.suite_id).ok();
        self.lifecycle.suite.suite(name.as_ref(), context.clock).await
    }

    /// An install session of ours, if it is of this suite.
    async fn session_of_ours(&self, state: Option<&str>, suite: &Suite) -> Result<Option<InstallSession>, StepError> {
        let Some(state) = state.and_then(|state| InstallState::parse(state).ok()) else {
            return Ok(None);
        };
        let session = self.lifecycle.suite.store.session(&state).await?;
        Ok(session.filter(|session| suite.is_named(session.suite_id.as_ref())))
    }

    async fn put_ticket(
        &self,
        event: &StoredSuiteEvent,
        ticket: Option<&str>,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        let Some(ticket) = ticket else { return Ok(()) };
        let ticket = SecretString::from(ticket);
        self.lifecycle
            .suite
            .tokens
            .put_ticket(&event.suite_id, &ticket, happened(event), context.now())
            .await?;
        // The alarm on missing tickets counts these lines (template.yaml).
        tracing::info!(suite.id = event.suite_id, "suite ticket kept");
        Ok(())
    }
}

fn happened(event: &StoredSuiteEvent) -> Timestamp {
    event.created_at.unwrap_or(event.received_at)
}
