//! Each form of `inspect export` in the hands of the tool that it is for.

use serde_json::Value;
use tests::build;
use tests::exported::{all_samples, exported, path, report, run, samples, text};
use tests::program::{self, Program, inspect};

#[test]
fn pprof_reads_its_own() {
    if !build::needs("go", "golang-go") {
        return;
    }
    let file = exported("pprof");
    let pprof = |how: &[&str]| run("go", &[&["tool", "pprof"], how, &[text(&file)]].concat());
    // Reading checks every id and every index of the string table.
    let raw = pprof(&["-raw"]);
    assert!(
        raw.contains("PeriodType: time nanoseconds")
            && raw.contains("samples/count time/nanoseconds"),
        "{raw}"
    );
    let mut sums = [0u64; 2];
    for row in raw.lines().skip_while(|line| !line.starts_with("samples/count")).skip(1) {
        let Some((values, _)) = row.split_once(':') else { break };
        let values: Vec<u64> =
            values.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        if let [samples, time] = values[..] {
            sums[0] += samples;
            sums[1] += time;
        }
    }
    assert_eq!(sums[0], all_samples(), "{raw}");
    let seconds = sums[1] as f64 / 1e9;
    let (ticks, length) = (&report()["ticks"], &report()["duration_ns"]);
    let tick = length.as_f64().expect("a time") / ticks.as_f64().expect("ticks") / 1e9;
    assert!((seconds - sums[0] as f64 * tick).abs() < 0.01, "{seconds} s");
    assert!(raw.contains("class:[wait] thread:[fixture-behave]"), "{raw}");
    // Its answer is ours: each line flat, the scope around them cumulative.
    let top = pprof(&["-top", "-sample_index=samples", "-nodefraction=0"]);
    for label in ["sixty", "thirty", "ten"] {
        // A label may stand at several lines.
        let rows = top.lines().filter(|line| line.contains(&format!(" {label} (shares.rs:")));
        let flat: u64 =
            rows.filter_map(|row| row.split_whitespace().next()?.parse::<u64>().ok()).sum();
        assert_eq!(flat, samples(label), "{label} in {top}");
    }
    let traces = pprof(&["-traces"]);
    let frames: Vec<&str> = traces
        .lines()
        .skip_while(|line| !line.contains(" sixty ("))
        .map(str::trim)
        .take(3)
        .collect();
    assert!(
        frames[1].starts_with("round (shares.rs:") && frames[2] == "fixture-behave",
        "innermost first: {traces}"
    );
}

/// Rebuilds a trace from its packets: for each thread the samples of each stack by their weights, the time in slices
/// of each name, and what is wrong with it.
const TRACE: &str = r#"
import json, sys
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as p
trace = p.Trace()
trace.ParseFromString(open(sys.argv[1], "rb").read())
B, E, I, C = 1, 2, 3, 4
names, functions, frames, stacks = {}, {}, {}, {}
tracks, open_, weights, times, wrong, levels, last = {}, {}, {}, {}, [], {}, {}
for packet in trace.packet:
    d = packet.interned_data
    for x in d.event_names: names[x.iid] = x.name
    for x in d.function_names: functions[x.iid] = x.str.decode()
    for x in d.frames: frames[x.iid] = (functions[x.function_name_id], x.line_number)
    for x in d.callstacks: stacks[x.iid] = [frames[f] for f in x.frame_ids]
    if packet.HasField("track_descriptor"): tracks[packet.track_descriptor.uuid] = packet.track_descriptor
    if not packet.HasField("track_event"): continue
    event = packet.track_event
    uuid, at = event.track_uuid, packet.timestamp
    if uuid not in tracks: wrong.append("no track %d" % uuid)
    if at < last.get(uuid, 0): wrong.append("back in time on %d" % uuid)
    last[uuid] = at
    if event.HasField("callstack_iid"):
        key = stacks[event.callstack_iid][-1][0]
        weights[key] = weights.get(key, 0) + event.callstack_weight
    if event.type == B: open_.setdefault(uuid, []).append((names[event.name_iid], at))
    elif event.type == E:
        if not open_.get(uuid): wrong.append("an end without a beginning"); continue
        name, since = open_[uuid].pop()
        times[name] = times.get(name, 0) + at - since
    elif event.type == C: levels.setdefault(tracks[uuid].name, []).append(event.double_counter_value)
wrong += ["%d not ended" % len(x) for x in open_.values() if x]
clock = [c.timestamp for x in trace.packet for c in x.clock_snapshot.clocks if c.clock_id == 1]
json.dump({"weights": weights, "times": times, "wrong": wrong, "levels": levels, "wall_ns": clock,
           "threads": [t.thread.thread_name for t in tracks.values() if t.HasField("thread")],
           "named": [t.name for t in tracks.values() if t.name]}, sys.stdout)
"#;

