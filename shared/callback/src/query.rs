//! Query of a callback, read from the raw text: a gateway that decodes it may damage the base64 inside.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

const MSG_SIGNATURE: &str = "msg_signature";
const TIMESTAMP: &str = "timestamp";
const NONCE: &str = "nonce";
const ECHOSTR: &str = "echostr";

/// Greatest length of a value. A signature has 40 digits; `timestamp` and `nonce` have 10 to 20 characters.
const MAX_VALUE_BYTES: usize = 128;
/// Greatest length of an `echostr`, which has about 90 characters.
const MAX_ECHOSTR_BYTES: usize = 4096;

/// Reason why a query is not one that WeCom would send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// None of the parameters is present: most likely a person opened the URL in a browser.
    #[error("the query has none of a callback's parameters")]
    Empty,
    /// The named parameter is absent, but others are present.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// The named parameter is empty, too long, repeated or not UTF-8.
    #[error("{0} is malformed")]
    Malformed(&'static str),
}

/// Parameters of a callback's query, none of which is authenticated before [`verify`](crate::verify).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackQuery {
    /// Signature over `timestamp`, `nonce` and the ciphertext: `Encrypt` of a `POST`, `echostr` of a `GET`.
    pub msg_signature: String,
    /// Seconds since 1970, as the text that is signed.
    pub timestamp: String,
    /// Random text, as it is signed.
    pub nonce: String,
    /// Ciphertext of a URL check; see [`Message::echo`](crate::Message::echo). Absent in a `POST`.
    pub echostr: Option<String>,
}

impl CallbackQuery {
    /// Reads a raw query, without its `?`. Percent encoding is decoded once. A `+` is a `+`; in `echostr`, which is base64,
    /// a space is a `+` that was decoded on the way. Other parameters are ignored.
    ///
    /// # Errors
    /// [`QueryError`] for the first parameter that is missing or malformed.
    pub fn parse(raw_query: &str) -> Result<Self, QueryError> {
        let mut found = Found::default();
        for pair in raw_query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            found.take(name, value)?;
        }
        found.finish()
    }
}

/// Parameters read so far.
#[derive(Default)]
struct Found {
    msg_signature: Option<String>,
    timestamp: Option<String>,
    nonce: Option<String>,
    echostr: Option<String>,
}

impl Found {
    fn take(&mut self, raw_name: &str, raw_value: &str) -> Result<(), QueryError> {
        let Ok(name) = percent_decode_str(raw_name).decode_utf8() else {
            return Ok(());
        };
        let (name, slot, max_bytes) = match &*name {
            MSG_SIGNATURE => (MSG_SIGNATURE, &mut self.msg_signature, MAX_VALUE_BYTES),
            TIMESTAMP => (TIMESTAMP, &mut self.timestamp, MAX_VALUE_BYTES),
            NONCE => (NONCE, &mut self.nonce, MAX_VALUE_BYTES),
            ECHOSTR => (ECHOSTR, &mut self.echostr, MAX_ECHOSTR_BYTES),
            _ => return Ok(()),
        };
        let value = decode(raw_value, max_bytes).ok_or(QueryError::Malformed(name))?;
        match slot.replace(value) {
            None => Ok(()),
            Some(_) => Err(QueryError::Malformed(name)),
        }
    }

    fn finish(self) -> Result<CallbackQuery, QueryError> {
        let Self {
            msg_signature,
            timestamp,
            nonce,
            echostr,
        } = self;
        if msg_signature.is_none() && timestamp.is_none() && nonce.is_none() && echostr.is_none() {
            return Err(QueryError::Empty);
        }
        Ok(CallbackQuery {
            msg_signature: msg_signature.ok_or(QueryError::Missing(MSG_SIGNATURE))?,
            timestamp: timestamp.ok_or(QueryError::Missing(TIMESTAMP))?,
            nonce: nonce.ok_or(QueryError::Missing(NONCE))?,
            // Base64 has no spaces: this one was a `+`, decoded as in a form.
            echostr: echostr.map(|echostr| echostr.replace(' ', "+")),
        })
    }
}

