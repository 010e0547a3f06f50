//! `export otlp` read back by the published schema, and through a real collector while processes are killed.
//! About 20 s. `SPAN_KILLS=1000` kills that many daemons, and the exporter after every tenth.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tests::program::{self, Program, board, inspect};
use tests::{python, wait};

/// Reads requests, one after the other in one file or one a file, as JSON.
const READ: &str = r#"
import json, sys
def value(v):
    kind = v.WhichOneof("value")
    return getattr(v, kind) if kind else None
def attributes(all): return {a.key: value(a.value) for a in all}
kind, out = sys.argv[1], []
if kind == "metrics":
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest as R
elif kind == "spans":
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest as R
else:
    from opentelemetry.proto.collector.profiles.v1development.profiles_service_pb2 import ExportProfilesServiceRequest as R
for path in sys.argv[2:]:
    r = R()
    data = open(path, "rb").read()
    if data[:2] == b"\x1f\x8b": data = __import__("gzip").decompress(data)
    r.ParseFromString(data)
    if kind == "metrics":
        for resource in r.resource_metrics:
            for scope in resource.scope_metrics:
                for m in scope.metrics:
                    which = m.WhichOneof("data")
                    for p in getattr(m, which).data_points:
                        row = {"name": m.name, "unit": m.unit, "kind": which, "labels": attributes(p.attributes), "resource": attributes(resource.resource.attributes), "time": p.time_unix_nano}
                        if which == "histogram":
                            row.update(count=p.count, sum=p.sum, buckets=list(p.bucket_counts), bounds=list(p.explicit_bounds), temporality=m.histogram.aggregation_temporality)
                        else:
                            row["value"] = getattr(p, p.WhichOneof("value"))
                            if which == "sum": row.update(monotonic=m.sum.is_monotonic, temporality=m.sum.aggregation_temporality)
                        out.append(row)
    elif kind == "spans":
        for resource in r.resource_spans:
            for scope in resource.scope_spans:
                for s in scope.spans:
                    out.append({"trace": s.trace_id.hex(), "id": s.span_id.hex(), "parent": s.parent_span_id.hex(), "name": s.name, "start": s.start_time_unix_nano, "end": s.end_time_unix_nano,
                        "code": s.status.code, "attributes": attributes(s.attributes), "events": [e.name for e in s.events], "resource": attributes(resource.resource.attributes), "scope": attributes(scope.scope.attributes)})
    else:
        d = r.dictionary
        s = d.string_table
        for resource in r.resource_profiles:
            for scope in resource.scope_profiles:
                for p in scope.profiles:
                    for x in p.samples:
                        frames = [d.location_table[i] for i in d.stack_table[x.stack_index].location_indices]
                        line = frames[0].lines[0]
                        f = d.function_table[line.function_index]
                        out.append({"value": x.values[0], "leaf": s[f.name_strindex], "file": s[f.filename_strindex], "line": line.line, "depth": len(frames),
                            "attributes": {s[d.attribute_table[a].key_strindex]: d.attribute_table[a].value.string_value for a in x.attribute_indices},
                            "type": s[p.sample_type.type_strindex], "period": p.period, "resource": attributes(resource.resource.attributes)})
        zero = d.string_table[0] == "" and not d.function_table[0].ListFields() and not d.location_table[0].ListFields() and not d.stack_table[0].ListFields() and not d.mapping_table[0].ListFields() and not d.link_table[0].ListFields() and not d.attribute_table[0].ListFields()
        assert zero, "the first of each table means nothing"
json.dump(out, sys.stdout)
"#;

fn read(python: &PathBuf, kind: &str, files: &[PathBuf]) -> Vec<Value> {
    let mut arguments = vec![kind];
    arguments.extend(files.iter().map(|path| path.to_str().expect("a path")));
    serde_json::from_str(&python::run(python, READ, &arguments)).expect("JSON")
}

