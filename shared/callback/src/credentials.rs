//! Token and EncodingAESKey, the two values that an admin copies into WeCom's console.
//!
//! The token is enough to sign, and the key to decrypt and encrypt. So the types have no `Display`, no
//! `PartialEq` and a redacted `Debug`, and are zeroed when dropped.

use std::fmt;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use rand::{
    Rng,
    distr::{Alphanumeric, Distribution},
    seq::IndexedRandom,
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Greatest length of a token (developer document 90930), and the length of a generated one.
const MAX_TOKEN_CHARS: usize = 32;
/// Length of every `EncodingAESKey`: 32 bytes in base64, without the `=`.
const KEY_CHARS: usize = 43;
/// Characters whose two low bits are zero: the only ones that a strict decoder accepts at the end of a key.
const LAST_KEY_CHARS: [char; 16] = [
    'A', 'E', 'I', 'M', 'Q', 'U', 'Y', 'c', 'g', 'k', 'o', 's', 'w', '0', '4', '8',
];
/// Base64 engine that ignores the last two of a key's 258 bits, which WeCom's own generator sets at random.
const KEY_ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Reason why a text is not a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not 1 to 32 characters.
    #[error("a token has 1 to 32 characters")]
    Length,
    /// Something other than an ASCII letter or digit.
    #[error("a token has only ASCII letters and digits")]
    Character,
}

/// Reason why a text is not an `EncodingAESKey`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 43 characters.
    #[error("an encoding AES key has 43 characters")]
    Length,
    /// Something other than an ASCII letter or digit.
    #[error("an encoding AES key has only ASCII letters and digits")]
    Character,
}

/// Shared secret of the signature: WeCom's `Token`, 1 to 32 ASCII letters and digits.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Token(String);

impl Token {
    /// Parses a token as it is configured in WeCom's console.
    ///
    /// # Errors
    /// [`TokenError`] when WeCom's console does not accept it either.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(TokenError::Character);
        }
        if !(1..=MAX_TOKEN_CHARS).contains(&text.len()) {
            return Err(TokenError::Length);
        }
        Ok(Self(text.to_owned()))
    }

    /// Draws a token of 32 characters: 190 bits. The generator must be a cryptographic one.
    pub fn generate<R: Rng + ?Sized>(rng: &mut R) -> Self {
        Self(alphanumeric(rng, MAX_TOKEN_CHARS, MAX_TOKEN_CHARS))
    }

    /// Text of the secret, for the admin's clipboard and for encrypted storage.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token([redacted])")
    }
}

/// Shared secret of the cipher: WeCom's `EncodingAESKey`, 43 ASCII letters and digits that encode 32 bytes.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct EncodingAesKey {
    text: String,
    bytes: Box<[u8; 32]>,
}

impl EncodingAesKey {
    /// Parses a key as it is configured in WeCom's console. The two surplus bits of its last character are ignored, as
    /// WeCom ignores them.
    ///
    /// # Errors
    /// [`KeyError`] when WeCom's console does not accept it either.
    ///
    /// # Panics
    /// Never: 43 letters and digits are always 32 bytes.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(KeyError::Character);
        }
        if text.len() != KEY_CHARS {
            return Err(KeyError::Length);
        }
        let mut bytes = Box::new([0; 32]);
        KEY_ENGINE
            .decode_slice_unchecked(text, bytes.as_mut_slice())
            .expect("43 letters and digits are 32 bytes in base64");
        Ok(Self {
            text: text.to_owned(),
            bytes,
        })
    }

    /// Draws a key of 254 bits that strict base64 decoders accept as well. The generator must be a cryptographic one.
    ///
    /// # Panics
    /// Never: 43 letters and digits are a key.
    pub fn generate<R: Rng + ?Sized>(rng: &mut R) -> Self {
        let mut text = Zeroizing::new(alphanumeric(rng, KEY_CHARS - 1, KEY_CHARS));
        text.push(*LAST_KEY_CHARS.choose(rng).expect("the list is not empty"));
        Self::parse(&text).expect("43 letters and digits are a key")
    }

    /// Text of the secret, for the admin's clipboard and for encrypted storage.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Debug for EncodingAesKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EncodingAesKey([redacted])")
    }
}

/// Shared secrets of one callback.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Secret of the signature.
    pub token: Token,
    /// Secret of the cipher.
    pub encoding_aes_key: EncodingAesKey,
}

impl Credentials {
    /// Draws both. The generator must be a cryptographic one.
    pub fn generate<R: Rng + ?Sized>(rng: &mut R) -> Self {
        Self {
            token: Token::generate(rng),
            encoding_aes_key: EncodingAesKey::generate(rng),
        }
    }
}

