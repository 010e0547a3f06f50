//! The network side: one thread accepts, a few io threads read, run commands and reply.

pub(crate) mod accept;
mod connection;
pub(crate) mod event_loop;
mod in_flight;
mod limits;
mod output;
pub(crate) mod reply;
pub(crate) mod request;
mod turn;

pub(crate) use limits::{ClientMemory, Limits};
