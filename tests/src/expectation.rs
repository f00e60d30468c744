//! Expected answers of the samples (`….expected.json`), and their comparison with real ones.
//!
//! A recorded answer is what Lambda is handed, so what `sam local invoke` prints, with the body as JSON where it is JSON; of the
//! headers only those that are named are compared. In a text, `{{text}}` stands for any text, and the texts `{{time}}` and
//! `{{number}}` for any time and any number. `asks` lists the calls to WeCom; where it is missing, there must be none. A
//! function that is not routed has its output under `answer`, or the code of its refusal under `error`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The end of the name of such a file.
pub const EXPECTED: &str = ".expected.json";

/// The answer of a routed function, as it is recorded.
#[must_use]
pub fn routed(mut answer: Value) -> Value {
    if let Some(body) = answer.get_mut("body")
        && let Some(parsed) = body
            .as_str()
            .and_then(|text| serde_json::from_str::<Map<_, _>>(text).ok())
    {
        *body = Value::Object(parsed);
    }
    answer
}

/// The output of `sam local invoke` in the recorded form; without `asks`, which it does not contain.
#[must_use]
pub fn printed(output: Value) -> Value {
    if output.get("statusCode").is_some() {
        return routed(output);
    }
    match output.get("errorType") {
        Some(code) => json!({"error": code}),
        None => json!({"answer": output}),
    }
}

/// The first difference between the recorded and a real answer.
#[must_use]
pub fn difference(expected: &Value, answer: &Value) -> Option<String> {
    let Some(recorded) = expected.as_object() else {
        return Some("an expectation is an object".to_owned());
    };
    if let Some(unknown) = recorded.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Some(format!("{unknown} means nothing in an expectation"));
    }
    FIELDS.iter().find_map(|field| match *field {
        "headers" => expected["headers"].as_object()?.iter().find_map(|(name, value)| {
            let found = answer["headers"].get(name).unwrap_or(&Value::Null);
            differs(&format!("header {name}"), value, found)
        }),
        // Lambda's representation of an absent value.
        "body" if recorded.get("body").is_none() => {
            let body = answer["body"].as_str().unwrap_or_default();
            (!body.is_empty()).then(|| "there is a body".to_owned())
        }
        "cookies" if recorded.get("cookies").is_none() => {
            let any = answer["cookies"].as_array().is_some_and(|cookies| !cookies.is_empty());
            any.then(|| "there are cookies".to_owned())
        }
        field => differs(field, &expected[field], &answer[field]),
    })
}

const FIELDS: [&str; 7] = ["statusCode", "headers", "cookies", "body", "answer", "error", "asks"];

fn differs(place: &str, expected: &Value, found: &Value) -> Option<String> {
    match (expected, found) {
        (Value::Object(wanted), Value::Object(given)) => {
            let keys: BTreeSet<_> = wanted.keys().chain(given.keys()).collect();
            keys.into_iter().find_map(|key| {
                let place = format!("{place}.{key}");
                match (wanted.get(key), given.get(key)) {
                    (Some(wanted), Some(given)) => differs(&place, wanted, given),
                    (wanted, _) => Some(format!(
                        "{place} is {}",
                        if wanted.is_some() { "missing" } else { "new" }
                    )),
                }
            })
        }
        (Value::Array(wanted), Value::Array(given)) if wanted.len() == given.len() => {
            let mut pairs = wanted.iter().zip(given).enumerate();
            pairs.find_map(|(index, (wanted, given))| differs(&format!("{place}[{index}]"), wanted, given))
        }
        (Value::String(wanted), given) if fits(wanted, given) => None,
        (wanted, given) if wanted == given => None,
        (wanted, given) => Some(format!("{place} should be {wanted}, and is {given}")),
    }
}

/// Whether a recorded text matches a real one.
fn fits(wanted: &str, given: &Value) -> bool {
    match (wanted, given) {
        ("{{number}}", given) => given.is_number(),
        ("{{time}}", Value::String(given)) => given.parse::<Timestamp>().is_ok(),
        (wanted, Value::String(given)) => {
            let mut pieces = wanted.split("{{text}}");
            let Some(mut rest) = given.strip_prefix(pieces.next().unwrap_or_default()) else {
                return false;
            };
            let mut open = false;
            for piece in pieces {
                open = true;
                let Some(at) = rest.find(piece) else { return false };
                (_, rest) = rest.split_at(at + piece.len());
                open = open && piece.is_empty();
            }
            open || rest.is_empty()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expectation_stands_for_what_it_says() {
        for (wanted, given, fit) in [
            ("{{text}}", json!("anything"), true),
            ("{{text}}", json!(5), false),
            ("a{{text}}c", json!("abc"), true),
            ("a{{text}}c", json!("abcd"), false),
            ("a{{text}}", json!("abcd"), true),
            ("abc", json!("abc"), true),
            ("abc", json!("abcd"), false),
            ("{{time}}", json!("2026-11-01T12:00:00Z"), true),
            ("{{time}}", json!("noon"), false),
            ("{{number}}", json!(5), true),
            ("{{number}}", json!("5"), false),
        ] {
            assert_eq!(fits(wanted, &given), fit, "{wanted} {given}");
        }
        let expected = json!({"statusCode": 200, "body": {"a": "{{text}}"}});
        assert_eq!(
            difference(&expected, &json!({"statusCode": 200, "body": {"a": "b"}})),
            None
        );
        for wrong in [
            json!({"statusCode": 201, "body": {"a": "b"}}),
            json!({"statusCode": 200, "body": {"a": "b", "c": 1}}),
            json!({"statusCode": 200, "body": {}}),
            json!({"statusCode": 200, "body": {"a": "b"}, "asks": ["/cgi-bin/gettoken"]}),
            json!({"statusCode": 200, "body": {"a": "b"}, "cookies": ["c"]}),
        ] {
            assert!(difference(&expected, &wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn what_sam_prints_is_read_as_it_is_recorded() {
        let answer = json!({"statusCode": 200, "body": "{\"a\": 1}"});
        assert_eq!(printed(answer), json!({"statusCode": 200, "body": {"a": 1}}));
        let text = json!({"statusCode": 200, "body": "42"});
        assert_eq!(printed(text.clone()), text);
        let refusal = json!({"errorType": "not_installed", "errorMessage": "…"});
        assert_eq!(printed(refusal), json!({"error": "not_installed"}));
        assert_eq!(printed(json!({"checked": 1})), json!({"answer": {"checked": 1}}));
    }
}
