//! Opening files of `age`, as whoever has the private key does with `age --decrypt`.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use bech32::{Bech32, primitives::decode::CheckedHrpstring};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, aead::Aead as _};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use wecom_authorization::{entropy::SystemEntropy, sealing::Recipient};
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

/// The public key that tests export to.
pub(crate) const RECIPIENT: &str = "age1fgvyqfwumazp78zemfzs3sas0ysuuqsdqx7usjr7euqlldfxu9lqhpy8sh";
/// Its private key.
const IDENTITY: &str = "AGE-SECRET-KEY-1N9LS0VGM08DQUSM970P2PD2DDZ6GSCX5CY622ARU23NZJZTVMD8QL3YMKW";

/// The content of a file that is sealed to [`RECIPIENT`].
pub(crate) fn open(file: &str) -> Vec<u8> {
    let identity = CheckedHrpstring::new::<Bech32>(IDENTITY).unwrap();
    let identity: [u8; 32] = identity.byte_iter().collect::<Vec<_>>().try_into().unwrap();
    let lines = file.strip_prefix("-----BEGIN AGE ENCRYPTED FILE-----\n").unwrap();
    let lines = lines.strip_suffix("-----END AGE ENCRYPTED FILE-----\n").unwrap();
    assert!(lines.lines().all(|line| line.len() <= 64));
    let file = STANDARD.decode(lines.replace('\n', "")).unwrap();
    let end = file.windows(4).position(|four| four == b"\n---").unwrap() + 4;
    let header = std::str::from_utf8(&file[..end]).unwrap();
    let (mac, payload) = file[end + 1..].split_at(43);
    let [version, stanza, body, "---"] = header.lines().collect::<Vec<_>>()[..] else {
        panic!("another header: {header}");
    };
    assert_eq!(version, "age-encryption.org/v1");
    let decoded = |text: &str| STANDARD_NO_PAD.decode(text).unwrap();
    let share: [u8; 32] = decoded(stanza.strip_prefix("-> X25519 ").unwrap()).try_into().unwrap();
    let salt = [share, x25519(identity, X25519_BASEPOINT_BYTES)].concat();
    let wrap_key = derived(&x25519(identity, share), &salt, "age-encryption.org/v1/X25519");
    let file_key = unsealed(&wrap_key, [0; 12], &decoded(body));
    let mut header_mac = Hmac::<Sha256>::new_from_slice(&derived(&file_key, &[], "header")).unwrap();
    header_mac.update(header.as_bytes());
    header_mac
        .verify_slice(&decoded(std::str::from_utf8(mac).unwrap()))
        .unwrap();
    let (nonce, chunks) = payload.strip_prefix(b"\n").unwrap().split_at(16);
    let key = derived(&file_key, nonce, "payload");
    let chunks: Vec<_> = chunks.chunks(64 * 1024 + 16).collect();
    let mut content = Vec::new();
    for (number, chunk) in chunks.iter().enumerate() {
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
        nonce[11] = u8::from(number + 1 == chunks.len());
        content.extend(unsealed(&key, nonce, chunk));
    }
    content
}

fn derived(key: &[u8], salt: &[u8], info: &str) -> [u8; 32] {
    let mut derived = [0; 32];
    let hkdf = Hkdf::<Sha256>::new(Some(salt), key);
    hkdf.expand(info.as_bytes(), &mut derived).unwrap();
    derived
}

fn unsealed(key: &[u8; 32], nonce: [u8; 12], sealed: &[u8]) -> Vec<u8> {
    let cipher = ChaCha20Poly1305::new(&(*key).into());
    cipher.decrypt(&nonce.into(), sealed).unwrap()
}

/// `printf 'Of age itself: 企业微信\n' | age --recipient … --armor`, of age 1.1.1.
const BY_AGE: &str = "\
-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBKTzJhRENhc2hKQWkvakoz
ekd2MzBWeWVNRjh2MGZmVFIvOVpxeTJqSmhrCk8xRnZlVzJSL00rV041TGFwM2RV
OGVTZzE1b1BCcHBtTU1KWDU1cWVEbDQKLS0tIEdhV2FPRkM0S244UzVuZWZKT2FG
cnlWOWU0OWU4enlBRmVnbW04dnZPcnMKmV5dg8b6C8d14P5fsUheIXkyrZUhVJJu
UHc73LjH2LR1SZeRMeWhwUWbJOTRT7hrv+xo3DUjVq890M62
-----END AGE ENCRYPTED FILE-----
";

#[test]
fn opens_what_age_itself_has_sealed() {
    assert_eq!(open(BY_AGE), "Of age itself: 企业微信\n".as_bytes());
}

#[test]
fn what_the_product_seals_is_opened_whatever_its_length_and_no_two_files_are_alike() {
    let recipient = Recipient::parse(RECIPIENT).unwrap();
    for length in [0, 1, 47, 48, 65_535, 65_536, 65_537, 131_072, 200_000] {
        let content: Vec<u8> = (0..length).map(|number: u32| number.to_le_bytes()[0]).collect();
        let file = recipient.seal(&content, &SystemEntropy);
        assert!(open(&file) == content, "{length}");
        assert_ne!(recipient.seal(&content, &SystemEntropy), file);
    }
}
