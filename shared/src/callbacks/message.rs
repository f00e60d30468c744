//! The content of callback requests: opened, read as JSON, and told apart from our own tests.

use jiff::Timestamp;
use wecom_callback::{CallbackQuery, Credentials, Message, verify, xml};

use crate::{authorization::RejectionReason, store::Payload};

/// The beginning of the plaintext of our own URL checks. WeCom's consists of digits. It is answered like WeCom's, but does
/// not make a pending generation current.
pub(crate) const SELF_TEST: &str = "wecom-authorization-self-test-";

/// The `Event` of a test event. WeCom sends none of this name.
pub const TEST_EVENT: &str = "wecom_authorization_test";

/// The XML as JSON. An authentic message in an unknown form is stored as text, because WeCom does not send it again.
pub(crate) fn payload(message: &Message) -> Payload {
    xml::to_json(message.bytes()).unwrap_or_else(|_| {
        let text = String::from_utf8_lossy(message.bytes()).into_owned();
        Payload::from_iter([("#text".to_owned(), text.into())])
    })
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
