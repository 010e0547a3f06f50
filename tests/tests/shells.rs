//! What the real shells offer at Tab, and that the manual is a manual.

use std::path::Path;
use std::process::{Command, Output};

use tests::build::needs;
use tests::program::{self, Program};
use tests::terminal::Terminal;

/// One of the three shells, and how it is asked what it would offer behind a line.
struct Shell {
    name: &'static str,
    asks: fn(&[&str]) -> String,
}

const SHELLS: [Shell; 3] = [
    Shell { name: "bash", asks: bash },
    Shell { name: "zsh", asks: zsh },
    Shell { name: "fish", asks: fish },
];

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn words(line: &[&str]) -> String {
    line.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// The function that the shell was told of, called as readline calls it.
fn bash(line: &[&str]) -> String {
    let at = line.len() - 1;
    format!(
        "source <(inspect completions bash)\n\
         complete -p inspect >/dev/null || exit 9\n\
         COMP_WORDS=({}); COMP_CWORD={at}; COMP_TYPE=9\n\
         _clap_complete_inspect inspect {} x 2>/dev/null\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words(line),
        quoted(line[at])
    )
}

/// The widget's own function, with its last step, which adds to the list, made to print instead.
fn zsh(line: &[&str]) -> String {
    format!(
        "autoload -Uz compinit && compinit -D -u\n\
         source <(inspect completions zsh)\n\
         [[ $_comps[inspect] == *inspect* ]] || exit 9\n\
         _describe() {{ print -rl -- ${{(P)argv[-1]}} ${{(P)argv[-3]}}; }}\n\
         compadd() {{ print -rl -- \"$@\"; }}\n\
         words=({}); CURRENT={}\n\
         $_comps[inspect]",
        words(line),
        line.len()
    )
}

fn fish(line: &[&str]) -> String {
    format!("inspect completions fish | source\ncomplete -C {}", quoted(&line.join(" ")))
}

fn run(shell: &str, script: &str, directory: &Path) -> Output {
    let inspect = program::debug("inspect");
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", inspect.parent().expect("a directory").display());
    let arguments: &[&str] = match shell {
        "bash" => &["--norc", "-c"],
        "zsh" => &["-f", "-c"],
        _ => &["--no-config", "-c"],
    };
    let mut command = Command::new(shell);
    command.args(arguments).arg(script).env("PATH", path).current_dir(directory);
    command.env("HOME", directory).output().expect("a shell")
}

/// What a shell offers behind `line`, whose last word is being written.
fn offers(shell: &Shell, line: &[&str], directory: &Path) -> Vec<String> {
    let script = (shell.asks)(line);
    let output = run(shell.name, &script, directory);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_ne!(output.status.code(), Some(9), "{} knows of no completion", shell.name);
    let first = |line: &str| {
        // zsh and fish say what it is behind the word.
        let word = line.split(['\t', ' ']).next().unwrap_or_default();
        let word = if shell.name == "zsh" { word.split(':').next().unwrap_or(word) } else { word };
        word.to_owned()
    };
    text.lines().map(first).filter(|word| !word.is_empty()).collect()
}

#[test]
fn every_shell_offers_what_fits_and_nothing_else() {
    let name = program::name("shells");
    let (program, _) = Program::behave(&name, &["operations"]);
    let pid = program.pid().to_string();
    let directory = tempfile::tempdir().expect("a directory");
    let inside = |name: &str| directory.path().join(name).display().to_string();
    let recorded = program::inspect(&["record", &pid, "-d", "300ms", "-o", &inside("a.rec")]);
    assert!(recorded.status.success(), "{recorded:?}");
    std::fs::write(directory.path().join("notes.txt"), "no recording").expect("written");
    let board = program::board(program.pid());
    let ops = board["ops"].as_array().expect("operations");
    let id = ops.first().and_then(|op| op["id"].as_str()).expect("an operation in flight");
    let part = &name[..name.len() - 1];
    // The line, what is offered, what is not.
    let cases: &[(&[&str], &[&str], &[&str])] = &[
        (&["inspect", "re"], &["record", "report"], &["list", "notes.txt"]),
        (&["inspect", "ops", "--by", ""], &["kind", "status"], &["list", "notes.txt"]),
        (&["inspect", "--sort", ""], &["first", "load"], &["active"]),
        (&["inspect", "ops", "--sort", ""], &["active", "age"], &["load"]),
        (&["inspect", "top", part], &[&name], &["record", "list"]),
        (&["inspect", "top", ""], &[&name, &pid], &["record", "list", "notes.txt"]),
        (&["inspect", "-p", ""], &[&pid], &[&name, "notes.txt"]),
        (&["inspect", "-n", part], &[&name], &[&pid]),
        (&["inspect", "ops", "--history", ""], &[id], &[&name]),
        (&["inspect", "ops", "cancel", ""], &[id], &["list"]),
        (&["inspect", "ops", "cancel", "--"], &["--timeout", "--wait"], &["--sort", "--over"]),
        (&["inspect", "report", ""], &["a.rec"], &["notes.txt", &name, "list"]),
        (&["inspect", "annotate", "a"], &["a.rec"], &["annotate"]),
        (&["inspect", "export", ""], &["folded", "pprof"], &["a.rec", "notes.txt"]),
        (&["inspect", "export", "svg", "a"], &["a.rec"], &["notes.txt"]),
        (&["inspect", "completions", ""], &["bash", "zsh", "fish"], &["list", "a.rec"]),
        (&["inspect", "man", "o"], &["ops"], &["list"]),
        (&["inspect", "dump", "--j"], &[], &["--json", "--jsonl"]),
        (&["inspect", "list", "--js"], &["--json", "--jsonl"], &[]),
    ];
    for shell in &SHELLS {
        if !needs(shell.name, shell.name) {
            continue;
        }
        for (line, wanted, unwanted) in cases {
            let found = offers(shell, line, directory.path());
            for word in *wanted {
                assert!(
                    found.iter().any(|one| one == word),
                    "{} {line:?}: no {word} in {found:?}",
                    shell.name
                );
            }
            for word in *unwanted {
                assert!(
                    !found.iter().any(|one| one == word),
                    "{} {line:?}: {word} in {found:?}",
                    shell.name
                );
            }
        }
    }
}

/// As somebody has it who types: each shell on a terminal of its own, and Tab.
#[test]
fn tab_on_a_terminal_completes_in_every_shell() {
    let name = program::name("tabs");
    let (_program, _) = Program::behave(&name, &["one-job"]);
    let directory = tempfile::tempdir().expect("a directory");
    let inspect = program::debug("inspect");
    let bin = inspect.parent().expect("a directory").display().to_string();
    let part = &name[..name.len() - 1];
    for shell in &SHELLS {
        if !needs(shell.name, shell.name) {
            continue;
        }
        let (options, setup) = match shell.name {
            "bash" => ("--norc", "source <(inspect completions bash)"),
            "zsh" => {
                ("-f", "autoload -Uz compinit && compinit -u -D; source <(inspect completions zsh)")
            }
            _ => ("--no-config", "inspect completions fish | source"),
        };
        let start = format!(
            "cd {0} && export HOME={0} PS1='> ' PATH={bin}:$PATH && exec {1} {options} -i",
            directory.path().display(),
            shell.name
        );
        let terminal = Terminal::start(Path::new("sh"), &["-c", &start], 100, 30);
        terminal.until("a prompt", |screen| screen.trim_end().ends_with(['>', '#']));
        terminal.press(&format!("{setup}; echo rea''dy\r"));
        terminal.shows("ready");
        for (typed, completed) in [
            ("inspect capa", "inspect capacity".to_owned()),
            (&format!("inspect top {part}"), format!("inspect top {name}")),
            (&format!("inspect {part}"), format!("inspect {name}")),
            ("inspect ops --by st", "inspect ops --by status".to_owned()),
            ("inspect serve --tls-c", "inspect serve --tls-cert".to_owned()),
        ] {
            terminal.press(&format!("{typed}\t"));
            terminal.shows(&completed);
            // The line is taken back, and empty again.
            terminal.press("\u{15}");
            terminal.until("an empty line", |screen| !screen.contains(&completed));
        }
    }
}

/// A name on a board may be anything that a file may be called: no shell is offered what it would obey.
#[test]
fn a_hostile_name_is_not_offered() {
    let directory = tempfile::tempdir().expect("a directory");
    for name in ["$(touch pwned)", "a;b", "`id`", "-rf", "x\ty"] {
        let file = directory.path().join(format!("{name}.1.1"));
        std::fs::write(file, "").expect("written");
    }
    std::fs::write(directory.path().join("plain-name.1.1"), "").expect("written");
    for shell in &SHELLS {
        if !needs(shell.name, shell.name) {
            continue;
        }
        let script = format!(
            "export INSPECT_DIRS={}\n{}",
            directory.path().display(),
            (shell.asks)(&["inspect", "-n", ""])
        );
        let output = run(shell.name, &script, directory.path());
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("plain-name"), "{}: {said}", shell.name);
        for part in ["touch", "a;b", "`", "-rf"] {
            assert!(!said.contains(part), "{}: {part} in {said}", shell.name);
        }
        assert!(!directory.path().join("pwned").exists());
    }
}

