//! Where the time goes: a second of samples as a line report, the source of the hottest file, and a flame
//! graph.

use std::path::PathBuf;
use std::time::Duration;

use inspect::export::svg;
use inspect::render::Look;
use inspect::report::{self, Tally, annotate, text};
use inspect::sampler::{self, Machine, Options, Subject, Wish};

use super::show::open;
use crate::failure::Failure;

/// Lines shown.
const SHOWN: usize = 15;
/// Lines of the annotated source shown.
const EXCERPT: usize = 24;

/// Looks at the threads of a process 1000 times a second for a time.
///
/// # Errors
/// Its board cannot be read.
pub(super) fn sample(pid: u32, duration: Duration) -> Result<Tally, Failure> {
    let subject = Subject::from(open(pid)?);
    let options = Options::lasting(duration);
    let mut tally = Tally::new(report::Options::default());
    let mut go_on = |_: &sampler::Progress| Wish::default();
    sampler::run(vec![subject], &options, &mut Machine::new(), &mut tally, &mut go_on)
        .map_err(|error| Failure::new(format!("sampling failed: {error}"), ""))?;
    tally.finish();
    Ok(tally)
}

/// The line report.
pub(super) fn lines(tally: &Tally) -> String {
    text::report(tally, &report::answer(tally), &Look::default(), SHOWN)
}

/// The file in which most time went by, as far as its source is here.
pub(super) fn hottest(tally: &Tally) -> Option<String> {
    let answer = report::answer(tally);
    let files = annotate::files(tally, &answer);
    let samples = |lines: &std::collections::BTreeMap<u32, annotate::Seen>| {
        lines.values().map(|seen| seen.samples).sum::<u64>()
    };
    let (name, lines) = files.iter().max_by_key(|(_, lines)| samples(lines))?;
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let source = std::fs::read_to_string(root.join(name.raw())).ok()?;
    let text = annotate::file(name, lines, Some(&source), &Look::default(), false);
    let excerpt: Vec<&str> = text.lines().take(EXCERPT).collect();
    Some(excerpt.join("\n") + "\n")
}

/// Writes the flame graph beside the program, over the last tour's.
///
/// # Errors
/// It cannot be written.
pub(super) fn flame(tally: &Tally) -> Result<PathBuf, Failure> {
    let path = std::env::current_exe().map(|program| program.with_file_name("tour-flame.svg"));
    let written = path.and_then(|path| std::fs::write(&path, svg(tally)).map(|()| path));
    written.map_err(|error| Failure::new(format!("the flame graph: {error}"), ""))
}
