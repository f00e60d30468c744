//! Acts on the events of the suites, from the stream of stored ones. Each may be redelivered several times.
//!
//! An event that meets an open circuit breaker is parked: stored with the time until which calls pause. A run every minute
//! releases those that are due, and the stream delivers them again. So a pause costs an event none of its deliveries, after which
//! it would go to the dead-letter queue.
//!
//! A `create_auth` with the `State` of one of our sessions is left to the browser that set out: its redirect brings the same
//! auth_code and proves, by its cookie, that the corporation's admin is the one who began. From then on the code is taken with
//! this session alone, and what another session made of it ends. Of a template (代开发) it is the only sign of a scan, and no
//! browser follows: its code is exchanged here, and the tenant's admin confirms the corporation. One without a state of ours comes
//! from WeCom's app market; it renews the authorization of a corporation that is bound, and binds none that is not, because nothing
//! in it says to which tenant (docs/adr/0005-who-may-bind-a-corporation.md).
//!
//! Tests: `tests/it/suite_events.rs`, `tests/it/uncertain_authorization.rs`.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    authorization::InstallSession,
    callback::xml,
    context::Context,
    error::StepError,
    ids::{CorpId, Fingerprint, InstallState, SuiteId},
    lifecycle::Lifecycle,
    store::{Payload, StoredSuiteEvent, Suite},
    suite::event_place,
};

/// The number of parked events that a run releases: what it can write within its time, and the stream's readers within a minute.
const RELEASED_AT_ONCE: i32 = 1000;

/// Acts on one stored event of the suite.
#[derive(Debug)]
pub struct ProcessSuiteEvent<'a> {
    /// Renews, refreshes and ends authorizations.
    pub lifecycle: Lifecycle<'a>,
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
            (info_type, ..) => {
                tracing::info!(suite.info_type = info_type, "no action for this event of the suite");
                Ok(())
            }
        }
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
