//! The past: a thread that keeps what boards say, once a second, and `/api/v1/history`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
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
use crate::history::{
    By, Frame, Gather, Past, Recorder, Sampled, Sampling, Second, Span, past, read, read_sampled,
};
use crate::model::BoardReport;
use crate::words::glob::glob;
use crate::words::moment::moment;

const SECOND_NS: u64 = 1_000_000_000;
/// Between two looks at whether it is to end.
const SLICE: Duration = Duration::from_millis(100);
/// Points of an answer, unless said otherwise.
const POINTS: u64 = 300;
/// Seconds of an answer, unless said otherwise.
const SECONDS: u64 = 600;

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
    sampling: Option<Sampling>,
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
            let sampled = sampling.as_ref().map(Sampling::take).unwrap_or_default();
            let _ = recorder.put_sampled(Moment::now(false).wall_ns, &seconds, &sampled);
        }
    })?;
    Ok(Keeping { stop, thread: Some(thread) })
}

/// Which part of the past is asked for as a heat map.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PickHeat {
    /// Of boards of this name, or this pid.
    board: Option<String>,
    /// From when.
    since: Option<String>,
    /// Until when.
    until: Option<String>,
}

pub(super) async fn heat(
    State(shared): State<Shared>,
    Ask(pick): Ask<PickHeat>,
) -> Result<Response, Refusal> {
    let (directory, span) = part(&shared, (&pick.since, &pick.until), 60)?;
    let gathered = move || {
        let wanted = |one: &Sampled| is_meant(&pick.board, &one.name, one.pid);
        let mut all = Gather::new(span);
        read_sampled(&directory, span, &mut |one| {
            if wanted(&one) {
                all.take(one);
            }
        })?;
        Ok::<_, std::io::Error>(reply::document(&all.finish()))
    };
    let heat = tokio::task::spawn_blocking(gathered).await;
    let failed = |text: String| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, text);
    let heat = heat.map_err(|_| failed("reading the history ended by a fault".to_owned()))?;
    heat.map_err(|error| unread(&error))
}

/// Why the past cannot be read: a recorder may not have begun, or keep it from others.
fn unread(error: &std::io::Error) -> Refusal {
    match error.kind() {
        std::io::ErrorKind::NotFound => Refusal::missing(
            "no history is there yet: `inspect history record` makes the directory that --history-from names",
        ),
        std::io::ErrorKind::PermissionDenied => Refusal::new(
            StatusCode::FORBIDDEN,
            "the history may not be read: it needs the user or the group of its recorder",
        ),
        _ => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

/// Where the past is, and which part of it is meant: the last `seconds`, unless said otherwise.
///
/// # Errors
/// None is kept, or what is said is no time.
fn part(
    shared: &Shared,
    (since, until): (&Option<String>, &Option<String>),
    seconds: u64,
) -> Result<(PathBuf, Span), Refusal> {
    let Some(directory) = shared.settings.past() else {
        return Err(Refusal::missing(
            "no history is kept: start `inspect serve` with --history DIR, or, where a recorder keeps one, --history-from DIR",
        ));
    };
    Ok((directory.to_owned(), span((since, until), seconds)?))
}

/// Which time is meant: the last `seconds`, unless said otherwise.
fn span((since, until): (&Option<String>, &Option<String>), seconds: u64) -> Result<Span, Refusal> {
    let now = Moment::now(false).wall_ns;
    let at = |name: &str, text: &Option<String>, default: u64| match text {
        None => Ok(default),
        Some(text) => moment(text, now).map_err(|why| Refusal::wrong(format!("{name}: {why}"))),
    };
    let from_ns = at("since", since, now.saturating_sub(seconds * SECOND_NS))?;
    let to_ns = at("until", until, now)?;
    if from_ns >= to_ns {
        return Err(Refusal::wrong("since is not before until"));
    }
    Ok(Span { from_ns, to_ns })
}

/// Whether a board is the one that is asked for, by name or pid.
fn is_meant(board: &Option<String>, name: &str, pid: u64) -> bool {
    board
        .as_ref()
        .is_none_or(|text| glob(text, name) || text.parse().is_ok_and(|asked: u64| asked == pid))
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
    Host,
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

impl Pick {
    fn most(&self) -> Result<u64, Refusal> {
        let points = self.points.unwrap_or(POINTS);
        match (1..=3_600).contains(&points) {
            true => Ok(points),
            false => Err(Refusal::wrong("from 1 to 3600 points")),
        }
    }

    /// The time and its points.
    pub(super) fn frame(&self) -> Result<Frame, Refusal> {
        Ok(Frame::new(span((&self.since, &self.until), SECONDS)?, self.most()?))
    }

    pub(super) fn board(&self) -> Option<&str> {
        self.board.as_deref()
    }

    pub(super) fn by(&self) -> By {
        match self.by {
            Told::Status => By::Status,
            Told::Line => By::Line,
            Told::Kind => By::Kind,
            Told::Thread => By::Thread,
            Told::Host => By::Host,
        }
    }
}

pub(super) async fn history(
    State(shared): State<Shared>,
    Ask(pick): Ask<Pick>,
) -> Result<Response, Refusal> {
    let points = pick.most()?;
    let (directory, span) = part(&shared, (&pick.since, &pick.until), SECONDS)?;
    let collected = move || collected(&directory, span, &pick, points);
    let past = tokio::task::spawn_blocking(collected).await;
    let failed = |text: String| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, text);
    let past = past.map_err(|_| failed("reading the history ended by a fault".to_owned()))?;
    Ok(reply::document(&past.map_err(|error| unread(&error))?))
}

fn collected(directory: &Path, span: Span, pick: &Pick, points: u64) -> std::io::Result<Past> {
    let wanted = |second: &Second| is_meant(&pick.board, &second.name, second.pid);
    let mut all = past(span, pick.by(), points);
    // What could not be read of it is a gap.
    read(directory, span, &mut |at_ns, seconds| all.take(at_ns, seconds, &wanted))?;
    Ok(all.finish())
}
