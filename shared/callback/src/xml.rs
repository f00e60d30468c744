//! The message inside: XML, or JSON, as a map of texts that other services can read without knowing
//! either.

use serde_json::map::Entry;
use serde_json::{Map, Value};

use crate::markup::{MAX_DEPTH, MAX_ELEMENTS, Markup, Piece, Text};

/// Where the text of an element that also has elements goes. No element can have this name.
const TEXT_KEY: &str = "#text";

/// Why a message could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Not UTF-8.
    #[error("the message is not UTF-8")]
    NotUtf8,
    /// A document type, or an entity that would need one.
    #[error("the message has a document type or an entity")]
    Forbidden,
    /// Neither well-formed XML nor a JSON object.
    #[error("the message is not well-formed")]
    Malformed,
    /// Too deep, or too many elements.
    #[error("the message is too deep or has too many elements")]
    TooLarge,
}

/// Reads a message: what the root element holds, in its order.
///
/// Every value is a text, without the white space around it (what CDATA holds is kept as it is); an
/// element that holds elements is an object, one that stands there more than once is an array, an
/// empty one is `""`. Text beside elements stands under `#text`; attributes are left out. In a
/// message that is JSON, numbers and truth values become texts too, and of a key that stands there
/// twice the last counts.
///
/// # Errors
/// [`XmlError`] when the message is neither, has a document type, or is larger than any of WeCom's.
pub fn to_json(message: &[u8]) -> Result<Map<String, Value>, XmlError> {
    let message = as_text(message).ok_or(XmlError::NotUtf8)?;
    if message.starts_with('{') {
        from_json(message)
    } else {
        from_xml(message)
    }
}

/// The text of a field at the top, whatever the case of its name: WeCom's own pages write both
/// `NewUserID` and `NewUserId`.
#[must_use]
pub fn text<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    map.iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .find_map(|(_, value)| value.as_str())
}

/// The text of a body: UTF-8, without the byte order mark and the white space that may stand before
/// it.
pub(crate) fn as_text(body: &[u8]) -> Option<&str> {
    let text = str::from_utf8(body).ok()?;
    Some(text.strip_prefix('\u{feff}').unwrap_or(text).trim_ascii_start())
}

/// An element that has begun and not ended.
struct Element<'a> {
    name: &'a str,
    text: Text<'a>,
    children: Map<String, Value>,
}

impl Element<'_> {
    fn into_map(self) -> Map<String, Value> {
        let mut map = self.children;
        let text = self.text.finish();
        if !text.is_empty() {
            map.insert(TEXT_KEY.to_owned(), Value::from(text));
        }
        map
    }

    fn into_value(self) -> Value {
        if self.children.is_empty() {
            Value::from(self.text.finish())
        } else {
            Value::from(self.into_map())
        }
    }
}

fn from_xml(message: &str) -> Result<Map<String, Value>, XmlError> {
    let mut markup = Markup::new(message);
    let mut open: Vec<Element<'_>> = Vec::with_capacity(MAX_DEPTH);
    let mut root = Map::new();
    while let Some(piece) = markup.next()? {
        match (piece, open.last_mut()) {
            (Piece::Open(name), _) => open.push(Element {
                name,
                text: Text::default(),
                children: Map::new(),
            }),
            (Piece::Text(raw), Some(element)) => element.text.push_raw(raw)?,
            (Piece::Cdata(data), Some(element)) => element.text.push_cdata(data),
            (Piece::Close, Some(_)) => {
                let element = open.pop().ok_or(XmlError::Malformed)?;
                match open.last_mut() {
                    Some(parent) => add(&mut parent.children, element.name, element.into_value()),
                    None => root = element.into_map(),
                }
            }
            (_, None) => return Err(XmlError::Malformed),
        }
    }
    Ok(root)
}

/// Adds an element; the second of a name makes an array of both.
fn add(children: &mut Map<String, Value>, name: &str, value: Value) {
    match children.entry(name) {
        Entry::Vacant(vacant) => {
            vacant.insert(value);
        }
        Entry::Occupied(occupied) => match occupied.into_mut() {
            Value::Array(values) => values.push(value),
            single => *single = Value::from(vec![single.take(), value]),
        },
    }
}

fn from_json(message: &str) -> Result<Map<String, Value>, XmlError> {
    let map: Map<String, Value> = serde_json::from_str(message).map_err(|_| XmlError::Malformed)?;
    let mut elements = 1;
    map.into_iter()
        .map(|(key, value)| Ok((key, as_texts(value, 2, &mut elements)?)))
        .collect()
}

