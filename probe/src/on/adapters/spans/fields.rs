//! A span's fields as an operation's label and peer: `name=value name=value`, cut to fit; and what they say of its
//! end and of its trace. At its creation, and when they are recorded later.

use core::fmt::{self, Write};

use tracing_core::field::{Field, Visit};
use tracing_core::span::{Attributes, Record};

use super::callsite::Callsite;
use super::names::{is_end, is_http, is_peer, is_rpc, is_trace};
use crate::on::ops::Label;
use crate::on::ops::text::{Pen, Texts};
use crate::trace::TraceContext;

/// Fields with their values.
#[derive(Clone, Copy)]
pub(super) enum Values<'a> {
    /// Those that a span has at its creation.
    First(&'a Attributes<'a>),
    /// Those that are recorded later.
    Later(&'a Record<'a>),
}

impl Values<'_> {
    fn are_none(self) -> bool {
        match self {
            Self::First(attributes) => attributes.values().is_empty(),
            Self::Later(record) => record.is_empty(),
        }
    }

    fn visit(self, visitor: &mut dyn Visit) {
        match self {
            Self::First(attributes) => attributes.record(visitor),
            Self::Later(record) => record.record(visitor),
        }
    }

    /// As label and peer, if they are `shown`, and what they say of the span's end. Runs what the user wrote for it:
    /// nothing may be held.
    pub(super) fn say(self, of: &Callsite, shown: bool) -> (Label, End) {
        if self.are_none() || !shown && !of.has_end {
            return (Label::none(), End::default());
        }
        let mut reader = Reader { of, shown, texts: Texts::none(), end: End::default() };
        self.visit(&mut reader);
        (reader.texts.joined(), reader.end)
    }
}

/// Reads all fields in one go. What is plain is copied and not formatted: a span's fields are most of its cost.
struct Reader<'a> {
    of: &'a Callsite,
    shown: bool,
    texts: Texts,
    end: End,
}

impl Reader<'_> {
    /// Where the value goes, behind its name. `None` when it is not shown, or would be cut: then it is not asked for
    /// its text.
    #[inline]
    fn pen(&mut self, field: &Field) -> Option<Pen<'_>> {
        // A trace has a place of its own, and would take all of a label's.
        if !self.shown || self.of.has_end && is_trace(field.name()) {
            return None;
        }
        let of_peer = self.of.has_peer && is_peer(field.name());
        let mut pen = if of_peer { self.texts.peer() } else { self.texts.label() };
        if pen.is_full() {
            return None;
        }
        if !pen.is_empty() {
            pen.push(" ");
        }
        if !of_peer {
            pen.push(field.name());
            pen.push("=");
        }
        Some(pen)
    }

    fn push(&mut self, field: &Field, text: &str) {
        if let Some(mut pen) = self.pen(field) {
            pen.push(text);
        }
    }

    fn digits(&mut self, field: &Field, value: u64, sign: &str) {
        let Some(mut pen) = self.pen(field) else { return };
        pen.push(sign);
        let mut digits = [b'0'; 20];
        let mut left = value;
        let mut first = digits.len() - 1;
        for (at, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b'0' + (left % 10) as u8;
            first = at;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        pen.push(digits.get(first..).and_then(|text| str::from_utf8(text).ok()).unwrap_or("?"));
    }
}

impl Visit for Reader<'_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.digits(field, value, "");
        if self.of.has_end {
            self.end.record_u64(field, value);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.digits(field, value.unsigned_abs(), if value < 0 { "-" } else { "" });
        if self.of.has_end {
            self.end.record_i64(field, value);
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, if value { "true" } else { "false" });
        if self.of.has_end {
            self.end.record_bool(field, value);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field, value);
        if self.of.has_end {
            self.end.record_str(field, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if let Some(mut pen) = self.pen(field) {
            // An error is only what a `Debug` of the user's says it is; what it wrote before stays.
            _ = write!(pen, "{value:?}");
        }
        if self.of.has_end {
            self.end.record_debug(field, value);
        }
    }
}

/// What fields say of a span's end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct End {
    /// One said that it failed.
    pub(super) failed: bool,
    /// Its HTTP status, when one said it.
    pub(super) status: Option<u16>,
    /// The trace that it is part of, when one said it.
    pub(super) trace: Option<TraceContext>,
}

impl Visit for End {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.failed |= value && field.name() == "error";
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record_u64(field, value.unsigned_abs());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if is_http(field.name()) && (100..600).contains(&value) {
            self.status = u16::try_from(value).ok();
            self.failed |= value >= 400;
        }
        self.failed |= is_rpc(field.name()) && value != 0;
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let name = field.name();
        if !is_end(name) {
            return;
        }
        if is_trace(name) {
            let mut header = Header { text: [0; 55], length: 0 };
            if write!(header, "{value:?}").is_ok() {
                self.trace = header.text.get(..header.length).and_then(TraceContext::parse);
            }
            return;
        }
        let mut said = Said { number: None, is_error: true, read: 0 };
        _ = write!(said, "{value:?}");
        match said.number {
            Some(number) => self.record_u64(field, number),
            None => {
                self.failed |=
                    name == "otel.status_code" && said.is_error && said.read == ERROR.len()
            }
        }
    }
}

const ERROR: &[u8] = b"error";

/// What a value says that comes as text: the number at its beginning (`403 Forbidden`), or `Error`, of any case.
struct Said {
    number: Option<u64>,
    is_error: bool,
    read: usize,
}

impl Write for Said {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes().filter(|&byte| byte != b'"') {
            match (byte, self.number) {
                (b'0'..=b'9', Some(number)) => {
                    self.number = number.checked_mul(10).map(|ten| ten + u64::from(byte - b'0'));
                }
                (b'0'..=b'9', None) if self.read == 0 => self.number = Some(u64::from(byte - b'0')),
                (_, Some(_)) => return Err(fmt::Error),
                _ => {}
            }
            self.is_error &= ERROR.get(self.read) == Some(&byte.to_ascii_lowercase());
            self.read += 1;
        }
        Ok(())
    }
}

/// A header as it is written out; one of a later version that says more is none.
struct Header {
    text: [u8; 55],
    length: usize,
}

impl Write for Header {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes().filter(|&byte| byte != b'"') {
            *self.text.get_mut(self.length).ok_or(fmt::Error)? = byte;
            self.length += 1;
        }
        Ok(())
    }
}
