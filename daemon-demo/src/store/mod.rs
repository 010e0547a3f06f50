//! The store: tables of records over redb, behind an indexed queue of updates.
//!
//! Writers hand updates to the queue and go on; one core thread takes the whole queue, commits it in
//! one transaction and confirms it. A read looks into the queue, then into the batch in hand, then
//! into the last commit, so it always sees what was queued before it.

pub(crate) mod core;
mod damage;
pub(crate) mod disk;
mod faults;
mod front;
pub(crate) mod lock;
mod names;
mod pressure;
pub(crate) mod queue;
mod reader;
mod record;
mod row;

pub(crate) use front::{Decision, Status, Store, Wake};
pub(crate) use pressure::{Admission, BacklogLimits};
pub(crate) use reader::Reader;
pub(crate) use record::{Record, TABLES, Update, now_ms};
