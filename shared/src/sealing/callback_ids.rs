//! Callback ids that carry a MAC, so that a made-up id costs no read of the table.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::KeyRing;
use crate::{
    config::CallbackIdCheck,
    entropy::{Entropy, hex},
    ids::{CallbackId, CallbackPath},
};

/// The fewest digits of the MAC by which an id that was cut off is recognised.
const LEAST_MAC_DIGITS: usize = 4;

/// Callback ids that carry a MAC of their random part.
impl KeyRing {
    /// A new id: 56 random bits, and the first 40 of their HMAC-SHA-256 under the ring's key for ids, which rotations keep.
    /// A ring of an earlier version has no such key until its next rotation; then the id is 128 random bits.
    #[must_use]
    pub fn new_callback_id(&self, entropy: &dyn Entropy) -> CallbackId {
        let mut random = [0; 7];
        entropy.fill(&mut random);
        match self.mac(&hex(&random)) {
            Some(mac) => CallbackId::with_mac(random, mac),
            None => CallbackId::generate(entropy),
        }
    }

    /// The id of the callback at a path of the platform that a binding comes from: like a new one, with the first 56 bits of the path's
    /// HMAC in place of random ones. `None` for a ring that has no key for ids.
    #[must_use]
    pub fn callback_id_at(&self, path: &CallbackPath) -> Option<CallbackId> {
        // A path begins with a slash, which no hexadecimal digits do: no path has the HMAC of an id's random part.
        let digest = self.hmac(path.as_str())?;
        let random = *digest.first_chunk()?;
        Some(CallbackId::with_mac(random, self.mac(&hex(&random))?))
    }

    /// The id that a path such as `/callback/{callback_id}` ends with, if a callback of this id can exist here. That of another deployment
    /// of this product is a path like any other platform's.
    #[must_use]
    pub fn callback_id_in(&self, path: &CallbackPath, check: CallbackIdCheck) -> Option<CallbackId> {
        let id = CallbackId::parse(path.as_str().strip_prefix("/callback/")?).ok()?;
        self.may_exist(&id, check).then_some(id)
    }

    /// Whether a callback of this id can exist: its MAC is right, or cannot be checked, or is not to be.
    #[must_use]
    pub fn may_exist(&self, id: &CallbackId, check: CallbackIdCheck) -> bool {
        match (check, id.parts()) {
            (CallbackIdCheck::None, _) | (CallbackIdCheck::New, None) => true,
            (CallbackIdCheck::All, None) => false,
            // 40 bits that nobody can try offline: a comparison that takes a constant time would guard nothing, as the next
            // request tells by its own time whether a record was read.
            (CallbackIdCheck::New | CallbackIdCheck::All, Some((random, mac))) => {
                self.mac(random).is_none_or(|right| hex(&right) == mac)
            }
        }
    }

    /// The id of which `text` is the beginning: its random part, and at least four digits of its MAC, which are right. Of
    /// texts that somebody made up, one in 65,536 is completed; without those digits each would be.
    #[must_use]
    pub fn complete(&self, text: &str) -> Option<CallbackId> {
        let (random, beginning) = CallbackId::beginning(text)?;
        let right = hex(&self.mac(random)?);
        let is_cut_off = (LEAST_MAC_DIGITS..right.len()).contains(&beginning.len()) && right.starts_with(beginning);
        is_cut_off.then(|| CallbackId::parse(&format!("{}{random}{right}", CallbackId::MARK)).ok())?
    }

    fn mac(&self, random: &str) -> Option<[u8; 5]> {
        self.hmac(random)?.first_chunk().copied()
    }

