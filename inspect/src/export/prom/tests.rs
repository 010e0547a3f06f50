use super::exposition::{Dialect, Exposition, Kind, MOST, MOST_OF_ONE, Value};
use super::names::{key, moved, part, unit, with_unit};
use super::powers::Native;
use super::prom;
use crate::model::{BoardReport, StatusTotal};
use crate::words::label::Label;

fn one(value: u64) -> Value {
    Value::One(value.to_string())
}

fn labels(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_label_cannot_forge_a_line() {
    let mut all = Exposition::default();
    let forged = "x\"} 1\nup{job=\"payments\"} 0 # \\ \u{1b}[2J\u{202e}";
    all.add(("a", Kind::Gauge, "b\nc\\ \"d\""), &labels(&[("k", forged)]), one(1));
    for dialect in [Dialect::Text, Dialect::OpenMetrics] {
        let text = all.text(dialect);
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(samples.len(), 1, "{text}");
        assert!(samples[0].starts_with("a{k=\"x\\\"} 1"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
        let help = text.lines().find(|line| line.starts_with("# HELP")).expect("help");
        assert!(help.starts_with("# HELP a b"), "{help}");
    }
    assert!(all.text(Dialect::OpenMetrics).ends_with("# EOF\n"));
}

#[test]
fn no_series_stands_there_twice_and_no_name_is_of_two_kinds() {
    let mut all = Exposition::default();
    all.add(("a", Kind::Gauge, "h"), &labels(&[("k", "v")]), one(1));
    all.add(("a", Kind::Gauge, "h"), &labels(&[("k", "v")]), one(2));
    assert_eq!(all.left_out, 1);
    // A counter of the same name, and a gauge called as a part of a histogram.
    all.add(("a", Kind::Counter, "h"), &[], one(3));
    all.add(
        ("b", Kind::Histogram, "h"),
        &[],
        Value::Buckets { up_to: vec![], count: 0, sum: "0".into(), native: Native::default() },
    );
    all.add(("b_sum", Kind::Gauge, "h"), &[], one(4));
    let text = all.text(Dialect::Text);
    for line in ["a{k=\"v\"} 1", "a_as_counter_total 3", "b_count 0", "b_sum_as_gauge 4"] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert_eq!(text.matches("# TYPE").count(), 4, "{text}");
}

#[test]
fn series_are_bounded_and_those_left_out_are_counted() {
    let mut all = Exposition::default();
    for n in 0..MOST_OF_ONE + 7 {
        all.add(("a", Kind::Gauge, "h"), &labels(&[("n", &n.to_string())]), one(1));
    }
    assert_eq!((all.series(), all.left_out), (MOST_OF_ONE, 7));
    for n in 0..MOST {
        all.add((&format!("b{n}"), Kind::Gauge, "h"), &[], one(1));
    }
    assert_eq!(all.series(), MOST - 3);
    all.add_reserved(("scoreboard_series", Kind::Gauge, "h"), &[], MOST.to_string());
    assert_eq!(all.series(), MOST - 2);
    assert_eq!(all.left_out, 7 + MOST_OF_ONE + 3);
}

#[test]
fn names_and_units_are_as_prometheus_has_them() {
    let label = |text: &str| unit(Some(&Label::from(text)));
    assert_eq!(with_unit("a_ms", "", label("ms")), "a_seconds");
    assert_eq!(with_unit("a_bytes", "_max", label("B")), "a_max_bytes");
    assert_eq!(with_unit("a", "", label("requests")), "a");
    assert_eq!((moved(1_500_000, 9), moved(-1, 3)), ("0.0015".to_owned(), "-0.001".to_owned()));
    assert_eq!(moved(u64::MAX.into(), 9), "18446744073.709551615");
    assert_eq!((part("größe/s"), part("9"), part("")), ("gr__e_s".into(), "_9".into(), "_".into()));
    assert_eq!(
        (key("le"), key("__name__"), key("shard")),
        ("label_le".into(), "label_name__".into(), "shard".into())
    );
}

#[test]
fn numbers_are_in_base_units() {
    for (name, of, value, said, shown) in [
        ("uptime_hours", "hours", 36, "uptime_seconds", "129600"),
        ("uptime", "h", 1, "uptime_seconds", "3600"),
        ("lag_min", "minutes", 2, "lag_seconds", "120"),
        ("kept_days", "days", 2, "kept_seconds", "172800"),
        ("cache_kib", "KiB", 3, "cache_bytes", "3072"),
        ("full_percent", "%", 42, "full_ratio", "0.42"),
        ("took_ns", "ns", 1_500_000_000, "took_seconds", "1.5"),
        // What is no unit stays out of the name.
        ("batch_jobs", "jobs", 7, "batch_jobs", "7"),
    ] {
        let unit = unit(Some(&Label::from(of)));
        assert_eq!((with_unit(name, "", unit).as_str(), unit.value(value).as_str()), (said, shown));
    }
}

/// Naively the second row was a series of no name of its own, and the counter of a status jumped from one row's time to
/// the other's whenever they changed places.
#[test]
fn a_status_is_one_series_whether_parts_run_in_it_or_not() {
    let row = |in_parts: bool, in_flight: u64, total_ns: u64| StatusTotal {
        status: Label::from("run"),
        idle: false,
        in_parts,
        counted_ns: 0,
        in_flight,
        oldest_ns: None,
        taken: 1,
        total_ns,
    };
    let mut board = BoardReport::for_tests("d", 1);
    board.op_statuses = vec![row(true, 1, 3_000_000_000), row(false, 2, 500_000_000)];
    let text = prom(&[board], Dialect::Text);
    let of = |name: &str| {
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with(name)).collect();
        rows.iter().map(|row| row.rsplit(' ').next().expect("a value")).collect::<Vec<_>>()
    };
    assert_eq!(of("scoreboard_ops_in_status{"), ["3"], "{text}");
    assert_eq!(of("scoreboard_ops_status_seconds_total{"), ["3.5"], "{text}");
    assert_eq!(of("scoreboard_series_left_out"), ["0"], "{text}");
}
