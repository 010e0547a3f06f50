//! Labels that may be anything, through every form: each is read back by its reader, and none is obeyed.
#![no_main]

use inspect::export::{self, Format};
use inspect::recording::{BoardInfo, Entry, Sink, SiteInfo};
use inspect::render::json;
use inspect::report::{Options, Tally};
use inspect::words::label::Label;
use inspect::words::term::term;
use libfuzzer_sys::fuzz_target;
use scoreboard_fuzz::{Input, is_plain};

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let mut labels = Vec::new();
    while !input.is_empty() && labels.len() < 8 {
        let length = usize::from(input.byte() % 64);
        labels.push(Label::from_bytes(input.bytes(length)));
    }
    labels.resize(8, Label::from_bytes(b"x"));
    for label in &labels {
        assert!(is_plain(&term(label.raw())));
        let line = json::line(&label.raw()).expect("JSON");
        assert!(
            is_plain(&line) && serde_json::from_str::<String>(&line).expect("JSON") == label.raw()
        );
    }
    let mut tally = Tally::new(Options::default());
    let mut put = |entry: Entry| tally.put(&entry).expect("within its limits");
    let [name, build, program, file, function, label, thread, other] = &labels[..] else { return };
    put(Entry::Start { rate_mhz: 1_000_000, wall_ns: 9 });
    let mut board = BoardInfo::default();
    (board.name, board.build, board.program) = (name.clone(), build.clone(), program.clone());
    put(Entry::Board(board));
    for (line, label) in [(1, label), (2, other)] {
        let mut site = SiteInfo::default();
        (site.file, site.function, site.label) = (file.clone(), function.clone(), label.clone());
        (site.line, site.column) = (line, 3);
        put(Entry::Site(site));
    }
    put(Entry::Stack(vec![0]));
    put(Entry::Stack(vec![0, 1]));
    put(Entry::Thread { board: 0, tid: 7, name: thread.clone() });
    for tick in 0..6 {
        put(Entry::At { thread: 0, stack: tick % 2 });
        put(Entry::Ticks { at_ns: u64::from(tick) * 1_000_000, count: 1 });
    }
    let text = |format| String::from_utf8(export::export(format, &tally)).expect("text");
    let table = text(Format::Csv);
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    assert_eq!(rows.records().filter(|row| row.is_ok()).count(), 2);
    let speedscope = text(Format::Speedscope);
    serde_json::from_str::<serde_json::Value>(&speedscope).expect("JSON");
    assert!(is_plain(&speedscope));
    let folded = text(Format::Folded);
    assert_eq!(folded.lines().count(), 2);
    assert!(
        folded
            .lines()
            .all(|line| line.rsplit_once(' ').is_some_and(|(_, n)| n.parse::<u64>().is_ok()))
    );
    for format in [Format::Svg, Format::Timeline] {
        let svg = text(format);
        assert!(is_plain(&svg) || svg.contains('\t'));
        assert_eq!(svg.matches("<script").count(), svg.matches("</script").count());
    }
    let _ = export::export(Format::Pprof, &tally);
});
