//! Properties that hold for every input.

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use serde_json::{Map, Value};
use wecom_callback::{
    CallbackQuery, Credentials, EncodingAesKey, Message, OpenError, Token, envelope, seal, sign, verify, xml,
};

fn credentials() -> impl Strategy<Value = Credentials> {
    any::<u64>().prop_map(|seed| Credentials::generate(&mut Xoshiro256PlusPlus::seed_from_u64(seed)))
}

/// Opens a ciphertext that was signed with the token.
fn open_signed(credentials: &Credentials, encrypt: &str) -> Result<Message, OpenError> {
    let signature = sign(&credentials.token, "1764001000", "nonce", encrypt);
    let verified = verify(&credentials.token, &signature, "1764001000", "nonce", encrypt);
    verified
        .expect("it was just signed")
        .open(&credentials.encoding_aes_key)
}

/// Flips one of the seven bits of a character that leave it ASCII.
fn flip(text: &str, at: prop::sample::Index, bit: u32) -> String {
    let mut bytes = text.as_bytes().to_vec();
    *at.get_mut(&mut bytes) ^= 1 << bit;
    String::from_utf8(bytes).expect("ASCII stays ASCII")
}

proptest! {
    #[test]
    fn what_was_sealed_opens_to_the_same(
        credentials in credentials(),
        random: [u8; 16],
        message in prop::collection::vec(any::<u8>(), 0..300),
        receive_id: String,
    ) {
        let encrypt = seal(&credentials.encoding_aes_key, random, &message, &receive_id);
        let opened = open_signed(&credentials, &encrypt).unwrap();
        prop_assert_eq!(opened.bytes(), &message);
        prop_assert_eq!(opened.receive_id(), receive_id);
        prop_assert_eq!(opened.into_bytes(), message);
    }

    #[test]
    fn what_was_wrapped_is_found(
        to_user_name: String,
        agent_id: String,
        encrypt in "[A-Za-z0-9+/]{1,200}={0,2}",
    ) {
        let body = envelope::xml(&to_user_name, &agent_id, &encrypt);
        prop_assert_eq!(envelope::encrypt_of(body.as_bytes()).unwrap(), &*encrypt);
        let body = envelope::json(&to_user_name, &agent_id, &encrypt);
        prop_assert_eq!(envelope::encrypt_of(body.as_bytes()).unwrap(), &*encrypt);
    }

    #[test]
    fn a_flipped_bit_in_the_ciphertext_is_refused(
        credentials in credentials(),
        message in prop::collection::vec(any::<u8>(), 0..100),
        at: prop::sample::Index,
        bit in 0..7_u32,
    ) {
        let encrypt = seal(&credentials.encoding_aes_key, [7; 16], &message, "ww01");
        let signature = sign(&credentials.token, "1", "2", &encrypt);
        prop_assert!(verify(&credentials.token, &signature, "1", "2", &encrypt).is_ok());
        let flipped = flip(&encrypt, at, bit);
        prop_assert!(verify(&credentials.token, &signature, "1", "2", &flipped).is_err());
    }

    #[test]
    fn a_flipped_bit_in_the_signature_is_refused(
        credentials in credentials(),
        encrypt: String,
        at: prop::sample::Index,
        bit in 0..7_u32,
    ) {
        let signature = sign(&credentials.token, "1", "2", &encrypt);
        prop_assert!(verify(&credentials.token, &signature, "1", "2", &encrypt).is_ok());
        let flipped = flip(&signature, at, bit);
        prop_assert!(verify(&credentials.token, &flipped, "1", "2", &encrypt).is_err());
    }

    #[test]
    fn a_signature_of_any_other_text_is_refused(credentials in credentials(), signature: String) {
        prop_assert!(verify(&credentials.token, &signature, "1", "2", "encrypt").is_err());
    }

    #[test]
    fn the_signature_does_not_depend_on_the_order_of_the_values(
        credentials in credentials(),
        [a, b, c]: [String; 3],
    ) {
        let signature = sign(&credentials.token, &a, &b, &c);
        for [a, b, c] in [[&a, &c, &b], [&b, &a, &c], [&b, &c, &a], [&c, &a, &b], [&c, &b, &a]] {
            prop_assert_eq!(sign(&credentials.token, a, b, c), &*signature);
        }
    }

    #[test]
    fn a_flipped_and_signed_ciphertext_opens_or_errs_within_its_bounds(
        credentials in credentials(),
        message in prop::collection::vec(any::<u8>(), 0..100),
        at: prop::sample::Index,
        bit in 0..8_u32,
    ) {
        let encrypt = seal(&credentials.encoding_aes_key, [7; 16], &message, "ww01");
        let mut bytes = STANDARD.decode(encrypt).unwrap();
        *at.get_mut(&mut bytes) ^= 1 << bit;
        if let Ok(opened) = open_signed(&credentials, &STANDARD.encode(&bytes)) {
            prop_assert!(opened.bytes().len() + opened.receive_id().len() + 21 <= bytes.len());
        }
    }

    #[test]
    fn no_ciphertext_panics_though_it_was_signed(
        credentials in credentials(),
        text: String,
        blocks in prop::collection::vec(any::<[u8; 16]>(), 0..8),
    ) {
        let _ = open_signed(&credentials, &text);
        let _ = open_signed(&credentials, &STANDARD.encode(blocks.concat()));
    }

    #[test]
    fn generated_credentials_parse_and_strict_decoders_accept_them(credentials in credentials()) {
        let Credentials { token, encoding_aes_key } = &credentials;
        let parsed = Token::parse(token.expose()).unwrap();
        prop_assert_eq!(parsed.expose(), token.expose());
        let key = EncodingAesKey::parse(encoding_aes_key.expose()).unwrap();
        prop_assert_eq!(key.expose(), encoding_aes_key.expose());
        prop_assert_eq!(STANDARD.decode(format!("{}=", key.expose())).unwrap().len(), 32);
    }

    #[test]
    fn tokens_and_keys_are_letters_and_digits_of_the_right_number(text in ".{0,5}|[a-zA-Z0-9]{0,50}|[a-zA-Z0-9]{42}.") {
        let is_alphanumeric = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_token = is_alphanumeric && (1..=32).contains(&text.len());
        prop_assert_eq!(Token::parse(&text).is_ok(), is_token);
        let is_key = is_alphanumeric && text.len() == 43;
        prop_assert_eq!(EncodingAesKey::parse(&text).is_ok(), is_key);
    }

    #[test]
    fn every_encoded_query_is_read_back(
        [msg_signature, timestamp, nonce] in prop::array::uniform3("\\PC{1,30}"),
        echostr in prop::option::of("[A-Za-z0-9+/]{1,100}={0,2}"),
    ) {
        let encode = |value: &str| utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
        let mut raw_query = format!(
            "timestamp={}&nonce={}&msg_signature={}", encode(&timestamp), encode(&nonce), encode(&msg_signature),
        );
        if let Some(echostr) = &echostr {
            raw_query = format!("echostr={}&{raw_query}", encode(echostr));
        }
        let expected = CallbackQuery { msg_signature, timestamp, nonce, echostr };
        prop_assert_eq!(CallbackQuery::parse(&raw_query), Ok(expected));
    }

    #[test]
    fn no_query_panics(
        text: String,
        pairs in prop::collection::vec("(msg_signature|timestamp|nonce|echostr)=[%+ =a-f0-9]{0,8}", 0..6),
    ) {
        let _ = CallbackQuery::parse(&text);
        let _ = CallbackQuery::parse(&pairs.join("&"));
    }

    #[test]
    fn no_body_panics(body in prop::collection::vec(any::<u8>(), 0..200), markup in markup_like()) {
        for body in [&*body, markup.as_bytes(), &[b"{", &*body].concat(), &[b"<xml>", &*body].concat()] {
            let _ = envelope::encrypt_of(body);
            let _ = xml::to_json(body);
        }
    }

    #[test]
    fn a_message_cut_short_is_refused(message in document(), at: prop::sample::Index) {
        let text = message.to_xml();
        let cut = &text.as_bytes()[..at.index(text.len())];
        prop_assert!(xml::to_json(cut).is_err());
    }

    #[test]
    fn every_document_is_read_as_what_it_says(message in document()) {
        prop_assert_eq!(Value::from(xml::to_json(message.to_xml().as_bytes()).unwrap()), message.to_value());
    }
}

