//! Repeats one operation, for a tool that counts instructions: `counted WORK BYTES TIMES`.

use std::{env, hint::black_box, process::ExitCode};

use benches::{CallbackRequest, Limit};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [work, bytes, times] = arguments.as_slice() else {
        return ExitCode::FAILURE;
    };
    let (Ok(bytes), Ok(times)) = (bytes.parse(), times.parse::<u32>()) else {
        return ExitCode::FAILURE;
    };
    let request = CallbackRequest::of(bytes);
    let mut limit = Limit::for_request(&request);
    for _ in 0..times {
        match work.as_str() {
            "open" => drop(black_box(request.read())),
            "open-limit" => drop(black_box(limit.open(&request))),
            "seal" => drop(black_box(request.write())),
            "seal-limit" => drop(black_box(limit.seal())),
            _ => return ExitCode::FAILURE,
        }
    }
    ExitCode::SUCCESS
}
