//! The keys.

use super::page::{Ink, Page};

const KEYS: &[(&str, &str)] = &[
    ("1 to 6, Tab, ShiftTab", "overview, threads, queues, numbers, lines, operations"),
    ("Up Down, j k", "select; PgUp PgDn, Ctrl-D Ctrl-U a page; g G the ends"),
    ("Enter", "a thread or an operation in detail; Esc leads back"),
    ("/", "only what contains this (or matches it, with * or ?)"),
    ("s  r", "the next order; turn it round"),
    ("p, Space", "pause: nothing moves; the board is watched on"),
    ("w  W", "a longer, shorter window of the histogram: 1 s to 1 m"),
    ("i", "idle samples count in the histogram"),
    ("a", "also numbers never used, and operations that ended"),
    ("[  ]", "the other boards of this name"),
    ("Ctrl-L  Ctrl-Z", "draw anew; stop, as other programs do"),
    ("q  Q  Ctrl-C", "quit"),
    ("", ""),
    ("STATE", "class of the line that it is at: work, wait or idle"),
    ("1s 10s 60s", "load: share of time with a job in hand"),
    ("CHANGED", "at this line for so long; < at most: it came later, or it runs"),
    ("!", "stalled: not idle, neither moved nor ran for a second; or leaked"),
    ("bars", "one a second, the last at the right; dot 0, blank unknown"),
    ("numbers", "below them what the selected one means; all: --help-numbers"),
    ("SHARE", "of the samples that are not idle, unless i was pressed"),
];

pub(super) fn page(ink: Ink, columns: usize) -> Page<'static> {
    Page::meanings(" KEYS AND COLUMNS", KEYS, ink, columns)
}
