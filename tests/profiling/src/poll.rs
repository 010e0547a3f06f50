//! What one look costs the writer of a hot line. The writer, on one core, times short stretches of a loop
//! that does little but write its line; the reader, on another, looks once in a while and notes when. What
//! a stretch with just one look took longer than one without is the price of the look.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use inspect::Target;
use inspect::recording::Entry;
use inspect::sampler::{BoardSampler, Numbers};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

use timing::median;

/// Stretches of one round, and rounds.
const STRETCHES: usize = 60_000;
const ROUNDS: usize = 9;

fn pin(core: usize) {
    let mut set = CpuSet::new();
    let _ = set.set(core);
    let _ = sched_setaffinity(Pid::from_raw(0), &set);
}

/// A loop over the body, some 2 us, from its start to its end.
macro_rules! stretch {
    ($start:expr, $turns:expr, $body:expr) => {{
        let begin = $start.elapsed().as_nanos() as u64;
        for _ in 0..$turns {
            $body;
            std::sync::atomic::compiler_fence(Ordering::SeqCst);
        }
        (begin, $start.elapsed().as_nanos() as u64)
    }};
}

fn bare(start: Instant) -> (u64, u64) {
    stretch!(start, 4_000, {
        probe::tag!("a hot line");
    })
}

fn scoped(start: Instant) -> (u64, u64) {
    stretch!(start, 600, {
        let _scope = probe::scope!("a hot scope");
    })
}

fn in_work(start: Instant) -> (u64, u64) {
    let mut sum = 1u64;
    stretch!(start, 40, {
        probe::tag!("a hot line in work");
        for _ in 0..20 {
            sum = black_box(sum.wrapping_mul(31).rotate_left(7));
        }
    })
}

pub(crate) fn run() {
    let _ = probe::init!("profiling-poll");
    probe::tag!("begins");
    println!(
        "ns that one look costs the writer: medians of stretches with just one look, less those with none"
    );
    println!("{:<34} {:>10} {:>24}", "", "a stretch", "a look, ns");
    for (label, body) in [
        ("tags alone", bare as fn(Instant) -> (u64, u64)),
        ("tags in 40 ns of work", in_work),
        ("scopes, in and out", scoped),
    ] {
        let rounds: Vec<(f64, f64)> = (0..ROUNDS).filter_map(|_| round(body)).collect();
        let alone: Vec<f64> = rounds.iter().map(|round| round.0).collect();
        let looks: Vec<f64> = rounds.iter().map(|round| round.1).collect();
        println!("{label:<34} {:>7.0} ns {:>24}", median(&alone), crate::spread(&looks));
    }
}

/// A stretch without a look, and what one look adds.
fn round(body: fn(Instant) -> (u64, u64)) -> Option<(f64, f64)> {
    let start = Instant::now();
    let end = AtomicBool::new(false);
    let (stretches, looks) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| looks(start, &end));
        let writer = scope.spawn(|| {
            pin(0);
            let stretches: Vec<_> = (0..STRETCHES).map(|_| body(start)).collect();
            end.store(true, Ordering::Relaxed);
            stretches
        });
        (writer.join(), reader.join())
    });
    let (stretches, looks) = (stretches.ok()?, looks.ok()?);
    let (mut none, mut one) = (Vec::new(), Vec::new());
    let mut next = 0;
    for (begin, end) in stretches {
        while looks.get(next).is_some_and(|look| look.1 < begin) {
            next += 1;
        }
        let inside: Vec<_> = looks[next..].iter().take_while(|look| look.0 <= end).collect();
        let took = (end - begin) as f64;
        match inside[..] {
            [] => none.push(took),
            // Wholly inside, not on its edge.
            [look] if look.0 > begin && look.1 < end => one.push(took),
            _ => {}
        }
    }
    (one.len() > 100).then(|| (median(&none), median(&one) - median(&none)))
}

/// Looks until the writer is done: when each began and ended.
fn looks(start: Instant, end: &AtomicBool) -> Vec<(u64, u64)> {
    pin(1);
    let mut looks = Vec::new();
    let mut found = inspect::open(&Target::Pid(std::process::id())).unwrap_or_default();
    let Some(board) = found.pop().map(|found| found.board) else { return looks };
    let (mut numbers, mut sink) = (Numbers::default(), Vec::<Entry>::new());
    let Ok(Some(mut sampler)) = BoardSampler::open(&board, &mut numbers, &mut sink) else {
        return looks;
    };
    let mut random = 1u64;
    while !end.load(Ordering::Relaxed) {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let until = start.elapsed().as_nanos() as u64 + 4_000 + (random >> 51);
        while (start.elapsed().as_nanos() as u64) < until {
            std::hint::spin_loop();
        }
        let before = start.elapsed().as_nanos() as u64;
        let _ = sampler.look(&board, &mut numbers, &mut sink);
        looks.push((before, start.elapsed().as_nanos() as u64));
        sink.clear();
    }
    looks
}
