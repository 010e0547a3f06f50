//! A board as it was read, or why it was not.

use std::sync::OnceLock;

use axum::body::Bytes;
use serde::Serialize;

use crate::endpoints::{Hosted, Standing};
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
    /// The endpoint that said it, of a board of another host.
    pub(super) endpoint: Option<String>,
    /// Its living process, where that is numbered here as on its board.
    pub(super) own_pid: Option<u32>,
    json: OnceLock<Bytes>,
}

/// Between a host and a board in a key.
pub(super) const HOST: char = '~';

/// A host in a key, which may be one part of a path.
pub(super) fn host(endpoint: &str) -> String {
    let rest = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    rest.replace(['/', HOST], ".")
}

/// JSON of something, with its endpoint where it is of another host.
fn of_host(endpoint: &Option<String>, row: &impl Serialize) -> serde_json::Result<String> {
    match endpoint {
        None => json::line(row),
        Some(endpoint) => json::line(&Hosted { endpoint: endpoint.clone(), row }),
    }
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
    uid: Option<u64>,
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
        let (endpoint, own_pid, json) = (None, None, OnceLock::new());
        Self { candidate, row, report, foreign, now_ms, endpoint, own_pid, json }
    }

    /// The same, of a process that the kernel may be asked about.
    pub(super) fn of(self, own_pid: Option<u32>) -> Self {
        Self { own_pid, ..self }
    }

    /// By what a client may call it: the end of its file's name, which no other board has.
    pub(super) fn key(&self) -> String {
        let Candidate { name, pid, start, .. } = &self.candidate;
        match &self.endpoint {
            None => format!("{name}.{pid}.{start}"),
            Some(endpoint) => format!("{}{HOST}{name}.{pid}.{start}", host(endpoint)),
        }
    }

    /// The same, of another host.
    pub(super) fn at(self, standing: &Standing) -> Self {
        Self { endpoint: Some(standing.endpoint.clone()), ..self }
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
            Some(report) => of_host(&self.endpoint, report),
            None => {
                let row = &self.row;
                let unread = Unread {
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
                };
                of_host(&self.endpoint, &unread)
            }
        };
        text.unwrap_or_else(|_| "null".to_owned()).into()
    }
}
