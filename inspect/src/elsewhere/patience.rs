//! Whether a file system answers is told by asking it.

use std::io;
use std::path::Path;

/// It will.
pub(crate) fn answers(_: &Path) -> io::Result<()> {
    Ok(())
}
