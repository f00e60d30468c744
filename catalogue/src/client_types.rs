//! The clients' types. A suite's events are not among them: what of them reaches the bus has the form of a corporation's event.

use std::fmt::Write as _;

use crate::{Catalogue, Entry, Field, Kind};

const NOTICE: &str = "Generated from catalogue/events.json by `cargo run -p catalogue`. Do not edit.";

fn on_the_bus(catalogue: &Catalogue) -> impl Iterator<Item = &Entry> {
    catalogue.entries.iter().filter(|entry| entry.kind != Kind::Suite)
}

/// Name of an entry in a client: as in the catalogue, except messages, which share names with events.
fn key(entry: &Entry) -> String {
    match entry.kind {
        Kind::Message => format!("message:{}", entry.name),
        Kind::Event | Kind::Suite => entry.name.clone(),
    }
}

fn description(entry: &Entry) -> String {
    let mut text = format!("{} · {}.", entry.title.zh_cn, entry.title.en);
    if let Some(note) = &entry.note {
        text.push(' ');
        text.push_str(note);
    }
    text
}

/// A field as the generators need it: name, description, whether it is always there, what it contains.
struct Member<'a> {
    name: &'a str,
    about: &'a str,
    is_required: bool,
    content: Content<'a>,
}

enum Content<'a> {
    Constant(&'a str),
    Text,
    Element { type_name: &'a str, or_text: bool },
}

fn members<'a>(catalogue: &'a Catalogue, entry: &'a Entry) -> impl Iterator<Item = Member<'a>> {
    let envelope = entry.envelope().iter().map(|name| (*name, true));
    envelope.chain(entry.own_fields()).filter_map(|(name, is_required)| {
        let field = catalogue.fields.get(name)?;
        let content = match (entry.constant(name), field) {
            (Some(constant), _) => Content::Constant(constant),
            (None, Field::Text(_)) => Content::Text,
            (None, Field::Structured(of)) => Content::Element {
                type_name: &of.type_name,
                or_text: of.or_text,
            },
        };
        Some(Member {
            name,
            about: field.about(),
            is_required,
            content,
        })
    })
}

/// A child of an element: name, its type unless it is text, whether it may repeat.
fn children<'a>(catalogue: &'a Catalogue, name: &str) -> impl Iterator<Item = (&'a str, Option<&'a str>, bool)> {
    catalogue.types.get(name).into_iter().flatten().map(|(child, of)| {
        let of = (of != "text").then_some(of.as_str());
        child
            .strip_suffix('*')
            .map_or((child.as_str(), of, false), |child| (child, of, true))
    })
}

pub(crate) fn typescript(catalogue: &Catalogue) -> String {
    let mut text = format!("// {NOTICE}\n");
    for name in catalogue.types.keys() {
        let _ = write!(text, "\n/** An element of an event. */\nexport interface {name} {{\n");
        for (child, of, may_repeat) in children(catalogue, name) {
            let one = of.map_or_else(|| "string".to_owned(), |of| format!("{of} | \"\""));
            let many = if may_repeat {
                format!(" | ({one})[]")
            } else {
                String::new()
            };
            let _ = writeln!(text, "  {child}?: {one}{many};");
        }
        text.push_str("}\n");
    }
    for entry in on_the_bus(catalogue) {
        let _ = write!(
            text,
            "\n/** {} */\nexport interface {} {{\n",
            description(entry),
            entry.type_name()
        );
        for member in members(catalogue, entry) {
            let of = match member.content {
                Content::Constant(constant) => format!("\"{constant}\""),
                Content::Text => "string".to_owned(),
                Content::Element {
                    type_name,
                    or_text: false,
                } => format!("{type_name} | \"\""),
                Content::Element {
                    type_name,
                    or_text: true,
                } => format!("{type_name} | string"),
            };
            let question = if member.is_required { "" } else { "?" };
            let _ = write!(text, "  /** {} */\n  {}{question}: {of};\n", member.about, member.name);
        }
        text.push_str("}\n");
    }
    text.push_str("\n/** The payload of each event, by `Event/ChangeType`, `Event` or `message:MsgType`. */\n");
    text.push_str("export interface Payloads {\n");
    for entry in on_the_bus(catalogue) {
        let _ = writeln!(text, "  \"{}\": {};", key(entry), entry.type_name());
    }
    text.push_str("}\n");
    text
}