/// Decoded value; none when it is empty, too long or not UTF-8. The raw text, at most three times as long, is measured
/// first, so that nothing long is decoded.
fn decode(raw: &str, max_bytes: usize) -> Option<String> {
    if raw.len() > 3 * max_bytes {
        return None;
    }
    let value = percent_decode_str(raw).decode_utf8().ok().map(Cow::into_owned)?;
    (1..=max_bytes).contains(&value.len()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str = "msg_signature=5c45&timestamp=1409659589&nonce=263014780";

    fn error(raw_query: &str) -> QueryError {
        CallbackQuery::parse(raw_query).unwrap_err()
    }

    fn echostr(raw: &str) -> String {
        let query = CallbackQuery::parse(&format!("{SIGNED}&echostr={raw}")).unwrap();
        query.echostr.unwrap()
    }

    #[test]
    fn reads_a_delivery_that_has_no_echostr() {
        let query = CallbackQuery::parse(SIGNED).unwrap();
        assert_eq!(query.msg_signature, "5c45");
        assert_eq!(query.timestamp, "1409659589");
        assert_eq!(query.nonce, "263014780");
        assert_eq!(query.echostr, None);
    }

    #[test]
    fn reads_the_parameters_in_any_order_among_others() {
        let query = "a=1&nonce=n&&echostr=e&=x&timestamp=t&b&msg_signature=s&%ff=1&msg_signature2=z";
        let query = CallbackQuery::parse(query).unwrap();
        assert_eq!(
            (&*query.msg_signature, &*query.timestamp, &*query.nonce),
            ("s", "t", "n")
        );
        assert_eq!(query.echostr.as_deref(), Some("e"));
    }

    #[test]
    fn undoes_percent_encoding_once() {
        assert_eq!(echostr("a%2Fb%2Bc%3D%3D"), "a/b+c==");
        assert_eq!(echostr("a%2fb%2bc%3d%3d"), "a/b+c==");
        assert_eq!(echostr("a%252Bc"), "a%2Bc");
    }

    #[test]
    fn takes_plus_and_space_in_echostr_for_plus() {
        for raw in ["a+b==", "a b==", "a%20b==", "a%2Bb=="] {
            assert_eq!(echostr(raw), "a+b==", "{raw}");
        }
    }

    #[test]
    fn leaves_plus_in_the_other_values_alone() {
        let query = CallbackQuery::parse("msg_signature=s&timestamp=1&nonce=a+b%20c").unwrap();
        assert_eq!(query.nonce, "a+b c");
    }

    #[test]
    fn reads_names_that_are_percent_encoded() {
        assert!(CallbackQuery::parse("msg%5Fsignature=s&timestamp=1&%6Eonce=n").is_ok());
        assert_eq!(error(&format!("{SIGNED}&%6Eonce=n")), QueryError::Malformed(NONCE));
    }

    #[test]
    fn tells_a_browser_from_a_broken_request() {
        for raw_query in ["", "&", "=", "utm_source=x&y", "%ff=%ff", "MSG_SIGNATURE=s"] {
            assert_eq!(error(raw_query), QueryError::Empty, "{raw_query}");
        }
        assert_eq!(error("echostr=e"), QueryError::Missing(MSG_SIGNATURE));
    }

    #[test]
    fn names_what_is_missing() {
        assert_eq!(error("timestamp=1&nonce=n"), QueryError::Missing(MSG_SIGNATURE));
        assert_eq!(error("msg_signature=s&nonce=n"), QueryError::Missing(TIMESTAMP));
        assert_eq!(error("msg_signature=s&timestamp=1"), QueryError::Missing(NONCE));
    }

    #[test]
    fn refuses_a_parameter_that_is_there_twice_even_with_the_same_value() {
        for name in [MSG_SIGNATURE, TIMESTAMP, NONCE, ECHOSTR] {
            let raw_query = format!("{SIGNED}&echostr=e&{name}=263014780");
            assert_eq!(error(&raw_query), QueryError::Malformed(name), "{name}");
        }
    }

    #[test]
    fn refuses_a_parameter_that_is_empty() {
        assert_eq!(
            error("msg_signature=&timestamp=1&nonce=n"),
            QueryError::Malformed(MSG_SIGNATURE)
        );
        assert_eq!(
            error("msg_signature=s&timestamp&nonce=n"),
            QueryError::Malformed(TIMESTAMP)
        );
        assert_eq!(error(&format!("{SIGNED}&echostr=")), QueryError::Malformed(ECHOSTR));
    }

    #[test]
    fn refuses_a_parameter_that_is_too_long() {
        let at_most = "1".repeat(MAX_VALUE_BYTES);
        assert!(CallbackQuery::parse(&format!("msg_signature=s&timestamp=1&nonce={at_most}")).is_ok());
        for nonce in [
            format!("{at_most}1"),
            "%31".repeat(MAX_VALUE_BYTES + 1),
            "1".repeat(1 << 20),
        ] {
            let raw_query = format!("msg_signature=s&timestamp=1&nonce={nonce}");
            assert_eq!(error(&raw_query), QueryError::Malformed(NONCE));
        }
        let echostr = "A".repeat(MAX_ECHOSTR_BYTES + 1);
        assert_eq!(
            error(&format!("{SIGNED}&echostr={echostr}")),
            QueryError::Malformed(ECHOSTR)
        );
    }

    #[test]
    fn takes_a_value_of_the_greatest_length_with_every_byte_encoded() {
        let nonce = "%31".repeat(MAX_VALUE_BYTES);
        let query = CallbackQuery::parse(&format!("msg_signature=s&timestamp=1&nonce={nonce}")).unwrap();
        assert_eq!(query.nonce.len(), MAX_VALUE_BYTES);
    }

    #[test]
    fn refuses_a_parameter_that_is_not_utf_8() {
        assert_eq!(
            error("msg_signature=s&timestamp=%ff&nonce=n"),
            QueryError::Malformed(TIMESTAMP)
        );
    }

    #[test]
    fn says_which_parameter_without_its_value() {
        assert_eq!(QueryError::Missing(NONCE).to_string(), "nonce is missing");
        assert_eq!(QueryError::Malformed(ECHOSTR).to_string(), "echostr is malformed");
    }
}
