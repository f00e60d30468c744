//! Envelope of a `POST`, in XML or JSON. Only the ciphertext is read: `ToUserName` and `AgentID` beside it are not signed.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize,
    de::{Deserializer, IgnoredAny, MapAccess, Visitor},
};

use crate::markup::{Markup, Piece, XmlError, as_text};

/// Element that holds the ciphertext.
const ENCRYPT: &str = "Encrypt";
/// Depth of that element: a child of the root.
const ENCRYPT_DEPTH: usize = 2;

/// Reason why a body is not an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not UTF-8.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// A document type, or an entity that would need one.
    #[error("the body has a document type or an entity")]
    Forbidden,
    /// Neither well-formed XML nor JSON, or elements nested more than 16 deep.
    #[error("the body is not well-formed")]
    Malformed,
    /// No `Encrypt`, or an empty one.
    #[error("the body has no ciphertext")]
    Missing,
    /// More than one `Encrypt`.
    #[error("the body has more than one ciphertext")]
    Duplicate,
}

impl From<XmlError> for EnvelopeError {
    fn from(error: XmlError) -> Self {
        match error {
            XmlError::NotUtf8 => Self::NotUtf8,
            XmlError::Forbidden => Self::Forbidden,
            XmlError::Malformed | XmlError::TooDeep => Self::Malformed,
        }
    }
}

/// Ciphertext of an envelope: the text of `Encrypt` in XML, or in a body that starts with `{` the value of `encrypt`, its
/// case ignored. It is borrowed from the body unless it is written with references or escapes.
///
/// # Errors
/// [`EnvelopeError`] when the body is not an envelope with exactly one ciphertext.
pub fn encrypt_of(body: &[u8]) -> Result<Cow<'_, str>, EnvelopeError> {
    let body = as_text(body).ok_or(EnvelopeError::NotUtf8)?;
    let encrypt = if body.starts_with('{') {
        in_json(body)?
    } else {
        in_xml(body)?
    };
    encrypt
        .filter(|encrypt| !encrypt.is_empty())
        .ok_or(EnvelopeError::Missing)
}

/// Envelope in XML, as WeCom sends it.
#[must_use]
pub fn xml(to_user_name: &str, agent_id: &str, encrypt: &str) -> String {
    let [to_user_name, agent_id, encrypt] = [to_user_name, agent_id, encrypt].map(cdata);
    format!(
        "<xml><ToUserName>{to_user_name}</ToUserName><AgentID>{agent_id}</AgentID><Encrypt>{encrypt}</Encrypt></xml>"
    )
}

/// Envelope in JSON, as WeCom sends it.
#[must_use]
pub fn json(to_user_name: &str, agent_id: &str, encrypt: &str) -> String {
    serde_json::json!({"tousername": to_user_name, "encrypt": encrypt, "agentid": agent_id}).to_string()
}

fn in_xml(body: &str) -> Result<Option<Cow<'_, str>>, EnvelopeError> {
    let mut markup = Markup::new(body);
    let mut encrypt = None;
    while let Some(piece) = markup.next()? {
        if piece == Piece::Open(ENCRYPT)
            && markup.depth() == ENCRYPT_DEPTH
            && encrypt.replace(markup.element_text()?).is_some()
        {
            return Err(EnvelopeError::Duplicate);
        }
    }
    Ok(encrypt)
}

fn in_json(body: &str) -> Result<Option<Cow<'_, str>>, EnvelopeError> {
    let found: JsonEnvelope<'_> = serde_json::from_str(body).map_err(|_| EnvelopeError::Malformed)?;
    if found.is_duplicate {
        Err(EnvelopeError::Duplicate)
    } else {
        Ok(found.encrypt)
    }
}

/// Ciphertext of a JSON envelope; the other values are skipped, not built.
#[derive(Default)]
struct JsonEnvelope<'a> {
    encrypt: Option<Cow<'a, str>>,
    is_duplicate: bool,
}

impl<'de> Deserialize<'de> for JsonEnvelope<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(JsonEnvelopeVisitor)
    }
}

struct JsonEnvelopeVisitor;

impl<'de> Visitor<'de> for JsonEnvelopeVisitor {
    type Value = JsonEnvelope<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an envelope")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut envelope = JsonEnvelope::default();
        while let Some(JsonText(key)) = map.next_key()? {
            if key.eq_ignore_ascii_case(ENCRYPT) {
                let JsonText(encrypt) = map.next_value()?;
                envelope.is_duplicate |= envelope.encrypt.replace(encrypt).is_some();
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(envelope)
    }
}

/// JSON string, borrowed when it has no escapes.
#[derive(Deserialize)]
struct JsonText<'a>(#[serde(borrow)] Cow<'a, str>);

