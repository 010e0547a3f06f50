//! Who looks: a recorder at 1 kHz, `top` on a terminal, `serve` with a scraper, and its history.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Stage;
use super::usage::Usage;
use crate::program;
use crate::served::{self, Serve};
use crate::terminal::Terminal;

/// One recording.
const RECORDING: Duration = Duration::from_secs(15);

/// Records 15 s at a time, over restarts, and reads each back.
pub(super) fn recorder(stage: &Stage, folder: &Path) {
    let mut number = 0;
    while !stage.is_over() {
        number += 1;
        let path = folder.join(format!("{number}.rec"));
        let file = path.to_str().expect("UTF-8");
        let lasts = format!("{}s", RECORDING.as_secs());
        let mut command = Command::new(program::debug("inspect"));
        command.args([
            "record",
            "-n",
            &stage.board,
            "-r",
            "1000",
            "--follow",
            "-d",
            &lasts,
            "-o",
            file,
        ]);
        let output = served::unprivileged(&mut command).output().expect("it runs");
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            // Between two daemons there may be none.
            if said.contains("no board") || said.contains("no samples") {
                stage.rest(Duration::from_millis(200));
            } else {
                stage.fault(format!("record: {said}"));
            }
            continue;
        }
        let report = program::inspect(&["report", file, "--json", "--idle"]);
        match serde_json::from_slice::<Value>(&report.stdout) {
            Ok(report) => {
                let number = |name: &str| report[name].as_u64().unwrap_or_default();
                stage.count("recordings", 1);
                stage.count("ticks", number("ticks"));
                stage.count("ticks missed", number("missed_ticks"));
                stage.count("samples torn", number("torn"));
            }
            Err(error) => stage.fault(format!("report: {error}")),
        }
        let _ = std::fs::remove_file(path);
    }
}

/// The screen, all the while.
pub(super) fn screen(stage: &Stage, usage: &Usage) {
    let inspect = program::debug("inspect");
    let mut terminal = Terminal::start(&inspect, &["top", "-n", &stage.board], 100, 30);
    let mut views = "123456".chars().cycle();
    while !stage.is_over() {
        stage.rest(Duration::from_secs(2));
        if let Ok(Some(status)) = terminal.child.try_wait() {
            return stage.fault(format!("top ended: {status:?}"));
        }
        usage.note(stage, "top", terminal.child.id());
        if let Some(view) = views.next() {
            terminal.press(&view.to_string());
        }
        stage.count("views of top", 1);
    }
    usage.judge(stage, "top");
    terminal.press("q");
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        if let Ok(Some(status)) = terminal.child.try_wait() {
            if !status.success() {
                stage.fault(format!("top ended with {status:?}"));
            }
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    stage.fault("top does not end".to_owned());
}

/// The server with its history, and who asks it.
pub(super) fn server(stage: &Stage, past: &Path, usage: &Usage, serve: Serve) {
    let began = Instant::now();
    while !stage.is_over() {
        for path in ["/metrics", "/api/v1/boards", "/api/v1/ops", "/api/v1/why", "/api/v1/waits"] {
            let answer = match crate::http::ask(&serve.address, "GET", path, &[]) {
                Ok(answer) => answer,
                Err(error) => {
                    stage.fault(format!("{path}: {error}"));
                    continue;
                }
            };
            if answer.status != 200 {
                stage.fault(format!("{path}: {}", answer.status));
            }
            if path == "/metrics" && !answer.text().contains("scoreboard_up") {
                stage.fault("no scoreboard_up".to_owned());
            }
            stage.count("answers of serve", 1);
        }
        usage.note(stage, "serve", serve.child.id());
        stage.rest(Duration::from_secs(1));
    }
    usage.judge(stage, "serve");
    history(stage, past, began.elapsed());
    let (code, said) = serve.stop();
    if code != Some(0) {
        stage.fault(format!("serve ended with {code:?}: {said}"));
    }
}

/// The past has every second, but where the recorder was late.
fn history(stage: &Stage, past: &Path, lasted: Duration) {
    let since = format!("{}s", lasted.as_secs().saturating_sub(3));
    let directory = past.to_str().expect("UTF-8");
    let asked = ["history", "--history", directory, "--since", &since, "--json"];
    let output = program::inspect(&asked);
    let document: Value = match serde_json::from_slice(&output.stdout) {
        Ok(document) => document,
        Err(error) => return stage.fault(format!("history: {error}: {output:?}")),
    };
    let gaps = document["gaps"].as_array().cloned().unwrap_or_default();
    stage.count("gaps in the history", gaps.len() as u64);
    if !gaps.is_empty() {
        stage.fault(format!("gaps in the history: {gaps:?}"));
    }
    let runs = document["boards"].as_array().map_or(0, Vec::len);
    stage.count("runs in the history", runs as u64);
}
