//! Sealed texts: open at their own place, changed or moved nowhere, and nothing opens that was not sealed.
#![no_main]

use std::sync::LazyLock;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use secrecy::{ExposeSecret, SecretString};
use wecom_authorization::{
    entropy::{Entropy, SystemEntropy},
    sealing::KeyRing,
};

static RING: LazyLock<KeyRing> =
    LazyLock::new(|| KeyRing::parse(&KeyRing::generate(&SystemEntropy)).expect("the ring was just drawn"));

/// The nonce, so that a run can be repeated.
struct Fixed(u8);

impl Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

fuzz_target!(|input: (&str, &str, &str, u8, u16)| {
    let (text, place, stranger, change, at) = input;
    assert!(RING.open_text(stranger, place).is_err());
    let secret = SecretString::from(text);
    let sealed = RING.seal_text(&secret, place, Timestamp::UNIX_EPOCH, &Fixed(change));
    let opened = RING.open_text(&sealed, place).expect("it was just sealed");
    assert_eq!(opened.expose_secret(), text);
    if stranger != place {
        assert!(RING.open_text(&sealed, stranger).is_err());
    }
    let mut damaged = sealed.clone().into_bytes();
    let at = usize::from(at) % damaged.len();
    damaged[at] = damaged[at].wrapping_add(change);
    if let Ok(damaged) = String::from_utf8(damaged)
        && damaged != sealed
    {
        assert!(RING.open_text(&damaged, place).is_err());
    }
});
