//! Messages in JSON, in the shape of those in XML: every number and truth value as a text.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::markup::{MAX_DEPTH, XmlError};

/// Depth of a field's value: the message itself is the first level.
const FIELD_DEPTH: usize = 2;

/// Reads a message.
///
/// # Errors
/// [`XmlError::Malformed`] when it is not a JSON object, [`XmlError::TooDeep`].
pub(crate) fn to_map(message: &str) -> Result<Map<String, Value>, XmlError> {
    let map: Map<String, Value> = serde_json::from_str(message).map_err(|_| XmlError::Malformed)?;
    map.into_iter()
        .map(|(key, value)| Ok((key, as_texts(value, FIELD_DEPTH)?)))
        .collect()
}

/// Reads the fields before the first error of syntax, except those that are nested too deeply.
pub(crate) fn to_map_lossy(message: &str) -> Map<String, Value> {
    let mut map = Map::new();
    // The error ends the reading; the fields before it are what is wanted.
    let _ = Fields(&mut map).deserialize(&mut serde_json::Deserializer::from_str(message));
    map.into_iter()
        .filter_map(|(key, value)| Some((key, as_texts(value, FIELD_DEPTH).ok()?)))
        .collect()
}

/// Same value, with texts instead of numbers and truth values.
fn as_texts(value: Value, depth: usize) -> Result<Value, XmlError> {
    if depth > MAX_DEPTH {
        return Err(XmlError::TooDeep);
    }
    match value {
        Value::Null => Ok(Value::from("")),
        Value::Bool(value) => Ok(Value::from(value.to_string())),
        Value::Number(value) => Ok(Value::from(value.to_string())),
        Value::String(value) => Ok(Value::from(value)),
        Value::Array(values) => values.into_iter().map(|value| as_texts(value, depth + 1)).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| Ok((key, as_texts(value, depth + 1)?)))
            .collect(),
    }
}

/// Collects the fields of an object outside the deserializer, so that an error does not lose them.
struct Fields<'a>(&'a mut Map<String, Value>);

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some((key, value)) = fields.next_entry()? {
            self.0.insert(key, value);
        }
        Ok(())
    }
}