#[test]
fn perfetto_s_own_schema_reads_the_trace_and_finds_the_report_in_it() {
    let Some(python) = tests::python::python() else { return };
    let found = tests::python::run(&python, TRACE, &[text(&exported("perfetto"))]);
    let found: Value = serde_json::from_str(&found).expect("JSON");
    assert_eq!(found["wrong"], serde_json::json!([]));
    assert_eq!(found["threads"], serde_json::json!(["fixture-behave"]));
    let weights = found["weights"].as_object().expect("weights");
    assert_eq!(weights.values().filter_map(Value::as_f64).sum::<f64>() as u64, all_samples());
    let sum = |of: &Value, label: &str| -> f64 {
        let rows = of.as_object().expect("rows").iter();
        rows.filter(|(name, _)| name.starts_with(&format!("{label} (")))
            .filter_map(|(_, value)| value.as_f64())
            .sum()
    };
    let (duration, ticks) = (&report()["duration_ns"], &report()["ticks"]);
    let (duration, ticks) = (duration.as_f64().expect("a time"), ticks.as_f64().expect("ticks"));
    let tick = duration / ticks;
    // Of 1,000 a second: on a busy machine a few long gaps may all be in the slices of one label.
    let missed = (duration - ticks * 1e6).max(0.0);
    for label in ["sixty", "thirty", "ten"] {
        assert_eq!(sum(&found["weights"], label) as u64, samples(label), "{label}");
        // A slice is as long as its looks are apart; ticks that were missed are in it too.
        let (time, expected) = (sum(&found["times"], label), samples(label) as f64 * tick);
        assert!(
            (time - expected).abs() < 0.1 * expected + 5.0 * tick + missed,
            "{label}: {time} for {expected}"
        );
    }
    assert!(
        sum(&found["times"], "round")
            >= sum(&found["times"], "sixty") + sum(&found["times"], "thirty")
    );
    assert!(found["wall_ns"][0].as_f64().is_some_and(|ns| ns > 1.7e18), "{found}");
}

#[test]
fn operations_queues_and_gauges_of_a_live_process_are_in_the_trace() {
    let Some(python) = tests::python::python() else { return };
    let name = program::name("trace-ops");
    let (_program, _) = Program::behave(&name, &["operations"]);
    let to = path("live.perfetto");
    let _ = std::fs::remove_file(&to);
    assert!(
        inspect(&["export", "perfetto", &name, "-d", "500ms", "--idle", "-o", text(&to)])
            .status
            .success()
    );
    let found: Value =
        serde_json::from_str(&tests::python::run(&python, TRACE, &[text(&to)])).expect("JSON");
    assert_eq!(found["wrong"], serde_json::json!([]));
    let board = &program::document(&["-n", &name])["boards"][0];
    let named = found["named"].as_array().expect("names");
    for op in board["ops"].as_array().expect("operations") {
        assert!(named.contains(&op["kind"]), "{op} in {named:?}");
    }
    for gauge in board["gauges"]
        .as_array()
        .expect("gauges")
        .iter()
        .filter(|gauge| gauge["labels"] == serde_json::json!({}))
    {
        let level = &found["levels"][gauge["name"].as_str().expect("a name")];
        assert_eq!(level[0].as_f64(), gauge["value"].as_f64(), "{gauge} in {}", found["levels"]);
    }
}

#[test]
fn a_firefox_profile_has_the_form_and_the_sums_of_the_report() {
    let profile: Value =
        serde_json::from_slice(&std::fs::read(exported("firefox")).expect("it")).expect("JSON");
    assert_eq!(profile["meta"]["preprocessedProfileVersion"], 48);
    let categories = profile["meta"]["categories"].as_array().expect("categories").len() as u64;
    let mut sums = std::collections::BTreeMap::<String, u64>::new();
    for thread in profile["threads"].as_array().expect("threads") {
        // Columns are as long as they say, and every number is one of the table that it points into.
        let length =
            |table: &str| thread[table]["length"].as_u64().unwrap_or_else(|| panic!("{table}"));
        for table in [
            "samples",
            "markers",
            "stackTable",
            "frameTable",
            "funcTable",
            "resourceTable",
            "nativeSymbols",
        ] {
            for (name, column) in thread[table].as_object().expect("a table") {
                let rows = column.as_array().map(|rows| rows.len() as u64);
                assert!(rows.is_none_or(|rows| rows == length(table)), "{table}.{name}");
            }
        }
        let texts = thread["stringArray"].as_array().expect("texts").len() as u64;
        let bounds = [
            ("samples", "stack", length("stackTable")),
            ("stackTable", "frame", length("frameTable")),
            ("frameTable", "func", length("funcTable")),
            ("stackTable", "category", categories),
            ("frameTable", "category", categories),
            ("funcTable", "name", texts),
            ("funcTable", "fileName", texts),
        ];
        for (table, column, bound) in bounds {
            let rows =
                thread[table][column].as_array().unwrap_or_else(|| panic!("{table}.{column}"));
            assert!(
                rows.iter().filter_map(Value::as_u64).all(|number| number < bound),
                "{table}.{column}"
            );
        }
        for (index, prefix) in
            thread["stackTable"]["prefix"].as_array().expect("prefixes").iter().enumerate()
        {
            assert!(
                prefix.as_u64().is_none_or(|prefix| prefix < index as u64),
                "a stack stands in a later one"
            );
        }
        let times: Vec<f64> = thread["samples"]["time"]
            .as_array()
            .expect("times")
            .iter()
            .filter_map(Value::as_f64)
            .collect();
        assert!(times.is_sorted());
        let at = |table: &str, column: &str, row: &Value| {
            thread[table][column][row.as_u64().expect("a row") as usize].clone()
        };
        let rows = thread["samples"]["stack"]
            .as_array()
            .expect("stacks")
            .iter()
            .zip(thread["samples"]["weight"].as_array().expect("weights"));
        for (stack, weight) in rows {
            let name = at(
                "funcTable",
                "name",
                &at("frameTable", "func", &at("stackTable", "frame", stack)),
            );
            let name = thread["stringArray"][name.as_u64().expect("a text") as usize]
                .as_str()
                .expect("a text")
                .to_owned();
            *sums.entry(name.split(" (").next().unwrap_or_default().to_owned()).or_default() +=
                weight.as_u64().expect("a weight");
        }
    }
    assert_eq!(sums.values().sum::<u64>(), all_samples());
    for label in ["sixty", "thirty", "ten"] {
        assert_eq!(sums.get(label), Some(&samples(label)), "{label}");
    }
}

