//! Ticks at which nothing changed, put together: a sink is told of them as one run.

use std::io;

use crate::recording::{Entry, Sink};

/// Holds back ticks until something else is said, or until it is flushed.
pub(super) struct Runs<'a> {
    sink: &'a mut dyn Sink,
    period_ns: u64,
    /// Moment of the first, and how many.
    held: Option<(u64, u64)>,
}

impl<'a> Runs<'a> {
    pub(super) fn new(sink: &'a mut dyn Sink, period_ns: u64) -> Self {
        Self { sink, period_ns, held: None }
    }

    /// Hands on what is held.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match self.held.take() {
            Some((at_ns, count)) => self.sink.put(&Entry::Ticks { at_ns, count }),
            None => Ok(()),
        }
    }
}

impl Sink for Runs<'_> {
    fn put(&mut self, entry: &Entry) -> io::Result<()> {
        if let (Entry::Ticks { at_ns, count }, Some((first, held))) = (entry, &mut self.held)
            && *at_ns == *first + *held * self.period_ns
        {
            *held += count;
            return Ok(());
        }
        self.flush()?;
        match entry {
            Entry::Ticks { at_ns, count } => {
                self.held = Some((*at_ns, *count));
                Ok(())
            }
            other => self.sink.put(other),
        }
    }
}
