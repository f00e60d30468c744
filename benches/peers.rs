//! The request that peers in other languages are measured with, and this implementation beside them, for `benches/peers/run`:
//! `peers request BYTES` prints the request, `peers measure BYTES` the CPU time of each operation in nanoseconds, as JSON.

#![expect(clippy::print_stdout, reason = "this is the command's output")]

use std::{env, hint::black_box, process::ExitCode, time::Duration};

use benches::{CallbackRequest, Limit, Peer};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

/// CPU time that each operation is repeated for.
const SLICE: Duration = Duration::from_millis(20);

/// Repetitions between two looks at the clock, so that these cost nothing.
const BATCH: u32 = 8;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [what, bytes] = arguments.as_slice() else {
        return ExitCode::FAILURE;
    };
    let Ok(bytes) = bytes.parse() else {
        return ExitCode::FAILURE;
    };
    let request = CallbackRequest::of(bytes);
    let answer = match what.as_str() {
        "request" => request.to_json(),
        "measure" => measure(&request),
        _ => return ExitCode::FAILURE,
    };
    println!("{answer}");
    ExitCode::SUCCESS
}

fn measure(request: &CallbackRequest) -> Value {
    let (mut limit, mut sealing) = (Limit::for_request(request), Limit::for_request(request));
    let peer = Peer::for_request(request);
    json!({
        "limit": {"open": time(|| limit.open(request).1.len()), "seal": time(|| sealing.seal().1.len())},
        "ours": {
            "read": time(|| request.read()),
            "open": time(|| request.open()),
            "seal": time(|| request.write()),
        },
        "wecom-crypto": {"open": time(|| peer.open(request)), "seal": time(|| peer.write())},
    })
}

/// Nanoseconds of this thread's CPU time that an operation takes.
fn time<T>(mut operation: impl FnMut() -> T) -> f64 {
    let (started, mut times) = (cpu(), 0);
    loop {
        for _ in 0..BATCH {
            black_box(operation());
        }
        times += BATCH;
        let spent = cpu().saturating_sub(started);
        if spent >= SLICE {
            return spent.as_secs_f64() * 1e9 / f64::from(times);
        }
    }
}

fn cpu() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}
