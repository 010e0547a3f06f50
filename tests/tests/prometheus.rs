//! A real Prometheus over real boards: it agrees with `inspect`, its alerts fire and stop. About 20 s; with
//! `PROMETHEUS_SECONDS=300` it is held against `inspect` for five minutes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::program::{self, Program, board, inspect};
use tests::served::{self, Serve};
use tests::{build, python, wait};

fn documents() -> PathBuf {
    build::root().join("docs/prometheus")
}

/// A server that answers each request with what `inspect export prom` says of these boards at that moment.
fn exporter(names: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    program::debug("inspect");
    // It ends with the test.
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let mut client = client;
            let mut head = [0; 4096];
            let _ = client.read(&mut head);
            let text = String::from_utf8(inspect(&["export", "prom", "-n", &names]).stdout);
            let _ = write!(
                client,
                "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\r\n{}",
                text.unwrap_or_default()
            );
        }
    });
    port
}

struct Prometheus {
    child: Child,
    port: u16,
    _home: tempfile::TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The scrape configuration as the file says for a target on this host: without TLS and a token.
fn for_this_host(text: &str) -> String {
    let beyond = ["# `serve`", "# behind", "scheme:", "tls_config:", "ca_file:", "authorization:"];
    let here = |line: &&str| {
        let line = line.trim_start();
        !line.starts_with("credentials_file:") && !beyond.iter().any(|part| line.starts_with(part))
    };
    text.lines().filter(here).map(|line| format!("{line}\n")).collect()
}

impl Prometheus {
    /// With the configuration and the rules of the guide, as fast as a test needs them.
    fn start(target: u16) -> Self {
        Self::start_with(target, &[])
    }

    fn start_with(target: u16, flags: &[&str]) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let at = |name: &str| home.path().join(name);
        let read = |name: &str| std::fs::read_to_string(documents().join(name)).expect("it");
        let write = |name: &str, text: String| std::fs::write(at(name), text).expect("written");
        let quick = |text: String| -> String {
            let lines = text.lines().map(|line| match line.trim_start() {
                rest if rest.starts_with("for: ") => line.replace(rest, "for: 0s"),
                _ => {
                    line.replace(
                        "scoreboard_thread_stalled_seconds > 10",
                        "scoreboard_thread_stalled_seconds > 1.5",
                    ) + "\n"
                }
            });
            lines.map(|line| if line.ends_with('\n') { line } else { line + "\n" }).collect()
        };
        write("scoreboard-rules.yml", quick(read("scoreboard-rules.yml")));
        let config = for_this_host(&read("scrape.yml"))
            .replace("scrape_interval: 15s", "scrape_interval: 1s")
            .replace("/etc/prometheus/scoreboard", home.path().to_str().expect("a path"));
        write("prometheus.yml", format!("global: {{ evaluation_interval: 1s }}\n{config}"));
        write(
            "targets.json",
            read("targets.json")
                .replace("db1.example:7399", &format!("127.0.0.1:{target}"))
                .replace(", \"db2.example:7399\"", ""),
        );
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|socket| socket.local_addr())
            .expect("a port")
            .port();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", at("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", at("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(flags)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus");
        let prometheus = Self { child, port, _home: home };
        wait::until("Prometheus", Duration::from_secs(30), || {
            prometheus.ask("/-/ready").filter(|text| text.contains("Ready"))
        });
        prometheus
    }

    fn ask(&self, path: &str) -> Option<String> {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(socket, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
        let mut text = String::new();
        socket.read_to_string(&mut text).ok()?;
        Some(text.split_once("\r\n\r\n")?.1.to_owned())
    }

    /// The rows of a query.
    #[track_caller]
    fn query(&self, query: &str) -> Vec<Value> {
        let coded: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let text = self.ask(&format!("/api/v1/query?query={coded}")).expect("an answer");
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(answer["status"], "success", "{query}: {text}");
        answer["data"]["result"].as_array().cloned().unwrap_or_default()
    }

    fn number(&self, query: &str) -> Option<f64> {
        self.query(query).first()?["value"][1].as_str()?.parse().ok()
    }
}

