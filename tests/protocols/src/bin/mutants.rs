//! What the checks are worth: every ordering, fence and compare of the protocols is broken, one at a
//! time, and something must notice.
//!
//! `cargo run -p protocols --bin mutants -- [--miri] [FILE]` takes the files that the daemon runs,
//! makes each mutant in a scratch copy under `target/`, and runs the scenarios that concern its file
//! under loom. Those that survive must stand in `survivors.txt`, each with the reason: what else
//! kills it, or why it changes nothing. With `--miri` they are run under Miri as well, which kills
//! just those of them that the list says it does. The exit code is 1 when list and facts differ.
#![expect(clippy::print_stdout, reason = "a report for whoever runs it")]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use std::{fmt, fs, io};

/// Longest run of one mutant's scenarios; the slowest takes a few seconds unharmed.
const LIMIT: Duration = Duration::from_secs(60);
/// Seeds for a mutant that loom lets live.
const SEEDS: &str = "-Zmiri-many-seeds=0..8 -Zmiri-preemption-rate=0.3";

/// One change of the source.
#[derive(Clone, Debug)]
struct Mutant {
    file: String,
    /// First byte of what is replaced.
    start: usize,
    line: usize,
    column: usize,
    /// The line, without indentation.
    source: String,
    from: String,
    to: String,
}

impl Mutant {
    /// What names it in `survivors.txt`: not its line number, which every edit moves. Equal lines
    /// are told apart by the one before them.
    fn key(&self) -> String {
        format!("{} | {} | {} -> {}", self.file, self.source, self.from, self.to)
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, from, to, .. } = self;
        write!(f, "{file}:{line}:{column} {from} -> {}", if to.is_empty() { "nothing" } else { to })
    }
}

/// Every mutant of one file.
fn mutants_of(file: &str, text: &str) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        let source = code.trim().to_owned();
        let mut add = |at: usize, from: &str, to: &str| {
            mutants.push(Mutant {
                file: file.to_owned(),
                start: start + at,
                line: number + 1,
                column: at + 1,
                source: source.clone(),
                from: from.to_owned(),
                to: to.to_owned(),
            });
        };
        for order in ["Release", "Acquire"] {
            let fence = format!("fence(Ordering::{order});");
            let order = format!("Ordering::{order}");
            if let Some(at) = code.find(&fence) {
                add(at, &fence, "");
            } else {
                for (at, _) in code.match_indices(&order) {
                    add(at, &order, "Ordering::Relaxed");
                }
            }
        }
        // The order of all such fences, which weaker ones have not; and the fence.
        let fence = "fence(Ordering::SeqCst);";
        if let Some(at) = code.find(fence) {
            add(at, fence, "");
            add(at, fence, "fence(Ordering::AcqRel);");
        }
        for (from, to) in [
            (" == ", " != "),
            (" != ", " == "),
            (" < ", " <= "),
            (" > ", " >= "),
            (" <= ", " < "),
            (" >= ", " > "),
            (" && ", " || "),
            (" || ", " && "),
        ] {
            // Not the bars of a closure: those have no space before a parameter.
            for (at, _) in code.match_indices(from) {
                add(at, from, to);
            }
        }
        for word in ["if ", "while "] {
            let at = code.find(word);
            if let Some(at) = at
                && let Some(end) = code[at..].find(" {").map(|end| at + end)
                && code[..at].trim_end().chars().last().is_none_or(|c| !c.is_alphanumeric())
                && !code[at..end].contains(" let ")
            {
                let at = at + word.len();
                add(at, &code[at..end], "true");
                add(at, &code[at..end], "false");
            }
        }
        start += line.len();
    }
    mutants
}

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Killed,
    TimedOut,
    Survived,
}

/// The scratch copy.
struct Scratch {
    root: PathBuf,
}

impl Scratch {
    /// A copy of this package and of the protocols, in a workspace of their own.
    fn make(repository: &Path, root: PathBuf) -> io::Result<Self> {
        for directory in ["probe/src/protocol", "tests/protocols"] {
            let _ = fs::remove_dir_all(root.join(directory));
            copy(&repository.join(directory), &root.join(directory))?;
        }
        fs::copy(repository.join("Cargo.lock"), root.join("Cargo.lock"))?;
        let manifest = fs::read_to_string(repository.join("Cargo.toml"))?;
        // The members' list may span lines: from `members = [` to the next `]`.
        let (before, rest) = manifest.split_once("members = [").unwrap_or((&manifest, "]"));
        let (_, after) = rest.split_once(']').unwrap_or_default();
        let manifest = format!("{before}members = [\"tests/protocols\"]{after}");
        fs::write(root.join("Cargo.toml"), manifest)?;
        Ok(Self { root })
    }

