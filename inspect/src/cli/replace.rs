//! Files that are written again and again: whoever reads one has the last whole one.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::failure::Failure;
use crate::words::term::term;

/// Puts `bytes` in the place of whatever is there, at once. Everybody may read it: a collector runs as a user of
/// its own.
///
/// # Errors
/// What could not be done, with the file's name; what was there is still there then.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    other_than_a_file(path)?;
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
        let denied = error.kind() == std::io::ErrorKind::PermissionDenied;
        if denied && crate::root::was_given_up() {
            let me = crate::listed::user(nix::unistd::geteuid().as_raw());
            let text = format!(
                "{name}: cannot be written: root is given up before boards of others are read, and {me} may not write \
                 there; run it as a user who may do both (a group of the boards, PROBE_GROUP), or send stdout there"
            );
            return Failure { code: 4, text };
        }
        Failure::system(&error, format!("{name}: cannot be written: {error}"))
    })
}

/// A device, a pipe or a directory is no earlier one of ours: it stays what it is.
///
/// # Errors
/// It is one of these.
pub(super) fn other_than_a_file(path: &Path) -> Result<(), Failure> {
    match std::fs::metadata(path) {
        Ok(facts) if !facts.is_file() => {
            let name = term(&path.display().to_string());
            let why = "it is there and no regular file";
            Err(Failure::new(format!("{name}: cannot be written: {why}")))
        }
        _ => Ok(()),
    }
}

/// A file that does not begin as one of metrics does is nothing that may be lost. One that cannot be read is a
/// collector's, most likely, and written by somebody who may.
///
/// # Errors
/// It is such a file, or none.
pub(super) fn of_metrics(path: &Path) -> Result<(), Failure> {
    other_than_a_file(path)?;
    let mut begins = [0; 7];
    let Ok(length) = File::open(path).and_then(|mut file| file.read(&mut begins)) else {
        return Ok(());
    };
    match &begins[..length] {
        b"" | b"# HELP " | b"# TYPE " | b"# UNIT " | b"# EOF\n" => Ok(()),
        _ => {
            let name = term(&path.display().to_string());
            let why = "what is there is no file of metrics; remove it, or name another";
            Err(Failure::new(format!("{name}: is not replaced: {why}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileTypeExt;

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

    /// Naively whatever the name said was overwritten.
    #[test]
    fn a_file_of_metrics_is_told_from_others() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.prom");
        of_metrics(&path).expect("nothing is there");
        for (text, is) in [
            ("", true),
            ("# HELP up Whether", true),
            ("# TYPE up gauge\n", true),
            ("# EOF\n", true),
            ("# Minutes of the meeting\n", false),
            ("up 1\n", false),
        ] {
            std::fs::write(&path, text).expect("written");
            assert_eq!(of_metrics(&path).is_ok(), is, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_file_stays_what_it_is() {
        let directory = tempfile::tempdir().expect("a directory");
        let (pipe, link) = (directory.path().join("pipe"), directory.path().join("link"));
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        std::os::unix::fs::symlink("pipe", &link).expect("a link");
        for path in [&pipe, &link, &std::path::PathBuf::from("/dev/null")] {
            for failure in [replace(path, b"numbers"), of_metrics(path)] {
                let text = failure.expect_err("no file").text;
                assert!(text.contains("no regular file"), "{text}");
            }
        }
        assert!(std::fs::symlink_metadata(&pipe).expect("it").file_type().is_fifo());
        assert!(std::fs::symlink_metadata(&link).expect("it").is_symlink());
        assert_eq!(std::fs::read_dir(directory.path()).expect("it").count(), 2);
    }
}
