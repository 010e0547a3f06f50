//! An operation's texts, cut to fit before its record is claimed: the user's own code that makes them
//! may panic, wait or probe.

use core::fmt::{self, Write};
use core::sync::atomic::{AtomicU64, Ordering};

use crate::layout::{
    OP_CUT, OP_LABEL_BYTES, OP_PEER_BYTES, OP_PEER_CUT, OP_SENSITIVE, OP_TEXT_BITS, OP_TEXT_BYTES,
    WORD, cut,
};

/// Flag of a label whose operation keeps its labels off the board: of the program's own, and not on the board.
const HIDES: u64 = 1 << 31;

/// What an operation is called and whom it is for.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    bytes: [u8; OP_TEXT_BYTES],
    label: usize,
    peer: usize,
    flags: u64,
}

/// What an operation's record is told of its texts.
#[doc(hidden)]
pub trait Text: Copy {
    /// Stores the text into `words`, as many as are used; returns the word of lengths and flags, for
    /// [`on_board`].
    fn store(self, words: &[AtomicU64; OP_TEXT_BYTES / WORD]) -> u64;
}

/// What stands on the board of a word of lengths and flags.
#[inline(always)]
pub(super) fn on_board(lengths_flags: u64) -> u64 {
    lengths_flags & OP_TEXT_BITS
}

/// A label that is copied straight from where it is.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a>(&'a str);

/// What a macro has at hand, as a text.
#[doc(hidden)]
pub trait IntoText<'a> {
    /// The text's own type.
    type Text: Text;
    /// The text.
    fn text(&'a self) -> Self::Text;
}

impl<'a> IntoText<'a> for Plain<'a> {
    type Text = Self;
    #[inline(always)]
    fn text(&'a self) -> Self {
        *self
    }
}

impl<'a> IntoText<'a> for Label {
    type Text = &'a Self;
    #[inline(always)]
    fn text(&'a self) -> &'a Self {
        self
    }
}

impl Text for Plain<'_> {
    #[inline(always)]
    fn store(self, words: &[AtomicU64; OP_TEXT_BYTES / WORD]) -> u64 {
        let (kept, flags) = match self.0.len() {
            0..=OP_LABEL_BYTES => (self.0.as_bytes(), 0),
            _ => (cut(self.0, OP_LABEL_BYTES).as_bytes(), OP_CUT),
        };
        let (whole, rest) = kept.as_chunks::<WORD>();
        let mut words = words.iter();
        for (bytes, word) in whole.iter().zip(words.by_ref()) {
            word.store(u64::from_le_bytes(*bytes), Ordering::Relaxed);
        }
        if !rest.is_empty()
            && let Some(word) = words.next()
        {
            let last = rest.iter().rev().fold(0, |last, &byte| last << 8 | u64::from(byte));
            word.store(last, Ordering::Relaxed);
        }
        kept.len() as u64 | flags
    }
}

impl From<Plain<'_>> for Label {
    fn from(plain: Plain<'_>) -> Self {
        let mut made = Self::none();
        put(&mut made, plain.0);
        made
    }
}

impl Text for &Label {
    #[inline]
    fn store(self, words: &[AtomicU64; OP_TEXT_BYTES / WORD]) -> u64 {
        let used = self.label.next_multiple_of(WORD) + self.peer;
        let (whole, _) = self.bytes.as_chunks::<WORD>();
        for (word, bytes) in words.iter().zip(whole).take(used.div_ceil(WORD)) {
            word.store(u64::from_le_bytes(*bytes), Ordering::Relaxed);
        }
        self.label as u64 | (self.peer as u64) << 8 | self.flags
    }
}

impl Label {
    /// Nothing said.
    #[inline]
    pub const fn none() -> Self {
        Self { bytes: [0; OP_TEXT_BYTES], label: 0, peer: 0, flags: 0 }
    }
}

/// A label.
#[inline(always)]
pub fn label(text: &str) -> Plain<'_> {
    Plain(text)
}

fn put(made: &mut Label, text: &str) {
    let kept = cut(text, OP_LABEL_BYTES);
    if let Some(to) = made.bytes.get_mut(..kept.len()) {
        to.copy_from_slice(kept.as_bytes());
    }
    made.label = kept.len();
    if kept.len() < text.len() {
        made.flags |= OP_CUT;
    }
}

/// A label that is written out, without memory: what does not fit is dropped.
#[inline]
pub fn from_arguments(arguments: fmt::Arguments<'_>) -> Label {
    match arguments.as_str() {
        Some(text) => label(text).into(),
        None => write_out(arguments),
    }
}

#[inline(never)]
fn write_out(arguments: fmt::Arguments<'_>) -> Label {
    let mut made = Label::none();
    // An error is only what a `Display` of the user's says it is; what it wrote before stays.
    let _ = Writer(&mut made, OP_LABEL_BYTES).write_fmt(arguments);
    made
}