/// CDATA section; an end mark inside is split over two sections.
fn cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(body: &str) -> EnvelopeError {
        encrypt_of(body.as_bytes()).unwrap_err()
    }

    #[track_caller]
    fn finds(body: &str, expected: &str) {
        assert_eq!(encrypt_of(body.as_bytes()).unwrap(), expected, "{body}");
    }

    #[test]
    fn finds_the_ciphertext_in_xml_in_cdata_or_plain() {
        finds("<xml><Encrypt><![CDATA[a+/=]]></Encrypt></xml>", "a+/=");
        finds("<xml><Encrypt>a+/=</Encrypt></xml>", "a+/=");
        finds("<xml>\n <Encrypt>\r\n\ta+/=\n</Encrypt >\n</xml>\n", "a+/=");
        finds("<xml><Encrypt> <![CDATA[a+/=]]> </Encrypt></xml>", "a+/=");
        finds("<xml><Encrypt>a&#43;/&#x3d;</Encrypt></xml>", "a+/=");
    }

    #[test]
    fn finds_the_ciphertext_at_any_position_among_the_elements() {
        finds("<xml><Encrypt>e</Encrypt><ToUserName/><AgentID>1</AgentID></xml>", "e");
        finds(
            "<xml><AgentID><![CDATA[]]></AgentID><ToUserName>w</ToUserName><Encrypt>e</Encrypt></xml>",
            "e",
        );
        finds(
            "\u{feff}  <?xml version=\"1.0\"?><!-- c --><xml a='>'><Encrypt b=\"1\">e</Encrypt></xml>",
            "e",
        );
    }

    #[test]
    fn borrows_the_ciphertext_from_the_body() {
        let xml = xml("ww01", "", "e");
        assert!(matches!(encrypt_of(xml.as_bytes()).unwrap(), Cow::Borrowed("e")));
        let json = json("ww01", "", "e");
        assert!(matches!(encrypt_of(json.as_bytes()).unwrap(), Cow::Borrowed("e")));
    }

    #[test]
    fn finds_the_ciphertext_in_json_in_any_case_of_its_key() {
        finds(r#"{"tousername":"w","encrypt":"a+/=","agentid":"1"}"#, "a+/=");
        finds(
            r#" { "ToUserName": {"Encrypt": "no"}, "Encrypt": "a+\/=", "AgentID": [1] }"#,
            "a+/=",
        );
        finds(r#"{"\u0065ncrypt":"e"}"#, "e");
    }

    #[test]
    fn finds_the_ciphertext_in_an_envelope_of_its_own() {
        finds(&xml("ww01", "1000002", "a+/="), "a+/=");
        finds(&json("ww01", "1000002", "a+/="), "a+/=");
        let hostile = r#"]]></Encrypt>"<&\"#;
        finds(&xml(hostile, hostile, "e"), "e");
        finds(&xml("", "", hostile), hostile);
        finds(&json(hostile, hostile, "e"), "e");
    }

    #[test]
    fn refuses_a_body_without_a_ciphertext() {
        for body in [
            "<xml></xml>",
            "<xml><ToUserName>w</ToUserName></xml>",
            "<xml><Encrypt></Encrypt></xml>",
            "<xml><Encrypt/></xml>",
            "<xml><Encrypt> \n </Encrypt></xml>",
            "<xml><encrypt>e</encrypt></xml>",
            "<Encrypt>e</Encrypt>",
            "{}",
            r#"{"encrypt":""}"#,
            r#"{"encrypted":"e"}"#,
        ] {
            assert_eq!(error(body), EnvelopeError::Missing, "{body}");
        }
    }

    #[test]
    fn refuses_more_than_one_ciphertext() {
        for body in [
            "<xml><Encrypt>e</Encrypt><Encrypt>e</Encrypt></xml>",
            "<xml><Encrypt/><Encrypt>e</Encrypt></xml>",
            r#"{"encrypt":"e","encrypt":"e"}"#,
            r#"{"encrypt":"e","Encrypt":"f"}"#,
        ] {
            assert_eq!(error(body), EnvelopeError::Duplicate, "{body}");
        }
    }

    #[test]
    fn ignores_a_ciphertext_in_the_wrong_place() {
        finds(
            "<xml><ToUserName><![CDATA[<Encrypt>no</Encrypt>]]></ToUserName><Encrypt>e</Encrypt></xml>",
            "e",
        );
        finds("<xml><!-- <Encrypt>no</Encrypt> --><Encrypt>e</Encrypt></xml>", "e");
        finds("<xml><?p <Encrypt>no</Encrypt> ?><Encrypt>e</Encrypt></xml>", "e");
        finds("<xml><a><Encrypt>no</Encrypt></a><Encrypt>e</Encrypt></xml>", "e");
    }

    #[test]
    fn refuses_a_document_type_and_entities() {
        for body in [
            "<!DOCTYPE xml><xml><Encrypt>e</Encrypt></xml>",
            "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><xml><Encrypt>&e;</Encrypt></xml>",
            "<xml><!DOCTYPE x><Encrypt>e</Encrypt></xml>",
            "<xml><!ENTITY x 'y'><Encrypt>e</Encrypt></xml>",
            "<xml><Encrypt>&e;</Encrypt></xml>",
        ] {
            assert_eq!(error(body), EnvelopeError::Forbidden, "{body}");
        }
    }

    #[test]
    fn refuses_a_body_that_is_neither_xml_nor_json() {
        for body in [
            "",
            " ",
            "success",
            "[]",
            r#"["encrypt"]"#,
            "{",
            r#"{"encrypt":1}"#,
            r#"{"encrypt":null}"#,
            r#"{"encrypt":"e"} x"#,
            "<xml>",
            "<xml><Encrypt>e</Encrypt>",
            "<xml><Encrypt>e</xml>",
            "<xml><Encrypt><![CDATA[e</Encrypt></xml>",
            "<xml><Encrypt>e<b/></Encrypt></xml>",
            "<xml><Encrypt>e</Encrypt></xml><xml/>",
            "<xml><Encrypt>e</Encrypt></xml>x",
            "encrypt=e",
        ] {
            assert_eq!(error(body), EnvelopeError::Malformed, "{body}");
        }
    }

    #[test]
    fn refuses_a_body_that_is_not_utf_8() {
        let body = b"<xml><A>\xff</A><Encrypt>e</Encrypt></xml>";
        assert_eq!(encrypt_of(body).unwrap_err(), EnvelopeError::NotUtf8);
    }

    #[test]
    fn refuses_endless_nesting_without_overflowing_the_stack() {
        assert_eq!(error(&"<a>".repeat(300_000)), EnvelopeError::Malformed);
        assert_eq!(
            error(&format!("{{\"a\":{}", "[".repeat(1_000_000))),
            EnvelopeError::Malformed
        );
    }
}
