//! A pull tokenizer for the XML that WeCom writes, borrowed from the text.
//!
//! An envelope arrives from anyone on the internet and is read before its signature is verified, so the tokenizer knows
//! only elements, text, CDATA, comments and processing instructions. A document type, and with it every entity that is
//! not built in, is refused; the depth is bounded; nothing is allocated, and no byte is read twice except by the search
//! for an end mark. Why not a general parser: ADR 21. It is compared with one by tests and by fuzzing.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

/// Greatest depth of elements. WeCom's deepest message, a member's extra attributes, has five.
pub(crate) const MAX_DEPTH: usize = 16;

/// Reason why a message could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Not UTF-8.
    #[error("the message is not UTF-8")]
    NotUtf8,
    /// A document type, or an entity that would need one.
    #[error("the message has a document type or an entity")]
    Forbidden,
    /// Neither well-formed XML nor a JSON object.
    #[error("the message is not well-formed")]
    Malformed,
    /// Elements nested more than 16 deep.
    #[error("the message is nested too deeply")]
    TooDeep,
}

/// Text of a body: UTF-8, without byte order marks and white space before it.
pub(crate) fn as_text(body: &[u8]) -> Option<&str> {
    str::from_utf8(body).ok().map(without_bom)
}

/// Rest of a text after byte order marks and white space.
pub(crate) fn without_bom(text: &str) -> &str {
    text.trim_start_matches(|first: char| first == '\u{feff}' || first.is_ascii_whitespace())
}

