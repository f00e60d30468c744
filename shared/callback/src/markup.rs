//! The XML that WeCom writes, one piece at a time, borrowed from the text.
//!
//! An envelope arrives from anyone on the internet and is read before it is verified, so this knows
//! as little of XML as it can: elements, text, CDATA, comments and processing instructions. A
//! document type, and with it every entity that is not built in, is refused; depth and number of
//! elements are bounded; nothing is allocated, and nothing is read twice. It takes half the time of a
//! general parser, and a test holds it against one.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use crate::xml::XmlError;

/// WeCom's deepest message, a member's extra attributes, has five.
pub(crate) const MAX_DEPTH: usize = 16;
/// A change of a group chat lists its members, some hundreds.
pub(crate) const MAX_ELEMENTS: usize = 10_000;

/// A piece of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// An element of this name begins. Its attributes, which WeCom does not use, are left out.
    Open(&'a str),
    /// The innermost element ends.
    Close,
    /// Text with its references still in it.
    Text(&'a str),
    /// Text as it is.
    Cdata(&'a str),
}

/// Reads a document with one root element.
#[derive(Debug)]
pub(crate) struct Markup<'a> {
    rest: &'a str,
    /// The names of the open elements; of this, the first `depth` count.
    open: [&'a str; MAX_DEPTH],
    depth: usize,
    elements: usize,
    /// The innermost element was `<written/>` so, and its end is still to be told.
    closes: bool,
}

impl<'a> Markup<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            open: [""; MAX_DEPTH],
            depth: 0,
            elements: 0,
            closes: false,
        }
    }

    /// How many elements are open, the one just begun included.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// The next piece, or none after the root element's end.
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
        if self.depth == 0 && self.elements > 0 {
            Ok(None)
        } else {
            Err(XmlError::Malformed)
        }
    }

    /// The text of the element just begun, to its end. An element inside is refused.
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
        let attributes_stand_apart = attributes.starts_with(|first: char| first.is_ascii_whitespace());
        if !attributes.is_empty() && !attributes_stand_apart {
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
            .trim_ascii_start()
            .strip_prefix('>')
            .ok_or(XmlError::Malformed)?;
        self.close()
    }

    fn begin(&mut self, name: &'a str) -> Result<Piece<'a>, XmlError> {
        if self.depth == 0 && self.elements > 0 {
            return Err(XmlError::Malformed);
        }
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(XmlError::TooLarge);
        }
        *self.open.get_mut(self.depth).ok_or(XmlError::TooLarge)? = name;
        self.depth += 1;
        Ok(Piece::Open(name))
    }

    fn close(&mut self) -> Result<Piece<'a>, XmlError> {
        self.depth = self.depth.checked_sub(1).ok_or(XmlError::Malformed)?;
        Ok(Piece::Close)
    }
}

/// The text of one element, which may come in pieces. White space around it is dropped, but not
/// what a CDATA section holds.
#[derive(Debug, Default)]
pub(crate) struct Text<'a> {
    value: Cow<'a, str>,
    /// Up to here the value is from CDATA, or stands before some.
    keep: usize,
}

impl<'a> Text<'a> {
    /// Adds text whose references are still to be resolved.
    pub(crate) fn push_raw(&mut self, raw: &'a str) -> Result<(), XmlError> {
        let raw = if self.value.is_empty() {
            raw.trim_ascii_start()
        } else {
            raw
        };
        self.push(resolve(raw)?);
        Ok(())
    }

    /// Adds text as it is.
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

    fn push(&mut self, text: Cow<'a, str>) {
        if self.value.is_empty() {
            self.value = text;
        } else if !text.is_empty() {
            self.value.to_mut().push_str(&text);
        }
    }
}

/// Replaces references to characters and the five that XML has built in; there are no others
/// without a document type.
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
    // XML has no other control characters, not even as references.
    let is_allowed = |character: &char| *character >= ' ' || "\t\n\r".contains(*character);
    code.and_then(char::from_u32)
        .filter(is_allowed)
        .ok_or(XmlError::Malformed)
}

/// How far it is to the `>` that ends the tag; one inside an attribute's quotes does not.
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

fn starts_with_name(text: &&str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte) || !byte.is_ascii()
}

/// What stands before the mark, and after it. Every mark ends with `>`, which base64 has nowhere: a
/// long ciphertext is passed over in one go.
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
    use proptest::prelude::*;
    use quick_xml::events::Event;

    use super::*;

    fn pieces(text: &str) -> Result<Vec<Piece<'_>>, XmlError> {
        let mut markup = Markup::new(text);
        std::iter::from_fn(|| markup.next().transpose()).collect()
    }

    #[test]
    fn tells_a_document_piece_by_piece() {
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

    /// Where elements begin and end, and what stands in CDATA, as another parser sees it.
    fn structure_by_quick_xml(text: &str) -> Result<Vec<String>, quick_xml::Error> {
        let mut reader = quick_xml::Reader::from_str(text);
        let mut structure = Vec::new();
        loop {
            match reader.read_event()? {
                Event::Start(tag) => structure.push(format!("<{}", tag.name().as_ref())),
                Event::Empty(tag) => {
                    structure.extend([format!("<{}", tag.name().as_ref()), ">".to_owned()]);
                }
                Event::End(_) => structure.push(">".to_owned()),
                Event::CData(data) => structure.push(format!("[{}", &*data)),
                Event::Eof => return Ok(structure),
                _ => {}
            }
        }
    }

    fn structure(pieces: &[Piece<'_>]) -> Vec<String> {
        let seen = pieces.iter().filter_map(|piece| match piece {
            Piece::Open(name) => Some(format!("<{name}")),
            Piece::Close => Some(">".to_owned()),
            Piece::Cdata(data) => Some(format!("[{data}")),
            Piece::Text(_) => None,
        });
        seen.collect()
    }

    /// Whole constructs, and now and then a part of one, so that about half of the documents are
    /// well-formed.
    fn nearly_xml() -> impl Strategy<Value = String> {
        const WHOLE: &[&str] = &[
            "<a>x</a>",
            "<a><b/></a >",
            "<b c='>'/>",
            "<b c=\"/>'\" d = '' />",
            "<a\n></a\t>",
            "<王/>",
            "<![CDATA[]]>",
            "<![CDATA[]]]]>",
            "<![CDATA[>]>]]>",
            "<![CDATA[</a>]]>",
            "<!--<a>-->",
            "<!---->",
            "<!-- - ->-->",
            "<?p?>",
            "<?p ?a> ??>",
            "x",
            "]",
            ">",
            "/",
            "'",
            " ",
        ];
        const PART: &[&str] = &[
            "<a>",
            "</a>",
            "<a",
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            "<?",
            "?>",
            "<a b='",
            "'>",
            "<a b=c>",
            "<a/b>",
            "</ a>",
            "<1/>",
            "<-/>",
            "<>",
            "<!",
        ];
        let piece = prop_oneof![15 => prop::sample::select(WHOLE), 1 => prop::sample::select(PART)];
        prop::collection::vec(piece, 0..16).prop_map(|pieces| format!("<x>{}</x>", pieces.concat()))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        #[test]
        fn sees_what_another_parser_sees(text in nearly_xml()) {
            if let Ok(pieces) = pieces(&text) {
                prop_assert_eq!(structure_by_quick_xml(&text).unwrap(), structure(&pieces));
            }
        }
    }
}
