//! The sink to a terminal: nothing that came from a board reaches it but printable characters.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::words::label::Label;

/// Makes text harmless: control characters become `\xNN`; marks that turn the direction of text,
/// take no width or separate lines become `\u{…}`.
pub fn term(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        let code = u32::from(char);
        if char.is_control() {
            out.push_str("\\x");
            hex(&mut out, code, 2);
        } else if invisible(char) {
            out.push_str("\\u{");
            hex(&mut out, code, 1);
            out.push('}');
        } else {
            out.push(char);
        }
    }
    out
}

/// So many digits at least. Without what formats numbers: hostile texts have nothing but such characters, and were most of
/// the time that a table of them took.
fn hex(out: &mut String, code: u32, least: u32) {
    let digits = (32 - code.leading_zeros()).div_ceil(4).max(least);
    let digits = (0..digits).rev().map(|place| code >> (4 * place) & 15);
    out.extend(digits.filter_map(|digit| char::from_digit(digit, 16)));
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
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.len();
    }
    text.width()
}

/// Text cut to `columns`, the last of them `…` when something was cut. A number is there with its unit or not
/// at all: half of one is another number.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut used = 0;
    let mut end = 0;
    for (at, char) in text.char_indices() {
        let wide = char.width().unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        end = at + char.len_utf8();
    }
    let mut out = text[..before_number(text, end)].to_owned();
    if columns > 0 {
        out.push('…');
    }
    out
}

/// Text cut in its middle: what begins alike is told apart by its end, as paths and names of channels are.
pub fn ends(text: &str, columns: usize) -> String {
    if width(text) <= columns || columns < 8 {
        return cut(text, columns);
    }
    let tail_wide = (columns - 1) * 2 / 3;
    let mut used = 0;
    let tail = text.char_indices().rev().take_while(|(_, char)| {
        used += char.width().unwrap_or(0);
        used <= tail_wide
    });
    let from = tail.last().map_or(text.len(), |(at, _)| at);
    // A number is there whole, or not at all.
    let digit = |char: char| char.is_ascii_digit();
    let from = match text[..from].ends_with(digit) && text[from..].starts_with(digit) {
        true => text.len() - text[from..].trim_start_matches(digit).len(),
        false => from,
    };
    let head = cut(text, columns - width(&text[from..]));
    format!("{head}{}", &text[from..])
}

