//! Replies on their way to the client, in order; some must wait for a commit first.

use std::collections::VecDeque;

use probe::Op;

use super::in_flight::give_up;
use crate::limits::ClientMemory;
use crate::metrics::UNACKNOWLEDGED;

/// A reply that may not leave before a commit is on disk. Nothing behind it may, either.
#[derive(Debug)]
struct Barrier {
    start: usize,
    end: usize,
    generation: u64,
    /// The command, in flight until its reply may leave.
    op: Op,
}

/// Output of one connection.
#[derive(Debug, Default)]
pub(crate) struct Output {
    bytes: Vec<u8>,
    sent: usize,
    barriers: VecDeque<Barrier>,
}

impl Output {
    /// Where replies are appended.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Where the next reply will begin, for [`Self::hold`].
    pub(crate) fn position(&self) -> usize {
        self.bytes.len()
    }

    /// The reply that began at `start` waits for a commit.
    pub(crate) fn hold(&mut self, start: usize, generation: u64, op: Op) {
        probe::adjust!(UNACKNOWLEDGED, 1);
        self.barriers.push_back(Barrier { start, end: self.bytes.len(), generation, op });
    }

    /// Whether replies wait for a commit.
    pub(crate) fn is_held(&self) -> bool {
        !self.barriers.is_empty()
    }

    /// Whether [`Self::release`] would let something go, or commits fail and [`Self::fail`] should.
    pub(crate) fn can_release(&self, committed: u64, failing: bool) -> bool {
        self.barriers.front().is_some_and(|barrier| failing || barrier.generation <= committed)
    }

    /// Lets go what waited for commits up to `committed`.
    pub(crate) fn release(&mut self, committed: u64) {
        while self.barriers.front().is_some_and(|barrier| barrier.generation <= committed) {
            self.barriers.pop_front();
            probe::adjust!(UNACKNOWLEDGED, -1);
        }
    }

    /// Whether one of the commands whose replies wait was cancelled.
    pub(crate) fn is_asked(&self) -> bool {
        self.barriers.iter().any(|barrier| barrier.op.asked().is_cancelled())
    }

    /// Turns replies that wait for a commit into this error: those of the chosen commands.
    pub(crate) fn fail(&mut self, error: &[u8], mut chosen: impl FnMut(&Op) -> bool) {
        // From the back, so that what is before stays in place.
        for place in (0..self.barriers.len()).rev() {
            if !self.barriers.get(place).is_some_and(|barrier| chosen(&barrier.op)) {
                continue;
            }
            let Some(Barrier { start, end, .. }) = self.barriers.remove(place) else { continue };
            probe::adjust!(UNACKNOWLEDGED, -1);
            self.bytes.splice(start..end, error.iter().copied());
            for behind in self.barriers.range_mut(place..) {
                behind.start = behind.start - (end - start) + error.len();
                behind.end = behind.end - (end - start) + error.len();
            }
        }
    }

    /// Bytes not yet sent, held ones included.
    pub(crate) fn pending(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Bytes that may be sent now.
    pub(crate) fn sendable(&self) -> &[u8] {
        let end = self.barriers.front().map_or(self.bytes.len(), |barrier| barrier.start);
        self.bytes.get(self.sent..end).unwrap_or_default()
    }

    /// So many bytes of [`Self::sendable`] were sent.
    pub(crate) fn advance(&mut self, sent: usize) {
        const WORTH_MOVING: usize = 64 << 10;
        self.sent += sent;
        if self.sent == self.bytes.len() {
            self.bytes.clear();
            self.bytes.shrink_to(ClientMemory::MODEST_BYTES / 2);
            self.sent = 0;
        } else if self.sent >= WORTH_MOVING {
            self.bytes.drain(..self.sent);
            for barrier in &mut self.barriers {
                barrier.start -= self.sent;
                barrier.end -= self.sent;
            }
            self.sent = 0;
        }
    }

    /// Memory it holds.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        probe::adjust!(UNACKNOWLEDGED, -i64::try_from(self.barriers.len()).unwrap_or(0));
        self.barriers.drain(..).for_each(|barrier| give_up(barrier.op));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output() -> Output {
        let mut output = Output::default();
        for (reply, generation) in
            [("+a\r\n", None), ("+b\r\n", Some(5)), ("+c\r\n", None), ("+d\r\n", Some(6))]
        {
            let start = output.position();
            output.buffer().extend_from_slice(reply.as_bytes());
            if let Some(generation) = generation {
                output.hold(start, generation, probe::begin_op!("command"));
            }
        }
        output
    }

    #[test]
    fn held_replies_keep_their_order() {
        let mut output = output();
        assert_eq!(output.sendable(), b"+a\r\n");
        output.advance(4);
        assert_eq!(output.sendable(), b"");
        output.release(5);
        assert_eq!(output.sendable(), b"+b\r\n+c\r\n");
        output.release(6);
        output.advance(12);
        assert_eq!(output.pending(), 0);
        assert!(!output.is_held());
    }

    #[test]
    fn a_failed_commit_changes_only_the_replies_that_waited() {
        let mut output = output();
        output.advance(2);
        output.fail(b"-no\r\n", |_| true);
        assert_eq!(output.sendable(), b"\r\n-no\r\n+c\r\n-no\r\n");
    }

    #[test]
    fn one_reply_fails_and_those_behind_it_stay_whole() {
        let mut output = output();
        // They are asked from the last to the first.
        let mut place = 2;
        output.fail(b"-cancelled\r\n", |_| {
            place -= 1;
            place == 0
        });
        assert_eq!(output.sendable(), b"+a\r\n-cancelled\r\n+c\r\n");
        output.release(6);
        assert_eq!(output.sendable(), b"+a\r\n-cancelled\r\n+c\r\n+d\r\n");
    }
}
