//! Sealing of the credentials that we generate, so that they can lie in the callback's record.
//!
//! AES-256-GCM under a key of the key ring. A sealed pair opens only for the callback, scope and generation that it was
//! sealed for (associated data), so a record cannot be moved. Form: `key id . base64(nonce[12] | ciphertext | tag[16])`.
//! A random 96-bit nonce is safe for 2³² seals under one key (NIST SP 800-38D, 8.3); a tenant rotates a few times a year.

use std::collections::BTreeMap;

use aes_gcm::{
    Aes256Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wecom_callback::{Credentials, EncodingAesKey, Token};
use zeroize::Zeroizing;

use crate::{
    authorization::{Callback, Generation},
    entropy::{Entropy, random_id},
    ids::{CallbackId, Scope},
};

/// Sealing or opening failed. Never says more than that to anybody outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key ring's secret does not hold a key ring.
    #[error("the key ring is malformed")]
    MalformedKeyRing,
    /// The pair was sealed under a key that the ring does not hold.
    #[error("the sealing key is unknown")]
    UnknownKey,
    /// The sealed text was altered, or sealed for something else.
    #[error("the sealed credentials do not open")]
    DoesNotOpen,
}

/// The sealing keys by id, one of them primary: new pairs are sealed under it.
#[derive(Clone)]
pub struct KeyRing {
    primary: String,
    keys: BTreeMap<String, Aes256Gcm>,
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("KeyRing")
            .field("primary", &self.primary)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRing {
    primary: String,
    keys: BTreeMap<String, Zeroizing<String>>,
}

/// The id of the key that a deployment begins with.
const FIRST: &str = "first";

/// The key that 64 random letters and digits stand for: their SHA-256, under a label of its own. They hold 381 bits of
/// entropy, so a plain hash makes a full key of them; nothing here is a password that would need stretching.
fn first_key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let random = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    random.then(|| {
        let digest = Sha256::new_with_prefix("wecom-authorization sealing key\0").chain_update(text);
        Zeroizing::new(digest.finalize().into())
    })
}

