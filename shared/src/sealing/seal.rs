//! Sealing of what must not be readable in the tables: the credentials that we generate, suite tickets, access tokens,
//! events of the suite.
//!
//! AES-256-GCM under a key of the key ring. A sealed pair opens only for the callback, scope and generation that it was
//! sealed for, any other text only for its place (associated data), so a record cannot be moved. Form:
//! `key id . base64(nonce[12] | ciphertext | tag[16])`. A random 96-bit nonce is safe for 2³² seals under one key (NIST SP
//! 800-38D, 8.3). Access tokens are most of them: 100,000 tenants with three tokens each, renewed every two hours, are 1.3 × 10⁹
//! a year.

use aes_gcm::aead::{Aead as _, Payload};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use wecom_callback::{Credentials, EncodingAesKey, Token};
use zeroize::Zeroizing;

use super::{KeyRing, SealError};
use crate::{
    authorization::{Callback, Generation},
    entropy::Entropy,
    ids::{CallbackId, Scope},
};

/// Sealing and opening of credentials.
impl KeyRing {
    /// Seals a pair for exactly this callback, scope and generation, under the key that is primary at `now`.
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
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> String {
        let plaintext = Zeroizing::new(format!(
            "{}.{}",
            credentials.token.expose(),
            credentials.encoding_aes_key.expose()
        ));
        self.encrypt(
            &plaintext,
            &associated_data(callback_id, scope, generation),
            now,
            entropy,
        )
    }

    /// Seals a text for exactly the place of this name, under the key that is primary at `now`.
    #[must_use]
    pub fn seal_text(&self, text: &SecretString, place: &str, now: Timestamp, entropy: &dyn Entropy) -> String {
        self.encrypt(text.expose_secret(), place, now, entropy)
    }

    /// Opens what was sealed for exactly the place of this name.
    ///
    /// # Errors
    /// When the key is unknown or the text does not open.
    pub fn open_text(&self, sealed: &str, place: &str) -> Result<SecretString, SealError> {
        let plaintext = self.decrypt(sealed, place)?;
        let text = std::str::from_utf8(&plaintext).map_err(|_| SealError::DoesNotOpen)?;
        Ok(SecretString::from(text))
    }

    fn encrypt(&self, plaintext: &str, aad: &str, now: Timestamp, entropy: &dyn Entropy) -> String {
        let mut nonce = [0; 12];
        entropy.fill(&mut nonce);
        let payload = Payload {
            msg: plaintext.as_bytes(),
            aad: aad.as_bytes(),
        };
        let primary = self.primary_at(now);
        let cipher = self.key(primary).expect("parse() saw the key");
        let sealed = cipher.encrypt(&nonce.into(), payload).expect("a short plaintext seals");
        format!("{primary}.{}", STANDARD.encode([nonce.as_slice(), &sealed].concat()))
    }

    fn decrypt(&self, sealed: &str, aad: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (key_id, sealed) = sealed.split_once('.').ok_or(SealError::DoesNotOpen)?;
        let cipher = self.key(key_id).ok_or(SealError::UnknownKey)?;
        let sealed = STANDARD.decode(sealed).map_err(|_| SealError::DoesNotOpen)?;
        let (nonce, ciphertext) = sealed.split_first_chunk::<12>().ok_or(SealError::DoesNotOpen)?;
        let payload = Payload {
            msg: ciphertext,
            aad: aad.as_bytes(),
        };
        let plaintext = cipher.decrypt(&(*nonce).into(), payload);
        plaintext.map(Zeroizing::new).map_err(|_| SealError::DoesNotOpen)
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
        let plaintext = self.decrypt(sealed, &associated_data(callback_id, scope, generation))?;
        let text = std::str::from_utf8(&plaintext).map_err(|_| SealError::DoesNotOpen)?;
        let (token, key) = text.split_once('.').ok_or(SealError::DoesNotOpen)?;
        Ok(Credentials {
            token: Token::parse(token).map_err(|_| SealError::DoesNotOpen)?,
            encoding_aes_key: EncodingAesKey::parse(key).map_err(|_| SealError::DoesNotOpen)?,
        })
    }

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

