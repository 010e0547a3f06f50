//! Text on the board: references into the strings section, and bytes packed into words.

/// A text reference: offset into the strings section in the high half, length in the low half.
/// Zero is "no text".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TextRef {
    /// Bytes from the start of the strings section.
    pub offset: u32,
    /// Bytes of the text.
    pub length: u32,
}

impl TextRef {
    /// The word that names this text.
    pub fn to_word(self) -> u64 {
        u64::from(self.offset) << 32 | u64::from(self.length)
    }

    /// The text that a word names.
    pub fn from_word(word: u64) -> Self {
        Self { offset: (word >> 32) as u32, length: word as u32 }
    }
}

/// Byte `index` of text packed into words: the first byte is the lowest of the first word, on every
/// machine.
pub fn pack_byte(words: &mut [u64], index: usize, byte: u8) {
    if let Some(word) = words.get_mut(index / 8) {
        let shift = (index % 8) * 8;
        *word = *word & !(0xff << shift) | u64::from(byte) << shift;
    }
}

/// Where a text was cut.
const CUT: &str = "…";

/// As much of `text` as fits into `room` bytes, cut at a character.
#[inline]
pub(crate) fn cut(text: &str, room: usize) -> &str {
    if text.len() <= room {
        return text;
    }
    // `str::floor_char_boundary` is younger than what this crate is built with.
    let end = (0..=room).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// Packs `text`, or as much of it as fits with a `…` behind; returns the bytes taken. Words after the text are zeroed.
pub fn pack(text: &str, words: &mut [u64]) -> usize {
    words.fill(0);
    let room = words.len() * 8;
    let (kept, mark) = match text.len() <= room {
        true => (text, ""),
        false => (cut(text, room.saturating_sub(CUT.len())), CUT),
    };
    for (index, byte) in kept.bytes().chain(mark.bytes()).enumerate() {
        pack_byte(words, index, byte);
    }
    kept.len() + mark.len()
}

/// A label of `room` bytes at most: of a longer one its beginning, `…`, and four hexadecimal digits of a hash of all of it
/// (FNV-1a, folded), so that two that begin alike stay two. Line feeds and zero bytes, which end a label, are spaces.
pub fn fitted(label: &str, room: usize) -> String {
    let label = label.replace(['\n', '\0'], " ");
    if label.len() <= room {
        return label;
    }
    let hash = label.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let folded = (hash ^ hash >> 16 ^ hash >> 32 ^ hash >> 48) & 0xffff;
    let kept = cut(&label, room.saturating_sub(CUT.len() + 4));
    format!("{kept}{CUT}{folded:04x}")
}

/// The first `length` bytes packed into `words` (all of them, when there are fewer).
pub fn unpack(words: &[u64], length: usize) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).take(length).collect()
}

/// The bytes packed into `words` up to the first zero byte.
pub fn unpack_zero_ended(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).take_while(|&byte| byte != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_text_comes_back_and_is_cut_at_a_character() {
        let mut words = [u64::MAX; 2];
        assert_eq!(pack("héllo", &mut words), 6);
        assert_eq!(unpack_zero_ended(&words), "héllo".as_bytes());
        assert_eq!(pack("0123456789abcdé", &mut words), 14 + 2);
        assert_eq!(pack("0123456789abcdeé", &mut words), 13 + 3);
        assert_eq!(unpack(&words, 16), "0123456789abc…".as_bytes());
        assert_eq!(pack("0123456789abéde16", &mut words), 12 + 3);
        assert_eq!(unpack_zero_ended(&words), "0123456789ab…".as_bytes());
    }

    #[test]
    fn labels_that_begin_alike_stay_two_where_they_are_cut() {
        let of = |text: &str| fitted(text, 20);
        assert_eq!(of("as long as it may be"), "as long as it may be");
        assert_eq!(of("two\nlines\0"), "two lines ");
        let (one, other) = (of("/var/lib/store/shard-1"), of("/var/lib/store/shard-2"));
        assert!(one != other && one.len() == 20, "{one} {other}");
        assert!([&one, &other].iter().all(|text| text.starts_with("/var/lib/stor…")), "{one}");
        assert_eq!(fitted(&"é".repeat(20), 20).len(), 12 + 3 + 4);
    }

    #[test]
    fn a_text_reference_survives_its_word() {
        let text = TextRef { offset: 7, length: 9 };
        assert_eq!(TextRef::from_word(text.to_word()), text);
    }
}
