//! The ring of sealing keys: what its secret holds, and how one ring follows another.
//!
//! docs/adr/0015-sealing-key-rotation.md says why nothing is lost by that.

use std::collections::{BTreeMap, BTreeSet};

use aes_gcm::{Aes256Gcm, KeyInit as _};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::SealError;
use crate::entropy::{Entropy, random_id};

/// The sealing keys by id, one of them primary: new pairs are sealed under it, from its time on.
#[derive(Clone)]
pub struct KeyRing {
    primary: String,
    takes_over: Option<TakeOver>,
    keys: BTreeMap<String, Aes256Gcm>,
    /// The key of the MAC in callback ids.
    pub(super) id_key: Option<Zeroizing<Vec<u8>>>,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    takes_over: Option<TakeOver>,
    keys: BTreeMap<String, Zeroizing<String>>,
}

/// Until `at`, new pairs are still sealed under the key `from`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TakeOver {
    at: Timestamp,
    from: String,
}

/// The id of the key that a deployment begins with.
const FIRST: &str = "first";

/// The entry of the key of the MAC in callback ids. Nothing is sealed under it, and no rotation changes it.
const CALLBACK_IDS: &str = "callback-ids";

/// A new key is in the ring for this long before anything is sealed under it, so that Secrets Manager, which is eventually
/// consistent, gives it to everybody who meets it.
const PUBLISHED_AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// A rotation that was held up may use up the time ahead, but for this much.
const PUBLISHED_AT_LEAST: SignedDuration = SignedDuration::from_hours(1);

/// Time after which no function seals under a replaced key any more: longer than a ring is kept for sealing
/// ([`SealingKeys`](super::SealingKeys)), an invocation lasts and clocks differ, together.
const SETTLED: SignedDuration = SignedDuration::from_hours(1);

/// The keys that 64 random letters and digits stand for: their SHA-256, under a label of each key's own. They hold 381 bits of
/// entropy, so a plain hash makes a full key of them; nothing here is a password that would need stretching.
fn first_keys(text: &str) -> Option<BTreeMap<String, Zeroizing<String>>> {
    let random = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let key = |id: &str, label| {
        let key: Zeroizing<[u8; 32]> =
            Zeroizing::new(Sha256::new_with_prefix(label).chain_update(text).finalize().into());
        (id.to_owned(), Zeroizing::new(STANDARD.encode(*key)))
    };
    random.then(|| {
        BTreeMap::from([
            key(FIRST, "wecom-authorization sealing key\0"),
            key(CALLBACK_IDS, "wecom-authorization callback ids\0"),
        ])
    })
}

impl StoredRing {
    fn parse(secret: &SecretString) -> Result<Self, SealError> {
        if let Some(keys) = first_keys(secret.expose_secret()) {
            return Ok(Self {
                primary: FIRST.to_owned(),
                takes_over: None,
                keys,
            });
        }
        serde_json::from_str(secret.expose_secret()).map_err(|_| SealError::MalformedKeyRing)
    }

    /// Adds a key that was drawn just now, and answers its id. Adds the key for callback ids if there is none.
    fn draw(&mut self, entropy: &dyn Entropy) -> String {
        let key = || {
            let mut key = Zeroizing::new([0; 32]);
            entropy.fill(key.as_mut());
            Zeroizing::new(STANDARD.encode(key.as_ref()))
        };
        let id = random_id(entropy);
        self.keys.insert(id.clone(), key());
        self.keys.entry(CALLBACK_IDS.to_owned()).or_insert_with(key);
        id
    }

    fn into_secret(self) -> SecretString {
        serde_json::to_string(&self).expect("strings serialise").into()
    }
}

