//! A crate's source as the test of the rooms sees it: modules, what each imports, and how long its functions are.
//! Text and no compiler: comments and literals are blanked, the rest is looked at word by word.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The files of a crate by their module path; that of the root is empty.
pub(crate) struct Tree {
    files: BTreeMap<Vec<String>, File>,
}

struct File {
    /// Path below the crate's `src`.
    name: String,
    /// The source without comments, literals and unit tests.
    code: String,
    /// As it stands there.
    text: String,
}

impl Tree {
    /// The tree below a `src` directory.
    pub(crate) fn read(source: &Path) -> Self {
        fn walk(at: &Path, found: &mut Vec<std::path::PathBuf>) {
            for entry in std::fs::read_dir(at).expect("a source directory") {
                let path = entry.expect("its entry").path();
                match path.is_dir() {
                    true => walk(&path, found),
                    false => found.push(path),
                }
            }
        }
        let mut found = Vec::new();
        walk(source, &mut found);
        Self::of(found.iter().filter_map(|path| {
            let name = path.strip_prefix(source).ok()?.to_str()?;
            let is_code = name.ends_with(".rs");
            is_code.then(|| (name.to_owned(), std::fs::read_to_string(path).expect("source")))
        }))
    }

    /// The tree of these files: name below `src` and text. Files of unit tests are left out.
    pub(crate) fn of(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let is_test = |name: &str| name.ends_with("tests.rs");
        let files = files.into_iter().filter(|(name, _)| !is_test(name)).map(|(name, text)| {
            let stem = name.strip_suffix(".rs").unwrap_or(&name);
            let stem = stem.strip_suffix("/mod").unwrap_or(stem);
            let module = match stem {
                "lib" | "main" => Vec::new(),
                _ => stem.split('/').map(str::to_owned).collect(),
            };
            let code = without_tests(&blanked(&text));
            (module, File { name, code, text })
        });
        // A library that is also a program has two roots: the library's counts.
        let mut tree = BTreeMap::new();
        for (module, file) in files {
            if file.name != "main.rs" || !tree.contains_key(&module) {
                tree.insert(module, file);
            }
        }
        Self { files: tree }
    }

    /// Names of all files.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.values().map(|file| file.name.as_str())
    }

    /// The text of one file.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.files.values().find(|file| file.name == name).map(|file| file.text.as_str())
    }

    /// Which file imports which, by name. A module that only hands on what its children have counts as itself: so a
    /// child that imports through its parent is in a circle with it.
    pub(crate) fn arrows(&self) -> BTreeSet<(&str, &str)> {
        let mut arrows = BTreeSet::new();
        for (module, file) in &self.files {
            for path in imports(&file.code, module, &|child| {
                let mut of_child = module.clone();
                of_child.push(child.to_owned());
                self.files.contains_key(&of_child)
            }) {
                if let Some(target) = self.holder(&path)
                    && target.name != file.name
                {
                    arrows.insert((file.name.as_str(), target.name.as_str()));
                }
            }
        }
        arrows
    }

    /// The file in which a path ends: of its longest beginning that is a module.
    fn holder(&self, path: &[String]) -> Option<&File> {
        (0..=path.len()).rev().find_map(|length| self.files.get(&path[..length]))
    }

    /// Functions of more than `most` lines that give no reason in a comment `// long: …` above them or in them: file,
    /// name and lines.
    pub(crate) fn long_functions(&self, most: usize) -> Vec<(String, String, usize)> {
        let mut long = Vec::new();
        for file in self.files.values() {
            let lines: Vec<&str> = file.text.lines().collect();
            for (at, _) in file.code.match_indices("fn ") {
                let before = file.code[..at].chars().next_back();
                let rest = &file.code[at + 3..];
                let name: String = rest.chars().take_while(|c| is_word(*c)).collect();
                if before.is_some_and(is_word) || name.is_empty() {
                    continue;
                }
                let Some(body) =
                    rest.find(['{', ';']).filter(|&body| rest[body..].starts_with('{'))
                else {
                    continue;
                };
                let first = file.code[..at].matches('\n').count();
                let end = closing(rest, body);
                let length = rest[..end].matches('\n').count() + 1;
                let around = lines.get(first.saturating_sub(4)..first + length).unwrap_or_default();
                if length > most && !around.iter().any(|line| line.contains("// long: ")) {
                    long.push((file.name.clone(), name, length));
                }
            }
        }
        long
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where the brace that opens at `open` is closed.
fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return at;
        }
    }
    code.len()
}

/// The text with comments and literals blanked, line for line.
fn blanked(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let length = literal_or_comment(rest, out.chars().next_back());
        match length {
            0 => {
                let c = rest.chars().next().unwrap_or(' ');
                // One byte for one byte is not needed, one line for one line is.
                out.push(if c.is_ascii() { c } else { '_' });
                at += c.len_utf8();
            }
            _ => {
                out.push(' ');
                out.extend(rest[..length].chars().filter(|c| *c == '\n'));
                at += length;
            }
        }
    }
    out
}

