//! `record`: samples into a file.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::args::{Cli, Pacing};
use super::failure::Failure;
use super::output::{Output, Recorded, is_stdout};
use super::sampling::{Sampling, Turn, size};
use crate::locate::Target;
use crate::recording::{Behind, Writer};
use crate::words::human::{time, whole};
use crate::words::term::term;

pub(super) fn run<'a>(
    cli: &Cli,
    target: &Target,
    pacing: &Pacing,
    output: Option<&Path>,
    out: &'a mut dyn Write,
    remarks: &'a mut dyn Write,
) -> Result<(), Failure> {
    let output = output.map_or_else(|| PathBuf::from(default_name(target)), Path::to_owned);
    if is_stdout(&output) {
        no_terminal("a recording")?;
    }
    // Opened first: reading may mean giving up the right to.
    let mut behind = Behind::new(Writer::new(Recorded(Output::create(&output)?)));
    let recorded = Sampling::open(cli, target, pacing, remarks)
        .and_then(|sampling| sampling.run(&mut behind, remarks, &mut |_| Turn::default()));
    let written = behind.finish();
    let progress = match recorded {
        Ok(progress) if progress.samples > 0 => progress,
        // Without samples it never got its name.
        Ok(_) => return Err(Failure::new("no samples: no thread has a probe on its way yet")),
        // What was sampled before is worth keeping, and is kept.
        Err(failure) => return Err(failure),
    };
    let writer = written?;
    // Where the recording is stdout, what is said of it goes beside.
    let out = if is_stdout(&output) { remarks } else { out };
    if cli.common.json {
        let document = serde_json::json!({
            "schema": 1, "file": output.display().to_string(), "bytes": writer.bytes(),
            "ticks": progress.ticks, "missed_ticks": progress.missed, "samples": progress.samples,
            "duration_ns": progress.elapsed_ns,
        });
        return Ok(writeln!(out, "{}", super::common::pretty(&document)?)?);
    }
    Ok(writeln!(
        out,
        "recorded {} samples ({} ticks in {}, {} missed) in {} ({})",
        whole(progress.samples),
        whole(progress.ticks),
        time(progress.elapsed_ns),
        whole(progress.missed),
        term(&output.display().to_string()),
        size(writer.bytes(), progress.samples)
    )?)
}

/// Refuses a terminal: bytes that are no text would do something to it.
pub(super) fn no_terminal(what: &str) -> Result<(), Failure> {
    if std::io::stdout().is_terminal() {
        return Err(Failure::usage(format!(
            "{what} is not text, and stdout is a terminal; name a file with -o, or pass it on with |"
        )));
    }
    Ok(())
}

/// A file name for a target, from the names of the boards alone: `recordd.rec`, and `recordd-4711.rec`
/// for a pid.
pub(super) fn default_name(target: &Target) -> String {
    let found = crate::locate::find(target).unwrap_or_default();
    let clean = |name: &str| -> String {
        name.chars().filter(|char| char.is_alphanumeric() || "._-".contains(*char)).collect()
    };
    let first = found.first().map(|one| clean(&one.name)).filter(|name| !name.is_empty());
    let stem = match (target, first) {
        (Target::Pid(pid), Some(name)) => format!("{name}-{pid}"),
        (Target::Pid(pid), None) => pid.to_string(),
        (Target::Name(name), None) => clean(name),
        (_, Some(name)) if found.iter().all(|one| one.name == found[0].name) => name,
        _ => "boards".to_owned(),
    };
    format!("{stem}.rec")
}
