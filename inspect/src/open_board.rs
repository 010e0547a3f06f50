//! A board in hand: found, opened, looked around, and read as often as wanted.

use std::path::Path;
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use probe::layout::HeaderCopy;

#[cfg(target_os = "linux")]
use crate::board_file::Mapping;
use crate::board_file::{BoardFile, Trust};
use crate::context::{Context, Look};
use crate::derive::{self, Looks, OwnLook};
use crate::error::OpenError;
#[cfg(target_os = "linux")]
use crate::liveness::Asking;
use crate::liveness::{Memory, State};
use crate::locate::{self, Candidate, Target};
use crate::model::BoardReport;
use crate::saved;
use crate::snapshot::{Board, Depth, Snapshot};
use crate::source::Source;
use crate::why;

/// A board that was opened, and its surroundings.
#[derive(Debug)]
pub struct OpenBoard {
    /// The file.
    pub candidate: Candidate,
    /// The board.
    pub board: Board,
    /// Its surroundings as last seen.
    pub context: Context,
    /// Owner and group of the file.
    pub owner: (u32, u32),
    /// Our own look, at a daemon without a keeper.
    look: Option<(Instant, OwnLook)>,
    /// What earlier looks found.
    looks: Looks,
    /// What was seen of its heartbeat.
    pub memory: Memory,
}

#[cfg(target_os = "linux")]
/// Whether a file in memory may be a copy of a board, so that a free lock proves nothing.
fn may_be_copy(path: &Path) -> bool {
    let dirs = locate::directories();
    !path.parent().is_some_and(|dir| dirs.iter().any(|known| known == dir))
}

impl OpenBoard {
    /// Opens a candidate and looks around it.
    ///
    /// # Errors
    /// [`OpenError`], with what is wrong with the file, or why it may not be read.
    pub fn open(candidate: Candidate, look: Look) -> Result<Self, OpenError> {
        let trust = if candidate.held { Trust::Named } else { Trust::Found };
        let file = BoardFile::open(&candidate.path, trust)?;
        if candidate.held && saved::is_saved(&file) {
            return Self::saved(candidate, file);
        }
        Self::live(candidate, file, look)
    }

    #[cfg(not(target_os = "linux"))]
    fn live(_: Candidate, file: BoardFile, _: Look) -> Result<Self, OpenError> {
        let path = file.path.clone();
        // What is wrong with it comes first: it may be no board at all.
        let board = Board::open(Source::Copy(file), &path)?;
        Err(OpenError::Elsewhere { wanted: board.path.display().to_string() })
    }

    #[cfg(target_os = "linux")]
    fn live(candidate: Candidate, file: BoardFile, look: Look) -> Result<Self, OpenError> {
        let owner = (file.uid, file.gid);
        // The context is told from fixed words of the header; nothing is parsed yet.
        let mut words = [0; HeaderCopy::BYTES / 8];
        file.pread(0, &mut words);
        let header = HeaderCopy::from_words(&words).ok_or_else(|| OpenError::NotABoard {
            path: file.path.clone(),
            why: "shorter than a header".into(),
        })?;
        let copy = candidate.held && may_be_copy(&candidate.path);
        let asking = Asking { may_be_copy: copy, patient: true };
        let mut memory = Memory::default();
        let context = Context::observe(&file, &header, asking, &mut memory, look);
        let path = file.path.clone();
        let source = match Mapping::new(&file).filter(|_| trusted(&file, &context)) {
            Some(map) => Source::Map(map, file),
            None => Source::Copy(file),
        };
        let board = Board::open(source, &path)?;
        Ok(Self { candidate, board, context, owner, look: None, looks: Looks::default(), memory })
    }

    fn saved(candidate: Candidate, file: BoardFile) -> Result<Self, OpenError> {
        let (path, owner) = (file.path.clone(), (file.uid, file.gid));
        let (source, context) = saved::read(file)?;
        let board = Board::open(source, &path)?;
        Ok(Self {
            candidate,
            board,
            context,
            owner,
            look: None,
            looks: Looks::default(),
            memory: Memory::default(),
        })
    }

    /// Looks around again; a saved board stays as it was seen.
    #[cfg(target_os = "linux")]
    pub fn look(&mut self, look: Look) {
        if let Source::Map(_, file) | Source::Copy(file) = &self.board.source {
            let copy = self.candidate.held && may_be_copy(&self.candidate.path);
            let asking = Asking { may_be_copy: copy, patient: true };
            self.context =
                Context::observe(file, &self.board.header, asking, &mut self.memory, look);
        }
    }

    /// Looks around again; a saved board stays as it was seen.
    #[cfg(not(target_os = "linux"))]
    pub fn look(&mut self, _: Look) {}

    /// Whether the writer exists, as last seen.
    pub fn exists(&self) -> bool {
        self.context.state.exists()
    }

    /// Whether this is a saved board.
    pub fn is_saved(&self) -> bool {
        self.board.source.is_still()
    }

    /// Time between two looks of our own.
    pub const APART: Duration = Duration::from_millis(1_050);

