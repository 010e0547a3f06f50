//! The past: a thread that keeps what boards say, once a second, and `/api/v1/history`.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use tokio::runtime::Handle;

use super::ask::Ask;
use super::reply::{self, Refusal};
use super::shared::Shared;
use super::watch::Watch;
use crate::clock::Moment;
use crate::history::{By, Past, Recorder, Second, Span, past, read};
use crate::model::BoardReport;
use crate::words::glob::glob;
use crate::words::moment::moment;

const SECOND_NS: u64 = 1_000_000_000;
/// Between two looks at whether it is to end.
const SLICE: Duration = Duration::from_millis(100);
/// Points of an answer, unless said otherwise.
const POINTS: u64 = 300;

/// The thread. Dropping it ends it, after the second that it is at.
pub(super) struct Keeping {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Keeping {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Its panic was printed.
            let _ = thread.join();
        }
    }
}

/// Starts to keep.
///
/// # Errors
/// No thread can be started.
pub(super) fn keep(
    mut recorder: Recorder,
    watch: Watch,
    runtime: Handle,
) -> std::io::Result<Keeping> {
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let thread = std::thread::Builder::new().name("history".to_owned()).spawn(move || {
        let mut before: Option<HashSet<String>> = None;
        while !told.load(Ordering::Relaxed) {
            // On the second, so that those of several hosts are of about the same moment.
            let rest = SECOND_NS - Moment::now(false).wall_ns % SECOND_NS;
            if Duration::from_nanos(rest) > SLICE {
                std::thread::sleep(SLICE);
                continue;
            }
            std::thread::sleep(Duration::from_nanos(rest));
            let Some(view) = runtime.block_on(watch.view()) else { continue };
            let ended = view.boards.iter().filter(|one| !one.exists()).map(|one| one.key());
            // What ended before is not of this time.
            let over = before.get_or_insert_with(|| ended.collect());
            let fresh = view.boards.iter().filter(|one| !one.foreign && !over.contains(&one.key()));
            let reports: Vec<BoardReport> = fresh.filter_map(|one| one.report.clone()).collect();
            let seconds = recorder.seconds(&reports);
            // It goes on when there is room again; what was lost is a gap.
            let _ = recorder.put(Moment::now(false).wall_ns, &seconds);
        }
    })?;
    Ok(Keeping { stop, thread: Some(thread) })
}

/// By what the active are told apart.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Told {
    #[default]
    Status,
    Line,
    Kind,
    Thread,
}

/// What may be asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pick {
    /// Of boards of this name, or this pid.
    board: Option<String>,
    /// From when: `10m` ago, `03:12`, or a date with time, UTC.
    since: Option<String>,
    /// Until when.
    until: Option<String>,
    #[serde(default)]
    by: Told,
    /// Points at most.
    points: Option<u64>,
}

pub(super) async fn history(
    State(shared): State<Shared>,
    Ask(pick): Ask<Pick>,
) -> Result<Response, Refusal> {
    let Some((directory, _)) = shared.settings.history.clone() else {
        return Err(Refusal::missing(
            "no history is kept: start `inspect serve` with --history DIR",
        ));
    };
    let now = Moment::now(false).wall_ns;
    let at = |name: &str, text: &Option<String>, default: u64| match text {
        None => Ok(default),
        Some(text) => moment(text, now).map_err(|why| Refusal::wrong(format!("{name}: {why}"))),
    };
    let from_ns = at("since", &pick.since, now.saturating_sub(600 * SECOND_NS))?;
    let to_ns = at("until", &pick.until, now)?;
    let points = pick.points.unwrap_or(POINTS);
    if from_ns >= to_ns || !(1..=3_600).contains(&points) {
        return Err(Refusal::wrong("since before until, and from 1 to 3600 points"));
    }
    let span = Span { from_ns, to_ns };
    let collected = move || collected(&directory, span, &pick, points);
    let past = tokio::task::spawn_blocking(collected).await;
    let failed = |text: String| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, text);
    let past = past.map_err(|_| failed("reading the history ended by a fault".to_owned()))?;
    Ok(reply::document(&past.map_err(|error| failed(error.to_string()))?))
}

fn collected(directory: &Path, span: Span, pick: &Pick, points: u64) -> std::io::Result<Past> {
    let by = match pick.by {
        Told::Status => By::Status,
        Told::Line => By::Line,
        Told::Kind => By::Kind,
        Told::Thread => By::Thread,
    };
    let wanted = |second: &Second| {
        pick.board.as_ref().is_none_or(|text| {
            glob(text, &second.name) || text.parse().is_ok_and(|pid: u64| pid == second.pid)
        })
    };
    let mut all = past(span, by, points);
    // What could not be read of it is a gap.
    read(directory, span, &mut |at_ns, seconds| all.take(at_ns, seconds, &wanted))?;
    Ok(all.finish())
}