/// The label and the peer of the operation.
pub fn peer(made: impl Into<Label>, who: impl fmt::Display) -> Label {
    let mut text = Label::none();
    let _ = write!(Writer(&mut text, OP_PEER_BYTES), "{who}");
    let is_cut = text.flags & OP_CUT != 0;
    join(made.into(), text.bytes.get(..text.label).unwrap_or_default(), is_cut)
}

/// The label with a peer, to which it gives way.
fn join(mut made: Label, who: &[u8], is_cut: bool) -> Label {
    let room = OP_TEXT_BYTES - who.len().next_multiple_of(WORD);
    if made.label > room {
        let label = made.bytes.get(..made.label).unwrap_or_default();
        let label = core::str::from_utf8(label).unwrap_or_default();
        made.label = cut(label, room).len();
        made.flags |= OP_CUT;
    }
    made.flags &= !OP_PEER_CUT;
    let at = made.label.next_multiple_of(WORD);
    if let Some(to) = made.bytes.get_mut(at..at + who.len()) {
        to.copy_from_slice(who);
        made.peer = who.len();
        made.flags |= if is_cut { OP_PEER_CUT } else { 0 };
    }
    made
}

/// The label only if the daemon wants such labels seen.
pub fn sensitive(made: impl Into<Label>) -> Label {
    let made = made.into();
    if crate::on::ground::settings::shows_sensitive() { made } else { made.hidden() }
}

impl Label {
    /// Nothing of it is shown but that it is there.
    fn hidden(self) -> Self {
        let flags = if self.label > 0 { OP_SENSITIVE } else { 0 };
        Self { flags: flags | HIDES, ..Self::none() }
    }

    /// What stands in `words`, which `lengths_flags`, from private memory, speaks of.
    pub(super) fn stored(words: &[AtomicU64; OP_TEXT_BYTES / WORD], lengths_flags: u64) -> Self {
        let mut made = Self::none();
        let (whole, _) = made.bytes.as_chunks_mut::<WORD>();
        for (bytes, word) in whole.iter_mut().zip(words) {
            *bytes = word.load(Ordering::Relaxed).to_le_bytes();
        }
        made.label = (lengths_flags as usize & 0xff).min(OP_LABEL_BYTES);
        made.peer = (lengths_flags as usize >> 8 & 0xff).min(OP_PEER_BYTES);
        made.flags = lengths_flags & !0xffff;
        made
    }

    fn who(&self) -> &[u8] {
        let at = self.label.next_multiple_of(WORD);
        self.bytes.get(at..at + self.peer).unwrap_or_default()
    }

    /// This one's peer beside the label of `old`.
    pub(super) fn beside(&self, old: &Self) -> Self {
        join(*old, self.who(), self.flags & OP_PEER_CUT != 0)
    }

    /// This one behind the label of `old`, with a gap, and its peer if it has one.
    #[cfg(feature = "tracing")]
    pub(super) fn behind(&self, old: &Self) -> Self {
        let text = self.bytes.get(..self.label).unwrap_or_default();
        let text = core::str::from_utf8(text).unwrap_or_default();
        let mut made = Self { label: old.label, flags: old.flags & !OP_PEER_CUT, ..Self::none() };
        if let (Some(to), Some(from)) =
            (made.bytes.get_mut(..old.label), old.bytes.get(..old.label))
        {
            to.copy_from_slice(from);
        }
        if !text.is_empty() && old.flags & HIDES == 0 {
            let mut pen = Writer(&mut made, OP_LABEL_BYTES);
            if !pen.is_empty() {
                pen.push(" ");
            }
            pen.push(text);
            made.flags |= self.flags & OP_CUT;
        }
        let of = if self.peer > 0 { self } else { old };
        join(made, of.who(), of.flags & OP_PEER_CUT != 0)
    }

    /// This one in place of `old`, whose peer stays, and which hides what comes after it if it was hidden.
    pub(super) fn in_place_of(self, old: &Self) -> Self {
        let made = if old.flags & HIDES != 0 { self.hidden() } else { self };
        join(made, old.who(), old.flags & OP_PEER_CUT != 0)
    }
}

/// Label and peer that are written piece by piece.
#[cfg(feature = "tracing")]
pub(crate) struct Texts {
    label: Label,
    /// As if it were a label.
    peer: Label,
}

#[cfg(feature = "tracing")]
impl Texts {
    pub(crate) const fn none() -> Self {
        Self { label: Label::none(), peer: Label::none() }
    }

    /// What is written goes behind the label.
    #[inline]
    pub(crate) fn label(&mut self) -> Pen<'_> {
        Writer(&mut self.label, OP_LABEL_BYTES)
    }

    /// What is written goes behind the peer.
    #[inline]
    pub(crate) fn peer(&mut self) -> Pen<'_> {
        Writer(&mut self.peer, OP_PEER_BYTES)
    }

    /// Both.
    pub(crate) fn joined(self) -> Label {
        let who = self.peer.bytes.get(..self.peer.label).unwrap_or_default();
        match who {
            [] => self.label,
            _ => join(self.label, who, self.peer.flags & OP_CUT != 0),
        }
    }
}

