//! The manual: a page of the whole and one of each verb, from the command line itself and from what
//! [`super::pages`] says beside it.

use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_mangen::Man;

use super::command;
use super::failure::Failure;
use super::pages::{COMMON, PAGES, Page};
use crate::words::term::term;

/// When the pages were last read through; readers of pages want a day.
const DATE: &str = "2026-11-26";

pub(super) fn run(
    verb: Option<&str>,
    dir: Option<&Path>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let Some(dir) = dir else {
        let name = verb.unwrap_or_default();
        let page = page(name).map_err(|error| Failure::new(error.to_string()))?;
        let page = page.ok_or_else(|| {
            let meant = command::similar(name).map(|verb| format!("; did you mean `{verb}`?"));
            Failure::usage(format!("no verb `{}`{}", term(name), meant.unwrap_or_default()))
        })?;
        return Ok(out.write_all(&page)?);
    };
    for name in names() {
        let text = page(&name).map_err(|error| Failure::new(error.to_string()))?;
        let file =
            if name.is_empty() { "inspect.1".to_owned() } else { format!("inspect-{name}.1") };
        let path = dir.join(file);
        // An older page of the same name is what is to be renewed.
        let written = std::fs::write(&path, text.unwrap_or_default());
        written.map_err(|error| {
            let name = term(&path.display().to_string());
            Failure::system(&error, format!("{name}: cannot be written: {error}"))
        })?;
    }
    Ok(())
}

/// The verbs that have pages; the whole has no name.
fn names() -> Vec<String> {
    let command = command::command();
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    std::iter::once(String::new()).chain(verbs.map(|verb| verb.get_name().to_owned())).collect()
}

/// A page as roff; `None` when there is no such verb.
fn page(name: &str) -> io::Result<Option<Vec<u8>>> {
    let mut command = command::command();
    command.build();
    let of = match name {
        "" => command,
        name => match command.find_subcommand(name) {
            Some(verb) => verb.clone(),
            None => return Ok(None),
        },
    };
    let mut out = Vec::new();
    let more: Vec<Command> = of.get_subcommands().cloned().collect();
    let man = Man::new(of).manual("Scoreboard").section("1").date(DATE);
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    let own = PAGES.iter().find(|page| page.verb == name);
    // Behind the description's own paragraph.
    own.map_or(Ok(()), |page| {
        out.write_all(b".PP\n").and_then(|()| paragraphs(&mut out, page.says))
    })?;
    man.render_options_section(&mut out)?;
    match name {
        "" => man.render_subcommands_section(&mut out)?,
        _ => more.into_iter().try_for_each(|verb| inner(&mut out, verb))?,
    }
    own.map_or(Ok(()), |page| sections(&mut out, page))?;
    for (title, text) in
        COMMON.iter().filter(|(title, _)| name.is_empty() || *title == "EXIT STATUS")
    {
        writeln!(out, ".SH \"{title}\"")?;
        paragraphs(&mut out, text)?;
    }
    writeln!(out, ".SH \"SEE ALSO\"")?;
    let others = names().into_iter().filter(|other| other != name);
    let others: Vec<String> = others
        .map(|other| match other.as_str() {
            "" => "\\fBinspect\\fR(1)".to_owned(),
            other => format!("\\fBinspect\\-{}\\fR(1)", plain(other)),
        })
        .collect();
    writeln!(out, "{}", others.join(",\n"))?;
    Ok(Some(out))
}

/// A verb of a verb: its options below its own heading.
fn inner(out: &mut Vec<u8>, verb: Command) -> io::Result<()> {
    let name = verb.get_name().to_uppercase();
    let usage = verb.clone().render_usage().to_string();
    let mut options = Vec::new();
    Man::new(verb).render_options_section(&mut options)?;
    writeln!(out, ".SH \"{name}\"")?;
    writeln!(out, "{}", plain(usage.trim_start_matches("Usage: ")))?;
    // Its heading would be a second one of the same name.
    let options = String::from_utf8_lossy(&options).replace(".SH OPTIONS\n", "");
    out.write_all(options.as_bytes())
}

fn sections(out: &mut Vec<u8>, page: &Page) -> io::Result<()> {
    if !page.examples.is_empty() {
        writeln!(out, ".SH EXAMPLES")?;
        for (line, what) in page.examples {
            writeln!(out, ".TP\n\\fB{}\\fR\n{}", plain(line), text(what))?;
        }
    }
    for (title, rows) in page.columns {
        writeln!(out, ".SH \"{title}\"")?;
        for (name, what) in *rows {
            writeln!(out, ".TP\n\\fB{}\\fR\n{}", plain(name), text(what))?;
        }
    }
    Ok(())
}

/// Paragraphs, apart by empty lines.
fn paragraphs(out: &mut Vec<u8>, said: &str) -> io::Result<()> {
    let paragraphs = said.split("\n\n").map(str::trim).filter(|part| !part.is_empty());
    for (index, paragraph) in paragraphs.enumerate() {
        // Behind a heading it would be empty.
        let apart = if index > 0 { ".PP\n" } else { "" };
        let lines: Vec<String> = paragraph.lines().map(|line| text(line.trim())).collect();
        writeln!(out, "{apart}{}", lines.join("\n"))?;
    }
    Ok(())
}

/// A line of text, which roff would else read as its own where it begins with a dot or a quote.
fn text(line: &str) -> String {
    let line = plain(line);
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
}

/// Text as roff writes it.
fn plain(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('`', "\\(ga")
}
