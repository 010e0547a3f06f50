//! The ledger of hazards names tests that live, and leaves none of the numbers out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tests::build;

/// Hazards by letter, and how many there are of each.
const HAZARDS: [(char, u32); 9] =
    [('A', 13), ('B', 11), ('C', 7), ('D', 7), ('E', 10), ('F', 8), ('G', 5), ('H', 8), ('I', 4)];

/// All files of the workspace whose name ends like this, from its root.
fn files(ending: &str) -> Vec<PathBuf> {
    fn walk(directory: &Path, ending: &str, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if path.is_dir() && !["target", ".git", "corpus", "artifacts"].contains(&&*name) {
                walk(&path, ending, out);
            } else if name.ends_with(ending) {
                out.push(path);
            }
        }
    }
    let mut out = Vec::new();
    walk(&build::root(), ending, &mut out);
    out.sort();
    out
}

/// Names of functions in a text that are tests: behind an attribute `test`, or scenarios, which are run by a list.
fn tests_in(text: &str, scenarios: &BTreeSet<String>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        let attribute =
            line.starts_with("#[") && (line.contains("test]") || line.contains("test("));
        is_test |= attribute && !line.contains("cfg");
        let Some((_, rest)) = line.split_once("fn ") else { continue };
        let name: String =
            rest.chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect();
        if is_test || scenarios.contains(&name) {
            names.insert(name);
        }
        is_test = false;
    }
    names
}

/// Tests by the file that they are in.
struct Living(BTreeMap<PathBuf, BTreeSet<String>>);

impl Living {
    fn read() -> Self {
        let root = build::root();
        let list = root.join("tests/protocols/tests/scenarios.rs");
        let list = std::fs::read_to_string(list).expect("the list of scenarios");
        let scenarios = list.lines().filter_map(|line| line.trim().strip_suffix(','));
        let scenarios: BTreeSet<String> = scenarios.map(str::to_owned).collect();
        let of = |path: PathBuf| {
            let text = std::fs::read_to_string(&path).expect("text");
            // What runs the list has all of it.
            let mut names = tests_in(&text, &scenarios);
            if text.contains("include!(\"scenarios.rs\")") {
                names.extend(scenarios.iter().cloned());
            }
            (path, names)
        };
        Self(files(".rs").into_iter().map(of).filter(|(_, names)| !names.is_empty()).collect())
    }

    /// Whether what is named so lives: `file.rs`, `file.rs::test`, `module::tests`, `module::tests::test` or `test`.
    fn knows(&self, name: &str) -> bool {
        if let Some((file, test)) = name.split_once(".rs::") {
            let file = format!("{file}.rs");
            // `tests::` in between is the module of unit tests.
            let test = test.rsplit("::").next().unwrap_or(test);
            return self
                .0
                .iter()
                .any(|(path, tests)| path.ends_with(&file) && tests.contains(test));
        }
        if name.ends_with(".rs") {
            return self.0.keys().any(|path| path.ends_with(name));
        }
        if let Some(module) = name.strip_suffix("::tests") {
            let module = module.replace("::", "/");
            return self.0.keys().any(|path| {
                let folder = path.with_extension("");
                folder.ends_with(&module) || path.ends_with(format!("{module}/tests.rs"))
            });
        }
        let test = name.rsplit("::").next().unwrap_or(name);
        self.0.values().any(|tests| tests.contains(test))
    }
}

/// What is between backticks in a cell and looks like a test's name: a word with a blank or an equals sign is a command.
fn named(cell: &str) -> Vec<&str> {
    let words = cell.split('`').skip(1).step_by(2);
    words.filter(|word| !word.contains([' ', '=', '/']) || word.contains(".rs")).collect()
}

/// A row of a table: its cells, by the heading of their column.
type Row<'a> = BTreeMap<&'a str, &'a str>;

/// The rows of all tables.
fn rows(text: &str) -> Vec<Row<'_>> {
    let mut headings: Vec<&str> = Vec::new();
    let mut rows = Vec::new();
    for line in text.lines() {
        let Some(line) = line.strip_prefix("| ") else {
            headings.clear();
            continue;
        };
        let cells = line.trim_end_matches(" |").trim_end_matches(" |");
        let cells: Vec<&str> = cells.split(" | ").collect();
        if headings.is_empty() {
            headings = cells;
        } else if !line.starts_with("---") {
            rows.push(headings.iter().copied().zip(cells).collect());
        }
    }
    rows
}

