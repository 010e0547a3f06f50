//! 100,000 hostile labels through the escaper of every sink, and as many as there is time for through every
//! document, each read by the parser of those who will read it.

use std::collections::HashSet;

use probe::layout::Class;

use super::cells::SPELLED;
use super::*;
use crate::recording::{BoardInfo, Entry, Sink, SiteInfo};
use crate::render::{Look, json};
use crate::report::{self, Options, answer};
use crate::words::label::Label;
use crate::words::term::{printable, term};

const ROUNDS: u64 = 6;
const LABELS: u32 = 500;

/// What has broken a sink somewhere: escapes and their eight-bit forms, turning marks, ends of quotes, of markup,
/// of lines and of fields, what is no character, formulas.
const PIECES: [&str; 36] = [
    "\x1b]0;X\x07",
    "\x1b[31m",
    "\u{9b}31m",
    "\u{9d}0;X\u{9c}",
    "\u{7f}",
    "\0",
    "\x08",
    "\r",
    "\n",
    "\t",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{feff}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{1fffe}",
    "\u{10ffff}",
    "\u{fdd0}",
    "\u{e0041}",
    "\u{fffd}",
    "\"",
    "'",
    "]]>",
    "<script>",
    "&#0;",
    "&",
    "-->",
    ";",
    ",",
    "=1+1",
    "\\u001b",
    "größe 表",
];

fn labels(round: u64) -> Vec<String> {
    let mut random = round * 2 + 1;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    (0..LABELS)
        .map(|number| {
            let mut text = String::new();
            for _ in 0..1 + next(4) {
                text.push_str(PIECES[next(PIECES.len())]);
                // Any character at all.
                text.extend(char::from_u32(next(0x11_0000) as u32));
            }
            format!("{text}{number}")
        })
        .collect()
}

/// A line of each label, on a thread and in a function that are called like it, seen once.
fn tally(labels: &[String]) -> Tally {
    let hostile = |text: &str| Label::from(text);
    let mut tally = Tally::new(Options::default());
    let mut put = |entry: Entry| tally.put(&entry).expect("within its limits");
    put(Entry::Start { rate_mhz: 1_000_000, wall_ns: 9 });
    put(Entry::Board(BoardInfo {
        name: hostile(&labels[0]),
        pid: 1,
        instance: 1,
        build: hostile(&labels[1]),
        program: hostile(&labels[2]),
        built_ns: 0,
    }));
    for (site, label) in (0..).zip(labels) {
        let label = hostile(label);
        let (file, function) = (label.clone(), label.clone());
        let class = Class::Work;
        let at = SiteInfo {
            board: 0,
            file,
            line: site,
            column: 3,
            function,
            label,
            class,
            scope: false,
            counted: false,
        };
        put(Entry::Site(at));
        put(Entry::Stack(vec![site]));
    }
    for (thread, name) in (0..).zip(&labels[..8]) {
        put(Entry::Thread { board: 0, tid: thread, name: hostile(name) });
    }
    for tick in 0..LABELS {
        put(Entry::At { thread: tick % 8, stack: tick });
        put(Entry::Ticks { at_ns: u64::from(tick) * 1_000_000, count: 1 });
    }
    put(Entry::BoardEnd { board: 0, verdict: hostile(&labels[3]) });
    put(Entry::End { duration_ns: u64::from(LABELS) * 1_000_000, why: hostile(&labels[4]) });
    tally.finish();
    tally
}

/// What a terminal gets: nothing but characters that it shows, line feeds, and colours of our own.
fn shown(text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(|char| char != '\n' && !printable(char)) {
        let sgr = rest[at..].strip_prefix("\x1b[").and_then(|rest| rest.split_once('m'));
        let (codes, after) =
            sgr.unwrap_or_else(|| panic!("{:?}", rest[at..].chars().take(9).collect::<String>()));
        assert!(
            codes.len() < 12 && codes.chars().all(|c| c.is_ascii_digit() || c == ';'),
            "{codes:?}"
        );
        rest = after;
    }
}

/// A document that a parser takes, in which every character is one that XML has. Returns its elements.
fn xml(text: &str) -> usize {
    let allowed = |c: char| matches!(c, '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}');
    assert!(text.chars().all(allowed), "{:?}", text.chars().find(|&c| !allowed(c)));
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().enable_all_checks(true);
    let mut elements = 0;
    loop {
        match reader.read_event().expect("well-formed") {
            quick_xml::events::Event::Start(element) | quick_xml::events::Event::Empty(element) => {
                elements += 1;
                for attribute in element.attributes() {
                    attribute.expect("an attribute");
                }
            }
            quick_xml::events::Event::Eof => return elements,
            _ => {}
        }
    }
}

