//! Times of the protocol as multiples of the hardware's limit.
//!
//! On a shared machine, times vary with other load, but ratios within a round hardly do. In every round each program runs in turn for
//! about [`SLICE_NS`] of CPU time, and its time is divided by the limit of that round. The medians of the rounds are printed.

#![expect(clippy::print_stdout, reason = "it prints a table")]

use std::{hint::black_box, time::Duration};

use benches::{CallbackRequest, Limit, Peer, SIZES};
use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 101;
/// CPU time of one measurement, in nanoseconds: long enough for the clock's resolution, short enough to be rarely interrupted.
const SLICE_NS: f64 = 1e6;

/// Name of a measured program, and a function that runs it once.
type Program<'a> = (&'static str, Box<dyn FnMut() + 'a>);

fn main() {
    table("open: from the request to the plaintext", |request| {
        let mut limit = Limit::for_request(request);
        let peer = Peer::for_request(request);
        vec![
            ("hardware's limit", run(move || limit.open(request).1.len())),
            ("from the POST body", run(|| request.read())),
            ("the same with quick-xml", run(|| request.read_with_quick_xml())),
            ("from Encrypt", run(|| request.open())),
            ("wecom-crypto, from Encrypt", run(move || peer.open(request))),
        ]
    });
    table("find the ciphertext in the body", |request| {
        vec![
            ("our tokenizer", run(|| request.find().len())),
            (
                "quick-xml",
                run(|| request.find_by_quick_xml().map(|found| found.len())),
            ),
        ]
    });
    table("seal and sign", |request| {
        let mut limit = Limit::for_request(request);
        let peer = Peer::for_request(request);
        vec![
            ("hardware's limit", run(move || limit.seal().1.len())),
            ("seal and sign", run(|| request.write())),
            ("wecom-crypto", run(move || peer.write())),
        ]
    });
}

fn run<'a, T>(mut program: impl FnMut() -> T + 'a) -> Box<dyn FnMut() + 'a> {
    Box::new(move || {
        black_box(program());
    })
}

/// Measures the programs and prints a row for each of them, and a column for each size. The first program is the limit.
fn table(title: &str, programs: impl for<'a> Fn(&'a CallbackRequest) -> Vec<Program<'a>>) {
    let requests = SIZES.map(CallbackRequest::of);
    let mut rows: Vec<(&str, Vec<String>)> = Vec::new();
    for request in &requests {
        for (row, (name, cell)) in measure(programs(request)).into_iter().enumerate() {
            match rows.get_mut(row) {
                Some((_, cells)) => cells.push(cell),
                None => rows.push((name, vec![cell])),
            }
        }
    }
    println!("\n{title}: ns, and times the limit; medians of {ROUNDS} rounds");
    let [a, b, c, d] = SIZES.map(|bytes| format!("{bytes} B"));
    println!("| {:27} | {a:>14} | {b:>14} | {c:>14} | {d:>14} |", "");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (name, cells) in rows {
        print!("| {name:27} |");
        for cell in cells {
            print!(" {cell:>14} |");
        }
        println!();
    }
}

/// The name of each program, and the text of its cell: median time, and ratio to the first program.
fn measure(mut programs: Vec<Program<'_>>) -> Vec<(&'static str, String)> {
    let counts: Vec<u32> = programs
        .iter_mut()
        .map(|(_, program)| runs_in_a_slice(program))
        .collect();
    let mut rounds: Vec<Vec<f64>> = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let times = programs.iter_mut().zip(&counts);
        rounds.push(times.map(|((_, program), count)| time(program, *count)).collect());
    }
    let column = |of: &dyn Fn(&Vec<f64>) -> Option<f64>| median(rounds.iter().filter_map(of).collect());
    let names = programs.iter().map(|(name, _)| *name).enumerate();
    names
        .map(|(index, name)| {
            let time = column(&|round| round.get(index).copied());
            let ratio = column(&|round| Some(round.get(index)? / round.first()?));
            (name, format!("{time:.0} {ratio:>5.2}x"))
        })
        .collect()
}

/// Number of runs of the program in [`SLICE_NS`]. Also warms it up.
fn runs_in_a_slice(program: &mut dyn FnMut()) -> u32 {
    let mut count = 1;
    while time(program, count) * f64::from(count) < SLICE_NS {
        count *= 2;
    }
    count
}

/// CPU time of one run in nanoseconds, averaged over `count` runs.
fn time(program: &mut dyn FnMut(), count: u32) -> f64 {
    let started = clock_gettime(ClockId::ThreadCPUTime);
    for _ in 0..count {
        program();
    }
    let taken = clock_gettime(ClockId::ThreadCPUTime) - started;
    let taken = Duration::try_from(taken).unwrap_or_default();
    taken.as_secs_f64() * 1e9 / f64::from(count)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
