//! The files of `record --when`: made before they are needed, without a name until they are.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::output::{Output, Recorded};

/// Files that root makes before it is given up: each is a descriptor.
const AHEAD: u64 = 64;

/// The files that are written: one of the name given, or numbered ones.
pub(super) struct Files {
    output: PathBuf,
    wanted: u64,
    made: u64,
    next: VecDeque<Output>,
}

impl Files {
    pub(super) fn new(output: PathBuf, wanted: u64) -> Self {
        Self { output, wanted, made: 0, next: VecDeque::new() }
    }

    /// Makes the first file, so that it is there when it is needed; and as root also those that come after it, since
    /// whose boards are looked at may mean giving up the right to, for good.
    pub(super) fn begin(&mut self) -> Result<(), Failure> {
        self.prepare()?;
        while nix::unistd::geteuid().is_root()
            && (self.next.len() as u64) < self.wanted.min(AHEAD)
            // With a name it would stay where nobody may remove it.
            && self.next.iter().all(Output::is_nameless)
        {
            let file = self.create(self.next.len() as u64 + 1)?;
            self.next.push_back(file);
        }
        Ok(())
    }

    /// Makes the next file.
    pub(super) fn prepare(&mut self) -> Result<(), Failure> {
        if self.next.is_empty() {
            let file = self.create(self.made + 1)?;
            self.next.push_back(file);
        }
        Ok(())
    }

    fn create(&self, number: u64) -> Result<Output, Failure> {
        match self.wanted {
            1 => Output::create(&self.output),
            _ => Output::create(&numbered(&self.output, number)),
        }
    }

    pub(super) fn take(&mut self) -> Result<(PathBuf, Recorded), Failure> {
        self.prepare()?;
        self.made += 1;
        let file = self.next.pop_front().ok_or_else(|| Failure::new("no file"))?;
        Ok((file.path().to_owned(), Recorded(file)))
    }
}

/// `recordd.rec` as `recordd-2.rec`.
fn numbered(path: &Path, number: u64) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = match path.extension() {
        Some(extension) => format!("{stem}-{number}.{}", extension.to_string_lossy()),
        None => format!("{stem}-{number}"),
    };
    path.with_file_name(name)
}
