//! Shared by the benchmarks of the protocol: callback requests, the hardware's limit, and a peer implementation.

use std::{borrow::Cow, hint::black_box};

use aes::{
    Aes256Dec, Aes256Enc,
    cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit, array::Array, block_padding::NoPadding},
};
use base64::{
    Engine,
    engine::{Simd, general_purpose::PAD},
};
use base64_simd::AsOut;
use quick_xml::{Reader, events::Event};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use wecom_callback::{Credentials, EncodingAesKey, Message, Token, envelope, seal, sign, verify};
use wecom_crypto::{Agent, Source};

/// Lengths of the messages, in bytes: an event, a large event, and two larger than any event, to see the cost per byte.
pub const SIZES: [usize; 4] = [512, 2048, 64 * 1024, 512 * 1024];

// The same for this implementation and the peer.
const TOKEN: &str = "AnExampleTokenOf32LettersOrDigit";
const ENCODING_AES_KEY: &str = "AnExampleKeyOf43LettersOrDigitsForNobody00A";
const TIMESTAMP: &str = "1764001000";
const NONCE: &str = "1372623149";
const RECEIVE_ID: &str = "ww0a1b2c3d4e5f6071";

/// An event, and the callback request in which WeCom delivers it.
#[derive(Debug)]
pub struct CallbackRequest {
    credentials: Credentials,
    message: String,
    encrypt: String,
    msg_signature: String,
    body: String,
}

impl CallbackRequest {
    /// A request whose message has `message_bytes` bytes.
    ///
    /// # Panics
    /// When `message_bytes` is too small for an event.
    #[must_use]
    pub fn of(message_bytes: usize) -> Self {
        let credentials = Credentials {
            token: Token::parse(TOKEN).expect("the token is one"),
            encoding_aes_key: EncodingAesKey::parse(ENCODING_AES_KEY).expect("the key is one"),
        };
        let message = event(message_bytes);
        let encrypt = seal(&credentials.encoding_aes_key, [7; 16], message.as_bytes(), RECEIVE_ID);
        Self {
            msg_signature: sign(&credentials.token, TIMESTAMP, NONCE, &encrypt),
            body: envelope::xml(RECEIVE_ID, "", &encrypt),
            credentials,
            message,
            encrypt,
        }
    }

    /// What a peer in another language needs to do the same.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "token": TOKEN,
            "encoding_aes_key": ENCODING_AES_KEY,
            "receive_id": RECEIVE_ID,
            "timestamp": TIMESTAMP,
            "nonce": NONCE,
            "message": self.message,
            "encrypt": self.encrypt,
            "msg_signature": self.msg_signature,
            "body": self.body,
        })
    }

    /// From the body of the `POST` to the plaintext: finds, verifies and decrypts the ciphertext.
    ///
    /// # Panics
    /// Never: the request is a right one.
    #[must_use]
    pub fn read(&self) -> Message {
        let encrypt = envelope::encrypt_of(black_box(self.body.as_bytes())).expect("it is an envelope");
        self.verify_and_open(&encrypt)
    }

    /// Ciphertext in the body of the `POST`.
    ///
    /// # Panics
    /// Never: the request is valid.
    #[must_use]
    pub fn find(&self) -> Cow<'_, str> {
        envelope::encrypt_of(black_box(self.body.as_bytes())).expect("it is an envelope")
    }

    /// The same with quick-xml: the child `Encrypt` of the root, exactly once, in a document without a document type.
    /// None when the body is not such a document.
    #[must_use]
    pub fn find_by_quick_xml(&self) -> Option<Cow<'_, str>> {
        let mut reader = Reader::from_str(str::from_utf8(black_box(self.body.as_bytes())).ok()?);
        let mut depth = 0;
        let mut is_encrypt = false;
        let mut found: Option<Cow<'_, str>> = None;
        loop {
            match reader.read_event().ok()? {
                Event::Start(tag) => {
                    depth += 1;
                    is_encrypt = depth == 2 && tag.name().as_ref() == "Encrypt";
                    (depth <= 16 && !(is_encrypt && found.is_some())).then_some(())?;
                }
                Event::End(_) => {
                    depth -= 1;
                    is_encrypt = false;
                }
                Event::CData(data) if is_encrypt => found = Some(data.into_inner()),
                Event::Text(text) if is_encrypt => found = Some(text.into_inner()),
                Event::DocType(_) => return None,
                Event::Eof => return found.filter(|_| depth == 0),
                _ => {}
            }
        }
    }

    /// From the body of the `POST` to the plaintext, with quick-xml for the envelope.
    ///
    /// # Panics
    /// Never: the request is valid.
    #[must_use]
    pub fn read_with_quick_xml(&self) -> Message {
        let encrypt = self.find_by_quick_xml().expect("it is an envelope");
        self.verify_and_open(&encrypt)
    }

    /// The same from the ciphertext, which most peers take as input.
    #[must_use]
    pub fn open(&self) -> Message {
        self.verify_and_open(black_box(&self.encrypt))
    }

    /// Seals the message and signs it: the ciphertext and its signature.
    #[must_use]
    pub fn write(&self) -> (String, String) {
        let message = black_box(self.message.as_bytes());
        let encrypt = seal(&self.credentials.encoding_aes_key, [7; 16], message, RECEIVE_ID);
        let msg_signature = sign(&self.credentials.token, TIMESTAMP, NONCE, &encrypt);
        (encrypt, msg_signature)
    }

    fn verify_and_open(&self, encrypt: &str) -> Message {
        let Credentials {
            token,
            encoding_aes_key,
        } = &self.credentials;
        let verified = verify(token, &self.msg_signature, TIMESTAMP, NONCE, encrypt).expect("it is signed");
        verified.open(encoding_aes_key).expect("it opens")
    }
}

