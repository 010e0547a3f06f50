//! A data file that somebody or something has changed: found before anybody is served from it. redb checks its pages
//! where it is asked to, and panics in places where it trusts them; what it puts back may be an earlier commit.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::path::{Path, PathBuf};

use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableError};

use super::names::{Contents, NAMES};
use super::row;

/// Runs what may panic over a damaged file. What the panic says is the answer, and nobody else hears it.
pub(super) fn quietly<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    let before = take_hook();
    set_hook(Box::new(|_| {}));
    let done = catch_unwind(AssertUnwindSafe(body));
    set_hook(before);
    done.map_err(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
        let line = words.lines().next().unwrap_or_default();
        format!("redb cannot go on with it ({line})")
    })
}

/// Whether every row of every table is whole, and there are as many records as were counted.
///
/// # Errors
/// What is missing, in words.
pub(super) fn count(database: &Database, contents: &Contents) -> Result<(), String> {
    let failed = |error: redb::Error| error.to_string();
    let transaction = database.begin_read().map_err(|error| failed(error.into()))?;
    for (names, counted) in NAMES.iter().zip(contents.rows) {
        let table = match transaction.open_table(names.rows) {
            Ok(table) => table,
            Err(TableError::TableDoesNotExist(_)) if counted == 0 => continue,
            Err(error) => return Err(failed(error.into())),
        };
        let mut found = 0u64;
        for entry in table.iter().map_err(|error| failed(error.into()))? {
            let (_, bytes) = entry.map_err(|error| failed(error.into()))?;
            let (mut records, mut length) = (0, 0);
            for stored in row::records(bytes.value()) {
                records += 1;
                length += row::HEAD + stored.key.len() + stored.value.len();
            }
            if length != bytes.value().len() {
                return Err(format!("a row of {} ends early", names.count));
            }
            found += records;
        }
        if found != counted {
            return Err(format!("{} says {counted} and {found} are there", names.count));
        }
    }
    Ok(())
}

fn noted(directory: &Path) -> PathBuf {
    directory.join("store.ended")
}

/// The last commit of a run that ended in order, if the run before did.
pub(super) fn last_commit(directory: &Path) -> Option<u64> {
    std::fs::read_to_string(noted(directory)).ok()?.trim().parse().ok()
}

/// A run ended in order, with this commit; or one begins, which may not.
pub(super) fn note(directory: &Path, commit: Option<u64>) {
    let path = noted(directory);
    // Without the note a commit that is lost is not missed; nothing else depends on it.
    let _ = match commit {
        Some(commit) => std::fs::write(path, format!("{commit}\n")),
        None => std::fs::remove_file(path),
    };
}
