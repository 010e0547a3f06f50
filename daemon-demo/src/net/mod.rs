//! The network side: one thread accepts, a few io threads read, run commands and reply.

pub(crate) mod accept;
mod connection;
pub(crate) mod event_loop;
mod in_flight;
mod output;
mod turn;
mod waiting;