/// What a form of a target is, in a file.
fn exported(python: &PathBuf, kind: &str, arguments: &[&str]) -> Vec<Value> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.pb");
    let flag = format!("--{kind}");
    let head = ["export", "otlp", &flag, "-o", path.to_str().expect("a path")];
    let output = inspect(&[&head[..], arguments].concat());
    assert!(output.status.success(), "{output:?}");
    read(python, kind, &[path])
}

#[test]
fn metrics_are_those_of_the_board() {
    let Some(python) = python::python() else { return };
    let name = program::name("otlp-numbers");
    let (program, _) = Program::behave(&name, &["numbers"]);
    let rows = exported(&python, "metrics", &["-p", &program.pid().to_string()]);
    let report = board(program.pid());
    let prefix = name.replace('-', "_");
    let row = |name: &str| {
        let found = rows.iter().find(|row| row["name"] == format!("{prefix}_{name}").as_str());
        found.unwrap_or_else(|| panic!("no {name} in {rows:#?}"))
    };
    let counted = program::named(&report["counters"], "counted");
    assert_eq!(
        (&row("counted")["value"], &row("counted")["monotonic"]),
        (&counted["value"], &true.into())
    );
    assert_eq!(row("counted")["temporality"], 2);
    assert_eq!(row("level")["value"], program::named(&report["gauges"], "level")["value"]);
    let spread = row("spread_seconds");
    assert_eq!(
        (&spread["unit"], &spread["count"]),
        (&"s".into(), &program::named(&report["histograms"], "spread")["count"])
    );
    let (buckets, bounds) = (
        spread["buckets"].as_array().expect("buckets"),
        spread["bounds"].as_array().expect("bounds"),
    );
    assert_eq!(buckets.len(), bounds.len() + 1);
    assert_eq!(
        buckets.iter().filter_map(Value::as_u64).sum::<u64>(),
        spread["count"].as_u64().expect("a count")
    );
    let resource = &spread["resource"];
    assert_eq!(resource["service.name"], name.as_str());
    assert_eq!(resource["process.pid"], program.pid());
    assert!(
        resource["host.name"].is_string() && resource["service.instance.id"].is_string(),
        "{resource}"
    );
}

#[test]
fn profiles_are_those_of_the_report() {
    let Some(python) = python::python() else { return };
    let name = program::name("otlp-shares");
    let (_program, _) = Program::behave(&name, &["shares", "700"]);
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("a.rec");
    let file = file.to_str().expect("a path");
    assert!(inspect(&["record", &name, "-d", "700ms", "-o", file]).status.success());
    let report: Value =
        serde_json::from_slice(&inspect(&["report", file, "--json"]).stdout).expect("JSON");
    let rows = exported(&python, "profiles", &[file]);
    let sum = |label: &str| -> u64 {
        let of = rows
            .iter()
            .filter(|row| row["leaf"].as_str().is_some_and(|leaf| leaf.starts_with(label)));
        of.filter_map(|row| row["value"].as_u64()).sum()
    };
    assert_eq!(sum(""), report["samples"].as_u64().expect("samples"));
    for label in ["sixty", "thirty", "ten"] {
        let lines =
            report["lines"].as_array().expect("lines").iter().filter(|line| line["label"] == label);
        assert_eq!(
            sum(label),
            lines.filter_map(|line| line["samples"].as_u64()).sum::<u64>(),
            "{label}"
        );
    }
    assert!(rows.iter().all(
        |row| row["type"] == "samples" && row["attributes"]["thread.name"] == "fixture-behave"
    ));
    assert_eq!(rows[0]["resource"]["service.name"], name.as_str());
}

