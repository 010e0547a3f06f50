//! Where the macros are that the attribute writes: in the crate `probe`, under the name that it has where the attribute
//! stands.
//!
//! An attribute has no `$crate`. It may be told (`crate = path`). If not, it looks at the `Cargo.toml` of the crate that
//! is compiled, line by line: a dependency may be renamed there (`board = { package = "scoreboard-probe" }`), or in the
//! workspace that it takes its dependencies from. Without Cargo, and wherever nothing is found, it is `probe`.

use std::path::Path;

use proc_macro::{TokenStream, TokenTree};

use crate::write::{absolute, in_parentheses, is_punct, is_word, punct};

const PACKAGE: &str = "scoreboard-probe";
/// The library's own name.
const LIBRARY: &str = "probe";

/// A path to the crate.
pub(crate) struct Home(TokenStream);

impl Home {
    /// As the attribute's arguments say, and the rest of these.
    pub(crate) fn of(form: TokenStream) -> (Self, TokenStream) {
        let tokens: Vec<TokenTree> = form.into_iter().collect();
        let says = |pair: &[TokenTree]| matches!(pair, [name, sign] if is_word(name, "crate") && is_punct(sign, '='));
        let Some(at) = tokens.windows(2).position(says) else {
            return (Self(absolute(&[&found()])), tokens.into_iter().collect());
        };
        let (before, told) = tokens.split_at(at);
        let told = told.get(2..).unwrap_or_default();
        let end = told.iter().position(|token| is_punct(token, ',')).unwrap_or(told.len());
        let (path, after) = told.split_at(end);
        // One comma goes with it.
        let (before, after) = match (before, after) {
            (before, [_, after @ ..]) => (before, after),
            ([before @ .., _], []) => (before, &[][..]),
            nothing => nothing,
        };
        let path = path.iter().cloned().collect();
        (Self(path), before.iter().chain(after).cloned().collect())
    }

    /// `PATH::NAMES`
    pub(crate) fn path(&self, names: &[&str]) -> TokenStream {
        let mut path = self.0.clone();
        path.extend(absolute(names));
        path
    }

    /// `PATH::NAME!(arguments)`
    pub(crate) fn call(&self, name: &str, arguments: TokenStream) -> TokenStream {
        let mut call = self.path(&[name]);
        call.extend([punct('!'), in_parentheses(arguments)]);
        call
    }

    /// `PATH::NAMES(argument)`
    pub(crate) fn call_function(&self, names: &[&str], argument: TokenStream) -> TokenStream {
        let mut call = self.path(names);
        call.extend([in_parentheses(argument)]);
        call
    }
}

/// The crate's name as Cargo passes it to the compiler.
fn found() -> String {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let name = renamed(Path::new(&folder));
    name.map_or_else(|| LIBRARY.to_owned(), |name| name.replace('-', "_"))
}

/// The name that a manifest in this folder gives to the dependency, if it gives it one.
fn renamed(folder: &Path) -> Option<String> {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    let own = dependencies(&manifest);
    if let Some(it) = own.iter().find(|it| !it.of_workspace && it.is_ours) {
        return Some(it.name.to_owned());
    }
    let inherited = |name: &str| own.iter().any(|it| it.inherits && it.name == name);
    folder.ancestors().find_map(|folder| {
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
        let all = dependencies(&manifest);
        let it = all.iter().find(|it| it.of_workspace && it.is_ours && inherited(it.name))?;
        Some(it.name.to_owned())
    })
}

/// What a manifest says of one dependency.
struct Dependency<'a> {
    name: &'a str,
    /// It stands in `[workspace.dependencies]`.
    of_workspace: bool,
    /// It is this crate by another name.
    is_ours: bool,
    /// It is what the workspace says.
    inherits: bool,
}

/// All dependencies of a manifest that have more than a version, of every target.
fn dependencies(manifest: &str) -> Vec<Dependency<'_>> {
    let mut all = Vec::new();
    let mut section = "";
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            section = header.split(']').next().unwrap_or_default();
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let (key, value) = (key.trim(), value.trim());
        let of_workspace = section.starts_with("workspace.");
        // `[dependencies.NAME]`, or a line of `[dependencies]`.
        let table = section.rsplit_once('.').filter(|(of, _)| of.ends_with("dependencies"));
        let (name, inside) = match (table, key.split_once('.')) {
            (Some((_, name)), _) => (name, line),
            (None, _) if !section.ends_with("dependencies") => continue,
            (None, Some((name, _))) => (name, line),
            (None, None) => (key, value),
        };
        let inside: String = inside.chars().filter(|c| !c.is_whitespace()).collect();
        all.push(Dependency {
            name: name.trim_matches('"'),
            of_workspace,
            is_ours: inside.contains(&format!("package=\"{PACKAGE}\"")),
            inherits: inside.contains("workspace=true"),
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(manifest: &str) -> Vec<(&str, bool)> {
        let all = dependencies(manifest);
        all.into_iter().filter(|it| it.is_ours).map(|it| (it.name, it.of_workspace)).collect()
    }

    #[test]
    fn a_renamed_dependency_is_found_however_it_is_written() {
        for manifest in [
            "[dependencies]\nserde = \"1\"\nboard = { package = \"scoreboard-probe\", version = \"0.1\" }",
            "[dependencies.board]\nversion = \"0.1\"\npackage = \"scoreboard-probe\"",
            "[dependencies]\nboard.version = \"0.1\"\nboard.package = \"scoreboard-probe\"",
            "[target.'cfg(unix)'.dependencies]\nboard = { version = \"0.1\", package=\"scoreboard-probe\" }",
            "[dev-dependencies]\n\"board\" = { package = \"scoreboard-probe\", path = \"x\" } # a note",
        ] {
            assert_eq!(ours(manifest), [("board", false)], "{manifest}");
        }
        let workspace = "[workspace.dependencies]\nboard = { package = \"scoreboard-probe\" }";
        assert_eq!(ours(workspace), [("board", true)]);
        assert!(ours("[dependencies]\nscoreboard-probe = \"0.1\"\nprobe = \"2\"").is_empty());
        assert!(ours("[package]\nname = \"scoreboard-probe\"").is_empty());
    }

    #[test]
    fn a_dependency_of_the_workspace_is_known_as_one() {
        for manifest in [
            "[dependencies]\nboard = { workspace = true, features = [\"enable\"] }",
            "[dependencies]\nboard.workspace = true",
            "[dependencies.board]\nworkspace = true",
        ] {
            let all = dependencies(manifest);
            assert!(all.iter().any(|it| it.name == "board" && it.inherits), "{manifest}");
        }
    }
}
