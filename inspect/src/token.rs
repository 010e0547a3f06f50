//! The secret that a client must have: read from a file that nobody else may read.

use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Characters of a token, at least: 16 of them in base64 are 96 bits.
const SHORTEST: usize = 16;
/// And at most.
const LONGEST: usize = 512;

/// A secret. It is never printed.
#[derive(Clone)]
pub struct Token(Vec<u8>);

impl std::fmt::Debug for Token {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Token(…)")
    }
}

impl Token {
    /// Reads a token from a file of one line, which its owner alone may read.
    ///
    /// # Errors
    /// A sentence: what is wrong with the file and what would be right.
    pub fn read(path: &Path) -> Result<Self, String> {
        let name = path.display();
        let mut options = std::fs::OpenOptions::new();
        // A pipe in its place must not hold the start up.
        options.read(true).custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_CLOEXEC);
        let file = options.open(path).map_err(|error| format!("{name}: {error}"))?;
        let facts = file.metadata().map_err(|error| format!("{name}: {error}"))?;
        if !facts.is_file() {
            return Err(format!("{name}: not a regular file"));
        }
        if facts.mode() & 0o077 != 0 {
            let mode = facts.mode() & 0o7777;
            return Err(format!(
                "{name}: mode {mode:04o}, so others may read the token; chmod 600 it"
            ));
        }
        let mut text = String::new();
        let mut file = file.take(LONGEST as u64 + 2);
        file.read_to_string(&mut text).map_err(|error| format!("{name}: {error}"))?;
        Self::new(text.trim_end_matches(['\r', '\n']))
            .map_err(|why| format!("{name}: {why}; `openssl rand -base64 24` makes a good one"))
    }

    /// A token from its text: 16 to 512 printable ASCII characters without blanks.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("a token is one line of printable ASCII without blanks".to_owned());
        }
        match text.len() {
            0..SHORTEST => Err(format!("a token has at least {SHORTEST} characters")),
            SHORTEST..=LONGEST => Ok(Self(text.as_bytes().to_owned())),
            _ => Err(format!("a token has at most {LONGEST} characters")),
        }
    }

    /// The text, for a header that is not printed.
    pub(crate) fn text(&self) -> &str {
        // It was made from text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether a text is the token. How long it takes says nothing of where they differ.
    pub fn is(&self, text: &[u8]) -> bool {
        let mut difference = self.0.len() ^ text.len();
        for (index, byte) in self.0.iter().enumerate() {
            let theirs = text.get(index).copied().unwrap_or(!*byte);
            difference |= usize::from(byte ^ theirs);
        }
        std::hint::black_box(difference) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_the_token_is_the_token() {
        let token = Token::new("0123456789abcdef").expect("a token");
        assert!(token.is(b"0123456789abcdef"));
        for wrong in
            [&b""[..], b"0", b"0123456789abcdeg", b"0123456789abcdef0", b"1123456789abcdef"]
        {
            assert!(!token.is(wrong), "{wrong:?}");
        }
        assert_eq!(format!("{token:?}"), "Token(…)");
    }

    #[test]
    fn a_file_that_others_may_read_holds_no_token() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        let read = |text: &str, mode: u32| {
            std::fs::write(&path, text).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("mode");
            Token::read(&path).map(|_| ())
        };
        assert_eq!(read("0123456789abcdef\n", 0o600), Ok(()));
        assert_eq!(read("0123456789abcdef\r\n", 0o400), Ok(()));
        for (text, mode, says) in [
            ("0123456789abcdef\n", 0o640, "mode 0640"),
            ("0123456789abcdef\n", 0o604, "chmod 600"),
            ("short\n", 0o600, "at least 16"),
            ("", 0o600, "at least 16"),
            ("0123456789 abcdef\n", 0o600, "without blanks"),
            ("0123456789abcdef\nmore\n", 0o600, "one line"),
        ] {
            let error = read(text, mode).expect_err(says);
            assert!(error.contains(says), "{error}");
        }
        let error = Token::read(folder.path()).map(|_| ()).expect_err("a folder");
        assert!(error.contains("not a regular file"), "{error}");
    }
}
