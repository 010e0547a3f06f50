//! Where a thread is when it was somewhere: row by row, the table "What is shown when" of `docs/operations.md`.

use serde_json::Value;
use tests::program::{self, Program};

/// What stands in a row's last columns: class and label, and whether that is only what it did last.
const ROWS: [(&str, Option<&str>, Option<&str>, bool); 20] = [
    ("nothing-yet", None, None, false),
    ("left-a-scope", None, Some("line in it"), true),
    ("left-no-line", None, Some("scope without"), true),
    ("tag-then-scope", Some("idle"), Some("waits for work"), false),
    ("in-an-op", Some("work"), Some("next"), false),
    ("in-a-status", Some("wait"), Some("status"), false),
    ("left-an-op", None, Some("status"), true),
    ("tag-then-op", Some("idle"), Some("waits for work"), false),
    ("argument-then-op", Some("idle"), Some("waits for"), false),
    ("op-in-an-op", Some("work"), Some("outer's status"), false),
    ("scope-in-an-op", Some("work"), Some("request"), false),
    ("op-in-a-scope", Some("work"), Some("around"), false),
    ("op-panicked", Some("idle"), Some("waits for work"), false),
    ("handed-on", Some("idle"), Some("waits for work"), false),
    ("entered", Some("work"), Some("request"), false),
    ("left-again", Some("idle"), Some("waits for work"), false),
    ("polled", Some("idle"), Some("waits for events"), false),
    ("polled-again", Some("wait"), Some("reading"), false),
    ("polled-a-scope", Some("idle"), Some("waits for events"), false),
    ("polled-a-bare", Some("wait"), Some("reading"), false),
];

fn row<'a>(board: &'a Value, name: &str) -> &'a Value {
    // The kernel keeps 15 bytes of a name.
    let name = name.get(..15).unwrap_or(name);
    let threads = board["threads"].as_array().expect("threads");
    threads.iter().find(|thread| thread["name"] == name).unwrap_or_else(|| panic!("{name}"))
}

#[test]
fn every_row_of_the_table_is_what_is_shown() {
    let (program, _) = Program::behave(&program::name("positions"), &["positions"]);
    let board = program::board(program.pid());
    for (name, class, label, left) in ROWS {
        let thread = row(&board, name);
        let shown = (thread["class"].as_str(), thread["label"].as_str(), thread["left"] == true);
        assert_eq!(shown, (class, label, left), "{name}: {thread:#}");
    }
    assert_eq!(row(&board, "argument-then-op")["arg"], 7);
    assert_eq!(board["lost"]["healed"], 0, "nothing had to be put right");
    // The words of the table.
    let pid = program.pid().to_string();
    let text = program::inspect(&["-p", &pid]);
    let text = String::from_utf8(text.stdout).expect("UTF-8");
    let line = |name: &str| text.lines().find(|line| line.contains(name)).expect("its row");
    assert!(line("nothing-yet").ends_with("(no line yet)"), "{text}");
    assert!(line("left-a-scope").contains("last at positions.rs:"), "{text}");
}

#[test]
fn the_table_has_every_row() {
    let docs = include_str!("../../docs/operations.md");
    for (name, _, label, _) in ROWS {
        let row = docs.lines().find(|line| line.starts_with(&format!("| `{name}` ")));
        let row = row.unwrap_or_else(|| panic!("no row {name}"));
        assert!(label.is_none_or(|label| row.contains(label)), "{name}: {label:?} in {row}");
    }
}