/// A change of a member, padded to `bytes` bytes.
fn event(bytes: usize) -> String {
    let before = format!(
        "<xml><ToUserName><![CDATA[{RECEIVE_ID}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>\
         <CreateTime>{TIMESTAMP}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_contact]]></Event>\
         <ChangeType>update_user</ChangeType><UserID><![CDATA[wangfang]]></UserID><Name><![CDATA["
    );
    let after = "]]></Name></xml>";
    let fill = bytes
        .checked_sub(before.len() + after.len())
        .expect("an event is longer");
    format!("{before}{}{after}", "n".repeat(fill))
}

/// The hardware's limit: the same SHA-1, AES-256-CBC and base64 over the same bytes and nothing else, by the fastest public
/// crates (`base64` decodes fastest, `base64-simd` encodes fastest). The round keys are expanded beforehand, nothing is allocated, compared
/// or split.
#[derive(Debug)]
pub struct Limit {
    decrypt: Aes256Dec,
    encrypt: Aes256Enc,
    iv: [u8; 16],
    engine: Simd,
    base64: Vec<u8>,
    padded: Vec<u8>,
    decrypted: Vec<u8>,
}

impl Limit {
    /// The limit for a request.
    ///
    /// # Panics
    /// Never: the request is a right one.
    #[must_use]
    pub fn for_request(request: &CallbackRequest) -> Self {
        let engine = Simd::standard(PAD);
        let key = engine
            .decode(format!("{ENCODING_AES_KEY}="))
            .expect("the key is base64");
        let key: [u8; 32] = key.try_into().expect("the key has 32 bytes");
        let mut limit = Self {
            decrypt: Aes256Dec::new(&key.into()),
            encrypt: Aes256Enc::new(&key.into()),
            iv: *key.first_chunk().expect("16 bytes are less than 32"),
            engine,
            base64: request.encrypt.clone().into_bytes(),
            padded: Vec::new(),
            decrypted: vec![0; request.encrypt.len()],
        };
        limit.padded = limit.open(request).1.to_vec();
        limit
    }

    /// SHA-1 over the base64 ciphertext, and the padded plaintext.
    ///
    /// # Panics
    /// Never: the request is a right one.
    pub fn open(&mut self, request: &CallbackRequest) -> (sha1::digest::Output<Sha1>, &[u8]) {
        let encrypt = black_box(request.encrypt.as_bytes());
        let digest = Sha1::digest(encrypt);
        let length = self
            .engine
            .decode_slice(encrypt, &mut self.decrypted)
            .expect("it is base64");
        let decrypted = self.decrypted.get_mut(..length).unwrap_or_default();
        cbc::Decryptor::inner_iv_init(&self.decrypt, &Array(self.iv))
            .decrypt_padded::<NoPadding>(decrypted)
            .map(|decrypted| (digest, decrypted))
            .expect("it is whole blocks")
    }