/// What writes a label or a peer.
#[cfg(feature = "tracing")]
pub(crate) type Pen<'a> = Writer<'a>;

#[cfg(feature = "tracing")]
impl Writer<'_> {
    /// Writes a piece, as far as there is room.
    #[inline]
    pub(crate) fn push(&mut self, text: &str) {
        let _ = self.write_str(text);
    }

    /// Whether nothing was written yet.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.label == 0
    }

    /// Whether something was cut already.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.0.flags & OP_CUT != 0
    }
}

/// Writes into a label, and cuts.
pub(crate) struct Writer<'a>(&'a mut Label, usize);

impl Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Self(made, room) = self;
        if made.flags & OP_CUT != 0 {
            return Ok(());
        }
        let kept = cut(text, *room - made.label);
        if let Some(to) = made.bytes.get_mut(made.label..made.label + kept.len()) {
            to.copy_from_slice(kept.as_bytes());
            made.label += kept.len();
        }
        if kept.len() < text.len() {
            made.flags |= OP_CUT;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(made: &Label) -> (String, String) {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("cut at characters");
        let at = made.label.next_multiple_of(WORD);
        (text(&made.bytes[..made.label]), text(&made.bytes[at..at + made.peer]))
    }

    #[test]
    fn a_label_is_cut_at_a_character_and_says_so() {
        let long = "é".repeat(40);
        let made = Label::from(label(&long));
        assert_eq!(read(&made).0, "é".repeat(32));
        assert_eq!(made.flags, OP_CUT);
        assert_eq!(Label::from(label("GET /")).flags, 0);
        assert_eq!(read(&from_arguments(format_args!("GET {} {long}", 7))).0.len(), 64);
    }

    #[test]
    fn a_peer_has_its_room_and_the_label_gives_way() {
        let made = peer(label(&"x".repeat(64)), "[2001:db8:85a3::8a2e:370:7334]:52044");
        let (label, peer) = read(&made);
        assert_eq!(peer, "[2001:db8:85a3::8a2e:370:7334]:52044");
        assert_eq!(label, "x".repeat(40));
        assert_eq!(made.flags, OP_CUT);
    }

    #[test]
    fn a_peer_that_is_cut_says_so() {
        let made = peer(label("GET /"), "[2001:db8:85a3:1111:2222:8a2e:370:7334]:40000");
        assert_eq!(read(&made).1, "[2001:db8:85a3:1111:2222:8a2e:370:7334]:");
        assert_eq!(made.flags, OP_PEER_CUT);
        assert_eq!(peer(made, "10.0.0.7:1").flags, 0, "another one is not");
    }

    #[test]
    fn a_label_that_comes_later_keeps_the_peer_and_what_is_hidden() {
        let words = [const { AtomicU64::new(0) }; OP_TEXT_BYTES / WORD];
        let stored = |made: Label| Label::stored(&words, (&made).store(&words));
        let old = stored(peer(label("x"), "10.0.0.7:1"));
        let new = stored(Label::from(label(&"client 12345 ".repeat(6))).in_place_of(&old));
        assert_eq!(read(&new), ("client 12345 ".repeat(6)[..64].to_owned(), "10.0.0.7:1".into()));
        assert_eq!(new.flags, OP_CUT);
        let old = stored(peer(Label::from(label("secret")).hidden(), "10.0.0.7:1"));
        let new = stored(Label::from(label("more of it")).in_place_of(&old));
        assert_eq!(read(&new), (String::new(), "10.0.0.7:1".into()));
        assert_eq!(on_board(new.flags), OP_SENSITIVE);
        // A peer that comes later keeps the label.
        let new = stored(peer(stored(Label::from(label("GET /"))), "10.0.0.8:2"));
        assert_eq!(read(&new), ("GET /".into(), "10.0.0.8:2".into()));
    }

    #[test]
    fn a_copied_label_is_stored_as_a_made_one() {
        let words = || [const { AtomicU64::new(0) }; OP_TEXT_BYTES / WORD];
        let long = "0123456789abcdé".repeat(6);
        for end in (0..long.len()).filter(|&end| long.is_char_boundary(end)) {
            let (copied, made) = (words(), words());
            let text = &long[..end];
            assert_eq!(label(text).store(&copied), (&Label::from(label(text))).store(&made));
            let read = |words: &[AtomicU64]| {
                words.iter().map(|word| word.load(Ordering::Relaxed)).collect::<Vec<_>>()
            };
            assert_eq!(read(&copied), read(&made), "{text}");
        }
    }
}