impl KeyRing {
    /// A new ring of one key, as the secret holds it: `{"primary": id, "keys": {id: base64 of 32 bytes}}`.
    ///
    /// # Panics
    /// Never: strings serialise.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> SecretString {
        let mut key = Zeroizing::new([0; 32]);
        entropy.fill(key.as_mut());
        let primary = random_id(entropy).chars().take(8).collect::<String>();
        let keys = BTreeMap::from([(primary.clone(), Zeroizing::new(STANDARD.encode(key.as_ref())))]);
        serde_json::to_string(&StoredRing { primary, keys })
            .expect("strings serialise")
            .into()
    }

    /// Reads the secret: a ring in the form that [`KeyRing::generate`] writes, or 64 random letters and digits, as a
    /// deployment's first key is drawn, which Secrets Manager can do by itself. These are the key `first` of a ring of one.
    ///
    /// # Errors
    /// When it holds neither.
    pub fn parse(secret: &SecretString) -> Result<Self, SealError> {
        if let Some(key) = first_key(secret.expose_secret()) {
            return Ok(Self {
                primary: FIRST.to_owned(),
                keys: BTreeMap::from([(FIRST.to_owned(), Aes256Gcm::new(&(*key).into()))]),
            });
        }
        let stored: StoredRing =
            serde_json::from_str(secret.expose_secret()).map_err(|_| SealError::MalformedKeyRing)?;
        let mut keys = BTreeMap::new();
        for (id, key) in &stored.keys {
            let key = Zeroizing::new(
                STANDARD
                    .decode(key.as_bytes())
                    .map_err(|_| SealError::MalformedKeyRing)?,
            );
            let cipher = Aes256Gcm::new_from_slice(&key).map_err(|_| SealError::MalformedKeyRing)?;
            keys.insert(id.clone(), cipher);
        }
        if keys.contains_key(&stored.primary) {
            Ok(Self {
                primary: stored.primary,
                keys,
            })
        } else {
            Err(SealError::MalformedKeyRing)
        }
    }

    /// Seals a pair for exactly this callback, scope and generation.
    ///
    /// # Panics
    /// Never: sealing under a key that is there does not fail.
    #[must_use]
    pub fn seal(
        &self,
        credentials: &Credentials,
        callback_id: &CallbackId,
        scope: Scope,
        generation: u64,
        entropy: &dyn Entropy,
    ) -> String {
        let mut nonce = [0; 12];
        entropy.fill(&mut nonce);
        let plaintext = Zeroizing::new(format!(
            "{}.{}",
            credentials.token.expose(),
            credentials.encoding_aes_key.expose()
        ));
        let aad = associated_data(callback_id, scope, generation);
        let payload = Payload {
            msg: plaintext.as_bytes(),
            aad: aad.as_bytes(),
        };
        let cipher = self.keys.get(&self.primary).expect("parse() saw the primary key");
        let sealed = cipher.encrypt(&nonce.into(), payload).expect("a short plaintext seals");
        format!(
            "{}.{}",
            self.primary,
            STANDARD.encode([nonce.as_slice(), &sealed].concat())
        )
    }

    /// Opens a pair that was sealed for exactly this callback, scope and generation.
    ///
    /// # Errors
    /// When the key is unknown or the text does not open.
    pub fn open(
        &self,
        sealed: &str,
        callback_id: &CallbackId,
        scope: Scope,
        generation: u64,
    ) -> Result<Credentials, SealError> {
        let (key_id, sealed) = sealed.split_once('.').ok_or(SealError::DoesNotOpen)?;
        let cipher = self.keys.get(key_id).ok_or(SealError::UnknownKey)?;
        let sealed = STANDARD.decode(sealed).map_err(|_| SealError::DoesNotOpen)?;
        let (nonce, ciphertext) = sealed.split_first_chunk::<12>().ok_or(SealError::DoesNotOpen)?;
        let aad = associated_data(callback_id, scope, generation);
        let payload = Payload {
            msg: ciphertext,
            aad: aad.as_bytes(),
        };
        let plaintext = Zeroizing::new(
            cipher
                .decrypt(&(*nonce).into(), payload)
                .map_err(|_| SealError::DoesNotOpen)?,
        );
        let text = std::str::from_utf8(&plaintext).map_err(|_| SealError::DoesNotOpen)?;
        let (token, key) = text.split_once('.').ok_or(SealError::DoesNotOpen)?;
        Ok(Credentials {
            token: Token::parse(token).map_err(|_| SealError::DoesNotOpen)?,
            encoding_aes_key: EncodingAesKey::parse(key).map_err(|_| SealError::DoesNotOpen)?,
        })
    }
}

impl KeyRing {
    /// Opens a generation of `callback`.
    ///
    /// # Errors
    /// When the key is unknown or the text does not open.
    pub fn open_generation(&self, callback: &Callback, generation: &Generation) -> Result<Credentials, SealError> {
        self.open(
            &generation.sealed,
            &callback.callback_id,
            callback.scope,
            generation.number,
        )
    }
}

