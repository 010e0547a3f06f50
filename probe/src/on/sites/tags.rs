//! Tags: this thread is at a site. What macros call.

use super::site::Site;
use crate::on::thread::cursor;

/// This thread is at `site`.
#[inline(always)]
pub fn at(site: &'static Site) {
    cursor::at(site.tag());
}

/// This thread is at `site`, with an argument.
#[inline(always)]
pub fn at_with(site: &'static Site, argument: u64) {
    cursor::at_with(site.tag(), argument);
}

/// This thread rests at `site`. When the table of slots is nearly full, it makes room for others.
#[inline(always)]
pub fn rest(site: &'static Site) {
    cursor::rest(site.tag());
}

/// The same with an argument.
#[inline(always)]
pub fn rest_with(site: &'static Site, argument: u64) {
    cursor::rest_with(site.tag(), argument);
}
