//! What a program that computes loses to whoever looks at it: operations in a stretch with the tool, over
//! those in the stretches before and after, and its own longest gap between two operations.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::child::{Said, Subject};
use crate::tools::Tool;
use timing::median;

use crate::spread;

/// Until a tool has found its way in, and how long it is watched.
const SETTLE: Duration = Duration::from_millis(400);
const WATCHED: Duration = Duration::from_millis(1_500);
const ALONE: Duration = Duration::from_millis(600);

pub(crate) fn run(rounds: usize) -> std::io::Result<()> {
    for (label, threads) in [("a spare core", 1), ("every core taken", cores())] {
        println!(
            "operations with the tool over those without, {label} ({threads} threads), {rounds} rounds"
        );
        println!(
            "{:<30} {:<24} {:>13} {:>19}  longest gap",
            "", "a second", "to empty loop", "a processor second"
        );
        table(threads, rounds)?;
    }
    Ok(())
}

fn cores() -> u64 {
    std::thread::available_parallelism().map_or(2, |cores| cores.get() as u64)
}

fn table(threads: u64, rounds: usize) -> std::io::Result<()> {
    let mut subject = Subject::start("spin", threads)?;
    let scratch = tempfile::tempdir()?;
    let missing = Tool::ALL.map(Tool::missing);
    let mut ratios = [const { Vec::new() }; Tool::ALL.len()];
    let mut by_cpu = [const { Vec::new() }; Tool::ALL.len()];
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
            ratios[index].push(with.a_second * 2.0 / (before.a_second + after.a_second));
            by_cpu[index]
                .push(with.a_cpu_second * 2.0 / (before.a_cpu_second + after.a_cpu_second));
            gaps[index].push(with.gap_ns / 1e6);
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
            "{:<30} {:<24} {:>13.3} {:>19.3} {:>9.2} ms",
            tool.label(),
            spread(&ratios[index]),
            median(&paired),
            median(&by_cpu[index]),
            median(&gaps[index])
        );
    }
    Ok(())
}

/// What a program got done.
struct Stretch {
    a_second: f64,
    a_cpu_second: f64,
    gap_ns: f64,
}

fn stretch(subject: &mut Subject, length: Duration) -> Stretch {
    let first: Said = subject.ask();
    std::thread::sleep(length);
    let last = subject.ask();
    let done = last.done - first.done;
    Stretch {
        a_second: done / (last.at_ns - first.at_ns) * 1e9,
        a_cpu_second: done / (last.cpu_ns - first.cpu_ns) * 1e9,
        gap_ns: last.gap_ns,
    }
}
