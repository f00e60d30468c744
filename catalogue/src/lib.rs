//! The catalogue of WeCom's events: `events.json`, and everything that is generated from it.
//!
//! `events.json` is the one source. It lists each pair of `Event` and `ChangeType`, each message that a member can send to an
//! app and each event of a suite, with WeCom's page, its fields and an example. `cargo run -p catalogue` writes the files of
//! [`generated`]; a test holds them to the source, and sends each example through the callback that receives such events.

mod client_types;
mod documents;

use std::{collections::BTreeMap, path::PathBuf, sync::LazyLock};

use serde::Deserialize;

/// WeCom's events and what is known of their fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Elements that contain elements: type name → child → `text` or another type's name. A child whose name ends with `*`
    /// may repeat.
    pub types: BTreeMap<String, BTreeMap<String, String>>,
    /// Fields of events, by their elements' names.
    pub fields: BTreeMap<String, Field>,
    /// The events, in the order of WeCom's documentation.
    pub entries: Vec<Entry>,
}

/// Type of a field.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Field {
    /// Text, as nearly everything in WeCom's XML is; the description.
    Text(String),
    /// An element that contains elements.
    Structured(Structured),
}

/// A field that contains elements.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Structured {
    /// Its name in [`Catalogue::types`].
    #[serde(rename = "type")]
    pub type_name: String,
    /// Whether some deliveries have plain text instead.
    #[serde(default)]
    pub or_text: bool,
    /// What the field holds, in English.
    pub about: String,
}

/// Event of the catalogue, as `events.json` has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Elements by which WeCom names an event.
    pub kind: Kind,
    /// `Event/ChangeType` or `Event`; `MsgType` of a message; `InfoType` or `InfoType/ChangeType` of a suite's event.
    pub name: String,
    /// `contacts`, `external_contacts`, `app` (what the callback of a self-built app receives besides) or `suite`.
    pub scope: String,
    /// Title in the documents.
    pub title: Title,
    /// The page of developer.work.weixin.qq.com that describes it.
    pub page: String,
    /// Remarks for a consumer.
    pub note: Option<String>,
    /// `FromUserName` of the examples, if it is not `sys`.
    pub from: Option<String>,
    /// The names of its own fields; one that ends with `?` may be missing.
    pub fields: Vec<String>,
    /// Elements after the envelope in an example, as XML.
    pub examples: Vec<String>,
}

/// Elements by which WeCom names an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// By `Event` and `ChangeType`.
    Event,
    /// By `MsgType`.
    Message,
    /// By `InfoType`, at the suite's callback. Those with tickets and codes never reach the bus; a change of members or
    /// customers does, as the event of the same pair.
    Suite,
}

/// A title in both languages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// WeCom's own words.
    #[serde(rename = "zh-CN")]
    pub zh_cn: String,
    /// In English.
    pub en: String,
}

/// The catalogue.
///
/// # Panics
/// Never: a test reads `events.json`.
pub static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| serde_json::from_str(include_str!("../events.json")).expect("events.json is a catalogue"));

/// A file that is made from the catalogue.
#[derive(Debug)]
pub struct Generated {
    /// Path from the root of the repository.
    pub path: PathBuf,
    /// Content of the file.
    pub content: String,
}

/// The files that are made from the catalogue.
#[must_use]
pub fn generated() -> Vec<Generated> {
    let file = |path: &str, content: String| Generated {
        path: path.into(),
        content,
    };
    let catalogue = &*CATALOGUE;
    vec![
        file("docs/payloads.schema.json", documents::schemas(catalogue)),
        file("docs/asyncapi.json", documents::async_api(catalogue)),
        file(
            "clients/typescript/src/catalogue.ts",
            client_types::typescript(catalogue),
        ),
        file(
            "clients/python/src/wecom_authorization_client/catalogue.py",
            client_types::python(catalogue),
        ),
        file("clients/rust/src/catalogue.rs", client_types::rust(catalogue)),
    ]
}

/// The corporation of the examples.
pub const EXAMPLE_CORP: &str = "ww0a1b2c3d4e5f6071";
/// The suite of the examples.
pub const EXAMPLE_SUITE: &str = "ww3f2a9c41d07be865";
/// Time of the examples, in Unix seconds.
pub const EXAMPLE_TIME: i64 = 1_764_001_000;