pub(crate) fn python(catalogue: &Catalogue) -> String {
    let mut text = format!(
        "# {NOTICE}\n\"\"\"The payload of each of WeCom's events.\"\"\"\n\nfrom __future__ import annotations\n\n"
    );
    text.push_str("from typing import Literal, NotRequired, TypedDict\n");
    for name in catalogue.types.keys() {
        let _ = write!(
            text,
            "\n\nclass {name}(TypedDict, total=False):\n    \"\"\"An element of an event.\"\"\"\n\n"
        );
        for (child, of, may_repeat) in children(catalogue, name) {
            let one = of.map_or_else(|| "str".to_owned(), |of| format!("{of} | Literal[\"\"]"));
            let many = if may_repeat {
                format!(" | list[{one}]")
            } else {
                String::new()
            };
            let _ = writeln!(text, "    {child}: {one}{many}");
        }
    }
    for entry in on_the_bus(catalogue) {
        let _ = write!(
            text,
            "\n\nclass {}(TypedDict):\n    \"\"\"{}\"\"\"\n\n",
            entry.type_name(),
            description(entry)
        );
        for member in members(catalogue, entry) {
            let of = match member.content {
                Content::Constant(constant) => format!("Literal[\"{constant}\"]"),
                Content::Text => "str".to_owned(),
                Content::Element {
                    type_name,
                    or_text: false,
                } => format!("{type_name} | Literal[\"\"]"),
                Content::Element {
                    type_name,
                    or_text: true,
                } => format!("{type_name} | str"),
            };
            let of = if member.is_required {
                of
            } else {
                format!("NotRequired[{of}]")
            };
            let _ = write!(text, "    {}: {of}\n    \"\"\"{}\"\"\"\n", member.name, member.about);
        }
    }
    text.push_str("\n\nPayload = (\n");
    for (number, entry) in on_the_bus(catalogue).enumerate() {
        let _ = writeln!(text, "    {}{}", if number == 0 { "" } else { "| " }, entry.type_name());
    }
    text.push_str(")\n\n#: The type of each event's payload, by `Event/ChangeType`, `Event` or `message:MsgType`.\n");
    text.push_str("PAYLOADS: dict[str, type] = {\n");
    for entry in on_the_bus(catalogue) {
        let _ = writeln!(text, "    \"{}\": {},", key(entry), entry.type_name());
    }
    text.push_str("}\n");
    text
}

pub(crate) fn rust(catalogue: &Catalogue) -> String {
    let mut text = format!(
        "// {NOTICE}\n//! The payload of each of WeCom's events.\n\nuse serde::{{Deserialize, Serialize}};\n\
         use serde_json::Value;\n\nuse crate::element::{{ElementOrText, element, one_or_many}};\n"
    );
    for name in catalogue.types.keys() {
        let _ = write!(
            text,
            "\n/// An element of an event.\n{DERIVE}, Default)]\n#[serde(default)]\npub struct {name} {{\n"
        );
        for (child, of, may_repeat) in children(catalogue, name) {
            let one = of.unwrap_or("String");
            let (reader, of) = match (may_repeat, of) {
                (true, _) => (", deserialize_with = \"one_or_many\"", format!("Vec<{one}>")),
                (false, None) => ("", "Option<String>".to_owned()),
                (false, Some(_)) => (", deserialize_with = \"element\"", format!("Option<{one}>")),
            };
            let _ = write!(
                text,
                "    /// `{child}`.\n    #[serde(rename = \"{child}\"{reader})]\n    pub {}: {of},\n",
                snake(child)
            );
        }
        text.push_str("}\n");
    }
    for entry in on_the_bus(catalogue) {
        let _ = write!(
            text,
            "\n/// {}\n{DERIVE})]\npub struct {} {{\n",
            description(entry),
            entry.type_name()
        );
        for member in members(catalogue, entry) {
            let of = match member.content {
                Content::Constant(_) | Content::Text => "String".to_owned(),
                Content::Element {
                    type_name,
                    or_text: false,
                } => type_name.to_owned(),
                Content::Element {
                    type_name,
                    or_text: true,
                } => format!("ElementOrText<{type_name}>"),
            };
            let is_element = matches!(member.content, Content::Element { or_text: false, .. });
            let (attributes, of) = match (member.is_required, is_element) {
                (true, false) => ("", of),
                (false, false) => (", default", format!("Option<{of}>")),
                (_, true) => (", default, deserialize_with = \"element\"", format!("Option<{of}>")),
            };
            let name = member.name;
            let _ = write!(
                text,
                "    /// {}\n    #[serde(rename = \"{name}\"{attributes})]\n    pub {}: {of},\n",
                member.about,
                snake(name)
            );
        }
        text.push_str("}\n");
    }
    let _ = write!(
        text,
        "\n/// What an event said.\n{DERIVE})]\n#[serde(untagged)]\n#[non_exhaustive]\npub enum Payload {{\n"
    );
    for entry in on_the_bus(catalogue) {
        let _ = write!(
            text,
            "    /// `{}`\n    {name}(Box<{name}>),\n",
            key(entry),
            name = entry.type_name()
        );
    }
    text.push_str(
        "    /// An event that the catalogue does not know, or one that is not as it says.\n    Other(Value),\n}\n",
    );
    text.push_str("\nimpl Payload {\n    /// Reads the payload of the event of this name: `Event/ChangeType`, `Event` or `message:MsgType`.\n");
    text.push_str(
        "    #[must_use]\n    pub fn read(name: &str, payload: Value) -> Self {\n        let read = match name {\n",
    );
    for entry in on_the_bus(catalogue) {
        let _ = writeln!(
            text,
            "            \"{}\" => serde_json::from_value(payload.clone()).map(Self::{}),",
            key(entry),
            entry.type_name()
        );
    }
    text.push_str("            _ => return Self::Other(payload),\n        };\n        read.unwrap_or(Self::Other(payload))\n    }\n}\n");
    text
}

const DERIVE: &str = "#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize";

/// `ExternalUserID` as `external_user_id`.
fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| letters.get(before));
        let begins_word = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                let after_is_lower = letters.get(index + 1).is_some_and(char::is_ascii_lowercase);
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && after_is_lower)
            });
        if begins_word {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    if snake == "type" { "r#type".to_owned() } else { snake }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_rust_writes_them() {
        for (name, expected) in [
            ("ExternalUserID", "external_user_id"),
            ("Location_X", "location_x"),
            ("PicMd5Sum", "pic_md5_sum"),
            ("Type", "r#type"),
            ("item", "item"),
        ] {
            assert_eq!(snake(name), expected);
        }
    }
}