/// Content of the secret, and its changes.
impl KeyRing {
    /// A new ring of one sealing key, as the secret holds it, beside the key `callback-ids`: `{"primary": id, "keys": {id:
    /// base64 of 32 bytes}}`.
    ///
    /// # Panics
    /// Never: strings serialise.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> SecretString {
        let mut ring = StoredRing {
            primary: String::new(),
            takes_over: None,
            keys: BTreeMap::new(),
        };
        ring.primary = ring.draw(entropy);
        ring.into_secret()
    }

    /// The ring that follows the one in `secret`: a new key is primary from `PUBLISHED_AHEAD` on, and the keys in
    /// `dropped` are gone. A ring that has been rotated says `"takes_over": {"at": time, "from": id}`, too.
    ///
    /// # Errors
    /// When `secret` holds no ring.
    ///
    /// # Panics
    /// Never: strings serialise.
    pub fn follow(
        secret: &SecretString,
        dropped: &BTreeSet<String>,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<SecretString, SealError> {
        let from = Self::parse(secret)?.primary_at(now).to_owned();
        let mut ring = StoredRing::parse(secret)?;
        ring.keys
            .retain(|id, _| *id == from || id == CALLBACK_IDS || !dropped.contains(id));
        ring.primary = ring.draw(entropy);
        let at = now + PUBLISHED_AHEAD;
        ring.takes_over = Some(TakeOver { at, from });
        Ok(ring.into_secret())
    }

    /// Reads the secret: a ring in the form that [`KeyRing::generate`] and [`KeyRing::follow`] write, or 64 random letters
    /// and digits, as a deployment's first key is drawn, which Secrets Manager can do by itself. These are the key `first`
    /// of a ring of one.
    ///
    /// # Errors
    /// When it holds neither.
    pub fn parse(secret: &SecretString) -> Result<Self, SealError> {
        let stored = StoredRing::parse(secret)?;
        let (mut keys, mut id_key) = (BTreeMap::new(), None);
        for (id, key) in &stored.keys {
            let key = Zeroizing::new(
                STANDARD
                    .decode(key.as_bytes())
                    .map_err(|_| SealError::MalformedKeyRing)?,
            );
            if id == CALLBACK_IDS {
                id_key = Some(key);
                continue;
            }
            let cipher = Aes256Gcm::new_from_slice(&key).map_err(|_| SealError::MalformedKeyRing)?;
            keys.insert(id.clone(), cipher);
        }
        let named = [Some(&stored.primary), stored.takes_over.as_ref().map(|over| &over.from)];
        if named.into_iter().flatten().all(|id| keys.contains_key(id)) {
            Ok(Self {
                primary: stored.primary,
                takes_over: stored.takes_over,
                keys,
                id_key,
            })
        } else {
            Err(SealError::MalformedKeyRing)
        }
    }

    /// Since when the primary key is used: from a day after it was drawn on. `None` for the first one.
    #[must_use]
    pub fn newest_since(&self) -> Option<Timestamp> {
        self.takes_over.as_ref().map(|over| over.at)
    }

    /// The key that pairs are sealed under at `now`.
    pub(super) fn primary_at(&self, now: Timestamp) -> &str {
        match &self.takes_over {
            Some(over) if now < over.at => &over.from,
            _ => &self.primary,
        }
    }

    /// The key of this id.
    pub(super) fn key(&self, id: &str) -> Option<&Aes256Gcm> {
        self.keys.get(id)
    }

    /// Keys that no function seals under any more at `now`. Records may still need them. Of a ring that does not say when
    /// its primary key took over, nothing is known: none.
    #[must_use]
    pub fn replaced(&self, now: Timestamp) -> BTreeSet<String> {
        match &self.takes_over {
            Some(over) if now >= over.at + SETTLED => {
                self.keys.keys().filter(|id| **id != self.primary).cloned().collect()
            }
            _ => BTreeSet::new(),
        }
    }

    /// Whether the ring in `next` opens what is sealed under the one in `before` now, and knows its callback ids.
    ///
    /// # Errors
    /// When one of them holds no ring.
    pub fn continues(next: &SecretString, before: &SecretString, now: Timestamp) -> Result<bool, SealError> {
        let sealing = Self::parse(before)?.primary_at(now).to_owned();
        Self::parse(next)?;
        let (next, before) = (StoredRing::parse(next)?, StoredRing::parse(before)?);
        let same = |id: &str| next.keys.get(id) == before.keys.get(id);
        Ok(same(&sealing) && (same(CALLBACK_IDS) || !before.keys.contains_key(CALLBACK_IDS)))
    }

    /// Whether this ring comes into force early enough at `now` for its new key to be known before it is used.
    #[must_use]
    pub fn is_in_time(&self, now: Timestamp) -> bool {
        let over = self.takes_over.as_ref();
        over.is_some_and(|over| now + PUBLISHED_AT_LEAST <= over.at)
    }
}

#[cfg(test)]
mod tests {
    use wecom_callback::Credentials;

