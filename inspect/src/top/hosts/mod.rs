//! `top` over hosts: boards and operations of all of them on one screen, and a row for each that does not answer.
//!
//! ```text
//! asker (threads) ─► look ─► Seen ─┐
//! terminal ─► key ─► state ────────┴─► view ─► terminal
//! ```
//!
//! Keys and drawing never wait for a host.

mod asker;
mod look;
mod rows;
mod screen;
mod seen;
mod tabs;
mod view;

pub use look::{About, Aim};
pub use screen::run;
pub use seen::{Close, Of, Seen, Whole};
pub use tabs::{TABS, View};
pub use view::draw;
