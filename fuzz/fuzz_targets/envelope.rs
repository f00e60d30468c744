//! The envelope of a POST, which is read before its signature is verified.
#![no_main]

#[path = "../../shared/callback/tests/oracle/by_quick_xml.rs"]
mod by_quick_xml;

use libfuzzer_sys::fuzz_target;
use wecom_callback::envelope;

fuzz_target!(|body: &[u8]| {
    let found = envelope::encrypt_of(body);
    if let Ok(encrypt) = &found {
        assert!(!encrypt.is_empty());
        let again = envelope::xml("ww01", "", encrypt);
        assert_eq!(envelope::encrypt_of(again.as_bytes()).as_ref(), Ok(encrypt));
        let again = envelope::json("ww01", "", encrypt);
        assert_eq!(envelope::encrypt_of(again.as_bytes()).as_ref(), Ok(encrypt));
    }
    // What quick-xml finds in a well-formed document is found here too.
    if let Some(map) = by_quick_xml::to_json(body)
        && !str::from_utf8(body).is_ok_and(by_quick_xml::has_attributes)
        && let Some(encrypt) = map.get("Encrypt").and_then(|value| value.as_str())
        && !encrypt.is_empty()
    {
        assert_eq!(found.as_deref(), Ok(encrypt));
    }
});
