//! Files that this program makes: there whole under their name, or not there at all. Nothing that exists is
//! written over, and what was begun and not finished leaves nothing behind, however it ended.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::failure::Failure;
use crate::opener;
use crate::words::term::term;

/// A file without a name, or with one that says that it is not whole.
pub(super) struct Output {
    file: File,
    path: PathBuf,
    /// Its name so far, where the file system makes no file without one.
    part: Option<PathBuf>,
    /// Whom to ask for the name when the right to give it is given up meanwhile.
    ticket: usize,
    named: bool,
}

impl Output {
    /// Makes a file that nobody sees yet; `-` is stdout. To be done first: reading a board may mean giving up the right to.
    ///
    /// # Errors
    /// Something has this name, or the directory takes no file; the file is named.
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        if is_stdout(path) {
            if super::stdout::was_closed() {
                return Err(Failure::new("stdout is closed: nothing can be written there"));
            }
            let stdout = io::stdout().as_fd().try_clone_to_owned().map_err(Failure::from)?;
            let (file, path) = (File::from(stdout), path.to_owned());
            return Ok(Self { file, path, part: None, ticket: 0, named: true });
        }
        let directory = match path.parent() {
            Some(directory) if directory != Path::new("") => directory,
            _ => Path::new("."),
        };
        crate::patience::answers(directory).map_err(|error| refused(path, &error))?;
        if path.symlink_metadata().is_ok() {
            return Err(refused(path, &Errno::EEXIST.into()));
        }
        let mut options = OpenOptions::new();
        options.write(true).read(true).mode(0o600);
        // It gets its name through `/proc`, which may be hidden.
        let nameless = match Path::new("/proc/self/fd").is_dir() {
            true => options.clone().custom_flags(libc::O_TMPFILE).open(directory),
            false => Err(Errno::EOPNOTSUPP.into()),
        };
        let (file, part) = match nameless {
            Ok(file) => (file, None),
            // Not every file system can; those that cannot say so in one of these ways.
            Err(error) if can_name(&error) => {
                let part = part_of(path);
                // What a killed one of the same number left is nobody's.
                let _ = std::fs::remove_file(&part);
                let file =
                    options.create_new(true).open(&part).map_err(|error| refused(path, &error))?;
                (file, Some(part))
            }
            Err(error) => return Err(refused(path, &error)),
        };
        let ticket = opener::expect(&file, path, part.as_deref());
        Ok(Self { file, path: path.to_owned(), part, ticket, named: false })
    }

    /// Whether nothing of it is seen in its directory so far.
    pub(super) fn is_nameless(&self) -> bool {
        self.part.is_none() && !self.named
    }

    /// Where it is, or will be.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file its name. From here on it is there, also when this process is killed.
    ///
    /// # Errors
    /// Something took the name meanwhile; the file is named.
    pub(super) fn publish(&mut self) -> io::Result<()> {
        if self.named {
            return Ok(());
        }
        let direct = crate::naming::name(&self.file, &self.path, self.part.as_deref());
        let named = match direct {
            // The right to was given up with root, and a process that kept it may be asked.
            Err(Errno::EACCES | Errno::EPERM) => {
                opener::publish(self.ticket).unwrap_or(direct.map_err(io::Error::from))
            }
            other => other.map_err(io::Error::from),
        };
        named.map_err(|error| self.said(&error))?;
        self.named = true;
        Ok(())
    }

    /// Writes all of a file and gives it its name.
    ///
    /// # Errors
    /// What could not be done, with the file's name.
    pub(super) fn finish(mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.write_all(bytes)?;
        self.keep()
    }

    /// Makes sure that it is on the disk and has its name.
    ///
    /// # Errors
    /// As [`Output::finish`].
    pub(super) fn keep(mut self) -> Result<(), Failure> {
        // A pipe has nothing to be synced.
        if self.file.metadata().is_ok_and(|facts| facts.is_file()) {
            self.file.sync_all().map_err(|error| self.said(&error))?;
        }
        Ok(self.publish()?)
    }

    fn said(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), cannot(&self.path, error))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ => self.said(&error),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some(part) = self.part.take().filter(|_| !self.named) {
            let _ = std::fs::remove_file(part);
        }
    }
}

