//! The one thread that reads boards. It looks when somebody asks, at most once a tick, and regularly while
//! somebody streams; a client never makes it read twice, nor wait.

use std::collections::{HashMap, HashSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::far::Far;
use super::memory::GiveBack;
use super::parts::Parts;
use super::shown::Shown;
use super::view::View;
use crate::clock::Moment;
use crate::context::Look;
use crate::endpoints::Hosts;
use crate::error::OpenError;
use crate::listed::Row;
use crate::liveness::State;
use crate::locate::{self, Candidate, Run};
use crate::open_board::OpenBoard;

/// Between two looks while somebody streams.
pub(super) const TICK: Duration = Duration::from_millis(500);
/// Between any two looks, whoever asks.
const LEAST: Duration = Duration::from_millis(100);
/// The same at other hosts, which all of them pay for.
const FAR_TICK: Duration = Duration::from_secs(1);
const FAR_LEAST: Duration = Duration::from_millis(500);
/// Between two walks through other mount namespaces: they look at every process.
const FAR: Duration = Duration::from_secs(5);
/// A board that could not be opened, or whose process ended, is looked at again after this.
const AGAIN: Duration = Duration::from_secs(2);
/// How long a client waits for a look.
const PATIENCE: Duration = Duration::from_secs(3);
/// Boards that are looked at. More are counted.
const MOST: usize = 1_000;

/// What the clients want of the thread.
#[derive(Default)]
struct Wish {
    asked: bool,
    stop: bool,
}

struct Desk {
    wish: Mutex<Wish>,
    bell: Condvar,
    streams: AtomicUsize,
    looks: AtomicU64,
    broken: AtomicBool,
}

impl Desk {
    fn ring(&self, change: impl FnOnce(&mut Wish)) {
        change(&mut self.wish.lock().unwrap_or_else(PoisonError::into_inner));
        self.bell.notify_one();
    }
}

/// The clients' side.
#[derive(Clone)]
pub(super) struct Watch {
    desk: Arc<Desk>,
    views: watch::Receiver<Option<Arc<View>>>,
}

/// Counts somebody who streams.
pub(super) struct Streaming(Arc<Desk>);

impl Drop for Streaming {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The thread. Dropping it ends it.
pub(super) struct Watcher {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.desk.ring(|wish| wish.stop = true);
        if let Some(thread) = self.thread.take() {
            // Its panic was printed.
            let _ = thread.join();
        }
    }
}

/// Starts the thread.
///
/// # Errors
/// No thread can be started.
pub(super) fn start(far: Option<Hosts>) -> io::Result<(Watch, Watcher)> {
    let mut eyes = match far {
        None => Eyes::Here(Box::default()),
        Some(hosts) => Eyes::There(Box::new(Far::new(hosts)?)),
    };
    let desk = Arc::new(Desk {
        wish: Mutex::default(),
        bell: Condvar::new(),
        streams: AtomicUsize::new(0),
        looks: AtomicU64::new(0),
        broken: AtomicBool::new(false),
    });
    let (sender, views) = watch::channel(None);
    let theirs = Arc::clone(&desk);
    let thread = std::thread::Builder::new().name("boards".to_owned()).spawn(move || {
        let run = AssertUnwindSafe(|| looks(&theirs, &sender, &mut eyes));
        if catch_unwind(run).is_err() {
            theirs.broken.store(true, Ordering::Relaxed);
        }
    })?;
    Ok((Watch { desk: Arc::clone(&desk), views }, Watcher { desk, thread: Some(thread) }))
}

impl Watch {
    /// A look that is at most a tick old when it is asked for; an older one when the file system of some board
    /// does not answer in time.
    pub(super) async fn view(&self) -> Option<Arc<View>> {
        let mut views = self.views.clone();
        let fresh = |view: &Option<Arc<View>>| {
            view.as_ref().is_some_and(|view| view.taken.elapsed() < LEAST)
        };
        let now = views.borrow_and_update().clone();
        if fresh(&now) {
            return now;
        }
        let asked = Instant::now();
        self.desk.ring(|wish| wish.asked = true);
        let new = |view: &Option<Arc<View>>| {
            view.as_ref().is_some_and(|view| view.taken + LEAST >= asked)
        };
        match tokio::time::timeout(PATIENCE, views.wait_for(new)).await {
            Ok(Ok(view)) => view.clone(),
            _ => now.or_else(|| self.views.borrow().clone()),
        }
    }

    /// Every look from now on, for somebody who streams: who is slow gets the newest.
    pub(super) fn views(&self) -> (Streaming, watch::Receiver<Option<Arc<View>>>) {
        self.desk.streams.fetch_add(1, Ordering::Relaxed);
        self.desk.ring(|wish| wish.asked = true);
        (Streaming(Arc::clone(&self.desk)), self.views.clone())
    }

    /// Who streams now.
    pub(super) fn streams(&self) -> usize {
        self.desk.streams.load(Ordering::Relaxed)
    }

    /// Looks so far.
    pub(super) fn looks(&self) -> u64 {
        self.desk.looks.load(Ordering::Relaxed)
    }

    /// Whether the thread is at work.
    pub(super) fn works(&self) -> bool {
        !self.desk.broken.load(Ordering::Relaxed)
    }
}

/// Whose boards are looked at.
enum Eyes {
    /// This host's.
    Here(Box<Boards>),
    /// Other hosts'.
    There(Box<Far>),
}

impl Eyes {
    fn look(&mut self, streams: bool) -> View {
        match self {
            Self::Here(boards) => boards.look(streams),
            Self::There(far) => far.look(streams),
        }
    }

    /// Between two looks while somebody streams, and between any two.
    fn pace(&self) -> (Duration, Duration) {
        match self {
            Self::Here(_) => (TICK, LEAST),
            Self::There(_) => (FAR_TICK, FAR_LEAST),
        }
    }
}

/// Looks until told to stop.
fn looks(desk: &Desk, views: &watch::Sender<Option<Arc<View>>>, eyes: &mut Eyes) {
    let mut last: Option<Instant> = None;
    let mut free = GiveBack::new();
    loop {
        {
            let mut wish = desk.wish.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                if wish.stop {
                    return;
                }
                let streams = desk.streams.load(Ordering::Relaxed) > 0;
                let (tick, least) = eyes.pace();
                let since = last.map_or(tick, |last| last.elapsed());
                let due = match (wish.asked, streams) {
                    (true, _) => least,
                    (false, true) => tick,
                    (false, false) => Duration::MAX,
                };
                if since >= due {
                    break;
                }
                // Nobody there: until somebody is.
                let rest = due.saturating_sub(since).min(Duration::from_secs(3600));
                let woken = desk.bell.wait_timeout(wish, rest);
                wish = woken.unwrap_or_else(PoisonError::into_inner).0;
            }
            wish.asked = false;
        }
        // From the beginning of the look: what a client asked meanwhile may have been missed.
        last = Some(Instant::now());
        let streams = desk.streams.load(Ordering::Relaxed) > 0;
        let view = eyes.look(streams);
        if let Some(parts) = &view.parts {
            // What nearly all of those who stream will ask is made here, where nobody waits for it.
            parts.since(view.seq.saturating_sub(1), None);
        }
        desk.looks.store(view.seq, Ordering::Relaxed);
        views.send_replace(Some(Arc::new(view)));
        free.now_and_then();
    }
}

