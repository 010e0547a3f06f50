//! The sink to a terminal: nothing that came from a board reaches it but printable characters.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::snapshot::Label;

/// Makes text harmless: control characters become `\xNN`; marks that turn the direction of text,
/// take no width or separate lines become `\u{…}`.
pub fn term(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        let code = u32::from(char);
        if char.is_control() {
            out.push_str(&format!("\\x{code:02x}"));
        } else if invisible(char) {
            out.push_str(&format!("\\u{{{code:x}}}"));
        } else {
            out.push(char);
        }
    }
    out
}

/// A label, made harmless.
pub fn label(label: &Label) -> String {
    term(label.raw())
}

/// An optional label, made harmless; empty when there is none.
pub fn maybe(text: Option<&Label>) -> String {
    text.map(label).unwrap_or_default()
}

/// Whether a terminal shows the character as itself.
pub(crate) fn printable(char: char) -> bool {
    !char.is_control() && !invisible(char)
}

/// Characters that a terminal does not show as themselves; and those that are none, which XML refuses.
fn invisible(char: char) -> bool {
    matches!(
        u32::from(char),
        0xad | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f | 0x2028..=0x202e
            | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb
            | 0xe0000..=0xe0fff | 0xfdd0..=0xfdef
    ) || u32::from(char) & 0xfffe == 0xfffe
        || char.width().unwrap_or(0) == 0
}

/// Columns that harmless text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Text cut to `columns`, the last of them `…` when something was cut.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for char in text.chars() {
        let wide = char.width().unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        out.push(char);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// Sentences folded between words, so that no line has more than so many columns; a longer word is cut.
pub fn fold(text: &str, columns: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut used = 0;
        for word in line.split(' ') {
            let wide = width(word).min(columns);
            if used > 0 && used + 1 + wide > columns {
                out.push('\n');
                used = 0;
            } else if used > 0 {
                out.push(' ');
                used += 1;
            }
            out.push_str(&cut(word, columns));
            used += wide;
        }
        out.push('\n');
    }
    out
}

/// Text cut or filled up to exactly `columns`, from the left.
pub fn left(text: &str, columns: usize) -> String {
    let mut out = cut(text, columns);
    let missing = columns.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// Text filled up to at least `columns`, from the right; a number is never cut.
pub fn right(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{}{text}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_and_marks_are_spelled_out() {
        assert_eq!(term("a\x1b]0;X\x07b"), "a\\x1b]0;X\\x07b");
        assert_eq!(term("a\u{9b}31m\u{7f}\n"), "a\\x9b31m\\x7f\\x0a");
        assert_eq!(term("x\u{202e}y\u{200b}z\u{feff}"), "x\\u{202e}y\\u{200b}z\\u{feff}");
        assert_eq!(term("größe 表"), "größe 表");
    }

    #[test]
    fn cutting_counts_columns_not_bytes() {
        assert_eq!(cut("größe", 5), "größe");
        assert_eq!(cut("größer", 5), "größ…");
        assert_eq!(cut("表表表", 5), "表表…");
        assert_eq!(left("ab", 4), "ab  ");
        assert_eq!(left("abcdef", 4), "abc…");
        assert_eq!(right("12", 4), "  12");
        assert_eq!(fold("of the last seconds\n\nnext", 11), "of the last\nseconds\n\nnext\n");
    }

    proptest! {
        #[test]
        fn nothing_unprintable_comes_out(text in ".*", bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            for text in [text, String::from_utf8_lossy(&bytes).into_owned()] {
                let out = term(&text);
                prop_assert!(out.chars().all(|c| !c.is_control() && !invisible(c)), "{out:?}");
                    prop_assert!(width(&cut(&out, 7)) <= 7);
                for line in fold(&out, 20).lines() {
                    prop_assert!(width(line) <= 20, "{line:?}");
                }
                prop_assert_eq!(width(&left(&out, 9)), 9);
            }
        }
    }
}
