//! The check word of a header: whether what was written once is still what was written.

/// Words of a table-of-contents entry that never change: the first ones, up to `used`.
pub const SECTION_FIXED_WORDS: usize = 6;
/// Index of the check word in the header.
pub const CHECK_WORD: usize = 0xd0 / 8;

/// The check word over a header's words, without the magic and without the check word itself, and then the
/// fixed words of each table-of-contents entry. Never 0, which says that there is none. Each step can be
/// undone, so one changed word always gives another result.
pub fn check_word(
    header: &[u64],
    entries: impl IntoIterator<Item = [u64; SECTION_FIXED_WORDS]>,
) -> u64 {
    let own = header.iter().enumerate().skip(1).filter(|(index, _)| *index != CHECK_WORD);
    let own = own.map(|(_, &word)| word);
    let digest =
        own.chain(entries.into_iter().flatten()).fold(0x5343_4f52_4543_484b_u64, |digest, word| {
            let digest = (digest ^ word).wrapping_mul(0x0000_0100_0000_01b3);
            digest ^ digest >> 29
        });
    digest.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_single_bit_changes_it() {
        let header: Vec<u64> = (0..32).map(|word| word * 0x1234_5678_9abc).collect();
        let entry = [1, 1, 4096, 512, 64, 8];
        let whole = check_word(&header, [entry]);
        for bit in 64..32 * 64 {
            let mut other = header.clone();
            other[bit / 64] ^= 1 << (bit % 64);
            assert_eq!(check_word(&other, [entry]) == whole, bit / 64 == CHECK_WORD, "{bit}");
        }
        for bit in 0..SECTION_FIXED_WORDS * 64 {
            let mut other = entry;
            other[bit / 64] ^= 1 << (bit % 64);
            assert_ne!(check_word(&header, [other]), whole, "{bit}");
        }
    }
}
