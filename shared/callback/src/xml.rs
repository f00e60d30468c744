//! Message inside a ciphertext, XML or JSON, as a map of texts that other services can read without knowing either.
//!
//! | in the message | in the map |
//! | --- | --- |
//! | text of an element | string, without the white space around it; the content of CDATA is kept as it is |
//! | elements in an element | object |
//! | elements of the same name | array, at the position of the first |
//! | empty element, JSON `null` | `""` |
//! | text beside elements | string under `#text` |
//! | attributes | dropped |
//! | number or truth value in JSON | string, as it is written |
//!
//! [`to_json`] reads only what is well-formed. An event that WeCom has signed is not sent again in a better form, so
//! code that stores events uses [`to_json_lossy`], which keeps what a damaged message says.

use serde_json::{Map, Value};

pub use crate::markup::XmlError;
use crate::{
    damaged, json,
    markup::{MAX_DEPTH, Markup, Piece, as_text},
    tree::{self, Element},
};

/// Reads a well-formed message.
///
/// # Errors
/// [`XmlError`] when the message is neither XML nor a JSON object, has a document type, or is nested more than 16 deep.
pub fn to_json(message: &[u8]) -> Result<Map<String, Value>, XmlError> {
    let message = as_text(message).ok_or(XmlError::NotUtf8)?;
    if message.starts_with('{') {
        json::to_map(message)
    } else {
        from_xml(message)
    }
}

/// Message read by [`to_json_lossy`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Fields of the message, in the shape of [`to_json`]. Never empty.
    pub payload: Map<String, Value>,
    /// Whether the message was not well-formed. Then the payload may lack or misplace a part of it: keep the bytes too.
    pub damaged: bool,
}

/// Reads a message even when it is damaged: an unescaped `&` or `<`, an unknown entity, a byte that is not UTF-8, a missing
/// or additional tag, a document type. Fields outside the damage keep their names and values, so that an event can still
/// be routed. A message without any field is `{"#text": …}`.
///
/// ```
/// use wecom_callback::xml;
///
/// let event = xml::to_json_lossy(b"<xml><Event>change_contact</Event><Name>Tom & Jerry</Name></xml>");
/// assert!(event.damaged);
/// assert_eq!(xml::text(&event.payload, "Event"), Some("change_contact"));
/// assert_eq!(xml::text(&event.payload, "Name"), Some("Tom & Jerry"));
/// ```
#[must_use]
pub fn to_json_lossy(message: &[u8]) -> Recovered {
    match to_json(message) {
        Ok(payload) => Recovered {
            payload,
            damaged: false,
        },
        Err(_) => Recovered {
            payload: damaged::recover(message),
            damaged: true,
        },
    }
}

/// Text of a field at the top level, for dispatch: without white space and invisible characters around it, even where
/// CDATA holds them. The case of the name is ignored, since WeCom's own pages write both `NewUserID` and `NewUserId`. Of
/// several such fields the first with a text is taken.
#[must_use]
pub fn text<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    map.iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .find_map(|(_, value)| match value {
            Value::Array(values) => values.iter().find_map(Value::as_str),
            value => value.as_str(),
        })
        .map(|text| text.trim_matches(|end: char| end.is_whitespace() || end.is_control() || is_invisible(end)))
}

/// Whether a message is an event or a message of a corporation or a suite: it has a `MsgType` or an `InfoType`. Anything
/// else in a `POST`, such as the plaintext of a URL check that somebody has captured, is to be refused.
#[must_use]
pub fn is_event(map: &Map<String, Value>) -> bool {
    ["MsgType", "InfoType"]
        .into_iter()
        .any(|name| text(map, name).is_some_and(|value| !value.is_empty()))
}

/// Zero-width characters and direction marks, which a person cannot see when they copy a text.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

