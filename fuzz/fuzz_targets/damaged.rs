//! Damage in one value of an event: the fields before it keep their values, and nothing grows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wecom_callback::xml;

const BEFORE: &[u8] =
    b"<xml><MsgType><![CDATA[ event]]></MsgType><Event>change_contact</Event><UserID>wangfang</UserID><Name>";

fuzz_target!(|value: &[u8]| {
    let message = [BEFORE, value, b"</Name><Department>3</Department></xml>"].concat();
    let recovered = xml::to_json_lossy(&message);
    assert!(xml::is_event(&recovered.payload));
    for (field, expected) in [
        ("MsgType", "event"),
        ("Event", "change_contact"),
        ("UserID", "wangfang"),
    ] {
        assert_eq!(xml::text(&recovered.payload, field), Some(expected));
    }
    // A byte that is not UTF-8 becomes three, and an escape in JSON has up to six.
    let stored = serde_json::to_string(&recovered.payload).expect("a map of texts is JSON");
    assert!(stored.len() <= 6 * message.len() + 100);
});
