//! The site of each span and event in the source: made when it is first reached, and found again by the
//! address of its metadata in a table that is never locked.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tracing_core::Metadata;

use super::names::{is_end, is_peer};
use crate::layout::{Class, SITE_OP, SITE_SCOPE, SITE_STATUS, SITE_UNTOLD};
use crate::on::board::lost::lost;
use crate::on::describe::dynamic::{self, Saying};
use crate::on::ground::record_ref::RecordRef;
use crate::on::sites::site::Site;

/// Looks of one that waits for another who makes a site.
const PATIENCE: usize = 1000;
/// Places for call sites: a power of two.
const PLACES: usize = 4096;
/// How many of them are filled at most, so that what is not there is soon known not to be.
const MOST: usize = PLACES / 2;

static TABLE: [RecordRef<Callsite>; PLACES] = [const { RecordRef::unset() }; PLACES];
static FILLED: AtomicUsize = AtomicUsize::new(0);

/// A span or an event in the source.
#[derive(Debug)]
pub(super) struct Callsite {
    metadata: &'static Metadata<'static>,
    /// Not there while it is being made, or when there was no room.
    site: RecordRef<Site>,
    /// Whether it is no longer being made.
    made: AtomicBool,
    /// Whether one of its fields is a peer.
    pub(super) has_peer: bool,
    /// Whether one of them may say that it failed.
    pub(super) has_end: bool,
}

/// The call site that this is of, with its site. `None` when there is no room for it, when nobody knows where
/// it is, or when its target is switched off.
#[inline]
pub(super) fn of(
    metadata: &'static Metadata<'static>,
) -> Option<(&'static Callsite, &'static Site)> {
    let callsite = known(metadata)?;
    let site = callsite.site.get().or_else(|| callsite.wait())?;
    site.gate.is_none_or(crate::on::sites::site::Gate::is_on).then_some((callsite, site))
}

impl Callsite {
    /// Its site, when another thread is just making it: an operation that lives long would be missed for long.
    /// Not for ever: in a forked child there is no such thread, and a signal handler may be inside it.
    #[cold]
    fn wait(&self) -> Option<&'static Site> {
        for _ in 0..PATIENCE {
            // Acquire: pairs with the release in `make`.
            if self.made.load(Ordering::Acquire) {
                break;
            }
            std::thread::yield_now();
        }
        self.site.get()
    }
}

fn known(metadata: &'static Metadata<'static>) -> Option<&'static Callsite> {
    for place in places(metadata) {
        match place.get() {
            Some(callsite) if core::ptr::eq(callsite.metadata, metadata) => return Some(callsite),
            Some(_) => {}
            None => return make(metadata),
        }
    }
    None
}

/// Where it may be, in the order in which it is looked for.
fn places(
    metadata: &'static Metadata<'static>,
) -> impl Iterator<Item = &'static RecordRef<Callsite>> {
    let address = core::ptr::from_ref(metadata).addr();
    // Metadata are large and aligned: the product's high bits tell them apart.
    let first = (address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    TABLE.iter().cycle().skip(first as usize % PLACES).take(PLACES)
}

#[cold]
#[inline(never)]
fn make(metadata: &'static Metadata<'static>) -> Option<&'static Callsite> {
    if FILLED.fetch_add(1, Ordering::Relaxed) >= MOST {
        FILLED.fetch_sub(1, Ordering::Relaxed);
        lost(|lost| &lost.sites);
        return None;
    }
    let has = |is: fn(&str) -> bool| {
        metadata.is_span() && metadata.fields().iter().any(|field| is(field.name()))
    };
    let made = Callsite {
        metadata,
        site: RecordRef::unset(),
        made: AtomicBool::new(false),
        has_peer: has(is_peer),
        has_end: has(is_end),
    };
    let made: &'static Callsite = Box::leak(Box::new(made));
    for place in places(metadata) {
        if place.place_first(made) {
            // Whoever placed it, and nobody else, makes its site.
            if let Some(site) = saying(metadata).and_then(dynamic::say) {
                made.site.place(site);
            }
            made.made.store(true, Ordering::Release);
            return Some(made);
        }
        if let Some(other) = place.get()
            && core::ptr::eq(other.metadata, metadata)
        {
            return Some(other);
        }
    }
    None
}

/// What is to be said of it; `None` when it does not know where it is, as a record of the crate `log`.
fn saying(metadata: &'static Metadata<'static>) -> Option<Saying> {
    let (label, flags) = if metadata.is_span() {
        (metadata.name(), SITE_OP | SITE_SCOPE)
    } else if metadata.name().starts_with("event ") {
        // The name that the macro gives: file and line.
        ("", 0)
    } else {
        (metadata.name(), SITE_STATUS)
    };
    Some(Saying {
        file: metadata.file()?,
        line: metadata.line()?,
        column: 0,
        path: metadata.module_path().unwrap_or(metadata.target()),
        label,
        group: metadata.target(),
        class: Class::Work,
        flags: flags | SITE_UNTOLD,
    })
}
