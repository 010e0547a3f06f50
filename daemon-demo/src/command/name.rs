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

/// A command's name and its first key, for one command after the other. Its memory is kept, and so is what stands before
/// the number: the next command of a client is often like the last.
#[derive(Debug, Default)]
pub(crate) struct Name {
    text: String,
    /// Of what command, and how long its key, if the text is of a hidden key.
    of: Option<(&'static str, usize)>,
    /// Where the number begins.
    number: usize,
}

impl Name {
    /// What this command is called.
    #[inline]
    pub(super) fn of(&mut self, command: &'static str, key: Option<&[u8]>) -> &str {
        match key {
            Some(key) if !SHOWN.load(Ordering::Relaxed) => self.hidden(command, key),
            _ => self.plain(command, key.unwrap_or_default()),
        }
    }

    /// The key's length, and a number that only says which commands have the same one.
    fn hidden(&mut self, command: &'static str, key: &[u8]) -> &str {
        let is_like = |of: (&'static str, usize)| std::ptr::eq(of.0, command) && of.1 == key.len();
        if !self.of.is_some_and(is_like) {
            self.is_of(command, key.len());
        }
        let mut hasher = HASH.get_or_init(Default::default).build_hasher();
        hasher.write(key);
        let [.., high, low] = hasher.finish().to_be_bytes();
        self.text.truncate(self.number);
        for digit in [high >> 4, high & 15, low >> 4, low & 15] {
            self.text.push(char::from(hex(digit)));
        }
        &self.text
    }

    #[cold]
    fn is_of(&mut self, command: &'static str, length: usize) {
        self.text = format!("{command} {length} bytes #");
        self.number = self.text.len();
        self.of = Some((command, length));
    }

    /// A key that is no text is not shown.
    fn plain(&mut self, command: &'static str, key: &[u8]) -> &str {
        self.of = None;
        self.text.clear();
        self.text.push_str(command);
        let room = ROOM.saturating_sub(command.len() + 1);
        let key = key.get(..room).unwrap_or(key);
        let readable = match std::str::from_utf8(key) {
            Ok(_) => key.len(),
            // Cut within a character.
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => 0,
        };
        let key = std::str::from_utf8(key.get(..readable).unwrap_or_default()).unwrap_or_default();
        if !key.is_empty() {
            self.text.push(' ');
            self.text.push_str(key);
        }
        &self.text
    }
}

/// A digit of a hexadecimal number below 16.
fn hex(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'a' + (digit - 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_if_it_is_asked_for_and_text() {
        let kept = std::cell::RefCell::new(Name::default());
        let name = |key: Option<&[u8]>| kept.borrow_mut().of("GET", key).to_owned();
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
        assert_eq!(name(Some(b"user:42")), hidden, "after another one");
        assert!(kept.borrow_mut().of("SET", Some(b"user:42")).starts_with("SET 7 bytes #"));
        show_keys();
        assert_eq!(name(None), "GET");
        assert_eq!(name(Some(b"user:42")), "GET user:42");
        assert_eq!(name(Some("käse".as_bytes())), "GET käse");
        assert_eq!(name(Some(b"\xffraw")), "GET");
        let long = "é".repeat(100);
        assert_eq!(name(Some(long.as_bytes())), format!("GET {}", "é".repeat(34)));
    }
}
