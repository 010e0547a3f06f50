//! A span's fields as an operation's label and peer: `name=value name=value`, cut to fit; and what they say of its
//! end. At its creation, and when they are recorded later.

use core::fmt::{self, Write};

use tracing_core::field::{Field, Visit};
use tracing_core::span::{Attributes, Record};

use super::callsite::Callsite;
use super::names::{is_end, is_http, is_peer, is_rpc};
use crate::layout::OP_LABEL_BYTES;
use crate::on::ops::Label;
use crate::on::ops::emit::{from_arguments, peer};

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

    /// As label and peer. Runs what the user wrote for it: nothing may be held.
    pub(super) fn label(self, of: &Callsite) -> Label {
        if self.are_none() {
            return Label::none();
        }
        let part = |of_peer| Part { values: self, of_peer };
        let label = from_arguments(format_args!("{}", part(false)));
        let mut found = Found(false);
        if of.has_peer {
            self.visit(&mut found);
        }
        if found.0 { peer(label, part(true)) } else { label }
    }

    /// Whether they say that the span failed.
    pub(super) fn say_failed(self, of: &Callsite) -> bool {
        let mut end = End(false);
        if of.has_end {
            self.visit(&mut end);
        }
        end.0
    }
}

/// Whether there is a peer among them.
struct Found(bool);

impl Visit for Found {
    fn record_debug(&mut self, field: &Field, _: &dyn fmt::Debug) {
        self.0 |= is_peer(field.name());
    }
}

/// The peer alone, or all but it.
struct Part<'a> {
    values: Values<'a>,
    of_peer: bool,
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = Writer { out: formatter, of_peer: self.of_peer, written: 0 };
        self.values.visit(&mut writer);
        Ok(())
    }
}

struct Writer<'a, 'b> {
    out: &'a mut fmt::Formatter<'b>,
    of_peer: bool,
    written: usize,
}

impl Write for Writer<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.written += text.len();
        self.out.write_str(text)
    }
}

impl Visit for Writer<'_, '_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // What would be cut is not asked for its text.
        if is_peer(field.name()) != self.of_peer || self.written > OP_LABEL_BYTES {
            return;
        }
        let gap = if self.written > 0 { " " } else { "" };
        // An error is only what a `Debug` of the user's says it is; what it wrote before stays.
        _ = match self.of_peer {
            true => write!(self, "{gap}{value:?}"),
            false => write!(self, "{gap}{}={value:?}", field.name()),
        };
    }
}

/// Whether a field said that the span failed.
struct End(bool);

impl Visit for End {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0 |= value && field.name() == "error";
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record_u64(field, value.unsigned_abs());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0 |= is_http(field.name()) && (400..600).contains(&value);
        self.0 |= is_rpc(field.name()) && value != 0;
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let name = field.name();
        if !is_end(name) {
            return;
        }
        let mut said = Said { number: None, is_error: true, read: 0 };
        _ = write!(said, "{value:?}");
        match said.number {
            Some(number) => self.record_u64(field, number),
            None => {
                self.0 |= name == "otel.status_code" && said.is_error && said.read == ERROR.len()
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
