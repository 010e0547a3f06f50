//! Whether the machine is quiet enough for a figure.

use std::hint::black_box;
use std::time::{Duration, Instant};
use std::{fmt, fs, io};

/// What others may use of one core.
const OTHERS: f64 = 0.05;
/// How far the slow tenth of an empty loop may stray from its middle.
const STRAY: f64 = 0.10;

/// What was seen of the machine before a measurement.
#[derive(Clone, Debug)]
pub struct Machine {
    /// `/proc/loadavg`'s first three figures. They are said and not judged: building raises them for minutes.
    pub load: String,
    /// Processor time of others, in cores, while this process slept for two seconds.
    pub others: f64,
    /// How much longer the slow tenth of some empty loops took than their middle, as a share.
    pub stray: f64,
}

impl Machine {
    /// Looks for about two seconds.
    ///
    /// # Errors
    /// `/proc` is not there.
    pub fn look() -> io::Result<Self> {
        let load = fs::read_to_string("/proc/loadavg")?;
        let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
        let (before, began) = (busy_ticks()?, Instant::now());
        std::thread::sleep(Duration::from_secs(2));
        // A tick of the kernel's account is a hundredth of a second.
        let ran = (busy_ticks()? - before) as f64 / 100.0;
        let others = ran / began.elapsed().as_secs_f64();
        Ok(Self { load, others, stray: stray() })
    }

    /// Nobody else works here, and time passes evenly.
    pub fn is_quiet(&self) -> bool {
        self.others <= OTHERS && self.stray <= STRAY
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { load, others, stray } = self;
        let (others, stray) = (others * 100.0, stray * 100.0);
        write!(
            f,
            "load {load}; others use {others:.1} % of a core; an empty loop strays by {stray:.1} %"
        )
    }
}

/// What all processors worked so far, in ticks: neither idle nor waiting for a disk.
fn busy_ticks() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().unwrap_or_default();
    let ticks = line.split_whitespace().skip(1).map(|word| word.parse().unwrap_or(0));
    // user, nice, system, idle, iowait, irq, softirq, steal; guests are in user already.
    Ok(ticks
        .take(8)
        .enumerate()
        .filter(|(at, _)| *at != 3 && *at != 4)
        .map(|(_, n): (_, u64)| n)
        .sum())
}

fn stray() -> f64 {
    let mut times: Vec<f64> = (0..200)
        .map(|_| {
            let start = Instant::now();
            for turn in 0..500_000u64 {
                _ = black_box(turn);
            }
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let at =
        |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN);
    at(0.9) / at(0.5) - 1.0
}

/// Looks, says what was seen, and whether a figure made now is one. With `ANYWAY=1` in the environment it is always yes,
/// and what was said stands above the table.
///
/// # Errors
/// `/proc` is not there.
pub fn quiet() -> io::Result<bool> {
    let machine = Machine::look()?;
    if machine.is_quiet() {
        println!("{machine}: quiet");
        return Ok(true);
    }
    let anyway = std::env::var_os("ANYWAY").is_some();
    let then = if anyway {
        "what follows is no result"
    } else {
        "nothing is measured; ANYWAY=1 measures all the same"
    };
    println!("{machine}: NOT QUIET, {then}");
    Ok(anyway)
}
