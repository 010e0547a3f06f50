//! The guide to a slow line, gone through again: what it shows is what comes out.

use std::process::Command;
use std::time::Duration;

use tests::demo::{self, Demo};
use tests::program::{self, inspect};
use tests::{build, wait};

fn guide() -> String {
    std::fs::read_to_string(build::root().join("docs/slow-index.md")).expect("the guide")
}

/// What stands below a command in the guide.
#[track_caller]
fn pasted(command: &str) -> Vec<String> {
    let guide = guide();
    let lines = guide.lines().skip_while(|line| !line.starts_with(&format!("$ {command}")));
    let rows: Vec<String> = lines
        .skip(1)
        .take_while(|line| *line != "```" && !line.starts_with("$ "))
        .map(str::to_owned)
        .collect();
    assert!(!rows.is_empty(), "nothing is pasted below {command}");
    rows
}

/// Numbers and the spaces around them blanked: what stays is the shape.
fn shape(line: &str) -> String {
    let mut out = String::new();
    for char in line.chars() {
        match char {
            '0'..='9' | '.' | ',' if out.ends_with('9') => {}
            '0'..='9' => out.push('9'),
            char => out.push(char),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A recording of the daemon under load, with these options.
fn recorded(options: &[&str], file: &str, data: &std::path::Path) {
    // Built before the load runs: it does not wait for a compiler.
    program::debug("inspect");
    let demo = Demo::start(&program::name("guide"), data, options);
    let mut load = Command::new(demo::program())
        .args(["load", "--connect", &demo.address, "--name", &demo.board, "--keys", "4000"])
        .args(["--duration", "30s"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the load");
    let pid = demo.child.id().to_string();
    let commands = || {
        let counters = program::board(demo.child.id())["counters"].clone();
        program::named(&counters, "commands")["value"].as_u64().filter(|&count| count > 1000)
    };
    wait::until("commands", Duration::from_secs(60), commands);
    let output = inspect(&["record", "-p", &pid, "-d", "4s", "-o", file]);
    assert!(output.status.success(), "{output:?}");
    let _ = load.kill();
    let _ = load.wait();
}

fn text(arguments: &[&str]) -> String {
    let output = inspect(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_guide_finds_the_line_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name).display().to_string();
    let [before, after] = [path("before.rec"), path("after.rec")];
    recorded(&["--walk-index"], &before, &directory.path().join("a"));
    recorded(&[], &after, &directory.path().join("b"));

    // The report: the same head, and the line with its hits and its place.
    let report = text(&["report", &before]);
    let shown = pasted("inspect report before.rec");
    let title = |rows: &mut dyn Iterator<Item = String>| {
        rows.map(|line| shape(&line))
            .find(|line| line.starts_with("SHARE 9% SAMPLES"))
            .expect("a title")
    };
    assert_eq!(
        title(&mut shown.iter().cloned()),
        title(&mut report.lines().map(str::to_owned)),
        "{report}"
    );
    let walk = |rows: &str| {
        let row =
            rows.lines().find(|line| line.contains("walk over the updates")).map(str::to_owned);
        row.unwrap_or_else(|| panic!("the walk is not in {rows}"))
    };
    let (real, told) = (walk(&report), walk(&shown.join("\n")));
    for part in ["queue.rs:", " work "] {
        assert!(real.contains(part) && told.contains(part), "{real}");
    }
    let place = |row: &str| {
        row.split_whitespace().find(|word| word.starts_with("queue.rs:")).map(str::to_owned)
    };
    assert_eq!(place(&real), place(&told), "the guide's line is not the program's");

    // The source: every pasted line stands so in the file.
    let annotated =
        text(&["annotate", &before, "--source", build::root().to_str().expect("a path")]);
    let code = |line: &str| {
        line.split_once('|').map(|(_, code)| code.trim_end_matches('…').trim_end().to_owned())
    };
    for line in pasted("inspect annotate before.rec").iter().filter_map(|line| code(line)) {
        let known = annotated
            .lines()
            .filter_map(code)
            .any(|real| real.starts_with(&line) || line.starts_with(&real));
        assert!(known, "{line:?} is not in\n{annotated}");
    }

    // The time line: the same rows.
    let timeline = text(&["report", &before, "--timeline"]);
    for row in pasted("inspect report before.rec --timeline") {
        let Some((name, _)) = row.split_once('|') else { continue };
        let name = name.split_whitespace().next().unwrap_or_default();
        assert!(
            timeline.lines().any(|line| line.starts_with(name) && line.contains('|')),
            "{name}: {timeline}"
        );
    }

    // The difference: the walk went, and that is no noise.
    let svg = path("difference.svg");
    let difference = text(&["diff", &before, &after, "--svg", &svg]);
    let gone = walk(&difference);
    assert!(gone.contains(" moved ") && gone.split_whitespace().nth(1) == Some("-"), "{gone}");
    let told = pasted("inspect diff before.rec after.rec");
    let title = |rows: &str| rows.lines().find(|line| line.starts_with(" BEFORE")).map(shape);
    assert_eq!(title(&difference), title(&told.join("\n")));
    let graph = std::fs::read_to_string(svg).expect("the graph");
    assert!(graph.contains("walk over the updates (queue.rs:"), "it is in the picture");
}
