//! Elements of WeCom's XML as they are in JSON: an empty one is `""`, and one that may repeat is an array only when it does.

use serde::{Deserialize, Deserializer, Serialize};

/// An element that is plain text in some deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ElementOrText<T> {
    /// The element.
    Element(T),
    /// Its text.
    Text(String),
}

/// Reads an element that contains elements; `None` when it is empty.
pub(crate) fn element<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(match ElementOrText::deserialize(deserializer)? {
        ElementOrText::Element(element) => Some(element),
        ElementOrText::Text(_) => None,
    })
}

/// Reads an element that may repeat.
pub(crate) fn one_or_many<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany<T> {
        Many(Vec<T>),
        One(T),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::Many(many) => many,
        OneOrMany::One(one) => vec![one],
    })
}
