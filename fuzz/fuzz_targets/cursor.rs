//! Cursors of lists: one form for each position, and nothing else is taken.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wecom_authorization::http::fuzzing;

fuzz_target!(|input: (&str, &str)| fuzzing::read_as_cursor(input.0, input.1));
