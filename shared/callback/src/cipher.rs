//! Cipher of the scheme (WeCom's developer document 90968): AES-256-CBC with the first half of the key as the IV, and
//! this layout inside.
//!
//! | bytes | content |
//! | --- | --- |
//! | 16 | random, discarded |
//! | 4 | length of the message, big-endian |
//! | length | message |
//! | rest | receive id, UTF-8, possibly empty |
//! | 1 to 32 | padding: each byte is the number of padding bytes (PKCS#7 with a block size of 32) |

use std::fmt;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use std::sync::LazyLock;

use aes::{
    Aes256Dec, Aes256Enc,
    cipher::{
        BlockModeDecrypt, BlockModeEncrypt, KeyIvInit,
        array::Array,
        block_padding::NoPadding,
        consts::{U16, U32},
    },
};
use base64::Engine;

use crate::EncodingAesKey;

const RANDOM_BYTES: usize = 16;
const LENGTH_BYTES: usize = 4;
const HEADER_BYTES: usize = RANDOM_BYTES + LENGTH_BYTES;
const PADDED_TO_BYTES: usize = 32;

/// Base64 engine as strict as `STANDARD` and several times as fast; its instructions are selected at run time (ADR 10).
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static BASE64: LazyLock<base64::engine::Simd> =
    LazyLock::new(|| base64::engine::Simd::standard(base64::engine::general_purpose::PAD));
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static BASE64: base64::engine::GeneralPurpose = base64::engine::general_purpose::STANDARD;

/// Reason why a ciphertext could not be opened. Give the sender the same answer for all of them, and log which one it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not base64 with padding.
    #[error("the ciphertext is not base64")]
    Base64,
    /// Empty, or not a whole number of 16-byte blocks.
    #[error("the ciphertext is not a whole number of blocks")]
    Blocks,
    /// Invalid padding; most often the ciphertext was made with another key.
    #[error("the padding is wrong")]
    Padding,
    /// Shorter than its header, or than the length in it.
    #[error("the lengths inside do not add up")]
    Layout,
    /// The receive id is not UTF-8.
    #[error("the receive id is not UTF-8")]
    ReceiveId,
}

/// Decrypted content of an `Encrypt` or `echostr`.
pub struct Message {
    /// Plaintext without its padding. It is not copied into parts, since most messages are only read.
    decrypted: Vec<u8>,
    /// Index at which the message ends and the receive id, which is UTF-8, begins. At least [`HEADER_BYTES`].
    message_end: usize,
}

impl Message {
    /// Message as it was sent: XML, JSON or, in a URL check, the text to answer. See [`echo`](Self::echo).
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.decrypted.get(HEADER_BYTES..self.message_end).unwrap_or_default()
    }

    /// Answer to a URL check (`GET`, the decrypted `echostr`), to be sent byte for byte. None when the plaintext is XML or
    /// JSON: the signature of an event does not say that it was sent as a `POST`, so that an attacker who has captured one could
    /// have it decrypted by sending its ciphertext as an `echostr`.
    #[must_use]
    pub fn echo(&self) -> Option<&[u8]> {
        let is_message = matches!(first_significant(self.bytes()), Some(b'<' | b'{'));
        (!is_message).then(|| self.bytes())
    }

    /// Id of the recipient: a corporation, a suite, or empty. Compare it with the one that the callback is for.
    #[must_use]
    pub fn receive_id(&self) -> &str {
        let bytes = self.decrypted.get(self.message_end..).unwrap_or_default();
        str::from_utf8(bytes).unwrap_or_default()
    }

    /// Message as it was sent, without a copy.
    #[must_use]
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.decrypted.truncate(self.message_end);
        self.decrypted.drain(..HEADER_BYTES);
        self.decrypted
    }
}

/// Shows only the length: messages hold personal data.
impl fmt::Debug for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Message({} bytes)", self.bytes().len())
    }
}

/// First byte that is neither white space, a control character nor part of a byte order mark.
fn first_significant(mut bytes: &[u8]) -> Option<u8> {
    loop {
        bytes = match bytes {
            [b'\0'..=b' ', rest @ ..] | [0xef, 0xbb, 0xbf, rest @ ..] => rest,
            _ => return bytes.first().copied(),
        };
    }
}

