//! Bodies and queries of admins and operators: refused as client errors, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wecom_authorization::http::fuzzing;

fuzz_target!(|text: &str| fuzzing::read_as_every_request(text));
