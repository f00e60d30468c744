//! Signature of the scheme (WeCom's developer document 90968): `hex(sha1(concat(sort([token, timestamp, nonce, encrypt]))))`.

use sha1::{Digest, Sha1};
use subtle::{Choice, ConstantTimeEq};

use crate::{EncodingAesKey, Message, OpenError, Token, cipher};

/// Length of a signature, in lower-case hexadecimal digits.
const SIGNATURE_CHARS: usize = 40;

/// Refusal of a signature. There is one reason only, since a finer one would help only a forger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not the signature of these four values.
    #[error("the signature does not match")]
    Mismatch,
}

/// `Encrypt` or `echostr` whose signature is verified. Only [`verify`] makes one, and nothing else can be opened.
#[derive(Debug)]
#[must_use = "a verified ciphertext is not yet opened"]
pub struct Verified<'a> {
    encrypt: &'a str,
}

impl Verified<'_> {
    /// Decrypts the ciphertext. Success does not prove who the recipient is: compare [`Message::receive_id`].
    ///
    /// # Errors
    /// [`OpenError`] when the ciphertext is not a message under this key.
    pub fn open(self, key: &EncodingAesKey) -> Result<Message, OpenError> {
        cipher::open(key, self.encrypt)
    }
}

/// Signature that WeCom sends as `msg_signature`: 40 lower-case hexadecimal digits. The values are signed as they are
/// sent, `encrypt` in base64.
#[must_use]
pub fn sign(token: &Token, timestamp: &str, nonce: &str, encrypt: &str) -> String {
    digest(token, timestamp, nonce, encrypt)
        .iter()
        .copied()
        .map(char::from)
        .collect()
}

/// Verifies a signature in constant time. Only lower-case digits are accepted, as WeCom writes them.
///
/// # Errors
/// [`SignatureError`] when the signature is not the one of these values under this token.
pub fn verify<'a>(
    token: &Token,
    msg_signature: &str,
    timestamp: &str,
    nonce: &str,
    encrypt: &'a str,
) -> Result<Verified<'a>, SignatureError> {
    let expected = digest(token, timestamp, nonce, encrypt);
    match msg_signature.as_bytes().try_into() {
        Ok(given) if is_same(&expected, given) => Ok(Verified { encrypt }),
        _ => Err(SignatureError::Mismatch),
    }
}

/// Constant-time comparison by words of eight bytes: one barrier per byte would cost as much as hashing a line of text.
fn is_same(expected: &[u8; SIGNATURE_CHARS], given: &[u8; SIGNATURE_CHARS]) -> bool {
    let (expected, given) = (expected.as_chunks::<8>().0, given.as_chunks::<8>().0);
    let words = expected.iter().zip(given);
    words
        .fold(Choice::from(1), |same, (expected, given)| {
            same & u64::from_ne_bytes(*expected).ct_eq(&u64::from_ne_bytes(*given))
        })
        .into()
}

/// Hexadecimal digits of the signature. The values are hashed in place, not joined first: a message may be long.
fn digest(token: &Token, timestamp: &str, nonce: &str, encrypt: &str) -> [u8; SIGNATURE_CHARS] {
    let mut parts = [token.expose(), timestamp, nonce, encrypt];
    parts.sort_unstable();
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part);
    }

    let mut digits = [0; SIGNATURE_CHARS];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(hash.finalize()) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 0x0f)]);
    }
    digits
}

/// Lower-case hexadecimal digit of a number below 16.
fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMESTAMP: &str = "1409659589";
    const NONCE: &str = "263014780";
    const ENCRYPT: &str = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==";
    const SIGNATURE: &str = "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3";

    fn token() -> Token {
        Token::parse("QDG6eK").unwrap()
    }

    fn refuses(msg_signature: &str) -> bool {
        let verified = verify(&token(), msg_signature, TIMESTAMP, NONCE, ENCRYPT);
        verified.unwrap_err() == SignatureError::Mismatch
    }

    #[test]
    fn signs_and_verifies_the_official_example() {
        assert_eq!(sign(&token(), TIMESTAMP, NONCE, ENCRYPT), SIGNATURE);
        assert!(verify(&token(), SIGNATURE, TIMESTAMP, NONCE, ENCRYPT).is_ok());
    }

    #[test]
    fn refuses_a_signature_with_one_digit_changed() {
        for at in 0..SIGNATURE.len() {
            let mut signature = SIGNATURE.to_owned();
            let digit = if &SIGNATURE[at..=at] == "0" { "1" } else { "0" };
            signature.replace_range(at..=at, digit);
            assert!(refuses(&signature), "{signature}");
        }
    }

    #[test]
    fn refuses_a_signature_that_is_empty_cut_short_or_too_long() {
        for signature in [
            "",
            &SIGNATURE[..1],
            &SIGNATURE[..39],
            &format!("{SIGNATURE}0"),
            &SIGNATURE.repeat(2),
        ] {
            assert!(refuses(signature), "{signature}");
        }
    }

    #[test]
    fn refuses_upper_case_and_white_space() {
        assert!(refuses(&SIGNATURE.to_uppercase()));
        assert!(refuses(&format!(" {}", &SIGNATURE[1..])));
    }

    #[test]
    fn refuses_the_right_length_of_something_else() {
        assert!(refuses(&"0".repeat(40)));
        assert!(refuses(&"签".repeat(13)));
        assert!(refuses(&format!("{}a", "签".repeat(13))));
    }

    #[test]
    fn refuses_a_signature_made_with_another_token() {
        let other = Token::parse("QDG6eL").unwrap();
        assert!(verify(&other, SIGNATURE, TIMESTAMP, NONCE, ENCRYPT).is_err());
    }

    #[test]
    fn refuses_another_timestamp_nonce_or_ciphertext() {
        assert!(verify(&token(), SIGNATURE, "1409659590", NONCE, ENCRYPT).is_err());
        assert!(verify(&token(), SIGNATURE, TIMESTAMP, "263014781", ENCRYPT).is_err());
        assert!(verify(&token(), SIGNATURE, TIMESTAMP, NONCE, &ENCRYPT.replace('+', " ")).is_err());
        assert!(verify(&token(), SIGNATURE, TIMESTAMP, NONCE, ENCRYPT.trim_end_matches('=')).is_err());
    }

    #[test]
    fn takes_the_timestamp_as_text_and_not_as_a_number() {
        assert!(verify(&token(), SIGNATURE, "01409659589", NONCE, ENCRYPT).is_err());
    }

    #[test]
    fn sorts_by_bytes_with_plus_and_slash_before_digits_and_capitals_before_small_letters() {
        // sha1 of "+E", "/t", "0n", "Zz" joined in that order.
        let token = Token::parse("Zz").unwrap();
        assert_eq!(
            sign(&token, "/t", "0n", "+E"),
            "328f4c092123d67f1bea616742382ace68d08c6b"
        );
    }

    #[test]
    fn cannot_tell_where_one_value_ends_and_the_next_begins() {
        // A limit of the scheme that the README states: should this ever fail, the README is wrong.
        assert_eq!(
            sign(&token(), "1409659589", "263014780", "a"),
            sign(&token(), "140965958", "9263014780", "a")
        );
    }
}
