//! The shares of a program that computes, beside those of perf; and the share of its time in system calls,
//! beside what debuggers that stop it say.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use inspect::report::{Answer, Options as Counting, Tally, answer};
use inspect::sampler::{self, Machine, Options, Subject as Sampled, Wish};
use inspect::{OpenBoard, Target};

use crate::child::Subject;
use crate::tools::Tool;

pub(crate) fn run(seconds: u64) -> std::io::Result<()> {
    regions(seconds).and_then(|()| calls(seconds.div_ceil(6)))
}

/// What `inspect profile` would say.
fn sample(subject: &Subject, seconds: u64) -> Option<Answer> {
    let found = inspect::open(&Target::Pid(subject.pid())).ok()?;
    let sampled = found.into_iter().filter(OpenBoard::exists).map(Sampled::from).collect();
    let mut tally = Tally::new(Counting::default());
    let options = Options::lasting(Duration::from_secs(seconds));
    let mut on = |_: &sampler::Progress| Wish::default();
    sampler::run(sampled, &options, &mut Machine::new(), &mut tally, &mut on).ok()?;
    tally.finish();
    Some(answer(&tally))
}

fn share(answer: &Answer, label: &str) -> f64 {
    let named =
        |row: &&inspect::report::Row| row.key.spot().is_some_and(|spot| spot.label.raw() == label);
    answer.rows.iter().find(named).map_or(0.0, |row| row.share)
}

fn regions(seconds: u64) -> std::io::Result<()> {
    println!("three functions over {seconds} s, per cent: beside perf record -F 999 -e cpu-clock");
    if let Some(why) = Tool::Perf.missing() {
        println!("{why}");
        return Ok(());
    }
    let subject = Subject::start("regions", 0)?;
    let scratch = tempfile::tempdir()?;
    let perf = Tool::Perf.start(subject.pid(), &subject.name, scratch.path())?;
    std::thread::sleep(Duration::from_millis(500));
    let answer = sample(&subject, seconds);
    drop(perf);
    let Some(answer) = answer else { return Err(std::io::Error::other("no samples")) };
    let by_perf = perf_shares(&scratch.path().join("out"))?;
    println!("{:<16} {:>9} {:>9} {:>11}", "", "inspect", "perf", "difference");
    for (label, function) in
        [("half", "region_half"), ("third", "region_third"), ("fifth", "region_fifth")]
    {
        let named = by_perf.iter().filter(|(name, _)| name.contains(function));
        let (ours, theirs) =
            (share(&answer, label) * 100.0, named.map(|(_, share)| share).sum::<f64>());
        println!("{function:<16} {ours:>9.2} {theirs:>9.2} {:>+11.2}", ours - theirs);
    }
    Ok(())
}

/// Functions and their per cent of the samples in any of the regions.
fn perf_shares(file: &Path) -> std::io::Result<Vec<(String, f64)>> {
    let output = Command::new("perf")
        .args([
            "report",
            "--stdio",
            "-q",
            "--no-children",
            "-g",
            "none",
            "-F",
            "sample,symbol",
            "-i",
        ])
        .arg(file)
        .stderr(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = |line: &str| -> Option<(String, f64)> {
        let (samples, symbol) = line.trim().split_once(char::is_whitespace)?;
        Some((symbol.to_owned(), samples.parse().ok()?))
            .filter(|(name, _)| name.contains("region_"))
    };
    let found: Vec<(String, f64)> = text.lines().filter_map(line).collect();
    let all: f64 = found.iter().map(|(_, samples)| samples).sum();
    Ok(found.into_iter().map(|(name, samples)| (name, samples / all * 100.0)).collect())
}

fn calls(seconds: u64) -> std::io::Result<()> {
    println!(
        "\nshare of time in a system call, per cent: the program's own clock, and who looks at it"
    );
    let mut subject = Subject::start("calls", 0)?;
    let before = subject.ask();
    let ours = sample(&subject, seconds);
    let after = subject.ask();
    let [user, call, _]: [f64; 3] =
        std::array::from_fn(|line| after.lines[line] - before.lines[line]);
    println!("{:<30} {:>6.2}", "the program itself", call / (user + call) * 100.0);
    let share = ours.as_ref().map_or(f64::NAN, |answer| share(answer, "system call") * 100.0);
    let samples = ours.map_or(0, |answer| answer.denominator);
    println!("{:<30} {share:>6.2}  of {samples} samples", "inspect profile");
    let pid = subject.pid().to_string();
    for (tool, program, arguments, times) in [
        (Tool::EuStack, "eu-stack", vec!["-p", &pid], 150),
        (Tool::Gdb, "gdb", vec!["-nx", "-batch", "-p", &pid, "-ex", "thread apply all bt 3"], 15),
    ] {
        if let Some(why) = tool.missing() {
            println!("{:<30} {why}", tool.label());
            continue;
        }
        let mut inside = 0;
        for _ in 0..times {
            let mut command = Command::new(program);
            let output =
                command.args(&arguments).stdin(Stdio::null()).stderr(Stdio::null()).output()?;
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            // The worker writes; the other threads wait to read, or sleep.
            inside += u32::from(text.lines().any(in_write));
        }
        let share = f64::from(inside) / f64::from(times) * 100.0;
        println!("{:<30} {share:>6.2}  of {times} samples", tool.label());
    }
    Ok(())
}

/// Whether a line of a backtrace is the innermost frame and `write`'s.
fn in_write(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("#0") && line.split([' ', '(', '_', '@']).any(|word| word == "write")
}
