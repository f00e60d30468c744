//! Requests as WeCom sends them, for tests that control every byte.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use wecom_callback::{envelope, seal, sign};

use super::Credentials;

/// The `CreateTime` of every event.
pub(crate) const TIMESTAMP: &str = "1790000000";
/// The `timestamp` of requests, unless a test chooses one: later than any test's clock, so that none is outdated.
const SENT_AT: &str = "4070908800";
/// The `nonce` of every request.
pub(crate) const NONCE: &str = "1597212914";

/// An encrypted event: query and body of a `POST`.
#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) query: String,
    pub(crate) body: String,
}

impl Letter {
    /// Seals a message for a receive id.
    pub(crate) fn sealed(credentials: &Credentials, receive_id: &str, message: &(impl AsRef<[u8]> + ?Sized)) -> Self {
        let encrypt = encrypt(credentials, receive_id, message);
        Self {
            query: query(credentials, &encrypt),
            body: envelope::xml(receive_id, "", &encrypt),
        }
    }

    /// The same, sent at this time.
    pub(crate) fn sent_at(
        credentials: &Credentials,
        receive_id: &str,
        message: &(impl AsRef<[u8]> + ?Sized),
        time: Timestamp,
    ) -> Self {
        let encrypt = encrypt(credentials, receive_id, message);
        Self {
            query: query_at(credentials, &encrypt, &time.as_second().to_string()),
            body: envelope::xml(receive_id, "", &encrypt),
        }
    }

    /// The same in WeCom's JSON envelope.
    pub(crate) fn sealed_in_json(
        credentials: &Credentials,
        receive_id: &str,
        message: &(impl AsRef<[u8]> + ?Sized),
    ) -> Self {
        let encrypt = encrypt(credentials, receive_id, message);
        Self {
            query: query(credentials, &encrypt),
            body: envelope::json(receive_id, "", &encrypt),
        }
    }
}

/// The query of a URL check. Its `echostr` is not percent-encoded; the sender decides how.
pub(crate) struct Check {
    pub(crate) signed: String,
    pub(crate) echostr: String,
}

impl Check {
    /// A check whose answer is `plaintext`.
    pub(crate) fn sealed(credentials: &Credentials, receive_id: &str, plaintext: &(impl AsRef<[u8]> + ?Sized)) -> Self {
        let echostr = encrypt(credentials, receive_id, plaintext);
        Self {
            signed: query(credentials, &echostr),
            echostr,
        }
    }

    /// The query with the echostr percent-encoded, as WeCom sends it.
    pub(crate) fn query(&self) -> String {
        self.query_with(&self.echostr.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"))
    }

    /// The query with the echostr in this form.
    pub(crate) fn query_with(&self, echostr: &str) -> String {
        format!("{}&echostr={echostr}", self.signed)
    }
}

/// The ciphertext of a message, different each time.
pub(crate) fn encrypt(credentials: &Credentials, receive_id: &str, message: &(impl AsRef<[u8]> + ?Sized)) -> String {
    static DRAWN: AtomicU64 = AtomicU64::new(0);
    let number = DRAWN.fetch_add(1, Ordering::Relaxed);
    let mut prefix = [b'p'; 16];
    prefix[..8].copy_from_slice(&number.to_be_bytes());
    seal(
        &credentials.pair().encoding_aes_key,
        prefix,
        message.as_ref(),
        receive_id,
    )
}

/// The signed query for a ciphertext.
pub(crate) fn query(credentials: &Credentials, encrypt: &str) -> String {
    query_at(credentials, encrypt, SENT_AT)
}

fn query_at(credentials: &Credentials, encrypt: &str, timestamp: &str) -> String {
    let signature = sign(&credentials.pair().token, timestamp, NONCE, encrypt);
    format!("msg_signature={signature}&timestamp={timestamp}&nonce={NONCE}")
}

/// An address-book event about this member.
pub(crate) fn member_created(corp_id: &str, member: &str) -> String {
    event(
        corp_id,
        "change_contact",
        "create_user",
        &format!("<UserID><![CDATA[{member}]]></UserID>"),
    )
}

/// An event of any kind.
pub(crate) fn event(corp_id: &str, event: &str, change_type: &str, rest: &str) -> String {
    format!(
        "<xml><ToUserName><![CDATA[{corp_id}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>\
         <CreateTime>{TIMESTAMP}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{event}]]></Event>\
         <ChangeType><![CDATA[{change_type}]]></ChangeType>{rest}</xml>"
    )
}