    fn hmac(&self, text: &str) -> Option<[u8; 32]> {
        let key = self.id_key.as_ref()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_slice()).expect("HMAC takes a key of any length");
        mac.update(text.as_bytes());
        Some(mac.finalize().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::Timestamp;
    use secrecy::SecretString;

    use super::*;
    use crate::entropy::SystemEntropy;

    const NEW: CallbackIdCheck = CallbackIdCheck::New;

    fn drawn() -> SecretString {
        "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7".repeat(3)[..64].to_owned().into()
    }

    fn follow(secret: &SecretString, dropped: &[&str]) -> SecretString {
        let dropped: BTreeSet<_> = dropped.iter().map(ToString::to_string).collect();
        KeyRing::follow(secret, &dropped, Timestamp::UNIX_EPOCH, &SystemEntropy).unwrap()
    }

    fn ring(secret: &SecretString) -> KeyRing {
        KeyRing::parse(secret).unwrap()
    }

    #[test]
    fn an_id_is_known_by_its_mac_and_one_with_another_digit_is_not() {
        let ring = ring(&KeyRing::generate(&SystemEntropy));
        let id = ring.new_callback_id(&SystemEntropy);
        assert!(ring.may_exist(&id, NEW));
        for place in 8..32 {
            let mut text = id.as_str().to_owned();
            let other = if text[place..].starts_with('0') { "1" } else { "0" };
            text.replace_range(place..=place, other);
            assert!(!ring.may_exist(&CallbackId::parse(&text).unwrap(), NEW), "{text}");
        }
    }

    #[test]
    fn an_id_that_lacks_up_to_six_digits_is_completed_and_nothing_else_is() {
        let ring = ring(&KeyRing::generate(&SystemEntropy));
        let id = ring.new_callback_id(&SystemEntropy);
        for length in 0..=32 {
            let completed = ring.complete(&id.as_str()[..length]);
            assert_eq!(completed, (26..32).contains(&length).then(|| id.clone()), "{length}");
        }
        assert_eq!(ring.complete(&id.as_str()[1..]), None);
        assert_eq!(ring.complete(&id.as_str()[..30].to_uppercase().replace('0', "A")), None);
        assert_eq!(ring.complete("00000000企业企业企业企业企业企业"), None);
        let made_up = (0..1000).filter(|number| ring.complete(&format!("00000000{number:020x}")).is_some());
        assert!(made_up.count() <= 2, "one in 65,536 each");
        assert_eq!(
            ring.complete(&CallbackId::generate(&SystemEntropy).as_str()[..30]),
            None
        );
    }

    #[test]
    fn the_id_at_a_path_is_its_own_in_each_deployment_and_outlives_rotations() {
        let first = drawn();
        let at = |secret: &SecretString, path: &str| ring(secret).callback_id_at(&CallbackPath::parse(path).unwrap());
        let id = at(&first, "/wx/callback/1").unwrap();
        assert!(ring(&first).may_exist(&id, CallbackIdCheck::All));
        assert_eq!(at(&follow(&first, &[]), "/wx/callback/1").as_ref(), Some(&id));
        assert_ne!(at(&first, "/wx/callback/2").as_ref(), Some(&id));
        assert_ne!(
            at(&KeyRing::generate(&SystemEntropy), "/wx/callback/1").as_ref(),
            Some(&id)
        );
    }

    #[test]
    fn an_id_without_a_mac_exists_unless_all_must_have_one() {
        let ring = ring(&drawn());
        let id = CallbackId::generate(&SystemEntropy);
        assert!(ring.may_exist(&id, NEW) && ring.may_exist(&id, CallbackIdCheck::None));
        assert!(!ring.may_exist(&id, CallbackIdCheck::All));
    }

    #[test]
    fn an_id_outlives_every_rotation() {
        let first = drawn();
        let id = ring(&first).new_callback_id(&SystemEntropy);
        let second = follow(&first, &[]);
        let third = follow(&second, &["first", "callback-ids"]);
        for secret in [&first, &second, &third] {
            assert!(ring(secret).may_exist(&id, CallbackIdCheck::All));
        }
        assert!(!ring(&KeyRing::generate(&SystemEntropy)).may_exist(&id, NEW));
        assert!(ring(&KeyRing::generate(&SystemEntropy)).may_exist(&id, CallbackIdCheck::None));
    }

    /// As versions before this one wrote it.
    #[test]
    fn a_ring_without_a_key_for_ids_checks_nothing_and_gets_one_by_its_next_rotation() {
        let key = "A".repeat(43) + "=";
        let before = SecretString::from(format!("{{\"primary\": \"a\", \"keys\": {{\"a\": \"{key}\"}}}}"));
        let old = ring(&before).new_callback_id(&SystemEntropy);
        assert_eq!(old.parts(), None);
        let after = follow(&before, &[]);
        let new = ring(&after).new_callback_id(&SystemEntropy);
        assert!(new.parts().is_some() && ring(&after).may_exist(&new, NEW));
        assert!(
            ring(&before).may_exist(&new, NEW),
            "a process that has not read the ring again"
        );
    }
}