fn parsed(text: &str) -> serde_json::Value {
    // Nobody who prints it on a terminal is worse off than with the table.
    assert!(text.chars().all(|char| char == '\n' || printable(char)));
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn hostile_labels_come_out_of_every_document_as_text() {
    let look = Look { columns: 200, color: true, ..Look::default() };
    for round in 0..ROUNDS {
        let labels = labels(round);
        let raw: HashSet<&str> = labels.iter().map(String::as_str).collect();
        let tally = tally(&labels);
        let answer = answer(&tally);
        assert_eq!(answer.rows.len(), labels.len());
        // Tables.
        shown(&report::text::report(&tally, &answer, &look, usize::MAX));
        shown(&report::timeline::text(&tally, &answer, &look));
        shown(&folded(&tally));
        let changes = report::diff::changes((&tally, &answer), (&tally, &answer));
        shown(&report::diff::text(&changes, &look));
        // JSON gives back what was on the board.
        let document = json::pretty(&report::json::report(&tally, &answer)).expect("serializes");
        let document = parsed(&document);
        let rows = document["lines"].as_array().expect("rows");
        assert!(
            rows.iter().all(|row| row["label"].as_str().is_some_and(|text| raw.contains(text)))
        );
        let document = String::from_utf8(export(Format::Speedscope, &tally)).expect("text");
        assert_eq!(
            parsed(&document)["shared"]["frames"].as_array().map(Vec::len),
            Some(labels.len())
        );
        parsed(&json::pretty(&report::diff::json(&changes, &answer, &answer)).expect("serializes"));
        parsed(&json::pretty(&report::timeline::json(&tally)).expect("serializes"));
        // CSV has the fields that it should have, and no formula.
        let table = csv(&tally);
        let mut reader = ::csv::Reader::from_reader(table.as_bytes());
        let spelled: HashSet<String> = labels.iter().map(|label| term(label)).collect();
        let mut rows = 0;
        for row in reader.records() {
            let row = row.expect("a row");
            assert_eq!(row.len(), 12);
            let known = |text: Option<&str>| text.is_some_and(|text| spelled.contains(text));
            assert!(known(Some(&row[8])) || known(row[8].strip_prefix('\'')), "{row:?}");
            assert!(row.iter().all(|field| !field.starts_with(['=', '+', '-', '@'])), "{row:?}");
            assert!(row.iter().all(|field| field.chars().all(printable)), "{row:?}");
            rows += 1;
        }
        assert_eq!(rows, labels.len());
        // Pictures.
        assert!(xml(&svg(&tally)) > labels.len());
        xml(&timeline(&tally));
        xml(&bottle(&tally));
        xml(&difference(&tally, &tally));
    }
}

#[test]
fn a_hundred_thousand_hostile_labels_go_through_every_escaper() {
    for round in 0..100_000 / u64::from(LABELS) {
        let labels = labels(1_000 + round);
        let terms: Vec<String> = labels.iter().map(|label| term(label)).collect();
        shown(&terms.join("\n"));
        let marked: Vec<String> = labels
            .iter()
            .map(|label| page::escape(label))
            .map(|text| format!("<a b=\"{text}\" c='{text}'>{text}</a>"))
            .collect();
        assert_eq!(xml(&format!("<x>{}</x>", marked.concat())), labels.len() + 1);
        let back = parsed(&json::line(&labels).expect("serializes"));
        assert_eq!(back, serde_json::json!(labels));
        let lines: Vec<String> = labels.iter().map(|label| csv::quote(label)).collect();
        let lines = lines.join("\r\n");
        let mut reader =
            ::csv::ReaderBuilder::new().has_headers(false).from_reader(lines.as_bytes());
        for (row, term) in reader.records().zip(&terms) {
            let row = row.expect("a row");
            assert_eq!(
                (row.len(), row[0].trim_start_matches('\'')),
                (1, term.trim_start_matches('\''))
            );
        }
    }
}

#[test]
fn the_checks_see_what_came_out_raw_before() {
    let raw =
        |what: fn(&str), text: &'static str| std::panic::catch_unwind(move || what(text)).is_err();
    for text in ["a\u{9b}31m", "a\x1b]0;X\x07", "a\u{202e}", "a\u{ffff}"] {
        assert!(raw(shown, text), "{text:?}");
    }
    shown("\x1b[1;31mred\x1b[0m\n");
    for text in ["<a>\u{fffe}</a>", "<a>\x1b</a>", "<a><b></a>", "<a b='1' b='2'/>"] {
        assert!(raw(|text| assert!(xml(text) > 0), text), "{text:?}");
    }
    assert!(raw(|text| drop(parsed(text)), "\"\u{7f}\""));
}

/// A stack says its frames again with each cell: 500 cells of 200 frames, each of a kilobyte, of a recording that is
/// half as large as one of them.
#[test]
fn what_repeats_its_frames_is_bounded_and_its_sums_stay_right() {
    let label = "x".repeat(1_000);
    let labels: Vec<String> = (0..LABELS).map(|number| format!("{label}{number}")).collect();
    let mut tally = tally(&labels);
    let mut put = |entry: Entry| tally.put(&entry).expect("within its limits");
    for stack in 0..500 {
        // Deeper than any probe nests, too.
        let sites = (0..400).map(|step| (stack * 7 + step) % LABELS).collect();
        put(Entry::Stack(sites));
        put(Entry::At { thread: stack % 8, stack: LABELS + stack });
        put(Entry::Ticks { at_ns: u64::from(LABELS + stack) * 1_000_000, count: 1 });
    }
    tally.finish();
    let counted: u64 =
        tally.cells.iter().filter(|cell| cell.row.is_some()).map(|cell| cell.samples).sum();
    let folded = folded(&tally);
    let sum: u64 = folded
        .lines()
        .map(|line| line.rsplit_once(' ').expect("a count").1.parse::<u64>().expect("a number"))
        .sum();
    assert_eq!(sum, counted, "nothing is lost");
    assert!(folded.lines().any(|line| line.starts_with("(other);(other) ")), "it is said");
    for (form, most) in [
        (Format::Folded, 2),
        (Format::Csv, 2),
        (Format::Speedscope, 2),
        (Format::Pprof, 1),
        // Frames stand in it with their place and a title of their own.
        (Format::Svg, 8),
    ] {
        let bytes = export(form, &tally).len();
        assert!(bytes <= most * SPELLED, "{form:?}: {bytes}");
    }
    assert!(difference(&tally, &tally).len() <= 16 * SPELLED);
    let answer = answer(&tally);
    let text = json::pretty(&report::json::report(&tally, &answer)).expect("serializes");
    assert!(text.len() <= 2 * SPELLED, "{}", text.len());
    let document = parsed(&text);
    let stacks = document["stacks"].as_array().expect("stacks");
    let sum: u64 = stacks.iter().filter_map(|stack| stack["samples"].as_u64()).sum();
    assert_eq!(sum, counted, "nothing is lost");
    let last = stacks.last().expect("one");
    assert_eq!(
        (last["thread"].as_str(), last["frames"][0]["label"].as_str()),
        (None, Some("(other)"))
    );
}

/// The form has tables of its own for each thread: a recording of four kilobytes made six gigabytes of it.
#[test]
fn threads_without_number_are_bounded_in_a_firefox_profile_and_its_sums_stay_right() {
    const THREADS: u32 = 20_000;
    let mut course = Course::new(Options::default());
    let mut put = |entry: Entry| course.put(&entry).expect("within its limits");
    put(Entry::Start { rate_mhz: 1_000_000, wall_ns: 9 });
    let text = || Label::from("a");
    let board = BoardInfo {
        name: text(),
        pid: 1,
        instance: 1,
        build: text(),
        program: text(),
        built_ns: 0,
    };
    put(Entry::Board(board));
    put(Entry::Site(SiteInfo {
        board: 0,
        file: text(),
        line: 1,
        column: 1,
        function: text(),
        label: text(),
        class: Class::Work,
        scope: false,
        counted: false,
    }));
    put(Entry::Stack(vec![0]));
    for thread in 0..THREADS {
        put(Entry::Thread { board: 0, tid: thread.into(), name: text() });
        put(Entry::At { thread, stack: 0 });
    }
    put(Entry::Ticks { at_ns: 0, count: 1 });
    put(Entry::End { duration_ns: 1_000_000, why: text() });
    course.finish();
    let text = json::line(&firefox(&course, &Beside::default())).expect("serializes");
    assert!(text.len() <= 2 * SPELLED, "{}", text.len());
    let document = parsed(&text);
    let threads = document["threads"].as_array().expect("threads");
    let weights = threads.iter().filter_map(|thread| thread["samples"]["weight"].as_array());
    let sum: u64 = weights.flatten().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(sum, u64::from(THREADS), "nothing is lost");
    assert_eq!(threads.last().map(|thread| &thread["name"]), Some(&serde_json::json!("(other)")));
    assert!(threads.len() > 1_000, "{}", threads.len());
}
