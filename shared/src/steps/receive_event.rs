//! WeCom delivers an event of a corporation: the hot path.
//!
//! Nothing of a request is interpreted before it is authentic, and an event is stored before it is answered.
//!
//! Tests: `tests/it/callback_input.rs`, `tests/it/events.rs`, `tests/it/calls.rs`.

use jiff::Timestamp;
use wecom_callback::{CallbackQuery, Message, envelope};

use crate::{
    authorization::{Callback, RejectionReason},
    callbacks::{Authenticator, Source, TEST_EVENT, content, refuse_outdated, wecom_time},
    clock::Clock,
    entropy::{Entropy, random_id},
    error::StepError,
    ids::{CallbackId, CorpId, EventId},
    store::{AppendOutcome, EventSource, NewEvent},
};

/// Receives an event of a corporation.
pub struct ReceiveEvent<'a> {
    /// Authenticates the request, and stores the event.
    pub authenticator: Authenticator<'a>,
    /// The source of randomness, for the id of the delivery.
    pub entropy: &'a dyn Entropy,
}

impl std::fmt::Debug for ReceiveEvent<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ReceiveEvent").finish_non_exhaustive()
    }
}

impl ReceiveEvent<'_> {
    /// Stores the event. One that is stored already is a success, too.
    ///
    /// # Errors
    /// [`StepError::NotFound`] for an unknown callback, [`StepError::MalformedCallback`],
    /// [`StepError::CallbackRejected`], or the failure of the stores.
    pub async fn run(
        &self,
        id: &CallbackId,
        raw_query: &str,
        body: &[u8],
        clock: &dyn Clock,
    ) -> Result<AppendOutcome, StepError> {
        let authenticator = self.authenticator;
        let (mut callback, source) = authenticator.callback(id, clock.now()).await?;
        let Ok(query) = CallbackQuery::parse(raw_query) else {
            return Err(authenticator.refuse(&callback, RejectionReason::Malformed, clock).await);
        };
        let Ok(encrypt) = envelope::encrypt_of(body) else {
            return Err(authenticator.refuse(&callback, RejectionReason::Malformed, clock).await);
        };
        let mut opened = authenticator
            .authenticate(&callback, &query, &encrypt, clock.now())
            .await?;
        // A remembered record may have been removed since, or be older than the credentials that WeCom uses. Reading
        // again what it refuses is limited like the notes.
        let look_again = match source {
            Source::Record => false,
            Source::Busy if opened.is_ok() => false,
            Source::Memory if opened.is_ok() => true,
            Source::Busy | Source::Memory => authenticator.memory.may_look_again(id, clock.now()),
        };
        if look_again {
            callback = authenticator.fresh_callback(id, clock.now()).await?;
            opened = authenticator
                .authenticate(&callback, &query, &encrypt, clock.now())
                .await?;
        }
        let (number, message) = match opened {
            Ok(authentic) => authentic,
            Err(rejected) => return Err(authenticator.refuse(&callback, rejected, clock).await),
        };
        let retention = authenticator.store.event_retention(callback.event_retention_days);
        refuse_outdated(&query, retention, clock.now())?;
        let event = new_event(&callback, &message, random_id(self.entropy), clock.now())?;
        if authenticator.memory.is_often_repeated(&event.event_id, clock.now()) {
            return Ok(AppendOutcome::OftenRepeated);
        }
        // A test event is ours, and says nothing about the credentials that WeCom uses.
        if event.event != TEST_EVENT {
            authenticator.note_generation(&callback, number, clock).await;
        }
        let event_id = event.event_id.clone();
        let outcome = authenticator.store.append_event(event).await?;
        if outcome == AppendOutcome::OftenRepeated {
            authenticator.memory.remember_repeated(event_id, clock.now());
        }
        Ok(outcome)
    }
}

fn new_event(
    callback: &Callback,
    message: &Message,
    delivery_id: String,
    now: Timestamp,
) -> Result<NewEvent, StepError> {
    let content = content(message)?;
    let corp_id = match &callback.corp_id {
        Some(corp_id) => corp_id.clone(),
        None => CorpId::parse(message.receive_id()).map_err(|_| StepError::CallbackRejected)?,
    };
    Ok(NewEvent {
        event_id: EventId::of(callback.callback_id.as_str(), message.bytes()),
        delivery_id,
        source: EventSource {
            callback_id: Some(callback.callback_id.clone()),
            tenant_id: callback.tenant_id.clone(),
            scope: callback.scope.into(),
            corp_id,
        },
        event: content.text("Event").unwrap_or_default().to_owned(),
        change_type: content.text("ChangeType").map(ToOwned::to_owned),
        created_at: wecom_time(content.text("CreateTime")),
        received_at: now,
        retention_days: callback.event_retention_days,
        damaged: content.damaged,
        payload: content.payload,
    })
}
