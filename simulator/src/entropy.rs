//! Source of random ids, codes and secrets: the operating system, or a seed in tests.
//!
//! The output of a seeded source is predictable; it is for tests only.

use rand::TryRng;
use serde::{Deserialize, Serialize};

const LETTERS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &[u8] = b"0123456789abcdef";
const DIGITS: &[u8] = b"0123456789";

/// A source of random values. It is part of the saved state, so that a seeded one continues after a restart.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entropy {
    /// The operating system's generator.
    System,
    /// SplitMix64 with this state.
    Seeded(u64),
}

impl Entropy {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        seed.map_or(Self::System, Self::Seeded)
    }

    fn word(&mut self) -> u64 {
        match self {
            Self::System => rand::rngs::SysRng
                .try_next_u64()
                .expect("the operating system's generator answers"),
            Self::Seeded(state) => {
                *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut word = *state;
                word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                word ^ (word >> 31)
            }
        }
    }

    /// A number in `0..bound`, with the small bias of a remainder.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.word() % bound).unwrap_or_default()
    }

    fn drawn_from(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length)
            .filter_map(|_| alphabet.get(self.below(alphabet.len())))
            .map(|byte| char::from(*byte))
            .collect()
    }

    pub(crate) fn letters_and_digits(&mut self, length: usize) -> String {
        self.drawn_from(LETTERS_AND_DIGITS, length)
    }

    pub(crate) fn hex(&mut self, length: usize) -> String {
        self.drawn_from(HEX, length)
    }

    /// Decimal digits, the first of which is not zero.
    pub(crate) fn digits(&mut self, length: usize) -> String {
        let first = self.drawn_from(b"123456789", length.min(1));
        first + &self.drawn_from(DIGITS, length.saturating_sub(1))
    }

    /// The random prefix of an encrypted message.
    pub(crate) fn prefix(&mut self) -> [u8; 16] {
        let mut prefix = [0; 16];
        for half in prefix.chunks_exact_mut(8) {
            half.copy_from_slice(&self.word().to_be_bytes());
        }
        prefix
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_values() {
        let draw = || Entropy::new(Some(7)).letters_and_digits(43);
        assert_eq!(draw(), draw());
    }

    #[test]
    fn the_operating_system_draws_different_values() {
        let draw = || Entropy::new(None).letters_and_digits(43);
        assert_ne!(draw(), draw());
    }

    #[test]
    fn digits_never_begin_with_a_zero() {
        let mut entropy = Entropy::new(Some(1));
        for length in 1..60 {
            let digits = entropy.digits(length);
            assert_eq!(digits.len(), length);
            assert!(!digits.starts_with('0'), "{digits}");
        }
    }
}
