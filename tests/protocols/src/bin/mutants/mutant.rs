//! What is broken: each change of a file, and its name.

use std::fmt;

/// One change of the source.
#[derive(Clone, Debug)]
pub(crate) struct Mutant {
    pub(crate) file: String,
    /// First byte of what is replaced.
    start: usize,
    line: usize,
    column: usize,
    /// The line, without indentation.
    source: String,
    from: String,
    to: String,
}

impl Mutant {
    /// What names it in `survivors.txt`: not its line number, which every edit moves. Equal lines
    /// are told apart by the one before them.
    pub(crate) fn key(&self) -> String {
        format!("{} | {} | {} -> {}", self.file, self.source, self.from, self.to)
    }
}

impl Mutant {
    /// The file's text with this change.
    pub(crate) fn applied(&self, text: &str) -> String {
        let mut changed = text.to_owned();
        changed.replace_range(self.start..self.start + self.from.len(), &self.to);
        changed
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, from, to, .. } = self;
        write!(f, "{file}:{line}:{column} {from} -> {}", if to.is_empty() { "nothing" } else { to })
    }
}

/// Every mutant of one file.
pub(crate) fn mutants_of(file: &str, text: &str) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        let source = code.trim().to_owned();
        let mut add = |at: usize, from: &str, to: &str| {
            mutants.push(Mutant {
                file: file.to_owned(),
                start: start + at,
                line: number + 1,
                column: at + 1,
                source: source.clone(),
                from: from.to_owned(),
                to: to.to_owned(),
            });
        };
        for order in ["Release", "Acquire"] {
            let fence = format!("fence(Ordering::{order});");
            let order = format!("Ordering::{order}");
            if let Some(at) = code.find(&fence) {
                add(at, &fence, "");
            } else {
                for (at, _) in code.match_indices(&order) {
                    add(at, &order, "Ordering::Relaxed");
                }
            }
        }
        // The order of all such fences, which weaker ones have not; and the fence.
        let fence = "fence(Ordering::SeqCst);";
        if let Some(at) = code.find(fence) {
            add(at, fence, "");
            add(at, fence, "fence(Ordering::AcqRel);");
        }
        for (from, to) in [
            (" == ", " != "),
            (" != ", " == "),
            (" < ", " <= "),
            (" > ", " >= "),
            (" <= ", " < "),
            (" >= ", " > "),
            (" && ", " || "),
            (" || ", " && "),
        ] {
            // Not the bars of a closure: those have no space before a parameter.
            for (at, _) in code.match_indices(from) {
                add(at, from, to);
            }
        }
        for word in ["if ", "while "] {
            let at = code.find(word);
            if let Some(at) = at
                && let Some(end) = code[at..].find(" {").map(|end| at + end)
                && code[..at].trim_end().chars().last().is_none_or(|c| !c.is_alphanumeric())
                && !code[at..end].contains(" let ")
            {
                let at = at + word.len();
                add(at, &code[at..end], "true");
                add(at, &code[at..end], "false");
            }
        }
        start += line.len();
    }
    mutants
}
