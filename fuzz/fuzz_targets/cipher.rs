//! Plaintexts that follow no layout, as a sender who has the key can make them.
#![no_main]

use aes::{
    Aes256Enc,
    cipher::{BlockModeEncrypt, KeyIvInit, block_padding::NoPadding},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use libfuzzer_sys::fuzz_target;
use wecom_callback::{EncodingAesKey, Token, sign, verify};

const TOKEN: &str = "AnExampleTokenOf32LettersOrDigit";
const KEY: &str = "AnExampleKeyOf43LettersOrDigitsForNobody00A";

fuzz_target!(|plaintext: &[u8]| {
    let mut padded = plaintext.to_vec();
    padded.truncate(plaintext.len() / 16 * 16);
    let length = padded.len();
    let key: [u8; 32] = STANDARD
        .decode(format!("{KEY}="))
        .expect("the key is base64")
        .try_into()
        .expect("the key has 32 bytes");
    let iv: [u8; 16] = *key.first_chunk().expect("16 bytes are less than 32");
    let ciphertext = cbc::Encryptor::<Aes256Enc>::new(&key.into(), &iv.into())
        .encrypt_padded::<NoPadding>(&mut padded, length)
        .expect("whole blocks");
    let encrypt = STANDARD.encode(ciphertext);

    let token = Token::parse(TOKEN).expect("letters and digits");
    let signature = sign(&token, "1", "2", &encrypt);
    let verified = verify(&token, &signature, "1", "2", &encrypt).expect("it was just signed");
    let opened = verified.open(&EncodingAesKey::parse(KEY).expect("letters and digits"));

    // The layout once more, as its documentation says it.
    let plaintext = &plaintext[..length];
    let expected = (|| {
        let padding = usize::from(*plaintext.last()?);
        let unpadded = plaintext
            .len()
            .checked_sub(padding)
            .filter(|_| (1..=32).contains(&padding))?;
        let (unpadded, padding_bytes) = plaintext.split_at(unpadded);
        padding_bytes
            .iter()
            .all(|byte| usize::from(*byte) == padding)
            .then_some(())?;
        let length = u32::from_be_bytes(unpadded.get(16..20)?.try_into().ok()?);
        let end = usize::try_from(length).ok()?.checked_add(20)?;
        Some((
            unpadded.get(20..end)?.to_vec(),
            str::from_utf8(unpadded.get(end..)?).ok()?.to_owned(),
        ))
    })();
    let opened = opened.ok().map(|message| {
        let echo = message.echo().is_some();
        let begins = message.bytes().iter().find(|byte| !byte.is_ascii_whitespace());
        assert!(!(echo && matches!(begins, Some(b'<' | b'{'))));
        (message.bytes().to_vec(), message.receive_id().to_owned())
    });
    assert_eq!(opened, expected);
});
