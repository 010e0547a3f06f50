//! Numbers and texts that are declared in source.
//!
//! ```text
//! metric  counters, gauges, …              family  members that come and go
//! queue   queues and who serves them       fifo    queues that know their head
//! spread  a histogram over threads         fact    named texts
//! ```

pub(crate) mod fact;
pub(crate) mod family;
pub(crate) mod fifo;
pub(crate) mod metric;
pub(crate) mod queue;
pub(crate) mod spread;