#[test]
fn every_verb_has_a_page_that_reads_without_a_complaint() {
    let directory = tempfile::tempdir().expect("a directory");
    let dir = directory.path().display().to_string();
    let made = program::inspect(&["man", "--dir", &dir]);
    assert!(made.status.success(), "{made:?}");
    let mut pages: Vec<_> =
        std::fs::read_dir(&directory).expect("it").flatten().map(|file| file.path()).collect();
    pages.sort();
    assert!(pages.len() >= 15, "{pages:?}");
    for page in &pages {
        let text = std::fs::read_to_string(page).expect("a page");
        for section in
            ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "EXIT STATUS", "SEE ALSO"]
        {
            let there = text.lines().any(|line| {
                line.strip_prefix(".SH ").is_some_and(|title| title.trim_matches('"') == section)
            });
            assert!(there, "{}: no {section}", page.display());
        }
        if needs("man", "man-db") {
            let mut command = Command::new("man");
            command
                .args(["--warnings=w", "-l"])
                .arg(page)
                .env("MANWIDTH", "80")
                .env("LC_ALL", "C.UTF-8");
            let output = command.output().expect("man");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success() && said.is_empty(), "{}: {said}", page.display());
            assert!(output.stdout.len() > 500, "{}", page.display());
        }
        if needs("mandoc", "mandoc") {
            let output =
                Command::new("mandoc").args(["-T", "lint", "-W", "error"]).arg(page).output();
            let said = String::from_utf8_lossy(&output.expect("mandoc").stdout).into_owned();
            assert!(said.is_empty(), "{said}");
        }
    }
    // One alone is the same, and one that is not there is said.
    let one = program::inspect(&["man", "ops"]).stdout;
    assert_eq!(one, std::fs::read(directory.path().join("inspect-ops.1")).expect("it"));
    let whole = String::from_utf8_lossy(&program::inspect(&["man"]).stdout).into_owned();
    for section in ["TIMES", "ENVIRONMENT", "FILES", "COLUMNS"] {
        assert!(whole.contains(&format!(".SH \"{section}\"")), "{section}");
    }
    let record = String::from_utf8_lossy(&program::inspect(&["man", "record"]).stdout).into_owned();
    assert!(record.contains("stalled(GLOB)>TIME"), "{record}");
    let none = program::inspect(&["man", "opps"]);
    let said = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(none.status.code() == Some(2) && said.contains("did you mean `ops`?"), "{said}");
}
