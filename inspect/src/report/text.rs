//! A report as text: its head, and the words for places that tables share.

use std::fmt::Write;

use super::answer::Answer;

use super::row::Weight;
use super::table;
use super::tally::Tally;
use super::words::percent;
use crate::render::Look;
use crate::words::human::{or_none, time, whole};
use crate::words::term::{fold, label};

/// The boards that were sampled, a line each.
fn boards(out: &mut String, tally: &Tally) {
    let several = tally.boards.len() > 1;
    for (index, board) in (0u32..).zip(&tally.boards) {
        let of_it = |cell: &&super::tally::Cell| {
            let thread = tally.threads.get(cell.thread as usize);
            cell.row.is_some() && thread.is_some_and(|thread| thread.board == index)
        };
        let samples: u64 = tally.cells.iter().filter(of_it).map(|cell| cell.samples).sum();
        let samples = match several {
            true => format!(": {} samples", whole(samples)),
            false => String::new(),
        };
        let end = tally.ends.iter().find(|(of, _)| *of == index);
        let end = end.map_or_else(String::new, |(_, how)| format!("; ended: {}", label(how)));
        let _ = writeln!(
            out,
            "{}, pid {}, {}{samples}{end}",
            label(&board.name),
            board.pid,
            or_none(Some(&board.build).filter(|build| !build.is_empty()), label)
        );
    }
}

/// The head: what was sampled, how well, and what the shares are shares of.
pub fn head(tally: &Tally, answer: &Answer) -> String {
    let mut out = String::new();
    boards(&mut out, tally);
    let due = tally.ticks + tally.missed;
    let _ = writeln!(
        out,
        "{} ticks in {}: {:.1} Hz of {} asked, {} of {} missed",
        whole(tally.ticks),
        time(tally.duration_ns),
        answer.achieved_hz,
        tally.rate_mhz as f64 / 1e3,
        whole(tally.missed),
        whole(due)
    );
    if tally.options().blame {
        blamed(&mut out, tally, answer);
        return out;
    }
    let [work, wait, idle] = answer.classes;
    let idle_said = match tally.options().idle {
        true => format!("{} idle counted too", whole(idle)),
        false => format!("{} idle left out", whole(idle)),
    };
    let _ = writeln!(
        out,
        "100% = {} samples: {} work, {} wait, {} torn; {idle_said}",
        whole(answer.denominator),
        whole(work),
        whole(wait),
        whole(answer.torn)
    );
    if tally.options().weight == Weight::Parallel {
        in_parallel(&mut out, tally);
    }
    let all = answer.whole();
    if answer.nowhere > 0 {
        let _ = writeln!(
            out,
            "{} samples outside of every line and scope left out",
            whole(answer.nowhere)
        );
    }
    if tally.options().whole {
        let _ = writeln!(out, "shares are of {} samples: all time of these threads", whole(all));
    } else if all > answer.denominator {
        let _ = writeln!(
            out,
            "that is {} of all time of these threads (--whole: shares of all of it)",
            percent(answer.denominator as f64 / all as f64)
        );
    }
    unseen(&mut out, answer);
    out
}

/// Threads of which nothing is known.
fn unseen(out: &mut String, answer: &Answer) {
    if answer.unseen > 0 {
        let room = match answer.without_room {
            0 => String::new(),
            some => format!(" ({} found no room on the board: Config::threads)", whole(some)),
        };
        let (threads, are) = if answer.unseen == 1 { ("thread", "is") } else { ("threads", "are") };
        let _ =
            writeln!(out, "{} {threads} of the process {are} not seen{room}", whole(answer.unseen));
    }
}

/// What shares are of where they are of waiting.
fn blamed(out: &mut String, tally: &Tally, answer: &Answer) {
    let _ = writeln!(
        out,
        "100% = {} samples of threads that wait for others, each at the line of who could act",
        whole(answer.denominator)
    );
    if tally.unblamed > 0 {
        let unknown = whole(tally.unblamed);
        let _ = writeln!(out, "{unknown} more wait, and who could act is not known: left out");
    }
}

/// What shares are of where ticks are shared out.
fn in_parallel(out: &mut String, tally: &Tally) {
    let _ = writeln!(
        out,
        "shares are of the {} ticks at which somebody works, each shared by those who do",
        whole(tally.worked)
    );
    let _ = writeln!(out, "GAIN: so many times as fast, at most, if the line took no time");
}

/// The whole report.
pub fn report(tally: &Tally, answer: &Answer, look: &Look, top: usize) -> String {
    let mut out = fold(&head(tally, answer), look.columns);
    if answer.denominator > 0 {
        out.push('\n');
        table::rows(&mut out, tally, answer, look, top);
    }
    table::stalls(&mut out, tally, look);
    out
}