/// `length` letters and digits, uniformly distributed, in a string of that capacity, so that no reallocation leaves a copy
/// in memory.
fn alphanumeric<R: Rng + ?Sized>(rng: &mut R, length: usize, capacity: usize) -> String {
    let mut text = String::with_capacity(capacity);
    text.extend((0..length).map(|_| char::from(Alphanumeric.sample(rng))));
    text
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD as STRICT;
    use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

    use super::*;

    /// Key of WeCom's own example, whose last character has a surplus bit.
    const EXAMPLE_KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";

    fn rng() -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::seed_from_u64(43)
    }

    #[test]
    fn takes_a_token_of_1_to_32_letters_and_digits() {
        for token in ["a", "Z9", "QDG6eK", "kjr2TKI8umCBfVF3wAHk8JiPwma5VBme"] {
            assert_eq!(Token::parse(token).unwrap().expose(), token);
        }
    }

    #[test]
    fn refuses_a_token_that_is_empty_or_too_long() {
        for token in ["", &"a".repeat(33), &"a".repeat(100_000)] {
            assert_eq!(Token::parse(token).unwrap_err(), TokenError::Length);
        }
    }

    #[test]
    fn refuses_a_token_with_anything_but_ascii_letters_and_digits() {
        for token in [" QDG6eK", "QDG6eK\n", "QDG-6eK", "QDG6eK=", "令牌", "QDG6eK\0", "ａ"] {
            assert_eq!(Token::parse(token).unwrap_err(), TokenError::Character, "{token}");
        }
    }

    #[test]
    fn takes_a_key_whose_last_character_has_surplus_bits() {
        let key = EncodingAesKey::parse(EXAMPLE_KEY).unwrap();
        assert_eq!(key.expose(), EXAMPLE_KEY);
        assert!(STRICT.decode(format!("{EXAMPLE_KEY}=")).is_err());
    }

    #[test]
    fn ignores_exactly_the_two_low_bits_of_the_last_character() {
        let bytes = |last| {
            *EncodingAesKey::parse(&format!("{}{last}", &EXAMPLE_KEY[..42]))
                .unwrap()
                .bytes()
        };
        assert_eq!(bytes('A'), bytes('D'));
        assert_ne!(bytes('A'), bytes('E'));
    }

    #[test]
    fn refuses_a_key_of_42_or_44_characters() {
        for key in ["", &EXAMPLE_KEY[..42], &format!("{EXAMPLE_KEY}A"), &"A".repeat(100_000)] {
            assert_eq!(EncodingAesKey::parse(key).unwrap_err(), KeyError::Length);
        }
    }

    #[test]
    fn refuses_a_key_with_anything_but_ascii_letters_and_digits() {
        for character in ["$", "+", "/", "=", " ", "-", "_", "\0", "é", "钥"] {
            let key = format!("{}{character}", &EXAMPLE_KEY[..42]);
            assert_eq!(EncodingAesKey::parse(&key).unwrap_err(), KeyError::Character, "{key}");
        }
        let padded = format!("{EXAMPLE_KEY}=");
        assert_eq!(EncodingAesKey::parse(&padded).unwrap_err(), KeyError::Character);
    }

    #[test]
    fn generates_credentials_that_parse_and_that_strict_decoders_accept() {
        let mut rng = rng();
        for _ in 0..1000 {
            let Credentials {
                token,
                encoding_aes_key,
            } = Credentials::generate(&mut rng);
            assert_eq!(token.expose().len(), MAX_TOKEN_CHARS);
            assert!(Token::parse(token.expose()).is_ok());
            let decoded = STRICT.decode(format!("{}=", encoding_aes_key.expose())).unwrap();
            assert_eq!(decoded, encoding_aes_key.bytes());
        }
    }

    #[test]
    fn generates_each_character_about_as_often_as_the_others() {
        let mut rng = rng();
        let mut counts = [0_u32; 128];
        for _ in 0..10_000 {
            for byte in Token::generate(&mut rng).expose().bytes() {
                counts[usize::from(byte)] += 1;
            }
        }
        // 320 000 characters of 62 kinds: 5161 of each, give or take 71. A remainder of 256 by 62
        // would make some 5000 and others 6250.
        let counts: Vec<_> = counts.into_iter().filter(|count| *count > 0).collect();
        assert_eq!(counts.len(), 62);
        assert!(counts.iter().all(|count| (4806..=5516).contains(count)), "{counts:?}");
    }

    #[test]
    fn generates_every_last_character_that_strict_decoders_accept() {
        let mut rng = rng();
        let lasts: std::collections::BTreeSet<_> = (0..1000)
            .filter_map(|_| EncodingAesKey::generate(&mut rng).expose().chars().last())
            .collect();
        assert_eq!(lasts, LAST_KEY_CHARS.into_iter().collect());
    }

    #[test]
    fn debug_shows_neither_token_nor_key() {
        let credentials = Credentials {
            token: Token::parse("QDG6eK").unwrap(),
            encoding_aes_key: EncodingAesKey::parse(EXAMPLE_KEY).unwrap(),
        };
        let shown = format!("{credentials:?}");
        assert!(!shown.contains("QDG6eK") && !shown.contains("jWmY"), "{shown}");
        assert!(shown.contains("[redacted]"), "{shown}");
    }

    #[test]
    fn zeroizing_leaves_nothing_of_token_and_key() {
        let mut token = Token::parse("QDG6eK").unwrap();
        token.zeroize();
        assert_eq!(token.expose(), "");
        let mut key = EncodingAesKey::parse(EXAMPLE_KEY).unwrap();
        key.zeroize();
        assert_eq!((key.expose(), key.bytes()), ("", &[0; 32]));
    }
}