/// Length of the comment or literal that the text begins with, or 0.
fn literal_or_comment(rest: &str, before: Option<char>) -> usize {
    let until = |end: &str, from: usize| {
        rest[from..].find(end).map_or(rest.len(), |found| from + found + end.len())
    };
    let in_word = before.is_some_and(is_word);
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return until("*/", 2);
    }
    let raw = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r')).filter(|_| !in_word);
    if let Some(after) = raw {
        let hashes = after.len() - after.trim_start_matches('#').len();
        if after[hashes..].starts_with('"') {
            let start = rest.len() - after.len() + hashes + 1;
            return until(&format!("\"{}", "#".repeat(hashes)), start);
        }
    }
    if rest.starts_with('"') {
        let mut escaped = false;
        for (at, c) in rest.char_indices().skip(1) {
            match c {
                '"' if !escaped => return at + 1,
                _ => escaped = c == '\\' && !escaped,
            }
        }
        return rest.len();
    }
    // A character, and not a lifetime.
    if let Some(after) = rest.strip_prefix('\'') {
        if after.starts_with('\\') {
            return after[2.min(after.len())..].find('\'').map_or(0, |end| end + 4);
        }
        let first = after.chars().next().map_or(0, char::len_utf8);
        if after[first..].starts_with('\'') {
            return first + 2;
        }
    }
    0
}

/// The code without its modules of unit tests.
fn without_tests(code: &str) -> String {
    let mut out = code.to_owned();
    while let Some(at) = out.find("#[cfg(test)]\nmod ") {
        let Some(open) = out[at..].find(['{', ';']) else { break };
        let end = match out[at + open..].starts_with('{') {
            true => closing(&out, at + open),
            false => at + open,
        };
        let lines = out[at..=end.min(out.len() - 1)].matches('\n').count();
        out.replace_range(at..(end + 1).min(out.len()), &"\n".repeat(lines));
    }
    out
}

/// What the code of `module` names by a path, from the crate's root on. `has_child`: whether the module has a child of
/// that name in a file of its own.
fn imports(code: &str, module: &[String], has_child: &dyn Fn(&str) -> bool) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut inner = inline_modules(code);
    let words = code.match_indices("::").filter_map(|(at, _)| {
        // Where a path begins: a word before `::` that has no `::` before it.
        let start = code[..at].rfind(|c| !is_word(c)).map_or(0, |before| before + 1);
        let head = &code[start..at];
        let before = code[..start].trim_end();
        let begins = !before.ends_with("::") && !before.ends_with(['$', '.']);
        (begins && !head.is_empty()).then_some((start, at, head))
    });
    for (start, at, head) in words {
        let depth = inner.iter().filter(|(range, _)| range.contains(&start)).count();
        let mut base: Vec<String> = match head {
            "crate" => Vec::new(),
            "self" | "super" => {
                let mut base = module.to_vec();
                base.extend(
                    inner
                        .iter()
                        .filter(|(range, _)| range.contains(&start))
                        .map(|(_, name)| name.clone()),
                );
                if head == "super" {
                    base.pop();
                }
                base
            }
            child if depth == 0 && has_child(child) => {
                let mut base = module.to_vec();
                base.push(child.to_owned());
                base
            }
            _ => continue,
        };
        follow(code, at + 2, &mut base, &mut found);
    }
    inner.clear();
    found
}

/// Reads a path from behind one of its `::` on, into each branch of its groups.
fn follow(code: &str, at: usize, base: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let skip = code[at..].len() - code[at..].trim_start().len();
    let at = at + skip;
    if code[at..].starts_with('{') {
        let end = closing(code, at);
        for part in parts(&code[at + 1..end]) {
            let mut branch = base.clone();
            let part = part.trim();
            match part {
                "" => {}
                "self" => found.push(branch),
                _ => follow(part, 0, &mut branch, found),
            }
        }
        return;
    }
    let word: String = code[at..].chars().take_while(|c| is_word(*c)).collect();
    let rest = &code[at + word.len()..];
    match word.as_str() {
        // A glob: all that the module has.
        "" => return found.push(base.clone()),
        "super" => _ = base.pop(),
        _ => base.push(word.clone()),
    }
    if rest.starts_with('!') {
        // A macro: defined at the crate's root by its attribute, wherever it stands.
        return;
    }
    match rest.starts_with("::") {
        true => follow(code, at + word.len() + 2, base, found),
        false => found.push(base.clone()),
    }
}

/// The parts of a group, at its commas.
fn parts(group: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[from..]);
    parts
}

/// Modules that stand in the file itself: where, and their names.
fn inline_modules(code: &str) -> Vec<(std::ops::Range<usize>, String)> {
    let heads = code.match_indices("mod ").filter_map(|(at, _)| {
        let rest = &code[at + 4..];
        let name: String = rest.chars().take_while(|c| is_word(*c)).collect();
        let body = rest[name.len()..].trim_start();
        let open = at + 4 + rest.len() - body.len();
        let is_head = !code[..at].chars().next_back().is_some_and(is_word);
        (is_head && !name.is_empty() && body.starts_with('{'))
            .then(|| (open..closing(code, open), name))
    });
    heads.collect()
}

/// Names of the fields of a struct.
pub(crate) fn fields(text: &str, of: &str) -> Option<Vec<String>> {
    let code = blanked(text);
    let head = code.find(&format!("struct {of} {{"))?;
    let open = head + code[head..].find('{')?;
    let body = &code[open + 1..closing(&code, open)];
    let name = |field: &str| {
        let (before, _) = field.split_once(':').filter(|(_, rest)| !rest.starts_with(':'))?;
        Some(before.split_whitespace().next_back()?.to_owned())
    };
    Some(body.lines().map(str::trim).filter_map(name).collect())
}
