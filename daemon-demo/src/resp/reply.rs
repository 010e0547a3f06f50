//! Replies of RESP2, appended to a buffer.

use std::io::Write as _;

/// `+OK`.
pub(crate) fn ok(out: &mut Vec<u8>) {
    out.extend_from_slice(b"+OK\r\n");
}

/// A short text of our own.
pub(crate) fn simple(out: &mut Vec<u8>, text: &str) {
    line(out, format_args!("+{text}"));
}

/// An error; its first word is the kind. Line ends and control characters in it become spaces.
pub(crate) fn error(out: &mut Vec<u8>, text: &str) {
    probe::count!(crate::metrics::ERRORS);
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line(out, format_args!("-{text}"));
}

/// A number.
pub(crate) fn integer(out: &mut Vec<u8>, number: i64) {
    match number {
        0 => out.extend_from_slice(b":0\r\n"),
        1 => out.extend_from_slice(b":1\r\n"),
        _ => line(out, format_args!(":{number}")),
    }
}

/// A number that counts something.
pub(crate) fn count(out: &mut Vec<u8>, number: impl TryInto<i64>) {
    integer(out, number.try_into().unwrap_or(i64::MAX));
}

/// Bytes.
pub(crate) fn bulk(out: &mut Vec<u8>, bytes: &[u8]) {
    line(out, format_args!("${}", bytes.len()));
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// Nothing, where bytes could be.
pub(crate) fn nil(out: &mut Vec<u8>) {
    out.extend_from_slice(b"$-1\r\n");
}

/// The head of an array; its elements follow.
pub(crate) fn array(out: &mut Vec<u8>, elements: usize) {
    line(out, format_args!("*{elements}"));
}

fn line(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to memory does not fail.
    let _ = write!(out, "{text}\r\n");
}
