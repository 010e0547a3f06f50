//! Where requests of `export otlp` go: to a collector, or to stdout.

use std::io::Write;

use super::failure::Failure;
use crate::export::otlp::{AGAIN, Sender, Sent};
use crate::words::term::term;

/// How long the last requests are tried again when nothing else is to be done, by the time that one try may take.
const LAST: u32 = 3;

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
            sender.drain(sender.timeout().saturating_mul(LAST), sent);
            if !sender.is_empty() || !sent.given_up.is_empty() {
                // One line says it all, whatever each try met.
                let tries = sent.said.len();
                let why = sent.said.drain(..).next_back().unwrap_or_default();
                let why = term(what(&why));
                let tries = if tries > 1 { format!(" ({tries} times)") } else { String::new() };
                return Err(Failure::new(format!("not all was taken: {why}{tries}")));
            }
        }
        Ok(())
    }
}

/// Says what went wrong, each thing once in a row.
pub(super) fn say(sent: &mut Sent, last: &mut String, remarks: &mut dyn Write) {
    for line in sent.said.drain(..) {
        // The time of the next try is another each time.
        let what = what(&line).to_owned();
        if what != *last {
            let _ = writeln!(remarks, "inspect: {}", term(&line));
        }
        *last = what;
    }
}

/// What went wrong, without the time of the next try.
fn what(line: &str) -> &str {
    line.split(AGAIN).next().unwrap_or_default()
}
