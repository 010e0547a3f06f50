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
        mutants.extend(split(file, code, (start, number + 1)));
        start += line.len();
    }
    mutants
}

/// Each read-modify-write of a line, made two accesses of: somebody may come between.
fn split(file: &str, code: &str, (start, line): (usize, usize)) -> Vec<Mutant> {
    let made = |name: &str, was: &str, by: &str| match name {
        "fetch_add" => format!("{was}.wrapping_add({by})"),
        "fetch_and" => format!("{was} & ({by})"),
        "fetch_max" => format!("{was}.max({by})"),
        _ => by.to_owned(),
    };
    let mut mutants = Vec::new();
    for name in ["fetch_add", "fetch_and", "fetch_max", "swap"] {
        let call = format!(".{name}(");
        let Some(at) = code.find(&call) else { continue };
        let word = code[..at].rsplit(|c: char| !c.is_alphanumeric() && c != '_').next();
        let (Some(word), Some((rest, order))) = (word, arguments(&code[at + call.len()..])) else {
            continue;
        };
        let from = &code[at - word.len()..at + call.len() + rest.len() + order.len() + 3];
        let store = format!("{word}.store({}, {order})", made(name, "was", rest));
        // A statement of its own takes no value.
        let value = if code.trim_start().starts_with(word) { "" } else { " was" };
        mutants.push(Mutant {
            file: file.to_owned(),
            start: start + at - word.len(),
            line,
            column: at - word.len() + 1,
            source: code.trim().to_owned(),
            from: from.to_owned(),
            to: format!("{{ let was = {word}.load(Ordering::Relaxed); {store};{value} }}"),
        });
    }
    mutants
}

/// The two arguments of a call, of which the last is an ordering.
fn arguments(rest: &str) -> Option<(&str, &str)> {
    let mut depth = 0;
    let end = rest.find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth < 0
    })?;
    rest[..end].rsplit_once(", ")
}