    fn cargo(&self, toolchain: Option<&str>, arguments: &[&str]) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.args(toolchain).args(arguments).current_dir(&self.root);
        // This process was started by cargo, whose variables would name the wrong toolchain.
        for (name, _) in std::env::vars() {
            if name.starts_with("CARGO_") && name != "CARGO_HOME" || name == "RUSTUP_TOOLCHAIN" {
                cargo.env_remove(name);
            }
        }
        cargo.env("CARGO_TARGET_DIR", self.root.join("build"));
        cargo.env("RUST_BACKTRACE", "0").env("RUSTFLAGS", "-Awarnings").env("MIRIFLAGS", SEEDS);
        cargo.stdin(Stdio::null()).stdout(Stdio::null());
        cargo
    }

    fn loom(&self, filter: &str, limit: Duration) -> io::Result<Fate> {
        let build = ["test", "-q", "-p", "protocols", "--test", "loom", "--no-run"];
        let built = self.cargo(None, &build).stderr(Stdio::piped()).output()?;
        if !built.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&built.stderr).into_owned()));
        }
        let run = ["test", "-q", "-p", "protocols", "--test", "loom", "--", filter];
        run_limited(self.cargo(None, &run), limit)
    }

    fn miri(&self, filter: &str) -> io::Result<Fate> {
        let host = ["--target", "x86_64-unknown-linux-gnu"];
        let mut run = vec!["miri", "test", "-q", "-p", "protocols", "--test", "threads"];
        run.extend(host);
        run.extend(["--", filter]);
        run_limited(self.cargo(Some("+nightly"), &run), 10 * LIMIT)
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// Runs to the end or to the limit; the whole process group is ended then.
fn run_limited(mut command: Command, limit: Duration) -> io::Result<Fate> {
    use std::os::unix::process::CommandExt;
    let mut child = command.stderr(Stdio::null()).process_group(0).spawn()?;
    let until = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(if status.success() { Fate::Survived } else { Fate::Killed });
        }
        if Instant::now() > until {
            // The group has the child's number: cargo and the test that it runs.
            Command::new("kill").args(["-9", "--", &format!("-{}", child.id())]).status()?;
            child.wait()?;
            return Ok(Fate::TimedOut);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// `survivors.txt`: for each mutant that loom lets live its key, and after it, indented, who kills
/// it (`miri`, `stepping` or `nobody`) and why.
struct Survivor {
    key: String,
    killer: String,
    seen: bool,
}

fn survivors(path: &Path) -> io::Result<Vec<Survivor>> {
    let text = fs::read_to_string(path)?;
    let mut survivors: Vec<Survivor> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        match survivors.last_mut() {
            Some(last) if line.starts_with(' ') => {
                if last.killer.is_empty()
                    && let Some((killer, _)) = line.trim().split_once(':')
                {
                    last.killer = killer.to_owned();
                }
            }
            _ => survivors.push(Survivor {
                key: line.trim_end().to_owned(),
                killer: String::new(),
                seen: false,
            }),
        }
    }
    Ok(survivors)
}

fn check(with_miri: bool, only: Option<&str>) -> io::Result<bool> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let repository = package.join("../..").canonicalize()?;
    let scratch = Scratch::make(&repository, repository.join("target/mutants"))?;
    let mut known = survivors(&package.join("survivors.txt"))?;
    let source = repository.join("probe/src/protocol");
    let mut files: Vec<PathBuf> =
        fs::read_dir(&source)?.map(|e| Ok(e?.path())).collect::<io::Result<_>>()?;
    files.sort();

    // All of them, on a machine that may be busy.
    if scratch.loom("", 10 * LIMIT)? != Fate::Survived {
        println!("the scenarios fail on the protocols as they are");
        return Ok(false);
    }
    let began = Instant::now();
    let mut right = true;
    let mut complain = |what: String| {
        println!("  WRONG: {what}");
        right = false;
    };
    let (mut total, mut by_loom, mut by_miri, mut alive) = (0, 0, 0, 0);
    for path in &files {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if only.is_some_and(|only| only != name) {
            continue;
        }
        let text = fs::read_to_string(path)?;
        // A scenario is named after the files whose protocol it is about.
        let filter = name.trim_end_matches(".rs");
        let copy = scratch.root.join("probe/src/protocol").join(name);
        for mutant in mutants_of(name, &text) {
            let mut changed = text.clone();
            let end = mutant.start + mutant.from.len();
            changed.replace_range(mutant.start..end, &mutant.to);
            fs::write(&copy, changed)?;
            total += 1;
            let started = Instant::now();
            let listed = known.iter_mut().find(|known| known.key == mutant.key() && !known.seen);
            match scratch.loom(filter, LIMIT)? {
                Fate::Survived => {
                    alive += 1;
                    let fate = if with_miri { Some(scratch.miri(filter)?) } else { None };
                    let killed = fate.map(|fate| fate != Fate::Survived);
                    by_miri += usize::from(killed == Some(true));
                    let seconds = started.elapsed().as_secs_f32();
                    match listed {
                        Some(listed) => {
                            listed.seen = true;
                            println!("{mutant}: not by loom; {} ({seconds:.1} s)", listed.killer);
                            if killed.is_some_and(|killed| killed != (listed.killer == "miri")) {
                                let and =
                                    if killed == Some(true) { "kills it" } else { "lets it live" };
                                complain(format!("listed as {}, but Miri {and}", listed.killer));
                            }
                        }
                        None => {
                            println!("{mutant}: SURVIVES ({seconds:.1} s)");
                            complain(format!(
                                "not listed (Miri kills: {killed:?}): {}",
                                mutant.key()
                            ));
                        }
                    }
                }
                fate => {
                    by_loom += 1;
                    let how = if fate == Fate::TimedOut { ", by time-out" } else { "" };
                    println!("{mutant}: loom{how} ({:.1} s)", started.elapsed().as_secs_f32());
                }
            }
        }
        fs::write(&copy, &text)?;
    }
    if only.is_none() {
        for listed in known.iter().filter(|known| !known.seen) {
            complain(format!("listed, but killed by loom or gone: {}", listed.key));
        }
    }
    let seconds = began.elapsed().as_secs();
    let miri = if with_miri { format!(", {by_miri} of the rest by Miri") } else { String::new() };
    println!("{total} mutants in {seconds} s: {by_loom} killed by loom{miri}, {alive} not by loom");
    Ok(right)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let with_miri = arguments.iter().any(|argument| argument == "--miri");
    let only = arguments.iter().find(|argument| !argument.starts_with('-'));
    match check(with_miri, only.map(String::as_str)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error}");
            ExitCode::from(2)
        }
    }
}
