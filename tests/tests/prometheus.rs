//! A real Prometheus over real boards: it agrees with `inspect`, its alerts fire and stop. About 20 s; with
//! `PROMETHEUS_SECONDS=300` it is held against `inspect` for five minutes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::program::{self, Program, board, inspect};
use tests::{build, wait};

fn documents() -> PathBuf {
    build::root().join("docs/prometheus")
}

/// A server that answers each request with what `inspect export prom` says of these boards at that moment.
fn exporter(names: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    program::debug("scoreboard-inspect", "inspect");
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

impl Prometheus {
    /// With the configuration and the rules of the guide, as fast as a test needs them.
    fn start(target: u16) -> Self {
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
        let config = read("scrape.yml")
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

/// Names of the dashboard are names of the export or of the rules, and its queries are understood.
fn every_panel_asks_for_what_there_is(prometheus: &Prometheus) {
    let names = prometheus.ask("/api/v1/label/__name__/values").expect("names");
    let names: Value = serde_json::from_str(&names).expect("JSON");
    let known: Vec<&str> =
        names["data"].as_array().expect("names").iter().filter_map(Value::as_str).collect();
    let text = std::fs::read_to_string(documents().join("grafana-scoreboard.json")).expect("it");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let mut asked = 0;
    for panel in dashboard["panels"].as_array().expect("panels") {
        for target in panel["targets"].as_array().expect("targets") {
            let query = target["expr"].as_str().expect("a query");
            let query = query
                .replace("$instance", ".*")
                .replace("$board", ".*")
                .replace("$__rate_interval", "1m");
            prometheus.query(&query);
            let words = query.split(|char: char| !char.is_ascii_alphanumeric() && char != '_');
            for name in words.filter(|word| word.starts_with("scoreboard_")) {
                // None of these programs says what is at the head of its queue.
                let untold = name == "scoreboard_queue_oldest_age_seconds";
                assert!(known.contains(&name) || untold, "{name}");
                asked += 1;
            }
        }
    }
    assert!(asked > 14, "{asked}");
}

#[test]
fn the_list_of_what_is_in_flight_asks_for_fields_that_exist() {
    let (program, _) = Program::behave(&program::name("in-flight"), &["operations"]);
    let op = &board(program.pid())["ops"][0];
    let text = std::fs::read_to_string(documents().join("grafana-in-flight.json")).expect("it");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let query = &dashboard["panels"][0]["targets"][0];
    assert_eq!(query["root_selector"], "ops");
    for column in query["columns"].as_array().expect("columns") {
        let name = column["selector"].as_str().expect("a name");
        // The server says of each row of which host it is.
        assert!(op.get(name).is_some() || ["board", "pid"].contains(&name), "{name} in {op}");
    }
}