#[test]
fn every_operation_is_a_span_with_its_outcome_and_what_is_in_flight_is_told_when_asked() {
    let Some(python) = python::python() else { return };
    let name = program::name("otlp-ops");
    let (program, _) = Program::behave(&name, &["operations"]);
    let pid = program.pid().to_string();
    let report = board(program.pid());
    let rows = exported(&python, "spans", &["-p", &pid]);
    let outcomes: Vec<&str> =
        rows.iter().filter_map(|row| row["attributes"]["scoreboard.outcome"].as_str()).collect();
    assert_eq!(outcomes.len(), rows.len());
    let expected: BTreeSet<&str> = report["ended_ops"]
        .as_array()
        .expect("ended")
        .iter()
        .filter_map(|op| op["outcome"].as_str())
        .collect();
    assert_eq!(outcomes.iter().copied().collect::<BTreeSet<_>>(), expected);
    for row in &rows {
        let failed = row["attributes"]["scoreboard.outcome"] != "ok";
        assert_eq!(row["code"], if failed { 2 } else { 1 }, "{row}");
        assert!(
            row["start"].as_u64() <= row["end"].as_u64()
                && row["start"].as_u64() > Some(1_700_000_000_000_000_000),
            "{row}"
        );
    }
    // Said again they have the same ids, and the same times but for what the clocks of two looks round.
    let key = |row: &Value| [&row["trace"], &row["id"]].map(ToString::to_string);
    let again = exported(&python, "spans", &["-p", &pid]);
    assert_eq!(rows.len(), again.len());
    for row in &rows {
        let same = again.iter().find(|other| key(other) == key(row)).expect("the same span");
        for time in ["start", "end"] {
            let (one, other) = (row[time].as_u64(), same[time].as_u64());
            let apart = one.expect("a time").abs_diff(other.expect("a time"));
            assert!(apart <= 1_000, "{time}: {apart} ns apart: {row} {same}");
        }
    }
    // What is in flight: a child of no length each, the request in the trace of its connection.
    let both = exported(&python, "spans", &["-p", &pid, "--pending"]);
    let pending: Vec<&Value> =
        both.iter().filter(|row| row["attributes"]["scoreboard.pending"] == true).collect();
    assert_eq!(pending.len(), report["ops"].as_array().expect("ops").len());
    assert!(pending.iter().all(|row| row["start"] == row["end"] && row["parent"] != ""));
    let of = |kind: &str| {
        *pending
            .iter()
            .find(|row| row["name"] == format!("{kind} (in flight)").as_str())
            .expect(kind)
    };
    assert_eq!(of("request")["trace"], of("connection")["trace"]);
    assert!(
        of("request")["events"].as_array().is_some_and(|events| events.contains(&"lock".into())),
        "{}",
        of("request")
    );
    assert_ne!(of("job")["trace"], of("connection")["trace"]);
}

/// Requests that were kept, each in a file of its own.
type Files = Arc<Mutex<Vec<PathBuf>>>;

