//! One look at every board there is. It never changes: whoever serves it shares it.

use std::sync::Arc;
use std::time::Instant;

use super::parts::Parts;
use super::shown::Shown;
use crate::clock::rfc3339;
use crate::endpoints::Standing;
use crate::words::glob::glob;

/// One look at every board.
#[derive(Debug)]
pub(super) struct View {
    /// Which look it was, from 1.
    pub(super) seq: u64,
    /// When it was done.
    pub(super) taken: Instant,
    /// The same by the wall clock, ns since 1970.
    pub(super) wall_ns: u64,
    /// The boards: by name, the living first.
    pub(super) boards: Vec<Arc<Shown>>,
    /// Boards beyond the bound, which were not looked at.
    pub(super) left_out: usize,
    /// How the endpoints stand, where the boards are of other hosts.
    pub(super) endpoints: Option<Vec<Standing>>,
    /// The same in pieces that know when they changed, while somebody streams.
    pub(super) parts: Option<Arc<Parts>>,
}

impl View {
    /// When it was taken, RFC 3339.
    pub(super) fn taken_at(&self) -> String {
        rfc3339(self.wall_ns)
    }

    /// The boards that a client means by a name (`*` and `?` too), a pid or a key: of a name the living ones, of
    /// dead ones the last, as on the command line.
    pub(super) fn meant(&self, text: &str) -> Vec<&Arc<Shown>> {
        let exact: Vec<_> = self.boards.iter().filter(|one| one.key() == text).collect();
        if !exact.is_empty() {
            return exact;
        }
        let pid: Option<u64> = text.parse().ok();
        let of = |one: &&Arc<Shown>| match pid {
            Some(pid) => one.row.pid == pid || u64::from(one.candidate.pid) == pid,
            None => glob(text, &one.row.name) || glob(text, &one.candidate.name),
        };
        let mut found: Vec<_> = self.boards.iter().filter(of).collect();
        // Somebody else's file beside a board is never taken for it.
        if found.iter().any(|one| !one.foreign) {
            found.retain(|one| !one.foreign);
        }
        if found.iter().any(|one| one.exists()) {
            found.retain(|one| one.exists());
            return found;
        }
        let started =
            |one: &&Arc<Shown>| one.report.as_ref().map(|report| report.started_at.clone());
        let last = found.iter().enumerate().max_by_key(|(_, one)| started(one));
        last.map(|(index, _)| vec![found[index]]).unwrap_or_default()
    }
}
