//! Every site of this process, those of its source and those made at run time, as a board has them: by tag, by number.
//! Nothing here waits, and nothing allocates.

use super::dynamic;
use super::site::{self, SITES, Site};

/// All of them, in the order of the board's table.
pub(crate) fn all() -> impl Iterator<Item = &'static Site> {
    SITES.iter().chain(dynamic::sites())
}

/// The site with this tag.
pub(crate) fn find(tag: u64) -> Option<&'static Site> {
    site::find(tag).or_else(|| dynamic::sites().find(|site| site.tag() == tag))
}

/// The site with this number in the board's table, plus 1.
pub(crate) fn numbered(number: u64) -> Option<&'static Site> {
    all().nth(usize::try_from(number).ok()?.checked_sub(1)?)
}
