//! `record`: samples into a file.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::Failure;
use super::args::{Cli, Pacing};
use super::sampling::{Sampling, Turn, size};
use crate::locate::Target;
use crate::recording::Writer;
use crate::render::human::{time, whole};
use crate::render::term::term;

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    pacing: &Pacing,
    output: Option<&Path>,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let output = output.map_or_else(|| PathBuf::from(default_name(target)), Path::to_owned);
    // Opened first: reading may mean giving up the right to.
    let file = open_new(&output)?;
    let mut writer = Writer::new(file);
    let recorded = Sampling::open(cli, target, pacing, remarks)
        .and_then(|sampling| sampling.run(&mut writer, remarks, &mut |_| Turn::default()));
    let progress = match recorded {
        Ok(progress) if progress.samples > 0 => progress,
        Ok(_) => {
            let _ = std::fs::remove_file(&output);
            return Err(Failure::new("no samples: no thread has a probe on its way yet"));
        }
        Err(failure) => {
            // What was sampled before is worth keeping; an empty file is not.
            if writer.bytes() == 0 {
                let _ = std::fs::remove_file(&output);
            }
            return Err(failure);
        }
    };
    if cli.common.json {
        let document = serde_json::json!({
            "schema": 1, "file": output.display().to_string(), "bytes": writer.bytes(),
            "ticks": progress.ticks, "missed_ticks": progress.missed, "samples": progress.samples,
            "duration_ns": progress.elapsed_ns,
        });
        return Ok(writeln!(out, "{document:#}")?);
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

/// Makes a file; never over something that exists.
pub(super) fn open_new(path: &Path) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
        let path = term(&path.display().to_string());
        Failure::new(format!("{path}: cannot be written: {error}; name a new file with -o"))
    })
}

/// Writes a file of its own; half a file helps nobody.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut file = open_new(path)?;
    file.write_all(bytes).map_err(|error| {
        let _ = std::fs::remove_file(path);
        let path = term(&path.display().to_string());
        Failure::new(format!("{path}: cannot be written: {error}"))
    })
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
