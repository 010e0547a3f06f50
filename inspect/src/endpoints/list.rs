//! Which endpoints are meant: a list, or a file with one, which is read again when it changed.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::address::Listed;
use crate::words::term::term;

/// Endpoints of a list.
const MOST: usize = 1_000;
/// Bytes of a file.
const LONGEST: u64 = 1 << 20;

/// A list of endpoints.
#[derive(Clone, Debug)]
pub struct List {
    file: Option<(PathBuf, Stamp)>,
    listed: Vec<Listed>,
}

/// What a file was when it was read: another one of its name has another.
type Stamp = (u64, u64, i64, i64);

impl List {
    /// `http://HOST:PORT,https://HOST:PORT,unix:/PATH,…`, or `@FILE` with the same, one a line.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix('@') {
            if path.is_empty() {
                return Err("no file is named behind the @".to_owned());
            }
            let path = PathBuf::from(path);
            let (stamp, listed) = read(&path)?;
            return Ok(Self { file: Some((path, stamp)), listed });
        }
        let listed = parse(text.split(',').map(|word| (0, word))).map_err(|(_, why)| why)?;
        Ok(Self { file: None, listed })
    }

    /// Paths of the sockets among them.
    pub fn sockets(&self) -> impl Iterator<Item = &Path> {
        self.listed.iter().filter_map(|one| match one {
            Listed::One(endpoint) => endpoint.socket(),
            Listed::Every { .. } => None,
        })
    }

    /// Names of the endpoints that are listed one by one.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.listed.iter().filter_map(|one| match one {
            Listed::One(endpoint) => Some(endpoint.name()),
            Listed::Every { .. } => None,
        })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.listed.len()
    }

    /// What is listed now. A file that cannot be read any more, or is wrong, leaves what it said before, with a
    /// sentence.
    pub(super) fn now(&mut self) -> (&[Listed], Option<String>) {
        let mut said = None;
        if let Some((path, known)) = &mut self.file {
            let stamp = std::fs::metadata(&*path).map(|facts| stamp(&facts));
            if stamp.ok() != Some(*known) {
                match read(path) {
                    Ok((stamp, listed)) => (*known, self.listed) = (stamp, listed),
                    Err(why) => said = Some(format!("{why}; the list of before is used")),
                }
            }
        }
        (&self.listed, said)
    }
}

fn stamp(facts: &std::fs::Metadata) -> Stamp {
    (facts.ino(), facts.len(), facts.mtime(), facts.mtime_nsec())
}

fn read(path: &Path) -> Result<(Stamp, Vec<Listed>), String> {
    let name = term(&path.display().to_string());
    let cannot = |error: std::io::Error| format!("{name}: {error}");
    let mut options = std::fs::OpenOptions::new();
    // A pipe in its place must not hold the question up.
    let flags = nix::libc::O_NONBLOCK | nix::libc::O_CLOEXEC;
    let file = std::os::unix::fs::OpenOptionsExt::custom_flags(options.read(true), flags);
    let file = file.open(path).map_err(cannot)?;
    let facts = file.metadata().map_err(cannot)?;
    if !facts.is_file() {
        return Err(format!("{name}: not a regular file"));
    }
    let mut text = String::new();
    file.take(LONGEST + 1).read_to_string(&mut text).map_err(cannot)?;
    if text.len() as u64 > LONGEST {
        return Err(format!("{name}: longer than {LONGEST} bytes"));
    }
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let words = (1..)
        .zip(lines)
        .flat_map(|(number, line)| line.split([',', ' ', '\t']).map(move |word| (number, word)));
    let listed = parse(words).map_err(|(line, why)| match line {
        0 => format!("{name}: {why}"),
        line => format!("{name}, line {line}: {why}"),
    })?;
    Ok((stamp(&facts), listed))
}

/// The endpoints of words, each with the line that it stands in, from 1; what is wrong is said with its line, or with 0
/// where it is in none.
fn parse<'a>(words: impl Iterator<Item = (u32, &'a str)>) -> Result<Vec<Listed>, (u32, String)> {
    let mut all: Vec<Listed> = Vec::new();
    for (line, word) in words.map(|(line, word)| (line, word.trim())) {
        if word.is_empty() {
            continue;
        }
        let one = Listed::parse(word).map_err(|why| (line, why))?;
        if !all.contains(&one) {
            all.push(one);
        }
        if all.len() > MOST {
            return Err((line, format!("more than {MOST} endpoints")));
        }
    }
    match all.is_empty() {
        true => Err((0, "no endpoint; write http://HOST:PORT,unix:/PATH or @FILE".to_owned())),
        false => Ok(all),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_again_when_it_changed_and_a_broken_one_leaves_what_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hosts");
        let write = |text: &str| std::fs::write(&path, text).expect("written");
        write("# ours\nhttp://a:1, http://b:2 # two\n\nunix:/run/c\nhttp://a:1\n");
        let mut list = List::parse(&format!("@{}", path.display())).expect("a list");
        assert_eq!((list.now().0.len(), list.now().1), (3, None));
        write("http://z:1\n");
        assert_eq!(list.now().0.len(), 1);
        for broken in ["http://a:1\nnonsense nonsense://x\n", "# none\n"] {
            write(broken);
            let (listed, said) = list.now();
            assert_eq!(listed.len(), 1, "{broken}");
            let said = said.expect("a sentence");
            assert!(said.contains("of before"), "{broken}");
            assert_eq!(said.contains("hosts, line 2: `nonsense://x`"), broken.len() > 10, "{said}");
        }
        std::fs::remove_file(&path).expect("removed");
        assert!(list.now().1.expect("a sentence").contains("No such file"));
        write("http://y:1 http://x:1\n");
        assert_eq!((list.now().0.len(), list.now().1), (2, None));
        assert!(List::parse("@/nonexistent").is_err() && List::parse(",").is_err());
        let many: Vec<String> = (1..=1_001).map(|port| format!("http://h:{port}")).collect();
        assert!(List::parse(&many.join(",")).expect_err("many").contains("more than 1000"));
    }
}
