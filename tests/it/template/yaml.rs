//! CloudFormation's YAML as JSON: `!Ref X` becomes `{"Ref": "X"}`, `!Sub X` becomes `{"Fn::Sub": "X"}`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};
use serde_saphyr::Tagged;

/// Reads a template.
pub(super) fn parse(text: &str) -> Value {
    serde_saphyr::from_str::<Node>(text).unwrap().0
}

struct Node(Value);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Tagged(Plain(value), tag) = Tagged::deserialize(deserializer)?;
        let Some(name) = tag.as_deref().and_then(|tag| tag.strip_prefix('!')) else {
            return Ok(Self(value));
        };
        Ok(Self(match (name, &value) {
            ("Ref" | "Condition", _) => json!({ name: value }),
            ("GetAtt", Value::String(text)) => {
                let (resource, attribute) = text.split_once('.').unwrap();
                json!({"Fn::GetAtt": [resource, attribute]})
            }
            _ => json!({ format!("Fn::{name}"): value }),
        }))
    }
}

struct Plain(Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor).map(Self)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("YAML")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Node(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some((name, Node(value))) = entries.next_entry::<String, Node>()? {
            values.insert(name, value);
        }
        Ok(values.into())
    }
}

#[test]
fn writes_tags_out() {
    let text = r#"
        a: !Ref X
        b: !GetAtt X.Arn.Y
        c: !If [IsSo, !Sub "${X}/y", ""]
        d: { e: !Ref X, f: 1, g: "1", h: true }
        i: >-
          one
          two
    "#;
    assert_eq!(
        parse(text),
        json!({
            "a": {"Ref": "X"},
            "b": {"Fn::GetAtt": ["X", "Arn.Y"]},
            "c": {"Fn::If": ["IsSo", {"Fn::Sub": "${X}/y"}, ""]},
            "d": {"e": {"Ref": "X"}, "f": 1, "g": "1", "h": true},
            "i": "one two",
        })
    );
}
