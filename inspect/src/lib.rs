//! Look at a running daemon without touching it: the operator's side.
//!
//! A daemon that links `probe` writes a board in shared memory. This library finds boards, tells
//! whether their writers live, copies them honestly and says what they mean; the binary `inspect` is a
//! thin layer over it. Nothing here writes to a board, locks it, signals its process or asks it.
//!
//! ```text
//! locate ─► open_board (board_file, liveness, context) ─► snapshot ─► derive ─► model ─► render
//! ```
//!
//! - [`locate`] finds files that are named like boards, here and in containers;
//! - [`open_board`] opens them and says whether their writers live ([`liveness`]);
//! - [`snapshot`] copies a board, bounded and counted;
//! - [`mod@derive`] turns the copy into loads, rates, ages and quantiles, by pure functions;
//! - [`model`] is what comes out, and the JSON schema; [`render`] prints it.
//! - [`check`] holds a report against limits, for monitoring;
//!
//! The profiler looks at positions alone, often:
//!
//! ```text
//! open_board ─► sampler ─► entries ─► report (at once) ─► render, export
//!                              └─► recording (a file) ─► the same entries, later
//! ```
//!
//! A recording may wait for a condition ([`trigger`]); until then the last seconds are kept in memory
//! ([`recording::Ring`]).
//!
//! The front ends are features, on by default: `cli` (the verbs of the binary) and `top` (the screen); they are for the
//! binary and promise nothing. What the rest tells may grow: its types are `#[non_exhaustive]`. A reader of your own takes the library alone, with `default-features = false`; two of them are in `examples/`.
//!
//! ```no_run
//! let mut boards = inspect::open(&inspect::Target::Name("recordd".into()))?;
//! let report = boards[0].report()?;
//! for thread in &report.threads {
//!     println!("{:?} {:?} {:?}", thread.name, thread.line, thread.load.s10);
//! }
//! # Ok::<(), inspect::OpenError>(())
//! ```

// What is public here may get another field or case without breaking who reads it.
#![warn(clippy::exhaustive_structs, clippy::exhaustive_enums)]
#![cfg_attr(
    not(target_os = "linux"),
    allow(
        dead_code,
        unused_imports,
        reason = "what looks at live boards is not called where there are none"
    )
)]

#[cfg_attr(not(target_os = "linux"), path = "elsewhere/board_file.rs")]
pub mod board_file;
#[cfg(all(feature = "cli", target_os = "linux"))]
pub mod cancel;
pub mod capacity;
pub mod check;
#[cfg(all(feature = "cli", target_os = "linux"))]
#[doc(hidden)]
#[expect(clippy::exhaustive_structs, clippy::exhaustive_enums, reason = "for the binary alone")]
pub mod cli;
pub mod clock;
pub mod context;
pub mod derive;
#[cfg(all(feature = "serve", target_os = "linux"))]
pub mod endpoints;
mod error;
pub mod export;
#[cfg(target_os = "linux")]
mod guard;
#[cfg(target_os = "linux")]
pub mod history;
#[cfg(target_os = "linux")]
mod inside;
#[cfg(target_os = "linux")]
pub mod listed;
pub mod liveness;
#[cfg_attr(not(target_os = "linux"), path = "elsewhere/locate.rs")]
pub mod locate;
pub mod model;
#[cfg(target_os = "linux")]
mod naming;
pub mod open_board;
#[cfg(target_os = "linux")]
mod opener;
#[cfg_attr(not(target_os = "linux"), path = "elsewhere/patience.rs")]
mod patience;
#[cfg(target_os = "linux")]
mod pidfd;
#[cfg(target_os = "linux")]
mod places;
#[cfg(target_os = "linux")]
pub mod proc;

pub mod recording;
pub mod render;
pub mod report;
#[cfg(target_os = "linux")]
pub mod root;
#[cfg(target_os = "linux")]
pub mod sampler;
pub mod saved;
#[cfg(all(feature = "serve", target_os = "linux"))]
pub mod serve;
pub mod snapshot;
pub mod source;
pub mod target;
#[cfg(all(feature = "serve", target_os = "linux"))]
mod tls;
#[cfg(all(feature = "serve", target_os = "linux"))]
pub mod token;
#[cfg(all(feature = "top", target_os = "linux"))]
#[doc(hidden)]
#[expect(clippy::exhaustive_structs, clippy::exhaustive_enums, reason = "for the binary alone")]
pub mod top;
pub mod trigger;
pub mod vitals;
pub mod why;
pub mod words;

pub use error::OpenError;
pub use liveness::State;
pub use locate::Target;
pub use open_board::{OpenBoard, open};

/// The members of a gauge family on the live board of a name: label value and level, by label. Of
/// several live boards (a daemon and its clients) the first that has the family answers.
///
/// # Errors
/// [`OpenError::NotFound`] when no board of that name lives.
pub fn rows(name: &str, family: &str) -> Result<Vec<(String, i64)>, OpenError> {
    let target = Target::Name(name.to_owned());
    let mut live = 0;
    let found = open_board::Found::open(locate::find(&target)?, context::Look::Verdict);
    for mut board in found.boards.into_iter().filter(OpenBoard::exists) {
        let report = board.report()?;
        live += 1;
        let members = report.gauges.iter().filter(|gauge| gauge.name.raw() == family);
        let rows: Vec<(String, i64)> = members
            .filter_map(|gauge| {
                let label = gauge.labels.values().next()?;
                Some((label.raw().to_owned(), gauge.value))
            })
            .collect();
        if !rows.is_empty() {
            return Ok(rows);
        }
    }
    if live > 0 {
        return Ok(Vec::new());
    }
    Err(locate::not_found(&target))
}
