//! What a command is called on the board: `GET 7 bytes #5ac1`. A key may be a person's name, and a board is read
//! by others than the client: the key itself, `GET user:42`, is shown where the operator asked for it.

use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether keys are shown.
static SHOWN: AtomicBool = AtomicBool::new(false);
/// What makes a number of a key, another one in each process: nobody tells the key by trying.
static HASH: OnceLock<std::hash::RandomState> = OnceLock::new();

/// Shows keys from here on.
pub(crate) fn show_keys() {
    SHOWN.store(true, Ordering::Relaxed);
}

/// Bytes of a name; the board keeps a little less, and says that it was cut.
const ROOM: usize = 72;

/// A command's name and its first key. No memory is asked for: each command has one.
pub(super) struct Name {
    bytes: [u8; ROOM],
    /// Bytes of the command's own name.
    plain: usize,
    /// Bytes of the whole.
    whole: usize,
}

impl Name {
    pub(super) fn new(command: &str, key: Option<&[u8]>) -> Self {
        let mut name = Self { bytes: [0; ROOM], plain: 0, whole: 0 };
        name.push(command.as_bytes());
        name.plain = name.whole;
        match key {
            Some(key) if SHOWN.load(Ordering::Relaxed) => {
                name.push(b" ");
                name.push(key);
            }
            Some(key) => name.hidden(key),
            None => {}
        }
        name
    }

    /// The key's length, and a number that only says which commands have the same one. Written by hand: the
    /// standard library's way costs as much as the rest of a short command.
    fn hidden(&mut self, key: &[u8]) {
        let mut hasher = HASH.get_or_init(Default::default).build_hasher();
        hasher.write(key);
        let [.., high, low] = hasher.finish().to_be_bytes();
        self.push(b" ");
        self.decimal(key.len());
        self.push(b" bytes #");
        self.push(&[high >> 4, high & 15, low >> 4, low & 15].map(hex));
    }

    fn decimal(&mut self, number: usize) {
        let mut digits = [0; 20];
        let (mut rest, mut first) = (number, digits.len());
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            (rest, first) = (rest / 10, first - 1);
            if rest == 0 {
                break;
            }
        }
        self.push(digits.get(first..).unwrap_or_default());
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = self.bytes.get_mut(self.whole..).unwrap_or_default();
        let kept = bytes.len().min(room.len());
        if let (Some(to), Some(from)) = (room.get_mut(..kept), bytes.get(..kept)) {
            to.copy_from_slice(from);
            self.whole += kept;
        }
    }
}

/// A digit of a hexadecimal number below 16.
fn hex(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'a' + (digit - 10) }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        let whole = self.bytes.get(..self.whole).unwrap_or_default();
        let readable = match std::str::from_utf8(whole) {
            Ok(text) => return text,
            // Cut within a character.
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            // A key that is no text is not shown.
            Err(_) => self.plain,
        };
        let readable = self.bytes.get(..readable).unwrap_or_default();
        std::str::from_utf8(readable).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_if_it_is_asked_for_and_text() {
        let name = |key: Option<&[u8]>| Name::new("GET", key).as_ref().to_owned();
        let hidden = name(Some(b"user:42"));
        assert!(hidden.starts_with("GET 7 bytes #") && hidden.len() == 17, "{hidden}");
        assert_eq!(hidden, name(Some(b"user:42")));
        assert!((0..9).any(|n| name(Some(format!("user:4{n}").as_bytes())) != hidden));
        let digits = hidden.strip_prefix("GET 7 bytes #").unwrap_or_default();
        assert!(digits.bytes().all(|digit| digit.is_ascii_hexdigit()), "{hidden}");
        for length in [0, 9, 10, 65_535, 1_000_000] {
            let shown = name(Some(&vec![b'x'; length]));
            assert!(shown.starts_with(&format!("GET {length} bytes #")), "{shown}");
        }
        assert_eq!(name(None), "GET");
        show_keys();
        assert_eq!(name(None), "GET");
        assert_eq!(name(Some(b"user:42")), "GET user:42");
        assert_eq!(name(Some("käse".as_bytes())), "GET käse");
        assert_eq!(name(Some(b"\xffraw")), "GET");
        let long = "é".repeat(100);
        assert_eq!(name(Some(long.as_bytes())), format!("GET {}", "é".repeat(34)));
    }
}
