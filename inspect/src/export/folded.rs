//! Folded stacks: `thread;scope;line 123`.

use std::fmt::Write;

use super::cells::{TORN, cells, frame_name, thread_name};
use crate::report::Tally;
use crate::words::term::term;

/// One line for each thread and stack.
pub fn folded(tally: &Tally) -> String {
    let mut out = String::new();
    for (cell, sites) in cells(tally) {
        let mut frames = vec![thread_name(tally, &cell)];
        frames.extend(sites.iter().map(|site| frame_name(site)));
        if cell.stack.is_none() {
            frames.push(TORN.to_owned());
        }
        // A separator inside a name would make two frames of it.
        let clean: Vec<String> = frames.iter().map(|frame| term(frame).replace(';', ",")).collect();
        let _ = writeln!(out, "{} {}", clean.join(";"), cell.samples);
    }
    out
}
