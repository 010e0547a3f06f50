//! Probes in the source.
//!
//! ```text
//! site    one of them                      kind    what those of operations know
//! scope   tags that nest                   filter  which groups are on
//! tags    a thread is at one               dynamic those made at run time
//! known   all of them, by tag and number
//! ```

pub(crate) mod dynamic;
pub(crate) mod filter;
pub(crate) mod kind;
pub(crate) mod known;
pub(crate) mod scope;
pub(crate) mod site;
pub(crate) mod tags;
