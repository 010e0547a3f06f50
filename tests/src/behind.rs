//! Programs behind a command of the shell: in namespaces of their own, as another user, below other mounts.

use std::process::{Command, Output};

use serde_json::Value;

use crate::{build, program};

/// Whether this user may make namespaces of its own. In CI it must; elsewhere what is left out is counted.
pub fn may_unshare() -> bool {
    let may = Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|s| s.success());
    if !may {
        build::skip("needs root for namespaces (unshare)");
    }
    may
}

/// A fixture behind a shell command (such as `unshare -m sh -c "…; exec \"$@\"" sh`).
#[track_caller]
pub fn behind(shell: &[&str], name: &str, what: &[&str]) -> program::Program {
    // Before the program runs: whoever waits for what it does has no time to wait for a compiler.
    program::debug("inspect");
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg(program::debug("fixture-behave"));
    command.arg(name).args(what);
    let mut program = program::Program::start(&mut command, name);
    program.until_ready();
    program
}

/// `inspect` behind a shell command.
#[track_caller]
pub fn inspect_behind(shell: &[&str], arguments: &[&str]) -> Output {
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg(program::debug("inspect"));
    command.args(arguments).output().expect("it runs")
}

/// The rows of `list --json` for a name, behind a shell command.
#[track_caller]
pub fn rows(shell: &[&str], name: &str) -> Vec<Value> {
    let output = inspect_behind(shell, &["list", "--json", "-n", name]);
    let text = String::from_utf8_lossy(&output.stdout);
    let document: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    document["boards"].as_array().cloned().unwrap_or_default()
}

/// This row has this state, and a verdict with these words.
#[track_caller]
pub fn is(row: &Value, state: &str, words: &[&str]) {
    let verdict = row["verdict"].as_str().unwrap_or_default();
    assert_eq!(row["state"], state, "{verdict}");
    for word in words {
        assert!(verdict.contains(word), "no {word:?} in {verdict:?}");
    }
}

/// In no surroundings but ours.
pub const PLAIN: &[&str] = &["env"];

/// A mount namespace of its own, after a script that mounts there.
pub fn mounts(script: &str) -> Vec<String> {
    let script = format!("{script} && exec \"$@\"");
    ["unshare", "-m", "sh", "-c", &script, "sh"].map(str::to_owned).to_vec()
}

/// The same for a call.
pub fn words(shell: &[String]) -> Vec<&str> {
    shell.iter().map(String::as_str).collect()
}

/// As an unprivileged user, of no group.
pub const AS_OTHER: &str = "setpriv --reuid 4242 --regid 4242 --clear-groups --inh-caps=-all";