    /// Whether the ring has the key of every generation of `callback`.
    #[must_use]
    pub fn knows(&self, callback: &Callback) -> bool {
        let mut keys = callback.generations().map(Generation::sealing_key_id);
        keys.all(|id| self.key(id).is_some())
    }

    /// Whether the ring has the key that a text was sealed under.
    #[must_use]
    pub fn knows_key_of(&self, sealed: &str) -> bool {
        sealed.split_once('.').is_some_and(|(id, _)| self.key(id).is_some())
    }

    /// Seals every generation of `callback` again that is not sealed under the key that is primary at `now`. Returns
    /// whether there was one. A generation that does not open is left unchanged.
    pub fn reseal(&self, callback: &mut Callback, now: Timestamp, entropy: &dyn Entropy) -> bool {
        let (id, scope) = (callback.callback_id.clone(), callback.scope);
        let mut changed = false;
        for generation in callback.generations_mut() {
            if generation.sealing_key_id() == self.primary_at(now) {
                continue;
            }
            match self.open(&generation.sealed, &id, scope, generation.number) {
                Ok(pair) => {
                    generation.sealed = self.seal(&pair, &id, scope, generation.number, now, entropy);
                    changed = true;
                }
                Err(error) => {
                    tracing::error!(callback.id = %id, callback.generation = generation.number, error = %error,
                        "sealed credentials do not open");
                }
            }
        }
        changed
    }
}

