//! Removes the secrets of a call from a text that is shown or logged.

use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded::byte_serialize;

const REDACTED: &str = "[redacted]";

/// `text` on one line, without the secrets (plain or percent-encoded), of at most `max_chars` characters.
pub(crate) fn scrub(text: &str, secrets: &[&SecretString], max_chars: usize) -> String {
    let mut values: Vec<String> = Vec::with_capacity(2 * secrets.len());
    for secret in secrets {
        let secret = secret.expose_secret();
        values.push(secret.to_owned());
        values.push(byte_serialize(secret.as_bytes()).collect());
    }
    values.retain(|value| !value.is_empty());
    // A secret may be part of another one: removed first, it would leave the rest of the longer one.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));

    let mut clean = text.to_owned();
    for value in &values {
        clean = clean.replace(value.as_str(), REDACTED);
    }
    clean
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(max_chars)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrubbed(text: &str, secrets: &[&str]) -> String {
        let secrets: Vec<SecretString> = secrets.iter().map(|s| (*s).into()).collect();
        scrub(text, &secrets.iter().collect::<Vec<_>>(), 300)
    }

    #[test]
    fn removes_every_secret_at_every_position() {
        assert_eq!(
            scrubbed("s3cret, and tok_1, and s3cret", &["s3cret", "tok_1"]),
            "[redacted], and [redacted], and [redacted]"
        );
    }

    #[test]
    fn removes_a_percent_encoded_secret() {
        assert_eq!(
            scrubbed("?corpsecret=a%2Fb%2Bc%3D", &["a/b+c="]),
            "?corpsecret=[redacted]"
        );
    }

    #[test]
    fn leaves_nothing_of_a_secret_that_begins_with_another_one() {
        assert_eq!(scrubbed("abcdef", &["abc", "abcdef"]), "[redacted]");
    }

    #[test]
    fn leaves_the_text_alone_when_a_secret_is_empty() {
        assert_eq!(scrubbed("invalid corpid", &[""]), "invalid corpid");
    }

    #[test]
    fn cuts_after_redacting_so_that_no_half_of_a_secret_remains() {
        let secret = SecretString::from("s3cret");
        assert_eq!(scrub("12345 s3cret", &[&secret], 9), "12345 [re");
    }

    #[test]
    fn counts_characters_not_bytes() {
        assert_eq!(scrub("企业微信", &[], 3), "企业微");
    }

    #[test]
    fn makes_one_line_of_several() {
        assert_eq!(scrubbed("a\r\nERROR b\u{1b}[31m", &[]), "a  ERROR b [31m");
    }
}
