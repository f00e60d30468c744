//! Schemas and other values of the document: what is changed about those that are generated.

use schemars::Schema;
use serde_json::{Map, Value, json};

/// Leaves out what says nothing to a reader of the document: Rust's integer formats, and line breaks of doc comments.
pub(super) fn plain(schema: &mut Schema) {
    if let Some(Value::String(format)) = schema.get("format")
        && format.starts_with(['u', 'i'])
        && format.ends_with(|last: char| last.is_ascii_digit())
    {
        schema.remove("format");
    }
    let variants = schema.get("oneOf").cloned().unwrap_or_default();
    if let Some((words, meaning)) = words(&variants) {
        schema.remove("oneOf");
        schema.insert("type".to_owned(), json!("string"));
        schema.insert("enum".to_owned(), json!(words));
        let description = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let description = format!("{description} {meaning}");
        schema.insert("description".to_owned(), json!(description.trim()));
    }
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = description
            .split("\n\n")
            .map(|paragraph| paragraph.replace('\n', " "))
            .collect::<Vec<_>>()
            .join("\n\n");
    }
}

/// The schema of an optional parameter: a query has no null, and an empty parameter counts as absent.
pub(super) fn or_empty(mut schema: Map<String, Value>) -> Value {
    let null = json!("null");
    for list in ["type", "enum"] {
        if let Some(Value::Array(values)) = schema.get_mut(list) {
            values.retain(|value| *value != null && !value.is_null());
        }
    }
    if let Some(Value::Array(types)) = schema.get_mut("type")
        && types.len() == 1
    {
        let only = types.remove(0);
        schema.insert("type".to_owned(), only);
    }
    let any_text = schema.len() == 1 && schema.get("type").is_some_and(|kind| kind == "string");
    if any_text {
        return Value::Object(schema);
    }
    json!({"anyOf": [schema, {"const": ""}]})
}

/// The words of an enum whose variants are described one by one, and what they mean.
fn words(variants: &Value) -> Option<(Vec<&str>, String)> {
    let variants = variants.as_array()?.iter();
    let described =
        variants.map(|variant| Some((variant.get("const")?.as_str()?, variant.get("description")?.as_str()?)));
    let described: Vec<_> = described.collect::<Option<_>>()?;
    let meaning = described.iter().map(|(word, meaning)| format!("`{word}`: {meaning}"));
    let meaning = meaning.collect::<Vec<_>>().join(" ");
    Some((described.into_iter().map(|(word, _)| word).collect(), meaning))
}

/// An answer has the members of its type and no others, and times in UTC.
pub(super) fn closed(schema: &mut Schema) {
    if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
        schema.insert("additionalProperties".to_owned(), json!(false));
    }
    if schema.get("format").is_some_and(|format| format == "date-time") {
        schema.insert("pattern".to_owned(), json!("Z$"));
    }
}

/// The type that a schema refers to.
pub(super) fn name_of(schema: &Schema) -> Option<String> {
    let reference = schema.get("$ref")?.as_str()?;
    reference.rsplit('/').next().map(ToOwned::to_owned)
}

pub(super) fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// Adds what is written to what is generated. Where both say something, what is written counts.
pub(super) fn overlay(generated: &mut Value, written: Value) {
    match (generated, written) {
        (Value::Object(generated), Value::Object(written)) => {
            for (name, value) in written {
                match generated.get_mut(&name) {
                    Some(existing) => overlay(existing, value),
                    None => {
                        generated.insert(name, value);
                    }
                }
            }
        }
        (generated, written) => *generated = written,
    }
}

/// `not_found` → `NotFound`.
pub(super) fn pascal(code: &str) -> String {
    let mut text = String::new();
    let mut upper = true;
    for letter in code.chars() {
        if letter == '_' {
            upper = true;
        } else if upper {
            text.extend(letter.to_uppercase());
            upper = false;
        } else {
            text.push(letter);
        }
    }
    text
}
