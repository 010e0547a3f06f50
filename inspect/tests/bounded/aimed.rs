//! Boards each of which says much by little in a way of its own: texts that grow sixfold in JSON, said wherever they can
//! be; lists of names; threads that as many queues call theirs.

use probe::layout::*;

/// What a word is, by its section's kind, its record, and its place in that.
type Word = fn(u64, u64, u64) -> u64;
/// A board: its name, its sections (kind and records), its words.
type Aimed = (&'static str, Vec<(u64, u64)>, Word);

const TEXTS: (u64, u64) = (1, 16 << 20);
/// Of a text that is no character, but an escape each.
const CONTROLS: u64 = 0x0101_0101_0101_0101;

/// A reference of 1,024 bytes of text, by a number.
fn long_text(number: u64) -> u64 {
    TextRef { offset: (number % 16_000 * 1_024) as u32, length: 1_024 }.to_word()
}

/// A word of a number's record.
fn metric(kind: MetricKind, record: u64, word: u64, list: u64) -> u64 {
    match word {
        0 => 1 << 8 | METRIC_LIVE,
        1 => kind as u64,
        2 => TextRef { offset: record as u32, length: 8 }.to_word(),
        6 | 7 => list,
        _ => 0,
    }
}

/// Nearly all texts there are, from a place of its own on.
fn list(record: u64) -> u64 {
    TextRef { offset: record as u32, length: 15 << 20 }.to_word()
}

/// A word of a site's record.
fn site(record: u64, word: u64, flags: u64) -> u64 {
    match word {
        0 => 0x5000 + 8 * record,
        2 => record << 32,
        1 | 3 | 4 => long_text(3 * record + word),
        5 => Class::Wait as u64 | SITE_ARG | flags,
        6 => 1 + 2 * record,
        _ => 0,
    }
}

/// A word of what belongs to a thread that holds a number by its scope, and waits for the next one's.
fn thread(kind: u64, record: u64, word: u64) -> u64 {
    match (kind, word) {
        (5, 0) => 5 << 8 | SLOT_LIVE,
        (5, 1) => 100 + record,
        (5, 2 | 3) => CONTROLS,
        (6, 0 | 128) => 17,
        (6, word) => match word % 128 % 4 {
            0 if word % 128 >= 8 => 0x5000 + 8 * (record + word),
            1 => 0x5000 + 8 * record,
            2 => record + 1,
            3 => record,
            _ => 0,
        },
        (9, 0) => 3,
        (9, 1) => 1,
        (9, 2) => 5,
        _ => 0,
    }
}

// long: a board is a case
/// All of them.
pub(crate) fn boards() -> Vec<Aimed> {
    vec![
        ("ratios of the same lists", vec![TEXTS, (3, 16_383)], |kind, record, word| match kind {
            1 if word % 8 == 0 => 0x0a61_6161_6161_6161,
            1 => 0x6161_6161_6161_6161,
            _ => metric(MetricKind::Ratio, record, word, list(record)),
        }),
        ("ratios of empty lines", vec![TEXTS, (3, 16_383)], |kind, record, word| match kind {
            1 => 0x0a0a_0a0a_0a0a_0a0a,
            _ => metric(MetricKind::Ratio, record, word, list(record)),
        }),
        (
            "queues of the same threads",
            vec![TEXTS, (3, 16_383), (5, 8_192), (6, 8_192), (9, 8_192), (10, 1_024)],
            |kind, record, word| match kind {
                1 => 0x6161_6161_6161_6161,
                3 => metric(MetricKind::Queue, record, word, 0),
                10 => u64::from(word == 0) << 20,
                _ => thread(kind, record, word),
            },
        ),
        (
            "controls in every scope",
            vec![TEXTS, (2, 65_536), (5, 8_192), (6, 8_192), (9, 8_192)],
            |kind, record, word| match kind {
                1 => CONTROLS,
                2 => site(record, word, SITE_SCOPE),
                _ => thread(kind, record, word),
            },
        ),
        (
            "controls in every status",
            vec![TEXTS, (2, 8_192), (7, 1), (15, 16_464)],
            |kind, record, word| match (kind, word) {
                (1, _) => CONTROLS,
                (2, _) => site(record, word, SITE_STATUS),
                (7, _) => 5,
                (15, 0) => 1 << 8 | METRIC_LIVE,
                (15, 1) => 0x5000 + 8 * record,
                (15, 5) => 0x4020,
                (15, 8) => 10,
                (15, 11..16) => status_entry(record * 5 + word, word),
                (15, 16..22) => status_entry(record * 7 + word, 9),
                _ => CONTROLS,
            },
        ),
        (
            "controls in the names of locks",
            vec![TEXTS, (2, 65_536), (5, 8_192), (6, 8_192), (21, 16_384)],
            |kind, record, word| match (kind, word) {
                (1, _) => CONTROLS,
                (2, _) => site(record, word, 0),
                // Each wants the lock of the one after the next.
                (5, 7) => 5,
                (5, 8) => 1 << 16 | ((record + 2) % 8_192 + 1),
                (5, 9) => WaitHow::Exclusive as u64,
                (21, 0) => 1 << 8 | METRIC_LIVE,
                (21, 1) => LockKind::Mutex as u64 | LOCK_NAMED,
                (21, 2) => 0x5000 + 8 * record,
                (21, 4) => held(party((record % 8_192) as usize, 5), 1),
                (21, 7) => 3,
                (21, _) => 77,
                _ => thread(kind, record, word),
            },
        ),
    ]
}
