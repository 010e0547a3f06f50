//! `link`: the address of what the page shows. It asks nobody: what it names may come later.

use std::fmt::Write as _;
use std::io::Write;

use super::args::{Cli, LinkTo, PageView};
use super::failure::Failure;
use crate::locate::Target;

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    to: &LinkTo,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let board = match target {
        Target::Any => None,
        Target::Name(name) => Some(name.clone()),
        Target::Pid(pid) => Some(pid.to_string()),
        Target::File(_) => {
            return Err(Failure::usage("a file is not served; name a board or a pid"));
        }
    };
    if !["http://", "https://"].iter().any(|scheme| to.server.starts_with(scheme)) {
        return Err(Failure::usage("--server: an address like http://127.0.0.1:7399/"));
    }
    let view = match to.view {
        PageView::Why => "why",
        PageView::Boards => "boards",
        PageView::Threads => "threads",
        PageView::Ops => "ops",
        PageView::Numbers => "numbers",
        PageView::Profile => "profile",
    };
    let over = to.over.map(|over| format!("{}ms", over.as_millis()));
    let parts = [
        ("board", board),
        ("filter", cli.common.filter.clone()),
        ("over", over),
        ("select", to.select.clone()),
    ];
    let mut link = format!("{}/#view={view}", to.server.trim_end_matches('/'));
    for (name, value) in parts {
        if let Some(value) = value {
            let _ = write!(link, "&{name}={}", escaped(&value));
        }
    }
    Ok(writeln!(out, "{link}")?)
}

/// Everything but letters, digits and what is plain in an address.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => {
                out.push(char::from(byte));
            }
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_plain_text_is_escaped() {
        assert_eq!(escaped("recordd*"), "recordd*");
        assert_eq!(escaped("a b&c=<ü>#"), "a%20b%26c%3D%3C%C3%BC%3E%23");
    }
}
