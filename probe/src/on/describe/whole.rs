//! All that is known at init.

use super::catch_up::catch_up;
use super::header::{self, Subject};
use super::places::Places;
use super::scribe::{self, Scribe};
use crate::on::board::tables::Board;
use crate::on::ground::say::say;
use crate::on::sites::filter::Filter;
use crate::on::sites::site::SITES;

/// Writes all that is known at init: the header but for its magic, sites, declared numbers, texts. Puts
/// every declared number in its place on the board. Nobody else knows the board yet.
pub(crate) fn describe(board: &Board, said: &Subject<'_>) -> Scribe {
    let mut scribe = Scribe::new(said.text_bytes, Places::new(said.keeper), said.filter);
    header::write(board, said, &mut scribe.texts);
    let filter = Filter::parse(said.filter, |rule| {
        say(&format!("ignored PROBE_FILTER rule {rule}: expected GROUP=on or GROUP=off"));
    });
    for site in &SITES {
        scribe.site(board, &filter, site);
    }
    scribe.numbers(board);
    for (site, kind) in SITES.iter().filter_map(|site| Some((site, site.kind?))) {
        scribe.kind(board, kind, site.label);
    }
    scribe.catch_up(board);
    header::seal(board);
    scribe
}

/// Others know the board now: from here on sites that are made late are described on it.
pub(crate) fn go_on(board: &'static Board, scribe: Scribe) {
    scribe::install(board, scribe);
    catch_up();
}
