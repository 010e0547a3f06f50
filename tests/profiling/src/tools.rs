//! Tools that look at a process, as they are used: started, left to work, ended.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, geteuid};

use crate::child::this;

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Nobody,
    Empty,
    Recorder,
    Often,
    Perf,
    EuStack,
    Strace,
    Gdb,
}

impl Tool {
    pub(crate) const ALL: [Self; 8] = [
        Self::Nobody,
        Self::Empty,
        Self::Recorder,
        Self::Often,
        Self::Perf,
        Self::EuStack,
        Self::Strace,
        Self::Gdb,
    ];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Nobody => "nobody (control)",
            Self::Empty => "empty 1 kHz loop",
            Self::Recorder => "inspect record, 1 kHz",
            Self::Often => "inspect record, 100 kHz",
            Self::Perf => "perf record -F 999",
            Self::EuStack => "eu-stack, back to back",
            Self::Strace => "strace -f",
            Self::Gdb => "gdb backtraces, back to back",
        }
    }

    /// The program that it needs and its Debian package.
    fn program(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Nobody | Self::Empty | Self::Recorder | Self::Often => None,
            Self::Perf => Some(("perf", "linux-perf")),
            Self::EuStack => Some(("eu-stack", "elfutils")),
            Self::Strace => Some(("strace", "strace")),
            Self::Gdb => Some(("gdb", "gdb")),
        }
    }

    /// Why it cannot be used, if so. Installs it where that is allowed.
    pub(crate) fn missing(self) -> Option<String> {
        let (program, package) = self.program()?;
        missing(program, package).map(|why| format!("skipped: {why}"))
    }

    /// Sets it to work on a process. Those that take one picture a run are run again and again.
    pub(crate) fn start(self, pid: u32, board: &str, scratch: &Path) -> std::io::Result<Running> {
        let file = scratch.join("out").display().to_string();
        let again = |what: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", &format!("while :; do {what} >/dev/null 2>&1; done")]);
            command
        };
        let mut command = match self {
            Self::Nobody => return Ok(Running(None)),
            Self::Empty => {
                let mut command = this();
                command.args(["empty", "100000000"]);
                command
            }
            Self::Recorder | Self::Often => {
                let _ = std::fs::remove_file(&file);
                let rate = if self == Self::Often { "100k" } else { "1000" };
                let mut command = this();
                command.args(["inspect", "record", board, "-r", rate, "-o", &file]);
                command
            }
            Self::Perf => {
                let mut command = Command::new("perf");
                command.args(["record", "-q", "-F", "999", "-e", "cpu-clock", "-g", "-o", &file]);
                command.args(["-p", &pid.to_string()]);
                command
            }
            Self::EuStack => again(&format!("eu-stack -p {pid}")),
            Self::Strace => {
                let mut command = Command::new("strace");
                command.args(["-f", "-q", "-o", &file, "-p", &pid.to_string()]);
                command
            }
            Self::Gdb => again(&format!("gdb -nx -batch -p {pid} -ex 'thread apply all bt'")),
        };
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Running(Some(quiet.process_group(0).spawn()?)))
    }
}

/// Says that a program is missing, if it is and cannot be installed.
pub(crate) fn missing(program: &str, package: &str) -> Option<String> {
    let has = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
    };
    if !has() && geteuid().is_root() {
        let mut apt = Command::new("apt-get");
        apt.args(["-qq", "-y", "install", package]).stdout(Stdio::null()).stderr(Stdio::null());
        let _ = apt.status();
    }
    (!has()).then(|| format!("{program} is missing (apt-get install {package})"))
}

/// A tool at work; it and all that it started are ended when this is dropped.
pub(crate) struct Running(Option<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut child) = self.0.take() else { return };
        let group = Pid::from_raw(child.id().cast_signed());
        // Asked first: a tracer that is killed outright may leave its program stopped.
        let _ = killpg(group, Signal::SIGTERM);
        for _ in 0..100 {
            if matches!(child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let _ = killpg(group, Signal::SIGKILL);
        let _ = child.wait();
    }
}
