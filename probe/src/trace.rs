//! The place of an operation in a trace that others began, as their headers say it.

use core::fmt;

/// A trace, and the span in it that what is done here is part of: what W3C's `traceparent` header says.
///
/// ```
/// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let context = probe::TraceContext::parse(header).unwrap();
/// assert_eq!(context.trace_id(), 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
/// assert!(context.is_sampled());
/// assert_eq!(context.to_string(), header);
/// assert_eq!(probe::TraceContext::parse("none of that"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace: [u64; 2],
    span: u64,
    sampled: bool,
}

/// Bytes of a header of the version that is known; others may be longer.
const HEADER: usize = 55;

impl TraceContext {
    /// The trace with this id and the span with this one, as big-endian numbers; `None` for a trace of zeros, which is
    /// none. A span of 0: the trace alone is known.
    pub const fn new(trace_id: u128, span_id: u64) -> Option<Self> {
        if trace_id == 0 {
            return None;
        }
        Some(Self {
            trace: [(trace_id >> 64) as u64, trace_id as u64],
            span: span_id,
            sampled: true,
        })
    }

    /// Whether those who began the trace keep it: as new, they do.
    #[must_use]
    pub const fn sampled(mut self, kept: bool) -> Self {
        self.sampled = kept;
        self
    }

    /// What a `traceparent` header says: `None` where it is none by the standard's rules, which are those of any
    /// version: ids in small hexadecimal digits, none of them all zeros.
    pub fn parse(traceparent: impl AsRef<[u8]>) -> Option<Self> {
        let text = traceparent.as_ref();
        let dashes = [2, 35, 52].iter().all(|&at| text.get(at) == Some(&b'-'));
        let known = text.starts_with(b"00");
        let ended = text.len() == HEADER || !known && text.get(HEADER) == Some(&b'-');
        if !dashes || !ended || text.starts_with(b"ff") {
            return None;
        }
        digits(text.get(..2)?)?;
        let trace = [digits(text.get(3..19)?)?, digits(text.get(19..35)?)?];
        let (span, flags) = (digits(text.get(36..52)?)?, digits(text.get(53..HEADER)?)?);
        if trace == [0; 2] || span == 0 {
            return None;
        }
        Some(Self { trace, span, sampled: flags & 1 == 1 })
    }

    /// Id of the trace.
    pub const fn trace_id(self) -> u128 {
        (self.trace[0] as u128) << 64 | self.trace[1] as u128
    }

    /// Id of the span; 0 where the trace alone is known.
    pub const fn span_id(self) -> u64 {
        self.span
    }

    /// Whether those who began the trace keep it.
    pub const fn is_sampled(self) -> bool {
        self.sampled
    }

    /// As words for the board.
    #[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
    pub(crate) fn words(self) -> [u64; 3] {
        [self.trace[0], self.trace[1], self.span]
    }
}

/// Up to sixteen small hexadecimal digits.
fn digits(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0u64, |value, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(digit))
    })
}

/// As a header.
impl fmt::Display for TraceContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = u8::from(self.sampled);
        write!(formatter, "00-{:032x}-{:016x}-{flags:02x}", self.trace_id(), self.span)
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TraceContext({self})")
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use super::TraceContext;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

    #[test]
    fn headers_are_read_by_the_standards_rules() {
        let good = TraceContext::parse(GOOD).expect("a header");
        assert_eq!((good.span_id(), good.is_sampled()), (0x00f0_67aa_0ba9_02b7, false));
        assert_eq!(good.to_string(), GOOD);
        // A later version may say more behind a dash.
        let later = GOOD.replacen("00", "cc", 1) + "-what-the-future-will-be-like";
        assert_eq!(TraceContext::parse(later), Some(good));
        let sampled = GOOD.replacen("-00", "-0f", 2).replacen("-0ff", "-00f", 1);
        assert_eq!(TraceContext::parse(sampled), Some(good.sampled(true)));
        assert_eq!(TraceContext::new(good.trace_id(), good.span_id()), Some(good.sampled(true)));
    }

    #[test]
    fn what_is_no_header_is_none() {
        let zeros = |length: usize| "0".repeat(length);
        for bad in [
            String::new(),
            "00".to_owned(),
            GOOD.to_uppercase(),
            format!("{GOOD}-more"),
            format!("{GOOD}0"),
            GOOD.replacen("00", "ff", 1),
            GOOD.replacen('-', "_", 1),
            GOOD.replacen('4', "g", 1),
            format!("00-{}-00f067aa0ba902b7-01", zeros(32)),
            format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{}-01", zeros(16)),
            GOOD[..54].to_owned(),
            "-".repeat(55),
            "ä".repeat(27),
        ] {
            assert_eq!(TraceContext::parse(&bad), None, "{bad}");
        }
        assert_eq!(TraceContext::parse([0xff; 60]), None);
        assert_eq!(TraceContext::new(0, 7), None);
    }
}
