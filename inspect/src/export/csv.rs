//! Comma-separated values, as RFC 4180 has them.

use std::fmt::Write;

use super::cells::{cells, class_word, frame_name};
use crate::report::Tally;
use crate::words::term::term;

/// A row for each thread and stack.
pub fn csv(tally: &Tally) -> String {
    let mut out =
        "process,pid,thread,tid,class,file,line,function,label,scopes,samples,share\r\n".to_owned();
    let all: u64 = cells(tally).map(|(cell, _)| cell.samples).sum();
    for (cell, sites) in cells(tally) {
        let Some(thread) = tally.threads.get(cell.thread as usize) else { continue };
        let board = tally.boards.get(thread.board as usize);
        let leaf = sites.last();
        let scopes = sites.split_last().map_or(&[][..], |(_, scopes)| scopes);
        let scopes: Vec<String> = scopes.iter().map(|site| frame_name(site)).collect();
        let fields = [
            board.map(|board| board.name.raw().to_owned()).unwrap_or_default(),
            board.map(|board| board.pid.to_string()).unwrap_or_default(),
            thread.name.raw().to_owned(),
            thread.tid.to_string(),
            class_word(tally, &cell).to_owned(),
            leaf.map(|site| site.file.raw().to_owned()).unwrap_or_default(),
            leaf.map(|site| site.line.to_string()).unwrap_or_default(),
            leaf.map(|site| site.function.raw().to_owned()).unwrap_or_default(),
            leaf.map(|site| site.label.raw().to_owned()).unwrap_or_default(),
            scopes.join(" > "),
            cell.samples.to_string(),
            format!("{:.6}", cell.samples as f64 / all.max(1) as f64),
        ];
        let quoted: Vec<String> = fields.iter().map(|field| quote(field)).collect();
        let _ = write!(out, "{}\r\n", quoted.join(","));
    }
    out
}

/// A field in quotes where it needs them. One that a spreadsheet would take for a formula is led by an
/// apostrophe, and what a terminal would obey is spelled out as in every table: names come from the daemon.
pub(super) fn quote(field: &str) -> String {
    let field = term(field);
    let formula = field.starts_with(['=', '+', '-', '@']);
    let field = if formula { format!("'{field}") } else { field };
    match field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field,
    }
}
