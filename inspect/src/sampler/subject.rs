//! A board to be sampled, and how its end is noticed.

use super::process_threads::ProcessThreads;
use crate::context::{Context, Look};
use crate::liveness::{Asking, State};
use crate::open_board::OpenBoard;
use crate::snapshot::Board;
use crate::source::Source;

/// Time between two whole verdicts, where the lock alone says that it lives.
const VERDICT_NS: u64 = 500_000_000;

/// Says how a board's process ended, or `None` while it runs. Gets the moment.
pub type Life = Box<dyn FnMut(&Board, u64) -> Option<String>>;

/// A board to be sampled.
#[non_exhaustive]
pub struct Subject {
    /// The board.
    pub board: Board,
    /// Whether its process runs.
    pub life: Life,
    /// What the kernel says of its threads; `None`: nobody is asked.
    pub process_threads: Option<ProcessThreads>,
}

impl Subject {
    /// A board whose process is told of by `life`; the kernel is not asked about its threads.
    pub fn new(board: Board, life: Life) -> Self {
        Self { board, life, process_threads: None }
    }
}

impl From<OpenBoard> for Subject {
    fn from(attached: OpenBoard) -> Self {
        let mut next_verdict = 0;
        let process_threads = ProcessThreads::of(&attached);
        let mut memory = attached.memory;
        // Between two ticks nothing is waited for.
        let asking = Asking { may_be_copy: false, patient: false };
        Self {
            process_threads,
            board: attached.board,
            life: Box::new(move |board, now| {
                let (Source::Map(_, file) | Source::Copy(file)) = &board.source else {
                    return Some("a saved board".to_owned());
                };
                if now < next_verdict && file.lock_held() == Some(true) {
                    return None;
                }
                next_verdict = now + VERDICT_NS;
                let context =
                    Context::observe(file, &board.header, asking, &mut memory, Look::Verdict);
                (context.state == State::Dead).then_some(context.verdict)
            }),
        }
    }
}