fn from_xml(message: &str) -> Result<Map<String, Value>, XmlError> {
    let mut markup = Markup::new(message);
    let mut open: Vec<Element<'_>> = Vec::with_capacity(MAX_DEPTH);
    let mut root = Map::new();
    while let Some(piece) = markup.next()? {
        match (piece, open.last_mut()) {
            (Piece::Open(name), _) => open.push(Element::new(name)),
            (Piece::Text(raw), Some(element)) => element.text.push_raw(raw)?,
            (Piece::Cdata(data), Some(element)) => element.text.push_cdata(data),
            (Piece::Close, Some(_)) => {
                let element = open.pop().ok_or(XmlError::Malformed)?;
                match open.last_mut() {
                    Some(parent) => {
                        let name = element.name;
                        tree::add(&mut parent.children, name, element.into_value());
                    }
                    None => root = element.into_map(),
                }
            }
            (_, None) => return Err(XmlError::Malformed),
        }
    }
    Ok(root)
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
        assert_eq!(text(&map, "A"), Some("1"));
        for name in ["NewUser", "b", "c", ""] {
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
        assert_eq!(error(&nested(MAX_DEPTH + 1)), XmlError::TooDeep);
        assert_eq!(error(&nested(200_000)), XmlError::TooDeep);
        let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        assert!(to_json(nested(MAX_DEPTH - 1).as_bytes()).is_ok());
        assert_eq!(error(&nested(MAX_DEPTH)), XmlError::TooDeep);
        assert_eq!(error(&nested(200_000)), XmlError::Malformed);
    }

    #[test]
    fn reads_as_many_elements_as_fit_into_a_body() {
        let map = to_json(format!("<xml>{}</xml>", "<Item>x</Item>".repeat(100_000)).as_bytes()).unwrap();
        assert_eq!(map["Item"].as_array().unwrap().len(), 100_000);
        let map = to_json(format!("{{\"a\":[{}1]}}", "1,".repeat(299_999)).as_bytes()).unwrap();
        assert_eq!(map["a"].as_array().unwrap().len(), 300_000);
    }

    #[test]
    fn finds_a_text_without_white_space_or_invisible_characters_around_it() {
        for written in [
            "<![CDATA[ change_contact ]]>",
            "<![CDATA[\r\n\tchange_contact\n]]>",
            " \n<![CDATA[change_contact ]]>\n",
            "<![CDATA[\u{feff}change_contact\u{200b}]]>",
            "\u{a0}change_contact\u{3000}\u{2060}",
            "<![CDATA[\u{200e}change_contact\0\u{202c}]]>",
            "&#32;change_contact&#10;",
        ] {
            let map = to_json(format!("<xml><Event>{written}</Event></xml>").as_bytes()).unwrap();
            assert_eq!(text(&map, "Event"), Some("change_contact"), "{written:?}");
        }
        let map = to_json("<xml><Event>a\u{200b} b</Event></xml>".as_bytes()).unwrap();
        assert_eq!(text(&map, "Event"), Some("a\u{200b} b"));
    }

    #[test]
    fn takes_the_first_text_of_several() {
        let map = to_json(b"<xml><Event><x/></Event><Event>1</Event><Event>2</Event></xml>").unwrap();
        assert_eq!(text(&map, "Event"), Some("1"));
    }

    #[test]
    fn an_event_has_a_message_type_or_an_info_type() {
        let is_event = |message: &str| is_event(&to_json_lossy(message.as_bytes()).payload);
        for message in [
            "<xml><MsgType>event</MsgType></xml>",
            "<xml><InfoType><![CDATA[ suite_ticket ]]></InfoType></xml>",
            "<xml><Name>a & b</Name><MsgType>event</MsgType></xml>",
            r#"{"msgtype":"text"}"#,
        ] {
            assert!(is_event(message), "{message}");
        }
        for message in [
            "1616140317555161061",
            "",
            "{}",
            "<xml/>",
            "<xml><MsgType/></xml>",
            "<xml><MsgType><![CDATA[ ]]></MsgType></xml>",
            "<xml><MsgType><a>event</a></MsgType></xml>",
            "<xml><a><MsgType>event</MsgType></a></xml>",
            "<xml><Event>change_contact</Event></xml>",
            r#"{"msg":"text"}"#,
        ] {
            assert!(!is_event(message), "{message}");
        }
    }
}
