//! Numbers, truth values and lists as WeCom writes them, which differs from call to call: a number as text or with a
//! fraction, `null` instead of an empty list. What cannot be read as what it should be is an error; its text is not quoted.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};
use serde_json::Value;

/// Whole number, in JSON as a number or a text; none when it is absent or `null`.
pub(super) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let read = |value: &Value| match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok().or_else(|| whole(text.trim().parse().ok()?)),
        _ => None,
    };
    match Option::<Value>::deserialize(deserializer)? {
        None => Ok(None),
        Some(value) => read(&value).map(Some).ok_or_else(|| D::Error::custom("not a number")),
    }
}

/// Whole number; zero when it is absent or `null`.
pub(super) fn integer_or_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    integer(deserializer).map(Option::unwrap_or_default)
}

/// Number of seconds that is not negative; a fraction is dropped, and a greater number than fits becomes the greatest.
pub(super) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let read = |value: &Value| match value {
        Value::Number(number) => number.as_u64().or_else(|| floor(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok().or_else(|| floor(text.trim().parse().ok()?)),
        _ => None,
    };
    match Option::<Value>::deserialize(deserializer)? {
        None => Ok(None),
        Some(value) => read(&value)
            .map(Some)
            .ok_or_else(|| D::Error::custom("not a number of seconds")),
    }
}

/// Truth value, also as 0 and 1, as number or text. None when it is absent or something else.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match Option::<Value>::deserialize(deserializer)? {
        Some(Value::Bool(flag)) => Some(flag),
        Some(Value::Number(number)) => match number.as_f64() {
            Some(0.0) => Some(false),
            Some(1.0) => Some(true),
            _ => None,
        },
        Some(Value::String(text)) => match text.trim() {
            "false" | "0" => Some(false),
            "true" | "1" => Some(true),
            _ => None,
        },
        _ => None,
    })
}

/// List; `null` is an empty one.
pub(super) fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Option::<Vec<T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// List of numbers, each as a number or a text.
pub(super) fn integers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i64>, D::Error> {
    #[derive(Deserialize)]
    struct Integer(#[serde(deserialize_with = "integer")] Option<i64>);
    let numbers: Vec<Integer> = list(deserializer)?;
    Ok(numbers.into_iter().filter_map(|number| number.0).collect())
}

fn whole(number: f64) -> Option<i64> {
    format!("{number:.0}").parse().ok().filter(|_| number.fract() == 0.0)
}

fn floor(number: f64) -> Option<u64> {
    let is_too_great = number.is_finite() && number >= 1e19;
    if is_too_great {
        return Some(u64::MAX);
    }
    format!("{:.0}", number.floor()).parse().ok().filter(|_| number >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T>(read: fn(Value) -> Result<T, serde_json::Error>, json: &str) -> Option<T> {
        read(serde_json::from_str(json).unwrap()).ok()
    }

    #[test]
    fn reads_a_whole_number_however_it_is_written() {
        for (json, expected) in [
            ("40001", Some(Some(40001))),
            ("-1", Some(Some(-1))),
            ("40001.0", Some(Some(40001))),
            ("4e4", Some(Some(40000))),
            ("\"40001\"", Some(Some(40001))),
            ("\" -1 \"", Some(Some(-1))),
            ("\"40001.0\"", Some(Some(40001))),
            ("null", Some(None)),
            ("0.5", None),
            ("\"0.5\"", None),
            ("1e300", None),
            ("\"NaN\"", None),
            ("\"inf\"", None),
            ("\"\"", None),
            ("\"ok\"", None),
            ("true", None),
            ("[]", None),
            ("{}", None),
        ] {
            assert_eq!(read(integer, json), expected, "{json}");
        }
    }

    #[test]
    fn reads_seconds_however_they_are_written() {
        for (json, expected) in [
            ("7200", Some(Some(7200))),
            ("0", Some(Some(0))),
            ("7199.9", Some(Some(7199))),
            ("\"7200\"", Some(Some(7200))),
            ("\"7199.9\"", Some(Some(7199))),
            ("18446744073709551615", Some(Some(u64::MAX))),
            ("1e300", Some(Some(u64::MAX))),
            ("null", Some(None)),
            ("-1", None),
            ("-0.5", None),
            ("\"-1\"", None),
            ("\"inf\"", None),
            ("\"NaN\"", None),
            ("\"soon\"", None),
            ("[7200]", None),
        ] {
            assert_eq!(read(seconds, json), expected, "{json}");
        }
    }

    #[test]
    fn reads_a_flag_however_it_is_written() {
        for (json, expected) in [
            ("true", Some(true)),
            ("false", Some(false)),
            ("1", Some(true)),
            ("0", Some(false)),
            ("1.0", Some(true)),
            ("\"true\"", Some(true)),
            ("\"1\"", Some(true)),
            ("\"false\"", Some(false)),
            ("\"0\"", Some(false)),
            ("null", None),
            ("2", None),
            ("\"yes\"", None),
            ("{}", None),
        ] {
            assert_eq!(read(flag, json), Some(expected), "{json}");
        }
    }

    #[test]
    fn reads_a_list_of_numbers_in_both_forms_and_null_as_an_empty_one() {
        assert_eq!(read(integers, "[1,\"2\",3.0,null]"), Some(vec![1, 2, 3]));
        assert_eq!(read(integers, "null"), Some(vec![]));
        assert_eq!(read(integers, "[\"all\"]"), None);
        assert_eq!(read(integers, "\"all\""), None);
        assert_eq!(read(list::<Value, String>, "null"), Some(vec![]));
        assert_eq!(read(list::<Value, String>, "[\"a\"]"), Some(vec!["a".to_owned()]));
        assert_eq!(read(list::<Value, String>, "[1]"), None);
    }

    #[test]
    fn an_error_does_not_quote_the_value() {
        let error = integer(Value::from("s3cret")).unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}