/// Encrypts a message: the base64 text of `Encrypt`. `random` must be freshly drawn for each message.
///
/// # Panics
/// When the message has 4 GiB or more, which the layout cannot express.
#[must_use]
pub fn seal(key: &EncodingAesKey, random: [u8; RANDOM_BYTES], message: &[u8], receive_id: &str) -> String {
    let length = u32::try_from(message.len()).expect("a message is shorter than 4 GiB");
    let unpadded = HEADER_BYTES + message.len() + receive_id.len();
    let padding = PADDED_TO_BYTES - unpadded % PADDED_TO_BYTES;

    let padding_byte = u8::try_from(padding).expect("32 fits in a byte");

    let mut padded = Vec::with_capacity(unpadded + padding);
    padded.extend_from_slice(&random);
    padded.extend_from_slice(&length.to_be_bytes());
    padded.extend_from_slice(message);
    padded.extend_from_slice(receive_id.as_bytes());
    padded.resize(unpadded + padding, padding_byte);
    encrypt(key, padded)
}

fn encrypt(key: &EncodingAesKey, mut padded: Vec<u8>) -> String {
    let (key, iv) = key_and_iv(key);
    let length = padded.len();
    cbc::Encryptor::<Aes256Enc>::new(key, iv)
        .encrypt_padded::<NoPadding>(&mut padded, length)
        .expect("a multiple of 32 is a multiple of 16");
    BASE64.encode(padded)
}

/// Decrypts in place: the base64 is decoded into the buffer that the message keeps.
pub(crate) fn open(key: &EncodingAesKey, encrypt: &str) -> Result<Message, OpenError> {
    let mut decrypted = BASE64.decode(encrypt).map_err(|_| OpenError::Base64)?;
    let (key, iv) = key_and_iv(key);
    cbc::Decryptor::<Aes256Dec>::new(key, iv)
        .decrypt_padded::<NoPadding>(&mut decrypted)
        .map_err(|_| OpenError::Blocks)?;

    decrypted.truncate(unpadded_length(&decrypted)?);
    let (message, receive_id) = parts(&decrypted).ok_or(OpenError::Layout)?;
    str::from_utf8(receive_id).map_err(|_| OpenError::ReceiveId)?;
    let message_end = HEADER_BYTES + message.len();
    Ok(Message { decrypted, message_end })
}

/// The key and, as the scheme has it, its first half as the IV.
fn key_and_iv(key: &EncodingAesKey) -> (&Array<u8, U32>, &Array<u8, U16>) {
    let iv = key.bytes().first_chunk::<16>().expect("a key has 32 bytes");
    (key.bytes().into(), iv.into())
}

/// Length without the padding, which is removed by its length: its byte may also end the message.
fn unpadded_length(decrypted: &[u8]) -> Result<usize, OpenError> {
    let last = *decrypted.last().ok_or(OpenError::Blocks)?;
    let padding = usize::from(last);
    let unpadded = decrypted.len().checked_sub(padding).ok_or(OpenError::Padding)?;
    let is_padding = decrypted.iter().skip(unpadded).all(|byte| *byte == last);
    if (1..=PADDED_TO_BYTES).contains(&padding) && is_padding {
        Ok(unpadded)
    } else {
        Err(OpenError::Padding)
    }
}

