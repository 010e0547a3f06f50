//! Requests of RESP2: an array of bulk strings, or one line of words.
//!
//! The parser goes on where it stopped, so a request that trickles in byte by byte costs no more than
//! one that comes at once, and it never asks for memory because a client announced a size.

use std::fmt;
use std::ops::Range;

use crate::limits::Limits;

/// Longest line: a count, a length, or a request in words.
const LINE_BYTES: usize = 4 << 10;

/// Why a connection is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProtocolError {
    /// Somebody speaks HTTP: perhaps a browser was tricked into it, so it gets no answer.
    Http,
    /// Malformed, or more than the limits allow.
    Malformed(String),
}

impl ProtocolError {
    fn new(what: impl Into<String>) -> Self {
        Self::Malformed(what.into())
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http => f.write_str("HTTP"),
            Self::Malformed(what) => write!(f, "Protocol error: {what}"),
        }
    }
}

/// One request: the words of a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    input: &'a [u8],
    parts: &'a [Range<usize>],
}

impl<'a> Request<'a> {
    /// Words, the command's name included.
    pub(crate) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Word `n`; empty when there is none.
    pub(crate) fn word(&self, n: usize) -> &'a [u8] {
        self.parts.get(n).and_then(|part| self.input.get(part.clone())).unwrap_or_default()
    }

    /// The words from `n` on.
    pub(crate) fn words_from(&self, n: usize) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let input = self.input;
        self.parts.iter().skip(n).map(move |part| input.get(part.clone()).unwrap_or_default())
    }
}

/// Reads requests from a growing input.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    /// Everything before is understood.
    at: usize,
    /// Bulk strings still to come; `None` before the count.
    left: Option<usize>,
    /// Length of the bulk string that comes now, once it is known.
    bulk: Option<usize>,
    parts: Vec<Range<usize>>,
}

impl Parser {
    /// Goes on reading `input`, which begins with the current request. Returns whether it is complete;
    /// then it is again until [`Self::next`].
    ///
    /// # Errors
    /// The request is malformed or too large.
    pub(crate) fn advance(&mut self, input: &[u8], limits: &Limits) -> Result<bool, ProtocolError> {
        loop {
            let left = match self.left {
                Some(left) => left,
                None => match self.read_count(input, limits)? {
                    Some(left) => left,
                    None => return Ok(false),
                },
            };
            if left == 0 {
                return Ok(true);
            }
            if !self.read_bulk(input, limits)? {
                return Ok(false);
            }
            self.left = Some(left - 1);
        }
    }

    /// The complete request.
    pub(crate) fn request<'a>(&'a self, input: &'a [u8]) -> Request<'a> {
        Request { input, parts: &self.parts }
    }

    /// Bytes of the complete request.
    pub(crate) fn used(&self) -> usize {
        self.at
    }

    /// Goes to the next request, which begins after as many bytes.
    pub(crate) fn next(&mut self) -> usize {
        let used = self.at;
        self.parts.clear();
        // One request with many words should not hold their memory for ever.
        self.parts.shrink_to(64);
        *self = Self { parts: std::mem::take(&mut self.parts), ..Self::default() };
        used
    }

    fn read_count(
        &mut self,
        input: &[u8],
        limits: &Limits,
    ) -> Result<Option<usize>, ProtocolError> {
        let Some(line) = self.line(input)? else {
            return Ok(None);
        };
        let text = input.get(line.clone()).unwrap_or_default();
        let Some(count) = text.strip_prefix(b"*") else {
            return self.read_words(input, line, limits).map(Some);
        };
        let count = match integer(count) {
            Some(count) if count <= 0 => 0,
            Some(count) => usize::try_from(count)
                .ok()
                .filter(|&count| count <= limits.arguments)
                .ok_or_else(|| ProtocolError::new("invalid multibulk length"))?,
            None => return Err(ProtocolError::new("invalid multibulk length")),
        };
        self.left = Some(count);
        Ok(self.left)
    }

    fn read_bulk(&mut self, input: &[u8], limits: &Limits) -> Result<bool, ProtocolError> {
        let length = match self.bulk {
            Some(length) => length,
            None => {
                let Some(line) = self.line(input)? else {
                    return Ok(false);
                };
                let length = bulk_length(input.get(line).unwrap_or_default(), limits)?;
                let held: usize = self.parts.iter().map(Range::len).sum();
                if held + length > limits.request_bytes {
                    return Err(ProtocolError::new("too big request"));
                }
                *self.bulk.insert(length)
            }
        };
        let end = self.at + length;
        let Some(terminator) = input.get(end..end + 2) else {
            return Ok(false);
        };
        if terminator != b"\r\n" {
            return Err(ProtocolError::new("bulk string does not end in CRLF"));
        }
        self.parts.push(self.at..end);
        self.at = end + 2;
        self.bulk = None;
        Ok(true)
    }