/// What is wrong with a row.
fn fault(row: &Row<'_>, living: &Living) -> Option<String> {
    let tests = row.get("test").copied().unwrap_or_default();
    if tests == "the same" {
        return None;
    }
    let names = named(tests);
    if names.is_empty() {
        return Some(format!("no test in {row:?}"));
    }
    let control = row.get("without it").copied().unwrap_or_default();
    let all =
        names.into_iter().chain(named(control).into_iter().filter(|name| name.contains("::")));
    let mut dead = all.filter(|name| !living.knows(name));
    dead.next().map(|name| format!("{name} is no test, in {row:?}"))
}

fn ledger() -> String {
    std::fs::read_to_string(build::root().join("docs/HAZARDS.md")).expect("the ledger")
}

#[test]
fn every_row_names_tests_that_live() {
    let (text, living) = (ledger(), Living::read());
    let rows = rows(&text);
    let faults: Vec<String> = rows.iter().filter_map(|row| fault(row, &living)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(rows.len() > 150, "{} rows", rows.len());
}

#[test]
fn no_hazard_is_left_out_and_none_is_there_twice() {
    let text = ledger();
    let ids: Vec<&str> = rows(&text).iter().filter_map(|row| row.get("id").copied()).collect();
    let wanted = HAZARDS
        .iter()
        .flat_map(|(letter, count)| (1..=*count).map(move |n| format!("{letter}{n}")));
    let wanted: Vec<String> = wanted.collect();
    assert_eq!(ids, wanted);
}

/// The ledger's own control: rows that lie are found.
#[test]
fn a_row_without_a_living_test_is_found() {
    let living = Living::read();
    let table = |test: &str| {
        format!(
            "| id | what | test | without it |\n| --- | --- | --- | --- |\n| A1 | x | {test} | |\n"
        )
    };
    for good in [
        "`ledger.rs::a_row_without_a_living_test_is_found`",
        "`a_row_without_a_living_test_is_found`, all",
        "`tests/tests/ledger.rs`",
        "`liveness::table::tests`",
        "`second_look.rs::stack_second_look`",
        "`loom.rs::held_own_wait_is_over`",
    ] {
        let text = table(good);
        assert_eq!(fault(&rows(&text)[0], &living), None, "{good}");
    }
    for bad in [
        "",
        "no test yet",
        "`.ci/heavy fuzz`",
        "`ledger.rs::tests_in`",
        "`environment.rs::a_row_without_a_living_test_is_found`",
        "`no_such_file.rs`",
        "`no_such_test_anywhere`",
        "`nothing::of::the_kind::tests`",
        "`ledger.rs::a_row_without_a_living_test_is_found`, `gone.rs::gone`",
    ] {
        let text = table(bad);
        assert!(fault(&rows(&text)[0], &living).is_some(), "{bad}");
    }
}

/// A file that neither `alone.rs` nor `whole.rs` names would never be compiled.
#[test]
fn no_file_of_tests_is_left_out() {
    let folder = build::root().join("tests/tests");
    let programs = ["alone", "whole", "zz_skipped"];
    let text =
        |name| std::fs::read_to_string(folder.join(format!("{name}.rs"))).expect("a program");
    let texts = programs.map(text).concat();
    let listed = texts.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let listed: BTreeSet<&str> = listed.chain(programs).collect();
    let there = files(".rs").into_iter().filter(|path| path.parent() == Some(&folder));
    let there: Vec<PathBuf> = there.collect();
    let there: BTreeSet<&str> =
        there.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
    assert_eq!(there, listed);
}

/// Sanitizers see everything: there is no list of what they should not say.
#[test]
fn no_sanitizer_is_told_to_look_away() {
    let suppressions = files(".supp");
    assert!(suppressions.is_empty(), "{suppressions:?}");
    for gate in [".ci/run", ".ci/heavy"] {
        let text = std::fs::read_to_string(build::root().join(gate)).expect("a gate");
        assert!(!text.contains("suppressions="), "{gate}");
    }
}

/// What a line does with atomics that memory which is mapped for reading does not allow: anything but a relaxed load.
fn more_than_a_load(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let writes = ["fetch_", "compare_exchange", ".swap(", ".store(", "get_mut("];
    let atomic = code.contains("Ordering::") || code.contains("Relaxed");
    atomic && writes.iter().any(|write| code.contains(write))
        || code.contains(".load(") && ["Acquire", "SeqCst"].iter().any(|order| code.contains(order))
}

/// A read-modify-write on a page that may only be read ends the reader, and an ordered load is outside of what the
/// language promises there.
#[test]
fn a_reader_only_loads() {
    let rooms = [
        "source.rs",
        "board_file.rs",
        "snapshot/",
        "sampler/board_sampler.rs",
        "sampler/watched.rs",
    ];
    let inside = |path: &PathBuf| {
        let path = path.to_string_lossy();
        rooms.iter().any(|room| path.contains(&format!("inspect/src/{room}")))
    };
    let mut seen = 0;
    for path in files(".rs").into_iter().filter(inside) {
        let text = std::fs::read_to_string(&path).expect("text");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        seen += code.matches(".load(").count();
        let wrong: Vec<&str> = code.lines().filter(|line| more_than_a_load(line)).collect();
        assert!(wrong.is_empty(), "{}: {wrong:?}", path.display());
    }
    assert!(seen > 0, "somewhere a word is read");
    for bad in [
        "word.compare_exchange(0, 1, Ordering::Relaxed, Ordering::Relaxed)",
        "word.load(Ordering::Acquire)",
        "word.fetch_add(0, Relaxed)",
    ] {
        assert!(more_than_a_load(bad), "{bad}");
    }
    assert!(!more_than_a_load("word.load(Ordering::Relaxed)"));
}

/// Whether a function is called in a text: `name(`, and not as the end of a longer name.
fn calls(text: &str, name: &str) -> bool {
    let longer = |before: &str| before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    text.match_indices(name).any(|(at, _)| !longer(&text[..at]))
}

/// Functions of these texts in whose body one of these words stands.
fn functions_with(texts: &[String], words: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for text in texts {
        let mut name = String::new();
        for line in text.lines() {
            if let Some((_, rest)) = line.split_once("fn ") {
                name = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            } else if words.iter().any(|word| calls(line, word)) {
                found.push(format!("{name}("));
            }
        }
    }
    found
}

/// Early ends of tests that count nobody: the number of the line, and what stands before it.
fn ends_uncounted(text: &str, counting: &[String]) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut is_test = false;
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with("fn ") || line.starts_with("pub fn ") {
            is_test = at > 0 && lines[at - 1].trim() == "#[test]";
        }
        // In a condition of the test itself, not in what it hands on to others.
        if !is_test || !line.starts_with("        return;") || line.starts_with("         ") {
            continue;
        }
        let begins = |line: &&str| line.starts_with("    if ") || line.starts_with("    let ");
        let begin = lines[..at].iter().rposition(begins).unwrap_or(at);
        let head = lines[begin..at].join(" ").replace("geteuid().is_root()", "");
        let counted = |part: &str| counting.iter().any(|name| calls(part, name));
        // Of several reasons each.
        if !calls(&head, "skip(") && !head.split("||").all(counted) {
            found.push(format!("{}: {}", at + 1, head.trim()));
        }
    }
    found
}

