//! Where it listens, and who may ask.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::tls::Tls;
use crate::endpoints::{List, Trust};
use crate::token::Token;

/// Where it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Listen {
    /// TCP.
    Tcp(SocketAddr),
    /// A UNIX socket of its user alone.
    Unix(PathBuf),
}

impl Listen {
    /// The default: loopback.
    pub const DEFAULT: &'static str = "127.0.0.1:7399";

    /// Whether only this machine reaches it.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err("unix: and no path; write unix:/run/user/1000/inspect.sock".to_owned()),
                path => Ok(Self::Unix(path.into())),
            };
        }
        let hint = "write ADDRESS:PORT, like 127.0.0.1:7399 or [::1]:7399, or unix:PATH";
        let mut found = text.to_socket_addrs().map_err(|error| format!("{error}; {hint}"))?;
        found.next().map(Self::Tcp).ok_or_else(|| hint.to_owned())
    }
}

/// What is served, where, and to whom.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Where it listens.
    pub listen: Listen,
    /// The secret that a client must have: to cancel, and on a foreign address for everything but the page.
    pub token: Option<Token>,
    /// Names by which clients may call this host, beside the literal ones: `host` or `host:port`.
    pub hosts: Vec<String>,
    /// Connections at a time.
    pub connections: usize,
    /// Certificate and key.
    pub tls: Option<Tls>,
    /// Whose boards are served in place of this host's, and how they are asked.
    pub endpoints: Option<(List, Trust)>,
    /// Where the past is kept, and how many bytes of it.
    pub history: Option<(PathBuf, u64)>,
    /// Where another keeps the past that is shown, where none is kept here.
    pub past: Option<PathBuf>,
    /// How often a second threads are looked at for the past, where they are.
    pub sample: Option<u32>,
    /// Directories whose sources are shown beside what was seen at their lines.
    pub sources: Vec<PathBuf>,
}

impl Settings {
    /// Connections at a time, unless said otherwise.
    pub const CONNECTIONS: usize = 512;

    /// The default settings for a place.
    pub fn new(listen: Listen) -> Self {
        Self {
            listen,
            token: None,
            hosts: Vec::new(),
            connections: Self::CONNECTIONS,
            tls: None,
            endpoints: None,
            history: None,
            past: None,
            sample: None,
            sources: Vec::new(),
        }
    }

    /// Whether it may be served so.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn check(&self) -> Result<(), SettingsError> {
        if nix::unistd::geteuid().is_root() {
            return Err(SettingsError::Root);
        }
        if !self.listen.is_local() && (self.tls.is_none() || self.token.is_none()) {
            return Err(SettingsError::Foreign);
        }
        Ok(())
    }

    /// Where the past stands that is shown.
    pub(super) fn past(&self) -> Option<&Path> {
        let kept = self.history.as_ref().map(|(directory, _)| directory);
        kept.or(self.past.as_ref()).map(PathBuf::as_path)
    }

    /// Whether reading needs the token, too.
    pub fn is_guarded(&self) -> bool {
        !self.listen.is_local()
    }
}

/// Why it is not served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Root has no need to.
    #[error(
        "refused as root: whoever breaks in would have everything; run it as a user of a group, and give the daemon PROBE_MODE=0640 and PROBE_GROUP=that-group, so that the group may read its board"
    )]
    Root,
    /// A foreign address is for those who have keys.
    #[error(
        "refused: an address that other machines reach needs --tls-cert, --tls-key and --token-file; without them listen on 127.0.0.1 or unix:PATH and forward it by ssh"
    )]
    Foreign,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_told_local_from_foreign() {
        for (text, local) in [
            ("127.0.0.1:0", true),
            ("[::1]:7399", true),
            ("127.1.2.3:80", true),
            ("unix:/run/x", true),
            ("0.0.0.0:80", false),
            ("[::]:80", false),
            ("10.0.0.1:80", false),
        ] {
            let listen: Listen = text.parse().expect(text);
            assert_eq!(listen.is_local(), local, "{text}");
        }
        for wrong in ["", "7399", "unix:", "127.0.0.1", "127.0.0.1:99999"] {
            assert!(wrong.parse::<Listen>().is_err(), "{wrong}");
        }
    }
}
