//! `cargo run -p tests --bin soak -- --minutes N --seed S [--clients C] [--other DAEMON]`: the demo under changing load, watched by
//! everything there is, with restarts, kills, and upgrades to and from another build of it. Ends with 1 when anything was not as it must be.
#![expect(clippy::print_stdout, reason = "a summary for whoever runs it")]

use std::process::ExitCode;
use std::time::Duration;

use tests::soak::{self, Plan};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, otherwise: f64| {
        let at = words.iter().position(|word| word == name);
        at.and_then(|at| words.get(at + 1)?.parse().ok()).unwrap_or(otherwise)
    };
    let lasts = Duration::from_secs_f64(number("--minutes", 10.0).max(0.1) * 60.0);
    let other = words.iter().position(|word| word == "--other").and_then(|at| words.get(at + 1));
    let other = other.map(std::path::PathBuf::from);
    let (seed, clients) = (number("--seed", 1.0) as u64, number("--clients", 8.0) as u32);
    let summary = soak::run(&Plan { lasts, seed, clients, other });
    print!("{summary}");
    for fault in &summary.faults {
        println!("fault: {fault}");
    }
    ExitCode::from(u8::from(!summary.faults.is_empty()))
}
