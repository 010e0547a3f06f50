//! How a process ended, and its last panic, which need not have been its end.

use probe::layout::EXIT_CODE_UNKNOWN;

use super::clock::Clock;
use super::headline;
use crate::clock::rfc3339;
use crate::context::Context;
use crate::liveness::State;
use crate::model::{End, LastPanic};
use crate::snapshot::EndRead;
use crate::words::human::time;

/// What ends so soon after a panic ends of it, most likely: other threads are told, and things are put in order. Who lives on
/// for longer has caught it.
const FOLLOWS_NS: u64 = 10_000_000_000;

/// When it ended: as its exit says, else its last sign of life.
pub(super) fn ended_wall_ns(end: &EndRead, started_wall_ns: u64, uptime_ns: u64) -> u64 {
    match end.exited && end.exit_wall_ns > 0 {
        true => end.exit_wall_ns,
        false => started_wall_ns.saturating_add(uptime_ns),
    }
}

/// An exit's code, as the C library told it.
fn code_of(end: &EndRead) -> Option<i64> {
    (end.exited && end.exit_code as u64 != EXIT_CODE_UNKNOWN).then_some(end.exit_code)
}

/// What it is that ended, as far as its C library and its last panic tell.
fn how(end: &EndRead, panic: Option<&LastPanic>, lock: Option<bool>) -> String {
    const UNTOLD: &str = "with a code that its C library does not tell";
    let near = panic.is_some_and(|panic| panic.age_ns <= FOLLOWS_NS);
    let mut how = match (end.exited, code_of(end), near) {
        (true, Some(code), true) => format!("exited with code {code} after a panic"),
        (true, Some(code), false) => format!("exited with code {code}"),
        (true, None, true) => format!("exited after a panic, {UNTOLD}"),
        (true, None, false) => format!("exited in order, {UNTOLD}"),
        (false, _, true) => "aborted or killed after a panic".to_owned(),
        (false, _, false) if lock == Some(false) => {
            "killed (no end recorded, lock free)".to_owned()
        }
        (false, _, false) => "killed (no end recorded)".to_owned(),
    };
    if let Some(panic) = panic.filter(|_| !near) {
        how += &format!("; its last panic was {} before", time(panic.age_ns));
    }
    how
}

/// The verdict in words, with what is known of the end, or of a keeper that fell silent: its last beat's age, and its period.
pub(super) fn verdict(
    context: &Context,
    (end, panic): (&EndRead, Option<&LastPanic>),
    (beat_age, period_ns): (Option<u64>, u64),
) -> String {
    let said = &context.verdict;
    match context.state {
        State::Dead => {
            let how = how(end, panic, context.lock);
            // "dead", or "dead; and something that is worth knowing"; how it ended is not known of an image
            // that another one took the place of.
            match said.strip_prefix("dead") {
                Some(rest) if rest.starts_with(':') => said.clone(),
                Some(rest) => format!("dead: {how}{rest}"),
                None => format!("{said}: {how}"),
            }
        }
        State::Live if period_ns > 0 => match beat_age {
            Some(age) if age > 2_000_000_000.max(period_ns.saturating_mul(20)) => {
                format!("{said}, but {} for {} s", headline::SILENT, age / 1_000_000_000)
            }
            _ => said.clone(),
        },
        State::Live => format!(
            "{said}; it has no keeper: loads and rates are from two looks, ages are not known"
        ),
        _ => said.clone(),
    }
}

/// What its exit handlers left, or its panic; `None` where there is neither.
pub(super) fn end(end: &EndRead, ended_wall_ns: u64) -> Option<End> {
    (end.exited || end.panics > 0).then(|| End {
        clean: end.exited && end.exit_code == 0,
        exit_code: code_of(end),
        panic: end.panic.as_ref().map(|panic| panic.text.clone()),
        at: Some(rfc3339(ended_wall_ns)),
    })
}

/// The last panic, with its age: of the dead before their end.
pub(super) fn last_panic(end: &EndRead, clock: &Clock) -> Option<LastPanic> {
    let panic = end.panic.as_ref()?;
    let ended = if end.exited { end.exit_stamp } else { clock.now };
    Some(LastPanic {
        text: panic.text.clone(),
        tid: Some(panic.tid).filter(|&tid| tid > 0),
        at: rfc3339(panic.wall_ns),
        age_ns: clock.span_ns(panic.stamp, ended),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Panic;
    use crate::words::label::Label;

    const SECOND: u64 = 1_000_000_000;

    /// How it ended at second 100, after a panic in this second of its life, or none.
    fn told(panic: Option<u64>, exited: Option<i64>) -> String {
        let end = EndRead {
            exited: exited.is_some(),
            exit_code: exited.unwrap_or(0),
            exit_stamp: exited.map_or(0, |_| 100 * SECOND),
            exit_wall_ns: 0,
            panics: u64::from(panic.is_some()),
            panic: panic.map(|second| Panic {
                stamp: second * SECOND,
                wall_ns: second * SECOND,
                tid: 7,
                text: Label::from("out of rows"),
            }),
        };
        let last = last_panic(&end, &Clock::for_tests(100 * SECOND));
        how(&end, last.as_ref(), Some(false))
    }

    #[test]
    fn a_panic_is_the_end_of_who_ends_at_once_and_of_nobody_else() {
        assert_eq!(told(Some(99), None), "aborted or killed after a panic");
        assert_eq!(told(Some(92), Some(101)), "exited with code 101 after a panic");
        assert_eq!(
            told(Some(40), None),
            "killed (no end recorded, lock free); its last panic was 1m00s before"
        );
        assert_eq!(told(Some(40), Some(0)), "exited with code 0; its last panic was 1m00s before");
        assert_eq!(told(None, None), "killed (no end recorded, lock free)");
        assert_eq!(told(None, Some(3)), "exited with code 3");
    }
}
