//! What a board says of itself: header, sites, named numbers and their texts, written before the magic
//! that makes a reader believe them; and sites that are made at run time, which are added one by one.
//!
//! ```text
//! whole     all that is known at init         header   what kind of board, whose, by which clock
//! scribe    how far it is written             texts    the strings section
//! sites     the site table, kinds, statuses   numbers  what is declared in source
//! places    shard words, records              catch_up sites made since
//! dynamic   making one at run time
//! ```

mod catch_up;
pub(crate) mod dynamic;
pub(crate) mod header;
mod numbers;
mod places;
mod scribe;
mod sites;
mod texts;
pub(crate) mod whole;
