//! The protocol as ratios: how many times the machine's limit each program takes.
//!
//! A shared machine is never quiet, so its times mean little and its ratios much: in every round each program runs in turn, for
//! about [`SLICE_NS`] of CPU time, and is divided by the limit of that round. What is printed is the median of the rounds.

#![expect(clippy::print_stdout, reason = "it prints a table")]

use std::{hint::black_box, time::Duration};

use benches::{Letter, Limit, Peer, SIZES};
use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 101;
/// Long enough for the clock, short enough that others seldom interrupt.
const SLICE_NS: f64 = 1e6;

/// What is measured: its name, and one run of it.
type Program<'a> = (&'static str, Box<dyn FnMut() + 'a>);

fn main() {
    table("open: from the request to the plaintext", |letter| {
        let mut limit = Limit::for_letter(letter);
        let peer = Peer::for_letter(letter);
        vec![
            ("machine's limit", run(move || limit.open(letter).1.len())),
            ("from the POST body", run(|| letter.read())),
            ("from Encrypt", run(|| letter.open())),
            ("wecom-crypto, from Encrypt", run(move || peer.open(letter))),
        ]
    });
    table("seal and sign", |letter| {
        let mut limit = Limit::for_letter(letter);
        let peer = Peer::for_letter(letter);
        vec![
            ("machine's limit", run(move || limit.seal().1.len())),
            ("seal and sign", run(|| letter.write())),
            ("wecom-crypto", run(move || peer.write())),
        ]
    });
}

fn run<'a, T>(mut program: impl FnMut() -> T + 'a) -> Box<dyn FnMut() + 'a> {
    Box::new(move || {
        black_box(program());
    })
}

/// Measures and prints: a row for each program, a column for each size. The first program is the limit.
fn table(title: &str, programs: impl for<'a> Fn(&'a Letter) -> Vec<Program<'a>>) {
    let letters = SIZES.map(Letter::of);
    let mut rows: Vec<(&str, Vec<String>)> = Vec::new();
    for letter in &letters {
        for (row, (name, cell)) in measure(programs(letter)).into_iter().enumerate() {
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

/// The name of each program, and its cell.
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

/// How often it runs in a slice. Warms it up as well.
fn runs_in_a_slice(program: &mut dyn FnMut()) -> u32 {
    let mut count = 1;
    while time(program, count) * f64::from(count) < SLICE_NS {
        count *= 2;
    }
    count
}

/// Nanoseconds of CPU time of one run, of that many.
fn time(program: &mut dyn FnMut(), count: u32) -> f64 {
    let begun = clock_gettime(ClockId::ThreadCPUTime);
    for _ in 0..count {
        program();
    }
    let taken = clock_gettime(ClockId::ThreadCPUTime) - begun;
    let taken = Duration::try_from(taken).unwrap_or_default();
    taken.as_secs_f64() * 1e9 / f64::from(count)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
