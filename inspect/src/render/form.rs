//! How JSON is laid out and spelled: for people to read, and harmless on a terminal.

use std::io::{self, Write};

use serde_json::ser::Formatter;

use crate::words::term;

/// Lines that a person may read. In what comes after them each row is a line: half of a large document would be
/// blanks, and it could be searched line by line no more.
const READ: usize = 20_000;
/// How deep rows lie in a document: in a list of a board of the list of boards.
const ROWS: usize = 4;
/// Blanks before a line, two for each level.
const BLANKS: &[u8; 64] = &[b' '; 64];

/// A field a line down to a depth, and what lies deeper on one line. In texts what a terminal would obey is spelled as
/// JSON's own escapes; everything else of JSON is printable ASCII.
#[derive(Debug)]
pub(super) struct Form {
    /// Levels that are spread over lines.
    spread: usize,
    depth: usize,
    lines: usize,
    /// Whether there is something in what is ended next.
    filled: bool,
}

impl Form {
    /// Over lines.
    pub(super) fn spread() -> Self {
        Self { spread: usize::MAX, depth: 0, lines: 0, filled: false }
    }

    /// On one line.
    pub(super) fn line() -> Self {
        Self { spread: 0, ..Self::spread() }
    }

    fn is_spread(&self) -> bool {
        self.depth <= self.spread
    }

    fn new_line<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.lines += 1;
        writer.write_all(b"\n")?;
        let mut blanks = 2 * self.depth;
        while blanks > 0 {
            let some = blanks.min(BLANKS.len());
            writer.write_all(&BLANKS[..some])?;
            blanks -= some;
        }
        Ok(())
    }

    fn begin<W: ?Sized + Write>(&mut self, writer: &mut W, mark: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        writer.write_all(mark)
    }

    fn end<W: ?Sized + Write>(&mut self, writer: &mut W, mark: &[u8]) -> io::Result<()> {
        let spread = self.filled && self.is_spread();
        self.depth -= 1;
        if spread {
            self.new_line(writer)?;
        }
        writer.write_all(mark)
    }

    fn next<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        if self.is_spread() { self.new_line(writer) } else { Ok(()) }
    }
}

impl Formatter for Form {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        // Nothing that is deeper than a list of rows is under way.
        if self.lines > READ && self.depth <= ROWS {
            self.spread = self.spread.min(ROWS);
        }
        self.next(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.next(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(if self.is_spread() { b": " } else { b":" })
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    /// What is below a blank comes as an escape of its own.
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let bytes = fragment.as_bytes();
        // Without a way out of the loop: so many bytes at once as the processor can.
        if !bytes.iter().fold(false, |found, &byte| found | (byte > b'~')) {
            return writer.write_all(bytes);
        }
        let mut from = 0;
        for (at, char) in fragment.char_indices().filter(|(_, char)| !term::printable(*char)) {
            writer.write_all(&bytes[from..at])?;
            from = at + char.len_utf8();
            for unit in char.encode_utf16(&mut [0; 2]) {
                writer.write_all(&escape(*unit))?;
            }
        }
        writer.write_all(&bytes[from..])
    }
}

/// `\uXXXX`.
fn escape(unit: u16) -> [u8; 6] {
    let digit = |place: u32| b"0123456789abcdef"[usize::from(unit >> (4 * place) & 15)];
    [b'\\', b'u', digit(3), digit(2), digit(1), digit(0)]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::json;

    #[test]
    fn what_is_small_is_laid_out_as_everybody_does_it() {
        let document = json!({ "a": [1, { "b": [] , "c": {}, "d": [[2]] }], "e": "x", "f": [{}] });
        assert_eq!(json::pretty(&document).ok(), serde_json::to_string_pretty(&document).ok());
        assert_eq!(json::line(&document).ok(), serde_json::to_string(&document).ok());
    }

    #[test]
    fn of_what_is_large_each_row_is_a_line() {
        let row = json!({ "name": "x", "places": [1, 2, 3], "more": { "y": 1 } });
        let board =
            json!({ "name": "b", "threads": vec![row.clone(); 20_000], "ops": [row], "none": [] });
        let document = json!({ "boards": [board.clone(), board], "schema": 1 });
        let text = json::pretty(&document).expect("serializes");
        assert!(text.lines().count() < 70_000, "{}", text.lines().count());
        let line = "        {\"more\":{\"y\":1},\"name\":\"x\",\"places\":[1,2,3]}";
        assert!(text.lines().filter(|one| one.trim_end_matches(',') == line).count() > 30_000);
        assert!(
            text.starts_with("{\n  \"boards\": [\n    {\n") && text.ends_with("  \"schema\": 1\n}")
        );
        let back: serde_json::Value = serde_json::from_str(&text).expect("parses");
        assert_eq!(back, document);
    }
}