/// The name of a file that is not whole: beside the one that it will have.
fn part_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

/// Whether a directory takes a file with a name where it took none without.
fn can_name(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EOPNOTSUPP | libc::EISDIR | libc::EINVAL | libc::ENOENT)
    )
}

fn cannot(path: &Path, error: &io::Error) -> String {
    format!("{}: cannot be written: {error}", term(&path.display().to_string()))
}

fn refused(path: &Path, error: &io::Error) -> Failure {
    let what = cannot(path, error);
    match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::new(format!("{what}; name a new file")),
        io::ErrorKind::PermissionDenied if crate::root::was_given_up() => {
            let me = crate::listed::user(nix::unistd::geteuid().as_raw());
            let why = "root is given up before boards of others are read";
            Failure { code: 4, text: format!("{what}: {why}, and {me} may not write there") }
        }
        _ => Failure::system(error, what),
    }
}

/// A recording: it gets its name with its first second, and can be read from then on while it grows.
pub(super) struct Recorded(pub(super) Output);

impl Write for Recorded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)?;
        match crate::recording::has_samples(bytes) {
            true => self.0.publish(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Whether a path means stdout.
pub(super) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).expect("a directory").flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.csv");
        let mut begun = Output::create(&path).expect("made");
        begun.write_all(b"half").expect("written");
        assert!(!path.exists());
        drop(begun);
        assert_eq!(names(directory.path()), Vec::<String>::new());
        Output::create(&path).expect("made").finish(b"whole").expect("written");
        assert_eq!(std::fs::read(&path).expect("there"), b"whole");
        assert_eq!(names(directory.path()), ["a.csv"]);
    }

    #[test]
    fn what_exists_is_never_written_over_also_when_it_came_meanwhile() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.rec");
        for part in [None, Some(directory.path().join(".a.part"))] {
            let mut output = Output::create(&path).expect("made");
            if let Some(part) = part {
                std::fs::write(&part, b"ours").expect("written");
                output.part = Some(part);
            }
            std::fs::write(&path, b"theirs").expect("written");
            let failure = output.finish(b"ours").expect_err("taken");
            assert!(failure.text.contains("a.rec: cannot be written"), "{}", failure.text);
            assert_eq!(std::fs::read(&path).expect("there"), b"theirs");
            assert_eq!(names(directory.path()), ["a.rec"]);
            let failure = Output::create(&path).err().expect("taken");
            assert!(failure.text.contains("a.rec: cannot be written: File exists"));
            assert!(failure.text.ends_with("name a new file"), "{}", failure.text);
            let nowhere = Output::create(&directory.path().join("none/a.rec")).err();
            let failure = nowhere.expect("no such directory");
            assert!(!failure.text.contains("a new file"), "{}", failure.text);
            std::fs::remove_file(&path).expect("removed");
        }
    }

    #[test]
    fn a_full_disk_leaves_nothing_and_names_the_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.svg");
        let mut output = Output::create(&path).expect("made");
        output.file = OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
        let failure = output.finish(b"whole").expect_err("full");
        assert!(
            failure.text.contains("a.svg: cannot be written: No space left"),
            "{}",
            failure.text
        );
        assert_eq!(names(directory.path()), Vec::<String>::new());
    }

    #[test]
    fn a_recording_has_its_name_from_its_first_samples_on() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.rec");
        let mut recorded = Recorded(Output::create(&path).expect("made"));
        recorded.write_all(b"head").expect("written");
        assert!(!path.exists());
        recorded.write_all(b"S\0\0\0 of the first second").expect("written");
        assert!(path.exists());
    }
}
