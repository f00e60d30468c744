//! Reads a message that is not well-formed: what is undamaged keeps its name and value.
//!
//! Reading never fails and takes time proportional to the length of the message. The rules:
//!
//! - A byte sequence that is not UTF-8 becomes U+FFFD. An unknown reference (`a & b`, `&nbsp;`) stays as it is written.
//! - `<` that begins neither a tag nor a section is text; so is an end tag without a start tag. A document type is text:
//!   none of its entities is ever expanded.
//! - An element without an end tag is text when it has no elements inside (`<b>` in `<Name>a<b>c</Name>`). Otherwise only
//!   its end tag is missing: it keeps its text, and its elements are given to its parent, unless the parent has one of
//!   that name already.
//! - WeCom writes the fields that route an event before those that a person fills in. Of several with one name the first
//!   is the one that [`crate::xml::text`] finds, so that a value cannot replace a field before it.

use std::collections::HashSet;

use serde_json::{Map, Value, map::Entry};

use crate::{
    json,
    markup::{MAX_DEPTH, is_name_byte, starts_with_name, without_bom},
    tree::{self, Element},
};

/// Reads what can be read. The result is never empty: a message without any field is the text of `#text`.
pub(crate) fn recover(message: &[u8]) -> Map<String, Value> {
    let text = String::from_utf8_lossy(message);
    let text = without_bom(&text);
    let payload = if text.starts_with('{') {
        json::to_map_lossy(text)
    } else {
        Recovery::of(text)
    };
    if payload.is_empty() {
        Map::from_iter([(tree::TEXT_KEY.to_owned(), Value::from(text))])
    } else {
        payload
    }
}

/// Element, and the start tag as it was written.
struct Open<'a> {
    element: Element<'a>,
    start_tag: &'a str,
}

struct Recovery<'a> {
    rest: &'a str,
    document: Element<'a>,
    /// Open elements, at most [`MAX_DEPTH`].
    open: Vec<Open<'a>>,
    /// End marks that do not occur in the rest: searching for them again would make the time quadratic.
    absent: HashSet<&'static str>,
}

impl<'a> Recovery<'a> {
    fn of(text: &'a str) -> Map<String, Value> {
        let mut recovery = Self {
            rest: text,
            document: Element::new(""),
            open: Vec::with_capacity(MAX_DEPTH),
            absent: HashSet::new(),
        };
        while !recovery.rest.is_empty() {
            if recovery.markup().is_none() {
                recovery.text();
            }
        }
        recovery.close_down_to(0);
        recovery.document.into_map()
    }

