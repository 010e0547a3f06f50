//! What grows without an end, by the history that is kept on this host.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::unistd::geteuid;

use super::args::HistoryPlace;
use super::failure::Failure;
use super::history::unread;
use crate::clock::Moment;
use crate::history::{files, growth, runs};
use crate::locate::Target;
use crate::open_board::OpenBoard;
use crate::snapshot::Depth;
use crate::why::Grows;
use crate::words::term::term;

/// Between two times that it is read.
const READ_AGAIN: Duration = Duration::from_secs(60);

pub(super) struct Grown {
    /// Absent where it is not read.
    directory: Option<PathBuf>,
    /// It was named, so that whatever keeps it from being read is an error.
    named: bool,
    read: Option<Instant>,
    all: HashMap<u64, Vec<Grows>>,
}

impl Grown {
    /// Where it is, and whether it is read: nobody parses another's history as root.
    ///
    /// # Errors
    /// It was named, and cannot be meant or not be read.
    pub(super) fn new(place: &HistoryPlace, target: &Target) -> Result<Self, Failure> {
        let (directory, named) = (place.directory(), place.history.is_some());
        let file = matches!(target, Target::File(_));
        if file && named {
            let text = "--history tells of processes of this host, and not of a file";
            return Err(Failure::usage(text));
        }
        let others = || {
            let of_others = |path: &PathBuf| path.metadata().is_ok_and(|facts| facts.uid() != 0);
            geteuid().is_root() && files(&directory).iter().any(of_others)
        };
        let known = !file && !others();
        if named && !known {
            let name = term(&directory.display().to_string());
            let helps = "root reads no history of another user here; ask as that user";
            return Err(Failure { code: 4, text: format!("{name}: {helps}") });
        }
        let directory = Some(directory).filter(|_| known);
        Ok(Self { directory, named, read: None, all: HashMap::new() })
    }

    /// Reads it, where that was not done of late.
    ///
    /// # Errors
    /// It was named, and cannot be read.
    pub(super) fn look(&mut self, boards: &mut [OpenBoard]) -> Result<(), Failure> {
        let Some(directory) = &self.directory else { return Ok(()) };
        if self.read.is_some_and(|read| read.elapsed() < READ_AGAIN) {
            return Ok(());
        }
        self.read = Some(Instant::now());
        let now = Moment::now(false).wall_ns;
        let reports: Vec<_> =
            boards.iter_mut().filter_map(|board| board.report_of(Depth::Brief).ok()).collect();
        match growth(directory, runs(&reports, now)) {
            Ok(all) => self.all = all,
            Err(error) if self.named => return Err(unread(directory, &error)),
            Err(_) => self.all.clear(),
        }
        Ok(())
    }

    /// What grows of a run; nothing where too little of it is known.
    pub(super) fn of(&self, instance: u64) -> Option<Vec<Grows>> {
        self.all.get(&instance).cloned()
    }
}