    /// Takes a first look at a live daemon that has no keeper, so that a report at least
    /// [`OpenBoard::APART`] later has loads and rates. Returns whether there was need of it.
    ///
    /// # Errors
    /// As [`OpenBoard::report`].
    pub fn first_look(&mut self) -> Result<bool, OpenError> {
        let blind = self.board.header.keeper_period_ns == 0 && self.context.state == State::Live;
        if !blind || self.is_saved() || self.look.is_some() {
            return Ok(false);
        }
        self.context.moment = crate::clock::Moment::now(self.context.moment.tsc != 0);
        let snapshot = Snapshot::take(&self.board, Depth::Full)?;
        let look = OwnLook::new(&self.board, &snapshot, &self.context);
        self.look = Some((Instant::now(), look));
        Ok(true)
    }

    /// Reads the board and says everything about it.
    ///
    /// # Errors
    /// [`OpenError::Truncated`] when it shrank meanwhile.
    pub fn report(&mut self) -> Result<BoardReport, OpenError> {
        self.report_of(Depth::Full)
    }

    /// Reads as much of the board as wanted.
    ///
    /// # Errors
    /// As [`OpenBoard::report`].
    pub fn report_of(&mut self, depth: Depth) -> Result<BoardReport, OpenError> {
        // Now is the moment of reading, not that of opening.
        if !self.is_saved() {
            self.context.moment = crate::clock::Moment::now(self.context.moment.tsc != 0);
        }
        let mut snapshot = Snapshot::take(&self.board, depth)?;
        if depth == Depth::Full {
            self.context.name_threads(snapshot.threads.iter().map(|thread| thread.tid));
        }
        if let Some((at, look)) = &self.look {
            let next = OwnLook::new(&self.board, &snapshot, &self.context);
            look.add_to(&mut snapshot);
            if at.elapsed() >= Self::APART {
                self.look = Some((Instant::now(), next));
            }
        }
        self.looks.note(&self.board, &mut snapshot, &self.context);
        let mut report = derive::report(&self.board, &snapshot, &self.context);
        report.headline = why::headline(&report);
        Ok(report)
    }
}

#[cfg(target_os = "linux")]
/// Whether a board may be mapped: it is one's own and its writer runs. Others are copied with
/// `pread`, which neither faults nor allocates pages, whatever is done to the file.
fn trusted(file: &BoardFile, context: &Context) -> bool {
    context.state == State::Live && file.uid == nix::unistd::geteuid().as_raw()
}

/// What was found for a target: boards, and those that could not be opened.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Found {
    /// Boards, the living first, then by name, start and pid.
    pub boards: Vec<OpenBoard>,
    /// Files named like boards that could not be opened, and why.
    pub failed: Vec<(Candidate, OpenError)>,
}

impl Found {
    /// Opens every candidate. One bad board never hides the others.
    pub fn open(candidates: Vec<Candidate>, look: Look) -> Self {
        let mut found = Self::default();
        found.add(candidates, look);
        found
    }

    /// Opens more of them, but for those that are open.
    pub fn add(&mut self, candidates: Vec<Candidate>, look: Look) {
        for candidate in candidates {
            if self.boards.iter().any(|board| board.candidate.id == candidate.id) {
                continue;
            }
            match OpenBoard::open(candidate.clone(), look) {
                Ok(board) => self.boards.push(board),
                Err(error) => self.failed.push((candidate, error)),
            }
        }
        self.boards.sort_by_key(|board| (board.context.foreign, !board.exists()));
    }

    /// Leaves the boards that a target means: the living ones; of dead ones, when none lives, the
    /// one that died last. Returns how many dead ones were left out.
    pub fn choose(&mut self, target: &Target) -> usize {
        if matches!(target, Target::File(_)) {
            return 0;
        }
        if let Target::Pid(pid) = target {
            // Another namespace's process of the same number is not meant.
            self.boards.retain(|board| board.context.host_pid.is_none_or(|host| host == *pid));
        }
        let before = self.boards.len();
        // Somebody else's file beside a board is never taken for it.
        if self.boards.iter().any(|board| !board.context.foreign) {
            self.boards.retain(|board| !board.context.foreign);
        }
        if self.boards.iter().any(|board| board.context.state != State::Dead) {
            self.boards.retain(|board| board.context.state != State::Dead);
        } else if let Some(last) =
            self.boards.iter().map(|board| board.board.header.started_wall_ns).max()
        {
            self.boards.retain(|board| board.board.header.started_wall_ns == last);
            self.boards.truncate(1);
        }
        before - self.boards.len()
    }
}

/// The boards that a target means.
///
/// # Errors
/// [`OpenError::NotFound`] when there is none, or why the only ones cannot be opened.
pub fn open(target: &Target) -> Result<Vec<OpenBoard>, OpenError> {
    let mut found = Found::open(locate::find(target)?, Look::All);
    found.choose(target);
    match found.failed.pop() {
        Some((_, error)) if found.boards.is_empty() => Err(error),
        None if found.boards.is_empty() => Err(locate::not_found(target)),
        _ => Ok(found.boards),
    }
}
