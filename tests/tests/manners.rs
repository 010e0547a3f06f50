//! What the profiler says to whom: terminals, pipes, files that exist, several processes of one name.

use std::process::{Command, Stdio};

use tests::program::{self, Program, inspect};

#[test]
fn a_closed_pipe_is_no_error() {
    let name = program::name("pipe");
    let (_program, _) = Program::behave(&name, &["shares", "700"]);
    let inspect = program::debug("scoreboard-inspect", "inspect");
    for verb in [
        "list",
        "doctor",
        "man",
        "completions bash",
        "--interval 10ms --count 1000",
        "profile -d 200ms",
    ] {
        let script = format!(
            "set -o pipefail; {} {verb} {} | true",
            inspect.display(),
            match verb {
                "man" | "completions bash" => "",
                _ => &name,
            }
        );
        let output = Command::new("bash").args(["-c", &script]).output().expect("a shell");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{verb}");
    }
}

#[test]
fn progress_is_for_terminals() {
    let name = program::name("progress");
    let (_program, _) = Program::behave(&name, &["shares", "700"]);
    let quiet = inspect(&["profile", &name, "-d", "700ms"]);
    assert!(quiet.status.success() && quiet.stderr.is_empty(), "{quiet:?}");
    // `script` runs it on a terminal of its own.
    let inspect = program::debug("scoreboard-inspect", "inspect");
    let command = format!("{} profile {name} -d 700ms", inspect.display());
    let output = Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .stdin(Stdio::null())
        .output()
        .expect("script, of Debian's bsdutils");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("threads of 1 processes (Ctrl-C ends it)"), "{said:?}");
    // The line is gone before the table comes.
    let (_, after) = said.rsplit_once("\r\u{1b}[K").expect("cleared");
    assert!(after.starts_with(&name) && after.contains("sixty"), "{said:?}");
}

#[test]
fn nothing_is_written_over() {
    let name = program::name("over");
    let (program, _) = Program::behave(&name, &["shares", "700"]);
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name).display().to_string();
    let [recording, folded] = [path("a.rec"), path("a.folded")];
    let pid = program.pid().to_string();
    assert!(inspect(&["record", &pid, "-d", "300ms", "-o", &recording]).status.success());
    for arguments in [
        &["record", &pid, "-d", "300ms", "-o", &recording][..],
        &["record", &pid, "--when", "stalled>1h", "-d", "300ms", "-o", &recording],
        &["export", "folded", &recording, "-o", &recording],
        &["dump", &pid, "-o", &recording],
    ] {
        let before = std::fs::read(&recording).expect("it");
        let output = inspect(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(
            said.contains("cannot be written: File exists") && said.lines().count() == 1,
            "{said}"
        );
        assert_eq!(std::fs::read(&recording).expect("it"), before);
    }
    assert!(inspect(&["export", "folded", &recording, "-o", &folded]).status.success());
    // Without -o the file has the board's name, and the pid where that was asked for.
    let inspect = program::debug("scoreboard-inspect", "inspect");
    for (target, file) in [(&name, format!("{name}.rec")), (&pid, format!("{name}-{pid}.rec"))] {
        let mut command = Command::new(&inspect);
        let status =
            command.args(["record", target, "-d", "200ms"]).current_dir(&directory).output();
        assert!(status.is_ok_and(|output| output.status.success()));
        assert!(directory.path().join(&file).is_file(), "{file}");
    }
}

#[test]
fn several_processes_of_a_name_are_said_and_told_apart() {
    let name = program::name("both");
    let (one, _) = Program::behave(&name, &["shares", "700"]);
    let (other, _) = Program::behave(&name, &["stalls", "1000", "1"]);
    let output = inspect(&["profile", &name, "-d", "700ms"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("are 2 processes, sampled together: "), "{said}");
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    for (label, pid) in [("sixty", one.pid()), ("second", other.pid())] {
        let row = table
            .lines()
            .find(|line| line.ends_with(label))
            .unwrap_or_else(|| panic!("no {label}: {table}"));
        assert!(row.split_whitespace().any(|word| word == pid.to_string()), "{row}");
    }
}
