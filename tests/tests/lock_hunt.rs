//! The guide to a lock that is held for ever, gone through again: what it shows is what comes out.

use std::time::Duration;

use tests::demo::Demo;
use tests::program::{self, inspect};
use tests::{build, wait};

const DEADLINE: Duration = Duration::from_secs(60);

/// Rows below the `nth` block of a command in the guide.
#[track_caller]
fn pasted(command: &str, nth: usize) -> Vec<String> {
    let path = build::root().join("docs/who-holds-the-lock.md");
    let guide = std::fs::read_to_string(path).expect("the guide");
    let at = format!("$ {command}");
    let blocks: Vec<usize> =
        guide.lines().enumerate().filter(|(_, line)| *line == at).map(|(at, _)| at).collect();
    let below = guide.lines().skip(blocks[nth] + 1).take_while(|line| *line != "```");
    let rows: Vec<String> = below.map(str::to_owned).collect();
    assert!(rows.len() > 2, "nothing is pasted below {command}");
    rows
}

/// The words of a line that have no number in them and were not cut.
fn words(line: &str) -> Vec<&str> {
    let numbered = |word: &str| word.contains(|char: char| char.is_ascii_digit());
    // A time that nobody waited yet is a number too.
    let number = |word: &str| numbered(word) || word == "-";
    line.split_whitespace().filter(|word| !number(word) && !word.contains('…')).collect()
}

/// Every pasted row, from the first that begins with `from`, is one of the real ones.
#[track_caller]
fn all_real(rows: &[String], from: &str, real: &str) {
    let skipped = rows.iter().position(|row| row.starts_with(from));
    let rows = &rows[skipped.unwrap_or_else(|| panic!("no {from:?} in {rows:#?}"))..];
    assert!(!rows.is_empty());
    for row in rows {
        let told = words(row);
        // Where the screen cut depends on the width of the numbers before.
        let same = |line: &str| {
            let said = words(line);
            said.starts_with(&told) || said.len() > 4 && told.starts_with(&said)
        };
        assert!(real.lines().any(same), "{row:?} is not in\n{real}");
    }
}

#[test]
fn the_guide_finds_who_holds_the_lock_again() {
    let data = tempfile::tempdir().expect("a folder");
    program::debug("inspect");
    let name = program::name("lock-hunt");
    let mut demo = Demo::start(&name, data.path(), &["--show-keys", "--hang-after", "2s"]);
    let pid = demo.child.id().to_string();
    let said = |arguments: &[&str]| {
        let output = inspect(&[arguments, &["-p", &pid]].concat());
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    for key in ["user:1", "user:2", "user:3"] {
        assert_eq!(demo.connect().ask(&["SET", key, "x"]), "+OK");
    }
    wait::until("the hang", DEADLINE, || said(&[]).contains("hangs, as asked for").then_some(()));
    let mut clients: Vec<_> = (0..3).map(|_| demo.connect()).collect();
    let commands: [&[&str]; 3] =
        [&["SET", "user:41", "Ada"], &["GET", "user:1"], &["INCR", "visits"]];
    for (client, command) in clients.iter_mut().zip(commands) {
        client.send(command).expect("it is sent");
        // One after the other, so that the same two are served.
        let served = |said: &str| said.matches("held by periodic").count();
        wait::until("that it waits", DEADLINE, || {
            let expected = if command[0] == "SET" { 1 } else { 2 };
            (served(&said(&["waits"])) >= expected).then_some(())
        });
    }
    // Until all that the guide shows is so: waits and overdue jobs need their seconds.
    let why = wait::until("all findings", DEADLINE, || {
        let why = said(&["why"]);
        let all = ["thread periodic waits", "expiry last ran", "statistics last ran", "index lock"];
        all.iter().all(|part| why.contains(part)).then_some(why)
    });
    let finding = pasted("inspect why recordd", 0);
    let finding: Vec<String> = finding
        .into_iter()
        .filter(|row| !row.contains("not known") && !row.contains("user:41"))
        .collect();
    all_real(&finding, " 1. ", &why);
    assert!(!why.contains("next: inspect profile"), "{why}");
    let waits = wait::until("two chains", DEADLINE, || {
        let waits = said(&["waits"]);
        (waits.matches("held by periodic").count() == 2).then_some(waits)
    });
    all_real(&pasted("inspect waits recordd", 0), " WAITS", &waits);
    let locks = said(&["waits", "--by", "lock"]);
    let row = locks.lines().find(|row| row.starts_with(" index")).expect("the index");
    assert!(row.ends_with("periodic"), "{locks}");
    all_real(&pasted("inspect waits recordd --by lock", 0), " LOCK", &locks);
    let _ = demo.child.kill();
    let _ = demo.child.wait();
    let dead = String::from_utf8(inspect(&["waits", "-n", &name]).stdout).expect("UTF-8");
    assert!(dead.contains("DEAD"), "{dead}");
    all_real(&pasted("inspect waits recordd", 1), " WAITS", &dead);
}
