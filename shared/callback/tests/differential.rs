//! Our tokenizer beside quick-xml: what both accept they read alike, and what quick-xml accepts ours does not refuse.

#[path = "oracle/by_quick_xml.rs"]
mod by_quick_xml;

use proptest::prelude::*;
use wecom_callback::{envelope, xml};

/// Compares both readers; whether the message is well-formed.
#[track_caller]
fn compare(message: &str) -> bool {
    let ours = xml::to_json(message.as_bytes()).ok();
    let theirs = by_quick_xml::to_json(message.as_bytes());
    if ours.is_none() && by_quick_xml::has_attributes(message) {
        return false;
    }
    assert_eq!(ours, theirs, "{message}");
    let found = envelope::encrypt_of(message.as_bytes()).ok();
    let theirs = theirs.and_then(|map| map.get("Encrypt")?.as_str().map(ToOwned::to_owned));
    if let Some(theirs) = theirs.filter(|encrypt| !encrypt.is_empty() && ours.is_some()) {
        assert_eq!(found.as_deref(), Some(&*theirs), "{message}");
    }
    // Reading with tolerance changes nothing in what is well-formed.
    if let Some(ours) = ours.clone() {
        let recovered = xml::to_json_lossy(message.as_bytes());
        assert!(!recovered.damaged);
        assert_eq!(recovered.payload, ours);
    }
    ours.is_some()
}

#[test]
fn hostile_documents_are_read_alike() {
    const HOSTILE: &[&str] = &[
        "",
        "<xml/>",
        "<xml></xml>x",
        "x<xml/>",
        "<xml/><xml/>",
        "<xml><a></b></xml>",
        "<xml></xml></xml>",
        "<xml>",
        "<xml",
        "<xml/",
        "<xml / >",
        "<xml / />",
        "<xml></xml\n>",
        "<xml></xml x>",
        "<xml><a/ ></xml>",
        "< xml/>",
        "<xml><1/></xml>",
        "<xml><-/></xml>",
        "<xml><a:b/><:c/></xml>",
        "<xml><a=b/></xml>",
        "<xml>&#38;#38;</xml>",
        "<xml>&amp;lt;</xml>",
        "<xml>&lt</xml>",
        "<xml>&</xml>",
        "<xml>&nbsp;</xml>",
        "<xml>&#0;</xml>",
        "<xml>&#xD800;</xml>",
        "<xml>&#x110000;</xml>",
        "<xml>&#xFFFFFFFFF;</xml>",
        "<xml>&#8;</xml>",
        "<xml>&#+65;</xml>",
        "<xml>&#X41;</xml>",
        "<xml>&#x;</xml>",
        "<xml>&;</xml>",
        "<xml>&#9;x&#32;</xml>",
        "<xml><![CDATA[]]]]><![CDATA[>]]></xml>",
        "<xml><![CDATA[<a>]]></xml>",
        "<xml><![CDATA[</xml>",
        "<xml><![cdata[x]]></xml>",
        "<xml><! [CDATA[x]]></xml>",
        "<![CDATA[x]]><xml/>",
        "<xml/><![CDATA[]]>",
        "<xml>]]></xml>",
        "<xml><!-- a -- b --></xml>",
        "<xml><!--></xml>",
        "<xml><!---></xml>",
        "<xml><!--->--></xml>",
        "<xml><!-- --></xml><!-- -->",
        "<?xml version='1.0'?><xml/>",
        "<xml><?xml?></xml>",
        "<xml><?></xml>",
        "<xml><? ?></xml>",
        "<xml><?p?></xml><?p?>",
        "<!DOCTYPE xml><xml/>",
        "<!DOCTYPE x [<!ENTITY e 'x'>]><xml>&e;</xml>",
        "<xml><!ELEMENT a></xml>",
        "<xml a='>'><b c=\"'\" d='/>'/></xml>",
        "<xml a='x/'></xml>",
        "<xml><Encrypt><![CDATA[a+/=]]></Encrypt></xml>",
        "<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>",
        "<xml><a><Encrypt>a</Encrypt></a></xml>",
        "<xml><!--<Encrypt>a</Encrypt>--><Encrypt>b</Encrypt></xml>",
        "\u{feff}<xml>\u{feff}</xml>",
        "<xml>\0</xml>",
        "<xml>\r\n</xml>",
        "<王芳>王芳</王芳>",
        "<xml>\u{85}</xml\u{85}>",
        "<xml\u{a0}/>",
        "<xml\u{b}/>",
        "<xml\u{c}a='1'/>",
    ];
    for message in HOSTILE {
        compare(message);
    }
    for depth in 1..40 {
        let nested = format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert_eq!(compare(&nested), depth <= 16, "{depth}");
        let nested = format!("{}<b/>{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert_eq!(compare(&nested), depth < 16, "{depth}");
    }
}

/// Whole constructs, and now and then a part of one, so that about half of the documents are well-formed.
fn nearly_xml() -> impl Strategy<Value = String> {
    const WHOLE: &[&str] = &[
        "<a>x</a>",
        "<a><b/></a >",
        "<b c='>'/>",
        "<b c=\"/>'\" d = '' />",
        "<a\n></a\t>",
        "<王/>",
        "<Encrypt>e</Encrypt>",
        "<Encrypt><![CDATA[e]]></Encrypt>",
        "<![CDATA[]]>",
        "<![CDATA[ ]]>",
        "<![CDATA[]]]]>",
        "<![CDATA[>]>]]>",
        "<![CDATA[</a>]]>",
        "<!--<a>-->",
        "<!---->",
        "<!-- - ->-->",
        "<?p?>",
        "<?p ?a> ??>",
        "&lt;",
        "&#32;",
        "&#x738b;",
        "x",
        "]",
        ">",
        "/",
        "'",
        " ",
        "\n",
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
        "&",
        "&#1;",
        "&e;",
        "\0",
    ];
    let piece = prop_oneof![15 => prop::sample::select(WHOLE), 1 => prop::sample::select(PART)];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| format!("<x>{}</x>", pieces.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn drawn_documents_are_read_alike(message in nearly_xml()) {
        compare(&message);
    }

    #[test]
    fn drawn_texts_are_read_alike(text in "[ -~\\n王\u{3000}\u{feff}]{0,40}") {
        // A message may be a JSON object instead, which quick-xml does not read.
        if !text.trim_start_matches(['\u{feff}', '\u{3000}', ' ', '\n']).starts_with('{') {
            compare(&text);
        }
        compare(&format!("<xml>{text}</xml>"));
        compare(&format!("<xml><a>{text}</a><![CDATA[{text}]]></xml>"));
    }
}
