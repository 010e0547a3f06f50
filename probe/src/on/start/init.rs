//! From a name to a board: once, in the daemon's own thread, and never at the daemon's expense.
#![expect(unsafe_code, reason = "follows a pointer that only `remember` sets")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use std::time::Duration;

use crate::layout::{MAGIC, MAX_BOARD_BYTES, plan};
use crate::on::board::earlier;
use crate::on::board::place;
use crate::on::board::store::Store;
use crate::on::board::sweep;
use crate::on::board::tables::{Board, install};
use crate::on::describe;
use crate::on::ground::clock;
use crate::on::ground::clock::Calibration;
use crate::on::ground::limits;
use crate::on::ground::mounts::Mounts;
use crate::on::ground::say::{say, tell_board};
use crate::on::ground::stay;
use crate::on::keeper::beat;
use crate::on::sites::late;
use crate::on::slots::register::{Mode, mode, prepare_exit_key, set_mode};
use crate::on::start::config::Config;
use crate::on::start::end;
use crate::on::start::fork;
use crate::protocol::published;

/// What became of [`init!`](crate::init).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Not called yet.
    Before,
    /// There is a board, here.
    Board(PathBuf),
    /// Switched off by `PROBE=off`.
    Off,
    /// There is no board, for this reason; the daemon runs on, its probes write to private memory.
    Failed(String),
}

/// What a process was asked for and what became of it.
struct State {
    config: Config,
    status: Status,
    /// What was before, as in a forked child: nothing of it is lost.
    _before: *mut State,
}

/// The last of them. A pointer and no lock: a forked child finds it as it was, whoever was at work.
static STATE: AtomicPtr<State> = AtomicPtr::new(core::ptr::null_mut());
/// The process in which a thread is making a board; 0 for none.
static MAKING: AtomicU32 = AtomicU32::new(0);
/// How often, and how long each time, who calls `init!` beside another thread waits for that one.
const WAITS: u32 = 2000;
const WAIT: Duration = Duration::from_millis(1);

fn state() -> Option<&'static State> {
    // Acquire: pairs with the release in `remember`.
    let state = STATE.load(Ordering::Acquire);
    // SAFETY: only `remember` stores here, and what it stores is leaked.
    unsafe { state.as_ref() }
}

fn remember(config: Config, status: Status) {
    let state = State { config, status, _before: STATE.load(Ordering::Relaxed) };
    // Release: pairs with the acquire in `state`.
    STATE.store(Box::into_raw(Box::new(state)), Ordering::Release);
}

/// The right to make this process's board, until dropped.
struct Making;

impl Making {
    /// Takes it, unless another thread of this process has it. What a thread of the parent held when it forked
    /// is free.
    fn take() -> Option<Self> {
        let me = std::process::id();
        let take = |has| (has != me).then_some(me);
        // Acquire: pairs with the release below.
        let taken = MAKING.fetch_update(Ordering::Acquire, Ordering::Relaxed, take);
        taken.is_ok().then_some(Self)
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        MAKING.store(0, Ordering::Release);
    }
}

/// Whether labels that were called sensitive are shown.
static SHOWS_SENSITIVE: AtomicBool = AtomicBool::new(false);

/// Whether labels that were called sensitive are shown.
pub(crate) fn shows_sensitive() -> bool {
    SHOWS_SENSITIVE.load(Ordering::Relaxed)
}

/// What became of [`init!`](crate::init).
pub fn status() -> Status {
    state().map_or(Status::Before, |state| state.status.clone())
}

#[doc(hidden)]
pub fn init(config: Config) -> Status {
    let mut making = Making::take();
    for _ in 0..WAITS {
        if making.is_some() {
            break;
        }
        std::thread::sleep(WAIT);
        making = Making::take();
    }
    if making.is_none() {
        return status();
    }
    if let (Mode::Board | Mode::Private, Some(state)) = (mode(), state()) {
        return state.status.clone();
    }
    let config = config.with_environment();
    let status = start(&config);
    remember(config, status.clone());
    status
}

/// Makes a forked child's board, like the parent's. Whoever comes while another thread does, or from a
/// signal handler inside it, stays unregistered for the moment.
pub(crate) fn again() {
    let Some(_making) = Making::take() else {
        return;
    };
    if mode() != Mode::Forked {
        return;
    }
    let Some(state) = state() else {
        return;
    };
    let config = state.config.clone();
    let status = start(&config);
    remember(config, status);
}

fn start(config: &Config) -> Status {
    if let Err(why) = stay::stay() {
        // Nothing that would be called after the code is gone may be left behind: no thread is watched.
        say(&format!("no board for {}: {why}", config.name));
        set_mode(Mode::Private);
        return Status::Failed(why);
    }
    prepare_exit_key();
    SHOWS_SENSITIVE.store(config.sensitive, Ordering::Relaxed);
    for complaint in &config.complaints {
        say(&format!("ignored {complaint}"));
    }
    let (status, calibration) = if config.off {
        (Status::Off, None)
    } else {
        match make(config) {
            Ok((path, calibration)) => (Status::Board(path), Some(calibration)),
            Err(why) => {
                say(&format!("no board for {}: {why}", config.name));
                (Status::Failed(why), None)
            }
        }
    };
    if matches!(status, Status::Board(_)) && config.cancel {
        open_door(&config.name);
    }
    set_mode(if matches!(status, Status::Board(_)) { Mode::Board } else { Mode::Private });
    if let Some(calibration) = calibration
        && config.keeper
        && !beat::start(calibration, config.watch_descriptors)
    {
        say(&format!("no keeper for {}: no thread could be started", config.name));
    }
    tell_board();
    status
}

/// Lets operations be asked to end; without that the daemon runs as well.
fn open_door(name: &str) {
    if let Some(board) = crate::on::board::tables::board()
        && let Err(why) = crate::on::ops::door::open(board)
    {
        say(&format!("operations of {name} cannot be cancelled: {why}"));
    }
}

fn make(config: &Config) -> Result<(PathBuf, Calibration), String> {
    let pid = std::process::id();
    let pid_start = sweep::own_start().unwrap_or(0);
    let mounts = Mounts::read();
    let directory = place::find(config, mounts.as_ref())?;
    let name = format!("{}.{pid}.{pid_start}", config.name);
    earlier::set_aside(&directory.join(&name), pid, pid_start);
    sweep::sweep(&directory, &config.name, config.keep_dead);

    let capacity = config.fitted_capacity();
    let (sections, bytes) = plan(&capacity);
    if bytes as u64 > MAX_BOARD_BYTES {
        return Err(format!("it would take {bytes} bytes, {MAX_BOARD_BYTES} are the most"));
    }
    if let Some(why) = limits::refuse(&directory, mounts.as_ref(), bytes as u64) {
        return Err(why);
    }
    let store = Store::create(config, &directory, &name, bytes)?;
    let Some(board) = Board::lay_out(store.segment, &sections, &capacity) else {
        store.remove();
        return Err("the layout does not fit its own plan".to_owned());
    };
    let calibration = clock::start();
    describe::describe(&board, config, pid_start, &calibration);
    // Readers believe nothing before this.
    published::publish(&board.header.magic, MAGIC);
    if let Err(why) = store.show() {
        store.remove();
        return Err(why);
    }
    let path = store.path.clone();
    fork::watch(&store);
    clock::set_coarse(0);
    end::watch(store, config.keep);
    late::catch_up(install(board));
    Ok((path, calibration))
}