/// What stands behind the collector: it keeps every request that it gets.
fn behind(directory: PathBuf) -> (u16, Files) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let files = Arc::new(Mutex::new(Vec::new()));
    let all = Arc::clone(&files);
    // It ends with the test.
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (all, directory) = (Arc::clone(&all), directory.clone());
            std::thread::spawn(move || {
                let mut client = client;
                let mut text = Vec::new();
                let mut part = [0; 65536];
                // Connections are kept: a request after the other.
                loop {
                    let end = text.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
                    let whole = end.and_then(|end| {
                        let head = String::from_utf8_lossy(&text[..end]).to_ascii_lowercase();
                        let length =
                            head.lines().find_map(|line| line.strip_prefix("content-length:"));
                        let length: usize = length?.trim().parse().ok()?;
                        (text.len() >= end + length).then_some((end, length))
                    });
                    if let Some((end, length)) = whole {
                        let mut all = all.lock().expect("it");
                        let path = directory.join(format!("{}.pb", all.len()));
                        std::fs::write(&path, &text[end..end + length]).expect("written");
                        all.push(path);
                        text.drain(..end + length);
                        let _ = client.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n");
                        continue;
                    }
                    match client.read(&mut part) {
                        Ok(read) if read > 0 => text.extend_from_slice(&part[..read]),
                        _ => return,
                    }
                }
            });
        }
    });
    (port, files)
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A collector that is not there, one that takes a connection and says nothing, and one that says a little again and again:
/// it is over in three times the time of a try, and one more, with one line and the code of what failed.
#[test]
fn a_collector_that_never_answers_holds_nobody_up_for_longer_than_is_said() {
    let name = program::name("dead-end");
    let (_program, _) = Program::behave(&name, &["operations"]);
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let trickles = TcpListener::bind("127.0.0.1:0").expect("a port");
    let of = |listener: &TcpListener| listener.local_addr().expect("an address").port();
    let (silent_at, trickles_at) = (of(&silent), of(&trickles));
    std::thread::spawn(move || {
        let kept: Vec<_> = silent.incoming().collect();
        drop(kept);
    });
    std::thread::spawn(move || {
        for client in trickles.incoming().flatten() {
            std::thread::spawn(move || {
                let mut client = client;
                while client.write_all(b"HTTP/1.1 ").is_ok() {
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
        }
    });
    for (port, why) in [
        (free_port(), "Connection refused"),
        (silent_at, "no answer within 400ms"),
        (trickles_at, "no answer within 400ms"),
    ] {
        for signal in ["--metrics", "--spans"] {
            let begun = std::time::Instant::now();
            let output = Command::new(program::debug("inspect"))
                .args(["export", "otlp", signal, "-n", &name, "--endpoint"])
                .arg(format!("http://127.0.0.1:{port}"))
                .env("OTEL_EXPORTER_OTLP_TIMEOUT", "400")
                .output()
                .expect("it runs");
            // 400 ms, three times as long again, and what a busy machine takes to start a program.
            let took = begun.elapsed();
            assert!(took < Duration::from_millis(4 * 400 + 3_000), "{signal} {why}: {took:?}");
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{signal}: {said}");
            assert!(said.contains("not all was taken: ") && said.contains(why), "{signal}: {said}");
            assert_eq!(said.lines().count(), 1, "{signal}: {said}");
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port()
}

/// A real collector that sends on what it gets.
fn collector(python: &std::path::Path, to: u16) -> (Killed, u16) {
    let agent = python.parent().and_then(|bin| bin.parent()).expect("a place").join("lib");
    let agent = std::fs::read_dir(agent)
        .expect("lib")
        .flatten()
        .next()
        .expect("python")
        .path()
        .join("site-packages/rotel/rotel-agent");
    let (http, grpc) = (free_port(), free_port());
    let mut command = Command::new(agent);
    command.args([
        "start",
        "--exporter",
        "otlp",
        "--otlp-exporter-protocol",
        "http",
        "--otlp-exporter-compression",
        "none",
    ]);
    command.args(["--otlp-exporter-endpoint", &format!("http://127.0.0.1:{to}")]);
    command.args([
        "--otlp-http-endpoint",
        &format!("127.0.0.1:{http}"),
        "--otlp-grpc-endpoint",
        &format!("127.0.0.1:{grpc}"),
    ]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("rotel");
    let collector = Killed(child);
    wait::until("the collector", Duration::from_secs(20), || {
        std::net::TcpStream::connect(("127.0.0.1", http)).ok()
    });
    (collector, http)
}

/// What came behind the collector, by run. Each file is read once: after a thousand kills there are tens of thousands.
struct Arrived {
    python: PathBuf,
    files: Files,
    read: usize,
    by_run: BTreeMap<String, Vec<Value>>,
}

impl Arrived {
    fn of(&mut self, run: &str) -> &[Value] {
        let files = self.files.lock().expect("it").clone();
        // Not more than a command line has room for.
        for new in files[self.read..].chunks(1_000) {
            for row in read(&self.python, "spans", new) {
                let run = row["resource"]["service.instance.id"].as_str().unwrap_or_default();
                self.by_run.entry(run.to_owned()).or_default().push(row);
            }
        }
        self.read = files.len();
        self.by_run.get(run).map_or(&[], Vec::as_slice)
    }
}

#[test]
fn spans_survive_the_process_and_come_once_through_a_real_collector() {
    let Some(python) = python::python() else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let (port, files) = behind(directory.path().to_owned());
    let (_collector, http) = collector(&python, port);
    let kills: usize =
        std::env::var("SPAN_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    let name = program::name("otlp-kills");
    let state = directory.path().join("state");
    let exporter = || {
        let mut command = Command::new(program::debug("inspect"));
        command.args([
            "export",
            "otlp",
            "--spans",
            "-n",
            &name,
            "--every",
            "100ms",
            "--state",
            state.to_str().expect("a path"),
        ]);
        command.args(["--endpoint", &format!("http://127.0.0.1:{http}")]).stderr(Stdio::null());
        Killed(command.spawn().expect("inspect"))
    };
    let mut running = exporter();
    // By run: how many had ended by the board's own count, the ids in flight when it was killed, and whether the exporter was
    // killed meanwhile.
    let mut truth: BTreeMap<String, (u64, BTreeSet<String>, bool)> = BTreeMap::new();
    let mut arrived = Arrived { python, files, read: 0, by_run: BTreeMap::new() };
    for round in 0..kills {
        let journal = directory.path().join("journal");
        let (mut program, _) = Program::behave(
            &name,
            &["random", &(round + 1).to_string(), journal.to_str().expect("a path")],
        );
        std::thread::sleep(Duration::from_millis(150 + 37 * (round as u64 % 7)));
        // The exporter may go first: the next one goes on.
        let exporter_killed = round % 10 == 3;
        if exporter_killed {
            drop(running);
            running = exporter();
        }
        program.kill();
        let dead = board(program.pid());
        assert_eq!(dead["state"], "dead");
        let ends = dead["op_kinds"].as_array().expect("kinds").iter().flat_map(|kind| {
            ["ok", "error", "cancelled", "panicked"]
                .map(|how| kind["since_start"][how].as_u64().unwrap_or(0))
        });
        let flight = dead["ops"]
            .as_array()
            .expect("ops")
            .iter()
            .filter_map(|op| op["id"].as_str().map(str::to_owned));
        let run = format!("{:016x}", dead["instance"].as_u64().expect("an instance"));
        truth.insert(run.clone(), (ends.sum(), flight.collect(), exporter_killed));
        let flight = truth[&run].1.len();
        wait::until("all of it behind the collector", Duration::from_secs(30), || {
            (arrived
                .of(&run)
                .iter()
                .filter(|row| row["attributes"]["scoreboard.process_ended"] == true)
                .count()
                >= flight)
                .then_some(())
        });
    }
    drop(running);
    let (mut spans, mut twice) = (0, 0);
    for (run, (ended, flight, exporter_killed)) in &truth {
        let came = arrived.of(run);
        let rows: BTreeMap<&str, &Value> =
            came.iter().filter_map(|row| Some((row["id"].as_str()?, row))).collect();
        // One that is killed after it sent and before it read the reply does not know: what it sent comes once more.
        let again = came.len() - rows.len();
        assert!(
            again == 0 || *exporter_killed,
            "{run}: {again} came twice, and every reply arrived"
        );
        assert!(again <= rows.len(), "{run}: {again} of {} came again", rows.len());
        twice += again;
        let rows: Vec<&Value> = rows.into_values().collect();
        let cut: BTreeSet<String> = rows
            .iter()
            .filter(|row| row["attributes"]["scoreboard.process_ended"] == true)
            .filter_map(|row| row["attributes"]["scoreboard.op.id"].as_str().map(str::to_owned))
            .collect();
        assert_eq!(&cut, flight, "in flight when it was killed");
        assert!(rows.iter().all(|row| row["attributes"]["scoreboard.outcome"].is_string()));
        // Exported or counted as not: nothing is lost in silence.
        let missed = rows
            .iter()
            .filter_map(|row| row["scope"]["scoreboard.ops.not_exported"].as_u64())
            .max()
            .unwrap_or(0);
        assert!(
            (rows.len() - cut.len()) as u64 + missed <= *ended,
            "{run}: {} of them {} cut, and {missed} not, of {ended}; exporter killed: {exporter_killed}",
            rows.len(),
            cut.len()
        );
        spans += rows.len();
    }
    eprintln!("{kills} kills, {spans} spans, {twice} of them twice after a kill of the exporter");
    assert!(spans > kills);
}
