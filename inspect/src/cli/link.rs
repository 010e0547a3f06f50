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
    server(&to.server)?;
    fits(cli, to)?;
    before(to)?;
    let view = match to.view {
        PageView::Why => "why",
        PageView::Boards => "boards",
        PageView::Threads => "threads",
        PageView::Ops => "ops",
        PageView::Numbers => "numbers",
        PageView::Profile => "profile",
        PageView::History => "history",
    };
    let over = to.over.map(|over| format!("{}ms", over.as_millis()));
    let parts = [
        ("board", board),
        ("filter", cli.common.filter.clone()),
        ("over", over),
        ("select", to.select.clone()),
        ("since", to.since.clone()),
        ("until", to.until.clone()),
    ];
    let mut link = format!("{}/#view={view}", to.server.trim_end_matches('/'));
    for (name, value) in parts {
        if let Some(value) = value {
            let _ = write!(link, "&{name}={}", crate::endpoints::escaped(&value));
        }
    }
    Ok(writeln!(out, "{link}")?)
}

/// Whether everything that is said is of the view that is meant.
fn fits(cli: &Cli, to: &LinkTo) -> Result<(), Failure> {
    if to.over.is_some() && to.view != PageView::Ops {
        return Err(Failure::usage("--over is of operations: say --view ops with it"));
    }
    let plain = match to.view {
        PageView::Why => Some("why"),
        PageView::History => Some("history"),
        _ => None,
    };
    if let (Some(view), true) = (plain, cli.common.filter.is_some()) {
        return Err(Failure::usage(format!(
            "--filter does nothing for the view `{view}`; say --view ops, threads, boards, numbers or profile with it",
        )));
    }
    if (to.since.is_some() || to.until.is_some()) && to.view != PageView::History {
        return Err(Failure::usage(
            "--since and --until are of the past: say --view history with them",
        ));
    }
    if to.view == PageView::Ops && to.select.as_ref().is_some_and(|id| !id.contains('/')) {
        return Err(Failure::usage(
            "--select: an operation is its pid, a slash and its id, like 4711/12-1",
        ));
    }
    Ok(())
}

/// A range that ends before it begins is nobody's. Moments are the reader's, and two ages or two dates stand to each other
/// so by any clock. A time of day may be of today or of yesterday, which only the reader's clock tells.
fn before(to: &LinkTo) -> Result<(), Failure> {
    let now = crate::clock::Moment::now(false).wall_ns;
    let at = |text: &Option<String>| {
        let of_some_day = |text: &&str| text.contains(':') && !text.contains(['T', ' ']);
        let text = text.as_deref().filter(|text| !of_some_day(text))?;
        crate::words::moment::moment(text, now).ok()
    };
    match at(&to.since).zip(at(&to.until)) {
        Some((since, until)) if since >= until => {
            Err(Failure::usage("--since is not before --until"))
        }
        _ => Ok(()),
    }
}

/// Whether it is the address of a server, which may stand below a path.
fn server(text: &str) -> Result<(), Failure> {
    let wrong = |why: &str| {
        Failure::usage(format!("--server: {why}; an address is like http://127.0.0.1:7399/"))
    };
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    if !matches!(scheme, "http" | "https") || text.contains(['#', '?', ' ']) {
        return Err(wrong(&crate::words::term::term(text)));
    }
    let authority = rest.split('/').next().unwrap_or_default();
    let endpoint = crate::endpoints::Endpoint::parse(&format!("{scheme}://{authority}"));
    endpoint.map(drop).map_err(|why| wrong(&why))
}
