//! What the profiler says to whom: terminals, pipes, files that exist, several processes of one name.

use std::process::{Command, Stdio};

use tests::program::{self, Program, inspect};

#[test]
fn a_closed_pipe_is_no_error() {
    let name = program::name("pipe");
    let (_program, _) = Program::behave(&name, &["shares", "700"]);
    let inspect = program::debug("inspect");
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
    let inspect = program::debug("inspect");
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
    let inspect = program::debug("inspect");
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

/// What a line of words comes to: exit code, stdout, stderr.
fn said(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = inspect(arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn what_is_not_there_and_what_is_no_recording_are_named_with_their_codes() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name).display().to_string();
    let [text, none] = [path("notes.txt"), path("none.rec")];
    std::fs::write(&text, "no recording, and no board").expect("written");
    let cases: &[(&[&str], i32, &[&str])] = &[
        (&["report", "no-such-name"], 3, &["no-such-name", "`inspect report`"]),
        (&["annotate", "no-such-name"], 3, &["no-such-name", "`inspect annotate`"]),
        (&["report", &none], 3, &["none.rec", "No such file"]),
        (&["annotate", &none], 3, &["none.rec", "No such file"]),
        (&["report", &text], 5, &["notes.txt", "not a recording"]),
        (&["annotate", &text], 5, &["notes.txt", "not a recording"]),
        (&["report", &path(".")], 5, &["a directory"]),
        (&["-f", &none], 3, &["none.rec"]),
        (&["-f", &text], 5, &["notes.txt", "not a board"]),
        (&["list", "-f", &text], 5, &["notes.txt", "not a board"]),
        (&["list", "-f", &text, "--json"], 5, &["notes.txt", "not a board"]),
        (&["list", "-f", &none], 3, &["none.rec"]),
        (&["diff", &none, &none], 3, &["none.rec"]),
        (&["diff", &text, &text], 5, &["notes.txt", "not a board"]),
        (&["report"], 2, &["`inspect report FILE`"]),
        (&["annotate"], 2, &["`inspect annotate FILE`"]),
        (&["report", "4711"], 2, &["`inspect profile 4711`"]),
        (&["clean", "no-such-name"], 3, &["no-such-name"]),
        (&["lits"], 3, &["`lits`", "did you mean the verb `list`?"]),
        (&["lits", "x"], 2, &["did you mean `list`?"]),
        (&["record", "x", "-d", "0"], 2, &["a time of nothing"]),
        (&["list", "--count", "0"], 2, &["invalid value", "0"]),
        (&["record", "x", "-d", "-2s"], 2, &["cannot be negative"]),
        (&["record", "x", "--count", "3"], 2, &["--count does nothing", "--when"]),
        (&["report", "x", "--jsonl"], 2, &["--jsonl does nothing"]),
        (&["dump", "x", "-o", "y", "--json"], 2, &["--json does nothing"]),
        (&["list", "--since-start"], 2, &["--since-start does nothing"]),
        (&["history", "./x.board"], 2, &["a name or a pid", "--history DIR"]),
        (&["history", "record", "./x.board", "--history", &none], 2, &["a name or a pid"]),
        (&["history", "--since", "2026-02-30T00:00Z"], 2, &["2026-02-30T00:00Z"]),
        (&["history", "--heat", "--svg", "x", "--json"], 2, &["--json does nothing", "--svg"]),
        (&["history", "--heat", "--against", "2h", "--svg", "x"], 2, &["--against does nothing"]),
        (&["record", "x", "-r", "-1"], 2, &["'-1' for '--rate <HZ>'", "from 1 to 100000"]),
        (&["-p", "-1"], 2, &["'-1' for '--pid <PID>'", "-1 is not in 0.."]),
        (&["-p", "1e3"], 2, &["a whole number is meant"]),
        (&["-p", "99999999999999999999"], 2, &["that is too large"]),
        (&["--count", "-1"], 2, &["'-1' for '--count <N>'", "a whole number is meant"]),
        (&["ops", "cancel"], 2, &["<ID>", "see `inspect ops cancel -h`"]),
        (&["history", "record", "--nosuch"], 2, &["see `inspect history record -h`"]),
        (&["list", "--nosuch"], 2, &["see `inspect list -h`"]),
    ];
    for (arguments, code, says) in cases {
        let (found, out, remarks) = said(arguments);
        assert_eq!(found, Some(*code), "{arguments:?}: {remarks}");
        assert!(out.is_empty() && remarks.lines().count() == 1, "{arguments:?}: {out}{remarks}");
        for part in *says {
            assert!(remarks.contains(part), "{arguments:?}: no {part:?} in {remarks}");
        }
    }
}

#[test]
fn a_recording_without_a_verb_is_reported() {
    let name = program::name("no-verb");
    let (program, _) = Program::behave(&name, &["shares", "700"]);
    let directory = tempfile::tempdir().expect("a directory");
    let recording = directory.path().join("a.rec").display().to_string();
    let pid = program.pid().to_string();
    assert_eq!(said(&["record", &pid, "-d", "500ms", "-o", &recording]).0, Some(0));
    let report = said(&["report", &recording]);
    assert!(report.0 == Some(0) && report.1.contains("sixty"), "{report:?}");
    assert_eq!(said(&["-f", &recording]), report);
    assert_eq!(said(&[&recording]), report);
}

#[test]
fn bytes_go_to_pipes_and_never_to_terminals() {
    let name = program::name("bytes");
    let (program, _) = Program::behave(&name, &["shares", "700"]);
    let directory = tempfile::tempdir().expect("a directory");
    let saved = directory.path().join("a.board");
    let pid = program.pid().to_string();
    let piped = inspect(&["dump", &pid, "-o", "-"]);
    assert!(piped.status.success() && !std::path::Path::new("-").exists(), "{piped:?}");
    std::fs::write(&saved, &piped.stdout).expect("written");
    let shown = said(&["-f", &saved.display().to_string()]);
    assert!(shown.0 == Some(0) && shown.1.contains(&name), "{shown:?}");
    // `script` runs it on a terminal of its own.
    let inspect = program::debug("inspect");
    for verb in ["dump -o -", "record -d 100ms -o -", "export pprof -d 100ms"] {
        let command = format!("{} {verb} {pid}", inspect.display());
        let output = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .stdin(Stdio::null())
            .output()
            .expect("script, of Debian's bsdutils");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(2), "{verb}: {said}");
        assert!(said.contains("stdout is a terminal") && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn what_cannot_be_written_is_no_success() {
    let inspect = program::debug("inspect");
    for verb in ["--help", "list -h", "--version", "man", "man ops", "completions zsh", "doctor"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let mut command = Command::new(&inspect);
        let output = command.args(verb.split(' ')).stdout(full).stderr(Stdio::piped()).output();
        let output = output.expect("inspect");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{verb}: {said}");
        assert!(said.contains("No space left"), "{verb}: {said}");
    }
}

/// The runtime puts `/dev/null` where a descriptor is closed: what was written was lost and called saved.
#[test]
fn what_goes_to_a_closed_stdout_is_no_success() {
    let name = program::name("no-stdout");
    let (_program, _) = Program::behave(&name, &["shares", "700"]);
    let inspect = program::debug("inspect");
    for (verb, code) in [
        ("dump -o - -n", 1),
        ("record -d 100ms -o - -n", 1),
        ("export csv -d 100ms -n", 1),
        ("list -n", 1),
        ("check -n", 3),
    ] {
        let shell = format!("exec {} {verb} {name} >&-", inspect.display());
        let output = Command::new("sh").args(["-c", &shell]).output().expect("a shell");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{verb}: {said}");
        assert_eq!(said.lines().count(), 1, "{verb}: {said}");
        assert!(said.contains("stdout is closed") || said.contains("Bad file descr"), "{said}");
        // One that takes everything is as good as any.
        let shell = format!("exec {} {verb} {name} >/dev/null", inspect.display());
        assert!(Command::new("sh").args(["-c", &shell]).status().is_ok_and(|s| s.success()));
    }
}

#[test]
fn what_a_recording_says_fits_every_terminal() {
    let name = program::name("widths");
    let (program, _) = Program::behave(&name, &["shares", "700"]);
    let directory = tempfile::tempdir().expect("a directory");
    let recording = directory.path().join("a.rec").display().to_string();
    let pid = program.pid().to_string();
    assert_eq!(said(&["record", &pid, "-d", "500ms", "-o", &recording]).0, Some(0));
    let inspect = program::debug("inspect");
    for columns in [40, 60, 80, 120, 200] {
        for verb in ["report", "report --timeline", "report --by stack", "annotate", "diff", "list"]
        {
            let mut arguments: Vec<&str> = verb.split(' ').collect();
            match verb {
                "list" => arguments.push(&name),
                "diff" => arguments.extend([recording.as_str(), &recording]),
                _ => arguments.push(&recording),
            }
            let mut command = Command::new(&inspect);
            let output = command.args(&arguments).env("COLUMNS", columns.to_string()).output();
            let text = String::from_utf8_lossy(&output.expect("inspect").stdout).into_owned();
            assert!(!text.is_empty(), "{verb}");
            for line in text.lines() {
                let wide = line.chars().count();
                assert!(wide <= columns, "{verb} at {columns}: {wide} wide: {line}");
            }
        }
    }
}
