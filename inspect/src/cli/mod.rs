//! The verbs of the binary, one file each. They print to the writer that they are given and return an
//! error that carries its exit code; nothing here ends the process.

mod annotate;
pub mod args;
mod cancel;
mod capture;
pub mod check;
mod clean;
pub mod command;
pub mod complete;
mod diff;
mod doctor;
mod dump;
mod export;
mod list;
mod man;
mod numbered;
mod ops;
pub(crate) mod output;
mod pages;
mod profile;
mod record;
mod sampling;
mod show;
mod top;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::attach::{BoardFile, Trust};
use crate::attached::{self, Attached, Found, drop_root};
use crate::context::Look as Around;
use crate::error::AttachError;
use crate::locate::{self, Target};
use crate::render::{Look, json};
use args::{Cli, Color, Common, Verb};

/// Why a verb failed: a sentence for stderr and an exit code.
#[derive(Debug)]
pub struct Failure {
    /// Exit code.
    pub code: u8,
    /// What, why, and what to do; empty when there is nothing to be said.
    pub text: String,
}

impl Failure {
    /// A failure of the general kind.
    pub fn new(text: impl Into<String>) -> Self {
        Self { code: 1, text: text.into() }
    }

    /// Wrong usage.
    pub fn usage(text: impl Into<String>) -> Self {
        Self { code: 2, text: text.into() }
    }
}

impl From<AttachError> for Failure {
    fn from(error: AttachError) -> Self {
        let code = error.exit_code();
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        // Paths and names in it may come from a hostile directory.
        let text = crate::words::term::term(&format!("{error}{}", cause.unwrap_or_default()));
        Self { code, text }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        // Whoever reads has seen enough: the end of the work, and no failure.
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self { code: 0, text: String::new() };
        }
        // The system's own words say nothing of the file; what says more is whole.
        match error.raw_os_error() {
            Some(_) => Self::new(format!("writing failed: {error}")),
            None => Self::new(error.to_string()),
        }
    }
}

/// Runs what the command line says. Data goes to `out`, remarks to `remarks`.
///
/// # Errors
/// [`Failure`], to be printed and turned into the exit code.
pub fn run(cli: &Cli, out: &mut dyn Write, remarks: &mut dyn Write) -> Result<(), Failure> {
    let target = cli.target().map_err(Failure::usage)?;
    let done = verb(cli, &target, out, remarks);
    for directory in crate::patience::given_up() {
        // A file that was named says so itself.
        if locate::directories().contains(&directory) || directory.ends_with("dev/shm") {
            let name = crate::words::term::term(&directory.display().to_string());
            let _ = writeln!(
                remarks,
                "inspect: {name}: its file system did not answer; boards there are not shown"
            );
        }
    }
    done.map_err(|mut failure| {
        // A name that no board has may have been meant for a verb.
        let word = cli.target.as_ref().filter(|_| cli.verb.is_none() && failure.code == 3);
        if let Some(verb) = word.and_then(|word| command::similar(word)) {
            failure.text = format!("{}; did you mean the verb `{verb}`?", failure.text);
        }
        failure
    })
}

fn verb(
    cli: &Cli,
    target: &Target,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    match &cli.verb {
        None => show::run(cli, target, out, remarks),
        Some(Verb::List(_)) => list::run(cli, target, out, remarks),
        Some(Verb::Top { rate, .. }) => top::run(cli, target, *rate, remarks),
        Some(Verb::Dump { output, .. }) => dump::run(cli, target, output, out, remarks),
        Some(Verb::Record { trigger, .. })
            if trigger.when.is_empty() && cli.common.count.is_some() =>
        {
            Err(Failure::usage("--count does nothing for `record` without --when"))
        }
        Some(Verb::Record { pacing, trigger, output, .. }) if trigger.when.is_empty() => {
            record::run(cli, target, pacing, output.as_deref(), out, remarks)
        }
        Some(Verb::Record { pacing, trigger, output, .. }) => {
            let way = capture::Way { pacing, trigger, output: output.as_deref() };
            capture::run(cli, target, &way, out, remarks)
        }
        Some(Verb::Profile { pacing, pick, .. }) => {
            profile::run(cli, target, pacing, pick, out, remarks)
        }
        Some(Verb::Report { pick, .. }) => profile::report(cli, target, pick, out, remarks),
        Some(Verb::Export { format, pacing, only, output, .. }) => {
            let way = export::Way { format: *format, pacing, only, output: output.as_deref() };
            export::run(cli, target, &way, out, remarks)
        }
        Some(Verb::Annotate { only, source, .. }) => {
            annotate::run(cli, target, only, source.as_deref(), out, remarks)
        }
        Some(Verb::Diff { before, after, only, svg }) => {
            diff::run(cli, [before, after], only, svg.as_deref(), out, remarks)
        }
        Some(Verb::Ops { action: Some(args::OpsAction::Cancel { id, timeout, .. }), .. }) => {
            cancel::run(cli, target, id, *timeout, out, remarks)
        }
        Some(Verb::Ops { pick, .. }) => ops::run(cli, target, pick, out, remarks),
        Some(Verb::Check { ask, .. }) => check::run(cli, target, ask, out),
        Some(Verb::Doctor(_)) => doctor::run(cli, target, out),
        Some(Verb::Clean { dry_run, unknown, .. }) => {
            let way = clean::Way { dry_run: *dry_run, unknown: *unknown };
            clean::run(cli, target, way, out, remarks)
        }
        Some(Verb::Completions { shell }) => {
            let text = complete::script(*shell)
                .map_err(|error| Failure::new(format!("{shell}: {error}")))?;
            Ok(out.write_all(&text)?)
        }
        Some(Verb::Man { verb, dir }) => man::run(verb.as_deref(), dir.as_deref(), out),
    }
}

