//! Other hosts: the `inspect serve` of each is asked at the moment of the question, all at once, and whoever does
//! not answer in time is a row with the reason.
//!
//! ```text
//! list (what was named) ─► hosts (all asked at once) ─► link (one kept connection each) ─► body (bounded, made
//! harmless) ─► documents (typed) ─► who asked
//! ```
//!
//! An answer is input of unknown honesty: its size is bounded, every text in it is made harmless before it is
//! read into a report, and its version is checked.

mod address;
mod body;
pub mod cancelled;
pub mod columns;
mod connect;
mod documents;
mod failure;
mod hosts;
mod link;
mod list;
pub mod merged;
pub mod past;
mod question;
mod standing;
mod trust;

pub use address::Endpoint;
pub use documents::{Boards, Hosted, List as Rows, Ops, OpsOf, Remote};
pub use hosts::{Hosts, Reply};
pub(crate) use link::TIME;
pub use list::List;
pub use question::{Question, escaped};
pub use standing::{Standing, State};
pub use trust::Trust;