fn tools() -> bool {
    build::needs("prometheus", "prometheus") && build::needs("promtool", "prometheus")
}

#[test]
fn the_rules_of_the_guide_are_right_and_say_what_they_should() {
    if !tools() {
        return;
    }
    let promtool = |arguments: &[&str]| {
        build::run(Command::new("promtool").args(arguments).current_dir(documents()))
    };
    assert!(promtool(&["check", "rules", "scoreboard-rules.yml"]).contains("17 rules found"));
    promtool(&["test", "rules", "scoreboard-rules-test.yml"]);
    promtool(&["check", "config", "--syntax-only", "scrape.yml"]);
}

#[test]
fn a_real_prometheus_agrees_with_inspect_and_its_alerts_fire_and_stop() {
    if !tools() {
        return;
    }
    let worker = program::name("prom-duty");
    let (worker, _) = Program::behave(&worker, &["duty", "60", "10000"]);
    let staller = program::name("prom-stalls");
    let (staller, _) = Program::behave(&staller, &["stalls", "3500", "4500"]);
    let _others = ["operations", "numbers"]
        .map(|what| Program::behave(&program::name("prom-more"), &[what]).0);
    let (worker, staller) = (worker.pid(), staller.pid());
    // All names of this process, and of this test.
    let names = format!("prom-*-{}-*", std::process::id());
    let prometheus = Prometheus::start(exporter(names));

    let firing = format!(
        "ALERTS{{alertname=\"ScoreboardThreadStalled\",alertstate=\"firing\",pid=\"{staller}\"}}"
    );
    let rows = wait::until("the alert", Duration::from_secs(20), || {
        Some(prometheus.query(&firing)).filter(|rows| !rows.is_empty())
    });
    assert_eq!(rows[0]["metric"]["thread"], "fixture-behave", "{rows:?}");
    wait::until("its end", Duration::from_secs(20), || {
        prometheus.query(&firing).is_empty().then_some(())
    });
    // Nobody else was accused.
    assert_eq!(prometheus.query(&format!("ALERTS{{pid=\"{worker}\"}}")), Vec::<Value>::new());

    let seconds =
        std::env::var("PROMETHEUS_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let (start, mut worst, mut looks) = (Instant::now(), 0.0f64, 0);
    while start.elapsed() < Duration::from_secs(seconds) || looks == 0 {
        let theirs =
            prometheus.number(&format!("scoreboard_thread_load_max_ratio{{pid=\"{worker}\"}}"));
        let ours = board(worker)["threads"][0]["load"]["10s"].as_f64();
        if let Some((theirs, ours)) = theirs.zip(ours) {
            worst = worst.max((theirs - ours).abs());
            looks += 1;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    eprintln!("{looks} comparisons, apart by {worst:.4} at most");
    assert!(worst < 0.05, "apart by {worst}");
    // A scrape that a busy machine let be late leaves a hole of a second.
    let load = wait::until("the load", Duration::from_secs(10), || {
        prometheus.number(&format!("scoreboard_thread_load_ratio{{pid=\"{worker}\"}}"))
    });
    assert!((0.5..0.75).contains(&load), "{load}, made to be 0.6");

    every_panel_asks_for_what_there_is(&prometheus);
}

/// Which labels the series of a name have.
fn labels_of(prometheus: &Prometheus, name: &str) -> Vec<String> {
    let series = prometheus.ask(&format!("/api/v1/series?match[]={name}")).expect("series");
    let series: Value = serde_json::from_str(&series).expect("JSON");
    let mut all: Vec<String> = series["data"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .flat_map(|one| one.keys().cloned())
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Labels that a query selects or sums by, and those that a legend shows.
fn labels_in(query: &str, legend: &str) -> Vec<String> {
    let between = |text: &str, open: &str, close: &str| -> Vec<String> {
        text.split(open)
            .skip(1)
            .filter_map(|rest| Some(rest.split_once(close)?.0.to_owned()))
            .collect()
    };
    let word = |text: &str| text.trim().trim_end_matches(['!', '=', '~']).to_owned();
    let matched = between(query, "{", "}");
    let matched =
        matched.iter().flat_map(|part| part.split(',').filter_map(|one| one.split_once('=')));
    let by = between(query, "by (", ")");
    let by = by.iter().flat_map(|part| part.split(','));
    let shown = between(legend, "{{", "}}");
    matched
        .map(|(name, _)| name)
        .chain(by)
        .chain(shown.iter().map(String::as_str))
        .map(word)
        .collect()
}

/// Names of the dashboard are names of the export or of the rules, its labels theirs, and its queries are understood.
fn every_panel_asks_for_what_there_is(prometheus: &Prometheus) {
    let names = prometheus.ask("/api/v1/label/__name__/values").expect("names");
    let names: Value = serde_json::from_str(&names).expect("JSON");
    let known: Vec<&str> =
        names["data"].as_array().expect("names").iter().filter_map(Value::as_str).collect();
    let text = std::fs::read_to_string(documents().join("grafana-scoreboard.json")).expect("it");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let (mut asked, mut labels) = (0, 0);
    for panel in dashboard["panels"].as_array().expect("panels") {
        for target in panel["targets"].as_array().expect("targets") {
            let query = target["expr"].as_str().expect("a query");
            let query = query
                .replace("$instance", ".*")
                .replace("$board", ".*")
                .replace("$__rate_interval", "1m");
            prometheus.query(&query);
            let legend = target["legendFormat"].as_str().unwrap_or_default();
            let mut there: Vec<String> = Vec::new();
            let words = query.split(|char: char| !char.is_ascii_alphanumeric() && char != '_');
            for name in words.filter(|word| word.starts_with("scoreboard_")) {
                // None of these programs says what is at the head of its queue.
                let untold = name == "scoreboard_queue_oldest_age_seconds";
                assert!(known.contains(&name) || untold, "{name}");
                there.extend(labels_of(prometheus, name));
                asked += 1;
            }
            for label in labels_in(&query, legend).iter().filter(|_| !there.is_empty()) {
                assert!(there.contains(label), "{label} in {query}, shown as {legend}");
                labels += 1;
            }
        }
    }
    assert!(asked > 14 && labels > 50, "{asked}, {labels}");
    // What its variables are filled from.
    for variable in dashboard["templating"]["list"].as_array().expect("variables") {
        let Some(query) = variable["query"]["query"].as_str() else { continue };
        let inner = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
        let (of, label) =
            inner.and_then(|inner| inner.rsplit_once(',')).expect("a query of values");
        let name = of.split('{').next().unwrap_or(of);
        assert!(labels_of(prometheus, name).iter().any(|one| one == label.trim()), "{query}");
    }
}

#[test]
fn the_list_of_what_is_in_flight_asks_for_fields_that_exist() {
    let (program, _) = Program::behave(&program::name("in-flight"), &["operations"]);
    let op = &board(program.pid())["ops"][0];
    let text = std::fs::read_to_string(documents().join("grafana-in-flight.json")).expect("it");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let query = &dashboard["panels"][0]["targets"][0];
    // Its address, with what its variables begin as, is one that is answered.
    let serve = Serve::start(&[]);
    let mut url = query["url"].as_str().expect("an address").to_owned();
    for variable in dashboard["templating"]["list"].as_array().expect("variables") {
        let (name, value) = (&variable["name"], variable["current"]["value"].as_str());
        let name = format!("${{{}}}", name.as_str().expect("a name"));
        url = url.replace(&name, value.expect("a value"));
    }
    let path = url.strip_prefix("http://127.0.0.1:7399").expect("the server");
    assert!(serve.get(path)["ops"].is_array() && !path.contains('$'), "{path}");
    assert_eq!(query["root_selector"], "ops");
    for column in query["columns"].as_array().expect("columns") {
        let name = column["selector"].as_str().expect("a name");
        // The server says of each row whose it is; of which host, where it asks several (`endpoints_served.rs`).
        let whose = ["endpoint", "board", "pid"].contains(&name);
        assert!(op.get(name).is_some() || whose, "{name} in {op}");
    }
}

/// What Prometheus says that it takes, when it takes native histograms.
const NATIVE: &str = "Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.7,*/*;q=0.5";

/// Families by the numbers of the published schema, as JSON. Of a native histogram each bucket's number and count.
const DECODE: &str = r#"
import json, sys
from google.protobuf import descriptor_pb2 as d, descriptor_pool, message_factory
T = {"str": 9, "u64": 4, "u32": 13, "dbl": 1, "s32": 17, "s64": 18, "i32": 5}
SCHEMA = {
    "LabelPair": [("name", 1, "str"), ("value", 2, "str")],
    "Gauge": [("value", 1, "dbl")],
    "Counter": [("value", 1, "dbl")],
    "Bucket": [("cumulative_count", 1, "u64"), ("upper_bound", 2, "dbl")],
    "BucketSpan": [("offset", 1, "s32"), ("length", 2, "u32")],
    "Histogram": [("sample_count", 1, "u64"), ("sample_sum", 2, "dbl"), ("bucket", 3, "*Bucket"), ("schema", 5, "s32"),
                  ("zero_threshold", 6, "dbl"), ("zero_count", 7, "u64"), ("positive_span", 12, "*BucketSpan"), ("positive_delta", 13, "*s64")],
    "Metric": [("label", 1, "*LabelPair"), ("gauge", 2, "Gauge"), ("counter", 3, "Counter"), ("histogram", 7, "Histogram")],
    "MetricFamily": [("name", 1, "str"), ("help", 2, "str"), ("type", 3, "i32"), ("metric", 4, "*Metric")],
}
file = d.FileDescriptorProto(name="families.proto", package="f", syntax="proto2")
for name, fields in SCHEMA.items():
    message = file.message_type.add(name=name)
    for field, number, kind in fields:
        one = message.field.add(name=field, number=number, label=3 if kind[0] == "*" else 1)
        kind = kind.lstrip("*")
        if kind in SCHEMA: one.type, one.type_name = 11, f".f.{kind}"
        else: one.type = T[kind]
pool = descriptor_pool.DescriptorPool()
pool.Add(file)
Family = message_factory.GetMessageClass(pool.FindMessageTypeByName("f.MetricFamily"))
data, at, out = open(sys.argv[1], "rb").read(), 0, []
def unknown(message):
    from google.protobuf.unknown_fields import UnknownFieldSet
    return len(UnknownFieldSet(message))
while at < len(data):
    length = shift = 0
    while True:
        byte = data[at]; at += 1
        length |= (byte & 127) << shift; shift += 7
        if byte < 128: break
    family = Family(); family.ParseFromString(data[at:at + length]); at += length
    for metric in family.metric:
        assert not unknown(family) and not unknown(metric), family.name
        labels = {one.name: one.value for one in metric.label}
        row = {"name": family.name, "type": family.type, "labels": labels}
        if metric.HasField("histogram"):
            h = metric.histogram
            native, bucket, count, deltas = [], 0, 0, list(h.positive_delta)
            for span in h.positive_span:
                bucket += span.offset
                for _ in range(span.length):
                    count += deltas.pop(0); native.append([bucket, count]); bucket += 1
            assert not deltas and not unknown(h)
            row |= {"count": h.sample_count, "sum": h.sample_sum, "schema": h.schema, "zero": h.zero_count, "native": native,
                    "classic": [[one.upper_bound, one.cumulative_count] for one in h.bucket if one.upper_bound != float("inf")]}
        else:
            row["value"] = (metric.counter if metric.HasField("counter") else metric.gauge).value
        out.append(row)
json.dump(out, sys.stdout)
"#;

/// As protocol buffers the same numbers, and histograms of many buckets, each within 1/32 of where its values are.
#[test]
fn native_histograms_are_those_of_the_published_schema_and_hold_what_was_counted() {
    let Some(python) = python::python() else { return };
    let name = program::name("native");
    let _program = served::behave(&name, &["numbers"]);
    let serve = Serve::start(&[]);
    let path = format!("/metrics?board={name}");
    let answer = serve.ask("GET", &path, &[NATIVE]);
    let kind = answer.header("content-type").unwrap_or_default();
    assert!(
        kind.starts_with("application/vnd.google.protobuf") && kind.contains("delimited"),
        "{kind}"
    );
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), &answer.body).expect("written");
    let said = python::run(&python, DECODE, &[file.path().to_str().expect("a path")]);
    let rows: Vec<Value> = serde_json::from_str(&said).expect("JSON");
    // As many samples as in text, where a histogram has a line for each limit, and three.
    let text = serve.ask("GET", &path, &[]).text();
    let lines = text.lines().filter(|line| !line.starts_with('#')).count();
    let as_lines = |row: &Value| row["classic"].as_array().map_or(1, |limits| limits.len() + 3);
    assert_eq!(rows.iter().map(as_lines).sum::<usize>(), lines);
    let prefix = name.replace('-', "_");
    let of = |name: String| rows.iter().find(|row| row["name"] == name.as_str()).expect("it");
    let counted = of(format!("{prefix}_counted_total"));
    assert!(
        text.contains(&format!(" {}\n", counted["value"].as_f64().expect("a value"))),
        "{counted}"
    );
    assert_eq!(
        (counted["type"].as_u64(), of("scoreboard_up".to_owned())["value"].as_f64()),
        (Some(0), Some(1.0))
    );

    // Of 1 to 1000 ns once each.
    let spread = of(format!("{prefix}_spread_seconds"));
    assert_eq!(
        (&spread["count"], &spread["zero"], &spread["schema"]),
        (&1000.into(), &0.into(), &3.into())
    );
    let mut below = 0;
    for bucket in spread["native"].as_array().expect("buckets") {
        below += bucket[1].as_u64().expect("a count");
        let limit = (bucket[0].as_f64().expect("a bucket") / 8.0).exp2() * 1e9;
        let [least, most] =
            [limit * 31.0 / 32.0, limit * 33.0 / 32.0].map(|at| at.floor().min(1000.0) as u64);
        assert!(
            (least..=most).contains(&below),
            "{below} up to {limit}, which is {least} to {most}"
        );
    }
    assert_eq!(below, 1000);
    let limits: Vec<u64> = spread["classic"]
        .as_array()
        .expect("limits")
        .iter()
        .filter_map(|one| one[1].as_u64())
        .collect();
    assert!(limits.is_sorted() && limits.last() == Some(&1000), "{limits:?}");
}

/// Debian's Prometheus, asked for native histograms, takes them from `inspect serve`; its quantiles are those of `inspect`.
#[test]
fn a_real_prometheus_takes_native_histograms() {
    if !tools() {
        return;
    }
    let name = program::name("taken");
    let program = served::behave(&name, &["numbers"]);
    let serve = Serve::start(&[]);
    let port = serve.address.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let prometheus = Prometheus::start_with(port, &["--enable-feature=native-histograms"]);
    let series = format!("{}_spread_seconds{{board=\"{name}\"}}", name.replace('-', "_"));
    let count = wait::until("a scrape", Duration::from_secs(30), || {
        prometheus.number(&format!("histogram_count({series})"))
    });
    assert_eq!(count, 1000.0);
    let report = board(program.pid());
    let spread = program::named(&report["histograms"], "spread");
    for (quantile, ours) in [("0.5", "p50"), ("0.9", "p90"), ("0.99", "p99")] {
        let query = format!("histogram_quantile({quantile}, {series})");
        let theirs = prometheus.number(&query).expect("a quantile") * 1e9;
        let ours = spread["since_start"][ours].as_f64().expect("a quantile");
        // Within a bucket, of which there are eight from a power of two to the next, and what ours are apart by.
        assert!((theirs / ours - 1.0).abs() < 0.13, "{quantile}: {theirs} for {ours}");
    }
    // What has no buckets came by the same scrape.
    assert_eq!(prometheus.number(&format!("scoreboard_up{{board=\"{name}\"}}")), Some(1.0));
}
