//! What the documents show is what there is.

use std::process::{Command, Stdio};
use std::time::Duration;

use tests::costs::PROBES;
use tests::demo::Demo;
use tests::{build, program, wait};

fn document(path: &str) -> String {
    std::fs::read_to_string(build::root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The console blocks of a document, as lines.
fn sessions(text: &str) -> Vec<Vec<String>> {
    let mut blocks = Vec::new();
    let mut inside: Option<Vec<String>> = None;
    for line in text.lines() {
        match (&mut inside, line) {
            (None, "```console") => inside = Some(Vec::new()),
            (Some(_), "```") => blocks.extend(inside.take()),
            (Some(block), line) => block.push(line.to_owned()),
            _ => {}
        }
    }
    blocks
}

/// Places in a source, `file.rs:12`, that a text names.
fn places(text: &str) -> Vec<String> {
    let words = text.split(|char: char| !char.is_ascii_alphanumeric() && !"_.:".contains(char));
    let place = |word: &str| {
        let (file, line) = word.trim_end_matches(['.', ':']).split_once(".rs:")?;
        line.parse::<u32>().ok().map(|line| format!("{file}.rs:{line}"))
    };
    words.filter_map(place).collect()
}

/// What is shown is made anew when lines move, and what is said of it beside has to move along.
#[test]
fn a_line_that_the_text_names_is_one_that_its_tables_show() {
    let mut seen = 0;
    for (path, text) in documents() {
        let mut parts = ["", ""].map(str::to_owned);
        let mut inside = 0;
        for line in text.lines() {
            match line.starts_with("```") {
                true => inside = 1 - inside,
                false => parts[inside] += &format!("{line}\n"),
            }
        }
        let shown = places(&parts[1]);
        for place in places(&parts[0]) {
            assert!(shown.contains(&place), "{path}: {place} stands in no table of it");
            seen += 1;
        }
    }
    assert!(seen >= 2, "{seen}");
}

#[test]
fn every_command_in_the_documents_is_one_that_exists() {
    let mut seen = 0;
    for (path, text) in documents() {
        for line in sessions(&text).concat() {
            let Some(command) = line.strip_prefix("$ ") else { continue };
            let command = command.trim_start_matches("watch -n1 ");
            // Quoted words are one word; none of them has a space.
            let command = command.replace('\'', "");
            let over = |word: &&str| !matches!(*word, "&" | "|" | "||" | ">" | "#");
            let words: Vec<&str> = command.split_whitespace().take_while(over).collect();
            let program = match words.first() {
                Some(&"inspect") => program::debug("inspect"),
                Some(&"daemon-demo") => tests::demo::program(),
                _ => continue,
            };
            // A command line that is not understood exits with 2 also when help is asked for.
            let mut command = Command::new(program);
            let output = command.args(&words[1..]).arg("--help").output().expect("it runs");
            assert!(output.status.success(), "{path}: {line}");
            seen += 1;
        }
    }
    assert!(seen >= 80, "only {seen} commands were found");
}

/// Digits blanked and spaces folded: what stays is the shape of a line.
fn shape(line: &str) -> String {
    let mut text = String::new();
    for char in line.chars() {
        match char {
            '0'..='9' if text.ends_with('9') => {}
            '0'..='9' => text.push('9'),
            char => text.push(char),
        }
    }
    // A stretch of time in a heading: seconds at first, then minutes.
    text.replace("9m9s", "9s").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn pasted_tables_have_the_shape_of_real_ones() {
    if !build::needs("redis-benchmark", "redis-tools") {
        return;
    }
    let data = tempfile::tempdir().expect("a folder");
    let demo = Demo::start(&program::name("docs"), data.path(), &[]);
    let mut load = Command::new("redis-benchmark")
        .args(["-p", demo.port(), "-t", "set,get", "-n", "100000", "-P", "16", "-r", "100", "-q"])
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-benchmark");
    wait::until("the load's end", Duration::from_secs(120), || load.try_wait().ok().flatten());
    let pid = demo.child.id().to_string();
    // The load may be over before the keeper has looked twice: no stretch of time is covered then.
    let table = wait::until("a stretch of time", Duration::from_secs(20), || {
        let table = String::from_utf8(program::inspect(&["-p", &pid]).stdout).expect("UTF-8");
        let stretch = |line: &str| {
            let mut words = line.split_whitespace();
            let seconds = words.next().filter(|word| *word == "QUEUE").and(words.next())?;
            seconds.strip_suffix('s')?.parse::<u64>().ok()
        };
        let covers = table.lines().filter_map(stretch).any(|seconds| seconds > 0);
        covers.then_some(table)
    });
    // Headings, names of threads and of sections: everything of a row but its values.
    let titles: Vec<String> = table
        .lines()
        .filter(|line| line.starts_with(' '))
        .filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_uppercase()))
        .map(shape)
        .collect();
    assert!(titles.len() >= 6, "{table}");
    let readme = sessions(&document("README.md")).concat();
    let readme: Vec<String> = readme.iter().map(|line| shape(line)).collect();
    for title in titles {
        assert!(readme.contains(&title), "README does not show {title:?}; now it is\n{table}");
    }
    for thread in ["store-core", "io-9", "periodic", "acceptor"] {
        assert!(readme.iter().any(|line| line.starts_with(thread)), "no {thread} in README");
    }
}

/// Everything that is read by people who begin.
fn documents() -> Vec<(String, String)> {
    let docs = std::fs::read_dir(build::root().join("docs")).expect("docs");
    let names = docs.flatten().map(|file| format!("docs/{}", file.file_name().display()));
    let pages = names.filter(|name| name.ends_with(".md"));
    let first = ["README.md", "probe/README.md", "inspect/README.md"].map(str::to_owned);
    first.into_iter().chain(pages).map(|name| (name.clone(), document(&name))).collect()
}

#[test]
fn the_version_to_depend_on_is_the_one_that_there_is() {
    let manifest = document("probe/Cargo.toml");
    let version = manifest.lines().find_map(|line| line.strip_prefix("version = \""));
    let (series, _) = version.and_then(|v| v.rsplit_once('.')).expect("a version of three numbers");
    let mut seen = 0;
    for (name, text) in documents() {
        let depended = "\"scoreboard-probe\", version = ";
        for (at, _) in text.match_indices(depended) {
            let said = text[at + depended.len()..].split('"').nth(1).unwrap_or_default();
            assert_eq!(said, series, "{name}");
            seen += 1;
        }
    }
    assert!(seen >= 3, "{seen}");
}

/// Of one thing there is one figure: the gated one.
#[test]
fn the_instructions_of_an_operation_are_those_that_are_gated() {
    let gated = PROBES.iter().find(|probe| probe.function == "op").expect("a row").at_most;
    for (name, start) in [("README.md", "| `op!("), ("docs/operations.md", "350 instructions")] {
        let text = document(name);
        let line =
            text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{name}"));
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| word.starts_with("instructions")).expect(line);
        let said: u64 = words[at - 1].parse().expect(line);
        assert!(gated.abs_diff(said) <= 10, "{name} says {said}, gated are {gated}");
    }
}
