//! The guide to a stuck request, gone through again: what it shows is what comes out.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use tests::demo::Demo;
use tests::program::{self, inspect};
use tests::{build, wait};

const DEADLINE: Duration = Duration::from_secs(60);

fn guide() -> String {
    let path = build::root().join("docs/stuck-request.md");
    std::fs::read_to_string(path).expect("the guide")
}

/// What stands below a command in the guide, without what it leaves out.
#[track_caller]
fn pasted(command: &str) -> Vec<String> {
    let guide = guide();
    let lines = guide.lines().skip_while(|line| !line.starts_with(&format!("$ {command}")));
    let below = lines.skip(1).take_while(|line| *line != "```" && !line.starts_with("$ "));
    let rows: Vec<String> = below.filter(|line| *line != "...").map(str::to_owned).collect();
    assert!(!rows.is_empty(), "nothing is pasted below {command}");
    rows
}

/// A line with its numbers blanked, ids, times and places included, and without the word that the screen cut.
///
/// A share that is next to nothing is in words where parts of the status ran: how little depends on
/// how fast the machine came to the first part.
fn shape(line: &str) -> Vec<String> {
    let line = line.replace(" in parts ", " 0.0% ");
    let words = line.split_whitespace().filter(|word| !word.ends_with('…') && *word != "at");
    let blank = |word: &str| match word.split_once(".rs:") {
        Some((file, _)) => format!("{file}.rs"),
        None if word.starts_with(|c: char| c.is_ascii_digit()) => "9".to_owned(),
        None => word.to_owned(),
    };
    words.map(blank).collect()
}

/// Whether each pasted row, but those that `skip` names, is one of the real ones.
#[track_caller]
fn all_real(command: &str, real: &str, skip: &[&str]) {
    let shapes: Vec<_> = real.lines().map(shape).collect();
    for row in pasted(command) {
        let is_known = || {
            let told = shape(&row);
            // Where the screen cut depends on the width of the numbers before.
            shapes
                .iter()
                .any(|real| real.starts_with(&told) || told.starts_with(real) && real.len() > 4)
        };
        let skipped = skip.iter().any(|word| row.contains(word));
        assert!(skipped || is_known(), "{row:?} is not in\n{real}");
    }
}

fn text(demo: &Demo, arguments: &[&str]) -> String {
    let pid = demo.child.id().to_string();
    let output = inspect(&[&["ops"], arguments, &["-p", &pid]].concat());
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn id(demo: &Demo, field: &str, value: &str) -> String {
    let pid = demo.child.id().to_string();
    let board = program::boards(&["ops", "-p", &pid]).remove(0);
    let ops = board["ops"].as_array().expect("a list");
    let op = ops.iter().find(|op| op[field] == value).unwrap_or_else(|| panic!("{value}: {ops:?}"));
    op["id"].as_str().expect("an id").to_owned()
}

#[test]
fn the_guide_finds_the_stuck_requests_again() {
    let data = tempfile::tempdir().expect("a folder");
    // Its three seconds, made long enough for any machine.
    let options = ["--show-keys", "--ack", "durable", "--slow-commit", "1h"];
    let mut demo = Demo::start(&program::name("stuck"), data.path(), &options);
    assert_eq!(demo.connect().ask(&["GET", "user:1"]), "$-1");
    let mut half = TcpStream::connect(&demo.address).expect("the daemon accepts");
    half.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    half.write_all(b"*3\r\n$3\r\nSET\r\n").expect("the daemon reads");
    let _rests = demo.connect();
    let mut writers: Vec<_> = (0..3).map(|_| demo.connect()).collect();
    let commands =
        [&["SET", "user:41", "Ada"][..], &["SET", "user:42", "Grace"], &["INCR", "visits"]];
    for (writer, command) in writers.iter_mut().zip(commands) {
        writer.send(command).expect("the daemon reads");
    }
    let late = wait::until("all are late", DEADLINE, || {
        let late = text(&demo, &["--over", "1s"]);
        let count = late.lines().filter(|line| line.contains(" updates ")).count();
        (count == 3 && late.contains("receive a command")).then_some(late)
    });
    // What the heading says of the process is not the guide's matter.
    let heading = ["recordd", " stalled ", "lost nothing", "threads "];
    all_real("inspect ops recordd", &text(&demo, &[]), &heading);
    all_real("inspect ops --over", &late, &[]);
    assert!(!late.contains("wait for a command"), "who rests is not late: {late}");
    all_real("inspect ops --by status", &text(&demo, &["--by", "status"]), &[]);

    let (write, stalled) =
        (id(&demo, "label", "SET user:42"), id(&demo, "status", "receive a command"));
    all_real("inspect ops --history 12-1", &text(&demo, &["--history", &write]), &[]);
    all_real("inspect ops --history 6-1", &text(&demo, &["--history", &stalled]), &[]);

    all_real("inspect ops cancel 12-1", &text(&demo, &["cancel", &write]), &[]);
    let reply = writers[1].reply().expect("a reply");
    let told = format!("(error) {}", reply.trim_start_matches('-'));
    assert!(guide().lines().any(|line| line == told), "{told}");
    let said = text(&demo, &["cancel", &stalled, "--timeout", "60s"]);
    all_real("inspect ops cancel 6-1", &said, &[]);
    let mut reply = String::new();
    half.read_to_string(&mut reply).expect("the daemon closes it");
    assert_eq!(pasted("cat <&3"), [reply.trim_end()]);

    let pid = nix::unistd::Pid::from_raw(demo.child.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGUSR1).expect("signalled");
    let block = demo.said_until("probe: end").join("\n");
    // In the guide the first commit is done by now, and with it the first writer; loads are of the moment.
    all_real("kill -USR1", &block, &["probe: pid", "  thread "]);
    for row in pasted("kill -USR1").iter().filter(|row| row.contains("  thread ")) {
        let name = row.split_whitespace().nth(1).expect("a name");
        assert!(block.contains(&format!("thread {name} ")), "{name} is not in\n{block}");
    }

    let ended = text(&demo, &["--ended"]);
    for part in ["SET user:42", "cancelled", "GET user:1"] {
        assert!(ended.contains(part), "{part} is not in\n{ended}");
    }
    let title = |rows: &[String]| rows.first().map(|row| shape(row));
    let real: Vec<String> =
        ended.lines().filter(|row| row.starts_with(" OP")).map(str::to_owned).collect();
    assert_eq!(title(&pasted("inspect ops --ended")), title(&real));
}
