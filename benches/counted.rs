//! Does one piece of work a number of times, for a tool that counts instructions: `counted WORK BYTES TIMES`.

use std::{env, hint::black_box, process::ExitCode};

use benches::{Letter, Limit};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [work, bytes, times] = arguments.as_slice() else {
        return ExitCode::FAILURE;
    };
    let (Ok(bytes), Ok(times)) = (bytes.parse(), times.parse::<u32>()) else {
        return ExitCode::FAILURE;
    };
    let letter = Letter::of(bytes);
    let mut limit = Limit::for_letter(&letter);
    for _ in 0..times {
        match work.as_str() {
            "open" => drop(black_box(letter.read())),
            "open-limit" => drop(black_box(limit.open(&letter))),
            "seal" => drop(black_box(letter.write())),
            "seal-limit" => drop(black_box(limit.seal())),
            _ => return ExitCode::FAILURE,
        }
    }
    ExitCode::SUCCESS
}
