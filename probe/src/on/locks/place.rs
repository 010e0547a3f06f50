//! Sites for where locks are made and waited for, each made at its first need. They are looked for in a small table by
//! where they are in the program: a wait is no time to search a list.

use core::panic::Location;
use core::sync::atomic::{AtomicU64, Ordering};

use crate::layout::Class;
use crate::on::describe::dynamic;
use crate::on::ground::record_ref::RecordRef;
use crate::on::sites;
use crate::on::sites::site::{SITES, Site};
use crate::on::thread::line::{self, Line};

/// Places in the table, and how far from its own one a site is looked for.
const PLACES: usize = 512;
const FAR: usize = 8;

/// A site by its key; 0 while it has none.
struct Known {
    key: AtomicU64,
    site: RecordRef<Site>,
}

static KNOWN: [Known; PLACES] =
    [const { Known { key: AtomicU64::new(0), site: RecordRef::unset() } }; PLACES];

/// The site at a place in the source with this label; `None` when there are too many.
pub(super) fn site(
    place: &'static Location<'static>,
    label: &'static str,
    class: Class,
) -> Option<&'static Site> {
    let key = key(place, label, class);
    let start = key as usize % PLACES;
    let cells = (0..FAR).filter_map(|step| KNOWN.get((start + step) % PLACES));
    for cell in cells.clone() {
        // Acquire: pairs with the release below.
        match cell.key.load(Ordering::Acquire) {
            found if found == key => {
                if let Some(site) = cell.site.get() {
                    return Some(site);
                }
            }
            0 => break,
            _ => {}
        }
    }
    let made = dynamic::at(place, label, class, 0)?;
    for cell in cells {
        if cell.key.compare_exchange(0, key, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            cell.site.place(made);
            break;
        }
    }
    Some(made)
}

/// This thread waits there from now on; returns where it stood, for [`line::go_back`]. Where its program has said that it
/// waits, or rests, it knows better.
pub(super) fn enter(place: &'static Location<'static>, label: &'static str, class: Class) -> Line {
    let (told, _) = line::line().reached();
    let is_told = |site: &&'static Site| site.tag() == told && site.class != Class::Work;
    let mut all = SITES.iter().chain(sites::dynamic::sites());
    if told != 0 && all.any(|site| is_told(&site)) {
        return Line::NOWHERE;
    }
    site(place, label, class).map_or(Line::NOWHERE, |site| line::go_on(site.tag(), (0, 0)))
}

/// Never 0. Two places in the source, or two texts, are at two addresses.
fn key(place: &'static Location<'static>, label: &'static str, class: Class) -> u64 {
    let words = [
        core::ptr::from_ref(place).addr() as u64,
        label.as_ptr().addr() as u64,
        label.len() as u64,
        class as u64,
    ];
    let mixed = words.into_iter().fold(0xcbf2_9ce4_8422_2325_u64, |mixed, word| {
        let mixed = (mixed ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        mixed ^ mixed >> 29
    });
    mixed | 1
}