impl Entry {
    /// `Event`, `MsgType` or `InfoType`.
    #[must_use]
    pub fn event(&self) -> &str {
        self.name.split_once('/').map_or(&self.name, |(event, _)| event)
    }

    /// `ChangeType`, where there is one.
    #[must_use]
    pub fn change_type(&self) -> Option<&str> {
        self.name.split_once('/').map(|(_, change_type)| change_type)
    }

    /// The name of its type in schemas and clients, such as `ChangeContactCreateUser`.
    #[must_use]
    pub fn type_name(&self) -> String {
        let name: String = self.name.split(['/', '_']).map(capitalized).collect();
        match self.kind {
            Kind::Event => name,
            Kind::Message => format!("{name}Message"),
            Kind::Suite => format!("Suite{name}"),
        }
    }

    /// The names of the elements that say which event it is and when it was made.
    #[must_use]
    pub fn envelope(&self) -> &'static [&'static str] {
        match (self.kind, self.change_type()) {
            (Kind::Event, Some(_)) => &[
                "ToUserName",
                "FromUserName",
                "CreateTime",
                "MsgType",
                "Event",
                "ChangeType",
            ],
            (Kind::Event, None) => &["ToUserName", "FromUserName", "CreateTime", "MsgType", "Event"],
            (Kind::Message, _) => &["ToUserName", "FromUserName", "CreateTime", "MsgType"],
            (Kind::Suite, None) => &["SuiteId", "InfoType", "TimeStamp"],
            (Kind::Suite, Some(_)) => &["SuiteId", "InfoType", "TimeStamp", "ChangeType"],
        }
    }

    /// Fixed value of an element of the envelope, if it distinguishes this event from others.
    #[must_use]
    pub fn constant(&self, element: &str) -> Option<&str> {
        match (self.kind, element) {
            (Kind::Event, "MsgType") => Some("event"),
            (Kind::Event, "Event") | (Kind::Message, "MsgType") | (Kind::Suite, "InfoType") => Some(self.event()),
            (_, "ChangeType") => self.change_type(),
            _ => None,
        }
    }

    /// Its own fields: name, and whether it is always there.
    pub fn own_fields(&self) -> impl Iterator<Item = (&str, bool)> {
        self.fields.iter().map(|field| {
            field
                .strip_suffix('?')
                .map_or((field.as_str(), true), |name| (name, false))
        })
    }

    /// Its examples as WeCom sends them, decrypted.
    pub fn xml(&self) -> impl Iterator<Item = String> {
        self.xml_from(EXAMPLE_CORP, EXAMPLE_SUITE, EXAMPLE_TIME)
    }

    /// The same of this corporation or suite, at this time in Unix seconds.
    pub fn xml_from(&self, corp_id: &str, suite_id: &str, time: i64) -> impl Iterator<Item = String> {
        let sender = self.from.as_deref().unwrap_or("sys");
        let envelope = match self.kind {
            Kind::Suite => format!(
                "<SuiteId><![CDATA[{suite_id}]]></SuiteId><InfoType><![CDATA[{}]]></InfoType>\
                 <TimeStamp>{time}</TimeStamp>",
                self.event()
            ),
            Kind::Event | Kind::Message => {
                let kind = match self.kind {
                    Kind::Message => format!("<MsgType><![CDATA[{}]]></MsgType>", self.event()),
                    _ => format!(
                        "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{}]]></Event>",
                        self.event()
                    ),
                };
                format!(
                    "<ToUserName><![CDATA[{corp_id}]]></ToUserName><FromUserName><![CDATA[{sender}]]></FromUserName>\
                     <CreateTime>{time}</CreateTime>{kind}"
                )
            }
        };
        self.examples
            .iter()
            .map(move |body| format!("<xml>{envelope}{body}</xml>"))
    }
}

/// `create` as `Create`, `LOCATION` as `Location`.
fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first
        .into_iter()
        .chain(letters.map(|letter| letter.to_ascii_lowercase()))
        .collect()
}

impl Field {
    /// What the field holds, in English.
    #[must_use]
    pub fn about(&self) -> &str {
        match self {
            Self::Text(about) => about,
            Self::Structured(structured) => &structured.about,
        }
    }
}
