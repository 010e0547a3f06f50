//! Each form against what its readers expect.

use probe::layout::Class;

use super::*;
use crate::recording::{BoardInfo, Entry, SiteInfo};
use crate::report::Options;
use crate::words::label::Label;

/// One thread with a hostile name: 60 samples at a line in a scope, 40 torn.
fn tally() -> Tally {
    let site = |line, scope, label: &str| {
        Entry::Site(SiteInfo {
            board: 0,
            file: Label::from("src/a.rs"),
            line,
            column: 3,
            function: Label::from("a::f"),
            label: Label::from(label),
            class: Class::Wait,
            scope,
            counted: false,
        })
    };
    let text = Label::from;
    let board = BoardInfo {
        name: text("d"),
        pid: 1,
        instance: 1,
        build: text(""),
        program: text(""),
        built_ns: 0,
    };
    let mut tally = Tally::new(Options::default());
    let entries = [
        Entry::Start { rate_mhz: 1_000_000, wall_ns: 9 },
        Entry::Board(board),
        site(10, true, "a;b"),
        site(11, false, "]]><script>"),
        Entry::Stack(vec![0, 1]),
        Entry::Thread { board: 0, tid: 5, name: text("=w\"x\"<&\n") },
        Entry::At { thread: 0, stack: 0 },
        Entry::Ticks { at_ns: 0, count: 60 },
    ];
    entries.iter().for_each(|entry| tally.take(entry));
    for tick in 60..100 {
        tally.take(&Entry::Torn { thread: 0 });
        tally.take(&Entry::Ticks { at_ns: tick * 1_000_000, count: 1 });
    }
    tally.finish();
    tally
}

#[test]
fn folded_stacks_have_one_separator_a_frame() {
    assert_eq!(
        folded(&tally()),
        "=w\"x\"<&\\x0a;a,b (a.rs:10);]]><script> (a.rs:11) 60\n=w\"x\"<&\\x0a;(torn) 40\n"
    );
}

#[test]
fn values_are_quoted_and_no_formulas() {
    let csv = csv(&tally());
    let rows: Vec<&str> = csv.split("\r\n").collect();
    assert!(
        rows[1].starts_with("d,1,\"'=w\"\"x\"\"<&\\x0a\",5,wait,src/a.rs,11,a::f,"),
        "{}",
        rows[1]
    );
    assert!(rows[1].ends_with(",60,0.600000"), "{}", rows[1]);
}

#[test]
fn the_flame_graph_is_one_harmless_file() {
    let svg = svg(&tally());
    assert_eq!(svg.matches("<g class=\"f\"").count(), 5);
    assert_eq!(svg.matches("<script>").count(), 1, "the one of ours");
    assert_eq!(svg.matches("]]>").count(), 1);
    assert!(svg.contains("]]&gt;&lt;script&gt; (a.rs:11): 60 samples, 60.0%"));
    // No address but the names of the format itself.
    assert_eq!(svg.matches("http").count(), 1);
}

#[test]
fn speedscope_weights_are_time_and_frames_are_shared() {
    let tally = tally();
    let document = serde_json::to_value(speedscope(&tally)).expect("serializes");
    let profile = &document["profiles"][0];
    assert_eq!(profile["weights"], serde_json::json!([60_000_000, 40_000_000]));
    assert_eq!(profile["endValue"], 100_000_000);
    assert_eq!(profile["samples"], serde_json::json!([[0, 1], [2]]));
    assert_eq!(document["shared"]["frames"][1]["line"], 11);
}

#[test]
fn pprof_unpacks_to_its_fields() {
    let packed = pprof(&tally());
    let body = &packed[10..packed.len() - 8];
    let bytes = miniz_oxide::inflate::decompress_to_vec(body).expect("deflate");
    assert_eq!(packed[packed.len() - 4..], (bytes.len() as u32).to_le_bytes());
    let mut fields = std::collections::BTreeMap::<u64, usize>::new();
    let mut rest = crate::recording::wire::Bytes(&bytes);
    while !rest.is_empty() {
        let key = rest.number().expect("a key");
        *fields.entry(key >> 3).or_default() += 1;
        let value = rest.number().expect("a value");
        if key & 7 == 2 {
            rest.take(value as usize).expect("bytes");
        }
    }
    // Two types, two samples, four places.
    assert_eq!((fields[&1], fields[&2], fields[&4], fields[&5]), (2, 2, 4, 4));
}

#[test]
fn pictures_follow_the_screen_that_they_are_read_on() {
    for picture in
        [svg(&tally()), timeline(&tally()), bottle(&tally()), difference(&tally(), &tally())]
    {
        let (head, _) = picture.split_once('>').expect("an element");
        let head = format!("{head}{}", &picture[head.len()..600.min(picture.len())]);
        assert!(head.contains("width=\"100%\" viewBox=\"0 0 1200 "), "{head}");
        assert!(picture.contains("@media(prefers-color-scheme:dark){.page{"), "{head}");
        // Nothing behind the text has a colour that only one of the two can have.
        assert!(!picture.contains("fill=\"#fff\"") && !picture.contains("fill=\"#333\""), "{head}");
    }
}