    fn innermost(&mut self) -> &mut Element<'a> {
        match self.open.last_mut() {
            Some(open) => &mut open.element,
            None => &mut self.document,
        }
    }

    /// Takes text up to the next `<`, and the one at the start, which begins no markup.
    fn text(&mut self) {
        let start = usize::from(self.rest.starts_with('<'));
        let length = self
            .rest
            .split_at(start)
            .1
            .find('<')
            .map_or(self.rest.len(), |at| start + at);
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        self.innermost().text.push_raw_lossy(text);
    }

    /// Takes a tag or a section, if there is one at the start.
    fn markup(&mut self) -> Option<()> {
        let after = self.rest.strip_prefix('<')?;
        if let Some(section) = after.strip_prefix("![CDATA[") {
            match self.cut(section, "]]>") {
                Some((data, rest)) => {
                    self.rest = rest;
                    self.innermost().text.push_cdata(data);
                }
                // What follows is read as if the section had not been opened.
                None => self.rest = section,
            }
            return Some(());
        }
        if let Some(comment) = after.strip_prefix("!--") {
            self.rest = self.cut(comment, "-->")?.1;
            return Some(());
        }
        if let Some(instruction) = after.strip_prefix('?').filter(starts_with_name) {
            self.rest = self.cut(instruction, "?>")?.1;
            return Some(());
        }
        // A tag without regard to quotes: WeCom writes no attributes.
        let (tag, rest) = after.split_at(after.find(['<', '>'])?);
        let rest = rest.strip_prefix('>')?;
        if let Some(name) = tag.strip_prefix('/') {
            let name = name.trim_ascii_end();
            let index = self.open.iter().rposition(|open| open.element.name == name)?;
            self.close_down_to(index + 1);
            self.close();
        } else {
            let (head, is_empty) = tag.strip_suffix('/').map_or((tag, false), |head| (head, true));
            let length = head.bytes().take_while(|byte| is_name_byte(*byte)).count();
            let (name, attributes) = head.split_at_checked(length)?;
            let is_tag = starts_with_name(&name)
                && (attributes.is_empty() || attributes.starts_with(|first: char| first.is_ascii_whitespace()));
            if !is_tag || self.open.len() == MAX_DEPTH {
                return None;
            }
            let start_tag = self.rest.split_at_checked(tag.len() + 2)?.0;
            self.open.push(Open {
                element: Element::new(name),
                start_tag,
            });
            if is_empty {
                self.close();
            }
        }
        self.rest = rest;
        Some(())
    }

    /// Closes the innermost element, whose end tag has been found.
    fn close(&mut self) {
        let Some(Open { element, .. }) = self.open.pop() else {
            return;
        };
        let is_root = self.open.is_empty();
        let parent = self.innermost();
        if is_root && !element.children.is_empty() {
            give(element, parent);
        } else {
            let name = element.name;
            tree::add(&mut parent.children, name, element.into_value());
        }
    }

    /// Closes the elements above `depth`, whose end tags are missing.
    fn close_down_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(Open { element, start_tag }) = self.open.pop() else {
                return;
            };
            let is_root = self.open.is_empty();
            let parent = self.innermost();
            if element.children.is_empty() {
                parent.text.push_raw_lossy(start_tag);
                parent.text.push(element.text.finish());
            } else if is_root {
                give(element, parent);
            } else {
                let Element { name, text, children } = element;
                let text = text.finish();
                if !text.is_empty() {
                    tree::add(&mut parent.children, name, Value::from(text));
                }
                give(
                    Element {
                        children,
                        ..Element::new(name)
                    },
                    parent,
                );
            }
        }
    }

    /// Text before an end mark, and after it.
    fn cut(&mut self, text: &'a str, mark: &'static str) -> Option<(&'a str, &'a str)> {
        if self.absent.contains(mark) {
            return None;
        }
        let found = text.split_once(mark);
        if found.is_none() {
            self.absent.insert(mark);
        }
        found
    }
}

