//! A copy of the protocols in which one thing is broken at a time, and what notices.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io};

/// Longest run of one mutant's scenarios; the slowest takes a few seconds unharmed.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// Seeds for a mutant that loom lets live.
const SEEDS: &str = "-Zmiri-many-seeds=0..8 -Zmiri-preemption-rate=0.3";

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Killed,
    TimedOut,
    Survived,
}

/// The scratch copy.
pub(crate) struct Scratch {
    root: PathBuf,
}

impl Scratch {
    /// A copy of this package and of the protocols, in a workspace of their own.
    pub(crate) fn make(repository: &Path, root: PathBuf) -> io::Result<Self> {
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

    /// Where the copy of a protocol's file stands.
    pub(crate) fn of(&self, file: &str) -> PathBuf {
        self.root.join("probe/src/protocol").join(file)
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

    pub(crate) fn loom(&self, filter: &str, limit: Duration) -> io::Result<Fate> {
        let build = ["test", "-q", "-p", "protocols", "--test", "loom", "--no-run"];
        let built = self.cargo(None, &build).stderr(Stdio::piped()).output()?;
        if !built.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&built.stderr).into_owned()));
        }
        let run = ["test", "-q", "-p", "protocols", "--test", "loom", "--", filter];
        run_limited(self.cargo(None, &run), limit)
    }

    pub(crate) fn miri(&self, filter: &str) -> io::Result<Fate> {
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
