//! Numbers and texts that are declared in source.
//!
//! ```text
//! declared  all of them, of every kind       verbs    what macros do to them
//! metric    counters, gauges, …              cell     a word that all threads share
//! family    members that come and go         holders  who holds which record
//! queue     what waits in them               fifo     those that know their head
//! worker    the threads that serve them      fact     named texts
//! spread    a histogram over threads         pool     the blocks of histograms
//! windows   what histograms counted a while ago       about    what every number has
//! way       how things ended                shard_word  each thread counts in its own
//! ```

pub(crate) mod about;
pub(crate) mod cell;
pub(crate) mod declared;
pub(crate) mod fact;
pub(crate) mod family;
pub(crate) mod fifo;
pub(crate) mod holders;
pub(crate) mod metric;
pub(crate) mod pool;
pub(crate) mod queue;
pub(crate) mod shard_word;
pub(crate) mod spread;
pub(crate) mod verbs;
pub(crate) mod way;
pub(crate) mod windows;
pub(crate) mod worker;