/// Text that is nearly XML or JSON, so that more than the first step of a parser is tested.
fn markup_like() -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &[
        "<xml>",
        "</xml>",
        "<a>",
        "</a>",
        "<b/>",
        "<Encrypt>",
        "</Encrypt>",
        "<![CDATA[",
        "]]>",
        "]",
        "<!--",
        "-->",
        "<?",
        "?>",
        "<!D",
        "&amp;",
        "&#1",
        "&",
        ";",
        "<a b='",
        "'>",
        "x",
        " ",
        "{",
        "}",
        "\"encrypt\"",
        ":",
        ",",
        "\"e\"",
        "[",
        "\u{feff}",
        "王",
    ];
    prop::collection::vec(prop::sample::select(PARTS), 0..24).prop_map(|parts| parts.concat())
}

/// Element, as XML and as the expected value.
#[derive(Clone, Debug)]
enum Content {
    Plain(String),
    Cdata(String),
    Elements(Vec<(String, Content)>),
}

impl Content {
    fn to_xml(&self) -> String {
        fn inner(content: &Content) -> String {
            match content {
                Content::Plain(text) => {
                    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&#x3e;");
                    format!("\n {text}\t")
                }
                Content::Cdata(text) => {
                    format!(" <![CDATA[{}]]> ", text.replace("]]>", "]]]]><![CDATA[>"))
                }
                Content::Elements(elements) => {
                    let element = |(name, content): &(String, Content)| {
                        format!("\n<{name}>{}</{name} ><!-- < -->", inner(content))
                    };
                    elements.iter().map(element).collect::<Vec<_>>().concat()
                }
            }
        }
        format!("<xml>{}</xml>", inner(self))
    }

    fn to_value(&self) -> Value {
        match self {
            Content::Plain(text) => Value::from(text.trim_ascii()),
            Content::Cdata(text) => Value::from(&**text),
            Content::Elements(elements) if elements.is_empty() => Value::from(""),
            Content::Elements(elements) => {
                let mut map = Map::new();
                for (name, _) in elements {
                    let mut values: Vec<_> = elements
                        .iter()
                        .filter(|(other, _)| other == name)
                        .map(|(_, content)| content.to_value())
                        .collect();
                    let value = if values.len() == 1 {
                        values.remove(0)
                    } else {
                        Value::from(values)
                    };
                    map.insert(name.clone(), value);
                }
                Value::from(map)
            }
        }
    }
}

fn document() -> impl Strategy<Value = Content> {
    let text = prop_oneof![
        "[ -~\\n王芳\u{3000}]{0,12}".prop_map(Content::Plain),
        "[ -~\\n王芳\\]>]{0,12}".prop_map(Content::Cdata),
    ];
    let elements =
        |content| prop::collection::vec(("[A-Ca-c][A-Za-z0-9_.-]{0,1}", content), 1..5).prop_map(Content::Elements);
    elements(text.prop_recursive(4, 40, 5, elements).boxed())
}