#[test]
fn speedscope_takes_the_file() {
    let schema = build::root().join("tests/fixtures/formats/speedscope.schema.json");
    let schema: Value =
        serde_json::from_slice(&std::fs::read(schema).expect("the schema")).expect("JSON");
    let checker = jsonschema::validator_for(&schema).expect("a schema");
    let document: Value =
        serde_json::from_slice(&std::fs::read(exported("speedscope")).expect("it")).expect("JSON");
    let wrong: Vec<String> =
        checker.iter_errors(&document).map(|error| error.to_string()).collect();
    assert_eq!(wrong, Vec::<String>::new());
    // The schema is one that can say no.
    let mut broken = document.clone();
    broken["profiles"][0]["weights"] = "none".into();
    assert!(!checker.is_valid(&broken));
    // What a schema cannot say: indexes exist, and every stack has a weight.
    let frames = document["shared"]["frames"].as_array().expect("frames");
    let profile = &document["profiles"][0];
    let stacks = profile["samples"].as_array().expect("samples");
    let weights = profile["weights"].as_array().expect("weights");
    assert_eq!(stacks.len(), weights.len());
    let mut of_sixty = 0;
    for (stack, weight) in stacks.iter().zip(weights) {
        let indexes: Vec<usize> = stack
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|i| Some(i.as_u64()? as usize))
            .collect();
        assert!(indexes.iter().all(|&index| index < frames.len()));
        let leaf = indexes.last().map(|&index| &frames[index]);
        if leaf.is_some_and(|frame| {
            frame["name"].as_str().is_some_and(|name| name.starts_with("sixty ("))
        }) {
            of_sixty += weight.as_u64().expect("a weight");
        }
    }
    let all: u64 = weights.iter().filter_map(Value::as_u64).sum();
    assert_eq!(profile["endValue"], all);
    let share = samples("sixty") as f64 / all_samples() as f64;
    assert!((of_sixty as f64 / all as f64 - share).abs() < 1e-6, "{share}");
}

#[test]
fn inferno_draws_the_folded_stacks() {
    let folded = std::fs::read_to_string(exported("folded")).expect("it");
    let mut options = inferno::flamegraph::Options::default();
    options.count_name = "looks".to_owned();
    let mut svg = Vec::new();
    inferno::flamegraph::from_lines(&mut options, folded.lines(), &mut svg)
        .expect("every line is understood");
    let svg = String::from_utf8(svg).expect("UTF-8");
    let count = |label: &str| {
        let at = svg
            .find(&format!("<title>{label} (shares.rs:"))
            .unwrap_or_else(|| panic!("no {label}"));
        let title = svg[at..].split("</title>").next().unwrap_or_default();
        let counted =
            title.rsplit_once(" (").map(|(_, rest)| rest.split(' ').next().unwrap_or_default());
        counted
            .unwrap_or_default()
            .replace(',', "")
            .parse::<u64>()
            .unwrap_or_else(|_| panic!("{title}"))
    };
    for label in ["sixty", "thirty", "ten"] {
        assert_eq!(count(label), samples(label), "{label}");
    }
}

#[test]
fn a_csv_reader_reads_the_table() {
    let mut reader = csv::Reader::from_path(exported("csv")).expect("a table");
    let titles = reader.headers().expect("a head").clone();
    let column = |name: &str| {
        titles
            .iter()
            .position(|title| title == name)
            .unwrap_or_else(|| panic!("no {name} in {titles:?}"))
    };
    let (count, label) = (column("samples"), column("label"));
    let rows: Vec<csv::StringRecord> =
        reader.records().collect::<Result<_, _>>().expect("rows of one length");
    let of = |row: &csv::StringRecord| row[count].parse::<u64>().expect("a number");
    assert_eq!(rows.iter().map(of).sum::<u64>(), all_samples());
    let sixty: u64 = rows.iter().filter(|row| &row[label] == "sixty").map(of).sum();
    assert_eq!(sixty, samples("sixty"));
}
