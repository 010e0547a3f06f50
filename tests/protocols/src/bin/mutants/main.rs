//! What the checks are worth: every ordering, fence, compare and read-modify-write of the protocols is broken, one at a
//! time, and something must notice.
//!
//! `cargo run -p protocols --bin mutants -- [--miri] [--half] [FILE]` takes the files that the daemon runs,
//! makes each mutant in a scratch copy under `target/`, and runs the scenarios that concern its file
//! under loom; there is a copy for each processor. Those that survive must stand in `survivors.txt`,
//! each with the reason: what else kills it, or why it changes nothing. With `--miri` they are run
//! under Miri as well, which kills just those of them that the list says it does. The exit code is 1
//! when list and facts differ. With `--half` every other one is tried, the others after the next commit.
#![expect(clippy::print_stdout, reason = "a report for whoever runs it")]

mod mutant;
mod scratch;
mod survivors;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use mutant::{Mutant, mutants_of};
use scratch::{Fate, LIMIT, Scratch};
use survivors::{Survivor, survivors};

/// What was seen of one mutant.
struct Trial {
    loom: Fate,
    /// Only of one that loom let live, and only where asked.
    miri: Option<Fate>,
    took: Duration,
}

/// Every mutant of the files in order, each with the unharmed text of its file.
fn all(source: &Path, only: Option<&str>) -> io::Result<Vec<(Mutant, String)>> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(source)?.map(|e| Ok(e?.path())).collect::<io::Result<_>>()?;
    files.sort();
    let mut mutants = Vec::new();
    for path in &files {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if only.is_none_or(|only| only == name) {
            let text = fs::read_to_string(path)?;
            mutants.extend(mutants_of(name, &text).into_iter().map(|it| (it, text.clone())));
        }
    }
    Ok(mutants)
}

/// One mutant in this copy, which is whole again afterwards.
fn tried(scratch: &Scratch, mutant: &Mutant, text: &str, with_miri: bool) -> io::Result<Trial> {
    let began = Instant::now();
    // A scenario is named after the files whose protocol it is about.
    let filter = mutant.file.trim_end_matches(".rs");
    let copy = scratch.of(&mutant.file);
    fs::write(&copy, mutant.applied(text))?;
    let loom = scratch.loom(filter, LIMIT)?;
    let miri = if loom == Fate::Survived && with_miri { Some(scratch.miri(filter)?) } else { None };
    fs::write(&copy, text)?;
    Ok(Trial { loom, miri, took: began.elapsed() })
}

/// Every mutant, as many at once as there are copies; the trials in the mutants' order.
fn trials(
    copies: &[Scratch],
    mutants: &[(Mutant, String)],
    with_miri: bool,
) -> io::Result<Vec<Trial>> {
    let next = AtomicUsize::new(0);
    let work = |scratch: &Scratch| {
        let mut mine = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((mutant, text)) = mutants.get(index) else { return Ok(mine) };
            let trial = tried(scratch, mutant, text, with_miri)?;
            let how = match trial.loom {
                Fate::Killed => "loom",
                Fate::TimedOut => "loom, by time-out",
                Fate::Survived => "NOT by loom",
            };
            println!("{mutant}: {how} ({:.1} s)", trial.took.as_secs_f32());
            mine.push((index, trial));
        }
    };
    let work = &work;
    let mut all = Vec::new();
    let done: Vec<io::Result<Vec<_>>> = thread::scope(|scope| {
        let workers: Vec<_> =
            copies.iter().map(|scratch| scope.spawn(move || work(scratch))).collect();
        let lost = || Err(io::Error::other("a worker panicked"));
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| lost())).collect()
    });
    for part in done {
        all.extend(part?);
    }
    all.sort_by_key(|(index, _)| *index);
    Ok(all.into_iter().map(|(_, trial)| trial).collect())
}