/// A test that cannot run here says so to `build::skip`, which counts it and fails in CI: none passes by being left out.
#[test]
fn no_test_ends_early_without_being_counted() {
    let read = |path: &PathBuf| std::fs::read_to_string(path).expect("text");
    let all: Vec<PathBuf> = files(".rs");
    let of = |path: &&PathBuf| path.starts_with(build::root().join("tests"));
    let texts: Vec<String> = all.iter().filter(of).map(read).collect();
    let mut counting = vec!["skip(".to_owned(), "needs(".to_owned()];
    for _ in 0..3 {
        let more = functions_with(&texts, &counting);
        counting.extend(more);
        counting.sort();
        counting.dedup();
    }
    // Those that a test calls to ask; the tests themselves are none of them.
    counting.retain(|name| (2..24).contains(&name.len()));
    let mut wrong = Vec::new();
    for path in all.iter().filter(of) {
        let name = path.display().to_string();
        wrong
            .extend(ends_uncounted(&read(path), &counting).iter().map(|at| format!("{name}:{at}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let broken = "#[test]\nfn a() {\n    if !unheard_of() {\n        eprintln!();\n        return;\n    }\n}\n";
    assert_eq!(ends_uncounted(broken, &counting).len(), 1);
    let either =
        "#[test]\nfn a() {\n    if !is_root() || !unheard_of() {\n        return;\n    }\n}\n";
    assert_eq!(ends_uncounted(either, &counting).len(), 1);
    let good = "#[test]\nfn a() {\n    if !is_root() {\n        return;\n    }\n}\n";
    assert_eq!(ends_uncounted(good, &counting), Vec::<String>::new());
}
