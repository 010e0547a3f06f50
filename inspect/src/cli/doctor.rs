//! `doctor`: why do I see nothing?

use std::io::Write;
use std::path::Path;

use nix::sys::statvfs::statvfs;

use super::args::Cli;
use super::failure::Failure;
use crate::context::Look as Around;
use crate::error::OpenError;
use crate::locate::{self, Target};
use crate::model::BoardReport;
use crate::open_board::Found;
use crate::render::json;
use crate::words::human::bytes;
use crate::words::term::{label, term, wrapped};
use crate::{pidfd, proc};

/// How a check came out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Good,
    Note,
    Bad,
}

pub(super) fn run(cli: &Cli, target: &Target, out: &mut dyn Write) -> Result<(), Failure> {
    let mut checks: Vec<(Mark, String)> = Vec::new();
    checks.push((
        Mark::Good,
        format!(
            "this is inspect {}, layout {}.{}, as uid {}",
            env!("CARGO_PKG_VERSION"),
            probe::layout::MAJOR,
            probe::layout::MINOR,
            nix::unistd::geteuid()
        ),
    ));
    for dir in locate::directories() {
        checks.push(directory(&dir));
    }
    checks.push(clock());
    limits(&mut checks);
    let board = boards(target, &mut checks);
    if let Target::Pid(pid) = target {
        process(*pid, board, &mut checks);
    }
    if cli.common.json {
        let rows: Vec<_> = checks
            .iter()
            .map(|(mark, text)| serde_json::json!({ "ok": *mark != Mark::Bad, "text": text }))
            .collect();
        let document = serde_json::json!({ "schema": 1, "checks": rows });
        let text = json::pretty(&document).map_err(|error| Failure::new(error.to_string()))?;
        writeln!(out, "{text}")?;
    } else {
        for (mark, text) in &checks {
            let mark = match mark {
                Mark::Good => "ok  ",
                Mark::Note => "note",
                Mark::Bad => "BAD ",
            };
            // Paths are what is looked for here: one that is longer than the terminal goes on in the next line.
            let text = match super::common::room() {
                Some(columns) => wrapped(&term(text), columns.saturating_sub(5).max(1)),
                None => term(text),
            };
            writeln!(out, "{mark} {}", text.replace('\n', "\n     "))?;
        }
    }
    match checks.iter().filter(|(mark, _)| *mark == Mark::Bad).count() {
        0 => Ok(()),
        bad => Err(Failure::new(format!("{bad} of {} checks failed", checks.len()))),
    }
}

fn directory(dir: &Path) -> (Mark, String) {
    let name = dir.display();
    let entries = crate::patience::answers(dir).and_then(|()| std::fs::read_dir(dir));
    let files = match entries {
        Ok(files) => files.count(),
        Err(error) if dir == Path::new("/dev/shm") => {
            let text = format!("{name}: {error}; daemons here need PROBE_BOARD=file:DIR");
            return (Mark::Bad, text);
        }
        Err(error) => return (Mark::Note, format!("{name}: {error}")),
    };
    let boards = locate::scan(dir).len();
    let room = statvfs(dir)
        .map_or(u64::MAX, |facts| facts.blocks_available().saturating_mul(facts.fragment_size()));
    let text = format!("{name}: {boards} boards among {files} files, {} free", bytes(room));
    if room < 2 << 20 {
        return (Mark::Bad, format!("{text}: too little for a board of 1 MiB"));
    }
    (Mark::Good, text)
}

fn clock() -> (Mark, String) {
    let path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    match std::fs::read_to_string(path) {
        Ok(name) if name.trim() == "tsc" => {
            (Mark::Good, "clock source: tsc, so daemons stamp with it (about 10 ns)".to_owned())
        }
        Ok(name) => {
            let text = format!("clock source: {}; daemons stamp with CLOCK_MONOTONIC", name.trim());
            (Mark::Note, text)
        }
        Err(error) => (Mark::Note, format!("clock source is not known: {error}")),
    }
}

fn limits(checks: &mut Vec<(Mark, String)>) {
    match proc::numbers_as_we_do() {
        Ok(true) => {}
        Ok(false) => {
            let text = "/proc is of another pid namespace than this process";
            checks.push((Mark::Note, text.to_owned()));
        }
        Err(error) => {
            let text = format!(
                "/proc is not mounted ({error}): liveness by lock and heartbeat alone, no vitals, no threads without a probe"
            );
            checks.push((Mark::Bad, text));
        }
    }
    if let Err(error) = proc::boot_id_or() {
        checks.push((
            Mark::Note,
            format!("{}: {error}: which boot this is is not known", proc::BOOT_ID),
        ));
    }
    if let Some(options) = hiding() {
        let text = format!("/proc is mounted with {options}: processes of others may be hidden");
        checks.push((Mark::Note, text));
    }
    if let [first, rest @ ..] = locate::elsewhere().denied.as_slice() {
        let text = format!(
            "{} processes (such as {first}) have a /dev/shm of their own that may not be looked into: it needs the same user, or CAP_SYS_PTRACE",
            rest.len() + 1
        );
        checks.push((Mark::Note, text));
    }
    match proc::limit("self", "Max file size") {
        Some(bytes) if bytes < 1 << 20 => checks.push((
            Mark::Note,
            format!("file size limit: {bytes}; a daemon started from here gets no board"),
        )),
        Some(bytes) => checks.push((Mark::Good, format!("file size limit: {bytes}"))),
        None => checks.push((Mark::Good, "file size limit: unlimited".to_owned())),
    }
    for name in ["PROBE", "PROBE_BOARD", "PROBE_MODE", "INSPECT_DIRS"] {
        if let Ok(value) = std::env::var(name) {
            checks.push((Mark::Note, format!("in this shell {name}={value}")));
        }
    }
}