/// Token of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Start of an element, by its name. Attributes, which WeCom does not use, are dropped.
    Open(&'a str),
    /// End of the innermost element.
    Close,
    /// Text, its references not yet resolved.
    Text(&'a str),
    /// Content of a CDATA section.
    Cdata(&'a str),
}

/// Tokenizer of a document with one root element.
#[derive(Debug)]
pub(crate) struct Markup<'a> {
    rest: &'a str,
    /// Names of the open elements; only the first `depth` are valid.
    open: [&'a str; MAX_DEPTH],
    depth: usize,
    /// The root element has been opened, and may have been closed.
    has_root: bool,
    /// The innermost element was written as `<name/>`; its end is the next token.
    closes: bool,
}

impl<'a> Markup<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            open: [""; MAX_DEPTH],
            depth: 0,
            has_root: false,
            closes: false,
        }
    }

    /// Number of open elements, including the one that was just opened.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Next token; none at the end of a complete document.
    pub(crate) fn next(&mut self) -> Result<Option<Piece<'a>>, XmlError> {
        if std::mem::take(&mut self.closes) {
            return self.close().map(Some);
        }
        while !self.rest.is_empty() {
            let Some(markup) = self.rest.strip_prefix('<') else {
                if let Some(text) = self.text()? {
                    return Ok(Some(text));
                }
                continue;
            };
            if let Some(end_tag) = markup.strip_prefix('/') {
                return self.end_tag(end_tag).map(Some);
            }
            if let Some(cdata) = markup.strip_prefix("![CDATA[") {
                return self.cdata(cdata).map(Some);
            }
            if let Some(comment) = markup.strip_prefix("!--") {
                (_, self.rest) = cut(comment, "-->")?;
            } else if let Some(instruction) = markup.strip_prefix('?').filter(starts_with_name) {
                (_, self.rest) = cut(instruction, "?>")?;
            } else if markup.starts_with('!') {
                return Err(XmlError::Forbidden);
            } else {
                return self.start_tag(markup).map(Some);
            }
        }
        if self.depth == 0 && self.has_root {
            Ok(None)
        } else {
            Err(XmlError::Malformed)
        }
    }

    /// Text of the element that was just opened, up to its end. An element inside is an error.
    pub(crate) fn element_text(&mut self) -> Result<Cow<'a, str>, XmlError> {
        let mut text = Text::default();
        loop {
            match self.next()? {
                Some(Piece::Text(raw)) => text.push_raw(raw)?,
                Some(Piece::Cdata(data)) => text.push_cdata(data),
                Some(Piece::Close) => return Ok(text.finish()),
                Some(Piece::Open(_)) | None => return Err(XmlError::Malformed),
            }
        }
    }

    fn text(&mut self) -> Result<Option<Piece<'a>>, XmlError> {
        let length = memchr(b'<', self.rest.as_bytes()).unwrap_or(self.rest.len());
        let (text, rest) = split(self.rest, length)?;
        self.rest = rest;
        match self.depth {
            0 if text.trim_ascii().is_empty() => Ok(None),
            0 => Err(XmlError::Malformed),
            _ => Ok(Some(Piece::Text(text))),
        }
    }

    fn cdata(&mut self, after: &'a str) -> Result<Piece<'a>, XmlError> {
        let (data, rest) = cut(after, "]]>")?;
        self.rest = rest;
        if self.depth == 0 {
            Err(XmlError::Malformed)
        } else {
            Ok(Piece::Cdata(data))
        }
    }

    fn start_tag(&mut self, tag: &'a str) -> Result<Piece<'a>, XmlError> {
        let name_length = tag.bytes().position(|byte| !is_name_byte(byte)).unwrap_or(tag.len());
        let (name, attributes) = split(tag, name_length)?;
        if !starts_with_name(&name) {
            return Err(XmlError::Malformed);
        }
        let (attributes, rest) = split(attributes, end_of_tag(attributes)?)?;
        self.closes = attributes.ends_with('/');
        let attributes = attributes.strip_suffix('/').unwrap_or(attributes);
        let are_separated = attributes.starts_with(is_space);
        if !attributes.is_empty() && !are_separated {
            return Err(XmlError::Malformed);
        }
        self.rest = rest.strip_prefix('>').ok_or(XmlError::Malformed)?;
        self.begin(name)
    }

    fn end_tag(&mut self, tag: &'a str) -> Result<Piece<'a>, XmlError> {
        let innermost = self.depth.checked_sub(1).and_then(|index| self.open.get(index));
        let after_name = innermost
            .and_then(|name| tag.strip_prefix(name))
            .ok_or(XmlError::Malformed)?;
        self.rest = after_name
            .trim_start_matches(is_space)
            .strip_prefix('>')
            .ok_or(XmlError::Malformed)?;
        self.close()
    }

    fn begin(&mut self, name: &'a str) -> Result<Piece<'a>, XmlError> {
        if self.depth == 0 && self.has_root {
            return Err(XmlError::Malformed);
        }
        self.has_root = true;
        *self.open.get_mut(self.depth).ok_or(XmlError::TooDeep)? = name;
        self.depth += 1;
        Ok(Piece::Open(name))
    }

    fn close(&mut self) -> Result<Piece<'a>, XmlError> {
        self.depth = self.depth.checked_sub(1).ok_or(XmlError::Malformed)?;
        Ok(Piece::Close)
    }
}

/// Text of one element, which may come in several pieces. White space around it is dropped, except inside CDATA.
#[derive(Debug, Default)]
pub(crate) struct Text<'a> {
    value: Cow<'a, str>,
    /// Length of the value up to the end of its last CDATA section: never trimmed.
    keep: usize,
}

impl<'a> Text<'a> {
    /// Appends text and resolves its references.
    pub(crate) fn push_raw(&mut self, raw: &'a str) -> Result<(), XmlError> {
        let raw = if self.value.is_empty() {
            raw.trim_ascii_start()
        } else {
            raw
        };
        self.push(resolve(raw)?);
        Ok(())
    }

    /// Appends text, and leaves unchanged what is not a reference known to XML.
    pub(crate) fn push_raw_lossy(&mut self, raw: &'a str) {
        let raw = if self.value.is_empty() {
            raw.trim_ascii_start()
        } else {
            raw
        };
        self.push(resolve_lossy(raw));
    }

    /// Appends the content of a CDATA section.
    pub(crate) fn push_cdata(&mut self, data: &'a str) {
        self.push(Cow::Borrowed(data));
        self.keep = self.value.len();
    }

    pub(crate) fn finish(self) -> Cow<'a, str> {
        let Self { mut value, keep } = self;
        let end = value.trim_ascii_end().len().max(keep);
        match &mut value {
            Cow::Borrowed(value) => *value = value.get(..end).unwrap_or(value),
            Cow::Owned(value) => value.truncate(end),
        }
        value
    }

    /// Appends text whose references are resolved.
    pub(crate) fn push(&mut self, text: Cow<'a, str>) {
        if self.value.is_empty() {
            self.value = text;
        } else if !text.is_empty() {
            self.value.to_mut().push_str(&text);
        }
    }
}

/// Replaces character references and the five built-in entities; a document without a document type has no others.
fn resolve(raw: &str) -> Result<Cow<'_, str>, XmlError> {
    let Some((before, mut rest)) = raw.split_once('&') else {
        return Ok(Cow::Borrowed(raw));
    };
    let mut resolved = String::with_capacity(raw.len());
    resolved.push_str(before);
    loop {
        let (reference, after) = rest.split_once(';').ok_or(XmlError::Malformed)?;
        resolved.push(character(reference)?);
        let Some((before, next)) = after.split_once('&') else {
            resolved.push_str(after);
            return Ok(Cow::Owned(resolved));
        };
        resolved.push_str(before);
        rest = next;
    }
}

