//! This program again, as a process of its own.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// What a subject says of itself; see `subject.rs`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said {
    pub(crate) at_ns: f64,
    pub(crate) cpu_ns: f64,
    pub(crate) lines: [f64; 3],
    pub(crate) done: f64,
    pub(crate) gap_ns: f64,
}

/// A running subject; it ends when this is dropped.
pub(crate) struct Subject {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    pub(crate) name: String,
}

/// A command that is this program.
pub(crate) fn this() -> Command {
    Command::new("/proc/self/exe")
}

impl Subject {
    /// Starts one.
    pub(crate) fn start(kind: &str, number: u64) -> std::io::Result<Self> {
        let name = format!("profiling-{kind}-{}", std::process::id());
        let mut child = this()
            .args(["subject", &name, kind, &number.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let gone = || std::io::Error::other("the subject has no pipe");
        let stdout = BufReader::new(child.stdout.take().ok_or_else(gone)?);
        let mut subject = Self { stdin: child.stdin.take(), child, stdout, name };
        let mut line = String::new();
        subject.stdout.read_line(&mut line)?;
        if line.trim() != "ready" {
            return Err(std::io::Error::other("the subject did not start"));
        }
        Ok(subject)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it.
    pub(crate) fn ask(&mut self) -> Said {
        let asked = self.stdin.as_mut().map(|stdin| stdin.write_all(b"\n"));
        let mut line = String::new();
        if !matches!(asked, Some(Ok(()))) || self.stdout.read_line(&mut line).is_err() {
            return Said::default();
        }
        let numbers: Vec<f64> =
            line.split(' ').filter_map(|word| word.trim().parse().ok()).collect();
        let [at_ns, cpu_ns, first, second, third, done, gap_ns] = numbers[..] else {
            return Said::default();
        };
        Said { at_ns, cpu_ns, lines: [first, second, third], done, gap_ns }
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

fn cpu() -> f64 {
    let ns = |usage: Usage| (usage.user_time() + usage.system_time()).num_microseconds() as f64;
    getrusage(UsageWho::RUSAGE_CHILDREN).map_or(f64::NAN, ns)
}

/// Runs a command to its end: its processor time, us, and what it said.
pub(crate) fn measured(command: &mut Command) -> std::io::Result<(f64, String)> {
    let before = cpu();
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output()?;
    Ok((cpu() - before, String::from_utf8_lossy(&output.stdout).into_owned()))
}