    /// SHA-1 over the ciphertext in base64, and that ciphertext. What is encrypted changes each time, its length does not.
    ///
    /// # Panics
    /// Never: the request is a right one.
    pub fn seal(&mut self) -> (sha1::digest::Output<Sha1>, &[u8]) {
        let length = self.padded.len();
        cbc::Encryptor::inner_iv_init(&self.encrypt, &Array(self.iv))
            .encrypt_padded::<NoPadding>(black_box(&mut self.padded), length)
            .expect("it is whole blocks");
        let encrypt = base64_simd::STANDARD.encode(&self.padded, self.base64.as_out());
        (Sha1::digest(&*encrypt), encrypt)
    }
}

/// `wecom-crypto`, used as its documentation says.
pub struct Peer {
    agent: Agent,
    source: Source,
}

impl Peer {
    /// One that knows the credentials, and the request's message.
    #[must_use]
    pub fn for_request(request: &CallbackRequest) -> Self {
        Self {
            agent: Agent::new(TOKEN, ENCODING_AES_KEY),
            source: Source {
                text: request.message.clone(),
                receive_id: RECEIVE_ID.to_owned(),
            },
        }
    }

    /// Verifies the request's ciphertext and opens it; none if the signature is another.
    ///
    /// # Panics
    /// Never: the request is a right one.
    #[must_use]
    pub fn open(&self, request: &CallbackRequest) -> Option<Source> {
        let encrypt = black_box(&*request.encrypt);
        let is_signed = self.agent.generate_signature(&[TIMESTAMP, NONCE, encrypt]) == request.msg_signature;
        is_signed.then(|| self.agent.decrypt(encrypt).expect("it opens"))
    }

    /// Seals the message and signs it: the ciphertext and its signature.
    #[must_use]
    pub fn write(&self) -> (String, String) {
        let encrypt = self.agent.encrypt(black_box(&self.source));
        let msg_signature = self.agent.generate_signature(&[TIMESTAMP, NONCE, &encrypt]);
        (encrypt, msg_signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `hex(sha1(…))` of the ciphertext alone.
    fn digest(encrypt: &str) -> Vec<u8> {
        Sha1::digest(encrypt).to_vec()
    }

    #[test]
    fn a_request_has_the_length_that_it_should_and_reads_as_it_was_written() {
        for bytes in SIZES {
            let request = CallbackRequest::of(bytes);
            assert_eq!(request.message.len(), bytes);
            assert_eq!(request.read().bytes(), request.message.as_bytes());
            assert_eq!(request.open().bytes(), request.message.as_bytes());
            assert_eq!(
                request.write(),
                (request.encrypt.clone(), request.msg_signature.clone())
            );
            assert_eq!(request.find(), request.encrypt);
            assert_eq!(request.find_by_quick_xml().as_deref(), Some(&*request.encrypt));
            assert_eq!(request.read_with_quick_xml().bytes(), request.message.as_bytes());
        }
    }

    #[test]
    fn the_limit_does_the_same_work() {
        for bytes in SIZES {
            let request = CallbackRequest::of(bytes);
            let mut limit = Limit::for_request(&request);
            let (hash, decrypted) = limit.open(&request);
            assert_eq!(hash.to_vec(), digest(&request.encrypt));
            assert_eq!(&decrypted[20..20 + bytes], request.message.as_bytes());
            let (hash, encrypt) = limit.seal();
            assert_eq!(encrypt, request.encrypt.as_bytes());
            assert_eq!(hash.to_vec(), digest(&request.encrypt));
        }
    }

    #[test]
    fn the_peer_opens_our_requests_and_we_open_its() {
        for bytes in SIZES {
            let mut request = CallbackRequest::of(bytes);
            let peer = Peer::for_request(&request);
            assert_eq!(peer.open(&request).unwrap().text, request.message);
            (request.encrypt, request.msg_signature) = peer.write();
            assert_eq!(request.open().bytes(), request.message.as_bytes());
        }
    }
}