/// Prints a document: on one line where a stream was asked for.
fn document(
    cli: &Cli,
    out: &mut dyn Write,
    document: &impl serde::Serialize,
) -> Result<(), Failure> {
    let done = json::write(out, document, !cli.common.jsonl);
    done.map_err(io::Error::from)?;
    Ok(writeln!(out)?)
}

/// A document over several lines, harmless on a terminal.
fn pretty(document: &serde_json::Value) -> Result<String, Failure> {
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
        host: host(),
    }
}

/// Columns to fill: COLUMNS, else the terminal's, at most 100 unless asked for more, and 100 elsewhere.
fn columns() -> usize {
    let asked = std::env::var("COLUMNS").ok().and_then(|text| text.parse::<usize>().ok());
    let terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    asked.or_else(terminal).unwrap_or(100).clamp(20, 400)
}

/// The name of this host.
fn host() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// Waits for and opens the boards of a target, and gives up root before anything of them is parsed.
///
/// # Errors
/// [`Failure`] when there is none in time.
pub(crate) fn boards(
    target: &Target,
    common: &Common,
    around: Around,
    remarks: &mut dyn Write,
) -> Result<Vec<Attached>, Failure> {
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

/// Gives up root before anything of files is parsed that were named and are others': to their owner, or to
/// nobody. Files that cannot be opened are for whoever reads them to name.
///
/// # Errors
/// The system refuses.
pub(crate) fn leave_root(paths: &[&Path]) -> Result<(), Failure> {
    let open = |path: &&Path| BoardFile::open(path, Trust::Named).ok();
    let files = paths.iter().filter_map(open).map(|file| ((file.uid, file.gid), file.path));
    attached::leave_root(files.collect()).map(|_| ()).map_err(|errno| no_way_down(&errno))
}

fn no_way_down(errno: &nix::errno::Errno) -> Failure {
    Failure::new(format!("cannot give up root before reading: {errno}"))
}

fn find(
    target: &Target,
    around: Around,
    remarks: &mut dyn Write,
) -> Result<Vec<Attached>, AttachError> {
    let mut found = Found::open(locate::find(target)?, around);
    if !found.boards.iter().any(Attached::exists) {
        // The living one may have lost its name.
        found.add(locate::unnamed(target), around);
    }
    let dead = found.choose(target);
    if found.boards.is_empty() {
        let error = found.failed.pop().map(|(_, error)| error);
        return Err(error.unwrap_or_else(|| locate::not_found(target)));
    }
    for (_, error) in found.failed {
        // A remark that cannot be printed is no reason to fail.
        let _ = writeln!(remarks, "inspect: {}", Failure::from(error).text);
    }
    if dead > 0 {
        let boards = if dead == 1 { "board" } else { "boards" };
        let _ = writeln!(
            remarks,
            "inspect: {dead} more {boards} of the dead; `inspect list` shows them"
        );
    }
    Ok(found.boards)
}

/// Calls `once` as often as `--count` and `--interval` say, at absolute times; late ones are skipped.
///
/// # Errors
/// The first failure of `once`.
pub(crate) fn repeat(
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
