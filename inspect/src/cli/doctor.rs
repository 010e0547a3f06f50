//! `doctor`: why do I see nothing?

use std::io::Write;
use std::path::Path;

use nix::sys::statvfs::statvfs;

use super::Failure;
use super::args::Cli;
use crate::attached::Found;
use crate::context::Look as Around;
use crate::locate::{self, Target};
use crate::proc;
use crate::render::human::bytes;
use crate::render::json;
use crate::render::term::term;

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
    boards(target, &mut checks);
    if let Target::Pid(pid) = target {
        process(*pid, &mut checks);
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
            writeln!(out, "{mark} {}", term(text))?;
        }
    }
    match checks.iter().filter(|(mark, _)| *mark == Mark::Bad).count() {
        0 => Ok(()),
        bad => Err(Failure::new(format!("{bad} of {} checks failed", checks.len()))),
    }
}

fn directory(dir: &Path) -> (Mark, String) {
    let name = dir.display();
    let files = match std::fs::read_dir(dir) {
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
    if proc::process(std::process::id()).is_none() {
        let text = "/proc is not mounted: no liveness by pid, vitals or threads without a probe";
        checks.push((Mark::Bad, text.to_owned()));
    }
    let limit = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let file_size = limit.lines().find_map(|line| line.strip_prefix("Max file size"));
    if let Some(soft) = file_size.and_then(|rest| rest.split_whitespace().next()) {
        let small = soft.parse::<u64>().is_ok_and(|bytes| bytes < 1 << 20);
        let mark = if small { Mark::Note } else { Mark::Good };
        let hint = if small { "; a daemon started from here gets no board" } else { "" };
        checks.push((mark, format!("file size limit: {soft}{hint}")));
    }
    for name in ["PROBE", "PROBE_BOARD", "PROBE_MODE", "INSPECT_DIRS"] {
        if let Ok(value) = std::env::var(name) {
            checks.push((Mark::Note, format!("in this shell {name}={value}")));
        }
    }
}

fn boards(target: &Target, checks: &mut Vec<(Mark, String)>) {
    let candidates = match locate::find(target) {
        Ok(candidates) => candidates,
        Err(error) => {
            checks.push((Mark::Bad, error.to_string()));
            checks.push((
                Mark::Note,
                "a daemon makes a board when probes are compiled in (a debug build, or its feature that \
                 maps to probe/enable, and no --cfg probe_off), it calls probe::init!, and PROBE is not \
                 `off` in its environment; it says on its stderr when it cannot"
                    .to_owned(),
            ));
            return;
        }
    };
    let found = Found::open(candidates, Around::Verdict);
    for board in &found.boards {
        let text =
            format!("{}: readable, {}", board.candidate.path.display(), board.context.verdict);
        checks.push((Mark::Good, text));
    }
    for (_, error) in found.failed {
        checks.push((Mark::Bad, Failure::from(error).text));
    }
}

/// Whether a process could have a board at all.
fn process(pid: u32, checks: &mut Vec<(Mark, String)>) {
    let Some(process) = proc::process(pid) else {
        checks.push((Mark::Bad, format!("there is no process {pid} here")));
        return;
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
    match std::fs::read(format!("/proc/{pid}/exe")) {
        Ok(program) => {
            // The keeper's name is in every program that has probes, stripped or not.
            let has = program.windows(12).any(|bytes| bytes == b"probe-keeper");
            let (mark, text) = if has {
                (Mark::Good, "its program has probes compiled in")
            } else {
                (Mark::Note, "its program seems to have no probes compiled in")
            };
            checks.push((mark, text.to_owned()));
        }
        Err(error) => checks.push((Mark::Note, format!("/proc/{pid}/exe: {error}"))),
    }
}
