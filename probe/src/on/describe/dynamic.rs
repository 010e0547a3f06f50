//! Making sites at run time, and describing them at once if there is a board.

use core::panic::Location;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::catch_up::catch_up;
use crate::layout::{SITE_OP, SITE_STATUS};
use crate::on::board::lost::lost;
use crate::on::sites::dynamic;
use crate::on::sites::kind::{Kind, Spent};
use crate::on::sites::site::{Class, Function, Gate, Site};

/// More are not made: what makes them then makes them over and over again.
pub(crate) const MOST: usize = 4096;
/// Looks of one that waits for another who describes its site.
const PATIENCE: usize = 100;

static MADE: AtomicUsize = AtomicUsize::new(0);

/// Makes a site, for good: the caller does so once for each place in the source. `None` when there are
/// too many, which is counted.
#[cold]
fn add(site: Site) -> Option<&'static Site> {
    if MADE.fetch_add(1, Ordering::Relaxed) >= MOST {
        MADE.fetch_sub(1, Ordering::Relaxed);
        lost(|lost| &lost.sites);
        return None;
    }
    let node = dynamic::hang(site);
    for _ in 0..PATIENCE {
        if !catch_up() || node.is_written() {
            break;
        }
        std::thread::yield_now();
    }
    Some(&node.site)
}

/// Whether no more are made. Who asks wants one, so it is counted.
pub(crate) fn is_full() -> bool {
    let is_full = MADE.load(Ordering::Relaxed) >= MOST;
    if is_full {
        lost(|lost| &lost.sites);
    }
    is_full
}

/// What is to be said of a site.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Saying {
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// Path of the function, or of its module.
    pub(crate) path: &'static str,
    pub(crate) label: &'static str,
    /// Group that `PROBE_FILTER` switches it by, or nothing.
    pub(crate) group: &'static str,
    pub(crate) class: Class,
    pub(crate) flags: u64,
}

/// Makes the site that is said, with what its flags ask for.
pub(crate) fn say(saying: Saying) -> Option<&'static Site> {
    let Saying { file, line, column, path, label, group, class, flags } = saying;
    add(Site {
        file,
        line,
        column,
        function: Function::Named(path),
        label,
        class,
        flags,
        group,
        gate: (!group.is_empty()).then(|| &*Box::leak(Box::new(Gate::new()))),
        hits: None,
        kind: (flags & SITE_OP != 0).then(|| &*Box::leak(Box::new(Kind::new()))),
        spent: (flags & SITE_STATUS != 0).then(|| &*Box::leak(Box::new(Spent::new()))),
    })
}

/// The site at a place in the source with this label, class and flags, made if there is none yet.
pub(crate) fn at(
    place: &'static Location<'static>,
    label: &'static str,
    class: Class,
    flags: u64,
) -> Option<&'static Site> {
    let (file, line, column) = (place.file(), place.line(), place.column());
    let known = dynamic::sites().find(|site| {
        (site.line, site.column, site.class, site.flags, site.file, site.label)
            == (line, column, class, flags, file, label)
    });
    known.or_else(|| say(Saying { file, line, column, path: "", label, group: "", class, flags }))
}