/// Where to cut instead of at `end`, so that no number and no unit is cut.
fn before_number(text: &str, end: usize) -> usize {
    let (head, tail) = text.split_at(end);
    let next = tail.chars().next();
    let word = head.rfind(' ').map_or(0, |space| space + 1);
    let digit = |char: char| char.is_ascii_digit();
    // A word that begins with a number, in full or not: 42, <4.2s, 0x7f, 12/500.
    let number = head[word..].trim_start_matches(['<', '>', '~', '+', '-', '(']).starts_with(digit);
    let whole = next.is_none_or(|char| char == ' ') && !head.ends_with(digit);
    if number {
        return if whole { end } else { word };
    }
    // One inside a word: `store.rs:42`, `p99=4ms`.
    let unit = head.trim_end_matches(|char: char| char.is_alphabetic() || char == '%');
    let run = unit.trim_end_matches(|char: char| digit(char) || matches!(char, '.' | ','));
    let goes_on = next.is_some_and(|char| char.is_alphanumeric() || matches!(char, '.' | '%'));
    let value = unit.len() > run.len() && head.len() - unit.len() <= 3;
    if head.ends_with(digit) || value && goes_on { run.len().max(word) } else { end }
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

/// Sentences folded as by [`fold`], and longer words broken: all of the text is there.
pub fn wrapped(text: &str, columns: usize) -> String {
    let mut whole = String::new();
    for word in text.split(' ') {
        let mut used = 0;
        for char in word.chars() {
            let wide = char.width().unwrap_or(0);
            if used + wide > columns && used > 0 {
                whole.push(' ');
                used = 0;
            }
            whole.push(char);
            used += wide;
        }
        whole.push(' ');
    }
    fold(whole.trim_end(), columns).trim_end().to_owned()
}

/// An item of a list in lines of so many columns, all of it: what does not fit goes on below, so far in.
pub fn hanging(text: &str, columns: usize, indent: usize) -> String {
    // Most of a narrow line is for the text.
    let indent = indent.min(columns / 4);
    let inside = text.trim_start_matches(' ');
    let mut out = " ".repeat((text.len() - inside.len()).min(columns / 4));
    let mut used = out.len();
    let below = format!("\n{}", " ".repeat(indent));
    let mut begun = false;
    for word in inside.split(' ') {
        let wide = width(word);
        if begun && used + 1 + wide > columns {
            out.push_str(&below);
            used = indent;
        } else if begun {
            out.push(' ');
            used += 1;
        }
        begun = true;
        for char in word.chars() {
            let wide = char.width().unwrap_or(0);
            // A word that is longer than a line.
            if used + wide > columns && used > indent {
                out.push_str(&below);
                used = indent;
            }
            out.push(char);
            used += wide;
        }
    }
    out
}

/// A line as it is where it fits, else [`wrapped`].
pub fn fitted(text: &str, columns: usize) -> String {
    if width(text) <= columns { text.to_owned() } else { wrapped(text, columns) }
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
    fn what_begins_alike_is_told_apart_by_its_end() {
        let (one, other) =
            ("channel app/src/long_name_a.rs:12 (send)", "channel app/src/long_name_b.rs:9 (send)");
        assert_eq!(ends(one, 28), "channel a…ame_a.rs:12 (send)");
        for columns in 0..45 {
            for text in [one, other, "größe:表表表表表表表表", ""] {
                assert!(width(&ends(text, columns)) <= columns, "{text} {columns}");
            }
        }
        for columns in 24..45 {
            assert_ne!(ends(one, columns), ends(other, columns));
        }
        assert_eq!(ends("lock abcdefghijklmnop1234567890", 14), "lock abcdefgh…");
        assert_eq!(ends("short", 28), "short");
    }

    #[test]
    fn wrapping_loses_nothing() {
        let text = "/a/path/that/is/long: readable, live";
        for columns in 1..40 {
            let out = wrapped(text, columns);
            assert!(out.lines().all(|line| width(line) <= columns), "{out}");
            let solid = |text: &str| text.replace(['\n', ' '], "");
            assert_eq!(solid(&out), solid(text));
        }
    }

    #[test]
    fn what_goes_on_below_stands_in_and_nothing_is_lost() {
        let text =
            " 1. CRITICAL: thread holder waits in answer-of-the-very-slow-disk, for 6.21s 表表";
        let found = hanging(text, 40, 4);
        let expected = [
            " 1. CRITICAL: thread holder waits in",
            "    answer-of-the-very-slow-disk, for",
            "    6.21s 表表",
        ];
        assert_eq!(found.lines().collect::<Vec<_>>(), expected);
        for columns in 2..90 {
            let out = hanging(text, columns, 4);
            assert!(out.lines().all(|line| width(line) <= columns), "{columns}: {out}");
            let below = format!("{:1$}", "", 4.min(columns / 4));
            assert!(out.lines().skip(1).all(|line| line.starts_with(&below)), "{columns}: {out}");
            let solid = |text: &str| text.replace(['\n', ' '], "");
            assert_eq!(solid(&out), solid(text));
        }
    }

    #[test]
    fn cutting_counts_columns_not_bytes() {
        assert_eq!(cut("größe", 5), "größe");
        assert_eq!(cut("größer", 5), "größ…");
        assert_eq!(cut("表表表", 5), "表表…");
        for (text, columns, expected) in [
            ("served 42 times", 9, "served …"),
            ("served 42 times", 10, "served …"),
            ("served 42 times", 11, "served 42 …"),
            ("seen 4ms ago", 8, "seen …"),
            ("seen 4ms ago", 9, "seen 4ms…"),
            ("seen <9.82s", 9, "seen …"),
            ("at 0x7f3a40 now", 9, "at …"),
            ("in store.rs:427", 14, "in store.rs:…"),
            ("p99=4ms more", 7, "p99=…"),
            ("42", 1, "…"),
        ] {
            assert_eq!(cut(text, columns), expected, "{text} {columns}");
        }
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
