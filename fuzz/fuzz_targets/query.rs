//! The query of a callback, from its raw text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wecom_callback::CallbackQuery;

fuzz_target!(|raw_query: &str| {
    let Ok(query) = CallbackQuery::parse(raw_query) else {
        return;
    };
    for value in [&query.msg_signature, &query.timestamp, &query.nonce] {
        assert!((1..=128).contains(&value.len()));
    }
    assert!(
        query
            .echostr
            .iter()
            .all(|echostr| (1..=4096).contains(&echostr.len()) && !echostr.contains(' '))
    );
    // Parameters of other names change nothing.
    assert_eq!(CallbackQuery::parse(&format!("a=b&{raw_query}&c")), Ok(query));
});
