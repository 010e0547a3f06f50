//! A span's fields as an operation's label and peer: `name=value name=value`, cut to fit.

use core::fmt::{self, Write};

use tracing_core::field::{Field, Visit};
use tracing_core::span::Attributes;

use super::super::ops::Label;
use super::super::ops::emit::{from_arguments, peer};
use crate::layout::OP_LABEL_BYTES;

/// Whether a field of this name says for whom a span is.
pub(super) fn is_peer(name: &str) -> bool {
    matches!(name, "peer" | "peer_addr" | "remote_addr" | "client.address")
}

/// The fields that a span has at its creation.
pub(super) struct Fields<'a> {
    attributes: &'a Attributes<'a>,
    has_peer: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn new(attributes: &'a Attributes<'a>, has_peer: bool) -> Self {
        Self { attributes, has_peer }
    }

    /// Label and peer.
    pub(super) fn label(self) -> Label {
        let part = |of_peer| Part { attributes: self.attributes, of_peer };
        if self.attributes.fields().is_empty() {
            return Label::none();
        }
        let label = from_arguments(format_args!("{}", part(false)));
        if self.has_peer { peer(label, part(true)) } else { label }
    }
}

/// The peer alone, or all but it.
struct Part<'a> {
    attributes: &'a Attributes<'a>,
    of_peer: bool,
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = Writer { out: formatter, of_peer: self.of_peer, written: 0 };
        self.attributes.record(&mut writer);
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
