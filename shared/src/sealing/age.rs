//! Files in the format of `age` (<https://age-encryption.org/v1>), which only the holder of a recipient's private key opens:
//! `age --decrypt --identity key.txt FILE`.
//!
//! One recipient of the type X25519, written with ASCII armor. Nothing here opens such a file (docs/adr/0045).

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use bech32::{Bech32, primitives::decode::CheckedHrpstring};
use chacha20poly1305::{ChaCha20Poly1305, aead::Aead as _};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};
use zeroize::Zeroizing;

use crate::entropy::Entropy;

/// Human-readable part of a recipient's text.
const HRP: &str = "age";
/// Plaintext bytes of each chunk of the payload but the last.
const CHUNK: usize = 64 * 1024;
/// Characters of a line of the armor.
const LINE: usize = 64;

/// A public key that files are sealed to: `age1…`, as `age-keygen` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    text: String,
    key: [u8; 32],
}

/// A text is not the public key of an X25519 identity of `age`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a recipient of age: age1…")]
pub struct MalformedRecipient;

impl Recipient {
    /// Reads a recipient.
    ///
    /// # Errors
    /// [`MalformedRecipient`], also for a point of small order, to which anybody could open a file.
    pub fn parse(text: &str) -> Result<Self, MalformedRecipient> {
        let decoded = CheckedHrpstring::new::<Bech32>(text).map_err(|_| MalformedRecipient)?;
        let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        let bytes: Vec<u8> = decoded.byte_iter().collect();
        let key = <[u8; 32]>::try_from(bytes).map_err(|_| MalformedRecipient)?;
        // A product with a point of small order is zero, whatever the scalar.
        let is_small = x25519([1; 32], key) == [0; 32];
        if decoded.hrp().as_str() != HRP || !is_lower || is_small {
            return Err(MalformedRecipient);
        }
        Ok(Self {
            text: text.to_owned(),
            key,
        })
    }

    /// The text that it was read from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// A file with this content, sealed to the recipient.
    ///
    /// # Panics
    /// Never: the lengths of keys are fixed, and sealing does not fail.
    #[must_use]
    pub fn seal(&self, content: &[u8], entropy: &dyn Entropy) -> String {
        let file_key = Zeroizing::new(random::<16>(entropy));
        let mut file = self.header(&file_key, entropy).into_bytes();
        let nonce: [u8; 16] = random(entropy);
        file.extend(nonce);
        let cipher = cipher(&derived(file_key.as_slice(), &nonce, "payload"));
        let last = content.len().div_ceil(CHUNK).saturating_sub(1);
        // An empty content is one empty chunk.
        let empty = content.is_empty().then_some(content);
        for (number, chunk) in content.chunks(CHUNK).chain(empty).enumerate() {
            file.extend(sealed(&cipher, chunk_nonce(number, number == last), chunk));
        }
        armored(&file)
    }

    /// The header, with the file key for the recipient.
    fn header(&self, file_key: &[u8; 16], entropy: &dyn Entropy) -> String {
        let ephemeral = Zeroizing::new(random::<32>(entropy));
        let share = x25519(*ephemeral, X25519_BASEPOINT_BYTES);
        let shared = Zeroizing::new(x25519(*ephemeral, self.key));
        let salt = [share, self.key].concat();
        let wrap_key = derived(shared.as_slice(), &salt, "age-encryption.org/v1/X25519");
        // Its key is used once.
        let body = sealed(&cipher(&wrap_key), [0; 12], file_key);
        let [share, body] = [&share[..], &body].map(|bytes| STANDARD_NO_PAD.encode(bytes));
        let header = format!("age-encryption.org/v1\n-> X25519 {share}\n{body}\n---");
        let key = derived(file_key, &[], "header");
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_slice()).expect("HMAC takes a key of any length");
        mac.update(header.as_bytes());
        format!("{header} {}\n", STANDARD_NO_PAD.encode(mac.finalize().into_bytes()))
    }
}

fn random<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

fn derived(key: &[u8], salt: &[u8], info: &str) -> Zeroizing<[u8; 32]> {
    let mut derived = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(salt), key)
        .expand(info.as_bytes(), derived.as_mut_slice())
        .expect("HKDF gives up to 255 times 32 bytes");
    derived
}

fn cipher(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&(*key).into())
}

fn sealed(cipher: &ChaCha20Poly1305, nonce: [u8; 12], plaintext: &[u8]) -> Vec<u8> {
    let sealed = cipher.encrypt(&nonce.into(), plaintext);
    sealed.expect("the cipher takes any text of less than 256 GiB")
}

/// The chunk's number in eleven bytes, the most significant first, and whether it is the last.
fn chunk_nonce(number: usize, is_last: bool) -> [u8; 12] {
    let number = u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes();
    let mut nonce = [0; 12];
    let (_, end) = nonce.split_at_mut(3);
    let bytes = number.into_iter().chain([u8::from(is_last)]);
    end.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
    nonce
}

/// The file as text: lines of base64 between a first and a last line.
fn armored(file: &[u8]) -> String {
    let mut text = String::from("-----BEGIN AGE ENCRYPTED FILE-----\n");
    // 48 bytes are a line.
    for line in file.chunks(LINE / 4 * 3) {
        STANDARD.encode_string(line, &mut text);
        text.push('\n');
    }
    text + "-----END AGE ENCRYPTED FILE-----\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    const RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

    #[test]
    fn takes_a_recipient_of_age_and_nothing_that_looks_like_one() {
        assert_eq!(Recipient::parse(RECIPIENT).unwrap().as_str(), RECIPIENT);
        let private = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
        let of = |hrp: &str, key: [u8; 32]| bech32::encode::<Bech32>(bech32::Hrp::parse(hrp).unwrap(), &key).unwrap();
        for text in [
            "",
            "age1",
            private,
            &private.to_lowercase(),
            &RECIPIENT.to_uppercase(),
            &RECIPIENT.replace("wj", "wk"),
            &format!("{RECIPIENT} "),
            &of("age1pq", [9; 32]),
            &of(HRP, [0; 32]),
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN",
        ] {
            assert_eq!(Recipient::parse(text), Err(MalformedRecipient), "{text}");
        }
        let mut one = [0; 32];
        one[0] = 1;
        assert_eq!(
            Recipient::parse(&of(HRP, one)),
            Err(MalformedRecipient),
            "a point of small order"
        );
    }
}
