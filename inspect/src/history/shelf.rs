//! The directory of segments: used directly, or, where root was given up, through the process that keeps it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::opener;

/// Where segments stand.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) directory: PathBuf,
    /// Sizes of what stands there by name, where it was lent: nobody may look at it any more.
    lent: Option<BTreeMap<String, u64>>,
}

impl Shelf {
    pub(super) fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), lent: None }
    }

    /// Goes on through the process that keeps root, which is started next.
    #[cfg(feature = "cli")]
    pub(super) fn lend(&mut self, known: BTreeMap<String, u64>) -> io::Result<()> {
        opener::lend(File::open(&self.directory)?.into());
        self.lent = Some(known);
        Ok(())
    }

    /// What is known of it, where it was lent.
    pub(super) fn known(&self) -> Option<&BTreeMap<String, u64>> {
        self.lent.as_ref()
    }

    /// Says how large one is that is closed.
    pub(super) fn closed(&mut self, name: &str, size: u64) {
        if let Some(known) = &mut self.lent {
            known.insert(name.to_owned(), size);
        }
    }

    /// Makes a file that was not there.
    pub(super) fn make(&self, name: &str) -> io::Result<File> {
        if self.lent.is_some() {
            return opener::make(name).unwrap_or_else(|| Err(nobody())).map(File::from);
        }
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true).mode(0o640);
        options.open(self.directory.join(name))
    }

    /// Whether a file is still to be found by its name: it may have been removed, or the directory renamed. One that was
    /// lent is followed wherever it goes.
    pub(super) fn has(&self, name: &str, file: &File) -> bool {
        let Ok(open) = file.metadata() else { return true };
        if self.lent.is_some() {
            return open.nlink() > 0;
        }
        match std::fs::metadata(self.directory.join(name)) {
            Ok(named) => (named.dev(), named.ino()) == (open.dev(), open.ino()),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }

    /// Renames one, in place of what has that name.
    pub(super) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        match self.lent {
            Some(_) => opener::rename(from, to).unwrap_or_else(|| Err(nobody())),
            None => std::fs::rename(self.directory.join(from), self.directory.join(to)),
        }
    }

    /// Removes one.
    pub(super) fn remove(&mut self, name: &str) -> io::Result<()> {
        match &mut self.lent {
            Some(known) => {
                known.remove(name);
                opener::remove(name).unwrap_or_else(|| Err(nobody()))
            }
            None => std::fs::remove_file(self.directory.join(name)),
        }
    }

    /// What was written into one, by the file where that is still at hand.
    pub(super) fn read(&self, name: &str, file: Option<File>) -> io::Result<Vec<u8>> {
        let Some(mut file) = file else { return std::fs::read(self.directory.join(name)) };
        let mut bytes = Vec::new();
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// The process that keeps root is gone.
fn nobody() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "who kept root is gone")
}
