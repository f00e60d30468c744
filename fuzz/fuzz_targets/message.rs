//! The message inside a ciphertext, beside the same reader written with quick-xml.
#![no_main]

#[path = "../../shared/callback/tests/oracle/by_quick_xml.rs"]
mod by_quick_xml;

use libfuzzer_sys::fuzz_target;
use wecom_callback::xml;

fuzz_target!(|message: &[u8]| {
    let ours = xml::to_json(message).ok();
    let recovered = xml::to_json_lossy(message);
    assert_eq!(recovered.damaged, ours.is_none());
    let is_json = str::from_utf8(message).is_ok_and(|text| {
        text.trim_start_matches(|first: char| first == '\u{feff}' || first.is_ascii_whitespace())
            .starts_with('{')
    });
    if let Some(ours) = &ours {
        assert_eq!(&recovered.payload, ours);
        if is_json {
            return;
        }
    }
    let has_attributes = str::from_utf8(message).is_ok_and(by_quick_xml::has_attributes);
    if ours.is_some() || !has_attributes {
        assert_eq!(ours, by_quick_xml::to_json(message));
    }
});
