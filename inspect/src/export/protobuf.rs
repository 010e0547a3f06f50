//! Protocol buffers, written by hand: a few dozen fields of three published schemas need no generated code.

use crate::recording::wire::put;

/// A message under construction. Fields of one number may be added again and again.
#[derive(Clone, Debug, Default)]
pub(super) struct Message(pub(super) Vec<u8>);

impl Message {
    /// A number that is not there when it is 0.
    pub(super) fn number(&mut self, field: u64, value: u64) -> &mut Self {
        if value != 0 { self.sure(field, value) } else { self }
    }

    /// A number that is there also when it is 0.
    pub(super) fn sure(&mut self, field: u64, value: u64) -> &mut Self {
        put(&mut self.0, field << 3);
        put(&mut self.0, value);
        self
    }

    /// Eight bytes of fixed width.
    pub(super) fn fixed(&mut self, field: u64, value: u64) -> &mut Self {
        put(&mut self.0, field << 3 | 1);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// Four bytes of fixed width.
    pub(super) fn fixed32(&mut self, field: u64, value: u32) -> &mut Self {
        put(&mut self.0, field << 3 | 5);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// A number with a fraction.
    pub(super) fn double(&mut self, field: u64, value: f64) -> &mut Self {
        self.fixed(field, value.to_bits())
    }

    /// Bytes.
    pub(super) fn bytes(&mut self, field: u64, bytes: &[u8]) -> &mut Self {
        put(&mut self.0, field << 3 | 2);
        put(&mut self.0, bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// A text.
    pub(super) fn text(&mut self, field: u64, text: &str) -> &mut Self {
        self.bytes(field, text.as_bytes())
    }

    /// A message in this one.
    pub(super) fn message(&mut self, field: u64, message: &Self) -> &mut Self {
        self.bytes(field, &message.0)
    }

    /// A message behind its length, as a stream has them.
    pub(super) fn delimited(&mut self, message: &Self) -> &mut Self {
        put(&mut self.0, message.0.len() as u64);
        self.0.extend_from_slice(&message.0);
        self
    }

    /// Numbers, packed.
    pub(super) fn packed(&mut self, field: u64, values: &[u64]) -> &mut Self {
        let mut bytes = Vec::new();
        values.iter().for_each(|&value| put(&mut bytes, value));
        self.bytes(field, &bytes)
    }
}
