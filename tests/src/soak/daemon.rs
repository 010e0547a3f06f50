//! The daemon's lives: started, upgraded while it runs, stopped, killed; what its board says of a killed one is held
//! against what the clients know.

use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{Dice, Life, Stage};
use crate::demo::Demo;
use crate::{build, program, served};

/// Where the daemon is installed, and the builds that take turns there.
pub(super) struct Installed {
    builds: Vec<PathBuf>,
    at: PathBuf,
    turn: usize,
}

impl Installed {
    pub(super) fn new(builds: Vec<PathBuf>, folder: &Path) -> Self {
        let mut installed = Self { builds, at: folder.join("daemon-demo"), turn: 0 };
        installed.upgrade();
        installed
    }

    /// The next build takes the place of this one, as a package manager does it: whoever runs it keeps what he has.
    fn upgrade(&mut self) {
        let new = self.at.with_extension("new");
        build::copy_to_run(&self.builds[self.turn % self.builds.len()], &new);
        std::fs::rename(&new, &self.at).expect("renamed");
        self.turn += 1;
    }

    /// The demo on this directory, as whoever may be looked at by a server that refuses root.
    pub(super) fn start(&self, board: &str, data: &Path) -> Demo {
        let mut command = Command::new(&self.at);
        command.args(["serve", "--listen", "127.0.0.1:0", "--name", board]);
        command.args(["--ack", "durable", "--data"]).arg(data);
        Demo::run(served::unprivileged(&mut command), board)
    }
}

/// Ends the daemon, one way or the other, and starts it again.
pub(super) fn again(
    stage: &Stage,
    mut demo: Demo,
    installed: &mut Installed,
    data: &Path,
    dice: &mut Dice,
) -> Demo {
    if dice.below(3) == 0 {
        installed.upgrade();
        stage.count("upgrades under a running daemon", 1);
        // Those who look meet a program whose file is another by now.
        stage.rest(std::time::Duration::from_secs(3));
    }
    if dice.below(2) == 0 {
        // What is left of it is a dead board: only a part of the name goes with this handle.
        let _ = demo.child.kill();
        let _ = demo.child.wait();
        stage.count("daemons killed", 1);
        no_command_is_lost(stage, demo.child.id());
    } else {
        let pid = nix::unistd::Pid::from_raw(demo.child.id().cast_signed());
        let _ = nix::sys::signal::kill(pid, Signal::SIGTERM);
        let code = demo.child.wait().ok().and_then(|status| status.code());
        if code != Some(0) {
            stage.fault(format!("a daemon ended with {code:?}"));
        }
        stage.count("daemons stopped", 1);
    }
    let next = installed.start(&stage.board, data);
    *stage.life.lock().expect("no panic") = Life::new(next.address.clone());
    // Dropping it removes boards of its name, which are the next one's by now.
    std::mem::forget(demo);
    next
}

/// The board of who was killed counts every command that was answered, and none that was not sent.
fn no_command_is_lost(stage: &Stage, pid: u32) {
    let life = stage.life();
    let answered = life.answered();
    let output = program::inspect(&["--json", "-p", &pid.to_string()]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let counters = document["boards"][0]["counters"].as_array().cloned().unwrap_or_default();
    let commands = counters.iter().find(|counter| counter["name"] == "commands");
    let Some(commands) = commands.and_then(|counter| counter["value"].as_u64()) else {
        let said = String::from_utf8_lossy(&output.stderr);
        return stage.fault(format!("no board of {pid}, which was killed: {said}"));
    };
    let sent = life.sent();
    if !(answered..=sent).contains(&commands) {
        stage.fault(format!("{commands} commands of {pid}; {answered} answered, {sent} sent"));
    }
    stage.count("boards of the killed that were right to the command", 1);
    stage.count("commands that they counted", commands);
}