/// Options of the mount of `/proc` that hide something.
fn hiding() -> Option<String> {
    let mounts = proc::mounts("self").ok()?;
    let mount = mounts.iter().rfind(|mount| mount.at == "/proc")?;
    let options = mount.options.split(',');
    let hides = |option: &&str| {
        option.starts_with("subset=")
            || option.strip_prefix("hidepid=").is_some_and(|how| !["0", "off"].contains(&how))
    };
    let options: Vec<&str> = options.filter(hides).collect();
    (!options.is_empty()).then(|| options.join(","))
}

/// Looks for the boards of a target. Returns whether there is one.
fn boards(target: &Target, checks: &mut Vec<(Mark, String)>) -> bool {
    let candidates = match locate::find(target) {
        Ok(candidates) => candidates,
        Err(error @ OpenError::Hidden { .. }) => {
            checks.push((Mark::Bad, error.to_string()));
            return false;
        }
        Err(error) => {
            checks.push((Mark::Bad, error.to_string()));
            checks.push((
                Mark::Note,
                "a daemon makes a board when probes are compiled in (a debug build, or its feature that \
                 maps to probe/enable, and no --cfg probe_off), it calls probe::init!, and PROBE is not \
                 `off` in its environment; it says on its stderr when it cannot"
                    .to_owned(),
            ));
            return false;
        }
    };
    if let Target::File(path) = target
        && let Err(failure) = super::common::leave_root(&[path])
    {
        checks.push((Mark::Bad, failure.text));
        return false;
    }
    let mut found = Found::open(candidates, Around::Verdict);
    for board in &mut found.boards {
        let text =
            format!("{}: readable, {}", board.candidate.path.display(), board.context.verdict);
        checks.push((Mark::Good, text));
        if let Ok(report) = board.report() {
            losses(&report, checks);
        }
    }
    let any = !found.boards.is_empty() || !found.failed.is_empty();
    for (_, error) in found.failed {
        checks.push((Mark::Bad, Failure::from(error).text));
    }
    any
}

/// What found no room on a board, or was used wrongly, and what to do about it.
fn losses(report: &BoardReport, checks: &mut Vec<(Mark, String)>) {
    let remedy = |what: &str| match what {
        "threads" => "threads without a slot: Config::threads",
        "sites" => "places without a record: Config::sites",
        "metrics" => "numbers without a record: Config::metrics",
        "queues" => "queues without a record: Config::queues",
        "ops" => "operations without a record: Config::ops",
        "locks" => "locks without a record: Config::locks",
        "histograms" => "samples of histograms without buckets: Config::histograms",
        "windows" => "histograms without quantiles of the last seconds: Config::histograms",
        "strings" => "texts without room: Config::strings",
        "facts" => "facts without room: Config::facts",
        "nested" => "scopes deeper than are kept",
        "signals" => "records dropped: a signal handler probed within the write of the same one",
        "healed" => "scopes that ended out of order or never, and were put right",
        "misuse" => {
            "uses of probes that were ignored: a job that ended more often than it began, say"
        }
        _ => "of another kind",
    };
    for (what, count) in report.lost.iter().filter(|(_, count)| **count > 0) {
        let text = format!("{}: lost {count} {}", label(&report.name), remedy(what));
        checks.push((Mark::Note, text));
    }
}

/// Whether a process could have a board at all.
fn process(pid: u32, board: bool, checks: &mut Vec<(Mark, String)>) {
    let process = match proc::stat(pid) {
        Ok(process) => process,
        // What `/proc` does not show may be there.
        Err(error) => {
            let (mark, text) = match pidfd::exists(pid) {
                Ok(true) => (Mark::Note, format!("process {pid} exists, and is hidden: {error}")),
                Ok(false) => (Mark::Bad, format!("there is no process {pid} here")),
                Err(_) => (Mark::Note, format!("process {pid} cannot be seen: {error}")),
            };
            checks.push((mark, text));
            return;
        }
    };
    checks.push((Mark::Good, format!("process {pid} exists, state {}", process.state)));
    let other = proc::namespace(Some(pid), "mnt") != proc::namespace(None, "mnt");
    if other {
        let text = format!(
            "process {pid} has other mounts; its /dev/shm is read through /proc/{pid}/root"
        );
        checks.push((Mark::Note, text));
    }
    match std::fs::read(format!("/proc/{pid}/environ")) {
        Ok(environ) => {
            for entry in environ.split(|&byte| byte == 0).filter(|text| text.starts_with(b"PROBE"))
            {
                let text = String::from_utf8_lossy(entry);
                checks.push((Mark::Note, format!("process {pid} was started with {text}")));
            }
        }
        Err(error) => checks.push((Mark::Note, format!("/proc/{pid}/environ: {error}"))),
    }
    if board {
        // Better than any word of its program: there it is.
        return;
    }
    match std::fs::read(format!("/proc/{pid}/exe")) {
        Ok(program) => {
            // A sentence of the writer's. Short texts may stand in a program as instructions.
            let has = program.windows(MARK.len()).any(|bytes| bytes == MARK);
            let (mark, text) = if has {
                (Mark::Good, "its program has probes compiled in")
            } else {
                (Mark::Note, "its program has no probes compiled in, or has them in a library")
            };
            checks.push((mark, text.to_owned()));
        }
        Err(error) => checks.push((Mark::Note, format!("/proc/{pid}/exe: {error}"))),
    }
}

/// What stands in every program that has probes, stripped or not.
const MARK: &[u8] = b": set PROBE_BOARD=file:DIR to have it elsewhere";
