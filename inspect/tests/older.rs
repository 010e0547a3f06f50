//! Boards of older layouts, as programs of their time wrote them: `golden/board-MAJOR.MINOR.dump.deflate` is what
//! `inspect dump` saved of `fixture-behave NAME numbers` (and `operations`), packed.

use inspect::model::BoardReport;
use inspect::{OpenBoard, Target};

/// Bytes of a golden file that are kept in the repository at most, and of a board.
const SMALL: usize = 64 << 10;
const BOARD: usize = 4 << 20;

#[track_caller]
fn golden(version: &str) -> BoardReport {
    let path = format!("{}/tests/golden/board-{version}.dump.deflate", env!("CARGO_MANIFEST_DIR"));
    let packed = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert!(packed.len() <= SMALL, "{path}: {} bytes", packed.len());
    let bytes = miniz_oxide::inflate::decompress_to_vec_with_limit(&packed, BOARD).expect(&path);
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("saved");
    std::fs::write(&file, bytes).expect("written");
    let mut boards = inspect::open(&Target::File(file)).expect(&path);
    boards.iter_mut().map(OpenBoard::report).next().expect("one").expect(&path)
}

#[test]
fn boards_of_layouts_1_0_and_1_1_show_their_numbers() {
    for version in ["1.0", "1.1"] {
        let report = golden(version);
        assert_eq!(report.layout_version, version);
        assert_eq!(report.name.raw(), format!("golden-1-{}", &version[2..]));
        assert!(report.remarks.is_empty() && report.reader.torn == 0, "{:?}", report.remarks);
        let counter = |name: &str| {
            report.counters.iter().find(|one| one.name.raw() == name).map(|one| one.value)
        };
        assert_eq!((counter("counted"), counter("halved")), (Some(1000), Some(500)), "{version}");
        let level = report.gauges.iter().find(|one| one.name.raw() == "level").expect("level");
        assert_eq!((level.value, level.max), (-4, 9));
        let spread = report.histograms.iter().find(|one| one.name.raw() == "spread").expect("one");
        assert_eq!((spread.count, spread.sum), (1000, 500_500));
        let values = spread.values.since_start;
        assert_eq!(values.max, Some(1000));
        assert!(values.p50.is_some_and(|p50| (469..=531).contains(&p50)), "{values:?}");
        let progress = &report.progress[0];
        assert_eq!((progress.done, progress.total), (30, 40));
        assert_eq!(report.facts.len(), 1);
        assert_eq!(report.heartbeats.len(), 2);
        let thread = &report.threads[0];
        assert_eq!((thread.line, thread.stalled), (Some(202), true), "{version}: {thread:?}");
        assert!(thread.label.as_ref().is_some_and(|label| label.raw() == "counted"));
    }
}

#[test]
fn operations_of_layout_1_1_have_their_age_status_and_peer() {
    let report = golden("1.1-ops");
    assert_eq!(report.layout_version, "1.1");
    let op = |kind: &str| report.ops.iter().find(|op| op.kind.raw() == kind).expect("in flight");
    let text = |text: &Option<inspect::words::label::Label>| {
        text.as_ref().map(|text| text.raw().to_owned())
    };
    let request = op("request");
    assert_eq!(text(&request.status).as_deref(), Some("lock"));
    assert_eq!(text(&request.label).as_deref(), Some("GET /user/42"));
    assert!(request.age_ns > 2_000_000_000 && request.age_ns < 60_000_000_000);
    assert_eq!(text(&op("connection").peer).as_deref(), Some("10.0.0.7:52044"));
    assert!(op("job").leaked && op("secret").sensitive);
}