struct Known {
    board: OpenBoard,
    /// What is shown of it without another look until then: of a process that ended.
    still: Option<(Instant, Arc<Shown>)>,
}

/// The boards in hand.
#[derive(Default)]
struct Boards {
    known: HashMap<Run, Known>,
    /// Those that cannot be opened, what is shown of them, and when it was tried.
    failed: HashMap<Run, (Instant, Arc<Shown>)>,
    far: Option<(Instant, Vec<Candidate>)>,
    seq: u64,
    parts: Option<Arc<Parts>>,
}

impl Boards {
    fn look(&mut self, streams: bool) -> View {
        let taken = Instant::now();
        let moment = Moment::now(false);
        let (candidates, left_out) = self.candidates(taken);
        let here: HashSet<Run> = candidates.iter().map(Candidate::run).collect();
        // One that lost its file is kept as long as its process lives: nobody else finds it.
        self.known.retain(|id, known| here.contains(id) || known.board.exists());
        self.failed.retain(|id, _| here.contains(id));
        for candidate in candidates {
            self.open(candidate, taken);
        }
        let mut boards: Vec<Arc<Shown>> =
            self.known.values_mut().map(|known| read(known, taken)).collect();
        boards.extend(self.failed.values().map(|(_, shown)| Arc::clone(shown)));
        boards.sort_by(|a, b| {
            let key = |one: &Shown| (!one.exists(), one.row.pid);
            a.row
                .name
                .cmp(&b.row.name)
                .then_with(|| (key(a), &a.row.path).cmp(&(key(b), &b.row.path)))
        });
        self.seq += 1;
        self.parts =
            streams.then(|| Parts::next(self.parts.as_deref(), self.seq, moment, &boards).into());
        View {
            seq: self.seq,
            taken,
            wall_ns: moment.wall_ns,
            boards,
            left_out,
            parts: self.parts.clone(),
            endpoints: None,
        }
    }

