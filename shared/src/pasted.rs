//! Text that a person copied somewhere and pasted here.

use secrecy::{ExposeSecret as _, SecretString};

/// The text without what copying adds at its ends: white space, line ends, control characters and characters that nobody sees.
/// What is visible is never changed.
#[must_use]
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c))
}

/// The last four characters of a Secret, for comparison by people; empty for one of fewer than 16, of which even four would reveal too
/// much.
#[must_use]
pub fn last_four(secret: &SecretString) -> String {
    let text = secret.expose_secret();
    let shown = if text.len() >= 16 { 4 } else { 0 };
    text.get(text.len() - shown..).unwrap_or_default().to_owned()
}

/// The first character of `text` that is not `allowed`, in words for the person who pasted it: position, code point, and what it is.
#[must_use]
pub fn foreign(text: &str, allowed: impl Fn(char) -> bool) -> Option<String> {
    let (position, found) = (1..).zip(text.chars()).find(|(_, c)| !allowed(*c))?;
    let number = u32::from(found);
    Some(format!("Character {position} is U+{number:04X}, {}.", described(found)))
}

fn described(c: char) -> &'static str {
    match c {
        '\n' | '\r' | '\u{2028}' | '\u{2029}' => "a line break",
        _ if c.is_whitespace() => "white space",
        _ if c.is_control() || is_invisible(c) => "which is invisible",
        '"'
        | '\''
        | '`'
        | '´'
        | '«'
        | '»'
        | '\u{2018}'..='\u{201F}'
        | '\u{300C}'..='\u{300F}'
        | '\u{FF02}'
        | '\u{FF07}' => "a quotation mark",
        '\u{FF01}'..='\u{FF5E}' => "a full-width character",
        _ => "which it cannot contain",
    }
}

/// Whether the character has no glyph of its own: Unicode's `Default_Ignorable_Code_Point` (`DerivedCoreProperties.txt`), and
/// the anchors of interlinear annotations.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_what_nobody_sees_at_the_ends_and_nothing_else() {
        for around in [
            " ",
            "\n",
            "\r\n",
            "\t",
            "\0",
            "\u{85}",
            "\u{A0}",
            "\u{3000}",
            "\u{200B}",
            "\u{200E}",
            "\u{2060}",
            "\u{FEFF}",
            "\u{202A}",
            "\u{AD}",
            "\u{FEFF}\u{200B} \n",
        ] {
            assert_eq!(
                trimmed(&format!("{around}a\u{200B}b{around}")),
                "a\u{200B}b",
                "{around:?}"
            );
        }
        for visible in ["\"a\"", "Ａ", "“a”", "-a-", "企"] {
            assert_eq!(trimmed(visible), visible);
        }
    }

    #[test]
    fn names_the_first_character_that_does_not_belong_there() {
        for (text, words) in [
            ("ab\u{200B}c", "Character 3 is U+200B, which is invisible."),
            ("a b", "Character 2 is U+0020, white space."),
            ("a\nb", "Character 2 is U+000A, a line break."),
            ("“a”", "Character 1 is U+201C, a quotation mark."),
            ("aＢ", "Character 2 is U+FF22, a full-width character."),
            ("企", "Character 1 is U+4F01, which it cannot contain."),
            ("a\u{1F600}", "Character 2 is U+1F600, which it cannot contain."),
        ] {
            assert_eq!(foreign(text, |c| c.is_ascii_alphanumeric()).as_deref(), Some(words));
        }
        assert_eq!(foreign("abc", |c| c.is_ascii_alphanumeric()), None);
    }
}
