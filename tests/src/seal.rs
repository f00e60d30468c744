//! Requests as WeCom would send them to a callback of the samples.

use wecom_callback::{envelope, seal, sign};

use crate::people::Address;

/// Later than anybody will play a sample: a callback refuses what was sent too long ago.
const TIMESTAMP: &str = "4070908800";
const NONCE: &str = "1597212914";
const PREFIX: [u8; 16] = *b"random of sample";

/// The query and the body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// `rawQueryString`.
    pub query: String,
    /// `body`; empty for a check of the URL.
    pub body: String,
}

/// The delivery of an event.
#[must_use]
pub fn sealed_event(address: &Address, receive_id: &str, message: &str) -> Letter {
    let encrypt = encrypt(address, receive_id, message);
    Letter {
        query: signed(address, &encrypt),
        body: envelope::xml(receive_id, "", &encrypt),
    }
}

/// The check of a URL.
#[must_use]
pub fn sealed_check(address: &Address, receive_id: &str, plaintext: &str) -> Letter {
    let encrypt = encrypt(address, receive_id, plaintext);
    let echostr = encrypt.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    Letter {
        query: format!("{}&echostr={echostr}", signed(address, &encrypt)),
        body: String::new(),
    }
}

fn encrypt(address: &Address, receive_id: &str, message: &str) -> String {
    let key = address.credentials().encoding_aes_key;
    seal(&key, PREFIX, message.as_bytes(), receive_id)
}

fn signed(address: &Address, encrypt: &str) -> String {
    let signature = sign(&address.credentials().token, TIMESTAMP, NONCE, encrypt);
    format!("msg_signature={signature}&timestamp={TIMESTAMP}&nonce={NONCE}")
}
