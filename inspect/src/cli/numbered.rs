//! The files of `record --when`: made before they are needed, without a name until they are.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::output::{Output, Recorded};

/// The files that are written: one of the name given, or numbered ones.
pub(super) struct Files {
    pub(super) output: PathBuf,
    pub(super) numbered: bool,
    pub(super) made: u64,
    pub(super) next: Option<Output>,
}

impl Files {
    /// Makes the next file, so that it is there when it is needed.
    pub(super) fn prepare(&mut self) -> Result<(), Failure> {
        if self.next.is_none() {
            let path = match self.numbered {
                false => self.output.clone(),
                true => numbered(&self.output, self.made + 1),
            };
            self.next = Some(Output::create(&path)?);
        }
        Ok(())
    }

    pub(super) fn take(&mut self) -> Result<(PathBuf, Recorded), Failure> {
        self.prepare()?;
        self.made += 1;
        let file = self.next.take().ok_or_else(|| Failure::new("no file"))?;
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
