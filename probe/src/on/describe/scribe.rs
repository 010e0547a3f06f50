//! Whoever writes a board's description: how far it is written.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::places::Places;
use super::texts::Texts;
use crate::on::board::tables::Board;
use crate::on::ground::latest::Latest;
use crate::on::sites::dynamic::{self, Link};
use crate::on::sites::kind::Kind;

/// The scribe of this process's board.
static SCRIBE: Latest<(&'static Board, Mutex<Scribe>)> = Latest::none();

/// The board that is described, and its scribe.
pub(super) fn current() -> Option<&'static (&'static Board, Mutex<Scribe>)> {
    SCRIBE.get()
}

/// From now on sites that are made late are described by this one.
pub(super) fn install(board: &'static Board, scribe: Scribe) {
    SCRIBE.set((board, Mutex::new(scribe)));
}

/// Whoever writes a board's description: how far it is written.
#[derive(Debug)]
pub(crate) struct Scribe {
    pub(super) texts: Texts,
    pub(super) places: Places,
    pub(super) filter: String,
    /// Records in use in the site table.
    pub(super) sites: usize,
    /// Kinds of operations by their label: the first of each, and its number.
    pub(super) kinds: BTreeMap<&'static str, (&'static Kind, u32)>,
    /// Where the first site made at run time hangs that is not written yet.
    pub(super) next: &'static Link,
}

impl Scribe {
    /// Nothing is written yet; there is room for so many bytes of text.
    pub(super) fn new(text_bytes: usize, places: Places, filter: &str) -> Self {
        Self {
            texts: Texts::new(text_bytes),
            places,
            filter: filter.to_owned(),
            sites: 0,
            kinds: BTreeMap::new(),
            next: dynamic::first(),
        }
    }
}
