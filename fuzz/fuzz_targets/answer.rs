//! Answers of WeCom's API, read as the answer of each call.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| wecom_client::fuzzing::read_as_every_answer(body));
