//! `annotate`: a recording beside its source.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::args::{Cli, Only};
use super::common::look;
use super::failure::Failure;
use super::sampling::{answered, nonempty, options, path, read};
use crate::locate::Target;
use crate::report::{By, Tally, annotate};
use crate::words::label::Label;
use crate::words::term::term;

/// Bytes of a source file that are read at most.
const MAX_SOURCE: u64 = 16 << 20;

/// What was seen of a file, by line.
type Lines = BTreeMap<u32, annotate::Seen>;

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    only: &Only,
    directory: Option<&Path>,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let tally = read(&path("annotate", target)?, options(cli, only, By::Line), remarks)?;
    let answer = answered(&tally);
    let look = look(&cli.common);
    let mut files: Vec<(Label, Lines)> = annotate::files(&tally, &answer).into_iter().collect();
    files.sort_by_key(|(_, lines)| Reverse(lines.values().map(|seen| seen.samples).sum::<u64>()));
    let all = files.len();
    if !look.all && !cli.common.json {
        files.retain(|(_, lines)| lines.values().any(|seen| seen.samples + seen.inside > 0));
    }
    let mut documents: Vec<Value> = Vec::new();
    let mut missing = Vec::new();
    for (name, lines) in &files {
        let source = Source::find(name.raw(), directory, &tally);
        if source.text.is_none() {
            missing.push(term(name.raw()));
        } else if source.changed {
            let _ = writeln!(
                remarks,
                "inspect: {}: changed after the program was built (by their times; a recording has no text to compare); lines may have moved",
                term(name.raw())
            );
        }
        if cli.common.json {
            documents.push(document(name, lines, &source));
        } else {
            let text = annotate::file(name, lines, source.text.as_deref(), &look, look.all);
            writeln!(out, "{text}")?;
        }
    }
    if cli.common.json {
        let document = json!({ "schema": 1, "files": documents });
        writeln!(out, "{}", super::common::pretty(&document)?)?;
    }
    say_missing(&missing, files.len(), directory, remarks);
    if files.len() < all {
        let _ = writeln!(
            remarks,
            "inspect: {} files with probes have no samples that count (--all shows them)",
            all - files.len()
        );
    }
    nonempty(&tally, &answer)
}

/// One file in JSON.
fn document(name: &Label, lines: &Lines, source: &Source) -> Value {
    let rows: Vec<Value> = lines
        .iter()
        .map(|(line, seen)| {
            json!({ "line": line, "samples": seen.samples, "share": seen.share,
                    "hits": seen.hits, "class": seen.class, "idle_samples": seen.idle,
                    "inside_samples": seen.inside })
        })
        .collect();
    json!({ "file": name, "source": source.path, "changed": source.changed, "lines": rows })
}

/// Where sources that were not found were looked for, and what to do.
fn say_missing(missing: &[String], of: usize, directory: Option<&Path>, remarks: &mut dyn Write) {
    let Some(first) = missing.first() else { return };
    let place = directory.map_or_else(
        || "the current directory".to_owned(),
        |directory| term(&directory.display().to_string()),
    );
    let _ = writeln!(
        remarks,
        "inspect: {} of {of} sources are not below {place}, {first} first: go where the program was compiled, or say --source DIR with the directory above",
        missing.len()
    );
}

/// A source file, as far as it is at hand.
struct Source {
    path: Option<PathBuf>,
    /// `None` also when it is too large.
    text: Option<String>,
    /// It is newer than the program.
    changed: bool,
}

impl Source {
    fn find(name: &str, directory: Option<&Path>, tally: &Tally) -> Self {
        let path = find(name, directory);
        let changed = path.as_ref().is_some_and(|path| changed(path, tally));
        let text = path.as_ref().and_then(|path| source(path));
        Self { path, text, changed }
    }
}

/// A source file: below `directory` by as much of its path as fits, else where it was compiled.
fn find(name: &str, directory: Option<&Path>) -> Option<PathBuf> {
    let Some(directory) = directory else {
        return Some(PathBuf::from(name)).filter(|path| there(path));
    };
    let parts: Vec<_> = Path::new(name)
        .components()
        .filter(|part| matches!(part, std::path::Component::Normal(_)))
        .collect();
    (0..parts.len())
        .map(|skipped| directory.join(parts[skipped..].iter().collect::<PathBuf>()))
        .find(|path| there(path))
}

/// Whether a file is there: the recording says where, and there may be nobody who answers.
fn there(path: &Path) -> bool {
    crate::patience::answers(path).is_ok() && path.is_file()
}

fn source(path: &Path) -> Option<String> {
    let small = std::fs::metadata(path).is_ok_and(|facts| facts.len() <= MAX_SOURCE);
    let bytes = if small { std::fs::read(path).ok()? } else { return None };
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether a source is newer than the program, or than the recording when the program's age is not known.
fn changed(path: &Path, tally: &Tally) -> bool {
    let built = tally.boards.iter().map(|board| board.built_ns).filter(|&ns| ns > 0).min();
    let limit = built.unwrap_or(tally.wall_ns);
    let modified = std::fs::metadata(path).and_then(|facts| facts.modified()).ok();
    let since = modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    since.is_some_and(|since| since.as_nanos() > u128::from(limit))
}
