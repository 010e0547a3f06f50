//! Files that are written again and again: whoever reads one has the last whole one.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::failure::Failure;
use crate::words::term::term;

/// Puts `bytes` in the place of whatever is there, at once. Everybody may read it: a collector runs as a user of
/// its own.
///
/// # Errors
/// What could not be done, with the file's name; what was there is still there then.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Collectors of text files read `*.prom`; this is none.
    let part = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let write = || {
        // What a killed one of the same number left is nobody's.
        let _ = std::fs::remove_file(&part);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&part)?;
        file.write_all(bytes)?;
        std::fs::rename(&part, path)
    };
    write().map_err(|error: std::io::Error| {
        let _ = std::fs::remove_file(&part);
        let name = term(&path.display().to_string());
        if error.kind() == std::io::ErrorKind::PermissionDenied && was_root(path) {
            let me = crate::listed::user(nix::unistd::geteuid().as_raw());
            let text = format!(
                "{name}: cannot be written: root is given up before boards of others are read, and {me} may not write \
                 there; run it as a user who may do both (a group of the boards, PROBE_GROUP), or send stdout there"
            );
            return Failure { code: 4, text };
        }
        Failure::new(format!("{name}: cannot be written: {error}"))
    })
}

/// Whether root could write there, and this no longer is root.
fn was_root(path: &Path) -> bool {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let owner = std::fs::metadata(directory.unwrap_or(Path::new("."))).map(|facts| facts.uid());
    owner.is_ok_and(|owner| owner == 0) && !nix::unistd::geteuid().is_root()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.prom");
        replace(&path, b"first").expect("written");
        replace(&path, b"second").expect("written");
        assert_eq!(std::fs::read(&path).expect("it"), b"second");
        // A directory of that name cannot be replaced: nothing is left beside it.
        let taken = directory.path().join("b.prom");
        std::fs::create_dir(&taken).expect("a directory");
        let failure = replace(&taken, b"third").expect_err("a directory");
        assert!(failure.text.contains("b.prom: cannot be written"), "{}", failure.text);
        assert_eq!(std::fs::read_dir(directory.path()).expect("it").count(), 2);
    }
}