/// What is not as the list has it, in words.
fn wrong(
    known: &mut [Survivor],
    mutants: &[(Mutant, String)],
    trials: &[Trial],
    whole: bool,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((mutant, _), trial) in mutants.iter().zip(trials) {
        if trial.loom != Fate::Survived {
            continue;
        }
        let killed = trial.miri.map(|fate| fate != Fate::Survived);
        let key = mutant.key();
        let Some(listed) = known.iter_mut().find(|known| known.key == key && !known.seen) else {
            wrong.push(format!("not listed (Miri kills: {killed:?}): {key}"));
            continue;
        };
        listed.seen = true;
        if killed.is_some_and(|killed| killed != (listed.killer == "miri")) {
            let and = if killed == Some(true) { "kills it" } else { "lets it live" };
            wrong.push(format!("listed as {}, but Miri {and}: {key}", listed.killer));
        }
    }
    if whole {
        let gone = known.iter().filter(|known| !known.seen);
        wrong.extend(gone.map(|it| format!("listed, but killed by loom or gone: {}", it.key)));
    }
    wrong
}

/// Every other one, of two commits that follow each other not the same.
fn half(mutants: Vec<(Mutant, String)>) -> io::Result<Vec<(Mutant, String)>> {
    let count = Command::new("git").args(["rev-list", "--count", "HEAD"]).output()?;
    let count = String::from_utf8_lossy(&count.stdout).trim().parse().unwrap_or(0usize);
    let all = mutants.len();
    let mine: Vec<_> = mutants.into_iter().skip(count % 2).step_by(2).collect();
    println!("{} of {all} mutants; the others after the next commit", mine.len());
    Ok(mine)
}

fn check(with_miri: bool, by_half: bool, only: Option<&str>) -> io::Result<bool> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let repository = package.join("../..").canonicalize()?;
    let mut known = survivors(&package.join("survivors.txt"))?;
    let mut mutants = all(&repository.join("probe/src/protocol"), only)?;
    if by_half {
        mutants = half(mutants)?;
    }
    if mutants.is_empty() {
        return Err(io::Error::other(
            "no protocol has this name, or there is nothing to break in it",
        ));
    }
    let copies = thread::available_parallelism()?.get().min(mutants.len());
    let root = repository.join("target/mutants");
    let copies: Vec<Scratch> = (0..copies)
        .map(|number| Scratch::make(&repository, root.join(number.to_string())))
        .collect::<io::Result<_>>()?;

    for copy in copies.iter().take(1) {
        // All of them, on a machine that may be busy.
        if copy.loom("", 10 * LIMIT)? != Fate::Survived {
            println!("the scenarios fail on the protocols as they are");
            return Ok(false);
        }
    }
    let began = Instant::now();
    let trials = trials(&copies, &mutants, with_miri)?;
    let wrong = wrong(&mut known, &mutants, &trials, only.is_none() && !by_half);
    for what in &wrong {
        println!("  WRONG: {what}");
    }
    let alive = trials.iter().filter(|trial| trial.loom == Fate::Survived).count();
    let by_miri = trials.iter().filter(|it| it.miri.is_some_and(|fate| fate != Fate::Survived));
    let miri = if with_miri {
        format!(", {} of the rest by Miri", by_miri.count())
    } else {
        String::new()
    };
    let (total, by_loom, seconds) = (trials.len(), trials.len() - alive, began.elapsed().as_secs());
    println!("{total} mutants in {seconds} s: {by_loom} killed by loom{miri}, {alive} not by loom");
    Ok(wrong.is_empty())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let known = |argument: &&String| {
        !argument.starts_with('-') || ["--miri", "--half"].contains(&argument.as_str())
    };
    if let Some(other) = arguments.iter().find(|argument| !known(argument)) {
        println!("{other}: there are --miri, --half and the name of a protocol's file");
        return ExitCode::from(2);
    }
    let with_miri = arguments.iter().any(|argument| argument == "--miri");
    let only = arguments.iter().find(|argument| !argument.starts_with('-'));
    let by_half = arguments.iter().any(|argument| argument == "--half");
    match check(with_miri, by_half, only.map(String::as_str)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error}");
            ExitCode::from(2)
        }
    }
}
