//! Trouble on purpose, to have something to find with `inspect`. Only with `--allow-debug`.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, raise};

use super::refusal::{Refusal, subcommand};
use super::spec::{After, Context, Outcome};
use crate::resp::reply;
use crate::resp::request::Request;

/// Longest sleep: longer ones are what HANG is for.
const LONGEST_SLEEP: Duration = Duration::from_secs(3600);

/// `DEBUG SLEEP seconds|HANG|PANIC|SEGFAULT`
pub(super) fn debug(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "DEBUG");
    if !context.shared.settings.allow_debug {
        return Err(Refusal::new(
            "ERR DEBUG command not allowed. Start the daemon with --allow-debug.",
        ));
    }
    match (request.word(1).to_ascii_uppercase().as_slice(), request.len()) {
        (b"SLEEP", 3) => {
            let seconds =
                std::str::from_utf8(request.word(2)).ok().and_then(|text| text.parse().ok());
            let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            let time =
                time.filter(|&time| time <= LONGEST_SLEEP).ok_or_else(Refusal::not_an_integer)?;
            sleep(time)?;
            reply::ok(context.out);
            Ok(After::Next)
        }
        (b"HANG", 2) => context.shared.store.hang(),
        (b"PANIC", 2) => panic!("DEBUG PANIC was asked for"),
        (b"SEGFAULT", 2) => {
            let _ = raise(Signal::SIGSEGV);
            Ok(After::Close)
        }
        _ => Err(subcommand("DEBUG", request)),
    }
}

/// Sleeps, and looks now and then whether it is to end.
fn sleep(time: Duration) -> Result<(), Refusal> {
    const LOOK_EVERY: Duration = Duration::from_millis(10);
    probe::op_status!(wait, "sleep");
    let until = Instant::now() + time;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            probe::op_status!("run");
            return Ok(());
        }
        if probe::op_asked!().is_cancelled() {
            return Err(Refusal::new("CANCELLED DEBUG SLEEP was cancelled"));
        }
        std::thread::sleep(left.min(LOOK_EVERY));
    }
}
