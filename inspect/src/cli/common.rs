//! What the verbs have in common: finding boards, how things are shown, documents, doing it again.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::args::{Cli, Color, Common};
use super::failure::Failure;
use crate::board_file::{BoardFile, Trust};
use crate::context::Look as Around;
use crate::error::OpenError;
use crate::locate::{self, Target};
use crate::open_board::{Found, OpenBoard};
use crate::render::{Look, json};
use crate::root::{self, drop_root};
use crate::words::term::hanging;

/// Prints a document: on one line where a stream was asked for.
pub(super) fn document(
    cli: &Cli,
    out: &mut dyn Write,
    document: &impl serde::Serialize,
) -> Result<(), Failure> {
    let done = json::write(out, document, !cli.common.jsonl);
    done.map_err(io::Error::from)?;
    Ok(writeln!(out)?)
}

/// A document over several lines, harmless on a terminal.
pub(super) fn pretty(document: &serde_json::Value) -> Result<String, Failure> {
    json::pretty(document).map_err(|error| Failure::new(error.to_string()))
}

/// How things are shown on this terminal.
pub fn look(common: &Common) -> Look {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let forced =
        set("CLICOLOR_FORCE") && std::env::var_os("CLICOLOR_FORCE").is_some_and(|v| v != "0");
    let color = match common.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR") => false,
        Color::Auto => forced || io::stdout().is_terminal(),
    };
    Look {
        columns: columns(),
        color,
        sort: common.sort,
        filter: common.filter.clone(),
        all: common.all,
        trail: common.trail,
        since_start: common.since_start,
        host: crate::proc::host_name(),
    }
}

/// Columns to fill: COLUMNS, else the terminal's, at most 100 unless asked for more, and 100 elsewhere.
pub(super) fn columns() -> usize {
    room().unwrap_or(100)
}

/// Columns that somebody asked for, or a terminal has; `None` where nobody counts them.
pub(super) fn room() -> Option<usize> {
    let asked = std::env::var("COLUMNS").ok().and_then(|text| counted(&text));
    let terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    asked.or_else(terminal).map(|columns| columns.clamp(20, 400))
}

/// A sentence for a terminal: what does not fit stands below, further in. For anything else it is one line.
pub fn folded(to: &impl IsTerminal, text: &str) -> String {
    match room().filter(|_| to.is_terminal()) {
        Some(columns) => {
            text.lines().map(|line| hanging(line, columns, 2)).collect::<Vec<_>>().join("\n")
        }
        None => text.to_owned(),
    }
}

/// Columns as COLUMNS says them; 0 is what says who does not know.
fn counted(text: &str) -> Option<usize> {
    text.parse::<usize>().ok().filter(|columns| *columns > 0)
}

/// Waits for and opens the boards of a target, and gives up root before anything of them is parsed.
///
/// # Errors
/// [`Failure`] when there is none in time.
pub(super) fn boards(
    target: &Target,
    common: &Common,
    around: Around,
    remarks: &mut dyn Write,
) -> Result<Vec<OpenBoard>, Failure> {
    if let Target::File(path) = target {
        leave_root(&[path])?;
    }
    let deadline = common.wait.map(|wait| Instant::now() + wait);
    loop {
        let error = match find(target, around, remarks) {
            Ok(boards) => {
                drop_root(&boards).map_err(|errno| no_way_down(&errno))?;
                return Ok(boards);
            }
            Err(error) => error,
        };
        match deadline {
            Some(deadline) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(20));
            }
            _ => return Err(error.into()),
        }
    }
}

/// Why there is nothing at first, of a verb that goes on by itself: whoever may not look would wait for ever, and what
/// nobody keeps or exports is noticed when it is needed.
pub(super) fn nothing_yet(target: &Target, failure: &Failure, done: &str, remarks: &mut dyn Write) {
    let text = match target {
        _ if failure.code != 3 => format!("not {done}: {}", failure.text),
        // Any board may come.
        Target::Any => return,
        _ => format!("no board of {} so far; one that comes is {done}", target.words()),
    };
    let _ = writeln!(remarks, "inspect: {text}");
}

