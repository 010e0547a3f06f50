//! From a name to a board: once, in the daemon's own thread, and never at the daemon's expense.

use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::board::{Board, install};
use super::config::Config;
use super::store::Store;
use super::thread::{Mode, mode, prepare_exit_key, set_mode};
use super::{clock, describe, end, fork, keeper, late, sweep};
use crate::layout::{MAGIC, MAX_BOARD_BYTES, plan};
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

/// What this process was asked for and what became of it.
static STATE: Mutex<Option<(Config, Status)>> = Mutex::new(None);

/// Whether labels that were called sensitive are shown.
static SHOWS_SENSITIVE: AtomicBool = AtomicBool::new(false);

/// Whether labels that were called sensitive are shown.
pub(super) fn shows_sensitive() -> bool {
    SHOWS_SENSITIVE.load(Ordering::Relaxed)
}

/// What became of [`init!`](crate::init).
pub fn status() -> Status {
    match STATE.try_lock() {
        Ok(state) => state.as_ref().map_or(Status::Before, |(_, status)| status.clone()),
        Err(_) => Status::Before,
    }
}

#[doc(hidden)]
pub fn init(config: Config) -> Status {
    let Ok(mut state) = STATE.lock() else {
        return Status::Before;
    };
    if let (Mode::Board | Mode::Private, Some((_, status))) = (mode(), state.as_ref()) {
        return status.clone();
    }
    let config = config.with_environment();
    let status = start(&config);
    *state = Some((config, status.clone()));
    status
}

/// Makes a forked child's board, like the parent's. Whoever comes while another thread does, or from a
/// signal handler inside it, stays unregistered for the moment.
pub(super) fn again() {
    let Ok(mut state) = STATE.try_lock() else {
        return;
    };
    if mode() != Mode::Forked {
        return;
    }
    let Some((config, _)) = state.clone() else {
        return;
    };
    let status = start(&config);
    *state = Some((config, status));
}

fn start(config: &Config) -> Status {
    prepare_exit_key();
    SHOWS_SENSITIVE.store(config.sensitive, Ordering::Relaxed);
    for complaint in &config.complaints {
        say(&format!("ignored {complaint}"));
    }
    let status = if config.off {
        Status::Off
    } else {
        match make(config) {
            Ok(path) => Status::Board(path),
            Err(why) => {
                say(&format!("no board for {}: {why}", config.name));
                Status::Failed(why)
            }
        }
    };
    if matches!(status, Status::Board(_)) && config.cancel {
        open_door(&config.name);
    }
    set_mode(if matches!(status, Status::Board(_)) { Mode::Board } else { Mode::Private });
    if matches!(status, Status::Board(_)) && config.keeper && !keeper::start() {
        say(&format!("no keeper for {}: no thread could be started", config.name));
    }
    status
}

/// Lets operations be asked to end; without that the daemon runs as well.
fn open_door(name: &str) {
    if let Some(board) = super::board::board()
        && let Err(why) = super::ops::door::open(board)
    {
        say(&format!("operations of {name} cannot be cancelled: {why}"));
    }
}

/// One line on stderr, in one write; never on stdout, and no matter if nobody reads it. What it quotes
/// of the environment stays in that line.
pub(super) fn say(text: &str) {
    use std::io::Write;
    let mut line = "probe: ".to_owned();
    for char in text.chars() {
        if char.is_control() {
            line.extend(char.escape_default());
        } else {
            line.push(char);
        }
    }
    line.push('\n');
    if super::limits::stderr_has_room(line.len()) {
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

fn make(config: &Config) -> Result<PathBuf, String> {
    let pid = std::process::id();
    let pid_start = sweep::process_start(pid).unwrap_or(0);
    let directory = config.directory.as_deref().unwrap_or(Path::new("/dev/shm"));
    sweep::sweep(directory, &config.name, config.keep_dead);

    let capacity = config.fitted_capacity();
    let (sections, bytes) = plan(&capacity);
    if bytes as u64 > MAX_BOARD_BYTES {
        return Err(format!("it would take {bytes} bytes, {MAX_BOARD_BYTES} are the most"));
    }
    let name = format!("{}.{pid}.{pid_start}", config.name);
    let store = Store::create(config, &name, bytes)?;
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
    fork::watch(&board.segment, store.lock.as_raw_fd());
    keeper::calibrate(calibration);
    end::watch(store, config.keep);
    late::catch_up(install(board));
    Ok(path)
}
