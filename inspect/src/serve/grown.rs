//! What grows without an end, by the history that is kept or shown: read at most once a minute, whoever asks.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::view::View;
use crate::clock::Moment;
use crate::history::{growth, runs};
use crate::why::Grows;

/// Between two times that it is read.
const READ_AGAIN: Duration = Duration::from_secs(60);

/// By the number of a run.
pub(super) type All = Arc<HashMap<u64, Vec<Grows>>>;

/// What was read last, and when.
#[derive(Default)]
pub(super) struct Grown(Mutex<Option<(Instant, All)>>);

impl Grown {
    /// What grows of the boards that are seen; nothing of those of which too little is known. Takes the time of reading it:
    /// a second who asks waits for the first.
    pub(super) fn of(&self, directory: Option<&Path>, view: &View) -> All {
        let Some(directory) = directory else { return All::default() };
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((read, all)) = &*last
            && read.elapsed() < READ_AGAIN
        {
            return Arc::clone(all);
        }
        let reports = view.boards.iter().filter_map(|one| one.report.as_ref());
        let runs = runs(reports, Moment::now(false).wall_ns);
        // That it cannot be read is said by whoever is asked for the past.
        let all = All::new(growth(directory, runs).unwrap_or_default());
        *last = Some((Instant::now(), Arc::clone(&all)));
        all
    }
}
