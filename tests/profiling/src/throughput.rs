//! What a program that computes loses to whoever looks at it: operations in a stretch with the tool, over
//! those in the stretches before and after, and its own longest gap between two operations.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::child::{Said, Subject};
use crate::tools::Tool;
use crate::{median, spread};

/// Until a tool has found its way in, and how long it is watched.
const SETTLE: Duration = Duration::from_millis(500);
const WATCHED: Duration = Duration::from_millis(2_000);
const ALONE: Duration = Duration::from_millis(1_000);

pub(crate) fn run(rounds: usize) {
    for (label, threads) in [("a spare core", 1), ("every core taken", cores())] {
        println!(
            "operations with the tool over those without, {label} ({threads} threads), {rounds} rounds"
        );
        println!("{:<30} {:<24} {:>16} {:>10}", "", "ratio", "to empty loop", "longest gap");
        if let Err(error) = table(threads, rounds) {
            eprintln!("{error}");
        }
    }
}

fn cores() -> u64 {
    std::thread::available_parallelism().map_or(2, |cores| cores.get() as u64)
}

fn table(threads: u64, rounds: usize) -> std::io::Result<()> {
    let mut subject = Subject::start("spin", threads)?;
    let scratch = tempfile::tempdir()?;
    let missing = Tool::ALL.map(Tool::missing);
    let mut ratios = [const { Vec::new() }; Tool::ALL.len()];
    let mut gaps = [const { Vec::new() }; Tool::ALL.len()];
    for round in 0..rounds {
        let mut order: Vec<usize> = (0..Tool::ALL.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order.into_iter().filter(|&index| missing[index].is_none()) {
            let before = stretch(&mut subject, ALONE);
            let tool = Tool::ALL[index].start(subject.pid(), &subject.name, scratch.path())?;
            std::thread::sleep(SETTLE);
            let with = stretch(&mut subject, WATCHED);
            drop(tool);
            // A tracer that was ended amid its work may leave its program stopped.
            let _ = kill(Pid::from_raw(subject.pid().cast_signed()), Signal::SIGCONT);
            let after = stretch(&mut subject, ALONE);
            ratios[index].push(with.0 * 2.0 / (before.0 + after.0));
            gaps[index].push(with.1 / 1e6);
        }
    }
    for (index, tool) in Tool::ALL.into_iter().enumerate() {
        if let Some(why) = &missing[index] {
            println!("{:<30} {why}", tool.label());
            continue;
        }
        let paired: Vec<f64> =
            ratios[index].iter().zip(&ratios[1]).map(|(tool, empty)| tool / empty).collect();
        println!(
            "{:<30} {:<24} {:>16.3} {:>7.2} ms",
            tool.label(),
            spread(&ratios[index]),
            median(&paired),
            median(&gaps[index])
        );
    }
    Ok(())
}

/// Operations a second, and the longest gap, ns.
fn stretch(subject: &mut Subject, length: Duration) -> (f64, f64) {
    let first: Said = subject.ask();
    std::thread::sleep(length);
    let last = subject.ask();
    ((last.done - first.done) / (last.at_ns - first.at_ns) * 1e9, last.gap_ns)
}
