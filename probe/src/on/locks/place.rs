//! Sites for where locks are made and waited for, each made at its first need. They are looked for in a small table by
//! where they are in the program: a wait is no time to search a list.

use core::panic::Location;
use core::sync::atomic::{AtomicU64, Ordering};

use crate::layout::Class;
use crate::on::describe::dynamic;
use crate::on::ground::record_ref::RecordRef;
use crate::on::sites::site::{self, Site};
use crate::on::thread::line::{self, Line};

/// Places in the table: twice as many as sites are ever made at run time, so that each finds one near its own.
const PLACES: usize = 2 * dynamic::MOST;
/// How far from its own place a site is looked for.
const FAR: usize = 64;

/// A site by its key; 0 while it has none.
struct Known {
    key: AtomicU64,
    site: RecordRef<Site>,
}

static KNOWN: [Known; PLACES] =
    [const { Known { key: AtomicU64::new(0), site: RecordRef::unset() } }; PLACES];

/// Where a site with this key may be in the table, the likeliest first.
fn cells(key: u64) -> impl Iterator<Item = &'static Known> {
    // The lowest bit is the same in all keys.
    let start = (key >> 1) as usize % PLACES;
    (0..FAR).filter_map(move |step| KNOWN.get((start + step) % PLACES))
}

/// The site with this key, if it is in the table.
fn known(key: u64) -> Option<&'static Site> {
    for cell in cells(key) {
        // Acquire: pairs with the release below.
        match cell.key.load(Ordering::Acquire) {
            0 => break,
            found if found == key => {
                if let Some(site) = cell.site.get() {
                    return Some(site);
                }
            }
            _ => {}
        }
    }
    None
}

/// The site at a place in the source with this label; `None` when there are too many.
pub(super) fn site(
    place: &'static Location<'static>,
    label: &'static str,
    class: Class,
) -> Option<&'static Site> {
    let key = key(place, label, class);
    if let Some(site) = known(key) {
        return Some(site);
    }
    // Where no more are made, each wait at this place comes here: it is not to search all of them for nothing.
    if dynamic::is_full() {
        return None;
    }
    let made = dynamic::at(place, label, class, 0)?;
    for cell in cells(key) {
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
    // By a tag of its own: sites made at run time are lines of work, or of waits that this room began.
    let (told, _) = line::line().reached();
    if site::find(told).is_some_and(|site| site.class != Class::Work) {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// More than a table of a fixed few has: where a wait happened before, nothing but the table is looked at.
    #[test]
    fn of_very_many_places_each_is_in_the_table() {
        let here = Location::caller();
        let labels: Vec<&'static str> =
            (0..1000).map(|number| &*format!("place {number}").leak()).collect();
        for label in labels {
            let made = site(here, label, Class::Wait).expect("room for a site");
            let found = known(key(here, label, Class::Wait)).expect("in the table");
            assert!(core::ptr::eq(made, found) && found.label == label);
        }
    }
}
