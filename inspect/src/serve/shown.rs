//! A board as it was read, or why it was not.

use std::sync::OnceLock;

use axum::body::Bytes;
use serde::Serialize;

use crate::listed::Row;
use crate::model::BoardReport;
use crate::render::json;
use crate::target::Candidate;

/// A board as it was read, or why it was not.
#[derive(Debug)]
pub(super) struct Shown {
    /// Its file.
    pub(super) candidate: Candidate,
    /// It in a line.
    pub(super) row: Row,
    /// What is said of it; `None` when it could not be read.
    pub(super) report: Option<BoardReport>,
    /// Somebody else's file beside a process's board.
    pub(super) foreign: bool,
    /// The monotonic clock when it was read, ms; `None` of a process that is held or ended: its ages
    /// stand still.
    pub(super) now_ms: Option<i64>,
    /// Its living process, where that is numbered here as on its board.
    pub(super) own_pid: Option<u32>,
    json: OnceLock<Bytes>,
}

/// A board that cannot be read, in the form of one that can.
#[derive(Serialize)]
struct Unread<'a> {
    #[serde(flatten)]
    row: Unreadable<'a>,
    threads: [(); 0],
    counters: [(); 0],
    gauges: [(); 0],
    ratios: [(); 0],
    histograms: [(); 0],
    queues: [(); 0],
    heartbeats: [(); 0],
    progress: [(); 0],
    ops: [(); 0],
    headline: Option<()>,
    uptime_ns: Option<()>,
    heartbeat_age_ns: Option<()>,
}

#[derive(Serialize)]
struct Unreadable<'a> {
    name: &'a str,
    pid: u64,
    uid: u64,
    state: crate::liveness::State,
    verdict: &'a str,
    path: &'a str,
    size_bytes: Option<u64>,
}

impl Shown {
    pub(super) fn new(
        candidate: Candidate,
        row: Row,
        report: Option<BoardReport>,
        foreign: bool,
        now_ms: Option<i64>,
    ) -> Self {
        Self { candidate, row, report, foreign, now_ms, own_pid: None, json: OnceLock::new() }
    }

    /// The same, of a process that the kernel may be asked about.
    pub(super) fn of(self, own_pid: Option<u32>) -> Self {
        Self { own_pid, ..self }
    }

    /// By what a client may call it: the end of its file's name, which no other board has.
    pub(super) fn key(&self) -> String {
        let Candidate { name, pid, start, .. } = &self.candidate;
        format!("{name}.{pid}.{start}")
    }

    /// Whether its process exists.
    pub(super) fn exists(&self) -> bool {
        self.row.state.exists()
    }

    /// The board as JSON, made once for all who ask.
    pub(super) fn json(&self) -> Bytes {
        self.json.get_or_init(|| self.written()).clone()
    }

    fn written(&self) -> Bytes {
        let text = match &self.report {
            Some(report) => json::line(report),
            None => {
                let row = &self.row;
                json::line(&Unread {
                    row: Unreadable {
                        name: &row.name,
                        pid: row.pid,
                        uid: row.uid,
                        state: row.state,
                        verdict: &row.verdict,
                        path: &row.path,
                        size_bytes: row.size_bytes,
                    },
                    threads: [],
                    counters: [],
                    gauges: [],
                    ratios: [],
                    histograms: [],
                    queues: [],
                    heartbeats: [],
                    progress: [],
                    ops: [],
                    headline: None,
                    uptime_ns: None,
                    heartbeat_age_ns: None,
                })
            }
        };
        text.unwrap_or_else(|_| "null".to_owned()).into()
    }
}
