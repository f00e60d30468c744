//! The message reader of `wecom_callback::xml`, written with quick-xml: what the tokenizer of our own is compared with.

use quick_xml::{Reader, events::Event};
use serde_json::{Map, Value};

/// Greatest depth of elements, as `wecom_callback::xml::to_json` documents it.
const MAX_DEPTH: usize = 16;

/// Reads a message in XML, in the shape that `wecom_callback::xml` documents; none when it is not well-formed, or has what
/// the product refuses: a document type, an unknown entity, too great a depth.
pub(crate) fn to_json(message: &[u8]) -> Option<Map<String, Value>> {
    let text = str::from_utf8(message).ok()?;
    let text = text.trim_start_matches(|first: char| first == '\u{feff}' || first.is_ascii_whitespace());
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        let event = reader.read_event().ok()?;
        let innermost = open.last_mut()?;
        match event {
            Event::Start(tag) => {
                is_name(tag.name().as_ref()).then_some(())?;
                open.push(Element::named(tag.name().as_ref()));
            }
            Event::Empty(tag) => {
                is_name(tag.name().as_ref()).then_some(())?;
                (open.len() <= MAX_DEPTH).then_some(())?;
                let element = Element::named(tag.name().as_ref());
                open.last_mut()?.children.push(element);
            }
            Event::End(_) => {
                let element = open.pop()?;
                open.last_mut()?.children.push(element);
            }
            Event::Text(text) => innermost.push_raw(&text),
            Event::GeneralRef(reference) => innermost.push_raw(&format!("&{};", &*reference)),
            Event::CData(data) => innermost.text.push(Segment::Cdata(data.to_string())),
            Event::PI(instruction) if !starts_with_name(&instruction) => return None,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => innermost.text.push(Segment::Nothing),
            Event::DocType(_) => return None,
            Event::Eof => break,
        }
        (open.len() <= MAX_DEPTH + 1).then_some(())?;
    }
    let document = open.pop().filter(|_| open.is_empty())?;
    let is_blank = |segment: &Segment| match segment {
        Segment::Raw(text) => text.trim_ascii().is_empty(),
        Segment::Cdata(_) => false,
        Segment::Nothing => true,
    };
    let [root] = <[Element; 1]>::try_from(document.children).ok()?;
    if !document.text.iter().all(is_blank) {
        return None;
    }
    match root.into_value(true)? {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// Whether a document has attributes, the syntax of which neither parser checks in full.
pub(crate) fn has_attributes(message: &str) -> bool {
    let mut reader = Reader::from_str(message);
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(tag) | Event::Empty(tag) if tag.len() > tag.name().as_ref().len() => return true,
            Event::Eof => return false,
            _ => {}
        }
    }
    false
}

#[derive(Default)]
struct Element {
    name: String,
    text: Vec<Segment>,
    children: Vec<Element>,
}

enum Segment {
    Raw(String),
    Cdata(String),
    /// A comment or an instruction, which separates two texts.
    Nothing,
}

impl Element {
    fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// Joins what quick-xml gives in pieces: a text and the references in it.
    fn push_raw(&mut self, text: &str) {
        match self.text.last_mut() {
            Some(Segment::Raw(raw)) => raw.push_str(text),
            _ => self.text.push(Segment::Raw(text.to_owned())),
        }
    }

    fn text(&self) -> Option<String> {
        let mut text = String::new();
        let mut keep = 0;
        for segment in &self.text {
            match segment {
                Segment::Raw(raw) if text.is_empty() => text.push_str(&resolve(raw.trim_ascii_start())?),
                Segment::Raw(raw) => text.push_str(&resolve(raw)?),
                Segment::Cdata(data) => {
                    text.push_str(data);
                    keep = text.len();
                }
                Segment::Nothing => {}
            }
        }
        text.truncate(text.trim_ascii_end().len().max(keep));
        Some(text)
    }

    fn into_value(self, is_root: bool) -> Option<Value> {
        let text = self.text()?;
        if self.children.is_empty() && !is_root {
            return Some(Value::from(text));
        }
        let mut map = Map::new();
        for child in self.children {
            let name = child.name.clone();
            let value = child.into_value(false)?;
            match map.get_mut(&name) {
                None => {
                    map.insert(name, value);
                }
                Some(Value::Array(values)) => values.push(value),
                Some(single) => *single = Value::from(vec![single.take(), value]),
            }
        }
        if !text.is_empty() {
            map.insert("#text".to_owned(), Value::from(text));
        }
        Some(Value::from(map))
    }
}

/// Resolves references with quick-xml; none when one of them is not known to XML, or no character of XML.
fn resolve(raw: &str) -> Option<String> {
    let text = quick_xml::escape::unescape(raw).ok()?;
    // quick-xml takes references to every character but NUL.
    let is_allowed = |reference: &str| {
        let Some(number) = reference.strip_prefix('#') else {
            return true;
        };
        let code = match number.strip_prefix('x') {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        code.is_ok_and(|code| code >= 32 || [9, 10, 13].contains(&code))
    };
    let mut references = raw.split('&').skip(1).filter_map(|part| Some(part.split_once(';')?.0));
    references.all(is_allowed).then(|| text.into_owned())
}

/// quick-xml takes any text for a name.
fn starts_with_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

fn is_name(name: &str) -> bool {
    starts_with_name(name)
        && name
            .chars()
            .all(|other| other.is_ascii_alphanumeric() || "_-.:".contains(other) || !other.is_ascii())
}
