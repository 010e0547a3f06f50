//! Where requests of `export otlp` go: to a collector, or to stdout.

use std::io::Write;
use std::time::Duration;

use super::failure::Failure;
use crate::export::otlp::{Sender, Sent};
use crate::words::term::term;

/// How long the last requests may take when nothing else is to be done.
const LAST: Duration = Duration::from_secs(30);

/// Where requests go.
pub(super) enum Sink<'a> {
    /// To a collector.
    Collector(Box<Sender>),
    /// One after the other, which is one message of all.
    Stdout(&'a mut dyn Write),
}

impl Sink<'_> {
    /// Sends a request, after those that wait. Returns its number.
    pub(super) fn put(&mut self, body: Vec<u8>, sent: &mut Sent) -> Result<u64, Failure> {
        match self {
            Self::Collector(sender) => {
                let number = sender.put(body, sent);
                sender.send(sent);
                Ok(number)
            }
            Self::Stdout(out) => {
                out.write_all(&body)?;
                out.flush()?;
                sent.taken.push(0);
                Ok(0)
            }
        }
    }

    /// Tries again what waits.
    pub(super) fn again(&mut self, sent: &mut Sent) {
        if let Self::Collector(sender) = self {
            sender.send(sent);
        }
    }

    /// Waits for what waits.
    ///
    /// # Errors
    /// Something was not taken.
    pub(super) fn finish(&mut self, sent: &mut Sent) -> Result<(), Failure> {
        if let Self::Collector(sender) = self {
            sender.drain(LAST, sent);
            if !sender.is_empty() || !sent.given_up.is_empty() {
                let why = sent.said.last().map(|line| term(line)).unwrap_or_default();
                return Err(Failure::new(format!("not all was taken: {why}")));
            }
        }
        Ok(())
    }
}

/// Says what went wrong, each thing once in a row.
pub(super) fn say(sent: &mut Sent, last: &mut String, remarks: &mut dyn Write) {
    for line in sent.said.drain(..) {
        // The time of the next try is another each time.
        let what = line.split(';').next().unwrap_or_default().to_owned();
        if what != *last {
            let _ = writeln!(remarks, "inspect: {}", term(&line));
        }
        *last = what;
    }
}
