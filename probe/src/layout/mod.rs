//! The contract between the daemon that writes a board and whoever reads it.
//!
//! A board is one flat object: a [`Header`], a table of contents of [`Section`] entries, then the
//! sections. Everything in it is a 64-bit word in the byte order of the machine that wrote it;
//! text is packed into words byte by byte. There are offsets, never pointers: a site's address is
//! an opaque number that the [`SiteRecord`] table turns into a file and a line.
//!
//! Rules of change: a new kind of section, a new word in reserved space or a longer stride raises
//! [`MINOR`], and an older reader goes on reading what it knows, by the stride that the table of
//! contents states. Moving or reinterpreting a word raises [`MAJOR`], and older readers refuse,
//! naming both numbers. `docs/FORMAT.md` is the same contract in prose.
//!
//! Nothing here knows about processes, threads or terminals.

pub(crate) mod bytes;
mod cancel;
mod check;
mod count;
#[cfg(feature = "layout")]
pub mod declared;
mod header;
mod lock;
mod minute;
mod operation;
mod plan;
mod position;
mod record;
mod text;
mod window;
#[cfg(all(test, feature = "layout"))]
mod witness;
mod word;
mod work;

pub use cancel::*;
pub use check::*;
pub use count::*;
pub use header::*;
pub use lock::*;
pub use minute::*;
pub use operation::*;
pub use plan::*;
pub use position::*;
pub use text::*;
pub use window::*;
pub use word::*;
pub use work::*;
