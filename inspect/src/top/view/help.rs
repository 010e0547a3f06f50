//! The keys.

use ratatui::text::Line;

use super::{Ink, Page, Pieces, heading};
use crate::render::term::left;

const KEYS: &[(&str, &str)] = &[
    ("1 … 5, Tab, Shift-Tab", "the views: overview, threads, queues, numbers, lines"),
    ("Up Down, j k", "select; PgUp PgDn, Ctrl-D Ctrl-U by pages; g G to the ends"),
    ("Enter", "a thread: its stack, its last lines, its load; Esc leads back"),
    ("/", "show only what contains this, or matches it when it has * or ?"),
    ("s  r", "the next order; turn it round"),
    ("p, Space", "pause: nothing moves; the board is watched on"),
    ("w  W", "a longer or shorter window of the line histogram: 1 s to 1 minute"),
    ("i", "idle samples count in the line histogram"),
    ("a", "numbers and queues that were never used too"),
    ("[  ]", "the other boards of this name"),
    ("Ctrl-L  Ctrl-Z", "draw anew; stop, as other programs do"),
    ("q Q Ctrl-C", "quit"),
    ("", ""),
    ("DOES", "work, wait or idle: the class of the line that the thread is at"),
    ("1s 10s 60s", "load: share of time with a job in hand, over these windows"),
    ("SEEN", "every look since then found it at this line; < when it came after the last look"),
    ("!", "stalled: not idle, and nothing moved for a second"),
    ("bars", "one a second, the newest at the right; a dot is 0, a blank is not known"),
    ("SHARE", "of the samples that are not idle, unless i was pressed"),
    ("", ""),
    ("", "The daemon notices nothing of this: its board is read, and nothing else is done."),
];

pub(super) fn page(ink: Ink) -> Page<'static> {
    let line = |(key, what): &(&str, &str)| -> Line<'static> {
        let mut line = Pieces::default();
        line.plain(" ").add(left(key, 22), ink.title()).plain(*what);
        line.line(100)
    };
    Page::text(vec![heading(ink, " KEYS AND COLUMNS", 100)], KEYS.iter().map(line).collect())
}
