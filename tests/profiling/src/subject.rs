//! Programs to look at, which know the truth about themselves: for each line how long they spent there by
//! their own clock, how much they did, and their longest gap. Each line on stdin is answered with one of
//! numbers, the time and the processor time first; the end of stdin ends the program.

use std::hint::black_box;
use std::io::{BufRead, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// What is known: nanoseconds at each of three lines, operations, longest gap since it was last asked.
static LINES: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];
static DONE: AtomicU64 = AtomicU64::new(0);
static GAP: AtomicU64 = AtomicU64::new(0);

/// Some 50 ns.
#[inline(always)]
fn work(sum: u64, turns: u64) -> u64 {
    (0..turns).fold(sum, |sum, turn| black_box(sum.wrapping_mul(31).rotate_left(7) ^ turn))
}

/// Time at a line, added up.
struct Spent(Instant);

impl Spent {
    fn at(&mut self, line: usize) {
        let now = Instant::now();
        let spent = (now - self.0).as_nanos() as u64;
        LINES[line].fetch_add(spent, Ordering::Relaxed);
        self.0 = now;
    }
}

/// 60, 30 and 10 %.
const TENTHS: [u32; 2] = [180, 270];

fn until(moment: Instant, asleep: bool) {
    if asleep {
        std::thread::sleep(moment.saturating_duration_since(Instant::now()));
    }
    while Instant::now() < moment {
        black_box(work(1, 10));
    }
}

/// A period at three lines, the first two of which end at these parts of 300; `nested`: each in a scope of
/// its own.
fn shares(period: Duration, ends: [u32; 2], nested: bool, asleep: bool) {
    let mut start = Instant::now();
    let mut spent = Spent(start);
    loop {
        let _round = nested.then(|| probe::scope!("round"));
        {
            let _scope = nested.then(|| probe::scope!("first"));
            probe::tag!("sixty");
            until(start + period * ends[0] / 300, asleep);
            spent.at(0);
        }
        {
            let _scope = nested.then(|| probe::scope!("second"));
            probe::tag!("thirty");
            until(start + period * ends[1] / 300, asleep);
            spent.at(1);
        }
        let _scope = nested.then(|| probe::scope!("third"));
        probe::tag!("ten");
        start += period;
        until(start, asleep);
        spent.at(2);
        // Whoever was held up for long does not hurry to make up for it: the shares stay what they are.
        start = start.max(Instant::now() - period);
    }
}

/// Operations, one system call in 300 of them, as fast as it goes.
fn spin() {
    let Ok(mut null) = std::fs::OpenOptions::new().write(true).open("/dev/null") else { return };
    let (mut sum, mut before) = (1, Instant::now());
    loop {
        for _ in 0..100 {
            probe::tag!("one");
            sum = work(sum, 15);
            probe::tag!("two");
            sum = work(sum, 15);
            probe::tag!("three");
            sum = work(sum, 15);
        }
        let _ = null.write(&[sum as u8]);
        let now = Instant::now();
        GAP.fetch_max((now - before).as_nanos() as u64, Ordering::Relaxed);
        DONE.fetch_add(300, Ordering::Relaxed);
        before = now;
    }
}

#[inline(never)]
fn region_half(sum: u64) -> u64 {
    probe::tag!("half");
    work(sum, 50_000)
}

#[inline(never)]
fn region_third(sum: u64) -> u64 {
    probe::tag!("third");
    work(sum, 30_000)
}

#[inline(never)]
fn region_fifth(sum: u64) -> u64 {
    probe::tag!("fifth");
    work(sum, 20_000)
}

/// Three functions, one after the other.
fn regions() {
    let mut sum = 1;
    loop {
        sum = region_half(sum);
        sum = region_third(sum);
        sum = region_fifth(sum);
    }
}

/// Work of its own, and system calls in between, as short as they are.
fn calls() {
    let Ok(mut null) = std::fs::OpenOptions::new().write(true).open("/dev/null") else { return };
    let (mut sum, mut spent) = (1, Spent(Instant::now()));
    loop {
        probe::tag!("user");
        sum = work(sum, 10_000);
        spent.at(0);
        probe::tag!("system call");
        let _ = null.write(&[sum as u8]);
        spent.at(1);
    }
}

/// Processor time of this process.
fn cpu_ns() -> u128 {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map(Duration::from);
    time.unwrap_or_default().as_nanos()
}

pub(crate) fn run(name: &str, kind: &str, number: u64) {
    let threads = match kind {
        "crowd" | "many" | "spin" => number,
        _ => 1,
    };
    let status = match threads {
        0..32 => probe::init!(name),
        _ => probe::init!(name, |config| config.threads(1_100)),
    };
    if !matches!(status, probe::Status::Board(_)) {
        eprintln!("no board: {status:?}");
        return;
    }
    let period = Duration::from_micros(number.max(100));
    for thread in 0..threads {
        let kind = kind.to_owned();
        let body = move || match kind.as_str() {
            "crowd" => {
                probe::tag!("sixty");
                loop {
                    std::thread::park();
                }
            }
            "many" => {
                let apart = Duration::from_micros(thread * 137);
                std::thread::sleep(apart);
                shares(Duration::from_millis(20), TENTHS, false, true);
            }
            "nested" => shares(period, TENTHS, true, false),
            "even" => shares(period, [100, 200], false, false),
            "spin" => spin(),
            "regions" => regions(),
            "calls" => calls(),
            _ => shares(period, TENTHS, false, false),
        };
        if let Err(error) = std::thread::Builder::new().name(format!("worker-{thread}")).spawn(body)
        {
            eprintln!("{error}");
            return;
        }
    }
    let start = Instant::now();
    println!("ready");
    for _ in std::io::stdin().lock().lines() {
        let load = |word: &AtomicU64| word.load(Ordering::Relaxed);
        let [first, second, third] = [&LINES[0], &LINES[1], &LINES[2]].map(load);
        let gap = GAP.swap(0, Ordering::Relaxed);
        let now = start.elapsed().as_nanos();
        println!("{now} {} {first} {second} {third} {} {gap}", cpu_ns(), load(&DONE));
    }
}
