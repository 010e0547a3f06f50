//! What probes cost beside what others offer for the same job, all enabled, in one run: `cargo run --release --locked` in
//! this folder. A table for people; nothing is gated on it.
//!
//! Each pair has a process of its own, since most of the others are global to their process; in it theirs and ours are
//! timed one right after the other, in alternating order, and ours once more as the control.
#![forbid(unsafe_code)]

mod counts;
mod marks;
mod requests;
mod stretches;
mod values;

use std::process::{Command, ExitCode};

/// Times something so many turns: ns that one took.
type Timed = fn(u64) -> f64;

/// Another tool's way to do a job.
struct Peer {
    /// Crate and what of it.
    name: &'static str,
    /// What it does besides, or does not.
    besides: &'static str,
    /// Makes it work, as its documentation says; what it returns lives as long as the timing.
    enable: fn() -> Box<dyn std::any::Any>,
    timed: Timed,
    /// Less, where what it keeps grows.
    turns: u64,
}

/// Something that a daemon wants noted.
struct Job {
    name: &'static str,
    /// Our probe for it, and what that does not do.
    probe: &'static str,
    besides: &'static str,
    ours: Timed,
    peers: &'static [Peer],
}

const JOBS: [&Job; 5] = [&marks::JOB, &stretches::JOB, &counts::JOB, &values::JOB, &requests::JOB];

/// A difference of one in twenty is to be seen.
const RESOLVE: f64 = 0.05;

fn nothing() -> Box<dyn std::any::Any> {
    Box::new(())
}

/// In a process of its own: one peer of one job beside our probe.
fn pair(job: &str, peer: &str) -> Option<()> {
    let job = JOBS.into_iter().find(|it| it.name == job)?;
    let peer = job.peers.iter().find(|it| it.name == peer)?;
    let _enabled = (peer.enable)();
    let _ = probe::init!("scoreboard-beside");
    let ours = || (job.ours)(peer.turns);
    let found = timing::compared(|| (peer.timed)(peer.turns), ours, RESOLVE);
    let (ratio, control) = (found.ratio.to_string(), found.control.to_string());
    println!("{:<34} {:>8.2} {ratio:>24} {control:>22}  {}", peer.name, found.took, peer.besides);
    Some(())
}

fn table() -> std::io::Result<()> {
    println!("x86-64, release, fat LTO; {}", env!("CARGO_PKG_NAME"));
    for line in include_str!("../Cargo.lock").split("[[package]]") {
        let of = |key: &str| line.split(key).nth(1)?.split('"').nth(1);
        let (Some(name), Some(version)) = (of("name = "), of("version = ")) else { continue };
        if NAMED.contains(&name) {
            print!("{name} {version}  ");
        }
    }
    println!();
    let _ = probe::init!("scoreboard-beside");
    for job in JOBS {
        println!("\n{}", job.name);
        println!("{:<34} {:>8} {:>24} {:>22}  besides", "", "ns", "times ours", "control");
        let ours = || (job.ours)(20_000);
        let found = timing::compared(ours, ours, RESOLVE);
        println!(
            "{:<34} {:>8.2} {:>24} {:>22}  {}",
            job.probe,
            found.took,
            "1",
            found.control.to_string(),
            job.besides
        );
        for peer in job.peers {
            let mut pair = Command::new(std::env::current_exe()?);
            let status = pair.args([job.name, peer.name]).status()?;
            if !status.success() {
                println!("{:<34} failed: {status}", peer.name);
            }
        }
    }
    println!(
        "\nnot tried: USDT with a tracer attached, and LTTng-UST, whose provider is C and a shared library"
    );
    Ok(())
}

/// Whose versions are printed.
const NAMED: [&str; 14] = [
    "scoreboard-probe",
    "await-tree",
    "env_logger",
    "fastrace",
    "hdrhistogram",
    "hotpath",
    "log",
    "metrics",
    "prometheus",
    "prometheus-client",
    "puffin",
    "tracing",
    "tracy-client",
    "probe",
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [job, peer] = &words[..] {
        return if pair(job, peer).is_some() { ExitCode::SUCCESS } else { ExitCode::from(2) };
    }
    match timing::quiet() {
        Ok(true) => {}
        Ok(false) => return ExitCode::from(3),
        Err(error) => println!("whether the machine is quiet is not known: {error}"),
    }
    match table() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
