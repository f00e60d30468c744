//! Reads the fields of a JSON object, or the parameters of a query, into a type, and says which of them is wrong.
//!
//! The parser's own messages are never passed on, because they quote values, and a value may be a Secret. So its error is not
//! text that would have to be taken apart: [`FieldProblem`] is built by serde itself from the name of the field and the kind of
//! mistake, and no value gets into it.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, IntoDeserializer, value::MapDeserializer},
    forward_to_deserialize_any,
};
use serde_json::{Map, Value};

use super::Problem;
use crate::steps::Choice;

/// Reads `T` from an object's members.
///
/// # Errors
/// `malformed_request` with the field's name, and whether it is unknown, missing or has the wrong type.
pub(super) fn read<T: DeserializeOwned>(object: Map<String, Value>) -> Result<T, Problem> {
    let members = object.into_iter().map(|(name, value)| {
        let member = Member {
            name: name.clone(),
            value,
        };
        (name, member)
    });
    T::deserialize(MapDeserializer::new(members)).map_err(|problem: FieldProblem| match problem {
        FieldProblem::Unknown(name) => Problem::unknown_field(&name),
        FieldProblem::Missing(name) => Problem::missing_field(name),
        FieldProblem::Invalid(name) => Problem::wrong_type(&name),
    })
}

/// An integer of JSON Schema, which `600.0` is, too.
pub(super) fn whole_number<'de, D: Deserializer<'de>, T: FromStr>(deserializer: D) -> Result<T, D::Error> {
    WholeNumber::deserialize(deserializer).map(|WholeNumber(number)| number)
}

/// A [`whole_number`] or `null`, of a field that may be absent.
pub(super) fn whole_number_or_null<'de, D: Deserializer<'de>, T: FromStr>(
    deserializer: D,
) -> Result<Choice<T>, D::Error> {
    let number = Option::<WholeNumber<T>>::deserialize(deserializer)?;
    Ok(number.map_or(Choice::Default, |WholeNumber(number)| Choice::Own(number)))
}

/// A type of its own, so that a number that is out of range is the member's own error, which names it.
#[derive(Deserialize)]
#[serde(bound = "T: FromStr")]
struct WholeNumber<T>(#[serde(deserialize_with = "parsed")] T);

fn parsed<'de, D: Deserializer<'de>, T: FromStr>(deserializer: D) -> Result<T, D::Error> {
    let text = f64::deserialize(deserializer)?.to_string();
    text.parse()
        .map_err(|_| de::Error::custom("not a whole number in range"))
}

/// Fault of a JSON object; `Display` has the field's name at most.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum FieldProblem {
    #[error("unknown field")]
    Unknown(String),
    #[error("missing field")]
    Missing(&'static str),
    #[error("invalid field")]
    Invalid(String),
}

impl de::Error for FieldProblem {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        // Only of the object as a whole; a member's own error gets its name in `Member`.
        Self::Invalid(String::new())
    }

    fn unknown_field(field: &str, _expected: &'static [&'static str]) -> Self {
        Self::Unknown(field.to_owned())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }
}

/// A member of the object: a value that knows its name.
struct Member {
    name: String,
    value: Value,
}

impl IntoDeserializer<'_, FieldProblem> for Member {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! delegate {
    ($($method:ident($($argument:ident: $type:ty),*);)+) => {
        $(fn $method<V: de::Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, FieldProblem> {
            self.value.$method($($argument,)* visitor).map_err(|_| FieldProblem::Invalid(self.name))
        })+
    };
}

impl<'de> Deserializer<'de> for Member {
    type Error = FieldProblem;

    delegate! {
        deserialize_any();
        deserialize_option();
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_newtype_struct(name: &'static str);
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use secrecy::{ExposeSecret as _, SecretString};
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Entry {
        secret: SecretString,
        agent_id: Option<u64>,
        #[serde(default)]
        rotate: bool,
        #[serde(default, deserialize_with = "whole_number_or_null")]
        days: Choice<u16>,
    }

    fn read(value: Value) -> Result<Entry, Problem> {
        super::read(serde_json::from_value(value).unwrap())
    }

    fn refusal(value: Value) -> String {
        let response = read(value).unwrap_err().into_response("r");
        String::from_utf8(response.body().to_vec()).unwrap()
    }

    #[test]
    fn reads_what_is_right() {
        let entry = read(json!({"secret": "s3cret", "agent_id": null})).unwrap();
        assert_eq!(entry.secret.expose_secret(), "s3cret");
        assert_eq!((entry.agent_id, entry.rotate), (None, false));
        let entry = read(json!({"secret": "s3cret", "agent_id": u64::MAX, "rotate": true})).unwrap();
        assert_eq!((entry.agent_id, entry.rotate), (Some(u64::MAX), true));
        for (days, read_as) in [
            (json!(7), Choice::Own(7)),
            (json!(7.0), Choice::Own(7)),
            (Value::Null, Choice::Default),
        ] {
            let entry = read(json!({"secret": "s3cret", "days": days})).unwrap();
            assert_eq!(entry.days, read_as);
        }
    }

    #[test]
    fn names_the_field_and_never_its_value() {
        for (value, field, code) in [
            (json!({"secret": "s3cret", "s3cret_": 1}), "s3cret_", "unknown"),
            (json!({}), "secret", "missing"),
            (json!({"secret": ["s3cret"]}), "secret", "wrong_type"),
            (json!({"secret": null}), "secret", "wrong_type"),
            (json!({"secret": "x", "agent_id": "s3cret"}), "agent_id", "wrong_type"),
            (json!({"secret": "x", "agent_id": -1}), "agent_id", "wrong_type"),
            (json!({"secret": "x", "agent_id": 1.5}), "agent_id", "wrong_type"),
            (json!({"secret": "x", "rotate": null}), "rotate", "wrong_type"),
            (json!({"secret": "x", "days": -1}), "days", "wrong_type"),
            (json!({"secret": "x", "days": 1.5}), "days", "wrong_type"),
            (json!({"secret": "x", "days": 65536}), "days", "wrong_type"),
            (json!({"secret": "x", "days": "7"}), "days", "wrong_type"),
        ] {
            let body = refusal(value);
            let document: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(document["errors"], json!([{"field": field, "code": code}]), "{body}");
            assert!(!body.replace(field, "").contains("s3cret"), "{body}");
        }
    }
}
