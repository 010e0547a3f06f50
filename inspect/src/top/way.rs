//! How a screen runs, and why it could not go on.

use std::time::Duration;

use crate::error::OpenError;

/// Time between two pictures at least: keys held down draw no faster.
pub(super) const BETWEEN: Duration = Duration::from_millis(50);
/// Fastest refresh.
pub(super) const FASTEST: Duration = Duration::from_millis(100);

/// How the screen runs.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Time between two readings of the board.
    pub interval: Duration,
    /// End after so many of them.
    pub count: Option<u64>,
    /// Colours are used.
    pub color: bool,
}

/// Why the screen could not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TopError {
    /// The terminal failed.
    #[error("the terminal failed: {0}")]
    Terminal(#[from] std::io::Error),
    /// The board cannot be read.
    #[error(transparent)]
    Board(#[from] OpenError),
    /// The sampler's thread panicked: a bug.
    #[error("the sampler stopped: {0}")]
    Sampler(String),
    /// The thread that asks other hosts panicked: a bug.
    #[error("asking other hosts stopped: {0}")]
    Asker(String),
}
