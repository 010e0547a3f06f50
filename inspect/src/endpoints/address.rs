//! Where an `inspect serve` is: `http://HOST:PORT`, `https://HOST:PORT`, `unix:/PATH`.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::words::term::term;

/// The port that `inspect serve` has unless told otherwise.
const PORT: u16 = 7399;

/// How an endpoint is written.
const FORMS: &str = "an endpoint is http://HOST:PORT, https://HOST:PORT or unix:/PATH";

/// Where one is reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Place {
    /// By TCP: the host to connect to, the port, and the host's name for TLS, where that is spoken.
    Tcp { host: String, port: u16, tls: Option<String> },
    /// By a UNIX socket.
    Unix(PathBuf),
}

/// One host's `inspect serve`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// As it is shown: how it was written, without what says nothing.
    name: String,
    pub(super) place: Place,
}

/// What may stand in a list: an endpoint, or a name of which every address is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    One(Endpoint),
    Every { host: String, port: u16, tls: bool },
}

impl Endpoint {
    /// An endpoint by its address.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        match Listed::parse(text)? {
            Listed::One(one) => Ok(one),
            Listed::Every { .. } => Err(format!("`{}`: {FORMS}", term(text))),
        }
    }

    /// As it is shown: printable.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same in few columns: without the scheme, of a socket the last two parts of its path.
    pub fn short(&self) -> &str {
        short(&self.name)
    }

    /// The path of its socket, where it has one.
    pub(super) fn socket(&self) -> Option<&Path> {
        match &self.place {
            Place::Unix(path) => Some(path),
            Place::Tcp { .. } => None,
        }
    }

    /// What it is called in a request's `Host`.
    pub(super) fn host(&self) -> String {
        match &self.place {
            Place::Tcp { host, port, tls } => {
                // A certificate is of a name, and so is who answers behind it.
                let host = tls.as_ref().unwrap_or(host);
                match host.parse::<IpAddr>() {
                    Ok(IpAddr::V6(_)) => format!("[{host}]:{port}"),
                    _ => format!("{host}:{port}"),
                }
            }
            Place::Unix(_) => "localhost".to_owned(),
        }
    }

    /// One address of a name.
    pub(super) fn at(address: IpAddr, port: u16, tls: Option<&str>) -> Self {
        let host = address.to_string();
        let shown =
            if address.is_ipv6() { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let scheme = if tls.is_some() { "https" } else { "http" };
        let place = Place::Tcp { host, port, tls: tls.map(str::to_owned) };
        Self { name: format!("{scheme}://{shown}"), place }
    }
}

/// An endpoint's name in few columns.
pub(super) fn short(name: &str) -> &str {
    let rest = name.split_once("://").map_or(name, |(_, rest)| rest);
    let Some(path) = rest.strip_prefix("unix:") else { return rest };
    let from = path.rmatch_indices('/').nth(1).map_or(0, |(at, _)| at + 1);
    &path[from..]
}

impl Listed {
    /// One of a list.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let said = |why: &str| format!("`{}`: {why}", term(text));
        let wrong = || said(FORMS);
        if text.is_empty() || text.chars().any(|char| char.is_whitespace() || !printable(char)) {
            return Err(wrong());
        }
        if let Some(path) = text.strip_prefix("unix:") {
            return match path.starts_with('/') {
                true => Ok(Self::One(Endpoint {
                    name: text.to_owned(),
                    place: Place::Unix(path.into()),
                })),
                false => Err(said("a socket has a path from / on")),
            };
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("dns+http", text));
        let scheme = scheme.to_ascii_lowercase();
        let tls = match scheme.as_str() {
            "http" | "dns+http" => false,
            "https" | "dns+https" => true,
            _ => return Err(wrong()),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '@', '\\']) {
            return Err(said("nothing stands beside host and port: http://HOST:PORT"));
        }
        let (host, port) = host_and_port(rest).map_err(|why| said(&why))?;
        let is_ip = host.parse::<IpAddr>().is_ok();
        if host.is_empty() || host.contains(['[', ']', ',']) {
            return Err(wrong());
        }
        let host = host.to_owned();
        if scheme.starts_with("dns+") && !is_ip {
            return Ok(Self::Every { host, port, tls });
        }
        let shown =
            if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let name = format!("{}://{shown}", if tls { "https" } else { "http" });
        let place = Place::Tcp { tls: tls.then(|| host.clone()), host, port };
        Ok(Self::One(Endpoint { name, place }))
    }
}

/// The host without its brackets, and the port.
fn host_and_port(rest: &str) -> Result<(&str, u16), String> {
    let (host, port) = match rest.strip_prefix('[') {
        Some(inside) => match inside.split_once(']') {
            Some((host, "")) => (host, None),
            Some((host, port)) if port.starts_with(':') => (host, Some(&port[1..])),
            _ => return Err("an address in brackets is like [::1]:7399".to_owned()),
        },
        None if rest.matches(':').count() > 1 => {
            return Err("an address with colons stands in brackets: [::1]:7399".to_owned());
        }
        None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
    };
    let Some(port) = port else { return Ok((host, PORT)) };
    // `parse` of a number takes a sign.
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    let number = port.parse().ok().filter(|port| *port > 0 && digits);
    number.map(|number| (host, number)).ok_or_else(|| match port {
        "" => "no port stands behind the colon".to_owned(),
        _ => format!("{} is no port: those are 1 to 65535", term(port)),
    })
}

fn printable(char: char) -> bool {
    crate::words::term::printable(char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_and_what_is_none_is_refused_with_a_reason() {
        let name =
            |text: &str| Endpoint::parse(text).map(|one| (one.name().to_owned(), one.host()));
        for (text, shown, host) in [
            ("http://db1:7000", "http://db1:7000", "db1:7000"),
            ("http://db1", "http://db1:7399", "db1:7399"),
            ("https://10.0.0.1:443/", "https://10.0.0.1:443", "10.0.0.1:443"),
            ("http://[::1]:7399", "http://[::1]:7399", "[::1]:7399"),
            ("10.0.0.1:7399", "http://10.0.0.1:7399", "10.0.0.1:7399"),
            ("HTTPS://db1", "https://db1:7399", "db1:7399"),
            ("[::1]", "http://[::1]:7399", "[::1]:7399"),
            ("unix:/run/a/b.sock", "unix:/run/a/b.sock", "localhost"),
        ] {
            assert_eq!(name(text), Ok((shown.to_owned(), host.to_owned())), "{text}");
        }
        for wrong in [
            "",
            "ftp://x",
            "http://",
            "http://x/y",
            "http://a@b",
            "http://x:0",
            "http://x:99999",
            "http://x:y",
            "http://::1:80",
            "::::",
            "http://[::1",
            "http://[::1]x",
            "http://x:",
            "http://x:+5",
            "http://x,y:5",
            ":80",
            "unix:run/x",
            "http://a b",
            "http://a\x1b[31m",
        ] {
            let why = Listed::parse(wrong).expect_err(wrong);
            assert!(!why.contains('\x1b') && why.contains(": "), "{why}");
        }
        assert_eq!(
            Listed::parse("db.example:80"),
            Ok(Listed::Every { host: "db.example".to_owned(), port: 80, tls: false })
        );
        assert_eq!(short("unix:/run/user/1000/db1/inspect.sock"), "db1/inspect.sock");
        assert_eq!(short("https://db1:443"), "db1:443");
    }
}
