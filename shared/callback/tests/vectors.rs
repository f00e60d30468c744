//! Published test vectors, and four of our own for cases without one, each in every form that it has.
//!
//! The origin of a vector is its `source`. The counts at the end of each test ensure that no vector is skipped.

use std::path::Path;

use serde::Deserialize;
use wecom_callback::{
    CallbackQuery, EncodingAesKey, KeyError, Message, OpenError, SignatureError, Token, envelope,
    envelope::EnvelopeError, seal, sign, verify, xml, xml::XmlError,
};

/// Entry of the file. A value that was not published is none.
#[derive(Deserialize)]
struct Vector {
    id: String,
    kind: String,
    token: Option<String>,
    encoding_aes_key: String,
    receive_id: String,
    timestamp: Option<String>,
    nonce: Option<String>,
    msg_signature: Option<String>,
    encrypt: String,
    plaintext: String,
    random: Option<String>,
    raw_query: Option<String>,
    post_body: Option<String>,
}

/// Signed values of a vector, and their signature.
struct Signed<'a> {
    token: Token,
    timestamp: &'a str,
    nonce: &'a str,
    msg_signature: &'a str,
}

impl Vector {
    fn key(&self) -> EncodingAesKey {
        EncodingAesKey::parse(&self.encoding_aes_key).expect("published keys parse")
    }

    /// Values of the signature; none for a vector that was published without one.
    fn signed(&self) -> Option<Signed<'_>> {
        Some(Signed {
            token: Token::parse(self.token.as_deref()?).expect("published tokens parse"),
            timestamp: self.timestamp.as_deref()?,
            nonce: self.nonce.as_deref()?,
            msg_signature: self.msg_signature.as_deref()?,
        })
    }

    /// Opens a ciphertext with the signature of the vector.
    fn open(&self, encrypt: &str) -> Message {
        let Some(Signed {
            token,
            timestamp,
            nonce,
            msg_signature,
        }) = self.signed()
        else {
            return open_anyway(&self.key(), encrypt).expect(&self.id);
        };
        let verified = verify(&token, msg_signature, timestamp, nonce, encrypt).expect(&self.id);
        verified.open(&self.key()).expect(&self.id)
    }

    #[track_caller]
    fn assert_is_inside(&self, message: &Message) {
        assert_eq!(message.bytes(), self.plaintext.as_bytes(), "{}", self.id);
        assert_eq!(message.receive_id(), self.receive_id, "{}", self.id);
    }
}

/// Opens a ciphertext with a signature made here.
fn open_anyway(key: &EncodingAesKey, encrypt: &str) -> Result<Message, OpenError> {
    let token = Token::parse("ATokenOfOurOwn").expect("it has only letters");
    let signature = sign(&token, "1", "2", encrypt);
    verify(&token, &signature, "1", "2", encrypt)
        .expect("it was just signed")
        .open(key)
}

fn vectors() -> Vec<Vector> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/wecom.json");
    let file = std::fs::read(path).expect("the vectors are in the repository");
    serde_json::from_slice(&file).expect("the vectors have the documented fields")
}

fn vector(id: &str) -> Vector {
    vectors().into_iter().find(|vector| vector.id == id).expect(id)
}

/// Number of vectors that a check applies to; it panics where it fails.
fn count(check: impl Fn(&Vector) -> bool) -> usize {
    vectors().iter().filter(|vector| check(vector)).count()
}

#[test]
fn there_are_as_many_vectors_of_each_kind_as_are_known() {
    assert_eq!(vectors().len(), 21);
    for (kind, expected) in [("verify_url", 7), ("decrypt", 6), ("encrypt", 8)] {
        assert_eq!(count(|vector| vector.kind == kind), expected, "{kind}");
    }
}

#[test]
fn every_ciphertext_opens_to_its_plaintext_and_receive_id() {
    let opened = count(|vector| {
        let message = vector.open(&vector.encrypt);
        vector.assert_is_inside(&message);
        assert_eq!(message.into_bytes(), vector.plaintext.as_bytes(), "{}", vector.id);
        true
    });
    assert_eq!(opened, 21);
}

#[test]
fn every_published_signature_is_the_one_we_make() {
    let signed = count(|vector| {
        let Some(Signed {
            token,
            timestamp,
            nonce,
            msg_signature,
        }) = vector.signed()
        else {
            return false;
        };
        assert_eq!(
            sign(&token, timestamp, nonce, &vector.encrypt),
            msg_signature,
            "{}",
            vector.id
        );
        assert!(
            verify(&token, msg_signature, timestamp, nonce, &vector.encrypt).is_ok(),
            "{}",
            vector.id
        );
        true
    });
    assert_eq!(signed, 18);
}

#[test]
fn every_plaintext_whose_random_is_known_seals_to_its_ciphertext() {
    let sealed = count(|vector| {
        let Some(random) = &vector.random else {
            return false;
        };
        let random = random.as_bytes().try_into().unwrap();
        let encrypt = seal(&vector.key(), random, vector.plaintext.as_bytes(), &vector.receive_id);
        assert_eq!(encrypt, vector.encrypt, "{}", vector.id);
        true
    });
    assert_eq!(sealed, 8);
}

#[test]
fn every_raw_query_answers_the_url_check() {
    let answered = count(|vector| {
        let Some(raw_query) = &vector.raw_query else {
            return false;
        };
        let query = CallbackQuery::parse(raw_query).unwrap();
        let signed = vector.signed().unwrap();
        assert_eq!(query.msg_signature, signed.msg_signature, "{}", vector.id);
        assert_eq!(query.timestamp, signed.timestamp, "{}", vector.id);
        assert_eq!(query.nonce, signed.nonce, "{}", vector.id);
        assert_eq!(query.echostr.as_ref(), Some(&vector.encrypt), "{}", vector.id);
        vector.assert_is_inside(&vector.open(&query.echostr.unwrap()));
        true
    });
    assert_eq!(answered, 4);
}

