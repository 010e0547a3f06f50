//! From a name to a board: once, in the daemon's own thread, and never at the daemon's expense.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::config::Config;
use super::process_context::{self, Process};
use super::remarks::{say, tell_board};
use super::{end, environment, fork};
use crate::layout::{Capacity, MAGIC, MAX_BOARD_BYTES, Planned, plan};
use crate::on::board::place::{self, Wanted};
use crate::on::board::store::{Access, Store};
use crate::on::board::tables::{self, Board, board};
use crate::on::board::{earlier, sweep};
use crate::on::describe::header::Subject;
use crate::on::describe::whole;
use crate::on::ground::clock::{self, Calibration};
use crate::on::ground::latest::Latest;
use crate::on::ground::mounts::Mounts;
use crate::on::ground::{limits, settings, standard, stay, threads};
use crate::on::keeper::{life, totals};
use crate::on::locks::table as locks;
use crate::on::numbers::{holders, pool};
use crate::on::ops::{cancel_socket, table};
use crate::on::slots::mode::{Mode, mode, set_mode};
use crate::on::slots::{held, register};
use crate::on::thread::registrar::{self, Ask, Registrar};
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
    /// Probes are compiled out.
    CompiledOut,
}

/// What a process was asked for and what became of it.
struct State {
    config: Config,
    status: Status,
}

/// The last of them. No lock: a forked child finds it as it was, whoever was at work.
static STATE: Latest<State> = Latest::none();
/// The process in which a thread is making a board; 0 for none.
static MAKING: AtomicU32 = AtomicU32::new(0);
/// How often, and how long each time, who calls `init!` beside another thread waits for that one.
const WAITS: u32 = 2000;
const WAIT: Duration = Duration::from_millis(1);

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

/// What became of [`init!`](crate::init).
pub fn status() -> Status {
    STATE.get().map_or(Status::Before, |state| state.status.clone())
}

#[doc(hidden)]
pub fn init(config: Config) -> Status {
    let mut making = Making::take();
    for _ in 0..WAITS {
        if making.is_some() {
            break;
        }
        threads::pause(WAIT);
        making = Making::take();
    }
    if making.is_none() {
        return status();
    }
    if let (Mode::Board | Mode::Private, Some(state)) = (mode(), STATE.get()) {
        return state.status.clone();
    }
    let config = environment::apply(config);
    let status = start(&config);
    STATE.set(State { config, status: status.clone() });
    status
}

/// Who threads ask for a place.
static REGISTRAR: Registrar = |ask| match ask {
    Ask::Place => {
        // The first probe of a forked child makes the child's board.
        if mode() == Mode::Forked {
            again();
        }
        register::register();
    }
    Ask::Leave => register::hand_over(),
};

/// Makes a forked child's board, like the parent's. Whoever comes while another thread does, or from a
/// signal handler inside it, stays unregistered for the moment.
fn again() {
    let Some(_making) = Making::take() else {
        return;
    };
    if mode() != Mode::Forked {
        return;
    }
    let Some(state) = STATE.get() else {
        return;
    };
    totals::leave_to_parent();
    let config = state.config.clone();
    let status = start(&config);
    STATE.set(State { config, status });
}

fn start(config: &Config) -> Status {
    let _held = standard::kept_free();
    registrar::install(&REGISTRAR);
    if let Err(why) = stay::stay() {
        // Nothing that would be called after the code is gone may be left behind: no thread is watched.
        say(&format!("no board for {}: {why}", config.name));
        set_mode(Mode::Private);
        return Status::Failed(why);
    }
    register::prepare_exit_key();
    settings::show_sensitive(config.sensitive);
    for complaint in &config.complaints {
        say(complaint);
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
    let board = board().filter(|_| matches!(status, Status::Board(_)));
    if let Some(board) = board.filter(|_| config.cancel)
        && let Err(why) = cancel_socket::open(board)
    {
        say(&format!("operations of {} cannot be cancelled: {why}", config.name));
    }
    if let (Some(board), Status::Board(path)) = (board.filter(|_| config.process_context), &status)
    {
        let instance = board.single.header.instance.load(Ordering::Relaxed);
        let (service, build) = (&config.name[..], &config.build[..]);
        process_context::publish(&Process { service, instance, build, path });
    }
    set_mode(if board.is_some() { Mode::Board } else { Mode::Private });
    if let Some((board, calibration)) = board.zip(calibration)
        && config.keeper
        && !life::start(board, calibration, config.watch_descriptors, end::mind_hook)
    {
        say(&format!("no keeper for {}: no thread could be started", config.name));
    }
    tell_board();
    status
}

/// Makes a board: its memory, its tables, what it says of itself, and only then what others find it by.
fn make(config: &Config) -> Result<(PathBuf, Calibration), String> {
    let pid_start = sweep::own_start().unwrap_or(0);
    let capacity = config.fitted_capacity();
    let (store, sections) = reserve(config, &capacity, pid_start)?;
    // Before anything is moved onto the board: a child that another thread forks meanwhile would have the parent's for good.
    fork::watch(&store);
    let Some(board) = Board::lay_out(store.segment, &sections, &capacity) else {
        store.remove();
        return Err("the layout does not fit its own plan".to_owned());
    };
    let board = tables::keep(board);
    holders::install(board);
    pool::install(board);
    locks::install(board);
    table::install(board);
    held::install(board);
    let calibration = clock::start();
    let said = Subject {
        name: &config.name,
        build: &config.build,
        pid_start,
        clock: &calibration,
        keeper: config.keeper,
        text_bytes: capacity.strings,
        filter: &config.filter,
    };
    let scribe = whole::describe(board, &said);
    // Readers believe nothing before this.
    published::publish(&board.single.header.magic, MAGIC);
    if let Err(why) = store.show() {
        store.remove();
        return Err(why);
    }
    let path = store.path.clone();
    clock::set_coarse(0);
    end::watch(store, config.keep);
    tables::install(board);
    whole::go_on(board, scribe);
    Ok((path, calibration))
}

/// The memory for a board, and how it is planned. Boards of ended processes make room first.
fn reserve(
    config: &Config,
    capacity: &Capacity,
    pid_start: u64,
) -> Result<(Store, Vec<Planned>), String> {
    let pid = std::process::id();
    let mounts = Mounts::read();
    let wanted = Wanted { directory: config.directory.as_deref(), on_disk: config.on_disk };
    let directory = place::find(wanted, mounts.as_ref())?;
    let name = format!("{}.{pid}.{pid_start}", config.name);
    earlier::set_aside(&directory.join(&name), pid, pid_start);
    sweep::sweep(&directory, &config.name, config.keep_dead);

    let (sections, bytes) = plan(capacity);
    if bytes as u64 > MAX_BOARD_BYTES {
        return Err(format!("it would take {bytes} bytes, {MAX_BOARD_BYTES} are the most"));
    }
    if let Some(why) = limits::refuse(&directory, mounts.as_ref(), bytes as u64) {
        return Err(why);
    }
    let access = Access { mode: config.permissions(), group: config.group };
    let in_file = wanted.directory.map(|_| directory.as_path());
    Ok((Store::create(access, in_file, &name, bytes)?, sections))
}