fn associated_data(callback_id: &CallbackId, scope: Scope, generation: u64) -> String {
    format!("{callback_id}|{}|{generation}", scope.as_path())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::{Generator, SystemEntropy};

    fn ring() -> KeyRing {
        KeyRing::parse(&KeyRing::generate(&SystemEntropy)).unwrap()
    }

    fn id(digit: char) -> CallbackId {
        CallbackId::parse(&digit.to_string().repeat(32)).unwrap()
    }

    fn pair() -> Credentials {
        Credentials::generate(&mut Generator(&SystemEntropy))
    }

    #[test]
    fn opens_what_it_sealed() {
        let (ring, pair) = (ring(), pair());
        let sealed = ring.seal(&pair, &id('a'), Scope::Contacts, 3, &SystemEntropy);
        let opened = ring.open(&sealed, &id('a'), Scope::Contacts, 3).unwrap();
        assert_eq!(opened.token.expose(), pair.token.expose());
        assert_eq!(opened.encoding_aes_key.expose(), pair.encoding_aes_key.expose());
    }

    #[test]
    fn refuses_a_pair_that_was_sealed_for_another_callback_scope_or_generation() {
        let ring = ring();
        let sealed = ring.seal(&pair(), &id('a'), Scope::Contacts, 3, &SystemEntropy);
        assert_eq!(
            ring.open(&sealed, &id('b'), Scope::Contacts, 3).unwrap_err(),
            SealError::DoesNotOpen
        );
        assert_eq!(
            ring.open(&sealed, &id('a'), Scope::ExternalContacts, 3).unwrap_err(),
            SealError::DoesNotOpen
        );
        assert_eq!(
            ring.open(&sealed, &id('a'), Scope::Contacts, 2).unwrap_err(),
            SealError::DoesNotOpen
        );
    }

    #[test]
    fn refuses_a_pair_sealed_under_a_key_that_is_not_in_the_ring() {
        let sealed = ring().seal(&pair(), &id('a'), Scope::Contacts, 1, &SystemEntropy);
        assert_eq!(
            ring().open(&sealed, &id('a'), Scope::Contacts, 1).unwrap_err(),
            SealError::UnknownKey
        );
    }

    #[test]
    fn refuses_garbage_without_panicking() {
        let ring = ring();
        let primary = ring.primary.clone();
        for sealed in [
            String::new(),
            ".".into(),
            primary.clone(),
            format!("{primary}."),
            format!("{primary}.AAAA"),
        ] {
            assert!(ring.open(&sealed, &id('a'), Scope::Contacts, 1).is_err(), "{sealed}");
        }
    }

    #[test]
    fn takes_the_letters_and_digits_that_a_deployment_draws_for_a_key() {
        let drawn = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7".repeat(3)[..64].to_owned();
        let ring = KeyRing::parse(&drawn.clone().into()).unwrap();
        let pair = pair();
        let sealed = ring.seal(&pair, &id('a'), Scope::Contacts, 1, &SystemEntropy);
        // The key must be the same for ever. This one was computed elsewhere.
        let written_out = r#"{"primary":"first","keys":{"first":"xj752ofoZEnpNJKZO9SzxPanwtR/U0bFAvKgcKmehYE="}}"#;
        let rewritten = KeyRing::parse(&written_out.to_owned().into()).unwrap();
        let opened = rewritten.open(&sealed, &id('a'), Scope::Contacts, 1).unwrap();
        assert_eq!(opened.token.expose(), pair.token.expose());

        let other = KeyRing::parse(&drawn.replace('a', "b").into()).unwrap();
        let error = other.open(&sealed, &id('a'), Scope::Contacts, 1).unwrap_err();
        assert_eq!(error, SealError::DoesNotOpen);
    }

    #[test]
    fn refuses_a_ring_without_its_primary_key_or_with_a_short_one() {
        let short = "a".repeat(63);
        let long = "a".repeat(65);
        let punctuated = format!("{short}!");
        for text in [
            short.as_str(),
            &long,
            &punctuated,
            r#"{"primary":"a","keys":{}}"#,
            r#"{"primary":"a","keys":{"a":"AAAA"}}"#,
            "{}",
            "x",
        ] {
            assert_eq!(
                KeyRing::parse(&text.into()).unwrap_err(),
                SealError::MalformedKeyRing,
                "{text}"
            );
        }
    }

    #[test]
    fn shows_no_key_when_it_is_debugged() {
        let secret = KeyRing::generate(&SystemEntropy);
        let ring = KeyRing::parse(&secret).unwrap();
        let stored: serde_json::Value = serde_json::from_str(secret.expose_secret()).unwrap();
        let key = stored["keys"][&ring.primary].as_str().unwrap();
        assert!(!format!("{ring:?}").contains(key));
    }
}
