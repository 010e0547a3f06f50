//! Bytes from a terminal into keys. (crossterm's own reader is not used: in the middle of an escape
//! sequence it blocks in `read`, deaf to signals and time, and when the terminal hangs up it spins.)

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Bytes of an unfinished sequence that are kept; longer ones mean nothing here.
const LONGEST: usize = 32;

/// Decodes what is read, piece by piece.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// The beginning of a key that has not arrived as a whole.
    pending: Vec<u8>,
}

/// What the first bytes of the input are.
enum First {
    /// A key, or nothing that has a meaning here, in so many bytes.
    Whole(Option<KeyEvent>, usize),
    /// The beginning of something.
    Part,
}

impl Keys {
    /// The keys in `bytes`. An Esc that nothing follows is the key Esc.
    pub fn read(&mut self, bytes: &[u8]) -> Vec<KeyEvent> {
        self.pending.extend_from_slice(bytes);
        let mut keys = Vec::new();
        let mut at = 0;
        while at < self.pending.len() {
            match first(&self.pending[at..]) {
                First::Whole(key, length) => {
                    keys.extend(key);
                    at += length;
                }
                First::Part if self.pending.len() - at > LONGEST => at = self.pending.len(),
                First::Part => break,
            }
        }
        self.pending.drain(..at);
        keys
    }

    /// Forgets a beginning whose rest does not come.
    pub fn forget(&mut self) {
        self.pending.clear();
    }
}

/// Decodes the first key of bytes that are not empty.
fn first(bytes: &[u8]) -> First {
    let plain = |code: KeyCode| First::Whole(Some(code.into()), 1);
    match bytes[0] {
        0x1b => escape(bytes),
        b'\r' | b'\n' => plain(KeyCode::Enter),
        b'\t' => plain(KeyCode::Tab),
        0x7f | 0x08 => plain(KeyCode::Backspace),
        control @ 1..0x1b => {
            let key = KeyCode::Char(char::from(control + b'a' - 1));
            First::Whole(Some(KeyEvent::new(key, KeyModifiers::CONTROL)), 1)
        }
        0 | 0x1c..0x20 => First::Whole(None, 1),
        _ => character(bytes),
    }
}

/// One character of UTF-8.
fn character(bytes: &[u8]) -> First {
    let bytes = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(error) => {
            return match error.error_len() {
                Some(length) => First::Whole(None, length),
                None => First::Part,
            };
        }
    };
    match valid.chars().next() {
        Some(char) => First::Whole(Some(KeyCode::Char(char).into()), char.len_utf8()),
        None => First::Part,
    }
}

/// What begins with Esc: the key itself, or a sequence.
fn escape(bytes: &[u8]) -> First {
    let alone = First::Whole(Some(KeyCode::Esc.into()), 1);
    match bytes.get(1) {
        Some(b'[') => {
            // Parameters, then one byte that says which.
            let end = bytes.iter().skip(2).position(|byte| (0x40..0x7f).contains(byte));
            match end {
                Some(end) => First::Whole(sequence(&bytes[2..2 + end], bytes[2 + end]), end + 3),
                None => First::Part,
            }
        }
        Some(b'O') => match bytes.get(2) {
            Some(&last) => First::Whole(sequence(&[], last), 3),
            None => First::Part,
        },
        // A key close behind it, or Alt with a key, which means nothing else here.
        _ => alone,
    }
}

/// The key of a sequence, from its parameters and its last byte.
fn sequence(parameters: &[u8], last: u8) -> Option<KeyEvent> {
    let number = parameters.split(|byte| *byte == b';').next().unwrap_or_default();
    let code = match (last, number) {
        (b'A', _) => KeyCode::Up,
        (b'B', _) => KeyCode::Down,
        (b'C', _) => KeyCode::Right,
        (b'D', _) => KeyCode::Left,
        (b'H', _) | (b'~', b"1" | b"7") => KeyCode::Home,
        (b'F', _) | (b'~', b"4" | b"8") => KeyCode::End,
        (b'~', b"5") => KeyCode::PageUp,
        (b'~', b"6") => KeyCode::PageDown,
        (b'Z', _) => KeyCode::BackTab,
        (b'P', _) | (b'~', b"11") => KeyCode::F(1),
        (b'~', b"21") => KeyCode::F(10),
        (b'M', b"") => KeyCode::Enter,
        _ => return None,
    };
    Some(code.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codes(keys: Vec<KeyEvent>) -> Vec<KeyCode> {
        keys.into_iter().map(|key| key.code).collect()
    }

    #[test]
    fn keys_arrive_whole_in_pieces_and_together() {
        use KeyCode::*;
        let bytes = "q\x1b[A\x1bOB\x1b[6~\x1b[1;5C\tö表\x1b[Z\r\x7f\x1b[21~\x1bx\x1b".as_bytes();
        let expected = [
            Char('q'),
            Up,
            Down,
            PageDown,
            Right,
            Tab,
            Char('ö'),
            Char('表'),
            BackTab,
            Enter,
            Backspace,
            F(10),
            Esc,
            Char('x'),
            Esc,
        ];
        assert_eq!(codes(Keys::default().read(bytes)), expected);
        // Cut anywhere but behind an Esc, which is a key of its own then.
        for cut in (1..bytes.len()).filter(|&cut| bytes[cut - 1] != 0x1b) {
            let mut keys = Keys::default();
            let (a, b) = bytes.split_at(cut);
            let read = [codes(keys.read(a)), codes(keys.read(b))].concat();
            assert_eq!(read, expected, "cut at {cut}");
        }
        let control = Keys::default().read(b"\x03\x1a")[0];
        assert_eq!((control.code, control.modifiers), (Char('c'), KeyModifiers::CONTROL));
    }

    #[test]
    fn a_beginning_without_a_rest_is_forgotten() {
        let mut keys = Keys::default();
        assert!(keys.read(b"\x1b[").is_empty());
        keys.forget();
        assert_eq!(codes(keys.read(b"A")), [KeyCode::Char('A')]);
        assert!(keys.read(b"\x1b[").is_empty() && keys.read(&[b'1'; 1000]).is_empty());
        assert_eq!(codes(keys.read(b"q")), [KeyCode::Char('q')]);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut keys = Keys::default();
            bytes.chunks(7).for_each(|some| drop(keys.read(some)));
            prop_assert!(keys.pending.len() <= LONGEST);
        }
    }
}
