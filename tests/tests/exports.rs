//! Each form of `inspect export` in the hands of the tool that it is for.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tests::build;
use tests::program::{self, Program, inspect};

/// A recording of a program with known lines, and what the report says of it.
struct Known {
    directory: PathBuf,
    report: Value,
}

/// One recording for all tests here.
fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let name = program::name("exports");
        let (_program, _) = Program::behave(&name, &["shares", "700"]);
        // Below the build's own directory: what outlives the tests is nobody's litter.
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exports");
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).expect("a directory");
        let path = directory.join("a.rec");
        let file = path.to_str().expect("a path");
        assert!(inspect(&["record", &name, "-d", "1500ms", "-o", file]).status.success());
        let report = inspect(&["report", file, "--json"]).stdout;
        Known { directory, report: serde_json::from_slice(&report).expect("JSON") }
    })
}

/// A path beside the recording.
fn path(name: &str) -> PathBuf {
    known().directory.join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

/// The recording in a form, and in a file.
fn exported(format: &str) -> PathBuf {
    let to = path(&format!("{format}.out"));
    let output = inspect(&["export", format, text(&path("a.rec")), "-o", text(&to)]);
    assert!(output.status.success(), "{output:?}");
    to
}

/// Samples of a label, by the report.
fn samples(label: &str) -> u64 {
    let lines = known().report["lines"].as_array().into_iter().flatten();
    lines.filter(|line| line["label"] == label).filter_map(|line| line["samples"].as_u64()).sum()
}

fn all_samples() -> u64 {
    known().report["samples"].as_u64().expect("samples")
}

/// Runs a tool that must succeed, with a minute's time and no home of its own.
#[track_caller]
fn run(program: &str, arguments: &[&str]) -> String {
    let home = tempfile::tempdir().expect("a home");
    build::run(
        Command::new("timeout").arg("60").arg(program).args(arguments).env("HOME", home.path()),
    )
}

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
    let (ticks, length) = (&known().report["ticks"], &known().report["duration_ns"]);
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
    let tick = known().report["duration_ns"].as_f64().expect("a time")
        / known().report["ticks"].as_f64().expect("ticks");
    for label in ["sixty", "thirty", "ten"] {
        assert_eq!(sum(&found["weights"], label) as u64, samples(label), "{label}");
        // A slice is as long as its looks are apart; ticks that were missed are in it too.
        let (time, expected) = (sum(&found["times"], label), samples(label) as f64 * tick);
        assert!(
            (time - expected).abs() < 0.1 * expected + 5.0 * tick,
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

/// A page as a browser shows it, after its scripts ran.
fn browser(page: &Path, fragment: &str, arguments: &[&str]) -> String {
    let profile = tempfile::tempdir().expect("a directory");
    let profile = format!("--user-data-dir={}", text(profile.path()));
    let address = format!("file://{}{fragment}", text(page));
    let fixed = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1300,400", &profile];
    run("chromium", &[&fixed[..], arguments, &[&address]].concat())
}

/// What a person would do, by events, and what the page made of it, as attributes of its root.
const CLICKS: &str = r#"<script><![CDATA[
(function () {
  var frames = [].slice.call(document.querySelectorAll(".f"));
  var called = function (name) { return frames.filter(function (g) { return g.getAttribute("data-n").indexOf(name) === 0; })[0]; };
  var width = function (g) { return g.querySelector("rect").getAttribute("width"); };
  var say = function (key, value) { document.documentElement.setAttribute("data-said-" + key, value); };
  var click = function (g) { g.dispatchEvent(new MouseEvent("click", { bubbles: true })); };
  say("before", width(called("thirty (")));
  click(called("thirty ("));
  say("zoomed", width(called("thirty (")));
  say("other", called("ten (").style.display);
  say("around", width(called("round (")));
  click(document.getElementById("reset"));
  say("after", width(called("thirty (")));
  window.prompt = function () { return "^t(hirty|en) "; };
  click(document.getElementById("search"));
  say("found", frames.filter(function (g) { return g.classList.contains("hit"); }).map(function (g) { return g.getAttribute("data-n").split(" ")[0]; }).sort().join());
  say("share", document.getElementById("found").textContent);
})();
]]></script></svg>"#;

#[test]
fn the_flame_graph_zooms_and_searches_in_a_browser() {
    if !build::needs("chromium", "chromium") {
        return;
    }
    let svg = std::fs::read_to_string(exported("svg")).expect("it");
    let clicked = path("clicked.svg");
    let (page, _) = svg.rsplit_once("</svg>").expect("an end");
    std::fs::write(&clicked, format!("{page}{CLICKS}")).expect("written");
    let dom = browser(&clicked, "", &["--dump-dom"]);
    let said = |key: &str| {
        let (_, rest) = dom
            .split_once(&format!("data-said-{key}=\""))
            .unwrap_or_else(|| panic!("no {key} in {dom}"));
        rest.split('"').next().unwrap_or_default().to_owned()
    };
    let width = |key: &str| said(key).parse::<f64>().expect("a width");
    let share = |label: &str| samples(label) as f64 / all_samples() as f64;
    assert!((width("before") - 1200.0 * share("thirty")).abs() < 0.01, "{}", width("before"));
    assert_eq!((width("zoomed"), width("around")), (1200.0, 1200.0));
    assert_eq!(said("other"), "none");
    assert!((width("after") - width("before")).abs() < 0.01);
    assert_eq!(said("found"), "ten,thirty");
    let both = 100.0 * (share("thirty") + share("ten"));
    assert_eq!(said("share"), format!("matched {both:.1}%"));
}

#[test]
fn a_link_into_the_flame_graph_is_seen() {
    if !build::needs("chromium", "chromium") {
        return;
    }
    let png = path("seen.png");
    let shot = format!("--screenshot={}", text(&png));
    // Pixels of the colour of what was found, and of the background.
    let found = |fragment: &str| {
        browser(&path_of_svg(), fragment, &[&shot]);
        let decoder = png::Decoder::new(std::io::BufReader::new(
            std::fs::File::open(&png).expect("a picture"),
        ));
        let mut reader = decoder.read_info().expect("a picture");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut pixels).expect("pixels");
        let each = info.color_type.samples();
        let near = |pixel: &[u8]| {
            pixel[..3].iter().zip([0xd0, 0x50, 0xd0]).all(|(a, b)| a.abs_diff(b) < 6)
        };
        pixels[..info.buffer_size()].chunks(each).filter(|pixel| near(pixel)).count()
    };
    assert_eq!(found(""), 0);
    // All of the width and most of the height of one frame: text stands in it.
    let (searched, zoomed) = (found("#search=thirty"), found("#zoom=thirty&search=thirty"));
    assert!(searched > 1000, "{searched}");
    assert!(zoomed > 1200 * 12 && zoomed > searched, "{searched}, {zoomed}");
}

fn path_of_svg() -> PathBuf {
    static ONCE: OnceLock<PathBuf> = OnceLock::new();
    ONCE.get_or_init(|| {
        let to = path("seen.svg");
        assert!(
            inspect(&["export", "svg", text(&path("a.rec")), "-o", text(&to)]).status.success()
        );
        to
    })
    .clone()
}

#[test]
fn a_browser_finds_no_fault_in_the_other_pictures() {
    if !build::needs("chromium", "chromium") {
        return;
    }
    let recording = path("a.rec");
    let difference = path("difference.svg");
    let (recording, to) = (text(&recording), text(&difference));
    assert!(inspect(&["diff", recording, recording, "--svg", to]).status.success());
    for picture in [exported("timeline"), difference.clone()] {
        // A copy under the name by which a browser knows what it is.
        let page = picture.with_extension("svg");
        if page != picture {
            std::fs::copy(&picture, &page).expect("copied");
        }
        let dom = browser(&page, "", &["--dump-dom"]);
        assert!(dom.contains("sixty") && !dom.contains("parsererror"), "{dom}");
    }
}