    use super::*;
    use crate::{
        entropy::{Generator, SystemEntropy},
        ids::{CallbackId, Scope},
    };

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + hour * 3600).unwrap()
    }

    fn id() -> CallbackId {
        CallbackId::parse(&"a".repeat(32)).unwrap()
    }

    fn pair() -> Credentials {
        Credentials::generate(&mut Generator(&SystemEntropy))
    }

    fn stored(secret: &SecretString) -> serde_json::Value {
        serde_json::from_str(secret.expose_secret()).unwrap()
    }

    fn follow(secret: &SecretString, dropped: &[&str], now: Timestamp) -> SecretString {
        let dropped = dropped.iter().map(|id| (*id).to_owned()).collect();
        KeyRing::follow(secret, &dropped, now, &SystemEntropy).unwrap()
    }

    fn drawn() -> SecretString {
        "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7".repeat(3)[..64].to_owned().into()
    }

    #[test]
    fn takes_the_letters_and_digits_that_a_deployment_draws_for_a_key() {
        let drawn = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7".repeat(3)[..64].to_owned();
        let ring = KeyRing::parse(&drawn.clone().into()).unwrap();
        let pair = pair();
        let sealed = ring.seal(&pair, &id(), Scope::Contacts, 1, at(0), &SystemEntropy);
        // The key must be the same for ever. This one was computed elsewhere.
        let written_out = r#"{"primary":"first","keys":{"first":"xj752ofoZEnpNJKZO9SzxPanwtR/U0bFAvKgcKmehYE="}}"#;
        let rewritten = KeyRing::parse(&written_out.to_owned().into()).unwrap();
        let opened = rewritten.open(&sealed, &id(), Scope::Contacts, 1).unwrap();
        assert_eq!(opened.token.expose(), pair.token.expose());

        let other = KeyRing::parse(&drawn.replace('a', "b").into()).unwrap();
        let error = other.open(&sealed, &id(), Scope::Contacts, 1).unwrap_err();
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

    #[test]
    fn gives_up_a_key_only_when_nobody_seals_under_it_any_more() {
        let second = follow(&drawn(), &[], at(0));
        let ring = KeyRing::parse(&second).unwrap();
        let none = BTreeSet::new();
        assert_eq!(ring.replaced(at(24)), none, "some may still hold the ring before");
        assert_eq!(ring.replaced(at(25)), BTreeSet::from(["first".to_owned()]));
        // Of a ring that does not say since when its key is primary, nothing is known.
        assert_eq!(KeyRing::parse(&drawn()).unwrap().replaced(at(9999)), none);

        let third = follow(&second, &["first"], at(25));
        let keys = stored(&third)["keys"].as_object().unwrap().clone();
        assert_eq!(keys.len(), 3);
        assert!(keys.contains_key(CALLBACK_IDS));
        assert!(!keys.contains_key("first") && keys.contains_key(&ring.primary));
        // The key that is sealed under stays, whatever is asked.
        let ring = KeyRing::parse(&follow(&second, &["first"], at(1))).unwrap();
        assert!(ring.keys.contains_key("first"));
    }

    #[test]
    fn a_ring_that_follows_before_the_one_before_has_taken_over_loses_no_key() {
        let second = follow(&drawn(), &[], at(0));
        let third = follow(&second, &[], at(1));
        let ring = KeyRing::parse(&third).unwrap();
        assert_eq!(ring.keys.len(), 3);
        assert_eq!(ring.primary_at(at(24)), "first");
        assert_eq!(ring.primary_at(at(25)), ring.primary);
        assert_eq!(ring.replaced(at(26)).len(), 2);
    }

    #[test]
    fn comes_into_force_only_with_the_key_that_is_sealed_under_and_in_time() {
        let next = follow(&drawn(), &[], at(0));
        let ring = KeyRing::parse(&next).unwrap();
        assert!(ring.is_in_time(at(0)) && ring.is_in_time(at(23)));
        assert!(!ring.is_in_time(at(23) + SignedDuration::from_millis(1)));
        assert!(!KeyRing::parse(&drawn()).unwrap().is_in_time(at(0)));

        assert_eq!(KeyRing::continues(&next, &drawn(), at(0)), Ok(true));
        let stranger = KeyRing::generate(&SystemEntropy);
        assert_eq!(
            KeyRing::continues(&next, &stranger, at(0)),
            Ok(false),
            "its key is missing"
        );
        let other: SecretString = drawn().expose_secret().replace('a', "b").into();
        assert_eq!(
            KeyRing::continues(&next, &other, at(0)),
            Ok(false),
            "its key is another"
        );
        let broken = SecretString::from("{}");
        assert_eq!(
            KeyRing::continues(&broken, &drawn(), at(0)),
            Err(SealError::MalformedKeyRing)
        );
    }

    #[test]
    fn refuses_a_ring_that_lacks_the_key_it_takes_over_from() {
        let mut ring = stored(&follow(&drawn(), &[], at(0)));
        ring["keys"].as_object_mut().unwrap().remove("first");
        let error = KeyRing::parse(&ring.to_string().into()).unwrap_err();
        assert_eq!(error, SealError::MalformedKeyRing);
    }
}