    /// Files that are named like boards, and how many there are too many.
    fn candidates(&mut self, now: Instant) -> (Vec<Candidate>, usize) {
        let mut all = locate::here();
        let far = self.far.take().filter(|(at, _)| now.duration_since(*at) < FAR);
        let far = far.unwrap_or_else(|| (now, locate::elsewhere().found));
        all.extend(far.1.iter().cloned());
        self.far = Some(far);
        let mut seen = HashSet::new();
        all.retain(|candidate| seen.insert(candidate.id));
        let left_out = all.len().saturating_sub(MOST);
        // What is known stays, whatever comes to stand before it.
        all.sort_by_key(|candidate| !self.known.contains_key(&candidate.run()));
        all.truncate(MOST);
        (all, left_out)
    }

    fn open(&mut self, candidate: Candidate, now: Instant) {
        let id = candidate.run();
        let tried = self.failed.get(&id).is_some_and(|(at, _)| now.duration_since(*at) < AGAIN);
        if tried || self.known.contains_key(&id) {
            return;
        }
        let opened = catch_unwind(|| {
            let mut board = OpenBoard::open(candidate.clone(), Look::All)?;
            board.first_look()?;
            Ok(board)
        });
        match opened.unwrap_or_else(|_| Err(broken(&candidate))) {
            Ok(board) => {
                self.failed.remove(&id);
                self.known.insert(id, Known { board, still: None });
            }
            Err(error) => {
                self.failed.insert(id, (now, unread(&candidate, &error, false)));
            }
        }
    }
}

/// Reads a board. One that cannot be read is shown with the reason and tried again.
fn read(known: &mut Known, now: Instant) -> Arc<Shown> {
    if let Some((at, shown)) = &known.still
        && now.duration_since(*at) < AGAIN
    {
        return Arc::clone(shown);
    }
    let board = &mut known.board;
    let report = catch_unwind(AssertUnwindSafe(|| {
        board.look(Look::All);
        board.report()
    }));
    let candidate = board.candidate.clone();
    let foreign = board.context.foreign;
    let shown = match report.unwrap_or_else(|_| Err(broken(&candidate))) {
        Ok(report) => {
            let row = Row::about(&report, board.owner.0);
            // Numbers of a held process are of its last sign of life, as those of a dead one.
            let runs = row.state == State::Live && !board.is_saved();
            let now_ms = i64::try_from(board.context.moment.mono_ns / 1_000_000).ok();
            let now_ms = now_ms.filter(|_| runs);
            let own_pid =
                board.context.host_pid.filter(|&pid| runs && u64::from(pid) == report.pid);
            Arc::new(Shown::new(candidate, row, Some(report), foreign, now_ms).of(own_pid))
        }
        Err(error) => unread(&candidate, &error, foreign),
    };
    let ended = shown.row.state == State::Dead || shown.report.is_none();
    known.still = ended.then(|| (now, Arc::clone(&shown)));
    shown
}

fn unread(candidate: &Candidate, error: &OpenError, foreign: bool) -> Arc<Shown> {
    Arc::new(Shown::new(candidate.clone(), Row::unread(candidate, error), None, foreign, None))
}

/// A fault of this program, not of the others' boards: those go on.
fn broken(candidate: &Candidate) -> OpenError {
    OpenError::TooMuch {
        path: candidate.path.clone(),
        why: "this program failed on it, which is a fault of its own".to_owned(),
    }
}
