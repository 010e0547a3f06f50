//! In how many runs the truth is inside the interval: real processes that know their own shares, sampled as
//! `inspect profile` does.

use std::time::Duration;

use inspect::report::stats::Z95;
use inspect::report::{Options as Counting, Tally, answer};
use inspect::sampler::{self, Machine, Options, Subject as Sampled, Wish};
use inspect::{OpenBoard, Target};

use crate::child::Subject;

const LINES: [&str; 3] = ["sixty", "thirty", "ten"];

pub(crate) fn run(runs: usize, length: Duration) -> std::io::Result<()> {
    println!(
        "{runs} runs of {length:?}: in how many the truth is inside the 95 % interval, and its width"
    );
    println!("{:<36} {:>6} {:>7} {:>5} {:>9} {:>7}", "", "sixty", "thirty", "ten", "width", "torn");
    for (label, kind, number) in [
        ("60/30/10 in 700 us", "shares", 700),
        ("in step: 60/30/10 in 1 ms", "shares", 1_000),
        ("three lines of 700 us each", "even", 2_100),
        ("nested, 60/30/10 in 700 us", "nested", 700),
        ("64 threads, 60/30/10 in 20 ms", "many", 64),
    ] {
        let Some(trial) = trial(kind, number, runs, length) else {
            return Err(std::io::Error::other(format!("{label}: nothing was sampled")));
        };
        println!(
            "{label:<36} {:>6} {:>7} {:>5} {:>9.2} {:>7}",
            trial.inside[0], trial.inside[1], trial.inside[2], trial.width, trial.torn
        );
    }
    println!("width: of the interval, on average, over that of independent draws");
    Ok(())
}

#[derive(Default)]
struct Trial {
    inside: [u32; 3],
    width: f64,
    torn: u64,
}

fn trial(kind: &str, number: u64, runs: usize, length: Duration) -> Option<Trial> {
    let mut subject = Subject::start(kind, number).ok()?;
    let mut trial = Trial::default();
    let mut widths = 0.0;
    for _ in 0..runs {
        let found = inspect::open(&Target::Pid(subject.pid())).ok()?;
        let sampled = found.into_iter().filter(OpenBoard::exists).map(Sampled::from).collect();
        let mut tally = Tally::new(Counting::default());
        let options = Options::lasting(length);
        let before = subject.ask();
        let mut on = |_: &sampler::Progress| Wish::default();
        sampler::run(sampled, &options, &mut Machine::new(), &mut tally, &mut on).ok()?;
        let after = subject.ask();
        tally.finish();
        let answer = answer(&tally);
        trial.torn += answer.torn;
        let spent: [f64; 3] = std::array::from_fn(|line| after.lines[line] - before.lines[line]);
        let all: f64 = spent.iter().sum();
        for (line, label) in LINES.into_iter().enumerate() {
            let truth = spent[line] / all;
            let named = |row: &&inspect::report::Row| {
                row.key.spot().is_some_and(|spot| spot.label.raw() == label)
            };
            let row = answer.rows.iter().find(named)?;
            trial.inside[line] += u32::from((row.low..=row.high).contains(&truth));
            let binomial = 2.0 * Z95 * (truth * (1.0 - truth) / answer.denominator as f64).sqrt();
            trial.width += (row.high - row.low) / binomial;
            widths += 1.0;
        }
    }
    trial.width /= widths;
    Some(trial)
}
