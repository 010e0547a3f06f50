//! A file that holds a saved board or a recording: opened and read, never mapped.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use zerocopy::IntoBytes;

use crate::error::OpenError;

/// How far a file is trusted before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Found by searching: refused here, where nothing is searched.
    Found,
    /// Named by the user: any regular file.
    Named,
}

/// An open file.
#[derive(Debug)]
pub struct BoardFile {
    /// The open file, read-only.
    pub file: File,
    /// Where it was found.
    pub path: PathBuf,
    /// Owner of the file: not known here, 0.
    pub uid: u32,
    /// Group of the file: not known here, 0.
    pub gid: u32,
    /// Bytes.
    pub bytes: u64,
}

impl BoardFile {
    /// Opens a file to read.
    ///
    /// # Errors
    /// [`OpenError::Refused`] or [`OpenError::Io`].
    pub fn open(path: &Path, _: Trust) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Io { path: path.to_owned(), doing: "opening", source };
        let file = File::open(path).map_err(failed)?;
        let facts = file.metadata().map_err(failed)?;
        if !facts.is_file() {
            return Err(OpenError::Refused { path: path.to_owned(), why: "not a regular file" });
        }
        Ok(Self { file, path: path.to_owned(), uid: 0, gid: 0, bytes: facts.len() })
    }

    /// Bytes of the file now.
    pub fn bytes_now(&self) -> u64 {
        self.file.metadata().map_or(0, |facts| facts.len())
    }

    /// Words from an offset on. Bytes past the end of the file come as zeros. Returns whether all of them were
    /// there.
    pub(crate) fn pread(&self, offset: u64, words: &mut [u64]) -> bool {
        let bytes = words.as_mut_bytes();
        let mut filled = 0;
        while filled < bytes.len() {
            match read_at(&self.file, &mut bytes[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        bytes[filled..].fill(0);
        filled == bytes.len()
    }
}

/// Bytes of a file from an offset on, as many as one call gives.
pub(crate) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, bytes, offset);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, bytes, offset);
    #[cfg(not(any(unix, windows)))]
    {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = file;
        file.seek(SeekFrom::Start(offset))?;
        file.read(bytes)
    }
}

/// A live board in memory: there is none here.
#[derive(Debug)]
pub enum Mapping {}

impl Mapping {
    /// Nothing to load.
    pub(crate) fn load(&self, _: usize, _: &mut [u64]) -> bool {
        match *self {}
    }

    /// Nothing to lose.
    pub(crate) fn lost_pages(&self) -> bool {
        match *self {}
    }
}