fn associated_data(callback_id: &CallbackId, scope: Scope, generation: u64) -> String {
    format!("{callback_id}|{}|{generation}", scope.as_path())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::SignedDuration;
    use secrecy::{ExposeSecret as _, SecretString};

    use super::*;
    use crate::{
        entropy::{Generator, SystemEntropy},
        ids::TenantId,
    };

    fn ring() -> KeyRing {
        KeyRing::parse(&KeyRing::generate(&SystemEntropy)).unwrap()
    }

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + hour * 3600).unwrap()
    }

    fn id(digit: char) -> CallbackId {
        CallbackId::parse(&digit.to_string().repeat(32)).unwrap()
    }

    fn pair() -> Credentials {
        Credentials::generate(&mut Generator(&SystemEntropy))
    }

    fn follow(secret: &SecretString, now: Timestamp) -> SecretString {
        KeyRing::follow(secret, &BTreeSet::new(), now, &SystemEntropy).unwrap()
    }

    fn drawn() -> SecretString {
        "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7".repeat(3)[..64].to_owned().into()
    }

    /// A callback that holds one generation of each kind, sealed at `now`.
    fn callback(ring: &KeyRing, now: Timestamp) -> (Callback, Vec<Credentials>) {
        let mut callback = Callback::new(id('a'), TenantId::parse("acme").unwrap(), Scope::Contacts);
        let pairs = vec![pair(), pair(), pair()];
        for (number, pair) in (1..).zip(&pairs) {
            let sealed = ring.seal(pair, &id('a'), Scope::Contacts, number, now, &SystemEntropy);
            callback.propose(Generation {
                number,
                sealed,
                created_at: now,
            });
            if number < 3 {
                callback.promote(number, now, SignedDuration::from_hours(24));
            }
        }
        (callback, pairs)
    }

    #[test]
    fn opens_what_it_sealed() {
        let (ring, pair) = (ring(), pair());
        let sealed = ring.seal(&pair, &id('a'), Scope::Contacts, 3, at(0), &SystemEntropy);
        let opened = ring.open(&sealed, &id('a'), Scope::Contacts, 3).unwrap();
        assert_eq!(opened.token.expose(), pair.token.expose());
        assert_eq!(opened.encoding_aes_key.expose(), pair.encoding_aes_key.expose());
    }

    #[test]
    fn refuses_a_pair_that_was_sealed_for_another_callback_scope_or_generation() {
        let ring = ring();
        let sealed = ring.seal(&pair(), &id('a'), Scope::Contacts, 3, at(0), &SystemEntropy);
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
        let sealed = ring().seal(&pair(), &id('a'), Scope::Contacts, 1, at(0), &SystemEntropy);
        assert_eq!(
            ring().open(&sealed, &id('a'), Scope::Contacts, 1).unwrap_err(),
            SealError::UnknownKey
        );
    }

    #[test]
    fn refuses_garbage_without_panicking() {
        let ring = ring();
        let primary = ring.primary_at(at(0)).to_owned();
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
    fn seals_under_the_new_key_when_it_has_been_known_for_a_day_and_not_before() {
        let ring = KeyRing::parse(&follow(&drawn(), at(0))).unwrap();
        let seal = |now| ring.seal(&pair(), &id('a'), Scope::Contacts, 1, now, &SystemEntropy);
        assert!(seal(at(0)).starts_with("first."));
        assert!(seal(at(24) - SignedDuration::from_millis(1)).starts_with("first."));
        assert!(seal(at(24)).starts_with(&format!("{}.", ring.primary_at(at(24)))));
    }

    #[test]
    fn seals_every_generation_again_and_changes_none() {
        let first = KeyRing::parse(&drawn()).unwrap();
        let ring = KeyRing::parse(&follow(&drawn(), at(0))).unwrap();
        let (mut callback, pairs) = callback(&first, at(0));
        assert!(!ring.reseal(&mut callback, at(23), &SystemEntropy), "not yet");
        assert!(ring.reseal(&mut callback, at(24), &SystemEntropy));
        assert!(!first.knows(&callback) && ring.knows(&callback));
        let mut numbers = Vec::new();
        for generation in callback.generations() {
            assert_eq!(generation.sealing_key_id(), ring.primary_at(at(24)));
            let opened = ring.open_generation(&callback, generation).unwrap();
            let sealed = &pairs[usize::try_from(generation.number).unwrap() - 1];
            assert_eq!(opened.token.expose(), sealed.token.expose());
            assert_eq!(opened.encoding_aes_key.expose(), sealed.encoding_aes_key.expose());
            numbers.push(generation.number);
        }
        assert_eq!(numbers, [2, 3, 1]);
        assert!(!ring.reseal(&mut callback, at(24), &SystemEntropy), "once");
    }

    #[test]
    fn leaves_what_does_not_open_and_seals_the_rest_again() {
        let first = KeyRing::parse(&drawn()).unwrap();
        let ring = KeyRing::parse(&follow(&drawn(), at(0))).unwrap();
        let (mut callback, _) = callback(&first, at(0));
        callback.pending.as_mut().unwrap().sealed = "lost.AAAA".to_owned();
        assert!(ring.reseal(&mut callback, at(24), &SystemEntropy));
        assert!(!ring.knows(&callback));
        let keys: Vec<_> = callback.generations().map(Generation::sealing_key_id).collect();
        assert_eq!(keys, [ring.primary_at(at(24)), "lost", ring.primary_at(at(24))]);
    }

    #[test]
    fn takes_the_drawn_letters_over_as_the_first_key_of_the_ring_that_follows() {
        let next = follow(&drawn(), at(0));
        let (before, ring) = (KeyRing::parse(&drawn()).unwrap(), KeyRing::parse(&next).unwrap());
        let stored: serde_json::Value = serde_json::from_str(next.expose_secret()).unwrap();
        assert_eq!(stored["keys"]["first"], "xj752ofoZEnpNJKZO9SzxPanwtR/U0bFAvKgcKmehYE=");
        assert_eq!(stored["takes_over"], serde_json::json!({"at": at(24), "from": "first"}));
        let (callback, pairs) = callback(&before, at(0));
        for generation in callback.generations() {
            let opened = ring.open_generation(&callback, generation).unwrap();
            let sealed = &pairs[usize::try_from(generation.number).unwrap() - 1];
            assert_eq!(opened.token.expose(), sealed.token.expose());
        }
    }
}
