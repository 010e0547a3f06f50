//! Console sessions of the documents, taken from real runs. Before a block stands how to come by it:
//!
//! ````text
//! <!-- session
//! + daemon --ack durable          run first, shown nowhere
//! - daemon-demo serve …           shown as it stands, not run
//! inspect recordd                 what the next shown command really is; its output is shown
//! = inspect -p $DAEMON            the same, and it is shown with its variables filled in; what stands behind
//!                                 ` ## ` is run in its place
//! -->
//! ```console
//! $ daemon-demo serve …
//! $ inspect recordd
//! …
//! ```
//! ````
//!
//! All blocks of a document run in one shell, in an empty directory. `daemon ARGUMENTS` starts the demo there
//! and waits until it listens; `$DAEMON` is its pid.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What the shell says behind each command's output.
const MARK: &str = "@end-of-output@";

/// Set up once in the shell.
const PRELUDE: &str = r#"
daemon() {
    rm -f serve.log; inspect clean recordd >/dev/null 2>&1
    daemon-demo serve --data store "$@" >/dev/null 2>serve.log </dev/null &
    DAEMON=$!
    until grep -q 'listening on' serve.log; do sleep 0.05; done
}
"#;

struct Shell {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Shell {
    fn start(directory: &Path, programs: &[&Path]) -> Self {
        let path = std::env::var("PATH").unwrap_or_default();
        let path: Vec<String> =
            programs.iter().map(|one| one.display().to_string()).chain([path]).collect();
        let mut child = Command::new("bash")
            .current_dir(directory)
            .env("PATH", path.join(":"))
            .env("COLUMNS", "100")
            .env_remove("NO_COLOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash");
        let stdin = child.stdin.take().expect("piped");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut shell = Self { child, stdin, stdout };
        shell.run(PRELUDE);
        shell
    }

    /// A command's output, both streams.
    fn run(&mut self, command: &str) -> Vec<String> {
        let text = format!("{{ {command}\n}} 2>&1\necho; echo {MARK}\n");
        self.stdin.write_all(text.as_bytes()).expect("bash reads");
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            let read = self.stdout.read_line(&mut line).expect("text");
            assert!(read > 0, "bash ended in {command}");
            let line = line.trim_end();
            if line == MARK {
                break;
            }
            lines.push(line.to_owned());
        }
        // The line break before the mark.
        if lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.stdin.write_all(b"kill -9 $(jobs -p) 2>/dev/null\nexit\n");
        let _ = self.child.wait();
    }
}

/// A document with its sessions taken anew; and how many there were.
///
/// # Panics
/// When a session does not fit its block, or a command cannot be run.
pub fn renewed(text: &str, programs: &[&Path]) -> (String, usize) {
    let directory = tempfile::tempdir().expect("a directory");
    let mut shell = None;
    let mut out = Vec::new();
    let mut count = 0;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        out.push(line.to_owned());
        if line != "<!-- session" {
            continue;
        }
        let script: Vec<&str> = lines.by_ref().take_while(|line| *line != "-->").collect();
        out.extend(script.iter().map(|line| (*line).to_owned()));
        out.push("-->".to_owned());
        assert_eq!(lines.next(), Some("```console"), "a block behind {script:?}");
        out.push("```console".to_owned());
        let shown: Vec<&str> = lines
            .by_ref()
            .take_while(|line| *line != "```")
            .filter(|line| line.starts_with("$ "))
            .collect();
        let shell = shell.get_or_insert_with(|| Shell::start(directory.path(), programs));
        out.extend(block(shell, &script, &shown));
        out.push("```".to_owned());
        count += 1;
    }
    (out.join("\n") + "\n", count)
}

fn block(shell: &mut Shell, script: &[&str], shown: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    let mut shown = shown.iter();
    for line in script {
        eprintln!("{line}");
        let mut next = || {
            let command = shown.next();
            (*command.unwrap_or_else(|| panic!("no command is shown for {line}"))).to_owned()
        };
        match line.split_once(' ') {
            Some(("+", silent)) => _ = shell.run(silent),
            Some(("-", _)) => out.push(next()),
            Some(("=", command)) => {
                next();
                let (shown, real) = command.split_once(" ## ").unwrap_or((command, command));
                let told = shell.run(&format!("echo \"{shown}\""));
                out.push(format!("$ {}", told.join(" ")));
                out.extend(shell.run(real));
            }
            _ => {
                out.push(next());
                out.extend(shell.run(line));
            }
        }
    }
    assert_eq!(shown.next(), None, "a command without a session");
    out
}