#[test]
fn every_url_check_survives_a_gateway_that_decodes_the_query() {
    let answered = count(|vector| {
        if vector.kind != "verify_url" {
            return false;
        }
        let Signed {
            timestamp,
            nonce,
            msg_signature,
            ..
        } = vector.signed().unwrap();
        let encrypt = &vector.encrypt;
        for mangled in [encrypt.clone(), encrypt.replace('+', " "), encrypt.replace('+', "%20")] {
            let raw_query =
                format!("msg_signature={msg_signature}&timestamp={timestamp}&nonce={nonce}&echostr={mangled}");
            let query = CallbackQuery::parse(&raw_query).unwrap();
            vector.assert_is_inside(&vector.open(&query.echostr.unwrap()));
        }
        true
    });
    assert_eq!(answered, 7);
}

#[test]
fn every_post_body_holds_the_ciphertext() {
    let found = count(|vector| {
        let Some(body) = &vector.post_body else {
            return false;
        };
        let encrypt = envelope::encrypt_of(body.as_bytes()).unwrap();
        assert_eq!(encrypt, vector.encrypt, "{}", vector.id);
        vector.assert_is_inside(&vector.open(&encrypt));
        true
    });
    assert_eq!(found, 5);
}

#[test]
fn every_plaintext_that_is_a_document_is_read() {
    let read = count(|vector| {
        // The official JSON sample in PHP is not JSON: it has a colon where a quotation mark
        // belongs.
        if !vector.plaintext.starts_with(['<', '{']) || vector.id == "official-json-php" {
            return false;
        }
        let map = xml::to_json(vector.plaintext.as_bytes()).unwrap();
        for (name, value) in &map {
            let value = value.as_str().unwrap_or_default();
            assert!(
                vector.plaintext.contains(name) && vector.plaintext.contains(value),
                "{}: {name}",
                vector.id
            );
        }
        !map.is_empty()
    });
    assert_eq!(read, 11);
}

#[test]
fn a_sample_that_claims_to_be_json_and_is_not_is_refused() {
    let vector = vector("official-json-php");
    assert_eq!(
        xml::to_json(vector.plaintext.as_bytes()).unwrap_err(),
        XmlError::Malformed
    );
}

#[test]
fn no_vector_verifies_with_one_digit_of_its_signature_flipped() {
    let refused = count(|vector| {
        let Some(Signed {
            token,
            timestamp,
            nonce,
            msg_signature,
        }) = vector.signed()
        else {
            return false;
        };
        (0..msg_signature.len()).all(|at| {
            let mut flipped = msg_signature.to_owned();
            let digit = if &flipped[at..=at] == "f" { "e" } else { "f" };
            flipped.replace_range(at..=at, digit);
            verify(&token, &flipped, timestamp, nonce, &vector.encrypt).unwrap_err() == SignatureError::Mismatch
        })
    });
    assert_eq!(refused, 18);
}

#[test]
fn no_vector_opens_with_another_key() {
    let other = EncodingAesKey::parse(&"Z".repeat(43)).unwrap();
    assert_eq!(count(|vector| open_anyway(&other, &vector.encrypt).is_err()), 21);
}

#[test]
fn another_receive_id_is_told_and_not_hidden() {
    let vector = vector("doc-90968-message");
    let sealed = seal(
        &vector.key(),
        [0; 16],
        vector.plaintext.as_bytes(),
        "wx5823bf96d3bd56c8",
    );
    let message = open_anyway(&vector.key(), &sealed).unwrap();
    assert_ne!(message.receive_id(), vector.receive_id);
    assert_eq!(message.receive_id(), "wx5823bf96d3bd56c8");
}

#[test]
fn a_ciphertext_that_is_not_a_multiple_of_16_is_refused_though_it_was_signed() {
    let vector = vector("official-sample-echostr");
    // The whole is 64 bytes in 88 characters; 84 of them are 63 bytes.
    let opened = open_anyway(&vector.key(), &vector.encrypt[..84]);
    assert_eq!(opened.unwrap_err(), OpenError::Blocks);
}

#[test]
fn a_published_key_with_a_character_less_more_or_wrong_is_refused() {
    let key = vector("doc-90968-message").encoding_aes_key;
    assert_eq!(EncodingAesKey::parse(&key[..42]).unwrap_err(), KeyError::Length);
    assert_eq!(EncodingAesKey::parse(&format!("{key}A")).unwrap_err(), KeyError::Length);
    assert_eq!(
        EncodingAesKey::parse(&format!("{}$", &key[..42])).unwrap_err(),
        KeyError::Character
    );
}

#[test]
fn no_xml_body_is_taken_with_a_document_type_or_without_its_ciphertext() {
    let refused = count(|vector| {
        let Some(body) = vector.post_body.as_ref().filter(|body| body.starts_with('<')) else {
            return false;
        };
        let with_doctype = format!("<!DOCTYPE xml>{body}");
        assert_eq!(
            envelope::encrypt_of(with_doctype.as_bytes()).unwrap_err(),
            EnvelopeError::Forbidden
        );
        let without = body.replace("Encrypt>", "Encrypted>");
        assert_eq!(
            envelope::encrypt_of(without.as_bytes()).unwrap_err(),
            EnvelopeError::Missing
        );
        true
    });
    assert_eq!(refused, 4);
}