    /// A request in words, as typed into a terminal. No quotes.
    fn read_words(
        &mut self,
        input: &[u8],
        line: Range<usize>,
        limits: &Limits,
    ) -> Result<usize, ProtocolError> {
        let text = input.get(line.clone()).unwrap_or_default();
        let mut start = line.start;
        for word in text.split(|byte| byte.is_ascii_whitespace()) {
            if !word.is_empty() {
                self.parts.push(start..start + word.len());
            }
            start += word.len() + 1;
        }
        let request = self.request(input);
        let name = request.word(0);
        let version = request.words_from(1).last().unwrap_or_default();
        if name.eq_ignore_ascii_case(b"POST")
            || name.eq_ignore_ascii_case(b"Host:")
            || version.starts_with(b"HTTP/")
        {
            return Err(ProtocolError::Http);
        }
        if self.parts.len() > limits.arguments {
            return Err(ProtocolError::new("too big inline request"));
        }
        self.left = Some(0);
        Ok(0)
    }

    /// The next line without its end, and goes past it.
    fn line(&mut self, input: &[u8]) -> Result<Option<Range<usize>>, ProtocolError> {
        let rest = input.get(self.at..).unwrap_or_default();
        let Some(length) = rest.iter().take(LINE_BYTES).position(|&byte| byte == b'\n') else {
            return if rest.len() >= LINE_BYTES {
                Err(ProtocolError::new("too big inline request"))
            } else {
                Ok(None)
            };
        };
        let start = self.at;
        self.at += length + 1;
        let carriage_return = rest.get(..length).is_some_and(|line| line.ends_with(b"\r"));
        Ok(Some(start..start + length - usize::from(carriage_return)))
    }
}

fn bulk_length(line: &[u8], limits: &Limits) -> Result<usize, ProtocolError> {
    let Some(length) = line.strip_prefix(b"$") else {
        let found = line.first().map_or(' ', |&byte| char::from(byte));
        return Err(ProtocolError::new(format!("expected '$', got '{}'", found.escape_default())));
    };
    integer(length)
        .and_then(|length| usize::try_from(length).ok())
        .filter(|&length| length <= limits.bulk_bytes)
        .ok_or_else(|| ProtocolError::new("invalid bulk length"))
}

/// A decimal integer in full: no spaces, no plus sign.
pub(crate) fn integer(text: &[u8]) -> Option<i64> {
    if text.first() == Some(&b'+') {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits =
        Limits { bulk_bytes: 100, arguments: 8, request_bytes: 150, output_bytes: 0 };

    /// Requests of an input that comes in pieces of `step` bytes, and how it ended.
    fn read(bytes: &[u8], step: usize) -> (Vec<Vec<Vec<u8>>>, Option<ProtocolError>) {
        let mut parser = Parser::default();
        let mut input = Vec::new();
        let mut requests = Vec::new();
        for piece in bytes.chunks(step) {
            input.extend_from_slice(piece);
            loop {
                match parser.advance(&input, &LIMITS) {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => return (requests, Some(error)),
                }
                requests.push(parser.request(&input).words_from(0).map(<[u8]>::to_vec).collect());
                input.drain(..parser.next());
            }
        }
        (requests, None)
    }

    #[test]
    fn pieces_make_no_difference() {
        let bytes =
            b"*2\r\n$3\r\nGET\r\n$0\r\n\r\nPING  hello\r\n*0\r\n*-1\r\n*1\r\n$4\r\n\r\n\r\n\r\n";
        let whole = read(bytes, bytes.len());
        assert_eq!(whole.1, None);
        assert_eq!(whole.0.len(), 5);
        assert_eq!(whole.0[0], [b"GET".to_vec(), Vec::new()]);
        assert_eq!(whole.0[1], [b"PING".to_vec(), b"hello".to_vec()]);
        assert_eq!(whole.0[4], [b"\r\n\r\n".to_vec()]);
        for step in 1..bytes.len() {
            assert_eq!(read(bytes, step), whole);
        }
    }

    #[test]
    fn malformed_and_oversized_requests_are_named() {
        for (bytes, said) in [
            (&b"*1000000000\r\n"[..], "invalid multibulk length"),
            (b"*x\r\n", "invalid multibulk length"),
            (b"*1\r\n$536870912\r\n", "invalid bulk length"),
            (b"*1\r\n$-1\r\n", "invalid bulk length"),
            (b"*1\r\n:1\r\n", "expected '$', got ':'"),
            (b"*1\r\n\r\n", "expected '$', got ' '"),
            (b"*1\r\n$1\r\nabc", "does not end in CRLF"),
            (b"*99999999999999999999999\r\n", "invalid multibulk length"),
        ] {
            let error = read(bytes, 3).1.expect("an error").to_string();
            assert!(error.starts_with("Protocol error: ") && error.ends_with(said), "{error}");
        }
        let two_large = [b"*2\r\n$100\r\n".as_slice(), &[b'x'; 100], b"\r\n$100\r\n"].concat();
        assert!(read(&two_large, 50).1.is_some());
        assert!(read(&[b'x'; LINE_BYTES + 1], 100).1.is_some());
    }

    #[test]
    fn http_is_recognized() {
        for bytes in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"POST / HTTP/1.1\r\n",
            b"Host: x\r\n",
            b"OPTIONS * HTTP/1.1\r\n",
        ] {
            assert_eq!(read(bytes, 4).1, Some(ProtocolError::Http));
        }
        assert_eq!(read(b"GET key\r\n", 4).0.len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_are_read_alike_in_any_pieces(bytes in prop::collection::vec(
            prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'*'), Just(b'$'), b'0'..b'4', any::<u8>()], 0..200,
        ), step in 1_usize..20) {
            prop_assert_eq!(read(&bytes, step), read(&bytes, bytes.len().max(1)));
        }
    }
}