/// Moves what an element holds to its parent. What the parent has stays.
fn give<'a>(element: Element<'a>, parent: &mut Element<'a>) {
    for (name, value) in element.children {
        if let Entry::Vacant(vacant) = parent.children.entry(name) {
            vacant.insert(value);
        }
    }
    parent.text.push(element.text.finish());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::xml;

    /// A member event as WeCom orders it, with `name` as it is written in its `Name`, and fields after it.
    fn event(name: &str) -> String {
        format!(
            "<xml><ToUserName><![CDATA[ww01]]></ToUserName><FromUserName>sys</FromUserName><CreateTime>1764001000</CreateTime>\
             <MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_contact]]></Event><ChangeType>update_user</ChangeType>\
             <UserID><![CDATA[wangfang]]></UserID><Name>{name}</Name><Department>3</Department></xml>"
        )
    }

    /// Reads a damaged message: [`xml::to_json_lossy`] has to notice the damage.
    #[track_caller]
    fn read(message: &[u8]) -> Map<String, Value> {
        let recovered = xml::to_json_lossy(message);
        assert!(recovered.damaged, "{}", String::from_utf8_lossy(message));
        recovered.payload
    }

    #[track_caller]
    fn reads(message: &str, expected: &Value) {
        assert_eq!(&Value::from(read(message.as_bytes())), expected, "{message}");
    }

    #[track_caller]
    fn assert_routable(payload: &Map<String, Value>, message: &str) {
        for (field, expected) in [
            ("ToUserName", "ww01"),
            ("CreateTime", "1764001000"),
            ("MsgType", "event"),
            ("Event", "change_contact"),
            ("ChangeType", "update_user"),
            ("UserID", "wangfang"),
        ] {
            assert_eq!(xml::text(payload, field), Some(expected), "{field} of {message}");
        }
    }

    #[test]
    fn damage_in_a_value_leaves_the_value_as_it_is_written_and_the_other_fields_intact() {
        for (written, expected) in [
            ("Tom & Jerry", "Tom & Jerry"),
            ("a&nbsp;b", "a&nbsp;b"),
            ("&", "&"),
            ("&&lt;&;&#0;&#x41;&amp", "&<&;&#0;A&amp"),
            ("https://e.example/?a=1&b=2", "https://e.example/?a=1&b=2"),
            ("a<b", "a<b"),
            ("a<b c", "a<b c"),
            ("a < b > c", "a < b > c"),
            ("<", "<"),
            ("<<<", "<<<"),
            ("</", "</"),
            ("a<b>c", "a<b>c"),
            ("a<b>c<i>d", "a<b>c<i>d"),
            ("a</b>c", "a</b>c"),
            ("a<b='1'>c", "a<b='1'>c"),
            ("<3", "<3"),
            ("<!-- a", "<!-- a"),
            ("a<!b>c", "a<!b>c"),
            ("<?a", "<?a"),
            ("<!DOCTYPE a>", "<!DOCTYPE a>"),
            ("&e;<!ENTITY e 'x'>", "&e;<!ENTITY e 'x'>"),
        ] {
            let payload = read(event(written).as_bytes());
            assert_routable(&payload, written);
            assert_eq!(payload["Name"], expected, "{written}");
            assert_eq!(payload["Department"], "3", "{written}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_replaced() {
        for bytes in [
            &b"\xff"[..],
            b"\xcd\xf5\xb7\xbc",
            b"\xe7\x8e",
            b"\xf0\x9f\x98",
            b"\xed\xa0\x80",
            b"\xc0\x80",
        ] {
            let message = event("@");
            let (before, after) = message.split_once('@').unwrap();
            let message = [before.as_bytes(), bytes, after.as_bytes()].concat();
            let payload = read(&message);
            assert_routable(&payload, "bytes that are not UTF-8");
            assert!(payload["Name"].as_str().unwrap().contains('\u{fffd}'));
            assert_eq!(payload["Department"], "3");
        }
    }

    #[test]
    fn a_section_that_does_not_end_hides_no_field_before_it() {
        let payload = read(event("<![CDATA[a").as_bytes());
        assert_routable(&payload, "a section that does not end");
        assert_eq!(payload["Name"], "a");
        assert_eq!(payload["Department"], "3");
    }

    #[test]
    fn an_end_tag_of_another_case_ends_nothing() {
        reads(
            "<xml><A>1</a></A><B>2</B>&</xml>",
            &json!({"A": "1</a>", "B": "2", "#text": "&"}),
        );
    }

    #[test]
    fn a_missing_end_tag_moves_the_elements_inside_to_the_parent() {
        reads(
            "<xml><A>1<B>2</B><C>3</C></xml>",
            &json!({"A": "1", "B": "2", "C": "3"}),
        );
        reads("<xml><A><B>2</B></xml>", &json!({"B": "2"}));
        reads(
            "<xml><L><I><N>1</N></L><E>2</E></xml>",
            &json!({"L": {"N": "1"}, "E": "2"}),
        );
        reads("<xml><A>1</A><B>2</B>", &json!({"A": "1", "B": "2"}));
        reads(
            "<A>1</A><B>2</B></xml>",
            &json!({"A": "1", "B": "2", "#text": "</xml>"}),
        );
    }

    #[test]
    fn an_element_that_moves_to_the_parent_replaces_nothing() {
        reads(
            "<xml><E>real</E><A>1<E>false</E></xml>",
            &json!({"E": "real", "A": "1"}),
        );
    }

    #[test]
    fn an_unfinished_value_is_not_taken_for_a_whole_one() {
        reads("<xml><A>1</A><UserID>wang", &json!({"A": "1", "#text": "<UserID>wang"}));
        reads(
            "<xml><A>1</A><UserID>wang</xml>",
            &json!({"A": "1", "#text": "<UserID>wang"}),
        );
    }

    #[test]
    fn a_value_with_an_end_tag_of_its_own_element_replaces_no_field_before_it() {
        let message = event("x</Name><ChangeType>delete_user</ChangeType><Name>a & b");
        let payload = read(message.as_bytes());
        assert_routable(&payload, &message);
        assert_eq!(payload["ChangeType"], json!(["update_user", "delete_user"]));
    }

    #[test]
    fn a_document_type_is_never_expanded() {
        let declared = "<!DOCTYPE x [<!ENTITY e \"expanded\"><!ENTITY f SYSTEM \"file:///etc/passwd\">]>";
        let payload = read(format!("{declared}{}", event("&e;&f;")).as_bytes());
        assert_routable(&payload, declared);
        assert_eq!(payload["Name"], "&e;&f;");
    }

    #[test]
    fn text_around_the_root_element_and_a_second_root_element_are_kept() {
        reads("x<xml><A>1</A></xml>y", &json!({"A": "1", "#text": "xy"}));
        reads(
            "<xml><A>1</A></xml><xml><A>2</A><B>3</B></xml>",
            &json!({"A": "1", "B": "3"}),
        );
        reads("1616140317555161061", &json!({"#text": "1616140317555161061"}));
        reads("", &json!({"#text": ""}));
        reads(" <xml>", &json!({"#text": "<xml>"}));
    }

    #[test]
    fn byte_order_marks_and_white_space_may_come_first() {
        for before in ["\u{feff}", "\u{feff}\u{feff}", " \r\n\u{feff} "] {
            let message = format!("{before}{}", event("a & b"));
            assert_routable(&read(message.as_bytes()), before);
            let message = format!("{before}{}", event("a"));
            let whole = xml::to_json_lossy(message.as_bytes());
            assert!(!whole.damaged);
            assert_routable(&whole.payload, before);
        }
    }

    #[test]
    fn elements_that_are_nested_too_deeply_are_text() {
        let nested = |depth: usize| event(&format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth)));
        for depth in [15, 100, 50_000] {
            assert_routable(&read(nested(depth).as_bytes()), "deep nesting");
        }
    }

    #[test]
    fn items_in_any_number_are_read_beside_damage() {
        let items = format!("<Item>x</Item>{}", "<Item/>".repeat(99_999));
        let message = event(&format!("a & b</Name><MemChangeList>{items}</MemChangeList><Name>"));
        let payload = read(message.as_bytes());
        assert_routable(&payload, "many items");
        assert_eq!(payload["MemChangeList"]["Item"].as_array().unwrap().len(), 100_000);
    }

    #[test]
    fn json_is_read_up_to_its_damage() {
        reads(
            r#"{"msgtype":"text","n":1,"a":"x"#,
            &json!({"msgtype": "text", "n": "1"}),
        );
        reads(
            "{\"msgtype\":\"text\",\"a\":\"\n\",\"b\":1}",
            &json!({"msgtype": "text"}),
        );
        reads(r#"{"msgtype":"text"} x"#, &json!({"msgtype": "text"}));
        reads("{", &json!({"#text": "{"}));
        let deep = format!("{{\"msgtype\":\"text\",\"a\":{}1{}}}", "[".repeat(20), "]".repeat(20));
        reads(&deep, &json!({"msgtype": "text"}));
        let payload = read(b"{\"msgtype\":\"text\",\"a\":\"\xff\"}");
        assert_eq!(Value::from(payload), json!({"msgtype": "text", "a": "\u{fffd}"}));
    }

    /// Were a search for an end mark repeated, each of these would take minutes.
    #[test]
    fn a_megabyte_of_markup_without_end_is_read_once() {
        for part in [
            "<![CDATA[",
            "<!--",
            "<?p",
            "<a ",
            "<a '",
            "</a",
            "<a>",
            "</a>",
            "<",
            "&",
            "&a",
            "<a/",
            "<![CDATA[]]",
        ] {
            let message = format!("<xml><A>1</A>{}", part.repeat(1_000_000 / part.len()));
            assert_eq!(read(message.as_bytes())["A"], "1", "{part}");
        }
    }
}
