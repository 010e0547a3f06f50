//! Where sources are, as whoever serves says, and what of them may be seen: regular files of source code inside those
//! directories, whatever a path says and wherever a link leads.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

/// Bytes of a file that is shown.
const MOST: u64 = 4 << 20;
/// What a file of sources ends with: a board may name any file, and a directory of sources holds more than those.
const ENDINGS: [&str; 8] = ["rs", "c", "h", "cc", "cpp", "cxx", "hpp", "S"];

/// A source file.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) text: String,
    pub(super) modified: Option<SystemTime>,
}

/// A file by the name that the compiler had for it: in the first of `directories` that has it, by as much of the name as
/// fits.
pub(super) fn find(directories: &[PathBuf], name: &str) -> Option<Found> {
    let parts = parts(name)?;
    let below = |directory: &Path| {
        // Its own links are the operator's.
        let directory = directory.canonicalize().ok()?;
        (0..parts.len()).find_map(|skipped| {
            let rest: PathBuf = parts.get(skipped..)?.iter().collect();
            read(&directory, &directory.join(rest))
        })
    };
    directories.iter().find_map(|directory| below(directory))
}

/// The plain parts of a name; `None` of one that leads up, is hidden, or is of no source.
fn parts(name: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str().filter(|p| !p.starts_with('.'))?),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    let ending = Path::new(parts.last()?).extension()?.to_str()?;
    ENDINGS.contains(&ending).then_some(parts)
}

/// A file, if it is one of source code in the directory, by where it really is: asked of the open file, which nobody can
/// exchange any more.
fn read(directory: &Path, path: &Path) -> Option<Found> {
    let mut options = File::options();
    // A pipe in its place must not hold anybody up.
    options
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_CLOEXEC | nix::libc::O_NOCTTY);
    let mut file = options.open(path).ok()?;
    let facts = file.metadata().ok().filter(|facts| facts.is_file() && facts.len() <= MOST)?;
    let real = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()?;
    let inside = real.strip_prefix(directory).ok()?;
    parts(inside.to_str()?)?;
    let mut bytes = Vec::new();
    (&mut file).take(MOST).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Some(Found { text, modified: facts.modified().ok() })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_sources_inside_are_seen() {
        let outside = tempfile::tempdir().expect("a directory");
        let inside = tempfile::tempdir().expect("a directory");
        let (out, root) = (outside.path(), inside.path());
        let write = |path: PathBuf, text: &str| {
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, text).expect("written");
        };
        write(out.join("secret.rs"), "secret");
        write(root.join("src/main.rs"), "main");
        write(root.join("src/notes.txt"), "notes");
        write(root.join(".git/hidden.rs"), "hidden");
        write(root.join("src/large.rs"), &"x".repeat(MOST as usize + 1));
        symlink(out.join("secret.rs"), root.join("src/out.rs")).expect("a link");
        symlink(out, root.join("src/away")).expect("a link");
        symlink("main.rs", root.join("src/same.rs")).expect("a link");
        symlink(root.join("src/notes.txt"), root.join("src/text.rs")).expect("a link");
        symlink(root.join(".git/hidden.rs"), root.join("src/hid.rs")).expect("a link");
        nix::unistd::mkfifo(&root.join("src/pipe.rs"), nix::sys::stat::Mode::S_IRWXU)
            .expect("a pipe");
        let directories = [root.join("none"), root.to_owned()];
        let seen = |name: &str| find(&directories, name).map(|found| found.text);
        let main = Some("main".to_owned());
        // As compiled there, elsewhere, and through a link that stays inside.
        for name in ["src/main.rs", "/build/app/src/main.rs", "./src/main.rs", "src/same.rs"] {
            assert_eq!(seen(name), main, "{name}");
        }
        let far = out.join("secret.rs");
        for name in [
            far.to_str().expect("UTF-8"),
            "../secret.rs",
            "src/../../secret.rs",
            "src/../src/main.rs",
            "src/out.rs",
            "src/away/secret.rs",
            "src/notes.txt",
            "src/text.rs",
            ".git/hidden.rs",
            "src/hid.rs",
            "src/large.rs",
            "src/pipe.rs",
            "src",
            "",
            "/",
            "src/main.rs\0",
            "main",
            "/etc/passwd",
            "/proc/self/environ",
        ] {
            assert_eq!(seen(name), None, "{name:?}");
        }
        assert!(find(&[], "src/main.rs").is_none());
    }
}
