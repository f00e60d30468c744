//! The content of callback requests: opened, read as JSON, and distinguished from our own tests.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use wecom_callback::{
    CallbackQuery, Credentials, Message, verify,
    xml::{self, Recovered},
};

use crate::{authorization::RejectionReason, error::StepError, store::Payload};

/// The beginning of the plaintext of our own URL checks. WeCom's consists of digits. It is answered like WeCom's, but does
/// not make a pending generation current.
pub(crate) const SELF_TEST: &str = "wecom-authorization-self-test-";

/// The `Event` of a test event. WeCom sends none of this name.
pub const TEST_EVENT: &str = "wecom_authorization_test";

/// Key of a damaged message's bytes, in base64, in its payload. No element can have this name.
const RAW_KEY: &str = "#raw";

/// Content of an event, as it is stored.
pub(crate) struct Content {
    /// XML or JSON as a map of texts.
    pub(crate) payload: Payload,
    /// Whether the message was not well-formed.
    pub(crate) damaged: bool,
}

impl Content {
    /// Text of a field by which an event is routed.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        xml::text(&self.payload, name)
    }
}

/// Reads an authentic message. WeCom does not send an answered event again, so a damaged one is read as far as possible,
/// and its bytes are kept beside the fields; except where they hold a ticket or a code, which belong in no second place.
///
/// # Errors
/// [`StepError::CallbackRejected`] for anything that is no event, such as the plaintext of a URL check.
pub(crate) fn content(message: &Message) -> Result<Content, StepError> {
    let Recovered { mut payload, damaged } = xml::to_json_lossy(message.bytes());
    if !xml::is_event(&payload) {
        tracing::info!(callback.rejection = "not_an_event", "callback refused");
        return Err(StepError::CallbackRejected);
    }
    if damaged {
        tracing::warn!(event.damaged = true, "an event is not well-formed");
        let is_secret = |name| xml::text(&payload, name).is_some();
        if !["SuiteTicket", "AuthCode"].into_iter().any(is_secret) {
            payload.insert(RAW_KEY.to_owned(), STANDARD.encode(message.bytes()).into());
        }
    }
    Ok(Content { payload, damaged })
}

/// Answer to a URL check: the decrypted `echostr`.
///
/// # Errors
/// [`StepError::CallbackRejected`] for a message: a captured event, sent as an `echostr`, is not decrypted for the sender.
pub(crate) fn echo(message: &Message) -> Result<Vec<u8>, StepError> {
    message.echo().map(<[u8]>::to_vec).ok_or_else(|| {
        tracing::info!(callback.rejection = "message_as_echostr", "callback refused");
        StepError::CallbackRejected
    })
}

/// Clocks may differ by this much.
const SKEW: SignedDuration = SignedDuration::from_hours(1);

/// Refuses a request that was sent so long ago that its event may no longer be stored: repeated, it would count as new. The time is
/// a part of what is signed, and WeCom redelivers with a new one. `retention` is how long events are stored.
///
/// # Errors
/// [`StepError::CallbackRejected`].
pub(crate) fn refuse_outdated(
    query: &CallbackQuery,
    retention: SignedDuration,
    now: Timestamp,
) -> Result<(), StepError> {
    let is_outdated = |sent: Timestamp| now.duration_since(sent) >= retention - SKEW;
    if wecom_time(Some(&query.timestamp)).is_some_and(is_outdated) {
        tracing::info!(callback.rejection = "outdated", "callback refused");
        return Err(StepError::CallbackRejected);
    }
    Ok(())
}

/// A time of WeCom: whole seconds since 1970.
pub(crate) fn wecom_time(text: Option<&str>) -> Option<Timestamp> {
    text.and_then(|text| text.parse().ok())
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
}

/// Verifies the signature, then decrypts.
pub(crate) fn open(
    credentials: &Credentials,
    query: &CallbackQuery,
    encrypt: &str,
) -> Result<Message, RejectionReason> {
    let verified = verify(
        &credentials.token,
        &query.msg_signature,
        &query.timestamp,
        &query.nonce,
        encrypt,
    )
    .map_err(|_| RejectionReason::SignatureMismatch)?;
    verified
        .open(&credentials.encoding_aes_key)
        .map_err(|_| RejectionReason::DecryptionFailed)
}
