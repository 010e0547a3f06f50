//! HTTP: what `inspect` says of boards, for browsers, scrapers and programs. Boards are read by one thread, at
//! most once a tick, whoever asks and how often; every client is served from that same look.
//!
//! ```text
//! watch (a thread) ─► view (one look at all boards) ─► boards, ops, stream, … ─► routes ─► gate ─► listen
//! sampling (a thread a run) ─► profile
//! ```
//!
//! Nothing here asks a daemon, but for a cancel request with the token. No request changes what is looked at,
//! and a client that reads slowly holds one answer of its own and nothing else.

mod ask;
mod askers;
mod boards;
mod cancel;
mod capacity;
mod described;
mod far;
mod forward;
mod gate;
mod grown;
mod health;
mod listen;
mod memory;
mod metrics;
mod ops;
mod page;
mod parts;
mod past;
mod patient;
mod pieces;
mod profile;
mod reply;
mod routes;
mod runs;
mod settings;
mod shared;
mod shown;
mod source;
mod source_dirs;
mod stream;
mod tls;
mod view;
mod waits;
mod watch;
mod why;

pub use crate::token::Token;
pub use listen::{Bound, bind, run};
pub use settings::{Listen, Settings, SettingsError};
pub use tls::Tls;