/// The same value, with texts where it has numbers and truth values, as if it had been XML.
fn as_texts(value: Value, depth: usize, elements: &mut usize) -> Result<Value, XmlError> {
    *elements += 1;
    if depth > MAX_DEPTH || *elements > MAX_ELEMENTS {
        return Err(XmlError::TooLarge);
    }
    match value {
        Value::Null => Ok(Value::from("")),
        Value::Bool(value) => Ok(Value::from(value.to_string())),
        Value::Number(value) => Ok(Value::from(value.to_string())),
        Value::String(value) => Ok(Value::from(value)),
        Value::Array(values) => values
            .into_iter()
            .map(|value| as_texts(value, depth + 1, elements))
            .collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| Ok((key, as_texts(value, depth + 1, elements)?)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn reads(message: &str, expected: &Value) {
        assert_eq!(
            &Value::from(to_json(message.as_bytes()).unwrap()),
            expected,
            "{message}"
        );
    }

    fn error(message: &str) -> XmlError {
        to_json(message.as_bytes()).unwrap_err()
    }

    #[test]
    fn reads_an_event_in_its_order() {
        let message = "<xml><ToUserName><![CDATA[ww01]]></ToUserName><CreateTime>1764001000</CreateTime>\
            <ChangeType>create_user</ChangeType><Name><![CDATA[王芳]]></Name></xml>";
        let map = to_json(message.as_bytes()).unwrap();
        assert_eq!(
            serde_json::to_string(&map).unwrap(),
            r#"{"ToUserName":"ww01","CreateTime":"1764001000","ChangeType":"create_user","Name":"王芳"}"#
        );
    }

    #[test]
    fn reads_nested_elements_as_objects_and_repeated_ones_as_arrays() {
        reads(
            "<xml><ExtAttr><Item><Name>a</Name><Text><Value>1</Value></Text></Item><Item><Name>b</Name></Item>\
             </ExtAttr><MemChangeList><Item>x</Item><Item>y</Item><Item>z</Item></MemChangeList></xml>",
            &json!({
                "ExtAttr": {"Item": [{"Name": "a", "Text": {"Value": "1"}}, {"Name": "b"}]},
                "MemChangeList": {"Item": ["x", "y", "z"]},
            }),
        );
    }

    #[test]
    fn keeps_the_place_of_the_first_of_repeated_elements() {
        let map = to_json(b"<xml><a>1</a><b>2</b><a>3</a></xml>").unwrap();
        assert_eq!(serde_json::to_string(&map).unwrap(), r#"{"a":["1","3"],"b":"2"}"#);
    }

    #[test]
    fn trims_text_but_not_what_cdata_holds() {
        reads("<xml><a> \t\r\n1 2\n</a></xml>", &json!({"a": "1 2"}));
        reads("<xml><a><![CDATA[ 1 ]]></a></xml>", &json!({"a": " 1 "}));
        // WeCom's own example of a suite ticket has this space.
        reads(
            "<xml><InfoType> <![CDATA[suite_ticket]]>\n</InfoType></xml>",
            &json!({"InfoType": "suite_ticket"}),
        );
        reads("<xml><a> x <![CDATA[ y ]]> z </a></xml>", &json!({"a": "x  y  z"}));
        reads(
            "<xml><a><![CDATA[a]]]]><![CDATA[>b]]></a></xml>",
            &json!({"a": "a]]>b"}),
        );
        reads(
            "<xml><a>\u{3000}王\u{3000}</a></xml>",
            &json!({"a": "\u{3000}王\u{3000}"}),
        );
    }

    #[test]
    fn reads_an_empty_element_as_an_empty_text() {
        reads(
            "<xml><a></a><b/><c /><d><![CDATA[]]></d><e> </e></xml>",
            &json!({"a": "", "b": "", "c": "", "d": "", "e": ""}),
        );
    }

    #[test]
    fn resolves_references_in_text_and_leaves_them_in_cdata() {
        reads(
            "<xml><a>&lt;&gt;&amp;&quot;&apos;&#29579;&#x738b;</a></xml>",
            &json!({"a": "<>&\"'王王"}),
        );
        reads("<xml><a>a&amp;b &amp;lt; c</a></xml>", &json!({"a": "a&b &lt; c"}));
        reads("<xml><a><![CDATA[&lt;]]></a></xml>", &json!({"a": "&lt;"}));
    }

    #[test]
    fn loses_no_text_that_stands_beside_elements() {
        reads(
            "<xml>x<a>y<b/>z</a></xml>",
            &json!({"a": {"b": "", "#text": "yz"}, "#text": "x"}),
        );
        reads("<xml>x</xml>", &json!({"#text": "x"}));
    }

    #[test]
    fn reads_a_root_of_any_name_and_what_may_stand_around_it() {
        reads(
            "\u{feff} <?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!--c--><m><a>1</a></m><!--d-->\n",
            &json!({"a": "1"}),
        );
        reads("<xml/>", &json!({}));
        reads("<xml><!-- <b/> --><a><!-- c -->1<?p q?></a></xml>", &json!({"a": "1"}));
    }

    #[test]
    fn leaves_attributes_out_whatever_they_hold() {
        reads(
            "<xml><a b='>' c=\"/>'\" d = '1' />2<e f='/'></e></xml>",
            &json!({"a": "", "e": "", "#text": "2"}),
        );
    }

    #[test]
    fn reads_json_with_texts_for_values() {
        reads(
            r#" {"MsgId": 6972028683187026694, "a": {"b": [1, true, null, "x", -0.5]}, "c": []}"#,
            &json!({"MsgId": "6972028683187026694", "a": {"b": ["1", "true", "", "x", "-0.5"]}, "c": []}),
        );
    }

    #[test]
    fn finds_a_text_whatever_the_case_of_its_name() {
        let map = to_json(b"<xml><NewUserId>w</NewUserId><a>1</a><a>2</a><b><c/></b></xml>").unwrap();
        assert_eq!(text(&map, "NewUserID"), Some("w"));
        assert_eq!(text(&map, "newuserid"), Some("w"));
        for name in ["NewUser", "a", "b", "c", ""] {
            assert_eq!(text(&map, name), None, "{name}");
        }
    }

    #[test]
    fn finds_a_text_behind_something_else_whose_name_differs_by_case_only() {
        let map = to_json(b"<xml><ID><x/></ID><Id>1</Id></xml>").unwrap();
        assert_eq!(text(&map, "id"), Some("1"));
    }

    #[test]
    fn refuses_a_document_type_and_entities() {
        for message in [
            "<!DOCTYPE xml><xml/>",
            "<!DOCTYPE x [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><xml>&b;</xml>",
            "<xml><!ELEMENT a></xml>",
            "<xml><a>&nbsp;</a></xml>",
            "<xml><a>&;</a></xml>",
            "<xml><a>&LT;</a></xml>",
            "<![cdata[x]]><xml/>",
        ] {
            assert_eq!(error(message), XmlError::Forbidden, "{message}");
        }
    }

    #[test]
    fn refuses_references_to_what_is_no_character() {
        for reference in [
            "#",
            "#x",
            "#0",
            "#x0",
            "#8",
            "#xD800",
            "#x110000",
            "#99999999999",
            "#-1",
            "#+65",
            "#x+41",
            "#6a",
            "#X41",
            "# 65",
        ] {
            assert_eq!(
                error(&format!("<xml><a>&{reference};</a></xml>")),
                XmlError::Malformed,
                "{reference}"
            );
        }
        assert_eq!(error("<xml><a>a & b</a></xml>"), XmlError::Malformed);
        assert_eq!(error("<xml><a>&amp</a></xml>"), XmlError::Malformed);
    }

    #[test]
    fn refuses_what_is_not_well_formed() {
        for message in [
            "",
            " ",
            "x",
            "<",
            "<>",
            "</xml>",
            "<xml",
            "<xml>",
            "<xml><a></xml>",
            "<xml></xml >x",
            "<xml></xml></xml>",
            "<xml></XML>",
            "<xml></xmlx>",
            "<xml></xm>",
            "<xml></ xml>",
            "<xml/><xml/>",
            "<xml><a b='></a></xml>",
            "<xml><a <b/></xml>",
            "<xml><a'b'/></xml>",
            "<xml><1/></xml>",
            "<xml>< a/></xml>",
            "<xml><-a/></xml>",
            "<xml><!-- </xml>",
            "<xml><![CDATA[ </xml>",
            "<xml><? </xml>",
            "<![CDATA[x]]>",
            "<![CDATA[x]]><xml/>",
            "<xml/><![CDATA[]]>",
            "<xml></xml a='1'>",
            "[]",
            "{",
            "{\"a\":1",
            "{\"a\":1}{",
            "{a:1}",
            "<?xml version='1.0'?>",
            "<!-- only -->",
            "<xml><a/b></xml>",
        ] {
            assert_eq!(error(message), XmlError::Malformed, "{message}");
        }
    }

    #[test]
    fn refuses_a_message_that_is_not_utf_8() {
        assert_eq!(to_json(b"<xml><a>\xc3\x28</a></xml>").unwrap_err(), XmlError::NotUtf8);
        assert_eq!(to_json(b"{\"a\":\"\xff\"}").unwrap_err(), XmlError::NotUtf8);
    }

    #[test]
    fn reads_up_to_the_greatest_depth_and_no_further() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(to_json(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(error(&nested(MAX_DEPTH + 1)), XmlError::TooLarge);
        assert_eq!(error(&nested(200_000)), XmlError::TooLarge);
        let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        assert!(to_json(nested(MAX_DEPTH - 1).as_bytes()).is_ok());
        assert_eq!(error(&nested(MAX_DEPTH)), XmlError::TooLarge);
        assert_eq!(error(&nested(200_000)), XmlError::Malformed);
    }

    #[test]
    fn reads_up_to_the_greatest_number_of_elements_and_no_further() {
        let elements = |count: usize| format!("<xml>{}</xml>", "<a/>".repeat(count - 1));
        assert!(to_json(elements(MAX_ELEMENTS).as_bytes()).is_ok());
        assert_eq!(error(&elements(MAX_ELEMENTS + 1)), XmlError::TooLarge);
        let elements = |count: usize| format!("{{\"a\":[{}1]}}", "1,".repeat(count - 3));
        assert!(to_json(elements(MAX_ELEMENTS).as_bytes()).is_ok());
        assert_eq!(error(&elements(MAX_ELEMENTS + 1)), XmlError::TooLarge);
    }
}
