//! Programs of others that look at `serve` all the while: a browser with the page open, and a Prometheus.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Stage;
use crate::{build, python};

/// Ended when it goes out of scope, whatever happens.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The browser's Python, where there is a browser; fetched before the clock runs.
pub(super) fn browser_of_here() -> Option<PathBuf> {
    let there = build::needs("chromium", "chromium")
        && build::needs("chromedriver", "chromium-driver")
        && build::needs("prometheus", "prometheus");
    python::python().filter(|_| there)
}

/// The page in a real browser: `tests/soak_page.py` goes from view to view and says what it saw.
pub(super) fn browser(stage: &Stage, python: &Path, address: &str) {
    let mut command = Command::new(python);
    command.arg(build::root().join("tests/soak_page.py")).args([address, &stage.board]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut script = Ended(command.spawn().expect("it runs"));
    let stdin = script.0.stdin.take();
    let said = BufReader::new(script.0.stdout.take().expect("piped"));
    let mut heaps = Vec::new();
    std::thread::scope(|scope| {
        // It ends when its stdin does.
        scope.spawn(move || {
            while !stage.is_over() {
                stage.rest(Duration::from_secs(1));
            }
            drop(stdin);
        });
        for line in said.lines().map_while(Result::ok) {
            match line.split_once(' ') {
                Some(("looked", heap)) => {
                    stage.count("views of the page in a browser", 1);
                    heaps.extend(heap.parse::<u64>());
                }
                Some(("late", _)) => stage.count("views of the page that took over 10 s", 1),
                _ => stage.fault(format!("the page: {line}")),
            }
        }
        if !stage.is_over() {
            stage.fault("the browser ended".to_owned());
        }
    });
    if let Some((early, late)) = super::usage::halves(&heaps) {
        stage.count("KiB of the page's objects at the end", late);
        if late > early + early / 2 + (8 << 10) {
            stage.fault(format!("the page grew from {early} to {late} KiB"));
        }
    }
}

fn ask(port: u16, path: &str) -> Option<String> {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    write!(socket, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
    let mut text = String::new();
    socket.read_to_string(&mut text).ok()?;
    Some(text.split_once("\r\n\r\n")?.1.to_owned())
}

/// The first row's value.
fn number(port: u16, query: &str) -> Option<f64> {
    let coded: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let answer: Value =
        serde_json::from_str(&ask(port, &format!("/api/v1/query?query={coded}"))?).ok()?;
    answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
}

/// A real Prometheus, which scrapes every two seconds.
pub(super) fn prometheus(stage: &Stage, address: &str) {
    let home = tempfile::tempdir().expect("a folder");
    let config = home.path().join("prometheus.yml");
    let text = format!(
        "scrape_configs:\n  - job_name: soak\n    scrape_interval: 2s\n    scrape_timeout: 2s\n    \
         static_configs:\n      - targets: ['{address}']\n"
    );
    std::fs::write(&config, text).expect("written");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let port = port.expect("a port").port();
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", config.display()));
    command.arg(format!("--storage.tsdb.path={}", home.path().join("data").display()));
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut scraper = Ended(silent.spawn().expect("prometheus"));
    let began = Instant::now();
    while !stage.is_over() {
        stage.rest(Duration::from_secs(1));
        if let Ok(Some(status)) = scraper.0.try_wait() {
            return stage.fault(format!("Prometheus ended: {status}"));
        }
    }
    let over = format!("[{}s]", began.elapsed().as_secs() + 5);
    let (tried, up) = (
        number(port, &format!("count_over_time(up{over})")).unwrap_or(0.0),
        number(port, &format!("sum_over_time(up{over})")).unwrap_or(0.0),
    );
    stage.count("scrapes of a Prometheus", tried as u64);
    stage.count("scrapes that failed", (tried - up) as u64);
    let most = number(port, &format!("max_over_time(scrape_samples_scraped{over})"));
    stage.count("samples of the largest scrape", most.unwrap_or(0.0) as u64);
    // One in a hundred may be late on a machine that has other things to do.
    if tried < began.elapsed().as_secs_f64() / 4.0 || tried - up > tried / 100.0 + 1.0 {
        stage.fault(format!("Prometheus scraped {tried} times, {up} with success"));
    }
}
