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

/// Packs as much of `text` as fits, cut at a character boundary; returns the bytes taken. Words
/// after the text are zeroed.
pub fn pack(text: &str, words: &mut [u64]) -> usize {
    words.fill(0);
    let room = words.len() * 8;
    let mut end = text.len().min(room);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    for (index, byte) in text.bytes().take(end).enumerate() {
        pack_byte(words, index, byte);
    }
    end
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
        assert_eq!(pack("0123456789abcdeé", &mut words), 15);
        assert_eq!(unpack(&words, 15), b"0123456789abcde");
    }

    #[test]
    fn a_text_reference_survives_its_word() {
        let text = TextRef { offset: 7, length: 9 };
        assert_eq!(TextRef::from_word(text.to_word()), text);
    }
}