/// The same, but what is not a reference stays as it is: `a & b`, `a&nbsp;b`.
fn resolve_lossy(raw: &str) -> Cow<'_, str> {
    let mut parts = raw.split('&');
    let first = parts.next().unwrap_or_default();
    if first.len() == raw.len() {
        return Cow::Borrowed(raw);
    }
    let mut resolved = String::with_capacity(raw.len());
    resolved.push_str(first);
    for part in parts {
        let known = part
            .split_once(';')
            .and_then(|(reference, after)| Some((character(reference).ok()?, after)));
        if let Some((character, after)) = known {
            resolved.push(character);
            resolved.push_str(after);
        } else {
            resolved.push('&');
            resolved.push_str(part);
        }
    }
    Cow::Owned(resolved)
}

fn character(reference: &str) -> Result<char, XmlError> {
    let Some(number) = reference.strip_prefix('#') else {
        return match reference {
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "amp" => Ok('&'),
            "quot" => Ok('"'),
            "apos" => Ok('\''),
            _ => Err(XmlError::Forbidden),
        };
    };
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
    let code = Some(digits)
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .and_then(|digits| u32::from_str_radix(digits, radix).ok());
    // XML allows no other control characters, not even as references.
    let is_allowed = |character: &char| *character >= ' ' || "\t\n\r".contains(*character);
    code.and_then(char::from_u32)
        .filter(is_allowed)
        .ok_or(XmlError::Malformed)
}

/// Length up to the `>` that ends the tag; a `>` inside an attribute's quotes does not end it.
fn end_of_tag(attributes: &str) -> Result<usize, XmlError> {
    let mut quote = None;
    let ends = |byte| match quote {
        None if byte == b'"' || byte == b'\'' => {
            quote = Some(byte);
            false
        }
        None => byte == b'>' || byte == b'<',
        Some(opening) => {
            quote = quote.filter(|_| byte != opening);
            false
        }
    };
    attributes.bytes().position(ends).ok_or(XmlError::Malformed)
}

/// White space of XML, which has no form feed.
fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

pub(crate) fn starts_with_name(text: &&str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

pub(crate) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte) || !byte.is_ascii()
}

/// Text before an end mark, and after it. Every mark ends with `>`, which does not occur in base64, so that a long
/// ciphertext is skipped in one search.
fn cut<'a>(text: &'a str, mark: &str) -> Result<(&'a str, &'a str), XmlError> {
    memchr_iter(b'>', text.as_bytes())
        .filter_map(|at| text.split_at_checked(at + 1))
        .find_map(|(before, rest)| Some((before.strip_suffix(mark)?, rest)))
        .ok_or(XmlError::Malformed)
}

fn split(text: &str, at: usize) -> Result<(&str, &str), XmlError> {
    text.split_at_checked(at).ok_or(XmlError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Result<Vec<Piece<'_>>, XmlError> {
        let mut markup = Markup::new(text);
        std::iter::from_fn(|| markup.next().transpose()).collect()
    }

    #[test]
    fn gives_a_document_token_by_token() {
        assert_eq!(
            pieces("<?v?> <a b='>'>\n<c/>x&amp;<![CDATA[<y>]]><!-- <d> --></a >\n").unwrap(),
            [
                Piece::Open("a"),
                Piece::Text("\n"),
                Piece::Open("c"),
                Piece::Close,
                Piece::Text("x&amp;"),
                Piece::Cdata("<y>"),
                Piece::Close,
            ]
        );
    }

    #[test]
    fn knows_how_deep_it_is() {
        let mut markup = Markup::new("<a><b/></a>");
        let mut depths = Vec::new();
        while markup.next().unwrap().is_some() {
            depths.push(markup.depth());
        }
        assert_eq!(depths, [1, 2, 1, 0]);
    }

    #[test]
    fn ends_a_section_at_its_first_mark_and_not_at_something_like_it() {
        let text = "<a><![CDATA[>]>]]]]>]]]><!--->- ->--><?p>?? >?></a>";
        let text = pieces(text).unwrap();
        assert_eq!(
            text,
            [
                Piece::Open("a"),
                Piece::Cdata(">]>]]"),
                Piece::Text("]]]>"),
                Piece::Close
            ]
        );
    }

    #[test]
    fn borrows_the_text_of_an_element_that_is_in_one_piece() {
        for text in ["<a> x </a>", "<a>\n<![CDATA[x]]></a>", "<a><!-- -->x</a>"] {
            let mut markup = Markup::new(text);
            markup.next().unwrap();
            assert!(matches!(markup.element_text(), Ok(Cow::Borrowed("x"))), "{text}");
        }
    }
}