/// Message and receive id; none when the plaintext is shorter than its header or the length in it.
fn parts(unpadded: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, rest) = unpadded.split_at_checked(RANDOM_BYTES)?;
    let (length, rest) = rest.split_first_chunk::<LENGTH_BYTES>()?;
    rest.split_at_checked(u32::from_be_bytes(*length).try_into().ok()?)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    fn key() -> EncodingAesKey {
        EncodingAesKey::parse("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap()
    }

    /// Encrypts any bytes, as a sender who has the key can, and opens the result.
    fn open_raw(decrypted: &[u8]) -> Result<Message, OpenError> {
        open(&key(), &encrypt(&key(), decrypted.to_vec()))
    }

    /// 16 bytes, this length, these bytes, and padding.
    fn with_length(length: u32, rest: &[u8]) -> Vec<u8> {
        let mut decrypted = [&[b'r'; 16], length.to_be_bytes().as_slice(), rest].concat();
        let padding = 32 - decrypted.len() % 32;
        decrypted.resize(decrypted.len() + padding, u8::try_from(padding).unwrap());
        decrypted
    }

    #[test]
    fn opens_what_it_sealed() {
        let message = open(&key(), &seal(&key(), [7; 16], b"hello", "ww01")).unwrap();
        assert_eq!((message.bytes(), message.receive_id()), (b"hello".as_slice(), "ww01"));
        assert_eq!(message.into_bytes(), b"hello");
    }

    #[test]
    fn opens_an_empty_message_for_nobody() {
        let message = open(&key(), &seal(&key(), [7; 16], b"", "")).unwrap();
        assert_eq!((message.bytes(), message.receive_id()), (b"".as_slice(), ""));
        assert_eq!(message.into_bytes(), b"");
    }

    #[test]
    fn pads_with_1_to_32_bytes_at_every_length() {
        for length in 0..=64 {
            let message = vec![b'm'; length];
            let sealed = seal(&key(), [7; 16], &message, "ww01");
            assert_eq!(BASE64.decode(&sealed).unwrap().len() % 32, 0, "{length}");
            assert_eq!(open(&key(), &sealed).unwrap().bytes(), message, "{length}");
        }
    }

    #[test]
    fn the_same_message_is_sealed_differently_with_another_random() {
        assert_ne!(
            seal(&key(), [7; 16], b"hello", "ww01"),
            seal(&key(), [8; 16], b"hello", "ww01")
        );
    }

    #[test]
    fn strips_the_padding_by_its_length_and_not_by_its_byte() {
        // Message and receive id end with the byte of the padding.
        let decrypted = with_length(12, b"hello\x1a\x1a\x1a\x1a\x1a\x1a\x1aww01\x1a\x1a");
        let message = open_raw(&decrypted).unwrap();
        assert_eq!(message.bytes(), b"hello\x1a\x1a\x1a\x1a\x1a\x1a\x1a");
        assert_eq!(message.receive_id(), "ww01\x1a\x1a");
        // The length of the message is the number of padding bytes, so that their byte is in the header.
        let message = open(&key(), &seal(&key(), [6; 16], b"hello!", "")).unwrap();
        assert_eq!(message.bytes(), b"hello!");
    }

    #[test]
    fn takes_padding_to_16_bytes_too_since_its_bytes_say_how_many_they_are() {
        let decrypted = [with_length(5, b"hello")[..32].to_vec(), vec![16; 16]].concat();
        assert_eq!(open_raw(&decrypted).unwrap().bytes(), b"hello");
    }

    #[test]
    fn refuses_what_is_not_base64() {
        let sealed = seal(&key(), [7; 16], b"hello", "ww01");
        let unpadded = sealed.trim_end_matches('=');
        assert_ne!(unpadded, sealed);
        for encrypt in [
            "!",
            "A",
            "AAA",
            "AAAA AAA",
            "====",
            "微信微信",
            unpadded,
            &format!("{sealed}\n"),
        ] {
            assert_eq!(open(&key(), encrypt).unwrap_err(), OpenError::Base64, "{encrypt}");
        }
    }

    #[test]
    fn refuses_base64_with_stray_bits_at_its_end() {
        // 16 bytes are 21⅓ characters: the `B` in `AB==` has a bit that belongs to no byte.
        assert_eq!(open(&key(), "AAAAAAAAAAAAAAAAAAAAAB==").unwrap_err(), OpenError::Base64);
    }

    proptest! {
        // The SIMD engine decodes whole vectors of a long text and leaves the rest to the scalar one.
        #[test]
        fn base64_is_as_strict_as_the_strictest_decoder(
            text in "[A-D/+=a-d0-9]{0,24}|[A-Za-z0-9+/]{40,300}={0,3}|[A-Za-z0-9+/]{0,150}.[A-Za-z0-9+/]{0,150}",
        ) {
            prop_assert_eq!(BASE64.decode(&text), STANDARD.decode(&text));
        }

        #[test]
        fn base64_is_read_and_written_as_by_the_scalar_engine(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let text = STANDARD.encode(&bytes);
            prop_assert_eq!(BASE64.encode(&bytes), &*text);
            prop_assert_eq!(BASE64.decode(text), Ok(bytes));
        }
    }

    #[test]
    fn refuses_a_ciphertext_that_is_not_a_multiple_of_16() {
        for length in (0..64).filter(|length| length % 16 != 0) {
            let encrypt = BASE64.encode(vec![7; length]);
            assert_eq!(open(&key(), &encrypt).unwrap_err(), OpenError::Blocks, "{length}");
        }
    }

    #[test]
    fn refuses_an_empty_ciphertext() {
        assert_eq!(open(&key(), "").unwrap_err(), OpenError::Blocks);
    }

    #[test]
    fn refuses_padding_of_0_or_33_bytes() {
        for padding in [0, 33, 64, 255] {
            let decrypted = [with_length(5, b"hello")[..31].to_vec(), vec![padding; 65]].concat();
            assert_eq!(open_raw(&decrypted).unwrap_err(), OpenError::Padding, "{padding}");
        }
    }

    #[test]
    fn refuses_padding_whose_bytes_differ() {
        let mut decrypted = with_length(5, b"hello");
        decrypted[30] ^= 1;
        assert_eq!(open_raw(&decrypted).unwrap_err(), OpenError::Padding);
    }

    #[test]
    fn refuses_padding_longer_than_the_ciphertext() {
        assert_eq!(open_raw(&[32; 16]).unwrap_err(), OpenError::Padding);
    }

    #[test]
    fn refuses_a_length_beyond_the_buffer() {
        for length in [10, 11, 44, 1 << 16, u32::MAX] {
            let decrypted = with_length(length, b"helloww01");
            assert_eq!(open_raw(&decrypted).unwrap_err(), OpenError::Layout, "{length}");
        }
        assert_eq!(open_raw(&with_length(9, b"helloww01")).unwrap().receive_id(), "");
    }

    #[test]
    fn refuses_a_plaintext_shorter_than_its_header() {
        for padding in 1..=32_u8 {
            let length = 32 - usize::from(padding);
            let decrypted = [vec![0; length], vec![padding; usize::from(padding)]].concat();
            let opened = open_raw(&decrypted);
            assert_eq!(opened.is_ok(), length >= HEADER_BYTES, "{padding}");
        }
    }

    #[test]
    fn refuses_a_receive_id_that_is_not_utf_8() {
        let decrypted = with_length(5, b"hello\xff\xfe");
        assert_eq!(open_raw(&decrypted).unwrap_err(), OpenError::ReceiveId);
    }

    #[test]
    fn refuses_what_another_key_sealed() {
        let other = EncodingAesKey::parse("4Ma3YBrSBbX2aez8MJpXGBne5LSDwgGqHbhM9WPYIws").unwrap();
        let sealed = seal(&other, [7; 16], b"hello", "ww01");
        assert_eq!(open(&key(), &sealed).unwrap_err(), OpenError::Padding);
    }

    fn message(bytes: &[u8]) -> Message {
        open(&key(), &seal(&key(), [7; 16], bytes, "ww01")).unwrap()
    }

    #[test]
    fn echoes_exactly_the_bytes_of_a_url_check() {
        for bytes in [
            &b"1616140317555161061"[..],
            b"",
            b" 1 \n",
            b"\xef\xbb\xbf16",
            b"\xff\xfe\x00",
            b"a<b",
            b"-{",
            b"wecom_authorization_test",
            b"[1]",
            b"\xef\xbb",
        ] {
            assert_eq!(message(bytes).echo(), Some(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn echoes_no_message() {
        for text in [
            "<xml><InfoType>suite_ticket</InfoType></xml>",
            "{\"msgtype\":\"text\"}",
            "<",
            "{",
            " \t\r\n<xml/>",
            "\u{feff}<xml/>",
            "\u{feff} \u{feff}\n{}",
            "\0\x0b<xml/>",
        ] {
            assert_eq!(message(text.as_bytes()).echo(), None, "{text:?}");
        }
    }

    #[test]
    fn debug_shows_nothing_of_the_message() {
        let message = open(&key(), &seal(&key(), [7; 16], b"hello", "ww01")).unwrap();
        assert_eq!(format!("{message:?}"), "Message(5 bytes)");
    }
}
