//! WeCom delivers an event of a corporation: the hot path.
//!
//! Nothing of a request is interpreted before it is authentic, and an event is stored before it is answered.
//!
//! Tests: `tests/it/callback_input.rs`, `tests/it/events.rs`, `tests/it/calls.rs`.

use jiff::Timestamp;
use wecom_callback::{CallbackQuery, Message, envelope};

use crate::{
    authorization::{Callback, RejectionReason},
    callbacks::{Authenticator, Source, TEST_EVENT, content, wecom_time},
    clock::Clock,
    error::StepError,
    ids::{CallbackId, CorpId, EventId},
    store::{AppendOutcome, EventSource, NewEvent},
};

/// Receives an event of a corporation.
#[derive(Debug)]
pub struct ReceiveEvent<'a> {
    /// Authenticates the request, and stores the event.
    pub authenticator: Authenticator<'a>,
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
            Err(reason) => return Err(authenticator.refuse(&callback, reason, clock).await),
        };
        let event = new_event(&callback, &message, clock.now())?;
        // A test event is ours, and says nothing about the credentials that WeCom uses.
        if event.event != TEST_EVENT {
            authenticator.note_generation(&callback, number, clock).await;
        }
        Ok(authenticator.store.append_event(event).await?)
    }
}

fn new_event(callback: &Callback, message: &Message, now: Timestamp) -> Result<NewEvent, StepError> {
    let content = content(message)?;
    let corp_id = match &callback.corp_id {
        Some(corp_id) => corp_id.clone(),
        None => CorpId::parse(message.receive_id()).map_err(|_| StepError::CallbackRejected)?,
    };
    Ok(NewEvent {
        event_id: EventId::of(callback.callback_id.as_str(), message.bytes()),
        source: EventSource {
            callback_id: callback.callback_id.clone(),
            tenant_id: callback.tenant_id.clone(),
            scope: callback.scope,
            corp_id,
        },
        event: content.text("Event").unwrap_or_default().to_owned(),
        change_type: content.text("ChangeType").map(ToOwned::to_owned),
        created_at: wecom_time(content.text("CreateTime")),
        received_at: now,
        damaged: content.damaged,
        payload: content.payload,
    })
}