/// Gives up root before anything of files is parsed that were named and are others': to their owner, or to
/// nobody. Files that cannot be opened are for whoever reads them to name.
///
/// # Errors
/// The system refuses.
pub(super) fn leave_root(paths: &[&Path]) -> Result<(), Failure> {
    let open = |path: &&Path| BoardFile::open(path, Trust::Named).ok();
    let files = paths.iter().filter_map(open).map(|file| ((file.uid, file.gid), file.path));
    root::leave_root(files.collect()).map(|_| ()).map_err(|errno| no_way_down(&errno))
}

fn no_way_down(errno: &nix::errno::Errno) -> Failure {
    Failure::new(format!("cannot give up root before reading: {errno}"))
}

fn find(
    target: &Target,
    around: Around,
    remarks: &mut dyn Write,
) -> Result<Vec<OpenBoard>, OpenError> {
    let mut found = Found::open(locate::find(target)?, around);
    if !found.boards.iter().any(OpenBoard::exists) {
        // The living one may have lost its name.
        found.add(locate::unnamed(target), around);
    }
    let dead = found.choose(target);
    if found.boards.is_empty() {
        let error = found.failed.pop().map(|(_, error)| error);
        return Err(error.unwrap_or_else(|| locate::not_found(target)));
    }
    // A remark that cannot be printed is no reason to fail.
    let failed = found.failed.into_iter().map(|(_, error)| error);
    for text in unreadable(failed.collect()) {
        let _ = writeln!(remarks, "inspect: {text}");
    }
    if dead > 0 {
        let boards = if dead == 1 { "board" } else { "boards" };
        let _ = writeln!(remarks, "inspect: {dead} more dead {boards}; `inspect list` shows them");
    }
    Ok(found.boards)
}

/// A line for each board that cannot be read, and one for all that may not be: on a host of many users nearly every
/// board is somebody else's.
pub(super) fn unreadable(failed: Vec<OpenError>) -> Vec<String> {
    let (denied, others): (Vec<_>, Vec<_>) =
        failed.into_iter().partition(|error| matches!(error, OpenError::Permission { .. }));
    let mut said: Vec<String> = others.into_iter().map(|error| Failure::from(error).text).collect();
    let rest = denied.len().saturating_sub(1);
    said.extend(denied.into_iter().next().map(|error| {
        let text = Failure::from(error).text;
        match rest {
            0 => text,
            _ => format!("{} boards may not be read, such as {text}", rest + 1),
        }
    }));
    said
}

/// Calls `once` as often as `--count` and `--interval` say, at absolute times; late ones are skipped.
///
/// # Errors
/// The first failure of `once`.
pub(super) fn repeat(
    common: &Common,
    mut once: impl FnMut(bool) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let times = match (common.count, common.interval) {
        (Some(count), _) => count,
        (None, Some(_)) => u64::MAX,
        (None, None) => 1,
    };
    let interval = common.interval.unwrap_or(Duration::from_secs(1)).max(Duration::from_millis(10));
    let mut due = Instant::now();
    for turn in 0..times {
        if turn > 0 {
            due += interval;
            let now = Instant::now();
            match due.checked_duration_since(now) {
                Some(rest) => std::thread::sleep(rest),
                None => due = now,
            }
        }
        once(turn > 0)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_columns_at_all_are_as_good_as_none_said() {
        assert_eq!(["40", "1000"].map(counted), [Some(40), Some(1000)]);
        assert_eq!(["0", "", "wide", "-5", "99999999999999999999"].map(counted), [None; 5]);
    }

    #[test]
    fn boards_of_others_are_one_remark() {
        let denied = |pid: u32| OpenError::Permission {
            path: format!("/dev/shm/recordd.{pid}.7").into(),
            owner: 0,
            mode: 0o600,
        };
        let why = "empty".to_owned();
        let other = OpenError::NotABoard { path: "/dev/shm/x.1.2".into(), why };
        let said = unreadable((0..19).map(denied).chain([other]).collect());
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[1].starts_with("19 boards may not be read, such as /dev/shm/recordd.0.7: "));
        assert!(unreadable(vec![denied(1)])[0].starts_with("/dev/shm/recordd.1.7: permission"));
    }
}
